// What callers may spend and send, counted by their ids: in a gateway's own memory, and in a store that gateways share.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { transform } from "esbuild";
import { createClient } from "modelwire";
import { createGateway } from "modelwire/gateway";
import { mockProviders } from "modelwire/testing";

const usage = { inputTokens: 2, outputTokens: 200 };
/** Dollars a million: what is reserved, max_tokens, is what it comes to. */
const price = { input: 0, output: 10 };
const cost = 0.002;

/** `caller`: of each request, by its token. */
function made(callers, { script = [{ text: "word ".repeat(10), usage }], store, catalog = { "anthropic/claude-haiku-5-5": { price } }, ...options } = {}) {
  const { fetch, requests } = mockProviders(script);
  const client = createClient({ providers: { anthropic: { apiKey: "a-key" } }, models: { claude: "anthropic/claude-haiku-5-5" }, catalog, retry: false, fetch, ...options.client });
  const gateway = createGateway(client, { authorize: ({ headers }) => callers[headers.get("authorization").slice(7)] ?? null, allow: ["claude"], onError() {}, ...(store && { store }) });
  const ask = async (who, more) => {
    const request = new Request("http://gateway/v1/chat/completions", {
      method: "POST",
      headers: { authorization: `Bearer ${who}`, "content-type": "application/json" },
      body: JSON.stringify({ model: "claude", messages: [{ role: "user", content: "Hi" }], max_tokens: 200, ...more }),
    });
    const response = await gateway.fetch(request);
    return { status: response.status, headers: response.headers, text: await response.text() };
  };
  return { ask, requests, client };
}

const statuses = async (many) => (await Promise.all(many)).map(({ status }) => status).sort();

/** A store that takes its time, one change after the other. */
function sharedStore() {
  const states = new Map();
  let last = Promise.resolve();
  return {
    states,
    update(key, change) {
      const next = last.then(async () => {
        await new Promise((resolve) => setImmediate(resolve));
        const { state, result } = change(states.get(key) ?? null, Date.now());
        states.set(key, state.slice());
        return result;
      });
      last = next.catch(() => {});
      return next;
    },
  };
}

