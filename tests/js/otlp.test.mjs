// otlpLog: spans and metrics as a collector takes them (by the protocol's own definitions: otlp_official.test.mjs), their names, against
// those that the OpenTelemetry project publishes, and what becomes of them when a collector does not answer well.
import assert from "node:assert/strict";
import test, { describe } from "node:test";
import * as conventions from "@opentelemetry/semantic-conventions/incubating";
import { createClient, otlpLog } from "modelwire";
import { mockProviders } from "modelwire/testing";

const published = new Set(Object.values(conventions));
const canary = "sk-canary-0123456789abcdef";

/** A collector, by its `fetch`; `answers` are taken in order, then it is content. */
function collector(...answers) {
  const seen = { traces: [], metrics: [], requests: [] };
  seen.fetch = async (url, init) => {
    seen.requests.push({ url, init });
    const answer = answers.shift() ?? new Response("{}");
    if (answer instanceof Error) throw answer;
    if (answer.ok) seen[url.endsWith("/v1/traces") ? "traces" : "metrics"].push(JSON.parse(init.body));
    return answer;
  };
  return seen;
}
const url = "https://collector.example";
const spansOf = ({ traces }) => traces.flatMap(({ resourceSpans }) => resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans)));
const metricsOf = ({ metrics }) => metrics.flatMap(({ resourceMetrics }) => resourceMetrics.flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics)));
const valueOf = ({ value: { arrayValue, intValue, ...value } }) => arrayValue?.values.map(({ stringValue }) => stringValue) ?? (intValue === undefined ? Object.values(value)[0] : Number(intValue));
const values = ({ attributes }) => Object.fromEntries(attributes.map((attribute) => [attribute.key, valueOf(attribute)]));
const record = (more) => ({ at: "2026-01-01T00:00:01.500Z", event: "response", callId: "c", requestId: null, provider: "openai", model: "m", tags: {}, durationMs: 500, ...more });

async function logged(script, { options, ...more }, work) {
  const seen = collector();
  const log = otlpLog({ url, fetch: seen.fetch, ...options });
  await log.flush();
  const { fetch } = mockProviders(script);
  const sent = [];
  const client = createClient({
    providers: { openai: { apiKey: canary, api: "chat", headers: { "x-extra": canary } }, gateway: { kind: "openai-compatible", baseURL: "https://gateway.example/v1", apiKey: canary } },
    fetch: (url, init) => (sent.push({ url, headers: init.headers }), fetch(url, init)),
    catalog: { "openai/m": { price: { input: 1, output: 2 } } },
    retry: { baseDelayMs: 0 },
    log,
    ...more,
  });
  await work(client);
  await log.flush();
  return { seen, sent, spans: spansOf(seen), metrics: metricsOf(seen) };
}

