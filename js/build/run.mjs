// Child processes, and saying what takes long.
import { spawn } from "node:child_process";
import { dirname } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const windows = process.platform === "win32";

/** The repository. */
export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Whether a module (its `import.meta`) is what node was started with, rather than imported. */
export const isProgram = ({ url }) => process.argv[1] !== undefined && url === pathToFileURL(process.argv[1]).href;

/** Seconds since `start` (of `performance.now()`), for people. */
export const seconds = (start) => `${((performance.now() - start) / 1000).toFixed(1)} s`;

/** Runs a command and returns its exit code and output (stdout and stderr in the order of arrival). Never throws. */
export function attempt(command, args, { cwd = root, env = process.env, echo = false, timeoutMs, onOutput } = {}) {
  return new Promise((resolve) => {
    const grouped = timeoutMs !== undefined && !windows;
    // On Windows npm and what it installs are scripts, which only a shell starts.
    const child = spawn(command, args, { cwd, env, detached: grouped, shell: windows, stdio: ["ignore", "pipe", "pipe"] });
    if (grouped && child.pid) groups.add(child.pid);
    let output = "";
    const take = (target) => (text) => {
      output += text;
      if (echo) target.write(text);
      onOutput?.(text);
    };
    child.stdout.setEncoding("utf8").on("data", take(process.stdout));
    child.stderr.setEncoding("utf8").on("data", take(process.stderr));
    const timer = timeoutMs && setTimeout(() => {
      take(process.stderr)(`\ngave up after ${timeoutMs / 1000} s\n`);
      if (grouped) endGroup(child.pid);
      else child.kill("SIGKILL");
    }, timeoutMs);
    const end = (code) => {
      clearTimeout(timer);
      resolve({ code, output });
    };
    child.on("error", (error) => {
      take(process.stderr)(`${error.message}\n`);
      end(127);
    });
    // Before "close", which waits for everyone who has inherited the output.
    child.on("exit", () => grouped && endGroup(child.pid));
    child.on("close", (code) => end(code ?? 1));
  });
}

// Commands with a time limit lead a group of processes, so that a hung browser goes with the test runner that started it.
// A terminal's Ctrl-C does not reach such a group: it is passed on.
const groups = new Set();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.once(signal, () => {
    for (const leader of groups) endGroup(leader);
    process.kill(process.pid, signal);
  });
}

function endGroup(leader) {
  if (!groups.delete(leader)) return;
  try {
    process.kill(-leader, "SIGKILL");
  } catch {
    // Nobody of it is left.
  }
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
