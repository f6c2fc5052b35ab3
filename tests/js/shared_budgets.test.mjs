// Budgets that clients share in a store: one purse for two of them, asked before a request and while its answer arrives.
import assert from "node:assert/strict";
import test, { describe } from "node:test";
import { createClient, isLlmError } from "modelwire";
import { virtualClock } from "./clock.mjs";
import { all, chunk, scripted, text } from "./wire.mjs";

// 5 dollars a million in, 30 out: the 256 tokens that are reserved are 0.00768.
const model = "openai/gpt-5.5";
const usage = (input, output) =>
  `data: ${JSON.stringify({ id: "c1", model: "m", choices: [], usage: { prompt_tokens: input, completion_tokens: output, total_tokens: input + output } })}\n\n`;
const said = (words, input, output) => text(words) + chunk({}, "stop") + usage(input, output) + "data: [DONE]\n\n";
const endless = [...Array.from({ length: 200 }, () => chunk({ content: "word ".repeat(80) })), "hang"];

/** As a Durable Object or a database is: everything takes a while, one change after the other. */
function store() {
  const states = new Map();
  let last = Promise.resolve();
  const self = {
    states,
    asked: 0,
    broken: undefined,
    update(key, change) {
      self.asked++;
      const next = last.then(async () => {
        await new Promise((resolve) => setImmediate(resolve));
        if (self.broken) throw self.broken;
        const { state, result } = change(states.get(key) ?? null, self.now?.() ?? Date.now());
        states.set(key, state.slice());
        return result;
      });
      last = next.catch(() => {});
      return next;
    },
    spent: (key) => JSON.parse(new TextDecoder().decode(states.get(key))).spent / 1e12,
    idle: async () => {
      for (let before; before !== last; ) await (before = last);
    },
  };
  return self;
}

function made(budget, ...script) {
  const { fetch, calls } = scripted(...script);
  return { client: createClient({ providers: { openai: { apiKey: "a-key", api: "chat" } }, fetch, retry: false, budget }), calls };
}

const failure = (promise) => promise.then(() => assert.fail("it did not fail"), (error) => (assert.ok(isLlmError(error), error), error));

