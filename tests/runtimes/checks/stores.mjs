// Every store passes this, each in its own real runtime: what the client keeps is kept by all of them alike.
//
//   env.stores       the names of the stores that this runtime has; env.made.stores[name](now) makes one
//   env.limitStores  likewise, of limits and budgets: env.made.limitStores[name]()
import { equal, failure, ok } from "../expect.mjs";
import { key, openai } from "../wires.mjs";

const bytes = (text) => new TextEncoder().encode(text);
const text = (value) => (value === null ? null : new TextDecoder().decode(value));
const all = async (list) => {
  const keys = [];
  for await (const one of list) keys.push(one);
  return keys.sort();
};

/** What a store must do. `folder` is a beginning of keys that nobody else uses; `clock.now` can be set. */
const suite = {
  "gives back what it was given, byte for byte": async (store, folder) => {
    equal(await store.get(`${folder}nothing`), null, "what is not there");
    const every = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    for (const [name, value] of Object.entries({ empty: new Uint8Array(), every, text: bytes("é🙂") })) {
      await store.set(folder + name, value);
      const found = await store.get(folder + name);
      ok(found instanceof Uint8Array, `${name} is a Uint8Array`);
      equal([...found], [...value], name);
    }
  },
  "keeps a megabyte, and a piece of a larger array as no more than that": async (store, folder) => {
    const large = Uint8Array.from({ length: 1_000_003 }, (_, at) => (at * 31) % 251);
    await store.set(`${folder}large`, large);
    const found = await store.get(`${folder}large`);
    equal([found.length, found.every((byte, at) => byte === large[at])], [large.length, true], "the megabyte");
    await store.set(`${folder}piece`, large.subarray(500, 503));
    equal([...(await store.get(`${folder}piece`))], [...large.subarray(500, 503)], "the piece");
  },
  "is not changed by what happens to an array afterwards": async (store, folder) => {
    const value = bytes("before");
    await store.set(`${folder}a`, value);
    value.fill(0);
    (await store.get(`${folder}a`)).fill(1);
    equal(text(await store.get(`${folder}a`)), "before", "what is kept");
  },
  "writes over, large over small and small over large": async (store, folder) => {
    for (const length of [3, 200_000, 5, 130_000, 0]) {
      await store.set(`${folder}a`, new Uint8Array(length).fill(length % 256));
      const found = await store.get(`${folder}a`);
      equal([found.length, found.every((byte) => byte === length % 256)], [length, true], `${length} bytes`);
    }
    equal(await all(store.list(folder)), [`${folder}a`], "the keys");
  },
  "deletes, and says whether there was anything": async (store, folder) => {
    await store.set(`${folder}a`, bytes("1"));
    await store.set(`${folder}b`, new Uint8Array(150_000));
    equal([await store.delete(`${folder}a`), await store.delete(`${folder}a`), await store.delete(`${folder}b`)], [true, false, true], "what it said");
    equal([await store.get(`${folder}a`), await store.get(`${folder}b`), await all(store.list(folder))], [null, null, []], "what is left");
  },
  "lists by the beginning of keys, whatever they are made of": async (store, folder) => {
    const names = ["a", "a/b", "a/b/c", "a%2Fb", "ab", "b?x=1#y", "ü ñ", "a:b", "字"];
    for (const name of names) await store.set(folder + name, bytes(name));
    equal(await all(store.list(folder)), names.map((name) => folder + name).sort(), "all");
    equal(await all(store.list(`${folder}a/`)), [`${folder}a/b`, `${folder}a/b/c`], "some");
    equal(await all(store.list(`${folder}z`)), [], "none");
    for (const name of names) equal(text(await store.get(folder + name)), name, name);
  },
  "lists a thousand and one, also while they are deleted": async (store, folder) => {
    for (let start = 0; start < 1001; start += 77) {
      await Promise.all(Array.from({ length: Math.min(77, 1001 - start) }, (_, at) => store.set(`${folder}${start + at}`, new Uint8Array(1))));
    }
    let listed = 0;
    for await (const one of store.list(folder)) {
      listed++;
      await store.delete(one);
    }
    equal([listed, await all(store.list(folder))], [1001, []], "how many, and what is left");
  },
  "forgets what has had its time": async (store, folder, clock) => {
    await store.set(`${folder}short`, bytes("1"), { ttlSeconds: 0.5 });
    await store.set(`${folder}long`, bytes("2"), { ttlSeconds: 3600 });
    await store.set(`${folder}ever`, bytes("3"));
    await store.set(`${folder}again`, bytes("4"), { ttlSeconds: 0.5 });
    await store.set(`${folder}again`, bytes("5"));
    equal(await all(store.list(folder)), ["again", "ever", "long", "short"].map((name) => folder + name), "at first");
    clock.ahead = 1_000;
    equal(await all(store.list(folder)), ["again", "ever", "long"].map((name) => folder + name), "after a second");
    equal([await store.get(`${folder}short`), text(await store.get(`${folder}long`)), text(await store.get(`${folder}again`))], [null, "2", "5"], "the values");
    equal(await store.delete(`${folder}short`), false, "it was not there any more");
    clock.ahead = 3_601_000;
    equal([await store.get(`${folder}long`), text(await store.get(`${folder}ever`))], [null, "3"], "after an hour");
  },
  "takes many at once": async (store, folder) => {
    await Promise.all(Array.from({ length: 50 }, (_, at) => store.set(`${folder}${at % 5}`, bytes(String(at % 5)))));
    for (let at = 0; at < 5; at++) equal(text(await store.get(folder + at)), String(at), `the ${at}th`);
  },
  "keeps a client's ledger": async (store, _folder, _clock, modelwire, env) => {
    const server = await env.serve({ body: JSON.stringify(openai.textWhole()), headers: { "content-type": "application/json" } });
    const make = () => modelwire.createClient({ providers: openai.provider(server.baseURL, key), catalog: { [openai.model]: { price: { input: 1_000_000, output: 0 } } }, store });
    await make().costs.clear();
    const { cost } = await make().chat({ model: openai.model, messages: "Hi" });
    equal([(await make().costs.summary()).totalUsd, cost.usd > 0], [cost.usd, true], "what another client reads");
    await make().costs.clear();
    equal((await make().costs.summary()).requests, 0, "after clear");
  },
  "keeps a client's answers, within bounds": async (store, folder, clock, modelwire, env) => {
    const server = await env.serve({ body: JSON.stringify(openai.textWhole()), headers: { "content-type": "application/json" } });
    const make = () =>
      modelwire.createClient({ providers: openai.provider(server.baseURL, key), store: "memory", cache: { store, name: folder, maxEntries: 3, ttlSeconds: 3600 } });
    const ask = (messages) => ({ model: openai.model, messages, cache: { tags: [`tag ${messages}`] } });
    for (const messages of ["1", "2", "3", "4"]) {
      clock.ahead += 1000;
      await make().chat(ask(messages));
    }
    equal((await make().cache.stats()).entries, 3, "entries");
    equal(await make().cache.get(ask("1")), null, "the oldest");
    equal((await make().chat(ask("4"))).cached, true, "the newest");
    equal([await make().cache.clear({ tags: ["tag 3"] }), await make().cache.delete(ask("4")), await make().cache.clear()], [1, true, 1], "by tag, by request, and the rest");
    equal((await all(store.list("modelwire/cache/"))).filter((name) => name.includes(encodeURIComponent(folder))), [], "what is left");
  },
};

