// The benchmarks: ours beside its peers, in one run. `npm run bench [streams|tokens]`; what follows the name goes to it.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { build } from "./build.mjs";
import { fail, Failure, root, run } from "./run.mjs";
import { ensureNodeModules } from "./tools.mjs";

const benches = join(root, "tests", "benches");

/** What they share. */
const parts = ["in_page.mjs", "rows.mjs"];

async function main([name = "streams", ...rest]) {
  const names = readdirSync(benches).filter((file) => file.endsWith(".mjs") && !parts.includes(file)).map((file) => file.slice(0, -4));
  if (!names.includes(name)) throw new Failure(`there is no benchmark ${name}; there are: ${names.join(", ")}`);
  await build();
  // Texts to count come from the tests' packages.
  await ensureNodeModules(join(root, "tests"), "the tests' packages");
  await ensureNodeModules(benches, "the peers");
  await run("node", [join(benches, `${name}.mjs`), ...rest]);
}

await main(process.argv.slice(2)).catch(fail);
