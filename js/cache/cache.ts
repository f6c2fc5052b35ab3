// The response cache of one client: what was kept is read again, what is under way is shared, the rest is asked for once. A part of the
// package by itself, loaded by the first call that wants it.
//
// What a request is known by, and which answers are kept, is the core's; see src/engine/cache.rs.
import { describe } from "../errors.ts";
import { memoryStore } from "../stores/memory.ts";
import type { CacheOptions, ClientOptions, Store } from "../types.ts";
import { canonical, digest } from "./canonical.ts";
import { Entries, type Entry } from "./entries.ts";
import { Flight, type Landed } from "./flight.ts";
import { Tabs } from "./tabs.ts";

/** Some 10,000 answers of 4 KB and what is around them. A store of the caller's is bounded if he says so. */
const USUAL_BOUNDS = { maxBytes: 64 * 1024 * 1024, maxEntries: 10_000 };

/** What the core says of a request. */
export interface Lookup {
  material: string;
  url: string;
  key?: string;
  refresh: boolean;
  alone: boolean;
  ttlSeconds?: number;
  tags: string[];
  provider: string;
  model: string;
  callId: string;
  marks: Record<string, string>;
}

/** What the cache asks of its client. */
export interface Around {
  now(): number;
  sleep(ms: number): Promise<void>;
  /** Has the core make a flight. `done`: JSON of a `Landed`. */
  fly(flight: number): { done: Promise<string>; stop(): void };
  forget(flight: number): void;
  /** An answer that nobody is billed for. */
  tell(event: "cache" | "cost", record: string): void;
}

export interface Recalled {
  response?: Response;
  cached?: boolean;
  trouble?: string;
}

export class Cache {
  readonly entries: Entries;
  /** Answers that made no call: kept ones, and those of calls that others had under way. */
  hits = 0;
  misses = 0;
  savedNano = 0;
  readonly #options: CacheOptions;
  readonly #around: Around;
  readonly #tabs: Tabs | undefined;
  readonly #isShared: boolean;
  /** Whether who asks waits until his answer is kept: at the edge everything ends with the response. */
  readonly #waits: boolean;
  readonly #byKey = new Map<string, Flight>();
  readonly #byNumber = new Map<number, Flight>();
  #order: Promise<unknown> = Promise.resolve();
  #writing = new Set<Promise<void>>();
  #trouble: string | undefined;

  static async open(options: CacheOptions, store: ClientOptions["store"], isPage: boolean, around: Around): Promise<Cache> {
    const where = options.store ?? store ?? (isPage && globalThis.indexedDB ? "indexeddb" : "memory");
    if (where === "indexeddb" && !globalThis.indexedDB) throw new Error('the store "indexeddb" is for pages and their workers');
    const kept =
      typeof where === "object" ? where : where === "memory" ? memoryStore(around.now) : (await import("../stores/indexed_db.ts")).indexedDbStore("modelwire-cache", around.now);
    return new Cache(kept, options, around, where === "indexeddb" ? Tabs.open() : undefined, typeof where === "object");
  }

  constructor(store: Store, options: CacheOptions, around: Around, tabs: Tabs | undefined, isOwn: boolean) {
    const usual = isOwn ? { maxBytes: Infinity, maxEntries: Infinity } : USUAL_BOUNDS;
    const bounds = { maxBytes: options.maxBytes ?? usual.maxBytes, maxEntries: options.maxEntries ?? usual.maxEntries };
    this.entries = new Entries(store, options.name ?? "default", bounds, around.now);
    this.#options = options;
    this.#around = around;
    this.#tabs = tabs;
    this.#waits = isOwn;
    // In workerd what one request waits for must not be another's: "Cannot perform I/O on behalf of a different request".
    this.#isShared = globalThis.navigator?.userAgent !== "Cloudflare-Workers";
  }

  /** The key of a request, and what is compared when something is found under it. */
  async known({ material, url, key }: Lookup): Promise<{ key: string; request: string | undefined }> {
    if (key !== undefined) return { key: await digest(`key\n${key}`), request: undefined };
    const request = canonical(JSON.parse(material));
    return { key: await digest(`${request}\n${url}`), request };
  }

