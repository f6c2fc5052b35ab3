// toResponse and readStream: an answer through a server of one's own.
import assert from "node:assert/strict";
import test, { describe } from "node:test";
import { isLlmError, readStream } from "modelwire";
import { all, answer, ask, chunk, client, macrotask, streamOf, text, typesOf } from "./wire.mjs";

const whole = [answer("Hel", "lo")];
const limited = () => Response.json({ error: { message: "slow down" } }, { status: 429, headers: { "retry-after": "2" } });
const events = (body) => body.split("\n\n").filter(Boolean).map((event) => Object.fromEntries(event.split("\n").map((line) => line.split(/: (.*)/s))));

describe("toResponse", () => {
  test("is a Response at once: 200, events, never cached", () => {
    const response = streamOf(whole).stream.toResponse();
    assert.ok(response instanceof Response);
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("content-type"), "text/event-stream; charset=utf-8");
    assert.equal(response.headers.get("cache-control"), "no-store");
    assert.equal(response.headers.get("x-accel-buffering"), "no");
  });
  test("takes status and headers, and keeps its own where none are given", async () => {
    const init = { status: 201, headers: { "Access-Control-Allow-Origin": "*", "Cache-Control": "private" } };
    for (const response of [streamOf(whole).stream.toResponse("events", init), await streamOf(whole).stream.toResponse("events", init)]) {
      assert.equal(response.status, 201);
      assert.equal(response.headers.get("access-control-allow-origin"), "*");
      assert.equal(response.headers.get("cache-control"), "private");
      assert.match(response.headers.get("content-type"), /event-stream/);
    }
  });
  test("events are lines of JSON without the provider's body", async () => {
    const body = await streamOf(whole).stream.toResponse().text();
    const sent = events(body).map(({ data }) => JSON.parse(data));
    assert.deepEqual(typesOf(sent), ["start", "text-delta", "text-delta", "usage", "end"]);
    assert.equal("raw" in sent.at(-1).response, false);
    assert.equal(sent.at(-1).response.text, "Hello");
  });
  test("text is the text", async () => {
    const response = streamOf(whole).stream.toResponse("text");
    assert.match(response.headers.get("content-type"), /^text\/plain/);
    assert.equal(await response.text(), "Hello");
  });
  test("openai is what OpenAI's SDKs read", async () => {
    const sent = events(await streamOf(whole).stream.toResponse("openai").text());
    assert.equal(sent.at(-1).data, "[DONE]");
    const chunks = sent.slice(0, -1).map(({ data }) => JSON.parse(data));
    assert.equal(chunks.map(({ choices }) => choices[0]?.delta?.content ?? "").join(""), "Hello");
    assert.ok(chunks.every(({ object, id }) => object === "chat.completion.chunk" && id === "c1"));
  });
  test("an unknown format is a TypeError", () => assert.throws(() => streamOf(whole).stream.toResponse("xml"), TypeError));
  test("nothing is sent before the body is read, and nothing read that nobody asks for", async () => {
    const { stream, calls } = streamOf([text("a"), text("b"), answer()]);
    const reader = stream.toResponse().body.getReader();
    await macrotask();
    assert.equal(calls.length, 0);
    await reader.read();
    await macrotask();
    assert.equal(calls[0].reads, 1);
  });
  test("a client that goes away stops the provider's request", async () => {
    const { stream, calls } = streamOf([text("a"), "hang"]);
    const reader = stream.toResponse().body.getReader();
    await reader.read();
    await reader.cancel();
    assert.equal(calls[0].aborted, true);
    assert.equal((await stream.response).finishReason, "aborted");
  });
  test("awaited, it is a plain Response with the same body", async () => {
    const response = await streamOf(whole).stream.toResponse();
    assert.equal("then" in response, false);
    assert.deepEqual(typesOf(events(await response.text()).map(({ data }) => JSON.parse(data))), ["start", "text-delta", "text-delta", "usage", "end"]);
    const handler = async () => streamOf(whole).stream.toResponse("text");
    assert.equal(await (await handler()).text(), "Hello");
  });
  test("awaited twice, it is the same", async () => {
    const response = streamOf(whole).stream.toResponse();
    assert.equal(await response, await response);
  });
  test("awaited, a failure before the first delta is a status", async () => {
    for (const [format, expected] of [["events", { code: "rate-limit", name: "LlmError" }], ["text", { code: "rate-limit" }], ["openai", { type: "rate-limit", message: "slow down" }]]) {
      const response = await client(limited).client.stream(ask()).toResponse(format, { headers: { vary: "origin" } });
      assert.equal(response.status, 429);
      assert.equal(response.headers.get("retry-after"), "2");
      assert.equal(response.headers.get("vary"), "origin");
      assert.equal(response.headers.get("content-type"), "application/json");
      const { error } = await response.json();
      for (const [field, value] of Object.entries(expected)) assert.equal(error[field], value);
    }
    const down = await client(() => { throw new TypeError("fetch failed"); }).client.stream(ask()).toResponse();
    assert.equal(down.status, 502);
  });
  test("awaited, a failure after the first delta is an event", async () => {
    const response = await streamOf([text("a")]).stream.toResponse();
    assert.equal(response.status, 200);
    const last = events(await response.text()).at(-1);
    assert.equal(last.event, "error");
    assert.equal(JSON.parse(last.data).code, "truncated");
  });
  test("not awaited, a failure is an event from the start", async () => {
    const response = client(limited).client.stream(ask()).toResponse();
    assert.equal(response.status, 200);
    const [only] = events(await response.text());
    assert.deepEqual([only.event, JSON.parse(only.data).code], ["error", "rate-limit"]);
  });
  test("a failure in the middle of openai is an error chunk, of text a broken body", async () => {
    const last = events(await streamOf([text("a")]).stream.toResponse("openai").text()).at(-1);
    assert.equal(JSON.parse(last.data).error.code, "truncated");
    await assert.rejects(streamOf([text("a")]).stream.toResponse("text").text());
  });
});

