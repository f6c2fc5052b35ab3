// Over real HTTP on this machine: the server is another process, so that only the client's CPU time is counted.
import { spawn } from "node:child_process";
import { createServer } from "node:http";
import { once } from "node:events";
import { contenders } from "./contenders.mjs";
import { pause, rounds } from "./measure.mjs";
import { cpu, ours } from "./section.mjs";
import { bodyOf, wires } from "./wires.mjs";

const count = 10_000;

export async function section() {
  const server = spawn(process.execPath, [import.meta.filename, "serve"], { stdio: ["ignore", "pipe", "inherit"] });
  try {
    const [port] = await once(server.stdout, "data");
    const all = await contenders(await ours(), `http://127.0.0.1:${String(port).trim()}`);
    const runs = Object.entries(all).filter(([, { wires }]) => wires.includes("openai"));
    return [[`openai, real HTTP, ${count.toLocaleString("en")} deltas`, await rounds(Object.fromEntries(runs.map(([name, { run }]) => [name, async () => (await cpu(() => run("openai", fetch))) / count])), 9, { before: pause })]];
  } finally {
    server.kill();
  }
}

if (process.argv[2] === "serve") {
  const bodies = Object.fromEntries(Object.entries(wires).map(([name, { path }]) => [path, Buffer.from(bodyOf(name === "tools" ? "openai" : name, count).join(""))]));
  const server = createServer((request, response) => {
    request.resume().on("end", () => response.writeHead(200, { "content-type": "text/event-stream" }).end(bodies[request.url]));
  });
  server.listen(0, "127.0.0.1", () => console.log(server.address().port));
}