describe("a span", () => {
  test("is a call, with what the conventions name", async () => {
    const usage = { inputTokens: 30, outputTokens: 5, cacheReadTokens: 10, reasoningTokens: 2 };
    const { spans, seen } = await logged([{ status: 503, error: `${canary} is busy` }, { text: "Hello", usage }], { options: { service: "shop" }, tags: { app: "a" } }, (client) =>
      client.chat({ model: "openai/m", messages: "Hi", maxTokens: 100, temperature: 1, topP: 0.5, seed: 7 }));
    const [span] = spans;
    assert.deepEqual([spans.length, span.name, span.kind, span.status], [1, "chat m", 3, {}]);
    assert.match(span.traceId + span.spanId, /^[0-9a-f]{48}$/);
    assert.ok(BigInt(span.endTimeUnixNano) >= BigInt(span.startTimeUnixNano) && span.endTimeUnixNano.length === 19);
    const { "modelwire.call_id": callId, "gen_ai.response.id": id, "modelwire.request_id": _, ...rest } = values(span);
    assert.ok(callId.startsWith("call_") && id);
    assert.deepEqual(rest, {
      "gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "m", "gen_ai.response.model": "m",
      "server.address": "api.openai.com", "server.port": 443, "gen_ai.request.max_tokens": 100, "gen_ai.request.temperature": 1,
      "gen_ai.request.top_p": 0.5, "gen_ai.request.seed": 7, "gen_ai.response.finish_reasons": ["stop"], "gen_ai.usage.input_tokens": 30,
      "gen_ai.usage.output_tokens": 5, "gen_ai.usage.cache_read.input_tokens": 10, "gen_ai.usage.reasoning.output_tokens": 2,
      "modelwire.attempts": 2, "modelwire.cost.usd": rest["modelwire.cost.usd"], "modelwire.tag.app": "a",
    });
    assert.ok(rest["modelwire.cost.usd"] > 0);
    assert.deepEqual(span.attributes.find(({ key }) => key === "gen_ai.request.temperature").value, { doubleValue: 1 });
    const [event] = span.events;
    assert.deepEqual([event.name, values(event)["error.type"], values(event)["http.response.status_code"]], ["modelwire.retry", "overloaded", 503]);
    assert.deepEqual(values(seen.traces[0].resourceSpans[0].resource)["service.name"], "shop");
  });

  test("says how a call failed", async () => {
    const { spans } = await logged([{ status: 401, error: `${canary} is wrong` }], {}, (client) => client.chat({ model: "openai/m", messages: "Hi" }).catch(() => {}));
    assert.deepEqual([spans[0].status.code, values(spans[0])["error.type"], values(spans[0])["http.response.status_code"]], [2, "authentication", 401]);
  });

  test("has content where that is captured, in the conventions' form", async () => {
    const tools = [{ name: "f", description: "d", run: () => ({ x: 1 }) }];
    const { spans } = await logged([{ toolCalls: [{ name: "f", input: { a: 1 } }] }, "done"], { capture: { content: true } }, (client) =>
      client.chat({ model: "openai/m", system: "be nice", messages: "Hi", tools }));
    const found = values(spans[0]);
    const read = (name) => JSON.parse(found[`gen_ai.${name}`]);
    assert.deepEqual(read("system_instructions"), [{ type: "text", content: "be nice" }]);
    assert.deepEqual(read("input.messages"), [{ role: "user", parts: [{ type: "text", content: "Hi" }] }]);
    assert.deepEqual(read("tool.definitions"), [{ type: "function", name: "f", description: "d" }]);
    const [asking, saying] = read("output.messages");
    assert.deepEqual([asking.parts[0].type, asking.parts[0].arguments, asking.finish_reason], ["tool_call", { a: 1 }, "tool_call"]);
    assert.deepEqual([saying.parts, saying.finish_reason], [[{ type: "text", content: "done" }], "stop"]);
    const without = await logged(["done"], {}, (client) => client.chat({ model: "openai/m", messages: "Hi there" }));
    assert.ok(!JSON.stringify(without.seen.traces).includes("Hi there"));
  });

  test("goes on in the trace that a tag names, and that decides whether it is kept", async () => {
    const parent = (flags) => ({ traceparent: `00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-${flags}` });
    const { spans, metrics } = await logged(["x"], {}, async (client) => {
      for (const flags of ["01", "00"]) await client.chat({ model: "openai/m", messages: "Hi", tags: parent(flags) });
    });
    assert.deepEqual(spans.map(({ traceId, parentSpanId }) => [traceId, parentSpanId]), [["0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"]]);
    assert.ok(!("modelwire.tag.traceparent" in values(spans[0])));
    assert.equal(metrics.find(({ name }) => name.endsWith("duration")).histogram.dataPoints[0].count, "2");
  });

  test("a sample of none has metrics all the same", async () => {
    const { spans, metrics } = await logged(["x"], { options: { sample: 0 } }, (client) => client.chat({ model: "openai/m", messages: "Hi" }));
    assert.deepEqual([spans.length, metrics.length > 0], [0, true]);
  });
});

