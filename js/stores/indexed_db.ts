// The contract's `Store` in IndexedDB: one database for all tabs and workers of the site.
import type { Store } from "../types.ts";
import { committed, database, result } from "./database.ts";

const VALUES = "values";
/** When those end that do: so that a list need not read what is listed. */
const ENDS = "ends";

interface Kept {
  value: Uint8Array;
  /** In milliseconds since 1970. */
  until?: number;
}

/** A `Store` that also gives values by the thousand, which one by one would take seconds. */
export interface IndexedDbStore extends Store {
  /** What is kept under keys that begin so, from a key on, in the order of the keys. */
  values(prefix: string, from?: string): Promise<Uint8Array[]>;
}

/**
 * A `Store` in an IndexedDB database of this name, for all tabs and workers of the site. What is written is committed, not synced:
 * a crash of the machine may lose the last moment.
 */
export function indexedDbStore(name = "modelwire", now: () => number = Date.now): IndexedDbStore {
  const use = database(name, VALUES, ENDS);
  const isOver = ({ until }: Kept) => until !== undefined && until <= now();

  function change(work: (values: IDBObjectStore, ends: IDBObjectStore) => void): Promise<void> {
    return use((database) => {
      const transaction = database.transaction([VALUES, ENDS], "readwrite", { durability: "relaxed" });
      work(transaction.objectStore(VALUES), transaction.objectStore(ENDS));
      return committed(transaction);
    });
  }

  return {
    get: (key) =>
      use(async (database) => {
        const kept = await result<Kept | undefined>(database.transaction(VALUES).objectStore(VALUES).get(key));
        return kept && !isOver(kept) ? kept.value : null;
      }),

    // Copied: what is a piece of something larger would be kept with all of it.
    set: (key, value, { ttlSeconds } = {}) =>
      change((values, ends) => {
        const until = ttlSeconds === undefined ? undefined : now() + ttlSeconds * 1000;
        values.put({ value: value.slice(), ...(until !== undefined && { until }) } satisfies Kept, key);
        if (until === undefined) ends.delete(key);
        else ends.put(until, key);
      }),

    async delete(key) {
      let was = false;
      await change((values, ends) => {
        const found = values.get(key) as IDBRequest<Kept | undefined>;
        found.onsuccess = () => {
          was = found.result !== undefined && !isOver(found.result);
          values.delete(key);
          ends.delete(key);
        };
      });
      return was;
    },

    async *list(prefix) {
      const over: string[] = [];
      // All keys at once: a cursor's transaction would end while the caller does something else.
      const keys = await use(async (database) => {
        const transaction = database.transaction([VALUES, ENDS]);
        const ends = transaction.objectStore(ENDS);
        const [keys, ending, untils] = await Promise.all([
          result(transaction.objectStore(VALUES).getAllKeys(from(prefix))),
          result(ends.getAllKeys(from(prefix))),
          result<number[]>(ends.getAll(from(prefix))),
        ]);
        over.push(...(ending as string[]).filter((_, at) => untils[at]! <= now()));
        return keys as string[];
      });
      const gone = new Set(over);
      for (const key of keys) if (!gone.has(key)) yield key;
    },

    values: (prefix, first) =>
      use(async (database) => {
        const kept = await result<Kept[]>(database.transaction(VALUES).objectStore(VALUES).getAll(from(prefix, first)));
        return kept.filter((one) => !isOver(one)).map(({ value }) => value);
      }),
  };
}

/** Keys with this beginning: up to the last character that there is. */
function from(prefix: string, first = prefix): IDBKeyRange {
  return IDBKeyRange.bound(first > prefix ? first : prefix, `${prefix}\uffff`);
}
