// Runtimes that are a command: one process runs the whole list and prints a line for each check.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";

const require = createRequire(import.meta.url);

/** A `launch` for testRuntime: `command(folder)` gives the program and its arguments, to which the settings are added. */
export function commandRuntime(program, args) {
  return async ({ folder, settings }, report) => {
    const child = spawn(program, [...args, JSON.stringify(settings)], { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
    let noise = "";
    child.stderr.setEncoding("utf8").on("data", (text) => (noise += text));
    try {
      for await (const line of createInterface({ input: child.stdout })) {
        if (line.startsWith("check ")) report(JSON.parse(line.slice(6)));
        else noise += `${line}\n`;
      }
      if (child.exitCode === null && child.signalCode === null) await new Promise((resolve) => child.once("close", resolve));
      if (child.exitCode !== 0) throw new Error(`${program} ended with ${child.exitCode ?? child.signalCode}\n${noise.slice(-4000)}`);
    } finally {
      child.kill("SIGKILL");
    }
  };
}

/** The path of a file in a package of tests/package.json, or undefined when it is not installed. */
export function installed(name, ...file) {
  try {
    const path = join(dirname(require.resolve(`${name}/package.json`)), ...file);
    return existsSync(path) ? path : undefined;
  } catch {
    return undefined;
  }
}
