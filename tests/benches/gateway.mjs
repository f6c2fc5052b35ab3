// What the gateway adds to a bare proxy, both Workers in one workerd, before the same provider in one run: the time to the first byte,
// one request at a time and two hundred streams at once; what workerd holds; what a Worker weighs; how long its first request takes.
// Read the differences; the times are those of this machine on this day.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import http from "node:http";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { bundleWorker, durableObjects, startWorkers } from "../gateway/workerd.mjs";

const here = join(import.meta.dirname, "gateway");
const provider = spawn(process.execPath, [join(here, "provider.mjs")], { stdio: ["ignore", "pipe", "inherit"] });
const PROVIDER = String((await once(provider.stdout, "data"))[0]).trim();
const agent = new http.Agent({ keepAlive: true, maxSockets: 400 });

/** The time to the first byte of the body, and to its end. */
function ask(url, token, model = "home/m") {
  const body = JSON.stringify({ model, messages: [{ role: "user", content: "Hi" }], stream: true });
  const began = performance.now();
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/json", authorization: `Bearer ${token}`, "content-length": body.length };
    const request = http.request(`${url}/v1/chat/completions`, { method: "POST", headers, agent }, (response) => {
      let first, events = 0;
      response.on("data", (piece) => {
        first ??= performance.now() - began;
        events += String(piece).split("data: ").length - 1;
      });
      response.on("end", () => (response.statusCode === 200 ? resolve({ first, whole: performance.now() - began, events }) : reject(new Error(`status ${response.statusCode}`))));
    });
    // A connection that was kept, and closed on the other side as it was used again.
    request.on("error", (error) => (error.code === "ECONNRESET" && request.reusedSocket ? resolve(ask(url, token, model)) : reject(error)));
    request.end(body);
  });
}

const bare = await bundleWorker(join(here, "bare.mjs"));
const ours = await bundleWorker(join(here, "worker.mjs"));
const start = (worker, more) => startWorkers([{ name: "worker", ...worker, folder: undefined, bindings: { PROVIDER }, ...more }]);
const contenders = {
  "bare proxy": { worker: bare },
  gateway: { worker: ours, more: { durableObjects } },
  "gateway, a limit in a Durable Object": { worker: ours, more: { durableObjects }, token: "limited" },
};

/** Resident, of the workerd that this process started last, in MB. */
function resident() {
  const [pid] = execFileSync("pgrep", ["-n", "-P", String(process.pid), "workerd"]).toString().trim().split("\n");
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]) / 1024;
}

const at = (values, share) => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))].toFixed(1);
const weigh = (files) => files.map((file) => readFileSync(file)).reduce((sum, bytes) => [sum[0] + bytes.length, sum[1] + gzipSync(bytes).length, sum[2] + brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).length], [0, 0, 0]);

console.log("script with its wasm, not minified: raw, gzip, brotli (KB)");
for (const [name, { worker }] of [["bare proxy", { worker: bare }], ["gateway", { worker: ours }]]) {
  const files = readdirSync(worker.folder).map((file) => join(worker.folder, file));
  console.log(`  ${name.padEnd(40)}${weigh(files).map((bytes) => (bytes / 1024).toFixed(0).padStart(8)).join("")}`);
}

console.log("first request of a Worker that has just started: ms to the first byte, median of 5 starts");
for (const [name, { worker, more, token }] of Object.entries(contenders)) {
  const times = [];
  for (let round = 0; round < 5; round++) {
    const started = await start(worker, more);
    times.push((await ask(started.url, token ?? "free")).first);
    await started.close();
  }
  console.log(`  ${name.padEnd(40)}${at(times, 0.5).padStart(8)}`);
}

for (const [title, together, rounds] of [["one at a time, 200 of each in turns", 1, 200], ["200 streams at once, 6 rounds of each in turns", 200, 6]]) {
  const seen = new Map();
  const all = [];
  for (const [name, { worker, more, token = "free" }] of Object.entries(contenders)) {
    const { url, close } = await start(worker, more);
    for (let warm = 0; warm < 3; warm++) await Promise.all(Array.from({ length: together }, () => ask(url, token)));
    all.push({ name, url, token, close, before: resident() });
    seen.set(name, []);
  }
  for (let round = 0; round < rounds; round++) {
    for (const { name, url, token } of all) seen.get(name).push(...(await Promise.all(Array.from({ length: together }, () => ask(url, token)))));
  }
  console.log(`${title}: ms to the first byte (median, 95 %), to the end (median)`);
  for (const { name } of all) {
    const answers = seen.get(name);
    console.log(`  ${name.padEnd(40)}${at(answers.map(({ first }) => first), 0.5).padStart(8)}${at(answers.map(({ first }) => first), 0.95).padStart(8)}${at(answers.map(({ whole }) => whole), 0.5).padStart(8)}   ${answers[0].events} events`);
  }
  for (const { close } of all) await close();
}

/** So many streams of four seconds under way all the time, one begun when one has ended: what those say that began among the others. */
async function steadily(url, token, together, ms) {
  const answers = [];
  const until = performance.now() + ms;
  await Promise.all(
    Array.from({ length: together }, async (_, index) => {
      await new Promise((resolve) => setTimeout(resolve, (index * 4000) / together));
      await ask(url, token, "home/slow");
      while (performance.now() < until) answers.push(await ask(url, token, "home/slow"));
    }),
  );
  return answers;
}

console.log("200 streams of four seconds under way all the time, twice for 16 s each in turns: ms to the first byte (median, 95 %), streams");
{
  const all = [];
  for (const [name, { worker, more, token = "free" }] of Object.entries(contenders)) all.push({ name, token, ...(await start(worker, more)), answers: [] });
  for (let round = 0; round < 2; round++) for (const { url, token, answers } of all) answers.push(...(await steadily(url, token, 200, 16_000)));
  for (const { name, answers, close } of all) {
    const first = answers.map(({ first }) => first);
    console.log(`  ${name.padEnd(40)}${at(first, 0.5).padStart(8)}${at(first, 0.95).padStart(8)}${String(answers.length).padStart(8)}`);
    await close();
  }
}

const { url, close } = await start(ours, { durableObjects });
console.log("memory of workerd (MB resident) before, and after each 1,000 streams, 200 at a time");
const memory = [];
for (let round = 0; round <= 15; round++) {
  if (round > 0) for (let some = 0; some < 5; some++) await Promise.all(Array.from({ length: 200 }, () => ask(url, "free")));
  memory.push(resident().toFixed(0));
}
console.log(`  ${memory.join("  ")}`);
await close();
provider.kill();
agent.destroy();
process.exit();
