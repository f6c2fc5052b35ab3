// Limits and budgets that all tabs and workers of a site share: their state in IndexedDB, whose transactions are atomic between tabs;
// the places of running calls as Web Locks, which the browser takes back from a tab that crashes.
import { describe, errorOf } from "../errors.ts";
import type { OriginScope } from "../limits.ts";
import { committed, database } from "./database.ts";

const DATABASE = "modelwire-limits";
const STATES = "states";
/** A limit that nobody has used for a day says nothing any more: every bucket is full. What was spent stays spent. */
const FORGET_MS = 24 * 60 * 60 * 1000;

interface Kept {
  state: Uint8Array;
  at: number;
}

/** `now`: the client's clock, which must be the same in all tabs. */
export function originStore(now: () => number): OriginScope {
  const { locks } = navigator;
  const use = database(DATABASE, STATES);

  function update<T>(key: string, change: (state: Uint8Array | null, nowMs: number) => { state: Uint8Array; result: T }): Promise<T> {
    return use(async (database) => {
      const transaction = database.transaction(STATES, "readwrite", { durability: "relaxed" });
      const states = transaction.objectStore(STATES);
      const reading = states.get(key) as IDBRequest<Kept | undefined>;
      let made: { result: T } | undefined;
      let failed: { error: unknown } | undefined;
      reading.onsuccess = () => {
        const at = now();
        const kept = reading.result;
        try {
          const isThere = kept && (at - kept.at < FORGET_MS || key.startsWith("budget:"));
          const { state, result } = change(isThere ? kept.state : null, at);
          states.put({ state, at } satisfies Kept, key);
          made = { result };
        } catch (error) {
          failed = { error };
          transaction.abort();
        }
      };
      // Not before it is written: another tab must not be granted the same.
      await committed(transaction).catch((thrown: unknown) => {
        throw failed ? failed.error : thrown;
      });
      return made!.result;
    });
  }

  return {
    async update(key, change) {
      try {
        return await update(key, change);
      } catch (thrown) {
        throw errorOf("storage", `the limits and budgets that this site's tabs share could not be kept (IndexedDB): ${describe(thrown)}`, thrown);
      }
    },

    async place(key, count, signal) {
      // Any place that is free, beginning anywhere, so that not everybody tries the same one first.
      const first = Math.floor(Math.random() * count);
      for (let step = 0; step < count; step++) {
        const release = await hold(`modelwire:${key}:${(first + step) % count}`, { ifAvailable: true });
        if (release) return release;
      }
      // All are taken: in line for one of them.
      return (await hold(`modelwire:${key}:${first}`, { signal }))!;
    },
  };

  /** Holds a lock until it is released; nothing where it was wanted at once and is not free. */
  function hold(name: string, options: LockOptions): Promise<(() => void) | undefined> {
    return new Promise((resolve, reject) => {
      locks
        .request(name, options, (lock) => {
          if (!lock) return resolve(undefined);
          return new Promise<void>((release) => resolve(release));
        })
        .catch(reject);
    });
  }
}