describe("a caller's budget", () => {
  test("ends with his money, and is nobody else's; the answer says so as OpenAI does", async () => {
    const { ask, requests } = made({ a: { id: "a", budget: { usd: 0.0065 } }, b: { id: "b", budget: { usd: 0.0065 } } });
    let [sum, count] = [0, 0];
    for (;;) {
      const { status, headers, text } = await ask("a");
      if (status !== 200) {
        assert.equal(status, 429);
        assert.deepEqual([JSON.parse(text).error.code, headers.get("x-should-retry")], ["insufficient_quota", "false"]);
        assert.ok(!/0\.0065/.test(text), "not how much it is");
        break;
      }
      assert.equal(Number(headers.get("x-modelwire-cost-usd")), cost);
      sum += cost;
      count++;
    }
    assert.ok(sum <= 0.0065 && sum > 0.0065 - 2 * cost, `spent ${sum}`);
    assert.equal(requests.length, count, "who has none is not asked for");
    assert.equal((await ask("b")).status, 200);
  });

  test("ends an answer in the middle, whole or streamed", async () => {
    const endless = [{ text: "word ".repeat(4000), usage: { inputTokens: 10, outputTokens: 4000 } }];
    for (const stream of [true, false]) {
      const { ask } = made({ a: { id: "a", budget: { usd: 0.01 } } }, { script: endless });
      const { status, text } = await ask("a", { stream, max_tokens: 10_000 });
      assert.equal(status, 200);
      const last = stream ? JSON.parse(text.trim().split("\n\n").at(-2).slice(6)) : JSON.parse(text);
      assert.deepEqual([last.choices[0].finish_reason, last.modelwire.finish_reason], ["length", "budget"]);
      assert.ok(last.modelwire.cost_usd <= 0.011 && last.modelwire.cost_usd > 0.008, String(last.modelwire.cost_usd));
    }
  });

  test("is reserved before it is spent: of many at once only as many are let in as it has room for", async () => {
    const { ask, requests } = made({ a: { id: "a", budget: { usd: 0.01 } } });
    const all = await statuses(Array.from({ length: 40 }, () => ask("a")));
    const served = all.filter((status) => status === 200).length;
    assert.ok(served >= 1 && served * cost <= 0.01, `${served} were served`);
    assert.equal(all.filter((status) => status === 429).length, 40 - served);
    assert.equal(requests.length, served);
  });

  test("is one in two gateways that share a store, per day by the store's clock", async () => {
    const store = sharedStore();
    const callers = { a: { id: "a:b", budget: { usd: 0.02, per: "day" } } };
    const two = [made(callers, { store }), made(callers, { store })];
    const all = await Promise.all(Array.from({ length: 60 }, (_, at) => two[at % 2].ask("a")));
    let served = all.filter(({ status }) => status === 200).length;
    assert.ok(served * cost <= 0.02 + cost, `${served} at once`);
    while ((await two[served % 2].ask("a")).status === 200) served++;
    assert.ok(served * cost <= 0.02 && (served + 1) * cost > 0.02 - 0.002, `${served} in all`);
    assert.deepEqual([...store.states.keys()], ["caller:3:a:b:budget:day"]);
    assert.equal(JSON.parse(new TextDecoder().decode(store.states.get("caller:3:a:b:budget:day"))).spent, served * cost * 1e12);
  });

  test("with a model whose price nobody knows there is no answer; without a budget there is", async () => {
    const { ask } = made({ a: { id: "a", budget: { usd: 1 } }, b: { id: "b" } }, { client: { models: { claude: "anthropic/claude-unheard-of" } } });
    assert.deepEqual([(await ask("a")).status, (await ask("b")).status], [429, 200]);
  });

  test("stands beside the client's own", async () => {
    const { ask } = made({ a: { id: "a", budget: { usd: 1 }, tags: { team: "x" } }, b: { id: "b", tags: { team: "y" } } }, { client: { budget: { usd: 0.003, tags: { team: "x" } } } });
    assert.deepEqual([(await ask("a")).status, (await ask("a")).status, (await ask("b")).status], [200, 429, 200]);
    assert.equal((await ask("b", { metadata: { team: "x" } })).status, 200, "what a caller says of himself are no tags of the gateway's");
  });
});