describe("readStream", () => {
  const through = (...script) => readStream(client(...script).client.stream(ask()).toResponse());
  test("gives the same events and the same response", async () => {
    const tool = chunk({ tool_calls: [{ index: 0, id: "t", type: "function", function: { name: "f", arguments: "" } }] });
    const pieces = [text("Grüße 😀") + chunk({ reasoning_content: "hm" }) + tool + chunk({ tool_calls: [{ index: 0, function: { arguments: '{"a"' } }] }) + chunk({}, "length") + "data: [DONE]\n\n"];
    const direct = await all(streamOf(pieces).stream);
    const relayed = await all(readStream(streamOf(pieces).stream.toResponse()));
    const timeless = (event) => JSON.parse(JSON.stringify(event, (key, value) => (["timing", "callId", "attempts"].includes(key) ? undefined : value)));
    assert.deepEqual(relayed.map(timeless), direct.map(timeless));
    const { response } = relayed.at(-1);
    assert.equal(response.raw, null);
    assert.ok("output" in response && "input" in response.toolCalls[0]);
  });
  test("takes a promise of a response", async () => assert.equal(await readStream(Promise.resolve(streamOf(whole).stream.toResponse())).text(), "Hello"));
  test("an error is the server's LlmError again, whether a status or an event", async () => {
    for (const response of [await client(limited).client.stream(ask()).toResponse(), client(limited).client.stream(ask()).toResponse()]) {
      const error = await readStream(response).text().catch((error) => error);
      assert.ok(isLlmError(error, "rate-limit"), String(error));
      assert.deepEqual([error.message, error.status, error.retryAfterMs, error.retryable, error.provider], ["slow down", 429, 2000, true, "openai"]);
    }
  });
  test("a failure in the middle keeps what had arrived", async () => {
    const stream = through([text("a")]);
    const error = await stream.text().catch((error) => error);
    assert.deepEqual([error.code, error.partial.text], ["truncated", "a"]);
    assert.equal(await stream.response.catch((error) => error), error);
  });
  test("what is not such a response says so", async () => {
    const bad = [
      [new Response("<html>", { headers: { "content-type": "text/html" } }), "malformed"],
      [Response.json({ text: "hi" }), "malformed"],
      [new Response("nope", { status: 404 }), "not-found"],
      [new Response("<html>", { status: 502 }), "network"],
      [Response.json({ error: "no" }, { status: 418 }), "invalid-request"],
      [undefined, "invalid-request"],
      [Promise.reject(new TypeError("fetch failed")), "network"],
      [Promise.reject(new DOMException("stop", "AbortError")), "aborted"],
      [new Response("data: {\"type\":\"nonsense\"\n\n", { headers: { "content-type": "text/event-stream" } }), "malformed"],
      [new Response(null, { headers: { "content-type": "text/event-stream" } }), "truncated"],
    ];
    for (const [response, code] of bad) {
      await assert.rejects(readStream(response).text(), (error) => isLlmError(error, code), code);
    }
  });
  test("cancelling it reaches the provider", async () => {
    const { stream, calls } = streamOf([text("a"), "hang"]);
    const read = readStream(stream.toResponse());
    for await (const event of read) if (event.text) break;
    assert.equal((await read.response).text, "a");
    await macrotask();
    assert.equal(calls[0].aborted, true);
  });
  test("cancelling it before the response has come cancels that", async () => {
    let cancelled = false;
    let arrive;
    const read = readStream(new Promise((resolve) => (arrive = resolve)));
    const end = all(read);
    await read.cancel();
    assert.deepEqual(await end, []);
    assert.equal((await read.response).finishReason, "aborted");
    arrive(new Response(new ReadableStream({ cancel: () => void (cancelled = true) }), { headers: { "content-type": "text/event-stream" } }));
    await macrotask();
    assert.equal(cancelled, true);
  });
  test("an abort of its fetch is an abort", async () => {
    const body = new ReadableStream({ pull: (controller) => controller.error(new DOMException("stop", "AbortError")) });
    await assert.rejects(readStream(new Response(body, { headers: { "content-type": "text/event-stream" } })).text(), (error) => isLlmError(error, "aborted") && error.partial.text === "");
  });
  test("a promise that nobody reads is not an unhandled rejection", async () => {
    readStream(Promise.reject(new Error("x")));
    await macrotask();
  });
});