/** What a store of limits must do. */
const limitSuite = {
  "changes one after the other, however many ask": async (store) => {
    const name = `count ${crypto.randomUUID()}`;
    const add = (state) => {
      const count = state === null ? 1 : new DataView(state.buffer, state.byteOffset).getUint32(0) + 1;
      const next = new Uint8Array(4);
      new DataView(next.buffer).setUint32(0, count);
      return { state: next, result: count };
    };
    const counts = await Promise.all(Array.from({ length: 40 }, () => store.update(name, add)));
    equal(counts.sort((one, other) => one - other), Array.from({ length: 40 }, (_, at) => at + 1), "the counts");
  },
  "has a clock, and keeps nothing of a change that throws": async (store) => {
    const name = `throws ${crypto.randomUUID()}`;
    let error;
    await store.update(name, () => {
      throw new Error("no");
    }).catch((thrown) => (error = thrown));
    ok(error, "it rejects");
    const seen = await store.update(name, (state, nowMs) => ({ state: new Uint8Array([1]), result: [state, Math.abs(nowMs - Date.now()) < 60_000] }));
    equal(seen, [null, true], "the state, and the time");
  },
  "makes one budget and one limit of two clients'": async (store, modelwire, env) => {
    const server = await env.serve({ body: JSON.stringify(openai.textWhole()), headers: { "content-type": "application/json" } });
    // Names of their own: a store may outlive the check.
    const run = crypto.randomUUID();
    const tags = { run };
    const make = () =>
      modelwire.createClient({
        providers: openai.provider(server.baseURL, key),
        catalog: { [openai.model]: { price: { input: 1, output: 1 } } },
        tags,
        budget: { usd: 0.001, per: "month", tags, scope: store },
        limits: { [`${run}/*`]: { requestsPerMinute: 60, burst: 2, scope: store } },
      });
    const ask = { model: openai.model, messages: "Hi", maxTokens: 10 };
    const { cost } = await make().chat(ask);
    ok(cost.usd > 0 && cost.usd < 0.0005, `it cost ${cost.usd}`);
    await make().costs.record({ model: openai.model, usage: {}, usd: 0.00099 });
    await failure(modelwire, make().chat(ask), "budget");
    equal([await make().limits.tryAcquire(`${run}/m`, {}), await make().limits.tryAcquire(`${run}/m`, {}), await make().limits.tryAcquire(`${run}/m`, {})], [true, true, false], "room for two");
  },
};

const STORES = ["memory", "IndexedDB", "Cache API", "Cloudflare KV", "Durable Object storage", "Durable Object", "Deno KV"];
const LIMIT_STORES = ["Durable Objects", "Deno KV"];

export const storeChecks = [
  ...STORES.flatMap((name) =>
    Object.entries(suite).map(([what, run]) => ({
      name: `the store ${name} ${what}`,
      where: (env) => env.stores?.includes(name),
      async run(modelwire, env) {
        const clock = { ahead: 0 };
        const store = env.made.stores[name](() => Date.now() + clock.ahead);
        await run(store, `${crypto.randomUUID()}/`, clock, modelwire, env);
      },
    })),
  ),
  ...LIMIT_STORES.flatMap((name) =>
    Object.entries(limitSuite).map(([what, run]) => ({
      name: `the limits in ${name}: a store that ${what}`,
      where: (env) => env.limitStores?.includes(name),
      run: (modelwire, env) => run(env.made.limitStores[name](), modelwire, env),
    })),
  ),
];