describe("a caller's limits", () => {
  test("hold at once: who is over them is told how long to wait, and costs nothing", async () => {
    const { ask, requests } = made({ a: { id: "a", limits: { requestsPerMinute: 6, burst: 2 } }, b: { id: "b", limits: { requestsPerMinute: 6, burst: 2 } } });
    const [first, second, third] = [await ask("a"), await ask("a"), await ask("a")];
    assert.deepEqual([first.status, second.status, third.status], [200, 200, 429]);
    assert.equal(JSON.parse(third.text).error.code, "rate_limit_exceeded");
    const seconds = Number(third.headers.get("retry-after"));
    assert.ok(seconds >= 9 && seconds <= 10, `${seconds} s`);
    assert.equal(requests.length, 2);
    assert.equal((await ask("b")).status, 200);
  });

  test("wait, where they say for how long", async () => {
    const { ask } = made({ a: { id: "a", limits: { requestsPerMinute: 1200, burst: 1, maxWaitMs: 10_000 } } });
    assert.deepEqual(await statuses(Array.from({ length: 5 }, () => ask("a"))), [200, 200, 200, 200, 200]);
  });

  test("count tokens by what was used", async () => {
    const { ask } = made({ a: { id: "a", limits: { tokensPerMinute: 600 } } });
    assert.deepEqual([(await ask("a")).status, (await ask("a")).status], [200, 429]);
  });

  test("a request that is tried again is one request", async () => {
    const script = [{ error: "server" }, { error: "server" }, { text: "Hi", usage }];
    const { ask, requests } = made({ a: { id: "a", limits: { requestsPerMinute: 1, burst: 1 } } }, { script, client: { retry: { maxAttempts: 3, baseDelayMs: 1 } } });
    assert.deepEqual([(await ask("a")).status, requests.length, (await ask("a")).status], [200, 3, 429]);
  });

  test("end a call at once, whatever retries and fallbacks the client has: it is the caller's limit and no model's", async () => {
    const models = { claude: ["anthropic/claude-haiku-5-5", "anthropic/claude-fable-5"] };
    const { ask, requests } = made({ a: { id: "a", limits: { requestsPerMinute: 1, burst: 1 } } }, { client: { models, retry: { maxAttempts: 3 }, fallback: { when: () => true } } });
    assert.deepEqual([(await ask("a")).status, (await ask("a")).status, requests.length], [200, 429, 1]);
  });

  test("places are given back however an answer ends", async () => {
    const { ask } = made({ a: { id: "a", limits: { maxConcurrent: 2 } } }, { script: [{ error: "server" }, { text: "Hi there, you", errorAfterEvents: 5 }, "Hi"] });
    assert.equal((await ask("a")).status, 502);
    assert.equal((await ask("a", { stream: true })).status, 200);
    assert.equal((await ask("a", { temperature: 7 })).status, 400);
    assert.deepEqual(await statuses(Array.from({ length: 5 }, (_, at) => ask("a", { stream: at % 2 === 0 }))), [200, 200, 429, 429, 429]);
    assert.deepEqual(await statuses([ask("a"), ask("a")]), [200, 200]);
  });

  test("places in a store there are none: it says so to its operator", async () => {
    const { ask, requests } = made({ a: { id: "a", limits: { maxConcurrent: 2 } } }, { store: sharedStore() });
    assert.equal((await ask("a")).status, 500);
    assert.equal(requests.length, 0);
  });

  test("are one in two gateways that share a store", async () => {
    const store = sharedStore();
    const callers = { a: { id: "a", limits: { requestsPerMinute: 1, burst: 7 } } };
    const two = [made(callers, { store }), made(callers, { store })];
    const all = await statuses(Array.from({ length: 40 }, (_, at) => two[at % 2].ask("a")));
    assert.equal(all.filter((status) => status === 200).length, 7);
  });

  test("a store that fails lets nobody through", async () => {
    const store = { update: () => Promise.reject(new Error("redis://user:password@internal is down")) };
    const { ask, requests } = made({ a: { id: "a", limits: { requestsPerMinute: 10 } }, b: { id: "b", budget: { usd: 1 } } }, { store });
    for (const who of ["a", "b"]) {
      const { status, text } = await ask(who);
      assert.ok(status >= 500, String(status));
      assert.ok(!text.includes("password"));
    }
    assert.equal(requests.length, 0);
  });

  test("memory is bounded: of more than ten thousand states, those longest unheard of are forgotten", async () => {
    // The store by itself: ten thousand callers would be a minute of requests.
    const source = readFileSync(new URL("../../js/gateway/memory.ts", import.meta.url), "utf8");
    const { code } = await transform(source, { loader: "ts", format: "esm" });
    const { memoryLimits } = await import(`data:text/javascript,${encodeURIComponent(code)}`);
    const store = memoryLimits(() => 7);
    const count = (key) => store.update(key, (state, now) => ({ state: Uint8Array.of((state?.[0] ?? 0) + 1), result: [(state?.[0] ?? 0) + 1, now] }));
    assert.deepEqual(await count("first"), [1, 7]);
    for (let at = 0; at < 9_999; at++) await count(`other ${at}`);
    assert.deepEqual(await count("first"), [2, 7], "ten thousand fit");
    await count("one more");
    assert.deepEqual([await count("first"), await count("other 0")], [[3, 7], [1, 7]], "who was heard of stays");
  });
});
