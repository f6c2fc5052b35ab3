import { execFileSync } from "node:child_process";
import { commandRuntime, installed } from "./command.mjs";
import { testRuntime } from "./lab.mjs";

const launcher = installed("deno", "bin.cjs");
// It puts the program that npm has fetched beside itself; which is then run without it, so that ending it ends Deno.
if (launcher && !program()) execFileSync(process.execPath, [launcher, "--version"]);

testRuntime("Deno", {
  stores: ["memory", "Deno KV"],
  limitStores: ["Deno KV"],
  absent: launcher ? false : "the package deno is not installed",
  // No permission but the network's, and to read the vocabularies: the package must not need to read another file.
  launch: commandRuntime(program(), ["run", "--quiet", "--no-prompt", "--no-lock", "--unstable-kv", "--allow-net", ...["o200k_base", "cl100k_base", "p50k_base"].map((name) => `--allow-read=node_modules/modelwire/dist/${name}.bin`), "--node-modules-dir=manual", "runtimes/agents/command.mjs"]),
});

function program() {
  return installed("deno", process.platform === "win32" ? "deno.exe" : "deno");
}
