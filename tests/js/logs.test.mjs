// What a log is told of calls: one record a step, one at the end, and never a key.
import assert from "node:assert/strict";
import test, { describe } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { createClient, isLlmError } from "modelwire";
import { answer, ask, last, respond, scripted, text } from "./wire.mjs";

const price = { "openai/m": { price: { input: 1, output: 2 } } };
const whole = { id: "c1", model: "m-2026", choices: [{ index: 0, message: { role: "assistant", content: "Hello" }, finish_reason: "stop" }], usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 } };
const json = (body, init) => () => Response.json(body, init);
const failing = json({ error: { message: "busy" } }, { status: 503, headers: { "retry-after": "0", "x-request-id": "r1" } });

/** A client that logs, and what it logged. */
function logged(script, options) {
  const records = [];
  const { fetch, calls } = scripted(...script);
  const providers = { openai: { apiKey: "a-key", api: "chat" }, groq: { apiKey: "a-key" } };
  const client = createClient({ providers, fetch, catalog: price, log: (record) => records.push(record), ...options });
  return { client, records, calls };
}
const events = (records) => records.map(({ event }) => event);
const failure = (promise) => promise.then(() => assert.fail("it succeeded"), (error) => error);

describe("records", () => {
  test("a call is a request and a response", async () => {
    const { client, records } = logged([json(whole, { headers: { "x-request-id": "r9" } })], { tags: { app: "a" } });
    const response = await client.chat(ask({ temperature: 0.5, maxTokens: 10, tags: { user: "u" } }));
    const [request, end] = records;
    const { at: _1, ...asked } = request;
    const tags = { app: "a", user: "u" };
    assert.deepEqual(asked, {
      event: "request", callId: response.callId, requestId: null, provider: "openai", model: "m", attempt: 1, operation: "chat", stream: false,
      kind: "openai", server: "https://api.openai.com", settings: { maxTokens: 10, temperature: 0.5 }, tags,
    });
    const { at: _2, durationMs, ...answered } = end;
    assert.ok(durationMs >= 0 && !Number.isNaN(Date.parse(end.at)));
    assert.deepEqual(answered, {
      event: "response", callId: response.callId, requestId: "r9", provider: "openai", model: "m", operation: "chat", usage: response.usage, usd: 0.000007,
      finishReason: "stop", cached: false, attempt: 1, responseId: "c1", responseModel: "m-2026", tags,
    });
    assert.equal(records.length, 2);
  });

  test("a retry and a fallback are told, each with the attempt that failed", async () => {
    const retried = logged([failing, json(whole)], { retry: { baseDelayMs: 0 } });
    await retried.client.chat(ask());
    assert.deepEqual(events(retried.records), ["request", "retry", "request", "response"]);
    assert.deepEqual(retried.records.map(({ attempt }) => attempt), [1, 1, 2, 2]);
    assert.deepEqual([retried.records[1].error, retried.records[1].requestId], [{ code: "overloaded", message: "busy", status: 503 }, "r1"]);
    assert.equal(new Set(retried.records.map(({ callId }) => callId)).size, 1);
    const fell = logged([failing, json(whole)], { retry: false });
    await fell.client.chat(ask({ model: ["openai/m", { model: "groq/n", request: { tags: { target: "second" } } }] }));
    assert.deepEqual(fell.records.map(({ event, provider }) => [event, provider]), [["request", "openai"], ["fallback", "groq"], ["request", "groq"], ["response", "groq"]]);
    assert.deepEqual(fell.records.at(-1).tags, { target: "second" });
  });

  test("a stream is told the same, with the time to its first delta", async () => {
    const { client, records } = logged([[answer("a", "b")]]);
    const response = await client.stream(ask()).forEach(() => {});
    assert.deepEqual(events(records), ["request", "response"]);
    const { callId, firstTokenMs, durationMs, usage, usd, finishReason } = records[1];
    assert.deepEqual([callId, usage, usd, finishReason], [response.callId, response.usage, 0.000007, "stop"]);
    assert.ok(firstTokenMs >= 0 && durationMs >= firstTokenMs);
  });

  test("a stream that nobody reads is none", async () => {
    const { client, records } = logged([[answer("a")]]);
    client.stream(ask()).cancel();
    await new Promise((resolve) => setTimeout(resolve));
    assert.deepEqual(records, []);
  });

  test("a cancelled stream is a response that was aborted", async () => {
    const { client, records } = logged([[text("Hel"), "hang"]]);
    const stream = client.stream(ask());
    for await (const event of stream) if (event.type === "text-delta") break;
    await stream.response;
    const { event, finishReason, usage, usd, callId } = records.at(-1);
    assert.deepEqual([event, finishReason, usage.estimated, usd > 0, callId === records[0].callId], ["response", "aborted", true, true, true]);
    assert.equal(records.length, 2);
  });

  test("a budget's end is one too", async () => {
    const { client, records } = logged([[text("word ".repeat(4000)), text("more"), last]]);
    const response = await client.stream(ask({ budget: { usd: 0.002 } })).response;
    assert.equal(response.finishReason, "budget");
    assert.deepEqual([events(records), records.at(-1).finishReason], [["request", "response"], "budget"]);
  });

  test("an abort is an error, with what had arrived counted", async () => {
    const { client, records } = logged([[text("Hel"), "hang"]]);
    const abort = new AbortController();
    const stream = client.stream(ask({ signal: abort.signal, tags: { a: "b" } }));
    await failure((async () => {
      for await (const event of stream) if (event.type === "text-delta") abort.abort("enough");
    })());
    const { event, error, finishReason, usage, tags, callId } = records.at(-1);
    assert.deepEqual([event, error, finishReason, tags], ["error", { code: "aborted", message: "the call was aborted: enough", status: null }, "aborted", { a: "b" }]);
    assert.ok(usage.estimated && callId === records[0].callId);
    const whole = logged([() => new Promise(() => {})]);
    const chat = failure(whole.client.chat(ask({ signal: AbortSignal.timeout(1) })));
    assert.equal((await chat).code, "aborted");
    assert.deepEqual(events(whole.records).slice(-1), ["error"]);
  });

  test("what fails before anything is sent is an error with a name of its own", async () => {
    const { client, records } = logged([json(whole)], { tags: { app: "a" } });
    const wrong = [null, {}, ask({ temperature: "hot" }), ask({ model: "nobody/m" }), ask({ messages: () => {} })];
    for (const request of wrong) {
      await failure(client.chat(request));
      await failure(client.stream(request).text());
    }
    assert.deepEqual(events(records), Array(2 * wrong.length).fill("error"));
    assert.ok(records.every(({ callId, tags }) => /^call_[0-9a-f]+$/.test(callId) && tags.app === "a"));
    assert.equal(new Set(records.map(({ callId }) => callId)).size, records.length);
  });

  test("an answer that the schema refuses is an error, and was answered all the same", async () => {
    const { client, records } = logged([json(whole)]);
    const error = await failure(client.chat(ask({ output: { type: "object", properties: { a: { type: "string" } } } })));
    assert.ok(isLlmError(error, "output-invalid"));
    assert.deepEqual([events(records), records[1].error.code, records[1].usage?.inputTokens], [["request", "error"], "output-invalid", error.partial?.usage.inputTokens]);
  });

  test("a call with tools is one call: a request for each round, one response", async () => {
    const asking = { ...whole, choices: [{ index: 0, message: { role: "assistant", tool_calls: [{ id: "t", type: "function", function: { name: "f", arguments: "{}" } }] }, finish_reason: "tool_calls" }] };
    const { client, records } = logged([json(asking), json(whole)]);
    await client.chat(ask({ tools: [{ name: "f", run: () => 1 }] }));
    assert.deepEqual(records.map(({ event, attempt }) => [event, attempt]), [["request", 1], ["request", 2], ["response", 2]]);
    assert.equal(records[2].usage.inputTokens, 6);
  });

  test("embeddings are one call, however many requests it takes", async () => {
    const reply = ({ init }) => {
      const { input } = JSON.parse(new TextDecoder().decode(init.body));
      return Response.json({ data: input.map((_, index) => ({ index, embedding: [1] })), model: "e", usage: { prompt_tokens: input.length, total_tokens: input.length } });
    };
    const { client, records } = logged([failing, reply], { retry: { baseDelayMs: 0 } });
    await client.embed({ model: "openai/e", input: Array(2049).fill("x") });
    assert.deepEqual(events(records).sort(), ["request", "request", "request", "response", "retry"]);
    assert.equal(new Set(records.map(({ callId }) => callId)).size, 1);
    const { event, operation, usage, provider, model } = records.at(-1);
    assert.deepEqual([event, operation, usage.inputTokens, provider, model], ["response", "embed", 2049, "openai", "e"]);
    assert.equal(isLlmError(await failure(client.embed({ model: "nobody/e", input: "x" }))), true);
    assert.equal(records.at(-1).event, "error");
  });

  test("a failure has the name and the tags of its call, whatever kind of call it was", async () => {
    const calls = {
      chat: (client) => client.chat({ model: "openai/m", messages: "Hi" }),
      stream: (client) => client.stream({ model: "openai/m", messages: "Hi" }).text(),
      embed: (client) => client.embed({ model: "openai/m", input: "x" }),
    };
    for (const [kind, call] of Object.entries(calls)) {
      const { client, records } = logged([() => Response.json({ error: { message: "no" } }, { status: 400 })], { tags: { app: "a" }, retry: false });
      const error = await failure(call(client));
      assert.deepEqual(events(records), ["request", "error"], kind);
      assert.equal(records[1].callId, records[0].callId, kind);
      assert.deepEqual([records[1].tags, records[1].operation], [{ app: "a" }, records[0].operation], kind);
      // The log's business, and not in what is told of the error.
      assert.ok(!("callId" in JSON.parse(JSON.stringify(error))), kind);
    }
  });
});

