// The answers that are kept, in a `Store`: found by their key, dropped when they are too old, too many or too large.
//
// An answer is one value. What is known of all of them (how large, how old, used when, with which tags) stands in the names of keys
// beside them, so that no answer is read to find out which may go: a list of names is all it takes, and tabs do not overwrite one
// another's.
import { awhile } from "../promises.ts";
import type { Store } from "../types.ts";

/** What is kept. `request` is undefined where the caller named the key himself. */
export interface Entry {
  request: string | undefined;
  /** See src/tape.rs. */
  tape: string;
  provider: string;
  model: string;
  usage: unknown;
  /** What it cost when it was asked for; null: unknown. */
  nanoUsd: number | null;
  /** Milliseconds since 1970. */
  at: number;
  /** When it is over. */
  until?: number;
}

export interface Bounds {
  maxBytes: number;
  maxEntries: number;
}

/** What the names say of one. */
interface Known {
  /** As it stands in the store. */
  name: string;
  bytes: number;
  at: number;
  used: number;
  until: number;
  tags: string[];
}

/** How far what the store knows of the last use may lag behind: noting each would be a write for each look. */
const USE_LAG_MS = 10 * 60 * 1000;
/** How many are dropped at once when there are too many: a tenth, so that not each one that comes has them sorted. */
const KEPT_SHARE = 0.9;

/** How long a change waits for the one before it. */
const TURN_MS = 2_000;

export class Entries {
  readonly #store: Store;
  readonly #bounds: Bounds;
  readonly #now: () => number;
  readonly #values: string;
  readonly #names: string;
  #turns = 0;
  /** undefined: not read yet. */
  #known: Map<string, Known> | undefined;
  #bytes = 0;
  #turn: Promise<unknown> = Promise.resolve();
  /** Looked at since the names were read. */
  readonly #used = new Map<string, number>();

  constructor(store: Store, name: string, bounds: Bounds, now: () => number) {
    this.#store = store;
    this.#bounds = bounds;
    this.#now = now;
    const prefix = `modelwire/cache/${encodeURIComponent(name)}/`;
    this.#values = `${prefix}v/`;
    this.#names = `${prefix}i/`;
  }

  /** What is kept under a key for this very request; null when there is none, or it is over. */
  async get(key: string, request: string | undefined): Promise<Entry | null> {
    const value = await this.#store.get(this.#values + key);
    const entry = value && read(value);
    if (!entry || entry.request !== request) return null;
    if (entry.until !== undefined && entry.until <= this.#now()) {
      // Nobody waits for that.
      void this.delete(key).catch(() => {});
      return null;
    }
    this.#used.set(key, this.#now());
    return entry;
  }

