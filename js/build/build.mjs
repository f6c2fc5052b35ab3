// Builds pkg/dist: Rust to wasm, TypeScript to JavaScript and declarations.
//   --force   also when no Rust source has changed
import { buildDeclarations } from "./declarations.mjs";
import { bundle } from "./bundle.mjs";
import { fail, isProgram, seconds } from "./run.mjs";
import { ensureBuildTools } from "./tools.mjs";
import { buildTokens } from "./tokens.mjs";
import { buildWasm } from "./wasm.mjs";

/** Gets the tools that are missing, and builds what has changed. */
export async function build({ force = false } = {}) {
  await ensureBuildTools();
  const start = performance.now();
  await buildWasm({ force });
  await buildTokens({ force });
  // The bundle is written even if a type is wrong: a page can be tried while its types are being repaired.
  await bundle();
  await buildDeclarations();
  console.log(`built pkg/dist in ${seconds(start)}`);
}

if (isProgram(import.meta)) {
  await build({ force: process.argv.includes("--force") }).catch(fail);
}
