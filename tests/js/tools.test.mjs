// The tool loop from the outside: what runs, what the model is told, what stops it.
import assert from "node:assert/strict";
import test, { describe } from "node:test";
import { createClient, isLlmError, tool } from "modelwire";
import { virtualClock } from "./clock.mjs";
import { answer, chunk, last, scripted } from "./wire.mjs";

const called = (...calls) => {
  const tool_calls = calls.map(([id, name, input = {}], index) => ({
    index, id, type: "function", function: { name, arguments: typeof input === "string" ? input : JSON.stringify(input) },
  }));
  return { tool_calls };
};
const streamed = (...calls) => [chunk(called(...calls), "tool_calls") + "data: [DONE]\n\n"];
const whole = (message, finish_reason) => () =>
  Response.json({ id: "c", choices: [{ index: 0, message: { role: "assistant", ...message }, finish_reason }], usage: { prompt_tokens: 5, completion_tokens: 1 } });
const sent = ({ init }) => JSON.parse(new TextDecoder().decode(init.body)).messages;
const results = (call) => sent(call).filter(({ role }) => role === "tool").map(({ content }) => content);

function setup(script, tools, more) {
  const { fetch, calls } = scripted(...script);
  const client = createClient({ providers: { openai: { apiKey: "k", api: "chat" } }, retry: false, fetch, ...more });
  return { client, calls, request: { model: "openai/gpt-6-luna", messages: "Hi", tools } };
}

const until = (signal) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));

describe("chat", () => {
  test("runs the tools of a turn side by side, with their arguments, and goes on", async () => {
    const order = [];
    let both;
    const together = new Promise((resolve) => (both = resolve));
    const tools = [
      tool({ name: "add", run: async ({ a, b }, { callId }) => {
        order.push(callId);
        if (order.length === 2) both();
        await together;
        return { sum: a + b };
      } }),
    ];
    const { client, calls, request } = setup([whole(called(["1", "add", { a: 1, b: 2 }], ["2", "add", { a: 3, b: 4 }]), "tool_calls"), whole({ content: "3 and 7" }, "stop")], tools);
    const response = await client.chat(request);
    assert.equal(response.text, "3 and 7");
    assert.deepEqual(order, ["1", "2"]);
    assert.deepEqual(results(calls[1]), ['{"sum":3}', '{"sum":7}']);
    assert.deepEqual(response.newMessages.map(({ role }) => role), ["assistant", "tool", "tool", "assistant"]);
    assert.equal(response.usage.inputTokens, 10);
    assert.deepEqual(response.message, { role: "assistant", content: "3 and 7" });
  });

  const gives = [
    ["a string", () => "yes", "yes"],
    ["a number", () => 5, "5"],
    ["nothing", () => {}, ""],
    ["null", () => null, "null"],
    ["an object", () => ({ a: [1] }), '{"a":[1]}'],
    ["parts", () => [{ type: "text", text: "one " }, { type: "text", text: "two" }], "one two"],
    ["a thrown Error", () => { throw new Error("no such city"); }, "Error: no such city"],
    ["a thrown string", () => { throw "no"; }, "Error: no"],
    ["what is not JSON", () => 1n, /^Error: the tool gave something that is not JSON/],
  ];
  for (const [what, run, expected] of gives) {
    test(`tells the model of ${what}`, async () => {
      const { client, calls, request } = setup([whole(called(["1", "t"]), "tool_calls"), whole({ content: "ok" }, "stop")], [{ name: "t", run }]);
      await client.chat(request);
      const [told] = results(calls[1]);
      assert.ok(expected instanceof RegExp ? expected.test(told) : told === expected, told);
    });
  }

  test("gives up on a tool at its own time limit, and aborts its signal", async () => {
    const clock = virtualClock();
    let reason;
    const tools = [{ name: "slow", timeoutMs: 1000, run: (_, { signal }) => until(signal).catch((thrown) => (reason = thrown)) }];
    const { client, calls, request } = setup([whole(called(["1", "slow"]), "tool_calls"), whole({ content: "ok" }, "stop")], tools, { clock });
    const response = client.chat(request);
    await clock.idle();
    await clock.advance(999);
    assert.equal(calls.length, 1);
    await clock.advance(1);
    assert.equal((await response).text, "ok");
    assert.deepEqual(results(calls[1]), ["Error: the tool gave nothing within 1000 ms"]);
    assert.ok(reason);
  });

  test("is aborted while a tool runs, and so is the tool", async () => {
    const controller = new AbortController();
    let aborted;
    const stopped = new Promise((resolve) => (aborted = resolve));
    const tools = [{ name: "t", run: (_, { signal }) => (queueMicrotask(() => controller.abort()), until(signal).finally(aborted)) }];
    const { client, calls, request } = setup([whole(called(["1", "t"]), "tool_calls")], tools);
    await assert.rejects(client.chat({ ...request, signal: controller.signal }), (error) => isLlmError(error, "aborted"));
    await stopped;
    assert.equal(calls.length, 1);
  });
});

