// Limits, budgets and values in Durable Objects of the class `LimitObject`: what a Worker asks of them.
import { describe, errorOf } from "../errors.ts";
import type { LimitStore, Store } from "../types.ts";
import { bufferOf, unpacked } from "./bytes.ts";
import { CHANGE, type ChangingStore } from "./changing.ts";
import type { IndexedDbStore } from "./indexed_db.ts";
import { CHANGED_MEANWHILE, NOTHING } from "./limit_object.ts";

/** What is needed of a namespace of Durable Objects. */
export interface DurableObjects {
  idFromName(name: string): unknown;
  get(id: any): { fetch(url: string, init?: RequestInit): Promise<Response> };
}

/** Asks the object of this name. */
async function ask(binding: DurableObjects, name: string, path: string, init: RequestInit = {}): Promise<Response> {
  const failed = (why: string, cause?: unknown) => errorOf("storage", `the LimitObject of "${name}": ${why}`, cause);
  let response: Response;
  try {
    response = await binding.get(binding.idFromName(name)).fetch(`https://limits.invalid/${path}`, init);
  } catch (thrown) {
    throw failed(describe(thrown), thrown);
  }
  if (!response.ok && response.status !== CHANGED_MEANWHILE) throw failed(await response.text());
  return response;
}

/**
 * A `LimitStore` of Durable Objects, one for each limit or budget: `limits: { openai: { …, scope: durableObjectLimits(env.LIMITS) } }`.
 * The binding's class is `LimitObject`, which your Worker exports. One round trip a call: the object decides, with this package's
 * own rules.
 */
export function durableObjectLimits(binding: DurableObjects): LimitStore {
  async function change(key: string, change: string): Promise<number> {
    // Infinity is no number of JSON's.
    return Number(await (await ask(binding, key, "change", { method: "POST", body: change })).text());
  }
  const store: LimitStore & ChangingStore = {
    [CHANGE]: change,
    take: async (key, cost) => ({ waitMs: await change(key, JSON.stringify({ take: cost })) }),
    async update(key, change) {
      for (;;) {
        const found = await ask(binding, key, "state");
        const version = found.headers.get("x-version")!;
        const bytes = new Uint8Array(await found.arrayBuffer());
        const { state, result } = change(version === "0" ? null : bytes, Number(found.headers.get("x-now")));
        const swapped = await ask(binding, key, "swap", { method: "POST", body: bufferOf(state), headers: { "x-version": version } });
        await swapped.body?.cancel();
        // Another one was faster: again, on what he left.
        if (swapped.ok) return result;
      }
    },
  };
  return store;
}

/** As KV's: more would not fit into an isolate's memory twice. */
const MOST_BYTES = 25 * 1024 * 1024;
const MOST_KEY_BYTES = 2048;

/**
 * A `Store` in one Durable Object of the class `LimitObject`, which your Worker exports, with SQLite behind it (`new_sqlite_classes`):
 * what one isolate has written is what all others read next, wherever they are. `createClient({ store: durableObjectStore(env.LIMITS) })`.
 * One round trip a call. Keys have at most 2 KiB, values 25 MiB; what has had its time is deleted by an alarm. `name`: which object;
 * one takes some hundred calls a second. Everything rejects with code "storage" when the object does.
 */
export function durableObjectStore(binding: DurableObjects, name = "modelwire", now: () => number = Date.now): Store {
  async function value(key: string, init: RequestInit, more: Record<string, string> = {}): Promise<Response> {
    const { length } = new TextEncoder().encode(key);
    if (length > MOST_KEY_BYTES) throw errorOf("storage", `a key has ${length} bytes; durableObjectStore keeps ${MOST_KEY_BYTES}`);
    return ask(binding, objectOf(name), `values?${new URLSearchParams({ key, now: String(now()), ...more })}`, init);
  }

  /** A page after the other. */
  async function* listed(what: "keys" | "page", prefix: string, from = prefix): AsyncGenerator<Uint8Array> {
    for (let next: string | null = from > prefix ? from : prefix; next !== null; ) {
      const query = new URLSearchParams({ prefix, from: next, now: String(now()) });
      const response = await ask(binding, objectOf(name), `${what}?${query}`);
      yield* unpacked(new Uint8Array(await response.arrayBuffer()));
      const encoded = response.headers.get("x-next");
      next = encoded === null ? null : decodeURIComponent(encoded);
    }
  }

  const store: Store & Pick<IndexedDbStore, "values"> = {
    async get(key) {
      const response = await value(key, {});
      return response.status === NOTHING ? null : new Uint8Array(await response.arrayBuffer());
    },
    async set(key, bytes, { ttlSeconds } = {}) {
      if (bytes.length > MOST_BYTES) throw errorOf("storage", `the value of "${key.slice(0, 200)}" has ${bytes.length} bytes; durableObjectStore keeps ${MOST_BYTES}`);
      const until = ttlSeconds === undefined ? {} : { until: String(now() + ttlSeconds * 1000) };
      await value(key, { method: "PUT", body: bufferOf(bytes) }, until);
    },
    async delete(key) {
      return (await value(key, { method: "DELETE" })).status !== NOTHING;
    },
    async *list(prefix) {
      for await (const key of listed("keys", prefix)) yield new TextDecoder().decode(key);
    },
    async values(prefix, from) {
      const found: Uint8Array[] = [];
      for await (const one of listed("page", prefix, from)) found.push(one);
      return found;
    },
  };
  return store;
}

/** No limit's or budget's name begins so. */
const objectOf = (name: string) => `values/${name}`;
