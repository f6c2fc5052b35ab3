// What Cloudflare's Workers have to keep things in: KV and the Cache API for values, a Durable Object for limits and budgets.
import { describe, errorOf } from "../errors.ts";
import type { LimitStore, Store } from "../types.ts";
import { loadWhole } from "../wasm.ts";
import { bufferOf } from "./bytes.ts";
import { CHANGE, type ChangingStore } from "./changing.ts";

export { cacheApiStore } from "./cache_api.ts";

/** What is needed of a KV namespace. */
export interface KvNamespace {
  getWithMetadata<M>(key: string, type: "arrayBuffer"): Promise<{ value: ArrayBuffer | null; metadata: M | null }>;
  put(key: string, value: ArrayBuffer, options?: { expirationTtl?: number; metadata?: unknown }): Promise<void>;
  delete(key: string): Promise<void>;
  list<M>(options: { prefix: string; cursor?: string }): Promise<{ keys: { name: string; metadata?: M }[]; list_complete: boolean; cursor?: string }>;
}

/** What is needed of a namespace of Durable Objects. */
export interface DurableObjects {
  idFromName(name: string): unknown;
  get(id: any): { fetch(url: string, init?: RequestInit): Promise<Response> };
}

/** What is needed of a Durable Object's storage. */
export interface DurableStorage {
  get<T>(key: string): Promise<T | undefined>;
  put<T>(key: string, value: T): Promise<void>;
  delete(key: string): Promise<boolean>;
  list<T>(options: { prefix: string; startAfter?: string; limit: number }): Promise<Map<string, T>>;
}

/** What is needed of the state that a Durable Object is made with. */
export interface DurableState {
  storage: {
    get<T>(key: string): Promise<T | undefined>;
    put<T>(key: string, value: T): Promise<void>;
    deleteAll(): Promise<void>;
    setAlarm(timeMs: number): Promise<void>;
  };
}

/** KV forgets nothing sooner. */
const LEAST_TTL_SECONDS = 60;

interface Expiring {
  until?: number;
}

function isOver(kept: Expiring | null | undefined, now: () => number): boolean {
  return kept?.until !== undefined && kept.until <= now();
}

/**
 * A `Store` in Workers KV. KV is eventually consistent: what one place has written is seen by others within a minute, and lists
 * lag behind. Keys have at most 512 bytes, values 25 MiB.
 */
export function kvStore(namespace: KvNamespace, now: () => number = Date.now): Store {
  async function get(key: string): Promise<Uint8Array | null> {
    const { value, metadata } = await namespace.getWithMetadata<Expiring>(key, "arrayBuffer");
    return value === null || isOver(metadata, now) ? null : new Uint8Array(value);
  }

  return {
    get,
    async set(key, value, { ttlSeconds } = {}) {
      const expires = ttlSeconds !== undefined && {
        expirationTtl: Math.max(LEAST_TTL_SECONDS, Math.ceil(ttlSeconds)),
        metadata: { until: now() + ttlSeconds * 1000 } satisfies Expiring,
      };
      await namespace.put(key, bufferOf(value), expires || {});
    },
    async delete(key) {
      const was = (await get(key)) !== null;
      await namespace.delete(key);
      return was;
    },
    async *list(prefix) {
      for (let cursor: string | undefined, done = false; !done; ) {
        const page = await namespace.list<Expiring>({ prefix, ...(cursor !== undefined && { cursor }) });
        for (const { name, metadata } of page.keys) if (!isOver(metadata, now)) yield name;
        done = page.list_complete;
        cursor = page.cursor;
      }
    },
  };
}

/** How many values a list takes out of a Durable Object's storage at once: it reads keys with their values. */
const LISTED = 64;

/**
 * A `Store` in the storage of a Durable Object, for code that runs in one: consistent, and nobody else's. A value has at most
 * 2 MB with SQLite behind it, else 128 KiB.
 */
export function durableStore(storage: DurableStorage, now: () => number = Date.now): Store {
  type Kept = { value: Uint8Array } & Expiring;
  return {
    async get(key) {
      const kept = await storage.get<Kept>(key);
      return kept && !isOver(kept, now) ? kept.value.slice() : null;
    },
    set: (key, value, { ttlSeconds } = {}) =>
      storage.put<Kept>(key, { value: value.slice(), ...(ttlSeconds !== undefined && { until: now() + ttlSeconds * 1000 }) }),
    async delete(key) {
      const kept = await storage.get<Kept>(key);
      await storage.delete(key);
      return kept !== undefined && !isOver(kept, now);
    },
    async *list(prefix) {
      for (let last: string | undefined; ; ) {
        const some = await storage.list<Kept>({ prefix, limit: LISTED, ...(last !== undefined && { startAfter: last }) });
        for (const [key, kept] of some) {
          last = key;
          if (!isOver(kept, now)) yield key;
        }
        if (some.size < LISTED) return;
      }
    },
  };
}

