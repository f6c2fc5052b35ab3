// The ledger where it outlives its client: in IndexedDB, one for all tabs of a site, or in a store of the caller's. A part of
// the package by itself, loaded once something was spent.
import { describe, errorOf } from "./errors.ts";
import type { Entry } from "./costs.ts";
import { awhile } from "./promises.ts";
import { indexedDbStore, type IndexedDbStore } from "./stores/indexed_db.ts";
import type { Store } from "./types.ts";

/** An entry's key says when it was, and what it cost: sums need no values, and the order of keys is that of time. */
const ENTRIES = "modelwire/ledger/";
const CALIBRATION = "modelwire/calibration";

/** What a site keeps: some 50 MB. A store of the caller's is the caller's to bound. */
const MOST_ENTRIES = 100_000;

/** How many of a store's values are asked for at once. */
const AT_ONCE = 32;

/** After how long who writes is taken for dead, and another one writes the same: see `awhile`. */
const PATIENCE_MS = 1_000;
/** The same of a list of all keys. */
const LOOKING_MS = 10_000;

export interface KeptLedger {
  add(entry: Entry): void;
  /** Nano-dollars of all that was ever kept, as far as it is known. Who looks has a store read, if it may have changed. */
  readonly nano: number;
  /** Others have changed it. */
  outdated(): void;
  /** From a time on, oldest first. */
  entries(from?: string): Promise<Entry[]>;
  clear(): Promise<void>;
  /** When all is kept that was added. Never rejects. */
  written(): Promise<void>;
  /** What counts of models were off by. */
  calibration(): Promise<Record<string, number>>;
  calibrated(model: string, ratio: number): Promise<void>;
}

let ofOrigin: KeptLedger | undefined;

/** The one that all clients of all tabs write to. */
export function originLedger(): KeptLedger {
  if (ofOrigin) return ofOrigin;
  const channel = typeof BroadcastChannel === "function" ? new BroadcastChannel("modelwire-ledger") : undefined;
  const ledger = keptLedger(indexedDbStore(), () => channel?.postMessage(null), MOST_ENTRIES);
  channel?.addEventListener("message", () => ledger.outdated());
  return (ofOrigin = ledger);
}

/** One in a store of the caller's. */
export const storeLedger = (store: Store) => keptLedger(store);

