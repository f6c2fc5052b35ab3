// What Deno has to keep things in: Deno KV, for values, limits and budgets.
import { errorOf } from "../errors.ts";
import type { LimitStore, Store } from "../types.ts";
import { joined } from "./bytes.ts";

/** What is needed of a `Deno.Kv`. */
export interface DenoKv {
  get<T>(key: string[]): Promise<{ key: readonly any[]; value: T | null; versionstamp: string | null }>;
  list<T>(selector: { prefix: string[] }): AsyncIterable<{ key: readonly any[]; value: T }>;
  atomic(): DenoAtomic;
}
interface DenoAtomic {
  check(entry: { key: any; versionstamp: string | null }): DenoAtomic;
  set(key: any[], value: unknown, options?: { expireIn?: number }): DenoAtomic;
  delete(key: any[]): DenoAtomic;
  commit(): Promise<{ ok: boolean }>;
}

/** A value of Deno KV's holds 65,536 bytes, with what frames it; a transaction 800 KB. */
const PART_BYTES = 60_000;
const MOST_PARTS = 12;

const VALUES = "modelwire values";
const PARTS = "modelwire parts";
const LIMITS = "modelwire limits";

interface Kept {
  /** Those that are not in parts. */
  bytes?: Uint8Array;
  parts?: number;
  /** Which writing the parts are of. */
  of?: string;
  until?: number;
}

/** A `Store` in Deno KV. Values of more than 64 KiB are split, and still seen whole or not at all. */
export function kvStore(kv: DenoKv, now: () => number = Date.now): Store {
  const isOver = ({ until }: Kept) => until !== undefined && until <= now();

  async function kept(key: string): Promise<Kept | null> {
    const { value } = await kv.get<Kept>([VALUES, key]);
    return value;
  }

  /** Those of one writing; of all, when it is not said which. */
  async function dropParts(key: string, of?: string): Promise<void> {
    const prefix = of === undefined ? [PARTS, key] : [PARTS, key, of];
    for await (const part of kv.list({ prefix })) await kv.atomic().delete([...part.key]).commit();
  }

  return {
    async get(key) {
      // Between the two somebody may have written anew: then the parts are another's, and it begins again.
      for (;;) {
        const found = await kept(key);
        if (!found || isOver(found)) return null;
        if (found.bytes) return found.bytes;
        const parts = await Promise.all(Array.from({ length: found.parts! }, (_, at) => kv.get<Uint8Array>([PARTS, key, found.of!, String(at)])));
        if (parts.every(({ value }) => value !== null)) return joined(parts.map(({ value }) => value!));
        // Not all of them, and nothing new: they were dropped by somebody who stopped in the middle.
        if ((await kept(key))?.of === found.of) return null;
      }
    },

    async set(key, value, { ttlSeconds } = {}) {
      const expires = ttlSeconds === undefined ? {} : { expireIn: Math.max(1, Math.ceil(ttlSeconds * 1000)) };
      const until = ttlSeconds === undefined ? {} : { until: now() + ttlSeconds * 1000 };
      const before = await kept(key);
      if (value.length <= PART_BYTES) {
        await kv.atomic().set([VALUES, key], { bytes: value.slice(), ...until } satisfies Kept, expires).commit();
      } else {
        const of = crypto.randomUUID();
        const count = Math.ceil(value.length / PART_BYTES);
        // Parts first: who finds the head finds all of them.
        for (let start = 0; start < count; start += MOST_PARTS) {
          const some = kv.atomic();
          for (let at = start; at < Math.min(count, start + MOST_PARTS); at++) {
            some.set([PARTS, key, of, String(at)], value.slice(at * PART_BYTES, (at + 1) * PART_BYTES), expires);
          }
          await some.commit();
        }
        await kv.atomic().set([VALUES, key], { parts: count, of, ...until } satisfies Kept, expires).commit();
      }
      if (before?.of !== undefined) await dropParts(key, before.of);
    },

    async delete(key) {
      const found = await kept(key);
      await kv.atomic().delete([VALUES, key]).commit();
      if (found?.of !== undefined) await dropParts(key);
      return found !== null && !isOver(found);
    },

    async *list(prefix) {
      // Their order is that of the keys' parts, of which ours is one: a prefix of it is not theirs to look for.
      for await (const { key, value } of kv.list<Kept>({ prefix: [VALUES] })) {
        const name = String(key[1]);
        if (name.startsWith(prefix) && !isOver(value)) yield name;
      }
    },
  };
}

/** A `LimitStore` in Deno KV: `limits: { openai: { …, scope: kvLimits(await Deno.openKv()) } }`. Compare and swap; the clock is the server's. */
export function kvLimits(kv: DenoKv, now: () => number = Date.now): LimitStore {
  return {
    async update(key, change) {
      for (;;) {
        const found = await kv.get<Uint8Array>([LIMITS, key]);
        const { state, result } = change(found.value, now());
        if (state.length > PART_BYTES) throw errorOf("storage", `the state of "${key}" has ${state.length} bytes; Deno KV keeps ${PART_BYTES}`);
        const { ok } = await kv.atomic().check(found).set([LIMITS, key], state.slice()).commit();
        // Another one was faster: again, on what he left.
        if (ok) return result;
      }
    },
  };
}