test("a stream that was forgotten is aborted, told, and leaves nothing behind", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc");
  const { client, records } = logged([[text("Hel"), "hang"]]);
  let asked;
  await (async () => {
    const request = ask();
    asked = new WeakRef(request);
    const iterator = client.stream(request).values();
    await iterator.next();
    await iterator.next();
  })();
  for (let round = 0; round < 100 && records.length < 2; round++) {
    collect();
    await new Promise((resolve) => setTimeout(resolve));
  }
  collect();
  assert.equal(asked.deref(), undefined);
  assert.deepEqual(records.map(({ event, finishReason }) => [event, finishReason]), [["request", undefined], ["response", "aborted"]]);
});

describe("who listens", () => {
  test("listeners hear of their events, sinks of all, and each has a copy", async () => {
    const second = [];
    const { client, records } = logged([json(whole), json(whole)], { log: [(record) => (record.tags.mine = "x"), (record) => second.push(record)] });
    assert.deepEqual(records, []);
    const heard = [];
    const off = ["request", "response"].map((name) => client.on(name, (record) => heard.push(record)));
    await client.chat(ask());
    assert.deepEqual([events(heard), events(second)], [["request", "response"], ["request", "response"]]);
    assert.ok(heard.concat(second).every(({ tags }) => !tags.mine));
    for (const stop of off) stop();
    await client.chat(ask());
    assert.equal(heard.length, 2);
  });

  test("what a sink throws is reported, and no business of the call's", async (t) => {
    const reported = [];
    const before = globalThis.reportError;
    t.after(() => (globalThis.reportError = before));
    globalThis.reportError = (error) => reported.push(error.message);
    const { client } = logged([json(whole)], { log: () => { throw new Error("full"); } });
    assert.equal((await client.chat(ask())).text, "Hello");
    assert.deepEqual(reported, ["full", "full"]);
  });

  test("a log that is no function throws at once", () => {
    for (const log of ["x", {}, [() => {}, 1]]) assert.throws(() => logged([], { log }), /log/);
    for (const capture of [true, { content: 1 }, { redact: "x" }]) assert.throws(() => logged([], { capture }), /capture/);
  });
});

