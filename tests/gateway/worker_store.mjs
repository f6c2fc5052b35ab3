// One of several Workers whose clients keep their ledger in one Durable Object.
import { createClient } from "modelwire";
import { durableObjectLimits, durableObjectStore, LimitObject } from "modelwire/stores/cloudflare";
import { mockProviders } from "modelwire/testing";

/** The object, and what is to be seen of it from the inside only. */
export class Watched extends LimitObject {
  #storage;
  constructor(state) {
    super(state);
    this.#storage = state.storage;
  }
  async fetch(request) {
    const { pathname } = new URL(request.url);
    if (pathname === "/ring") await this.alarm();
    if (pathname !== "/ring" && pathname !== "/seen") return super.fetch(request);
    const tables = this.#storage.sql.exec("SELECT name FROM sqlite_master WHERE name = 'modelwire_values'").toArray();
    const rows = tables.length && this.#storage.sql.exec("SELECT count(*) AS count FROM modelwire_values").one().count;
    return Response.json({ rows, alarm: await this.#storage.getAlarm(), kept: (await this.#storage.get("kept")) !== undefined });
  }
}

export class Plain extends LimitObject {}

const model = "anthropic/claude-haiku-5-5";
let client;
const clientOf = (store) =>
  createClient({
    providers: { anthropic: { apiKey: "a-key" } },
    catalog: { [model]: { price: { input: 1, output: 10 } } },
    fetch: mockProviders([{ text: "Hi", usage: { inputTokens: 3, outputTokens: 7 } }]).fetch,
    store,
  });

const work = {
  async chat({ count = 1 }, { LIMITS }) {
    client ??= clientOf(durableObjectStore(LIMITS, "ledger"));
    const answers = await Promise.all(Array.from({ length: count }, () => client.chat({ model, messages: "Hi" })));
    return answers.reduce((sum, { cost }) => sum + cost.usd, 0);
  },
  async summary(_, { LIMITS }) {
    const { costs } = (client ??= clientOf(durableObjectStore(LIMITS, "ledger")));
    let history = 0;
    for await (const _ of costs.history()) history++;
    return { ...(await costs.summary()), history };
  },
  /** Of the store itself: `[method, ...arguments]` one after the other; bytes by their length. */
  async store({ name, binding = "LIMITS", ahead = 0, steps }, env) {
    const store = durableObjectStore(env[binding], name, () => Date.now() + ahead);
    const results = [];
    for (const [method, ...given] of steps) {
      try {
        if (method === "list") results.push(await Array.fromAsync(store.list(...given)));
        else if (method === "fill") for (let at = 0; at < given[0]; at += 200) await Promise.all(Array.from({ length: Math.min(200, given[0] - at) }, (_, more) => store.set(`fill/${at + more}`, new Uint8Array(10))));
        else if (method === "set") results.push(await store.set(given[0], new Uint8Array(given[1]).fill(7), given[2]));
        else if (method === "values") results.push((await store.values(...given)).map(({ length }) => length));
        else {
          const result = await store[method](...given);
          results.push(result instanceof Uint8Array ? { length: result.length, sum: result.reduce((sum, byte) => sum + byte, 0) } : result);
        }
      } catch (error) {
        results.push({ code: error.code, message: error.message });
      }
    }
    return results;
  },
  limit: ({ name }, { LIMITS }) => durableObjectLimits(LIMITS).update(name, () => ({ state: new Uint8Array(3), result: null })),
  async object({ name, path }, { LIMITS }) {
    return (await LIMITS.get(LIMITS.idFromName(name)).fetch(`https://limits.invalid/${path}`)).json();
  },
};

export default {
  async fetch(request, env) {
    const { what, ...options } = await request.json();
    return Response.json((await work[what](options, env)) ?? null);
  },
};
