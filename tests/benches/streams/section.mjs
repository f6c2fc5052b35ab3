// What the sections share.
import { execFileSync } from "node:child_process";
import { join } from "node:path";

export const dist = join(import.meta.dirname, "..", "..", "..", "pkg", "dist");

/** What a run takes of this process's CPU, all threads, in µs. */
export async function cpu(run) {
  const start = process.cpuUsage();
  await run();
  const { user, system } = process.cpuUsage(start);
  return user + system;
}

export const ours = () => import(join(dist, "entry", "node.js"));

/** What a process, or a page, may take at most. */
export const mostMs = 10 * 60_000;

/** The rows of a section, or one contender's part of it, from a process of its own. Throws when that does not end. */
export function apart(name, ...rest) {
  const run = join(import.meta.dirname, "run.mjs");
  // What the peers have to say of their models' ages is not wanted here.
  const printed = execFileSync(process.execPath, ["--expose-gc", run, name, ...rest], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"], maxBuffer: 1e8, timeout: mostMs, killSignal: "SIGKILL" });
  return JSON.parse(printed.trim().split("\n").at(-1));
}
