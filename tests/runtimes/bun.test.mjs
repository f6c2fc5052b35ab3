import { commandRuntime, installed } from "./command.mjs";
import { testRuntime } from "./lab.mjs";

// Named so on every system.
const bun = installed("bun", "bin", "bun.exe");

testRuntime("Bun", {
  stores: ["memory"],
  absent: bun ? false : "the package bun is not installed",
  launch: commandRuntime(bun, ["run", "runtimes/agents/command.mjs"]),
});
