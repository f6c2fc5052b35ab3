// In Bun, with its own server.
import { installed } from "../runtimes/command.mjs";
import { testClients } from "./clients.mjs";
import { startProgram } from "./command.mjs";

const bun = installed("bun", "bin", "bun.exe");
const launch = (providers) => startProgram(bun, ["bun_server.mjs", providers], { cwd: import.meta.dirname });
testClients("Bun", launch, { absent: bun ? false : "the package bun is not installed" });
