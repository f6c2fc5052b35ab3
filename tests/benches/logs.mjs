// What logging costs of a request's own CPU: the same calls, all in one process, without a log, with a listener, with lines and with
// OpenTelemetry. "http": the requests go over real HTTP to a server in another process, and what this one spends on them is counted, the
// platform's fetch too. "bare": the provider is a function in this process, so that nothing is measured but this library.
//
// Differences of a few per cent are looked for, and a busy machine is noisier than that, in waves of seconds. So the contenders take turns
// of a few calls, in an order that is drawn anew each time, and a round is the sum of many turns, flushes included: whatever else goes on
// in a round, each of them has the same share of it, and pays for garbage as often as it makes some. Each is compared with "off" of its own
// round; "off, again" says how much of what is seen is noise.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const usage = { prompt_tokens: 1200, completion_tokens: 120, total_tokens: 1320 };
const words = Array.from({ length: 120 }, (_, index) => ` word${index}`);
const whole = JSON.stringify({ id: "c1", object: "chat.completion", model: "gpt-5.5", choices: [{ index: 0, message: { role: "assistant", content: words.join("") }, finish_reason: "stop" }], usage });
const event = (data) => `data: ${JSON.stringify({ id: "c1", object: "chat.completion.chunk", model: "gpt-5.5", ...data })}\n\n`;
const pieces = [...words.map((content) => event({ choices: [{ index: 0, delta: { content } }] })), event({ choices: [{ index: 0, delta: {}, finish_reason: "stop" }] }), event({ choices: [], usage }), "data: [DONE]\n\n"].map((text) => new TextEncoder().encode(text));

