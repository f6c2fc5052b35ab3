// The response cache: what is asked once, what is given again, what is not kept, and what happens when the place for it fails.
import assert from "node:assert/strict";
import test, { describe } from "node:test";
import { createClient, isLlmError } from "modelwire";
import { memoryStore } from "modelwire/stores/web";
import { macrotask } from "./wire.mjs";

const model = "openai/gpt-5.5";
const encoder = new TextEncoder();
const usage = { prompt_tokens: 1000, completion_tokens: 100, total_tokens: 1100 };

const chunk = (delta, finish = null) => `data: ${JSON.stringify({ id: "c1", model: "gpt-5.5-x", choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
const spoken = (words) => [...words.map((word) => chunk({ content: word })), chunk({}, "stop"), `data: ${JSON.stringify({ id: "c1", choices: [], usage })}\n\n`, "data: [DONE]\n\n"];

/**
 * A provider that counts. Each request is answered by `answer(body, number)`: text (whole), or pieces (a stream); the pieces of a held
 * one are let go by `calls[n].next()`.
 */
function made({ answer = () => "Four.", held = false, options, clock } = {}) {
  const calls = [];
  const fetch = async (url, init) => {
    const body = JSON.parse(new TextDecoder().decode(init.body));
    const call = { body, aborted: false };
    calls.push(call);
    init.signal.addEventListener("abort", () => (call.aborted = true));
    const said = await answer(body, calls.length);
    if (said instanceof Response) return said;
    if (!body.stream && Array.isArray(said)) {
      const text = said.map((piece) => (piece.startsWith("data: {") ? (JSON.parse(piece.slice(6)).choices[0]?.delta?.content ?? "") : "")).join("");
      return Response.json({ id: "c1", model: "gpt-5.5-x", choices: [{ index: 0, finish_reason: "stop", message: { role: "assistant", content: text } }], usage });
    }
    if (typeof said === "string" && !body.stream) {
      if (held) await new Promise((resolve, reject) => ((call.next = resolve), init.signal.addEventListener("abort", () => reject(init.signal.reason))));
      return Response.json({ id: "c1", model: "gpt-5.5-x", choices: [{ index: 0, finish_reason: "stop", message: { role: "assistant", content: said } }], usage });
    }
    const pieces = typeof said === "string" ? spoken([said]) : said;
    let at = 0;
    const stream = new ReadableStream(
      {
        async pull(controller) {
          if (held) await new Promise((resolve) => (call.next = resolve));
          if (at === pieces.length) return controller.close();
          const piece = pieces[at++];
          if (piece instanceof Error) return controller.error(piece);
          controller.enqueue(encoder.encode(piece));
        },
        cancel: () => (call.cancelled = true),
      },
      { highWaterMark: 0 },
    );
    return new Response(stream, { headers: { "content-type": "text/event-stream" } });
  };
  const client = createClient({ providers: { openai: { apiKey: "sk-canary-key", api: "chat" } }, fetch, retry: false, cache: {}, ...(clock && { clock }), ...options });
  return { client, calls };
}

const ask = (more) => ({ model, messages: "Two and two?", ...more });
/** How many requests were looked up: each has one digest. */
let lookups = 0;
const { digest } = crypto.subtle;
crypto.subtle.digest = (...args) => digest.apply(crypto.subtle, args).finally(() => lookups++);
const lookedUp = async (count) => {
  await until(() => lookups >= count);
  await macrotask();
};
const until = async (holds) => {
  for (let turns = 0; !holds(); turns++) {
    if (turns > 10_000) assert.fail(`it never came: ${holds}`);
    await macrotask();
  }
};
const eventsOf = async (stream) => {
  const events = [];
  for await (const event of stream) events.push(event);
  return events;
};
const still = (now = 1_000_000) => ({ at: now, now() { return this.at; }, setTimeout: () => 0, clearTimeout() {} });

describe("a cache", () => {
  test("answers the same request once, and costs nothing the second time", async () => {
    const { client, calls } = made();
    const first = await client.chat(ask());
    const second = await client.chat(ask());
    assert.equal(calls.length, 1);
    assert.deepEqual([first.cached, second.cached], [false, true]);
    assert.equal(second.text, first.text);
    assert.deepEqual(second.usage, first.usage);
    assert.deepEqual(second.message, first.message);
    assert.deepEqual(second.raw, first.raw);
    assert.ok(first.cost.usd > 0);
    assert.deepEqual([second.cost.usd, second.cost.nanoUsd, second.attempts], [0, 0, []]);
    assert.deepEqual(await client.cache.stats(), { entries: 1, bytes: (await client.cache.stats()).bytes, hits: 1, misses: 1, savedUsd: first.cost.usd });
    // The ledger has both, and the sum is that of the first.
    assert.equal(client.costs.totalUsd, first.cost.usd);
    const { requests } = await client.costs.summary();
    assert.equal(requests, 2);
  });

  test("is off unless it is asked for", async () => {
    const { client, calls } = made({ options: { cache: false } });
    await client.chat(ask());
    await client.chat(ask());
    assert.equal(calls.length, 2);
    await client.chat(ask({ cache: true }));
    assert.equal((await client.chat(ask({ cache: true }))).cached, true);
    assert.equal(calls.length, 3);
    const on = made();
    await on.client.chat(ask({ cache: false }));
    await on.client.chat(ask({ cache: false }));
    assert.equal(on.calls.length, 2);
  });

  test("asks again after the TTL, and is empty after clear", async () => {
    const clock = still();
    const { client, calls } = made({ clock, options: { cache: { ttlSeconds: 60 } } });
    await client.chat(ask());
    clock.at += 59_000;
    assert.equal((await client.chat(ask())).cached, true);
    clock.at += 2_000;
    assert.equal((await client.chat(ask())).cached, false);
    assert.equal(calls.length, 2);
    assert.equal(await client.cache.clear(), 1);
    assert.equal((await client.chat(ask())).cached, false);
    assert.equal(calls.length, 3);
    // A request's own TTL is over sooner.
    await client.chat(ask({ messages: "Short", cache: { ttlSeconds: 1 } }));
    clock.at += 1_500;
    assert.equal((await client.chat(ask({ messages: "Short" }))).cached, false);
  });

  test("gives streams again event for event, and to chat what streamed and the other way round", async () => {
    const { client, calls } = made({ answer: () => spoken(["Fo", "ur", ", I think."]) });
    const first = await eventsOf(client.stream(ask()));
    const second = await eventsOf(client.stream(ask()));
    assert.equal(calls.length, 1);
    const plain = (events) => JSON.stringify(events.filter(({ type }) => type !== "end" && type !== "usage"));
    assert.equal(plain(second), plain(first));
    assert.ok(first.length > 4);
    const { response } = second.at(-1);
    assert.deepEqual([response.cached, response.text, response.finishReason, response.cost.usd], [true, "Four, I think.", "stop", 0]);
    assert.deepEqual(response.usage, first.at(-1).response.usage);
    assert.equal((await client.chat(ask())).text, "Four, I think.");
    assert.equal(calls.length, 1);

    const other = made();
    await other.client.chat(ask());
    assert.equal(await other.client.stream(ask()).text(), "Four.");
    assert.equal(other.calls.length, 1);
  });

  test("keeps tool calls, and runs the tools again", async () => {
    let runs = 0;
    const tools = [{ name: "add", input: { type: "object", properties: { a: { type: "number" } } }, run: () => (runs++, "4") }];
    const call = { index: 0, id: "t1", type: "function", function: { name: "add", arguments: '{"a":2}' } };
    const { client, calls } = made({
      answer: ({ messages }) => (messages.at(-1).role === "tool" ? spoken(["It is 4."]) : [chunk({ tool_calls: [call] }), chunk({}, "tool_calls"), "data: [DONE]\n\n"]),
    });
    const first = await eventsOf(client.stream(ask({ tools })));
    const second = await eventsOf(client.stream(ask({ tools })));
    assert.deepEqual([calls.length, runs], [2, 2]);
    assert.deepEqual(second.map(({ type }) => type), first.map(({ type }) => type));
    assert.deepEqual(second.at(-1).response.newMessages, first.at(-1).response.newMessages);
    assert.equal(second.at(-1).response.cached, true);
  });

  test("keeps nothing that did not end well", async () => {
    for (const [name, pieces] of Object.entries({
      "cut at its length": [chunk({ content: "Fo" }), chunk({}, "length"), "data: [DONE]\n\n"],
      filtered: [chunk({ content: "Fo" }), chunk({}, "content_filter"), "data: [DONE]\n\n"],
      truncated: [chunk({ content: "Fo" })],
      broken: [chunk({ content: "Fo" }), new TypeError("reset")],
    })) {
      const { client, calls } = made({ answer: () => pieces });
      await client.stream(ask()).response.catch(() => {});
      await client.stream(ask()).response.catch(() => {});
      assert.equal(calls.length, 2, name);
      assert.equal((await client.cache.stats()).entries, 0, name);
    }
    const { client, calls } = made({ answer: () => spoken(["Fo", "ur"]) });
    for await (const event of client.stream(ask())) if (event.type === "text-delta") break;
    await until(() => calls[0].cancelled);
    assert.equal((await client.cache.stats()).entries, 0, "left in the middle");
    const json = made({ answer: () => "not JSON" });
    for (let index = 0; index < 2; index++) await assert.rejects(json.client.chat(ask({ output: { type: "object" } })), { code: "output-invalid" });
    assert.equal(json.calls.length, 2, "not what was asked for");
    const strict = made({ answer: () => '{"n":"no number"}' });
    const output = { "~standard": { version: 1, vendor: "test", validate: () => ({ issues: [{ message: "no number" }] }), jsonSchema: { input: () => ({ type: "object" }) } } };
    for (const ask1 of [() => strict.client.chat(ask({ output })), () => strict.client.stream(ask({ output })).response]) {
      await assert.rejects(ask1, { code: "output-invalid" });
    }
    assert.equal(strict.calls.length, 2, "not what its schema takes");
  });

  test("tells requests apart by what the provider is told, in any order of members", async () => {
    const { client, calls } = made();
    const options = (value) => ({ providerOptions: { openai: value } });
    await client.chat(ask(options({ user: "a", metadata: { x: 1, y: 2 } })));
    assert.equal((await client.chat(ask(options({ metadata: { y: 2, x: 1 }, user: "a" })))).cached, true);
    for (const other of [{ system: "Be brief" }, { temperature: 0.5, model: "openai/gpt-4o" }, { maxTokens: 9 }, options({ user: "b" })]) {
      assert.equal((await client.chat(ask(other))).cached, false, JSON.stringify(other));
    }
    for (const same of [{ tags: { a: "b" } }, { headers: { "x-a": "b" } }, { timeout: { totalMs: 5000 } }]) {
      assert.equal((await client.chat(ask({ ...options({ user: "a", metadata: { x: 1, y: 2 } }), ...same }))).cached, true, JSON.stringify(same));
    }
    assert.equal(calls.length, 5);
  });

  test("obeys refresh, key, tags and sampled", async () => {
    const { client, calls } = made({ answer: (_, number) => `answer ${number}` });
    await client.chat(ask());
    assert.equal((await client.chat(ask({ cache: { refresh: true } }))).text, "answer 2");
    assert.equal((await client.chat(ask())).text, "answer 2");

    await client.chat(ask({ messages: "one", cache: { key: "greeting", tags: ["a", "b/c,d"] } }));
    assert.equal((await client.chat(ask({ messages: "another", cache: { key: "greeting" } }))).text, "answer 3");
    assert.equal(await client.cache.clear({ tags: ["b/c,d"] }), 1);
    assert.equal((await client.cache.stats()).entries, 1);
    assert.equal(calls.length, 3);

    const exact = made({ options: { cache: { sampled: false } } });
    const gpt = { model: "openai/gpt-4o" };
    await exact.client.chat(ask(gpt));
    await exact.client.chat(ask(gpt));
    assert.equal(exact.calls.length, 2);
    await exact.client.chat(ask({ ...gpt, temperature: 0 }));
    assert.equal((await exact.client.chat(ask({ ...gpt, temperature: 0 }))).cached, true);
  });

  test("drops what was used longest ago, by entries and by bytes", async () => {
    const clock = still();
    const { client } = made({ clock, options: { cache: { maxEntries: 3 } } });
    for (const messages of ["1", "2", "3"]) (clock.at += 1000), await client.chat(ask({ messages }));
    clock.at += 1000;
    assert.equal((await client.chat(ask({ messages: "1" }))).cached, true);
    clock.at += 1000;
    await client.chat(ask({ messages: "4" }));
    const there = async (messages) => (await client.cache.get(ask({ messages }))) !== null;
    assert.deepEqual([await there("1"), await there("2"), await there("3"), await there("4")], [true, false, true, true]);

    const small = made({ options: { cache: { maxBytes: 1500 } }, answer: ({ messages }) => "x".repeat(Number(messages[0].content)) });
    for (const messages of ["100", "101", "102", "103"]) await small.client.chat(ask({ messages }));
    const { bytes, entries } = await small.client.cache.stats();
    assert.ok(bytes <= 1500 && entries >= 1 && entries < 4, `${entries} entries, ${bytes} bytes`);
    await small.client.chat(ask({ messages: "5000" }));
    assert.equal((await small.client.cache.stats()).entries, entries, "one that is too large drops nobody");
  });

  test("gets, sets and deletes by request", async () => {
    const { client, calls } = made();
    assert.equal(await client.cache.get(ask()), null);
    const answer = await client.chat(ask({ cache: false }));
    await client.cache.set(ask(), answer);
    const got = await client.cache.get(ask());
    assert.deepEqual([got.text, got.cached, got.cost.usd, got.finishReason], ["Four.", true, 0, "stop"]);
    assert.deepEqual(got.usage, answer.usage);
    assert.equal(await client.stream(ask()).text(), "Four.");
    assert.equal(calls.length, 1);
    assert.deepEqual([await client.cache.delete(ask()), await client.cache.delete(ask())], [true, false]);
    await assert.rejects(client.cache.set(ask(), { text: "no" }), (error) => isLlmError(error, "invalid-request") && /response/.test(error.message));
    await assert.rejects(client.cache.get({ model, messages: [] }), (error) => isLlmError(error, "invalid-request"));
  });

  test("is looked up at each target of a chain, in order", async () => {
    const { client, calls } = made({ answer: ({ model }) => (model === "down" ? Response.json({ error: { message: "down" } }, { status: 503 }) : "Up.") });
    const chain = ask({ model: ["openai/down", "openai/up"] });
    assert.equal((await client.chat(chain)).text, "Up.");
    const again = await client.chat(chain);
    assert.deepEqual([again.cached, calls.map(({ body }) => body.model)], [true, ["down", "up", "down"]].map((value, index) => (index === 0 ? again.cached : value)));
    assert.equal((await client.cache.get(chain)).text, "Up.");
  });

  test("paces a replay by the clock", async () => {
    const timers = [];
    const clock = { at: 5_000, now: () => clock.at, setTimeout: (callback, ms) => timers.push({ callback, ms }), clearTimeout() {} };
    const { client, calls } = made({ answer: () => spoken(["a", "b", "c"]), held: true, clock, options: { cache: { replay: "paced" } } });
    const first = client.stream(ask()).text();
    for (let piece = 0; piece < 6; piece++) {
      await until(() => calls[0]?.next);
      const { next } = calls[0];
      calls[0].next = undefined;
      clock.at += 100;
      next();
    }
    assert.equal(await first, "abc");
    await client.cache.stats();
    timers.length = 0;
    const seen = [];
    const reading = (async () => {
      for await (const text of client.stream(ask()).textStream) seen.push(text);
    })();
    for (const expected of [[], ["a"], ["a", "b"], ["a", "b", "c"]]) {
      await until(() => timers.some(({ ms }) => ms <= 1000));
      assert.deepEqual(seen, expected);
      const { callback } = timers.splice(timers.findIndex(({ ms }) => ms <= 1000), 1)[0];
      callback();
    }
    while (seen.length < 3) await macrotask();
    const rest = setInterval(() => timers.splice(0).forEach(({ callback, ms }) => ms <= 1000 && callback()), 1);
    await reading;
    clearInterval(rest);
    assert.equal(calls.length, 1);
  });
});

describe("calls in flight", () => {
  test("share one provider call, and each has the whole answer", async () => {
    const { client, calls } = made({ held: true });
    const before = lookups;
    const answers = Array.from({ length: 20 }, () => client.chat(ask()));
    await until(() => calls[0]?.next);
    await lookedUp(before + 20);
    calls[0].next();
    const texts = await Promise.all(answers);
    assert.equal(calls.length, 1);
    // Digests are made side by side: whose is ready first asks.
    const asked = texts.filter(({ cached }) => !cached);
    assert.equal(asked.length, 1);
    assert.ok(texts.every(({ text }) => text === "Four."));
    assert.equal(client.costs.totalUsd, asked[0].cost.usd);
  });

  test("share a stream while it arrives, and who comes later has what he missed", async () => {
    const { client, calls } = made({ answer: () => spoken(["a", "b", "c"]), held: true });
    const step = async () => {
      await until(() => calls[0]?.next);
      const { next } = calls[0];
      calls[0].next = undefined;
      next();
    };
    const seen = { one: "", two: "" };
    const read = (name) => client.stream(ask()).forEach((text) => (seen[name] += text));
    const one = read("one");
    await step();
    await until(() => seen.one === "a");
    const two = read("two");
    await until(() => seen.two === "a");
    await step();
    await until(() => seen.one === "ab" && seen.two === "ab");
    for (let rest = 0; rest < 4; rest++) await step();
    const [first, second] = await Promise.all([one, two]);
    assert.deepEqual([first.text, second.text, first.cached, second.cached, calls.length], ["abc", "abc", false, true, 1]);
  });

  test("of different requests do not mix, however many there are", async () => {
    const { client, calls } = made({ answer: ({ messages }) => spoken([...messages[0].content].flatMap((letter) => [letter, "-"])) });
    const questions = Array.from({ length: 30 }, (_, at) => `question ${at}`);
    for (const expected of [false, true]) {
      const answers = await Promise.all(questions.map((messages, at) => (at % 2 ? client.stream(ask({ messages })).response : client.chat(ask({ messages })))));
      answers.forEach(({ text, cached }, at) => assert.deepEqual([text, cached], [[...questions[at]].join("-") + "-", expected]));
    }
    assert.equal(calls.length, 30);
  });

  test("go on when one of the callers leaves, and stop when the last one does", async () => {
    for (const leaver of [0, 1]) {
      const { client, calls } = made({ held: true });
      const before = lookups;
      const controllers = [new AbortController(), new AbortController()];
      const answers = controllers.map(({ signal }) => client.chat(ask({ signal })));
      answers.forEach((answer) => answer.catch(() => {}));
      await until(() => calls[0]?.next);
      await lookedUp(before + 2);
      controllers[leaver].abort();
      await assert.rejects(answers[leaver], { code: "aborted" });
      assert.equal(calls[0].aborted, false, "the other one waits for it");
      calls[0].next();
      assert.equal((await answers[1 - leaver]).text, "Four.");
      assert.equal(calls.length, 1);
    }
    const { client, calls } = made({ answer: () => spoken(["a", "b"]), held: true });
    const controllers = [new AbortController(), new AbortController(), new AbortController()];
    const seen = ["", "", ""];
    const all = controllers.map(({ signal }, at) => client.stream(ask({ signal })).forEach((text) => (seen[at] += text)));
    all.forEach((one) => one.catch(() => {}));
    await until(() => calls[0]?.next);
    calls[0].next();
    await until(() => seen.every((text) => text === "a"));
    for (const at of [0, 2]) controllers[at].abort();
    await macrotask();
    assert.equal(calls[0].aborted, false);
    controllers[1].abort();
    for (const one of all) await assert.rejects(one, { code: "aborted" });
    await until(() => calls[0].aborted);
    assert.equal(calls.length, 1);
    // What it had used is billed, once.
    await until(() => client.costs.totalUsd > 0);
  });

  test("share a failure, and each does about it what its own options say", async () => {
    const before = lookups;
    const { client, calls } = made({
      answer: async (_, number) => (number === 1 && (await lookedUp(before + 2)), number === 1 ? Response.json({ error: { message: "slow down" } }, { status: 429 }) : "Four."),
      clock: { now: () => Date.now(), setTimeout: (callback, ms) => (ms < 10_000 ? setImmediate(callback) : 0), clearTimeout: (handle) => handle && clearImmediate(handle) },
    });
    const patient = client.chat(ask({ retry: { maxAttempts: 3, jitter: false, baseDelayMs: 1 } }));
    const strict = client.chat(ask({ retry: false }));
    await assert.rejects(strict, { code: "rate-limit" });
    assert.equal((await patient).text, "Four.");
    assert.equal(calls.length, 2);
  });

  test("are a request's own where it has a budget of its own, and when it refreshes", async () => {
    const { client, calls } = made({ held: true, answer: () => "Four." });
    const all = [client.chat(ask()), client.chat(ask({ budget: { usd: 1 } })), client.chat(ask({ cache: { refresh: true } }))];
    const release = setInterval(() => calls.forEach((call) => (call.next?.(), (call.next = undefined))), 1);
    await Promise.all(all);
    clearInterval(release);
    assert.equal(calls.length, 3);
  });
});

describe("a store that fails", () => {
  const broken = (methods) => ({ ...memoryStore(), ...methods });
  const refuse = async () => {
    throw new Error("QuotaExceededError");
  };

  const unlistable = async function* () {
    yield await refuse();
  };

  test("fails no call: there is a warning", async (t) => {
    t.mock.method(console, "warn", () => {});
    for (const store of [broken({ get: refuse }), broken({ set: refuse }), broken({ list: unlistable, get: refuse, set: refuse, delete: refuse })]) {
      const { client, calls } = made({ options: { cache: { store, maxEntries: 5 } } });
      const first = await client.chat(ask());
      const second = await client.chat(ask());
      assert.deepEqual([first.text, second.text, calls.length], ["Four.", "Four.", 2]);
      assert.deepEqual(second.warnings.map(({ code, setting }) => [code, setting]), [["cache", "cache"]]);
      assert.match(second.warnings[0].message, /Quota/);
    }
  });

  test("makes room when it is full, and tells when that does not help", async (t) => {
    t.mock.method(console, "warn", () => {});
    let room = 4;
    const inner = memoryStore();
    const keys = new Set();
    const store = {
      ...inner,
      async set(key, value) {
        if (!keys.has(key) && keys.size >= room) throw new Error("QuotaExceededError");
        keys.add(key);
        await inner.set(key, value);
      },
      async delete(key) {
        keys.delete(key);
        return inner.delete(key);
      },
    };
    const { client } = made({ options: { cache: { store } } });
    for (const messages of ["1", "2", "3", "4"]) assert.deepEqual((await client.chat(ask({ messages }))).warnings, []);
    assert.equal((await client.chat(ask({ messages: "4" }))).cached, true);
    room = 0;
    await client.chat(ask({ messages: "5" }));
    assert.deepEqual((await client.chat(ask({ messages: "6" }))).warnings.map(({ code }) => code), ["cache"]);
    await assert.rejects(client.cache.set(ask({ messages: "7" }), await client.chat(ask({ messages: "7", cache: false }))), { code: "storage" });
  });

  test("of damaged entries, or another request's, is as if it had none", async () => {
    const store = memoryStore();
    const { client, calls } = made({ options: { cache: { store } } });
    await client.chat(ask());
    for await (const key of store.list("modelwire/cache/")) if (key.includes("/v/")) await store.set(key, encoder.encode('{"half'));
    assert.equal((await client.chat(ask())).cached, false);
    for await (const key of store.list("modelwire/cache/")) {
      if (!key.includes("/v/")) continue;
      const entry = JSON.parse(new TextDecoder().decode(await store.get(key)));
      await store.set(key, encoder.encode(JSON.stringify({ ...entry, request: "{}" })));
    }
    assert.equal((await client.chat(ask())).cached, false, "the request is compared");
    assert.equal(calls.length, 3);
  });

  test("holds no key and no header", async () => {
    const store = memoryStore();
    const { client } = made({ options: { cache: { store } }, answer: () => spoken(["It ", "is."]) });
    await client.stream(ask({ headers: { "x-secret": "header-canary" } })).response;
    let text = "";
    for await (const key of store.list("")) text += key + new TextDecoder().decode(await store.get(key));
    assert.ok(text.includes("It "));
    assert.ok(!text.includes("canary"), text);
  });
});
