// What logging costs of a request's own CPU: the same calls, all in one process, without a log, with a listener, with lines and with
// OpenTelemetry. The provider is a function in this process, so that what is measured is the client's work and not a network's.
// The kinds take turns within each round; read the medians, and the shares rather than the microseconds.
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { median } from "./rows.mjs";

const dist = process.argv[2] ?? join(import.meta.dirname, "..", "..", "pkg", "dist");
const { createClient, jsonlLog, otlpLog, ready } = await import(pathToFileURL(join(dist, "entry", "node.js")));
const ROUNDS = 7;
const CALLS = 100;

const usage = { prompt_tokens: 1200, completion_tokens: 120, total_tokens: 1320 };
const words = Array.from({ length: 120 }, (_, index) => ` word${index}`);
const whole = JSON.stringify({ id: "c1", object: "chat.completion", model: "gpt-5.5", choices: [{ index: 0, message: { role: "assistant", content: words.join("") }, finish_reason: "stop" }], usage });
const event = (data) => `data: ${JSON.stringify({ id: "c1", object: "chat.completion.chunk", model: "gpt-5.5", ...data })}\n\n`;
const pieces = [...words.map((content) => event({ choices: [{ index: 0, delta: { content } }] })), event({ choices: [{ index: 0, delta: {}, finish_reason: "stop" }] }), event({ choices: [], usage }), "data: [DONE]\n\n"].map((text) => new TextEncoder().encode(text));

const fetch = async (_url, { body }) => {
  if (!new TextDecoder().decode(body).includes('"stream":true')) return new Response(whole, { headers: { "content-type": "application/json" } });
  let next = 0;
  const stream = new ReadableStream({ pull: (controller) => (next < pieces.length ? controller.enqueue(pieces[next++]) : controller.close()) });
  return new Response(stream, { headers: { "content-type": "text/event-stream" } });
};
const messages = Array.from({ length: 10 }, (_, index) => ({ role: index % 2 ? "assistant" : "user", content: "Some words of a conversation. ".repeat(16) })).concat({ role: "user", content: "And now?" });

await ready();
const collector = async () => new Response("{}");
const otlp = otlpLog?.({ url: "http://collector.example", fetch: collector });
const lines = jsonlLog?.(new WritableStream({ write() {} }));
const kinds = {
  off: {},
  // The same again: what is between the two is the noise of the measurement.
  "off, again": {},
  "a function": { log: () => {} },
  jsonlLog: { log: lines },
  otlpLog: { log: otlp },
  "all, with content": { log: [() => {}, lines, otlp], capture: { content: true } },
};
if (!otlp) for (const name of Object.keys(kinds).slice(2)) delete kinds[name];

const clients = Object.entries(kinds).map(([name, options]) => {
  const client = createClient({ providers: { openai: { apiKey: "a-key", api: "chat" } }, fetch, store: "memory", ...options });
  return { name, client, times: { chat: [], stream: [] } };
});
const calls = {
  chat: (client) => client.chat({ model: "openai/gpt-5.5", messages, temperature: 0.5 }),
  stream: (client) => client.stream({ model: "openai/gpt-5.5", messages, temperature: 0.5 }).text(),
};

/** Microseconds of CPU (of the process, garbage collection included) a call. */
async function cost(client, call) {
  const before = process.cpuUsage();
  for (let count = 0; count < CALLS; count++) await call(client);
  await Promise.all([otlp?.flush(), lines?.flush()]);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / CALLS;
}

for (let round = -1; round < ROUNDS; round++) {
  const order = round % 2 ? clients : [...clients].reverse();
  for (const [kind, call] of Object.entries(calls)) {
    for (const { client, times } of order) {
      const time = await cost(client, call);
      if (round >= 0) times[kind].push(time);
    }
  }
  for (const { client } of clients) await client.costs.clear();
}

console.log(`Node ${process.version}; ${ROUNDS} rounds of ${CALLS} calls; CPU of a call, µs, and the median of what it is beyond "off" in the same round\n`);
console.log("".padEnd(20) + Object.keys(calls).map((kind) => kind.padStart(22)).join(""));
for (const { name, times } of clients) {
  const cells = Object.keys(calls).map((kind) => {
    const more = times[kind].map((time, round) => time / clients[0].times[kind][round] - 1);
    return `${median(times[kind]).toFixed(1).padStart(12)} ${`${(100 * median(more)).toFixed(1)} %`.padStart(9)}`;
  });
  console.log(name.padEnd(20) + cells.join(""));
}