if (process.argv[2] === "serve") {
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (piece) => (body += piece)).on("end", () => {
      if (!body.includes('"stream":true')) return response.writeHead(200, { "content-type": "application/json" }).end(whole);
      response.writeHead(200, { "content-type": "text/event-stream" });
      for (const piece of pieces) response.write(piece);
      response.end();
    });
  });
  server.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}`));
  await once(server, "close");
}

const dist = process.argv[2] ?? join(import.meta.dirname, "..", "..", "pkg", "dist");
const { createClient, jsonlLog, otlpLog, ready } = await import(pathToFileURL(join(dist, "entry", "node.js")));
/** Rounds until the code of each contender is optimised. */
const WARMING = 4;
const ROUNDS = Number(process.argv[3] ?? 25);
const TURNS = 40;
const CALLS = 5;
/** The share of turns that is left out, the dearest: in them the whole heap was collected, or something else had the processor. */
const TRIMMED = 0.15;

const inProcess = async (_url, { body }) => {
  if (!new TextDecoder().decode(body).includes('"stream":true')) return new Response(whole, { headers: { "content-type": "application/json" } });
  let next = 0;
  const stream = new ReadableStream({ pull: (controller) => (next < pieces.length ? controller.enqueue(pieces[next++]) : controller.close()) });
  return new Response(stream, { headers: { "content-type": "text/event-stream" } });
};
const messages = Array.from({ length: 10 }, (_, index) => ({ role: index % 2 ? "assistant" : "user", content: "Some words of a conversation. ".repeat(16) })).concat({ role: "user", content: "And now?" });

await ready();
const collector = async () => new Response("{}");
const otlp = () => otlpLog({ url: "http://collector.example", fetch: collector });
const lines = () => jsonlLog(new WritableStream({ write() {} }));
const kinds = {
  off: [],
  // The same again: what is between the two is the noise of the measurement.
  "off, again": [],
  "a function": [() => {}],
  jsonlLog: [lines()],
  otlpLog: [otlp()],
  "all three": [() => {}, lines(), otlp()],
  "all, with content": [() => {}, lines(), otlp()],
};

const server = spawn(process.execPath, [import.meta.filename, "serve"], { stdio: ["ignore", "pipe", "inherit"] });
const [address] = await once(server.stdout, "data");
const clients = Object.entries(kinds).map(([name, log]) => {
  const options = { store: "memory", log, capture: { content: name.includes("content") } };
  const openai = { apiKey: "a-key", api: "chat" };
  const bare = createClient({ providers: { openai }, fetch: inProcess, ...options });
  const http = createClient({ providers: { openai: { ...openai, baseURL: `${String(address).trim()}/v1` } }, ...options });
  return { name, bare, http, log, times: { "http, chat": [], "http, stream": [], "bare, chat": [], "bare, stream": [] } };
});
const request = { model: "openai/gpt-5.5", messages, temperature: 0.5 };
const calls = {
  "http, chat": ({ http }) => http.chat(request),
  "http, stream": ({ http }) => http.stream(request).text(),
  "bare, chat": ({ bare }) => bare.chat(request),
  "bare, stream": ({ bare }) => bare.stream(request).text(),
};

/** Microseconds of CPU, of the whole process: the compiler's and the garbage collector's threads are in it. */
async function cost(work) {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

/** Of each contender: microseconds a call. */
async function round(call) {
  const spent = new Map(clients.map((contender) => [contender, []]));
  const turn = async (work) => {
    for (const contender of shuffled(clients)) spent.get(contender).push(await cost(() => work(contender)));
  };
  for (let count = 0; count < TURNS; count++) {
    await turn(async (contender) => {
      for (let count = 0; count < CALLS; count++) await call(contender);
    });
  }
  const most = Math.ceil(TURNS * (1 - TRIMMED));
  const usual = new Map([...spent].map(([contender, times]) => [contender, times.sort((a, b) => a - b).slice(0, most).reduce((sum, time) => sum + time, 0) / most / CALLS]));
  for (const times of spent.values()) times.length = 0;
  await turn(({ log }) => Promise.all(log.map((sink) => sink.flush?.())));
  return new Map([...usual].map(([contender, time]) => [contender, time + spent.get(contender)[0] / TURNS / CALLS]));
}

for (let count = -WARMING; count < ROUNDS; count++) {
  for (const [kind, call] of Object.entries(calls)) {
    for (const { bare, http } of clients) await Promise.all([bare.costs.clear(), http.costs.clear()]);
    const spent = await round(call);
    if (count >= 0) for (const [{ times }, time] of spent) times[kind].push(time);
  }
}

function shuffled(list) {
  const left = [...list];
  return list.map(() => left.splice(Math.floor(Math.random() * left.length), 1)[0]);
}

/** The value below which this share of them is. */
const quantile = (values, share) => [...values].sort((a, b) => a - b)[Math.floor(share * (values.length - 1))];
const percent = (share) => `${share < 0 ? "" : "+"}${(100 * share).toFixed(1)}`;

console.log(`Node ${process.version}; ${ROUNDS} rounds of ${TURNS * CALLS} calls. CPU of a call, µs; what it is beyond "off" in the same round, %: the median of the rounds, the middle half of them, the median's standard error\n`);
console.log("".padEnd(20) + Object.keys(calls).map((kind) => kind.padStart(38)).join(""));
for (const { name, times } of clients) {
  const cells = Object.keys(calls).map((kind) => {
    const more = times[kind].map((time, round) => time / clients[0].times[kind][round] - 1);
    const [low, middle, high] = [0.25, 0.5, 0.75].map((share) => quantile(more, share));
    // Of a median of n that are spread normally: 1.25 standard deviations over the root of n, and an interquartile range is 1.35 of those.
    const error = (1.25 * (high - low)) / 1.35 / Math.sqrt(more.length);
    return `${quantile(times[kind], 0.5).toFixed(1).padStart(10)} ${percent(middle).padStart(7)} ${`(${percent(low)} … ${percent(high)})`.padStart(19)} ±${(100 * error).toFixed(1).padStart(4)}`;
  });
  console.log(name.padEnd(20) + cells.map((cell) => cell.padStart(44)).join(""));
}
server.kill();
