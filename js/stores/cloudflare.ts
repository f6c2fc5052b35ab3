// What Cloudflare's Workers have to keep things in: KV and the Cache API for values, Durable Objects for limits, budgets and values.
import type { Store } from "../types.ts";
import { bufferOf } from "./bytes.ts";

export { cacheApiStore } from "./cache_api.ts";
export { durableObjectLimits, durableObjectStore, type DurableObjects } from "./durable_object.ts";
export { LimitObject, type DurableState } from "./limit_object.ts";

/** What is needed of a KV namespace. */
export interface KvNamespace {
  getWithMetadata<M>(key: string, type: "arrayBuffer"): Promise<{ value: ArrayBuffer | null; metadata: M | null }>;
  put(key: string, value: ArrayBuffer, options?: { expirationTtl?: number; metadata?: unknown }): Promise<void>;
  delete(key: string): Promise<void>;
  list<M>(options: { prefix: string; cursor?: string }): Promise<{ keys: { name: string; metadata?: M }[]; list_complete: boolean; cursor?: string }>;
}

/** What is needed of a Durable Object's storage. */
export interface DurableStorage {
  get<T>(key: string): Promise<T | undefined>;
  put<T>(key: string, value: T): Promise<void>;
  delete(key: string): Promise<boolean>;
  list<T>(options: { prefix: string; startAfter?: string; limit: number }): Promise<Map<string, T>>;
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