/**
 * A `LimitStore` of Durable Objects, one for each limit or budget: `limits: { openai: { …, scope: durableObjectLimits(env.LIMITS) } }`.
 * The binding's class is `LimitObject`, which your Worker exports. One round trip a call: the object decides, with this package's
 * own rules.
 */
export function durableObjectLimits(binding: DurableObjects): LimitStore {
  async function ask(key: string, what: string, init: RequestInit): Promise<Response> {
    const response = await binding.get(binding.idFromName(key)).fetch(`https://limits.invalid/${what}`, init);
    if (!response.ok && response.status !== 409) throw errorOf("storage", `the LimitObject of "${key}": ${await response.text()}`);
    return response;
  }
  async function change(key: string, change: string): Promise<number> {
    // Infinity is no number of JSON's.
    return Number(await (await ask(key, "change", { method: "POST", body: change })).text());
  }
  const store: LimitStore & ChangingStore = {
    [CHANGE]: change,
    take: async (key, cost) => ({ waitMs: await change(key, JSON.stringify({ take: cost })) }),
    async update(key, change) {
      for (;;) {
        const found = await ask(key, "state", {});
        const version = found.headers.get("x-version")!;
        const bytes = new Uint8Array(await found.arrayBuffer());
        const { state, result } = change(version === "0" ? null : bytes, Number(found.headers.get("x-now")));
        const swapped = await ask(key, "swap", { method: "POST", body: bufferOf(state), headers: { "x-version": version } });
        await swapped.body?.cancel();
        // Another one was faster: again, on what he left.
        if (swapped.ok) return result;
      }
    },
  };
  return store;
}

/**
 * The Durable Object behind `durableObjectLimits`: `export { LimitObject } from "modelwire/stores/cloudflare"` in the Worker that
 * imports `modelwire`, among `new_sqlite_classes`. Its state is some hundred bytes, and is deleted when it says nothing any more:
 * a limit's a week after it was last asked, a budget's two days after its day or month. That of a budget per "session" stays.
 */
export class LimitObject {
  readonly #storage: DurableState["storage"];

  constructor(state: DurableState) {
    this.#storage = state.storage;
  }

  async fetch(request: Request): Promise<Response> {
    try {
      return await this.#answer(request);
    } catch (thrown) {
      return new Response(describe(thrown), { status: 500 });
    }
  }

  // Between the read and the write nobody else is let in: an object waits for its storage alone.
  async #answer(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    const body = new Uint8Array(await request.arrayBuffer());
    const core = pathname === "/change" ? await loadWhole() : undefined;
    const { version, state, until } = (await this.#storage.get<KeptLimit>("kept")) ?? { version: 0, state: undefined, until: undefined };
    const keep = async (state: Uint8Array, untilMs?: number) => {
      await this.#storage.put<KeptLimit>("kept", { version: version + 1, state, ...(untilMs !== undefined && { until: untilMs }) });
      // One for all changes: when it rings too early it is set again.
      if (untilMs !== undefined && until === undefined) await this.#storage.setAlarm(untilMs);
    };
    if (core) {
      const change = new TextDecoder().decode(body);
      const [changed, number] = core.limit_change(state, Date.now(), change);
      await keep(changed, meansNothingAt(change, Date.now()));
      return new Response(String(number));
    }
    if (pathname === "/swap") {
      if (String(version) !== request.headers.get("x-version")) return new Response("changed meanwhile", { status: 409 });
      await keep(body);
      return new Response("kept");
    }
    return new Response(bufferOf(state ?? new Uint8Array()), { headers: { "x-version": String(version), "x-now": String(Date.now()) } });
  }

  /** Cleans up. */
  async alarm(): Promise<void> {
    const until = (await this.#storage.get<KeptLimit>("kept"))?.until;
    // Without one it is kept for good: somebody else's state, since.
    if (until === undefined) return;
    if (until > Date.now()) await this.#storage.setAlarm(until);
    else await this.#storage.deleteAll();
  }
}

const DAY_MS = 86_400_000;

/** When a state that was changed so is the same as none; undefined: never. */
function meansNothingAt(change: string, now: number): number | undefined {
  const per: unknown = JSON.parse(change).budget?.per;
  if (per === undefined) return now + 7 * DAY_MS;
  return per === "day" ? now + 3 * DAY_MS : per === "month" ? now + 33 * DAY_MS : undefined;
}

interface KeptLimit {
  version: number;
  state: Uint8Array;
  /** When it means nothing any more. */
  until?: number;
}