  /** Rejects with what the store says. One that is larger than all may be together is not kept. */
  put(key: string, entry: Entry, tags: string[]): Promise<void> {
    const value = new TextEncoder().encode(JSON.stringify(entry));
    const { maxBytes, maxEntries } = this.#bounds;
    if (value.length > maxBytes) return Promise.resolve();
    return this.#inTurn(async () => {
      // Without bounds nothing has to go, and the names (thousands, in a store that bills each list) are not read.
      if (maxBytes < Infinity || maxEntries < Infinity) {
        await this.#read();
        await this.#noteUses();
        await this.#makeRoom(key, value.length, maxBytes, maxEntries);
      }
      await this.#remove(key);
      try {
        await this.#write(key, value, entry, tags);
      } catch {
        // Full, perhaps: half of what there is makes room, and then it is the store's last word.
        await this.#read(true);
        await this.#makeRoom(key, value.length, this.#bytes / 2, this.#known!.size / 2);
        await this.#write(key, value, entry, tags);
      }
    });
  }

  delete(key: string): Promise<boolean> {
    return this.#inTurn(async () => {
      this.#used.delete(key);
      const was = await this.#store.delete(this.#values + key);
      await this.#read();
      await this.#remove(key);
      return was;
    });
  }

  /** How many were dropped. Those with any of the tags, and older than that. */
  clear({ tags, olderThanSeconds = 0 }: { tags?: string[]; olderThanSeconds?: number } = {}): Promise<number> {
    return this.#inTurn(async () => {
      await this.#read(true);
      const before = this.#now() - olderThanSeconds * 1000;
      let count = 0;
      for (const [key, known] of [...this.#known!]) {
        if (tags && !known.tags.some((tag) => tags.includes(tag))) continue;
        if (olderThanSeconds > 0 && known.at > before) continue;
        await this.#store.delete(this.#values + key);
        await this.#remove(key);
        count++;
      }
      return count;
    });
  }

  stats(): Promise<{ entries: number; bytes: number }> {
    return this.#inTurn(async () => {
      await this.#read(true);
      const live = [...this.#known!.values()].filter(({ until }) => until > this.#now());
      return { entries: live.length, bytes: live.reduce((sum, { bytes }) => sum + bytes, 0) };
    });
  }

  /** One change after the other: two at once would make the same room. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const before = this.#turns++ > 0 ? awhile(this.#turn, TURN_MS) : this.#turn;
    const done = before.then(work);
    this.#turn = done.catch(() => {}).then(() => void this.#turns--);
    return done;
  }

  /** The name first: a value without one would never be dropped, a name without a value costs nothing. */
  async #write(key: string, value: Uint8Array, { at, until }: Entry, tags: string[]): Promise<void> {
    const known: Known = { name: "", bytes: value.length, at, used: at, until: until ?? Infinity, tags };
    const ttl = until === undefined ? undefined : { ttlSeconds: Math.max(0, (until - this.#now()) / 1000) };
    await this.#name(key, known, ttl);
    try {
      await this.#store.set(this.#values + key, value, ttl);
    } catch (thrown) {
      await this.#remove(key).catch(() => {});
      throw thrown;
    }
  }

  async #name(key: string, known: Known, ttl: { ttlSeconds: number } | undefined): Promise<void> {
    const until = known.until === Infinity ? "" : number(known.until);
    known.name = [this.#names + key, known.bytes, number(known.at), number(known.used), until, known.tags.map(encodeURIComponent).join(",")].join("/");
    await this.#store.set(known.name, new Uint8Array(), ttl);
    this.#known?.set(key, known);
    this.#bytes += known.bytes;
  }

  /** Drops the name. */
  async #remove(key: string): Promise<void> {
    const known = this.#known?.get(key);
    if (!known) return;
    this.#known!.delete(key);
    this.#bytes -= known.bytes;
    await this.#store.delete(known.name);
  }

  /** For one more under this key, which may be there already. */
  async #makeRoom(key: string, bytes: number, maxBytes: number, maxEntries: number): Promise<void> {
    const fits = (share: number) => {
      const same = this.#known!.get(key);
      const others = this.#known!.size - (same ? 1 : 0);
      return others + 1 <= Math.max(1, maxEntries * share) && this.#bytes - (same?.bytes ?? 0) + bytes <= maxBytes * share;
    };
    if (fits(1)) return;
    // Other tabs have kept some, and dropped some.
    await this.#read(true);
    if (fits(1)) return;
    const used = ([key, known]: [string, Known]) => this.#used.get(key) ?? known.used;
    const oldest = [...this.#known!].sort((one, other) => used(one) - used(other) || one[1].at - other[1].at);
    // Of a few, one at a time: a tenth of them is none.
    const share = oldest.length > 20 ? KEPT_SHARE : 1;
    for (const [other] of oldest) {
      if (fits(share)) return;
      if (other === key) continue;
      await this.#store.delete(this.#values + other);
      await this.#remove(other);
      this.#used.delete(other);
    }
  }

  /** Writes down what was used, where the names are far behind. */
  async #noteUses(): Promise<void> {
    for (const [key, used] of this.#used) {
      const known = this.#known!.get(key);
      if (known && used - known.used > USE_LAG_MS) {
        await this.#remove(key);
        await this.#name(key, { ...known, used }, known.until === Infinity ? undefined : { ttlSeconds: Math.max(0, (known.until - this.#now()) / 1000) });
      }
    }
    // What is noted exactly is bounded by what is kept.
    for (const key of this.#used.keys()) if (!this.#known!.has(key)) this.#used.delete(key);
  }

  async #read(again = false): Promise<void> {
    if (this.#known && !again) return;
    const known = new Map<string, Known>();
    let bytes = 0;
    for await (const name of this.#store.list(this.#names)) {
      const [key, size, at, used, until, tags] = name.slice(this.#names.length).split("/");
      if (!key || tags === undefined) continue;
      const one: Known = {
        name,
        bytes: Number(size) || 0,
        at: parseInt(at!, 36) || 0,
        used: parseInt(used!, 36) || 0,
        until: until ? parseInt(until, 36) || 0 : Infinity,
        tags: tags ? tags.split(",").map(decodeURIComponent) : [],
      };
      const other = known.get(key);
      // Two tabs have kept the same: one value, two names.
      if (other) {
        const older = other.at < one.at ? other : one;
        void Promise.resolve(this.#store.delete(older.name)).catch(() => {});
        if (older === one) continue;
        bytes -= other.bytes;
      }
      known.set(key, one);
      bytes += one.bytes;
    }
    this.#known = known;
    this.#bytes = bytes;
  }
}

const number = (ms: number) => Math.round(ms).toString(36);

/** What is damaged, or another version's, is none. */
function read(value: Uint8Array): Entry | null {
  try {
    const entry = JSON.parse(new TextDecoder().decode(value)) as Entry;
    return typeof entry.tape === "string" && typeof entry.at === "number" ? entry : null;
  } catch {
    return null;
  }
}