describe("stream", () => {
  test("shows each round and its results as they come", async () => {
    const tools = [{ name: "fast", run: () => "quick" }, { name: "slow", run: () => new Promise((resolve) => setImmediate(resolve, "late")) }];
    const { client, request } = setup([streamed(["1", "slow"], ["2", "fast"]), answer("Done.").split(/(?<=\n\n)/)], tools);
    const events = [];
    for await (const event of client.stream(request)) events.push(event);
    const seen = events.map(({ type, callId }) => callId ?? type);
    const call = ["tool-call-start", "tool-call-delta"];
    assert.deepEqual(seen, ["start", ...call, ...call, "tool-call", "tool-call", "2", "1", "text-delta", "usage", "end"]);
    assert.deepEqual(events.find(({ callId }) => callId === "1"), { type: "tool-result", callId: "1", result: "late", isError: false });
    assert.equal(events.at(-1).response.newMessages.length, 4);
  });

  test("nothing is run that nobody asks for, and breaking out runs nothing more", async () => {
    let ran = 0;
    const { client, calls, request } = setup([streamed(["1", "t"]), answer("x")], [{ name: "t", run: () => ++ran }]);
    const stream = client.stream(request);
    for await (const event of stream) if (event.type === "tool-call") break;
    const response = await stream.response;
    assert.deepEqual([response.finishReason, ran, calls.length], ["aborted", 0, 1]);
    assert.equal(response.toolCalls[0].name, "t");
  });

  for (const how of ["cancel", "abort"]) {
    test(`${how} while a tool runs stops the tool and sends nothing more`, async () => {
      const controller = new AbortController();
      let begun, ended;
      const started = new Promise((resolve) => (begun = resolve));
      const stopped = new Promise((resolve) => (ended = resolve));
      const run = (_, { signal }) => (begun(), until(signal).finally(ended));
      const { client, calls, request } = setup([streamed(["1", "t"]), answer("x")], [{ name: "t", run }]);
      const stream = client.stream({ ...request, signal: controller.signal });
      const text = stream.text();
      await started;
      if (how === "cancel") stream.cancel();
      else controller.abort();
      await stopped;
      if (how === "abort") {
        const error = await text.then(() => assert.fail(), (error) => error);
        assert.equal(error.code, "aborted");
        assert.equal(error.partial.toolCalls.length, 1);
      } else {
        assert.equal(await text, "");
        assert.equal((await stream.response).finishReason, "aborted");
      }
      assert.equal(calls.length, 1);
    });
  }

  test("a round that fails keeps the rounds before it", async () => {
    const failing = () => Response.json({ error: { message: "no" } }, { status: 500 });
    const { client, request } = setup([streamed(["1", "t"]), failing], [{ name: "t", run: () => "done" }]);
    const error = await client.stream(request).text().then(() => assert.fail(), (error) => error);
    assert.equal(error.code, "server");
    assert.deepEqual(error.partial.newMessages.map(({ role }) => role), ["assistant", "tool"]);
    assert.equal(error.attempts.length, 2);
  });

  test("a stream over HTTP shows the results too", async () => {
    const { readStream } = await import("modelwire");
    const { client, request } = setup([streamed(["1", "t"]), answer("Done.")], [{ name: "t", run: () => ({ a: 1 }) }]);
    const stream = readStream(client.stream(request).toResponse());
    const events = [];
    for await (const event of stream) events.push(event);
    assert.deepEqual(events.find(({ type }) => type === "tool-result").result, { a: 1 });
    assert.equal((await stream.response).text, "Done.");
  });
});

