// A server that is a program: it prints its URL in its first line.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

export async function startProgram(program, args, options) {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"], ...options });
  const lines = createInterface({ input: child.stdout });
  const ended = once(child, "exit").then(([code]) => {
    throw new Error(`${program} ended with ${code} before it served`);
  });
  ended.catch(() => {});
  const [line] = await Promise.race([once(lines, "line"), ended]);
  return {
    url: /https?:\S+/.exec(line)[0].replace(/\/$/, ""),
    lines,
    async close() {
      const exit = once(child, "exit");
      child.kill("SIGKILL");
      await exit;
    },
  };
}