describe("a budget in a store", () => {
  test("is one for all clients, and counts what was used and not what was reserved", async () => {
    const shared = store();
    const budget = { usd: 0.02, per: "day", scope: shared };
    const heard = [];
    const first = made(budget, [said("Hi", 10, 250)]);
    const second = made(budget, [said("Hi", 10, 250)]);
    first.client.on("budget", (status) => heard.push(status));
    for (const { client } of [first, second]) assert.equal((await client.chat({ model, messages: "Hi" })).finishReason, "stop");
    await shared.idle();
    assert.equal(shared.spent("budget:day").toFixed(5), "0.01510");
    assert.deepEqual(heard, [{ spentUsd: 0.00755, limitUsd: 0.02 }]);
    const error = await failure(first.client.chat({ model, messages: "Hi" }));
    assert.deepEqual([error.code, first.calls.length], ["budget", 1]);
    assert.match(error.message, /0\.02 per day/);
  });

  test("is asked while an answer arrives, and the stream ends where it grants no more", async () => {
    const shared = store();
    const budget = { usd: 0.05, per: "month", scope: shared };
    const { client, calls } = made(budget, endless, [said("Hi", 10, 250)]);
    const events = await all(client.stream({ model, messages: "Hi" }));
    const { finishReason, usage, text: words } = events.at(-1).response;
    assert.equal(finishReason, "budget");
    // 1,666 tokens are 0.05 dollars; each read has a hundred.
    assert.ok(usage.outputTokens >= 1_600 && usage.outputTokens <= 1_767, `${usage.outputTokens} tokens`);
    assert.equal(words.length, usage.outputTokens * 4);
    assert.ok(calls[0].init.signal.aborted, "the provider hears of it");
    await shared.idle();
    assert.ok(Math.abs(shared.spent("budget:month") - 0.05) < 0.003, `spent ${shared.spent("budget:month")}`);
    assert.ok(shared.asked < 20, `asked ${shared.asked} times`);
  });

  test("is spent by what is recorded elsewhere, and begins anew with the store's month", async () => {
    const shared = store();
    shared.now = () => Date.parse("2026-11-30T23:59:00Z");
    const budget = { usd: 0.02, per: "month", scope: shared };
    const { client } = made(budget, [said("Hi", 10, 250)]);
    await client.costs.record({ model, usage: {}, usd: 0.019 });
    assert.equal((await failure(client.chat({ model, messages: "Hi" }))).code, "budget");
    shared.now = () => Date.parse("2026-12-01T00:00:01Z");
    assert.equal((await client.chat({ model, messages: "Hi" })).finishReason, "stop");
  });

  test("that only warns is counted and refuses nothing", async () => {
    const shared = store();
    const { client } = made({ usd: 0.001, per: "day", scope: shared, onExceed: "warn" }, [said("Hi", 10, 250)]);
    const heard = [];
    client.on("budget", (status) => heard.push(status));
    await client.chat({ model, messages: "Hi" });
    await client.chat({ model, messages: "Hi" });
    assert.deepEqual(heard.map(({ spentUsd }) => spentUsd), [0.00755, 0.0151]);
  });

  test("whose store fails sends nothing; in the middle it ends the answer and says why", async () => {
    const shared = store();
    const budget = { usd: 1, per: "day", scope: shared };
    const { client, calls } = made(budget, endless);
    shared.broken = new Error("no connection");
    const error = await failure(client.chat({ model, messages: "Hi" }));
    assert.deepEqual([error.code, calls.length], ["storage", 0]);
    assert.match(error.message, /no connection/);
    shared.broken = undefined;
    const stream = client.stream({ model, messages: "Hi" });
    for await (const event of stream) if (event.type === "text-delta") shared.broken = new Error("no connection");
    const response = await stream.response;
    assert.deepEqual([response.finishReason, response.warnings.map(({ code }) => code)], ["budget", ["budget-store"]]);
  });

  test("can be left while it is asked", async () => {
    const shared = store();
    const { client } = made({ usd: 1, per: "day", scope: shared }, endless);
    const stop = new AbortController();
    const stream = client.stream({ model, messages: "Hi", signal: stop.signal });
    const { update } = shared;
    let changes = 0;
    // The first is the reservation; the second never comes back.
    shared.update = (...given) => (++changes === 2 ? (setImmediate(() => stop.abort()), new Promise(() => {})) : update(...given));
    const error = await failure(all(stream));
    assert.deepEqual([error.code, error.partial.finishReason], ["aborted", "aborted"]);
    assert.ok(error.partial.text.length > 0);
    await shared.idle();
    assert.ok(shared.spent("budget:day") < 0.012, "what was reserved and not used is given back");
  });

  test("that never answers ends the answer after ten seconds", async () => {
    const shared = store();
    const clock = virtualClock();
    const { fetch } = scripted(endless);
    const client = createClient({ providers: { openai: { apiKey: "a-key", api: "chat" } }, fetch, clock, retry: false, budget: { usd: 1, per: "day", scope: shared } });
    const { update } = shared;
    let changes = 0;
    const asked = new Promise((resolve) => {
      shared.update = (...given) => (++changes === 2 ? (setImmediate(resolve), new Promise(() => {})) : update(...given));
    });
    const ended = all(client.stream({ model, messages: "Hi" }));
    await asked;
    await clock.advance(10_001);
    const { response } = (await ended).at(-1);
    assert.deepEqual([response.finishReason, response.warnings[0].code], ["budget", "budget-store"]);
  });

  test("cannot be there twice", async () => {
    const scope = store();
    const error = await failure(made([{ usd: 1, scope }, { usd: 2, scope }]).client.chat({ model, messages: "Hi" }));
    assert.deepEqual([error.code, /two of the same period/.test(error.message)], ["config", true]);
    const { client } = made([{ usd: 1, per: "day", scope }, { usd: 2, per: "day", scope, onExceed: "warn" }, { usd: 1, per: "month", scope }], [said("Hi", 1, 1)]);
    assert.equal((await client.chat({ model, messages: "Hi" })).text, "Hi");
  });

  test("of an origin is refused where there is none, and by its name", async () => {
    const error = await failure(made({ usd: 1, scope: "origin" }).client.chat({ model, messages: "Hi" }));
    assert.equal(error.code, "unsupported");
    assert.match(error.message, /budget\.scope "origin" is for pages/);
    assert.equal((await failure(made({ usd: 1, scope: 7 }).client.chat({ model, messages: "Hi" }))).code, "config");
  });
});
