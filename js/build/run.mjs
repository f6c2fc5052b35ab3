// Child processes, and saying what takes long.
import { spawn } from "node:child_process";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository. */
export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Seconds since `start` (of `performance.now()`), for people. */
export const seconds = (start) => `${((performance.now() - start) / 1000).toFixed(1)} s`;

/** Runs a command and returns its exit code and output (stdout and stderr in the order of arrival). Never throws. */
export function attempt(command, args, { cwd = root, env = process.env, echo = false, timeoutMs, onOutput } = {}) {
  return new Promise((resolve) => {
    // A group of its own where there are groups, so that a hung browser goes with the test runner that started it.
    const grouped = process.platform !== "win32" && timeoutMs !== undefined;
    const child = spawn(command, args, { cwd, env, detached: grouped, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    const take = (target) => (bytes) => {
      output += bytes;
      if (echo) target.write(bytes);
      onOutput?.(String(bytes));
    };
    child.stdout.on("data", take(process.stdout));
    child.stderr.on("data", take(process.stderr));
    const timer = timeoutMs && setTimeout(() => {
      take(process.stderr)(`\ngave up after ${timeoutMs / 1000} s\n`);
      if (grouped) process.kill(-child.pid, "SIGKILL");
      else child.kill("SIGKILL");
    }, timeoutMs);
    const end = (code, text = "") => {
      clearTimeout(timer);
      resolve({ code, output: output + text });
    };
    child.on("error", (error) => end(127, error.message));
    child.on("close", (code) => end(code ?? 1));
  });
}

/** Runs a command that must succeed. With a `title` its output is shown only if it fails, and the seconds tick meanwhile. */
export async function run(command, args, { title, ...options } = {}) {
  const ticker = title && startTicker(title);
  const { code, output } = await attempt(command, args, { ...options, echo: !title, onOutput: ticker?.saw });
  ticker?.stop(code === 0);
  if (code !== 0) {
    if (title) process.stderr.write(output);
    throw new Failure(`${[command, ...args].join(" ")} failed (exit code ${code})`);
  }
  return output;
}

/** Something that went wrong and has been explained: shown without a stack trace. */
export class Failure extends Error {}

/** Ends the process the way every script here does. */
export function fail(error) {
  console.error(`\n${error instanceof Failure ? error.message : error.stack}`);
  process.exit(1);
}

function startTicker(title) {
  const start = performance.now();
  const live = process.stdout.isTTY;
  let last = "";
  if (!live) console.log(`${title} …`);
  const paint = () => {
    const line = `${title} … ${Math.round((performance.now() - start) / 1000)} s  ${last}`;
    if (live) process.stdout.write(`\r\x1b[K${line.slice(0, process.stdout.columns - 1)}`);
    else console.log(line);
  };
  const timer = setInterval(paint, live ? 500 : 15_000);
  return {
    saw(text) {
      last = text.trim().split("\n").at(-1).trim();
    },
    stop(ok) {
      clearInterval(timer);
      if (live) process.stdout.write("\r\x1b[K");
      console.log(`${title}: ${ok ? "done in" : "failed after"} ${seconds(start)}`);
    },
  };
}
