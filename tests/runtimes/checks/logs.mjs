// What is logged, and that it arrives: in a function, in a file of the origin's own, at a collector.
import { equal, ok } from "../expect.mjs";
import { openai, text } from "../wires.mjs";

const json = { "content-type": "application/json" };
const whole = { body: JSON.stringify(openai.textWhole()), headers: json };
const canary = "sk-canary-0123456789abcdef";

/** A client that logs, of a server that plays `replies`. */
async function against({ createClient }, env, reply, options) {
  const server = await env.serve(reply);
  return { server, client: createClient({ providers: openai.provider(server.baseURL, canary), retry: { baseDelayMs: 1 }, store: "memory", ...options }) };
}
const ask = { model: openai.model, messages: "Hi" };

export const logChecks = [
  {
    name: "a call is told as it goes: attempts, retries, its end; and no key with them",
    async run(modelwire, env) {
      const failing = { status: 503, body: JSON.stringify({ error: { message: `${canary} is busy` } }), headers: { ...json, "retry-after": "0" } };
      const records = [];
      const { client } = await against(modelwire, env, { replies: [failing, whole, { body: openai.textStream() }] }, { log: (record) => records.push(record), tags: { a: "b" } });
      const heard = [];
      client.on("response", ({ callId }) => heard.push(callId));
      const response = await client.chat(ask);
      equal(records.map(({ event, attempt }) => `${event} ${attempt}`), ["request 1", "retry 1", "request 2", "response 2"], "the records");
      equal(heard, [response.callId], "the listener");
      await client.stream(ask).text();
      const last = records.at(-1);
      equal([last.event, last.finishReason, last.tags, last.firstTokenMs >= 0], ["response", "stop", { a: "b" }, true], "the stream's end");
      ok(!JSON.stringify(records).includes("canary"), "a key was logged");
    },
  },
  {
    name: "lines and spans: to a function, and to a collector that gets JSON",
    async run(modelwire, env) {
      const collector = await env.serve({ body: "{}", headers: json });
      const lines = [];
      const traces = modelwire.otlpLog({ url: collector.baseURL, service: "check" });
      const log = modelwire.jsonlLog((line) => lines.push(line));
      const { client } = await against(modelwire, env, whole, { log: [log, traces], capture: { content: true, redact: (said) => said.replace(text, "…") } });
      const { callId } = await client.chat(ask);
      await Promise.all([log.flush(), traces.flush()]);
      equal(lines.map((line) => JSON.parse(line).event), ["request", "response"], "the lines");
      equal(JSON.parse(lines[1]).response, [{ role: "assistant", content: "…" }], "what was said");
      const { requests } = await collector.seen();
      equal(requests.map(({ path, url }) => (path ?? url).split("/").pop()).sort(), ["metrics", "traces"], "what was sent");
      const bodies = requests.map(({ body }) => JSON.stringify(body));
      ok(bodies.some((body) => body.includes(callId)) && !bodies.join().includes("canary"), "the span, and no key");
    },
  },
  {
    name: "a log in a file of the origin's own is appended to",
    where: (env) => env.page,
    async run(modelwire, env) {
      // Where there is no such file system (an opaque origin, an old browser), there is nothing to write to.
      const directory = await navigator.storage?.getDirectory?.().catch(() => undefined);
      if (!directory) return;
      const handle = await directory.getFileHandle(`log-${Math.random()}.jsonl`, { create: true });
      if (!handle.createWritable) return;
      try {
        for (let session = 0; session < 2; session++) {
          const log = modelwire.jsonlLog(handle);
          const { client } = await against(modelwire, env, whole, { log });
          await client.chat(ask);
          await log.flush();
        }
        const lines = (await (await handle.getFile()).text()).trimEnd().split("\n");
        equal(lines.map((line) => JSON.parse(line).event), ["request", "response", "request", "response"], "the file");
      } finally {
        await directory.removeEntry(handle.name);
      }
    },
  },
];
