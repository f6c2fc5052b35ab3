// Embeddings, lists of models and counts of tokens, from the facade's side: what goes in, what comes out, and its ends.
import assert from "node:assert/strict";
import test, { describe } from "node:test";
import { createClient, isLlmError } from "modelwire";
import { countedSignal, macrotask, scripted } from "./wire.mjs";

const json = (body, init) => () => Response.json(body, init);
const hangs = ({ init }) => new Promise((_, reject) => init.signal.addEventListener("abort", () => reject(init.signal.reason)));

function made(...script) {
  const { fetch, calls } = scripted(...script);
  const providers = { openai: { apiKey: "a-key" }, cohere: { apiKey: "a-key" }, anthropic: { apiKey: "a-key" }, azure: { apiKey: "a-key", endpoint: "https://r.example" } };
  return { client: createClient({ providers, fetch }), calls };
}

const bodyOf = ({ init }) => JSON.parse(new TextDecoder().decode(init.body));
const base64 = (...floats) => Buffer.from(new Float32Array(floats).buffer).toString("base64");
const embedded = (...vectors) => ({
  object: "list", model: "text-embedding-3-small", usage: { prompt_tokens: 4, total_tokens: 4 },
  data: vectors.map((embedding, index) => ({ object: "embedding", index, embedding })),
});
const model = "openai/text-embedding-3-small";

describe("embed", () => {
  test("gives a Float32Array for each text, each with memory of its own", async () => {
    const { client, calls } = made(json(embedded(base64(1, -0.5, 3e-8), [0.1, 2, -3])));
    const response = await client.embed({ model, input: ["a", "b"] });
    assert.deepEqual(response, {
      embeddings: [new Float32Array([1, -0.5, 3e-8]), new Float32Array([0.1, 2, -3])],
      usage: { inputTokens: 4, outputTokens: null, totalTokens: 4, cacheReadTokens: null, cacheWriteTokens: null, reasoningTokens: null, estimated: false },
      // 0.02 dollars a million.
      cost: { usd: 8e-8, nanoUsd: 80, estimated: false, lines: [{ what: "input", tokens: 4, usdPerMillion: 0.02, usd: 8e-8 }] },
      model: "text-embedding-3-small",
      provider: "openai",
    });
    // Sent to a worker, or stored, a vector must not take its neighbours and the module's memory along.
    for (const { buffer, byteLength } of response.embeddings) assert.equal(buffer.byteLength, byteLength);
    assert.deepEqual(bodyOf(calls[0]), { model: "text-embedding-3-small", input: ["a", "b"], encoding_format: "base64" });
  });
  test("numbers become the floats that JavaScript makes of them", async () => {
    const numbers = Array.from({ length: 3000 }, (_, index) => Math.sin(index * 7919.13) / 10 ** (index % 12));
    const { client } = made(json(embedded(numbers)));
    const { embeddings } = await client.embed({ model, input: "a" });
    assert.deepEqual(embeddings[0], new Float32Array(numbers));
  });
  test("the vectors of earlier calls stay as they are when the module's memory grows", async () => {
    const large = Array.from({ length: 64 }, (_, index) => base64(...new Float32Array(3072).fill(index)));
    const { client } = made(json(embedded(base64(1, 2, 3))), json(embedded(...large)));
    const [first] = (await client.embed({ model, input: "a" })).embeddings;
    for (let round = 0; round < 4; round++) {
      const { embeddings } = await client.embed({ model, input: Array(64).fill("x") });
      assert.deepEqual(embeddings.map((vector) => vector[3071]), large.map((_, index) => index));
    }
    assert.deepEqual([...first], [1, 2, 3]);
  });
  test("what is asked wrongly is refused by name, and nothing is sent", async () => {
    const { client, calls } = made(json({}));
    const wrong = [
      [{ model, input: ["a", ""] }, "invalid-request", /input\[1\] must not be empty/],
      [{ model, input: [] }, "invalid-request", /input must not be empty/],
      [{ model }, "invalid-request", /input is required/],
      [{ input: "a" }, "invalid-request", /model is required/],
      [{ model, input: "a", inputtype: "query" }, "invalid-request", /did you mean inputType/],
      [{ model: "anthropic/claude-opus-5", input: "a" }, "unsupported", /no embeddings/],
      [undefined, "invalid-request", /must be an object/],
      [{ model, input: "a", signal: {} }, "invalid-request", /signal/],
    ];
    for (const [request, code, message] of wrong) {
      await assert.rejects(client.embed(request), (error) => isLlmError(error, code) && message.test(error.message));
    }
    assert.equal(calls.length, 0);
  });
  test("an abort stops all requests of the call, and leaves no listener", async () => {
    const { client, calls } = made(hangs);
    const { signal, abort, listeners } = countedSignal();
    const end = client.embed({ model: "cohere/embed-v4.0", input: Array(500).fill("x"), signal });
    end.catch(() => {});
    while (calls.length < 4) await macrotask();
    abort(new Error("too slow"));
    await assert.rejects(end, (error) => isLlmError(error, "aborted") && error.cause === signal.reason);
    assert.equal(calls.length, 4);
    assert.ok(calls.every(({ aborted }) => aborted));
    assert.equal(listeners(), 0);
  });
  test("a failure is an LlmError with what the provider said", async () => {
    const { client } = made(json({ error: { message: "slow down", code: "rate_limit_exceeded" } }, { status: 429 }));
    await assert.rejects(client.embed({ model, input: "a" }), (error) => isLlmError(error, "rate-limit") && error.provider === "openai" && error.status === 429);
  });
});

describe("listModels", () => {
  test("gives what the list says, and null for the rest", async () => {
    const { client } = made(json({ object: "list", data: [{ id: "gpt-6-luna", object: "model" }] }));
    assert.deepEqual(await client.listModels("openai"), [{
      id: "gpt-6-luna", provider: "openai", contextWindow: null, maxInputTokens: null, maxOutputTokens: null, encoding: null, deprecatedOn: null,
      abilities: { tools: null, vision: null, files: null, jsonSchema: null, reasoning: null }, price: null,
    }]);
  });
  test("rejects where check would tell", async () => {
    const { client } = made(json({ error: { message: "no" } }, { status: 401 }));
    await assert.rejects(client.listModels("openai"), { code: "authentication" });
    await assert.rejects(client.listModels("nobody"), { code: "config" });
    assert.equal((await client.check("openai")).error.code, "authentication");
  });
});

describe("countTokens", () => {
  test("by the provider, when it is asked for", async () => {
    const { client, calls } = made(json({ input_tokens: 14 }));
    const count = await client.countTokens({ model: "anthropic/claude-opus-5", messages: "Hi", maxTokens: 5 }, { method: "provider" });
    assert.deepEqual(count, { inputTokens: 14, margin: 1, method: "provider", parts: { messages: 14, tools: 0, images: 0, framing: 0 } });
    assert.match(calls[0].url, /\/v1\/messages\/count_tokens$/);
    assert.deepEqual(Object.keys(bodyOf(calls[0])).sort(), ["messages", "model"]);
  });
  test("not where nobody counts", async () => {
    const { client, calls } = made(json({}));
    const request = { model: "openai/gpt-6-luna", messages: "Hi" };
    await assert.rejects(client.countTokens({ ...request, model: "azure/gpt-6-luna" }, { method: "provider" }), { code: "unsupported" });
    await assert.rejects(client.countTokens(request, { method: "guess" }), { code: "invalid-request" });
    await assert.rejects(client.countTokens({}, { method: "provider" }), { code: "invalid-request" });
    assert.equal(calls.length, 0);
  });
});
