// What the tests of queues share: a provider that answers with what it was asked, and a store that can stop.
import { createClient } from "modelwire";
import { macrotask } from "./wire.mjs";

export const model = "openai/gpt-5.5";
const usage = { prompt_tokens: 1000, completion_tokens: 0, total_tokens: 1000 };

/** A provider that answers each request with its own text, when it is let (`held`); `fail` in a request fails it. */
export function provider({ held = false } = {}) {
  const calls = [];
  const running = { now: 0, most: 0 };
  const fetch = (url, init) =>
    new Promise((resolve, reject) => {
      const { content } = JSON.parse(new TextDecoder().decode(init.body)).messages.at(-1);
      const text = typeof content === "string" ? content : JSON.stringify(content);
      running.most = Math.max(running.most, ++running.now);
      const call = { text, init };
      const over = (settle, value) => {
        if (call.over) return;
        call.over = true;
        running.now--;
        settle(value);
      };
      init.signal.addEventListener("abort", () => ((call.aborted = true), over(reject, init.signal.reason)));
      const [body, status] = text.includes("fail")
        ? [{ error: { message: "no" } }, 400]
        : [{ id: "c", model: "m", choices: [{ index: 0, finish_reason: "stop", message: { role: "assistant", content: text } }], usage }, 200];
      call.answer = () => over(resolve, new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json" } }));
      call.breaks = () => over(reject, new TypeError("fetch failed"));
      calls.push(call);
      if (!held) setImmediate(call.answer);
    });
  return { fetch, calls, running };
}

export function made({ held, options } = {}) {
  const { fetch, calls, running } = provider({ held });
  return { client: createClient({ providers: { openai: { apiKey: "a-key", api: "chat" } }, fetch, retry: false, ...options }), fetch, calls, running };
}

export const ask = (messages) => ({ model, messages });

export const until = async (holds) => {
  while (!(await holds())) await macrotask();
};

/** The contract's `Store` in a Map, which outlives what is done to it. */
export function mapStore(values = new Map()) {
  return {
    writes: 0,
    async get(key) {
      await macrotask();
      return values.get(key)?.slice() ?? null;
    },
    async set(key, value) {
      await macrotask();
      this.writes++;
      values.set(key, value.slice());
    },
    async delete(key) {
      await macrotask();
      return values.delete(key);
    },
    async *list(prefix) {
      for (const key of [...values.keys()]) if (key.startsWith(prefix)) yield key;
    },
  };
}

/**
 * The same, of a program that is killed at its nth write: that one is kept (or not: `lost`), and nothing comes back from there any more.
 */
export function mortalStore(values, { nth, lost = false }) {
  const store = mapStore(values);
  let writes = 0;
  let died;
  const death = new Promise((resolve) => (died = resolve));
  const never = new Promise(() => {});
  const alive = (work) => async (...given) => {
    if (store.dead) return never;
    const result = await work(...given);
    return store.dead ? never : result;
  };
  const writing = (work) => async (...given) => {
    if (store.dead) return never;
    if (++writes === nth) {
      store.dead = true;
      if (!lost) await work(...given);
      died();
      return never;
    }
    const result = await work(...given);
    return store.dead ? never : result;
  };
  const { set, delete: remove, get } = store;
  return Object.assign(store, { death, get: alive(get), set: writing(set.bind(store)), delete: writing(remove) });
}