test("metrics are the conventions' histograms, of what was added", async () => {
  const { metrics } = await logged([{ text: "a b c d", usage: { inputTokens: 30, outputTokens: 5 } }, "whole", { status: 400 }], {}, async (client) => {
    await client.stream({ model: "openai/m", messages: "Hi" }).text();
    await client.chat({ model: "openai/m", messages: "Hi" });
    await client.chat({ model: "openai/m", messages: "Hi" }).catch(() => {});
  });
  const named = Object.fromEntries(metrics.map((metric) => [metric.name.replace("gen_ai.client.", ""), metric]));
  assert.deepEqual(Object.keys(named).sort(), ["operation.duration", "operation.time_per_output_chunk", "operation.time_to_first_chunk", "token.usage"]);
  for (const { unit, histogram } of metrics) {
    assert.equal(histogram.aggregationTemporality, 1);
    for (const { bucketCounts, explicitBounds, count, sum, min, max } of histogram.dataPoints) {
      assert.deepEqual(explicitBounds, unit === "s" ? [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92] : Array.from({ length: 14 }, (_, index) => 4 ** index));
      assert.equal(bucketCounts.length, explicitBounds.length + 1);
      assert.equal(bucketCounts.reduce((all, one) => all + Number(one), 0), Number(count));
      assert.ok(min <= max && sum >= max);
    }
  }
  const durations = named["operation.duration"].histogram.dataPoints;
  assert.deepEqual(durations.map((point) => [point.count, values(point)["error.type"]]), [["2", undefined], ["1", "invalid-request"]]);
  const input = named["token.usage"].histogram.dataPoints.find((point) => values(point)["gen_ai.token.type"] === "input");
  assert.deepEqual([input.count, input.max, input.bucketCounts[3]], ["2", 30, "1"]);
  assert.equal(named["operation.time_to_first_chunk"].histogram.dataPoints[0].count, "1");
});

test("each name of the conventions' is one that OpenTelemetry publishes, and no key is anywhere", async () => {
  const script = [{ status: 503, error: canary }, { text: "a", reasoning: "b" }, { status: 401, error: canary }, "x"];
  const { seen, spans, metrics } = await logged(script, { capture: { content: true }, options: { headers: { authorization: canary } } }, async (client) => {
    await client.stream({ model: "openai/m", messages: "Hi", system: "s", topK: 1, maxTokens: 9, temperature: 0, topP: 1, seed: 1, frequencyPenalty: 0, presencePenalty: 0, headers: { "x-mine": canary } }).text();
    await client.chat({ model: ["openai/m", "gateway/n"], messages: "Hi" });
    await client.embed({ model: "openai/e", input: "text" });
  });
  const names = new Set(metrics.map(({ name }) => name));
  const points = metrics.flatMap(({ histogram }) => histogram.dataPoints);
  for (const { attributes } of [...spans, ...points, ...spans.flatMap(({ events }) => events)]) for (const { key } of attributes) names.add(key);
  const unknown = [...names].filter((name) => !name.startsWith("modelwire.") && !published.has(name));
  assert.deepEqual(unknown, []);
  assert.ok(names.size > 25);
  assert.ok(!JSON.stringify(seen.requests.map(({ url, init }) => [url, init.body])).includes("canary"));
});

describe("the trace goes on", () => {
  test("at compatible servers that are named, and nowhere else", async () => {
    const { sent, spans } = await logged(["x"], { options: { propagate: ["gateway", "openai"] } }, async (client) => {
      for (const model of ["openai/m", "gateway/m"]) await client.chat({ model, messages: "Hi" });
    });
    assert.deepEqual(sent.map(({ headers }) => headers.traceparent), [undefined, `00-${spans[1].traceId}-${spans[1].spanId}-01`]);
    const silent = await logged(["x"], {}, (client) => client.chat({ model: "gateway/m", messages: "Hi" }));
    assert.equal(silent.sent[0].headers.traceparent, undefined);
  });
});

