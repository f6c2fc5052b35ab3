// The fixture folders (tests/fixtures/<kind>/<case>/), as far as an SDK can read them too.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const tests = dirname(dirname(fileURLToPath(import.meta.url)));
const root = join(tests, "fixtures");

/** Every case that has this file: `{ name: "<kind>/<case>", kind, bytes }`. */
export function fixtures(file) {
  return readdirSync(root).sort().flatMap((kind) => readdirSync(join(root, kind)).sort()
    .filter((name) => existsSync(join(root, kind, name, file)))
    .map((name) => ({ name: `${kind}/${name}`, kind, bytes: readFileSync(join(root, kind, name, file)) })));
}

/** Where the recorded traffic is, when it is there: it is not part of the project. */
export const recordings = join(dirname(dirname(tests)), "shared", "recordings");