  /** See `HostBindings.recall`. */
  async recall(lookup: Lookup, number: number, signal: AbortSignal): Promise<Recalled | null> {
    let isMine = true;
    try {
      const { key, request } = await this.#inOrder(this.known(lookup));
      if (signal.aborted) return null;
      const under = this.#isShared && !lookup.alone && !lookup.refresh ? this.#byKey.get(key) : undefined;
      if (under && !under.failed) return this.#joined(under, lookup, signal);
      const flight = new Flight();
      if (!lookup.alone) this.#byKey.set(key, flight);
      const reader = flight.join(signal);
      let found: "kept" | "told" | "asked";
      try {
        found = await this.#decide(flight, lookup, key, request, number, () => (isMine = false));
      } catch (thrown) {
        // Whoever has joined it asks for himself.
        if (this.#byKey.get(key) === flight) this.#byKey.delete(key);
        flight.fail(JSON.stringify({ code: "storage", message: `the cache does not work: ${describe(thrown)}`, retryable: true }));
        throw thrown;
      }
      if (signal.aborted) return null;
      const pace = found === "kept" && this.#options.replay === "paced" ? this.#around.sleep : undefined;
      return { response: flight.response(reader, pace), cached: found !== "asked", ...this.#told() };
    } finally {
      if (isMine) this.#around.forget(number);
    }
  }

  /** In the order in which they were asked, whichever digest is ready first: who asks first makes the call. */
  async #inOrder<T>(known: Promise<T>): Promise<T> {
    // Nobody waits for another's there.
    if (!this.#isShared) return known;
    const before = this.#order;
    this.#order = Promise.allSettled([before, known]);
    await before;
    return known;
  }

  #joined(flight: Flight, lookup: Lookup, signal: AbortSignal): Recalled {
    const reader = flight.join(signal);
    flight.onLanded(({ usage, nanoUsd }) => {
      // Of a failure nothing was saved.
      if (!signal.aborted && usage !== undefined) this.#note(lookup, usage, nanoUsd ?? null);
    });
    return { response: flight.response(reader), cached: true, ...this.#told() };
  }

  /** Where a flight's answer comes from: what was kept, another tab, or the provider. */
  async #decide(
    flight: Flight,
    lookup: Lookup,
    key: string,
    request: string | undefined,
    number: number,
    taken: () => void,
  ): Promise<"kept" | "told" | "asked"> {
    const gone = () => {
      if (this.#byKey.get(key) === flight) this.#byKey.delete(key);
    };
    if (!lookup.refresh && (await this.#kept(flight, lookup, key, request))) {
      gone();
      return "kept";
    }
    let release: (() => void) | undefined;
    if (this.#tabs && !lookup.alone && !lookup.refresh) {
      release = await this.#tabs.tryLock(key).catch(() => undefined);
      if (!release) {
        const heard = await this.#follow(this.#tabs, flight, lookup, key, request, gone);
        if (typeof heard !== "function") return heard;
        release = heard;
      } else if (await this.#kept(flight, lookup, key, request)) {
        // Another tab has kept it between the look and the lock.
        release();
        gone();
        return "kept";
      }
    }
    const over = () => {
      release?.();
      gone();
    };
    if (flight.isDeserted) over();
    else {
      this.misses++;
      taken();
      this.#ask(flight, lookup, key, request, number, over);
    }
    return "asked";
  }

  async #kept(flight: Flight, lookup: Lookup, key: string, request: string | undefined): Promise<boolean> {
    let entry: Entry | null;
    try {
      entry = await this.entries.get(key, request);
    } catch (thrown) {
      this.#broken(thrown);
      return false;
    }
    if (!entry) return false;
    this.#note(lookup, entry.usage, entry.nanoUsd);
    flight.add(entry.tape);
    flight.end();
    flight.land(entry);
    return true;
  }

  /** Has the core ask, and keeps what comes of it. */
  #ask(flight: Flight, lookup: Lookup, key: string, request: string | undefined, number: number, over: () => void): void {
    this.#byNumber.set(number, flight);
    const told = this.#tabs && !lookup.alone ? this.#tabs.ask(key, { get text() { return flight.text; }, follow: () => flight.readElsewhere(1), leave: () => flight.readElsewhere(-1) }) : undefined;
    flight.onPiece = (piece) => told?.(piece);
    const { done, stop } = this.#around.fly(number);
    flight.onDeserted = () => {
      if (this.#byKey.get(key) === flight) this.#byKey.delete(key);
      stop();
    };
    const land = async (json: string): Promise<void> => {
      const landed = JSON.parse(json) as Landed;
      // A try after a failure is another flight: it must not find this one.
      if (landed.usage === undefined && this.#byKey.get(key) === flight) this.#byKey.delete(key);
      const keeping = landed.kept ? this.#keep(key, request, flight.text + landed.end, lookup, landed) : undefined;
      // Where nothing lasts longer than the answer, the answer waits for it.
      if (keeping && this.#waits) await keeping;
      flight.add(landed.end);
      flight.end();
      told?.();
      flight.land(landed);
      await keeping;
    };
    const ended = done
      .then(land, (thrown: unknown) => {
        flight.fail(typeof thrown === "string" ? thrown : JSON.stringify({ code: "aborted", message: describe(thrown) }));
        told?.();
      })
      .finally(() => {
        this.#byNumber.delete(number);
        over();
        this.#writing.delete(ended);
      });
    this.#writing.add(ended);
  }

  async #keep(key: string, request: string | undefined, tape: string, lookup: Lookup, { usage, nanoUsd = null }: Landed): Promise<void> {
    try {
      await this.keep(key, request, tape, lookup, { usage, nanoUsd });
    } catch (thrown) {
      this.#broken(thrown);
    }
  }

  /** Rejects with what the store says. */
  async keep(key: string, request: string | undefined, tape: string, lookup: Lookup, { usage, nanoUsd }: Pick<Entry, "usage" | "nanoUsd">): Promise<void> {
    const ttlSeconds = lookup.ttlSeconds ?? this.#options.ttlSeconds;
    const at = this.#around.now();
    const { provider, model, tags } = lookup;
    const until = ttlSeconds === undefined ? undefined : at + ttlSeconds * 1000;
    await this.entries.put(key, { request, tape, provider, model, usage, nanoUsd, at, ...(until !== undefined && { until }) }, tags);
    this.#trouble = undefined;
  }

  /**
   * Reads what another tab asks for. "told": it has begun to tell. A function: nobody tells any more, and the lock is this tab's, which it
   * releases.
   */
  async #follow(
    tabs: Tabs,
    flight: Flight,
    lookup: Lookup,
    key: string,
    request: string | undefined,
    gone: () => void,
  ): Promise<"kept" | "told" | (() => void)> {
    const giveUp = new AbortController();
    let heard: (() => void) | undefined;
    const first = new Promise<void>((resolve) => (heard = resolve));
    let hasEnded = false;
    const leave = tabs.follow(key, {
      piece: (text) => {
        flight.add(text);
        heard!();
      },
      end: () => {
        hasEnded = true;
        flight.end();
        heard!();
        over();
        this.#noteFollowed(flight, lookup, key, request);
      },
    });
    const over = () => {
      leave();
      gone();
      giveUp.abort();
    };
    flight.onDeserted = over;
    if (flight.isDeserted) over();
    const lock = tabs.lock(key, giveUp.signal).then(
      (release) => ({ release }),
      () => ({ release: undefined }),
    );
    const which = await Promise.race([first.then(() => "told" as const), lock]);
    if (which !== "told") {
      leave();
      flight.onDeserted = () => {};
      const { release = () => {} } = which;
      if (!(await this.#kept(flight, lookup, key, request))) return release;
      release();
      gone();
      return "kept";
    }
    // Whoever told may be gone before the end: then the lock comes.
    void lock.then(async ({ release }) => {
      if (!release) return;
      release();
      if (hasEnded) return;
      const entry = await this.entries.get(key, request).catch(() => null);
      if (entry?.tape.startsWith(flight.text)) {
        flight.add(entry.tape.slice(flight.text.length));
        flight.end();
      } else {
        flight.fail(JSON.stringify({ code: "network", message: "the tab that had asked for this answer was closed", retryable: true }));
      }
      over();
    });
    return "told";
  }

  /** What another tab's answer has used is in what that one has kept. */
  #noteFollowed(flight: Flight, lookup: Lookup, key: string, request: string | undefined): void {
    if (flight.failed) return;
    const reading = this.entries.get(key, request).then(
      (entry) => {
        this.#note(lookup, entry?.usage, entry?.nanoUsd ?? null);
        if (entry) flight.land(entry);
      },
      () => {},
    );
    const done = reading.finally(() => this.#writing.delete(done));
    this.#writing.add(done);
  }

  /** The core has recorded this. */
  taped(number: number, piece: string): void {
    this.#byNumber.get(number)?.add(piece);
  }

  wanted(number: number): Promise<void> | undefined {
    return this.#byNumber.get(number)?.wanted();
  }

  /** When all is kept that is to be. Never rejects. */
  async written(): Promise<void> {
    await Promise.all(this.#writing);
  }

  close(): void {
    this.#tabs?.close();
  }

  /** An answer that cost nothing is in the ledger as such. */
  #note({ provider, model, callId, marks }: Lookup, usage: unknown, savedNano: number | null): void {
    this.hits++;
    this.savedNano += savedNano ?? 0;
    const at = new Date(this.#around.now()).toISOString();
    const common = { at, provider, model, usage, usd: 0, cached: true, tags: marks };
    this.#around.tell("cache", JSON.stringify({ event: "cache", callId, requestId: null, ...common }));
    if (usage) this.#around.tell("cost", JSON.stringify({ ...common, nanoUsd: 0 }));
  }

  #broken(thrown: unknown): void {
    if (this.#trouble === undefined) console.warn(`modelwire: the cache does not work: ${describe(thrown)}`);
    this.#trouble = `the cache does not work: ${describe(thrown)}`;
  }

  #told(): { trouble?: string } {
    return this.#trouble === undefined ? {} : { trouble: this.#trouble };
  }
}