describe("content", () => {
  const image = { type: "image", image: new Uint8Array([137, 80, 78, 71]), mediaType: "image/png" };
  const secret = ask({ system: "be nice", messages: [{ role: "user", content: [{ type: "text", text: "my name is Ada" }, image] }], headers: { "x-a": "b" } });

  test("is left out unless it is asked for", async () => {
    const { client, records } = logged([json(whole)]);
    await client.chat(secret);
    assert.ok(records.every((record) => !("request" in record) && !("response" in record)));
    assert.ok(!JSON.stringify(records).includes("Ada"));
  });

  test("comes once, redacted, without bytes and headers", async () => {
    const { client, records } = logged([failing, json(whole)], { retry: { baseDelayMs: 0 }, capture: { content: true, redact: (text) => text.replace("Ada", "…") } });
    await client.chat(secret);
    assert.deepEqual(records.map(({ request, response }) => [!!request, !!response]), [[true, false], [false, false], [false, false], [false, true]]);
    assert.deepEqual(records[0].request, {
      system: "be nice",
      messages: [{ role: "user", content: [{ type: "text", text: "my name is …" }, { type: "image", image: "(4 bytes)", mediaType: "image/png" }] }],
    });
    assert.deepEqual(records.at(-1).response, [{ role: "assistant", content: "Hello" }]);
  });

  test("is left out where redact throws", async () => {
    const { client, records } = logged([json({ error: { message: "my name is Ada" } }, { status: 400 })], { capture: { content: true, redact: () => { throw new Error("no"); } } });
    await failure(client.chat(secret));
    assert.deepEqual(events(records), ["request", "error"]);
    assert.ok(!("request" in records[0]) && !JSON.stringify(records).includes("Ada"));
  });

  test("embeddings have their input", async () => {
    const { client, records } = logged([json({ data: [{ index: 0, embedding: [1] }], usage: {} })], { capture: { content: true } });
    await client.embed({ model: "openai/e", input: "text" });
    assert.deepEqual(records[0].request, { input: "text" });
  });
});

test("an answer that was kept is told, and costs nothing", async () => {
  const { client, records, calls } = logged([json(whole), [answer("a")]], { cache: { store: "memory" }, tags: { app: "a" } });
  const request = ask({ cache: true });
  await client.chat(request);
  const kept = await client.chat(request);
  await client.stream(request).text();
  assert.equal(calls.length, 1);
  assert.deepEqual(events(records), ["request", "response", "cache", "response", "cache", "response"]);
  const [, , cache, end] = records;
  assert.deepEqual([cache.callId, cache.provider, cache.model, cache.tags], [kept.callId, "openai", "m", { app: "a" }]);
  assert.deepEqual([end.cached, end.usd, end.usage.inputTokens, end.attempt], [true, 0, 3, 0]);
});
