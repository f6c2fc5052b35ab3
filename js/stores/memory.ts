// The contract's `Store` in memory: for tests, for servers that forget, and where there is nothing else.
import type { Store } from "../types.ts";

/** A `Store` that lives as long as it is held. `now`: milliseconds since 1970. */
export function memoryStore(now: () => number = Date.now): Store {
  const values = new Map<string, { value: Uint8Array; until: number }>();

  function live(key: string): Uint8Array | null {
    const kept = values.get(key);
    if (kept && kept.until > now()) return kept.value;
    values.delete(key);
    return null;
  }

  return {
    // Copied on both sides: what is kept is nobody's to change.
    get: async (key) => live(key)?.slice() ?? null,
    async set(key, value, { ttlSeconds } = {}) {
      values.set(key, { value: value.slice(), until: ttlSeconds === undefined ? Infinity : now() + ttlSeconds * 1000 });
    },
    async delete(key) {
      return live(key) !== null && values.delete(key);
    },
    async *list(prefix) {
      for (const key of [...values.keys()].sort()) if (key.startsWith(prefix) && live(key) !== null) yield key;
    },
  };
}
