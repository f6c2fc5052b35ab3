// What otlpLog sends, read by OpenTelemetry's own definitions of the protocol: nothing in it is unknown to them, and nothing gets lost.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import test, { describe } from "node:test";
import { createClient, otlpLog } from "modelwire";
import { mockProviders } from "modelwire/testing";

const require = createRequire(import.meta.url);
// Of the package's versions one that has the definitions whole: later ones only have what they send themselves.
const definitions = require(require.resolve("@opentelemetry/otlp-transformer").replace(/index\.js$/, "generated/root.js")).opentelemetry.proto.collector;
const messages = { "/v1/traces": definitions.trace.v1.ExportTraceServiceRequest, "/v1/metrics": definitions.metrics.v1.ExportMetricsServiceRequest };

/** In JSON ids are hexadecimal, which is OTLP's own rule: elsewhere bytes are base64. */
const ids = new Set(["traceId", "spanId", "parentSpanId"]);
const withBytes = (value) => mapped(value, (name, inner) => (ids.has(name) ? Buffer.from(inner, "hex").toString("base64") : inner));

/** Numbers of 64 bits may be strings; what is empty or zero is the same as absent. */
function bare(value) {
  if (Array.isArray(value)) return value.map(bare);
  if (typeof value !== "object" || value === null) return String(value);
  const entries = Object.entries(value).map(([name, inner]) => [name, bare(inner)]);
  return Object.fromEntries(entries.filter(([, inner]) => inner !== "0" && inner !== "" && !(typeof inner === "object" && Object.keys(inner).length === 0)));
}

function mapped(value, change) {
  if (Array.isArray(value)) return value.map((item) => mapped(item, change));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, mapped(change(name, inner), change)]));
}

/** A collector's view of a body: decoded from the bytes that the official encoder makes of it. */
function received(path, body) {
  const message = messages[path];
  const sent = withBytes(JSON.parse(body));
  const decoded = message.decode(message.encode(message.fromObject(sent)).finish());
  return { sent, got: message.toObject(decoded, { longs: String, enums: Number, bytes: String }) };
}

async function bodiesOf(work) {
  const bodies = [];
  const log = otlpLog({ url: "https://collector.example", service: "shop", fetch: async (url, { body }) => (bodies.push([new URL(url).pathname, body]), new Response("{}")) });
  await work(log);
  await log.flush();
  return bodies;
}

const usage = { inputTokens: 30, outputTokens: 5, cacheReadTokens: 10, reasoningTokens: 2 };
const now = { name: "now", description: "The time.", input: { type: "object", properties: {} } };
const calls = {
  "a call with its content, after a failure": [[{ status: 503, error: "busy" }, { text: "Hello “you” 👋", usage }], (client) => client.chat({ model: "openai/m", system: "Be brief.", messages: "Hi", temperature: 0.5, maxTokens: 100, seed: 7, tags: { user: "u1" } })],
  "a stream": [[{ text: "One two three", usage }], (client) => client.stream({ model: "openai/m", messages: "Hi" }).text()],
  "a call of a tool": [[{ toolCalls: [{ name: "now", input: { zone: "UTC" } }], usage }], (client) => client.chat({ model: "openai/m", messages: "When?", tools: [now] })],
  "a call that failed": [[{ status: 400, error: "no" }], (client) => client.chat({ model: "openai/m", messages: "Hi" }).catch(() => {})],
};

describe("OpenTelemetry's own definitions", () => {
  for (const [what, [script, call]] of Object.entries(calls)) {
    test(`know all that is said of ${what}`, async () => {
      const bodies = await bodiesOf(async (log) => {
        const client = createClient({
          providers: { openai: { apiKey: "a-key", api: "chat" } },
          fetch: mockProviders(script).fetch,
          catalog: { "openai/m": { price: { input: 1, output: 2 } } },
          retry: { baseDelayMs: 0 },
          capture: { content: true },
          log,
        });
        await call(client);
      });
      assert.deepEqual(bodies.map(([path]) => path), ["/v1/traces", "/v1/metrics"]);
      for (const [path, body] of bodies) {
        const { sent, got } = received(path, body);
        assert.deepEqual(bare(got), bare(sent));
      }
    });
  }

  test("would not know a field that is none", () => {
    const { sent, got } = received("/v1/traces", '{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"chat","nome":"chat"}]}]}]}');
    assert.notDeepEqual(bare(got), bare(sent));
  });
});
