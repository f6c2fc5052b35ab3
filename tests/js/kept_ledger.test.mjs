// The ledger in a store of the caller's: kept before the answer is there, read by whoever comes later, never in the way.
import assert from "node:assert/strict";
import test, { describe } from "node:test";
import { createClient, isLlmError } from "modelwire";
import { all, chunk, scripted, text } from "./wire.mjs";

// 5 dollars a million in, 30 out: 0.005 + 0.003.
const model = "openai/gpt-5.5";
const usage = `data: ${JSON.stringify({ id: "c1", model: "m", choices: [], usage: { prompt_tokens: 1000, completion_tokens: 100, total_tokens: 1100 } })}\n\n`;
const said = [text("Hi") + chunk({}, "stop") + usage + "data: [DONE]\n\n"];
const whole = () =>
  new Response(JSON.stringify({ id: "c1", model: "m", choices: [{ index: 0, finish_reason: "stop", message: { role: "assistant", content: "Hi" } }], usage: { prompt_tokens: 1000, completion_tokens: 100 } }), {
    headers: { "content-type": "application/json" },
  });

/** Of the contract, and no more: keys in no order at all. */
function mapStore() {
  const values = new Map();
  const self = {
    values_: values,
    broken: false,
    async get(key) {
      return values.get(key) ?? null;
    },
    async set(key, value) {
      await new Promise((resolve) => setImmediate(resolve));
      if (self.broken) throw new Error("it is full");
      values.set(key, value.slice());
    },
    async delete(key) {
      return values.delete(key);
    },
    async *list(prefix) {
      for (const key of [...values.keys()].reverse()) if (key.startsWith(prefix)) yield key;
    },
  };
  return self;
}

function made(store, ...script) {
  const { fetch } = scripted(...(script.length ? script : [whole]));
  return createClient({ providers: { openai: { apiKey: "a-key", api: "chat" } }, fetch, retry: false, store });
}

const failure = (promise) => promise.then(() => assert.fail("it did not fail"), (error) => (assert.ok(isLlmError(error), error), error));

