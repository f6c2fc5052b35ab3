// What judges that nobody here wrote say of the package.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import test, { describe } from "node:test";
import { publint } from "publint";
import { attempt, root } from "../../js/build/run.mjs";
import { pack } from "./install.mjs";

describe("the package checkers", () => {
  test("publint finds nothing, not even to suggest", async () => {
    const { path } = await pack();
    const bytes = readFileSync(path);
    const { messages } = await publint({
      pack: { tarball: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) },
      strict: true,
    });
    assert.deepEqual(messages, []);
  });

  // The profile leaves out what a package of ES modules alone cannot have: TypeScript's resolution of before 2022, which knows no
  // `exports`, and a warning that require() of it needs Node 20.19 (node.test.mjs tries that one).
  test("arethetypeswrong finds nothing in any entry, by Node's rules and by bundlers'", async () => {
    const { path } = await pack();
    const command = join(root, "tests", "node_modules", "@arethetypeswrong", "cli", "dist", "index.js");
    const { code, output } = await attempt(process.execPath, [command, path, "--profile", "esm-only", "--format", "json"]);
    const { analysis } = JSON.parse(output);
    const left = analysis.problems.filter(({ resolutionKind }) => !["node10", "node16-cjs"].includes(resolutionKind));
    assert.deepEqual([code, left], [0, []]);
    const { exports } = JSON.parse(readFileSync(join(root, "pkg", "package.json"), "utf8"));
    assert.deepEqual(Object.keys(analysis.entrypoints).sort(), Object.keys(exports).sort());
  });
});
