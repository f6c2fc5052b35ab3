// The contract's `Store` in IndexedDB: one database for all tabs and workers of the site.
import type { Store } from "../types.ts";
import { committed, database, result } from "./database.ts";

const VALUES = "values";

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

export function indexedDbStore(name = "modelwire", now: () => number = Date.now): IndexedDbStore {
  const use = database(name, VALUES);
  const reading = (database: IDBDatabase) => database.transaction(VALUES).objectStore(VALUES);
  const isOver = ({ until }: Kept) => until !== undefined && until <= now();

  function change(work: (values: IDBObjectStore) => void): Promise<void> {
    return use((database) => {
      const transaction = database.transaction(VALUES, "readwrite", { durability: "relaxed" });
      work(transaction.objectStore(VALUES));
      return committed(transaction);
    });
  }

  return {
    get: (key) =>
      use(async (database) => {
        const kept = await result<Kept | undefined>(reading(database).get(key));
        return kept && !isOver(kept) ? kept.value : null;
      }),

    set: (key, value, { ttlSeconds } = {}) =>
      change((values) => void values.put({ value, ...(ttlSeconds !== undefined && { until: now() + ttlSeconds * 1000 }) } satisfies Kept, key)),

    async delete(key) {
      let was = false;
      await change((values) => {
        const found = values.get(key) as IDBRequest<Kept | undefined>;
        found.onsuccess = () => {
          was = found.result !== undefined && !isOver(found.result);
          values.delete(key);
        };
      });
      return was;
    },

    async *list(prefix) {
      // All keys at once: a cursor's transaction would end while the caller does something else.
      const keys = await use((database) => result(reading(database).getAllKeys(from(prefix))));
      for (const key of keys as string[]) yield key;
    },

    values: (prefix, first) =>
      use(async (database) => {
        const kept = await result<Kept[]>(reading(database).getAll(from(prefix, first)));
        return kept.filter((one) => !isOver(one)).map(({ value }) => value);
      }),
  };
}

/** Keys with this beginning: up to the last character that there is. */
function from(prefix: string, first = prefix): IDBKeyRange {
  return IDBKeyRange.bound(first > prefix ? first : prefix, `${prefix}\uffff`);
}