describe("a ledger in a store", () => {
  test("has what was spent before the answer is there, whole or as a stream", async () => {
    const store = mapStore();
    const client = made(store, whole, said);
    await client.chat({ model, messages: "Hi" });
    assert.equal(store.values_.size, 1);
    const [key] = store.values_.keys();
    assert.match(key, /^modelwire\/ledger\/\d{4}-\d\d-\d\dT[\d:.]+Z\/[0-9a-f]{8}000001\/8000000$/);
    for await (const event of client.stream({ model, messages: "Hi" })) if (event.type === "end") assert.equal(store.values_.size, 2);
    await client.costs.record({ model, usage: { inputTokens: 10, outputTokens: 0 } });
    assert.equal(store.values_.size, 3);
  });

  test("is read by another client, in the order of time", async () => {
    const store = mapStore();
    const first = made(store);
    await first.chat({ model, messages: "Hi", tags: { user: "ann" } });
    await first.costs.record({ model, usage: {}, usd: 0.5, at: new Date("2026-01-02T00:00:00Z") });
    const second = made(store);
    await second.chat({ model, messages: "Hi" });
    const summary = await second.costs.summary();
    assert.deepEqual([summary.requests, summary.totalUsd], [3, 0.516]);
    assert.deepEqual((await all(second.costs.history())).map(({ usd }) => usd), [0.5, 0.008, 0.008]);
    assert.deepEqual((await all(second.costs.history({ since: new Date("2026-02-01") }))).map(({ tags }) => tags), [{ user: "ann" }, {}]);
    assert.deepEqual((await all(second.costs.history({ limit: 1 }))).length, 1);
    assert.equal((await (await second.costs.export("jsonl")).text()).split("\n").length, 4);
  });

  test("counts in the total what was there before, once that was read", async () => {
    const store = mapStore();
    await made(store).chat({ model, messages: "Hi" });
    const later = made(store);
    assert.equal(later.costs.totalUsd, 0);
    await later.chat({ model, messages: "Hi" });
    await new Promise((resolve) => setTimeout(resolve));
    assert.equal(later.costs.totalUsd, 0.016);
  });

  test("is empty for everybody after clear", async () => {
    const store = mapStore();
    store.values_.set("something else", new Uint8Array(1));
    const client = made(store);
    await client.chat({ model, messages: "Hi" });
    await client.costs.clear();
    assert.deepEqual([[...store.values_.keys()], client.costs.totalUsd, (await client.costs.summary()).requests], [["something else"], 0, 0]);
    await client.chat({ model, messages: "Hi" });
    assert.equal((await made(store).costs.summary()).requests, 1);
  });

  test("never fails a call: what cannot be kept is in memory, and kept as soon as it can be", async (t) => {
    const store = mapStore();
    store.broken = true;
    const client = made(store);
    const warn = t.mock.method(console, "warn", () => {});
    await client.chat({ model, messages: "Hi" });
    await client.chat({ model, messages: "Hi" });
    assert.equal(warn.mock.callCount(), 1);
    assert.match(warn.mock.calls[0].arguments[0], /ledger.*it is full/);
    assert.deepEqual([client.costs.totalUsd, (await client.costs.summary()).requests, store.values_.size], [0.016, 2, 0]);
    store.broken = false;
    await client.chat({ model, messages: "Hi" });
    assert.equal(store.values_.size, 3);
    assert.deepEqual([client.costs.totalUsd, (await client.costs.summary()).requests], [0.024, 3]);
  });

  test("says so when it cannot be cleared", async () => {
    const store = mapStore();
    const client = made(store);
    await client.chat({ model, messages: "Hi" });
    store.delete = async () => {
      throw new Error("read only");
    };
    const error = await failure(client.costs.clear());
    assert.deepEqual([error.code, /read only/.test(error.message)], ["storage", true]);
  });

  test("leaves out what is damaged", async () => {
    const store = mapStore();
    await made(store).chat({ model, messages: "Hi" });
    for (const [name, value] of [["a", "{"], ["b", "null"], ["c", '{"id":"x"}']]) store.values_.set(`modelwire/ledger/${name}`, new TextEncoder().encode(value));
    assert.equal((await made(store).costs.summary()).requests, 1);
  });

  test("remembers what counts were off by", async () => {
    const store = mapStore();
    store.values_.set("modelwire/calibration", new TextEncoder().encode("{not JSON"));
    const first = made(store);
    const request = { model, messages: "How many tokens are these?" };
    const { inputTokens: before } = await first.countTokens(request);
    // Its response says 1000 for some dozen: out of all proportion, and not believed.
    await first.chat(request);
    assert.equal((await first.countTokens(request)).inputTokens, before);
    const double = () => {
      const response = { id: "c1", model: "m", choices: [{ index: 0, finish_reason: "stop", message: { role: "assistant", content: "Hi" } }], usage: { prompt_tokens: before * 2, completion_tokens: 1 } };
      return new Response(JSON.stringify(response), { headers: { "content-type": "application/json" } });
    };
    await made(store, double).chat(request);
    await new Promise((resolve) => setTimeout(resolve, 0));
    const later = await made(store).countTokens(request);
    assert.deepEqual([later.inputTokens, later.method], [before * 2, "local"]);
  });

  test("must be a store", async () => {
    for (const store of ["disk", 7, {}, { get() {}, set() {}, delete() {} }]) assert.throws(() => made(store), TypeError, JSON.stringify(store));
    assert.throws(() => made({ get() {}, set() {}, delete() {} }), /store\.list/);
    const error = await failure(made("indexeddb").chat({ model, messages: "Hi" }));
    assert.deepEqual([error.code, /"memory", or a Store/.test(error.message)], ["unsupported", true]);
    assert.equal((await made("memory").chat({ model, messages: "Hi" })).text, "Hi");
  });
});