test("arguments that do not match the schema are told to the model, and run is not called", async () => {
  let ran = 0;
  const input = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
  const { client, calls, request } = setup(
    [whole(called(["1", "t", { town: "Rome" }]), "tool_calls"), whole({ content: "ok" }, "stop")],
    [{ name: "t", input, run: () => ++ran }],
  );
  await client.chat(request);
  assert.match(results(calls[1])[0], /^Error: the arguments are not valid: .*city/);
  assert.equal(ran, 0);
});

describe("with", () => {
  test("defaults lie under the request; tags, headers and provider options add up", async () => {
    const { fetch, calls } = scripted(...Array(4).fill(whole({ content: "ok" }, "stop")));
    const base = createClient({ providers: { openai: { apiKey: "k", api: "chat" } }, fetch });
    const cold = base.with({ model: "openai/gpt-4.1", temperature: 0, headers: { a: "1" }, providerOptions: { openai: { user: "u" } }, tags: { team: "x" } });
    const colder = cold.with({ maxTokens: 5, headers: { b: "2" }, tags: { user: "y" } });
    await colder.chat({ messages: "Hi", temperature: undefined, providerOptions: { openai: { metadata: { k: "v" } } } });
    const body = JSON.parse(new TextDecoder().decode(calls[0].init.body));
    assert.deepEqual([body.model, body.temperature, body.max_completion_tokens, body.user, body.metadata], ["gpt-4.1", 0, 5, "u", { k: "v" }]);
    assert.deepEqual([calls[0].init.headers.a, calls[0].init.headers.b], ["1", "2"]);
    await colder.chat({ messages: "Hi", temperature: 1 });
    assert.equal(JSON.parse(new TextDecoder().decode(calls[1].init.body)).temperature, 1);
    await assert.rejects(cold.chat(null), (error) => isLlmError(error, "invalid-request"));
    await base.close();
    await assert.rejects(colder.chat({ messages: "Hi" }), (error) => isLlmError(error, "config"));
  });

  test("names of one's own stand for models, with fields and tools of theirs", async () => {
    const { fetch, calls } = scripted(whole(called(["1", "now"]), "tool_calls"), whole({ content: "ok" }, "stop"));
    const now = { name: "now", run: () => "noon" };
    const client = createClient({ providers: { openai: { apiKey: "k", api: "chat" } }, models: { fast: { model: "openai/gpt-4.1", request: { temperature: 0, tools: [now] } } }, fetch });
    assert.equal((await client.chat({ model: "fast", messages: "What time is it?" })).text, "ok");
    assert.deepEqual(results(calls[1]), ["noon"]);
    assert.equal(JSON.parse(new TextDecoder().decode(calls[0].init.body)).temperature, 0);
  });
});

test("images may be bytes, blobs, addresses and data URLs", async () => {
  const png = Uint8Array.from(Buffer.from("iVBORw0KGgoAAAANSUhEUg==", "base64"));
  const { client, calls, request } = setup([whole({ content: "A cat." }, "stop")], undefined);
  const content = [
    { type: "image", image: png },
    { type: "image", image: new Blob([png], { type: "image/png" }), detail: "low" },
    { type: "image", image: new URL("https://example.com/cat.png") },
    { type: "image", image: "data:image/png;base64,iVBORw0KGgo=" },
  ];
  await client.chat({ ...request, messages: [{ role: "user", content }] });
  const data = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUg==";
  assert.deepEqual(sent(calls[0])[0].content.map(({ image_url }) => image_url), [
    { url: data }, { url: data, detail: "low" }, { url: "https://example.com/cat.png" }, { url: "data:image/png;base64,iVBORw0KGgo=" },
  ]);
  const wrong = [[{ type: "image", image: Uint8Array.of(1, 2) }, /mediaType/], [{ type: "image", image: "cat.png" }, /image must be an https/], [{ type: "image", image: 5 }, /image must be an https/]];
  for (const [part, message] of wrong) {
    await assert.rejects(client.chat({ ...request, messages: [{ role: "user", content: [part] }] }), (error) => isLlmError(error, "invalid-request") && message.test(error.message), String(message));
  }
});
