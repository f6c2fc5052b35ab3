// Answers that are kept, in the place that this runtime has for them unless it is told another.
import { equal, ok, readAll } from "../expect.mjs";
import { key, openai, text, wires } from "../wires.mjs";

/** What must be the same of two streams: all but the ends, which say when it was and what it cost. */
const told = (events) => events.filter(({ type }) => type !== "end" && type !== "usage");

export const cacheChecks = [
  {
    name: "an answer of each wire is asked for once and given again, event for event",
    async run({ createClient }, env) {
      for (const wire of wires) {
        const server = await env.serve({ body: wire.textStream(), cut: "events" });
        const client = createClient({ providers: wire.provider(server.baseURL, key), cache: { name: crypto.randomUUID() } });
        const ask = { model: wire.model, messages: "Hi" };
        const first = await readAll(client.stream(ask));
        const second = await readAll(client.stream(ask));
        equal(told(second), told(first), `events of ${wire.name}`);
        const { response } = second.at(-1);
        equal([response.text, response.cached, response.cost?.usd, response.attempts.length], [text, true, 0, 0], wire.name);
        equal(response.message, first.at(-1).response.message, `message of ${wire.name}`);
        equal((await client.chat(ask)).cached, true, `chat of ${wire.name}`);
        equal((await server.seen()).requests.length, 1, `requests to ${wire.name}`);
        const { entries, hits, misses } = await client.cache.stats();
        equal([entries, hits, misses], [1, 2, 1], `stats of ${wire.name}`);
        equal(await client.cache.clear(), 1, `cleared of ${wire.name}`);
        equal((await client.cache.stats()).entries, 0, `left of ${wire.name}`);
        await client.close();
      }
    },
  },
  {
    name: "identical calls in flight share one, where one request may wait for another's",
    async run({ createClient }, env) {
      const server = await env.serve({ body: openai.textStream(), cut: "events" });
      const client = createClient({ providers: openai.provider(server.baseURL, key), cache: { name: crypto.randomUUID() } });
      const ask = { model: openai.model, messages: "Hi" };
      const answers = await Promise.all(Array.from({ length: 5 }, () => client.stream(ask).response));
      equal(answers.map((answer) => answer.text), Array(5).fill(text), "texts");
      const { requests } = await server.seen();
      const isWorkerd = globalThis.navigator?.userAgent === "Cloudflare-Workers";
      ok(requests.length === 1 || (isWorkerd && requests.length <= 5), `${requests.length} requests`);
      await client.close();
    },
  },
  {
    name: "what is kept outlives its client, where the store does",
    async run({ createClient }, env) {
      const server = await env.serve({ body: JSON.stringify(openai.textWhole()), headers: { "content-type": "application/json" } });
      const kept = new Map();
      const store = {
        get: async (name) => kept.get(name) ?? null,
        set: async (name, value) => void kept.set(name, value),
        delete: async (name) => kept.delete(name),
        async *list(prefix) {
          for (const name of [...kept.keys()]) if (name.startsWith(prefix)) yield name;
        },
      };
      const make = () => createClient({ providers: openai.provider(server.baseURL, key), cache: { store } });
      const ask = { model: openai.model, messages: "Hi", cache: { ttlSeconds: 3600, tags: ["greeting"] } };
      await make().chat(ask);
      equal((await make().chat(ask)).cached, true, "of another client");
      ok(![...kept].some(([name, value]) => `${name}${new TextDecoder().decode(value)}`.includes(key)), "the key is kept");
      equal(await make().cache.clear({ tags: ["greeting"] }), 1, "cleared by tag");
      equal([...kept.keys()].filter((name) => name.includes("/cache/")), [], "what is left");
    },
  },
];