describe("the collector", () => {
  const sendTo = async (t, ...answers) => {
    const warned = t.mock.method(console, "warn", () => {});
    const seen = collector(...answers);
    const log = otlpLog({ url: `${url}/`, fetch: seen.fetch, headers: { authorization: canary } });
    await log.flush();
    t.mock.timers.enable({ apis: ["setTimeout"] });
    log(record());
    const flushed = log.flush();
    let over = false;
    flushed.finally(() => (over = true));
    // Until it is over; the waits are no time.
    while (!over) {
      await new Promise((resolve) => setImmediate(resolve));
      t.mock.timers.tick(1000);
    }
    await flushed;
    return { seen, warnings: warned.mock.calls.map(({ arguments: [message] }) => message) };
  };

  test("is asked again where the specification says so, as late as it asks for", async (t) => {
    const busy = (status, headers) => new Response("", { status, headers });
    const { seen, warnings } = await sendTo(t, busy(429, { "retry-after": "3" }), new TypeError("no network"), busy(503), new Response("{}"));
    assert.equal(seen.requests.filter(({ url }) => url === "https://collector.example/v1/traces").length, 4);
    assert.deepEqual([spansOf(seen).length, warnings], [1, []]);
    const [{ init }] = seen.requests;
    assert.deepEqual([init.method, init.headers, init.redirect], ["POST", { "content-type": "application/json", authorization: canary }, "manual"]);
  });

  test("is not asked again for what it refused, and that is told without a key", async (t) => {
    const { seen, warnings } = await sendTo(t, new Response(canary, { status: 400 }));
    assert.equal(seen.requests.filter(({ url }) => url.endsWith("/traces")).length, 1);
    assert.deepEqual(warnings, ["modelwire: otlpLog: /v1/traces answered with status 400"]);
  });

  test("may take a part", async (t) => {
    const { warnings } = await sendTo(t, Response.json({ partialSuccess: { rejectedSpans: "1", errorMessage: "too long" } }));
    assert.deepEqual(warnings, ["modelwire: otlpLog: the collector refused 1 of them: too long"]);
  });

  test("that is gone is given up after five attempts", async (t) => {
    const { seen, warnings } = await sendTo(t, ...Array.from({ length: 5 }, () => new TypeError("no network")));
    assert.equal(seen.requests.filter(({ url }) => url.endsWith("/traces")).length, 5);
    assert.deepEqual([spansOf(seen).length, warnings.length], [0, 1]);
  });

  test("gets many spans in bodies of a mebibyte, and no more than wait", async () => {
    const seen = collector();
    const log = otlpLog({ url, fetch: seen.fetch });
    await log.flush();
    for (let count = 0; count < 200; count++) log(record({ callId: `c${count}`, tags: { long: "x".repeat(20_000) } }));
    await log.flush();
    const sizes = seen.requests.filter(({ url }) => url.endsWith("/traces")).map(({ init }) => init.body.length);
    assert.ok(sizes.length >= 4 && Math.max(...sizes) < 1.1 * 1024 * 1024, String(sizes));
    assert.equal(spansOf(seen).length, 200);
  });

  test("a wrong option is told at once, by its name, and without a key", () => {
    const wrong = [
      [undefined, /options/], [null, /options/], [{}, /url/], [{ url: 1 }, /url/], [{ endpoint: url }, /endpoint/],
      // A path is one of a page's origin; here is none.
      ...["", "collector.example", "ftp://x", "//x", "/otlp", "http://", "http://[", `${url}?key=${canary}`, `${url}#x`, `https://user:${canary}@collector.example`].map((url) => [{ url }, /url/]),
      ...[-1, 1.1, NaN, "1", null].map((sample) => [{ url, sample }, /sample/]),
      [{ url, fetch: 1 }, /fetch/], [{ url, service: 1 }, /service/], [{ url, propagate: "gateway" }, /propagate/], [{ url, propagate: [1] }, /propagate/],
      [{ url, headers: { "a b": "x" } }, /headers/], [{ url, headers: { authorization: `${canary}\n${canary}` } }, /headers\.authorization/], [{ url, headers: { authorization: 1 } }, /headers\.authorization/],
      [{ url, headers: "x" }, /headers/],
    ];
    for (const [options, named] of wrong) {
      assert.throws(() => otlpLog(options), (error) => error instanceof TypeError && named.test(error.message) && !error.message.includes(canary), JSON.stringify(options));
    }
  });

  test("a text that was cut in the middle of a character does not spoil the batch", async () => {
    const { spans } = await logged(["x"], { capture: { content: true }, tags: { cut: "\ud83d and \\ud83d" } }, (client) => client.chat({ model: "openai/m", messages: "\ude00" }));
    assert.equal(values(spans[0])["modelwire.tag.cut"], "\ufffd and \\ud83d");
    assert.ok(spans[0].attributes.every(({ value }) => value.stringValue?.isWellFormed?.() !== false));
  });
});