function keptLedger(store: Store & Partial<IndexedDbStore>, changed = () => {}, most = Infinity): KeptLedger {
  /** Those that are not kept yet, or could not be. */
  const pending = new Map<string, Entry>();
  const by = crypto.randomUUID().slice(0, 8);
  let count = 0;
  let kept = 0;
  let nano = 0;
  /** Which of them somebody is writing. */
  const writing = new Map<string, { since: number; done: Promise<void> }>();
  let looking: Promise<void> | undefined;
  let lookingSince = 0;
  let again = false;
  /** Not looked at since it changed: nobody is told of a sum that he does not ask for, which may be a list of 100,000 keys. */
  let isOutdated = true;
  let writes = 0;
  let hasWarned = false;

  function warn(thrown: unknown): void {
    if (!hasWarned) console.warn(`modelwire: the ledger could not be kept, and is in memory until it can be: ${describe(thrown)}`);
    hasWarned = true;
  }

  const sum = () => {
    nano = kept;
    for (const { nanoUsd } of pending.values()) nano += nanoUsd ?? 0;
  };

  const isWriting = ({ since }: { since: number }) => Date.now() - since < PATIENCE_MS;

  /** Writes what nobody else does. By its name an entry is known as the same when it is written twice, or read while it is still pending. */
  async function write(): Promise<void> {
    for (const [key, entry] of pending) {
      const other = writing.get(key);
      if (other && isWriting(other)) continue;
      const done = (async () => store.set(key, new TextEncoder().encode(JSON.stringify({ ...entry, id: key }))))();
      const mine = { since: Date.now(), done };
      writing.set(key, mine);
      try {
        await done;
      } finally {
        if (writing.get(key) === mine) writing.delete(key);
      }
      writes++;
      if (pending.delete(key)) kept += entry.nanoUsd ?? 0;
    }
    sum();
    changed();
  }

  async function keys(): Promise<string[]> {
    const keys: string[] = [];
    for await (const key of store.list(ENTRIES)) keys.push(key);
    return keys.sort();
  }

  async function look(): Promise<void> {
    const before = writes;
    const known = await keys();
    // What was written meanwhile may be in the list or not.
    if (writes !== before) again = true;
    if (known.length > most) {
      for (const key of known.splice(0, known.length - most * 0.9)) await store.delete(key);
    }
    kept = 0;
    for (const key of known) if (!pending.has(key)) kept += Number(key.slice(key.lastIndexOf("/") + 1)) || 0;
    sum();
  }

  async function refresh(): Promise<void> {
    isOutdated = false;
    again = true;
    if (looking && Date.now() - lookingSince < LOOKING_MS) return looking;
    lookingSince = Date.now();
    const mine = (async () => {
      while (again) {
        again = false;
        await look();
      }
    })()
      .catch(warn)
      .finally(() => {
        if (looking === mine) looking = undefined;
      });
    return (looking = mine);
  }

  const ledger: KeptLedger = {
    get nano() {
      if (isOutdated) void refresh();
      return nano;
    },

    outdated() {
      isOutdated = true;
    },

    add(entry) {
      if (pending.size >= MOST_ENTRIES) pending.delete(pending.keys().next().value!);
      pending.set(`${ENTRIES}${entry.at}/${by}${String(++count).padStart(6, "0")}/${entry.nanoUsd ?? "-"}`, entry);
      sum();
      // Whoever is at it comes to this one too.
      if (![...writing.values()].some(isWriting)) void write().catch(warn);
    },

    async entries(first = "") {
      const found = new Map<string, Entry>();
      const from = `${ENTRIES}${first}`;
      try {
        for (const value of await values(from)) {
          const one = read(value);
          if (one) found.set(one.id, one.entry);
        }
      } catch (thrown) {
        warn(thrown);
      }
      for (const [key, entry] of pending) if (key >= from) found.set(key, entry);
      return [...found].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, entry]) => entry);
    },

    async clear() {
      await ledger.written();
      pending.clear();
      try {
        for (const key of await keys()) await store.delete(key);
      } catch (thrown) {
        throw errorOf("storage", `the ledger could not be cleared: ${describe(thrown)}`, thrown);
      }
      kept = 0;
      sum();
      changed();
    },

    async written() {
      for (const wanted = [...pending.keys()]; wanted.some((key) => pending.has(key)); ) {
        try {
          await write();
        } catch (thrown) {
          return warn(thrown);
        }
        if (writing.size > 0) await awhile(Promise.allSettled([...writing.values()].map(({ done }) => done)), PATIENCE_MS);
      }
    },

    async calibration() {
      try {
        const value = await store.get(CALIBRATION);
        const read = value && (JSON.parse(new TextDecoder().decode(value)) as Record<string, number>);
        return typeof read === "object" && read !== null ? read : {};
      } catch {
        // Counts are rougher without it, until a response tells anew.
        return {};
      }
    },

    async calibrated(model, ratio) {
      try {
        const all = { ...(await ledger.calibration()), [model]: ratio };
        await store.set(CALIBRATION, new TextEncoder().encode(JSON.stringify(all)));
      } catch (thrown) {
        warn(thrown);
      }
    },
  };

  async function values(from: string): Promise<(Uint8Array | null)[]> {
    if (store.values) return store.values(ENTRIES, from);
    const wanted = (await keys()).filter((key) => key >= from);
    const found: (Uint8Array | null)[] = [];
    for (let start = 0; start < wanted.length; start += AT_ONCE) {
      found.push(...(await Promise.all(wanted.slice(start, start + AT_ONCE).map((key) => store.get(key)))));
    }
    return found;
  }

  return ledger;
}

/** What is damaged, or another version's, is left out. */
function read(value: Uint8Array | null): { id: string; entry: Entry } | undefined {
  try {
    const { id, ...entry } = JSON.parse(new TextDecoder().decode(value!)) as Entry & { id: string };
    return typeof id === "string" && typeof entry.at === "string" && entry.usage ? { id, entry } : undefined;
  } catch {
    return undefined;
  }
}
