// A trace that begins in a page goes on in the gateway, and ends there: its provider hears nothing of it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createClient, otlpLog } from "modelwire";
import { createGateway } from "modelwire/gateway";
import { mockProviders } from "modelwire/testing";

/** A log, and the spans that its collector has got. */
function traced() {
  const spans = [];
  const fetch = async (url, { body }) => {
    if (url.endsWith("/v1/traces")) spans.push(...JSON.parse(body).resourceSpans[0].scopeSpans[0].spans);
    return new Response("{}");
  };
  return { log: otlpLog({ url: "https://collector.example", fetch, propagate: ["gateway"] }), spans };
}

function served({ apiKey = "a-key" } = {}) {
  const { log, spans } = traced();
  const { fetch: answer } = mockProviders(["Hello"]);
  const requests = [];
  const fetch = (url, init) => (requests.push(new Headers(init.headers)), answer(url, init));
  const client = createClient({ providers: { anthropic: { apiKey }, cohere: { apiKey } }, models: { claude: "anthropic/claude-haiku-5-5" }, fetch, log });
  const gateway = createGateway(client, { authorize: () => ({ id: "a", tags: { team: "red" } }), allow: ["claude", "cohere/embed-v4.0"] });
  return { gateway, log, spans, requests };
}

for (const [api, stream] of [["chat", false], ["chat", true], ["responses", false], ["responses", true]]) {
  test(`${api}: the span of ${stream ? "a stream" : "a call"} is the parent of the gateway's`, async () => {
    const there = served();
    const here = traced();
    const page = createClient({
      providers: { gateway: { kind: "openai-compatible", api, baseURL: "https://gateway.example/v1", apiKey: "a-token" } },
      fetch: (url, init) => there.gateway.fetch(new Request(url, init)),
      log: here.log,
    });
    const request = { model: "gateway/claude", messages: "Hi" };
    assert.equal(stream ? await page.stream(request).text() : (await page.chat(request)).text, "Hello");
    await Promise.all([here.log.flush(), there.log.flush()]);
    const [[outer], [inner]] = [here.spans, there.spans];
    assert.deepEqual([inner.traceId, inner.parentSpanId], [outer.traceId, outer.spanId]);
    assert.notEqual(inner.spanId, outer.spanId);
    assert.deepEqual(there.requests.map((headers) => headers.get("traceparent")), [null]);
  });
}

test("the span of embeddings is the parent of the gateway's, which has the tags of who asks", async () => {
  const there = served();
  const here = traced();
  const page = createClient({
    providers: { gateway: { kind: "openai-compatible", baseURL: "https://gateway.example/v1", apiKey: "a-token" } },
    fetch: (url, init) => there.gateway.fetch(new Request(url, init)),
    log: here.log,
  });
  const { embeddings } = await page.embed({ model: "gateway/cohere/embed-v4.0", input: ["a"] });
  assert.equal(embeddings.length, 1);
  await Promise.all([here.log.flush(), there.log.flush()]);
  const [[outer], [inner]] = [here.spans, there.spans];
  assert.deepEqual([inner.traceId, inner.parentSpanId], [outer.traceId, outer.spanId]);
  const tag = inner.attributes.find(({ value }) => value.stringValue === "red");
  assert.ok(tag, "its caller's tag");
  assert.deepEqual(there.requests.map((headers) => headers.get("traceparent")), [null]);
});

test("what fails before anything is sent belongs to the trace all the same", async () => {
  for (const [path, body] of [["chat/completions", { model: "claude", messages: [{ role: "user", content: "Hi" }] }], ["embeddings", { model: "cohere/embed-v4.0", input: "a" }]]) {
    const { gateway, log, spans, requests } = served({ apiKey: () => "" });
    const headers = { "content-type": "application/json", traceparent: `00-${"a".repeat(32)}-${"b".repeat(16)}-01` };
    const response = await gateway.fetch(new Request(`https://gateway.example/v1/${path}`, { method: "POST", headers, body: JSON.stringify(body) }));
    assert.equal(response.ok, false, path);
    await log.flush();
    const [{ traceId, parentSpanId, attributes }] = spans;
    assert.deepEqual([requests.length, traceId, parentSpanId], [0, "a".repeat(32), "b".repeat(16)], path);
    assert.ok(attributes.some(({ value }) => value.stringValue === "red"), path);
  }
});

for (const [what, header] of Object.entries({ "none": undefined, "one that is none": "00-<script>-1-01", "one of all zeros": `00-${"0".repeat(32)}-${"0".repeat(16)}-01`, "another version": `ff-${"a".repeat(32)}-${"b".repeat(16)}-01` })) {
  test(`a trace begins at the gateway where the request names ${what}`, async () => {
    const { gateway, log, spans } = served();
    const headers = { "content-type": "application/json", ...(header && { traceparent: header }) };
    const response = await gateway.fetch(new Request("https://gateway.example/v1/chat/completions", { method: "POST", headers, body: JSON.stringify({ model: "claude", messages: [{ role: "user", content: "Hi" }] }) }));
    assert.equal(response.status, 200);
    await response.text();
    await log.flush();
    assert.deepEqual([spans.length, spans[0].parentSpanId ?? ""], [1, ""]);
    assert.match(spans[0].traceId, /^(?!0{32})[0-9a-f]{32}$/);
  });
}
