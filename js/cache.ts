// `client.cache`, and what the core asks of it. What does the work is a part of the package by itself, loaded when a call wants it.
import { Call, watch, type Running, type WholeConnection } from "./call.ts";
import type { Around, Cache, Lookup, Recalled } from "./cache/cache.ts";
import { describe, errorFrom, errorOf, isLlmError, part } from "./errors.ts";
import { plain, readRequest } from "./options.ts";
import { reviveResponse } from "./revive.ts";
import type { CacheControl, CacheOptions, ChatRequest, ChatResponse, ClientOptions } from "./types.ts";

/** One client's cache, once it is loaded. */
export class LazyCache {
  readonly #options: CacheOptions;
  readonly #store: ClientOptions["store"];
  readonly #isPage: boolean;
  readonly #around: Around;
  #loading: Promise<Cache> | undefined;
  /** Once it is loaded. */
  now: Cache | undefined;

  constructor({ cache, store }: ClientOptions, isPage: boolean, around: Around) {
    this.#options = cache || {};
    this.#store = store;
    this.#isPage = isPage;
    this.#around = around;
  }

  load(): Promise<Cache> {
    return (this.#loading ??= part(import("./cache/cache.ts"))
      .then(({ Cache }) => Cache.open(this.#options, this.#store, this.#isPage, this.#around))
      .then(
        (cache) => (this.now = cache),
        (thrown: unknown) => {
          // What was not to be had may be there for the next call.
          this.#loading = undefined;
          throw thrown;
        },
      ));
  }

  /** See `HostBindings`. */
  async recall(lookup: string, flight: number, signal: AbortSignal): Promise<Recalled | null> {
    let cache: Cache;
    try {
      // Not awaited unless it must be: in workerd a promise of one request must not be waited for by another.
      cache = this.now ?? (await this.load());
    } catch (thrown) {
      this.#around.forget(flight);
      return { trouble: `the cache does not work: ${describe(thrown)}` };
    }
    return cache.recall(JSON.parse(lookup) as Lookup, flight, signal);
  }
}

/** `client.cache`. `prepare`: makes a request what the core reads. */
export function cacheOf(
  cache: LazyCache,
  connect: () => Promise<WholeConnection>,
  prepare: (request: Record<string, unknown>, kept: number[]) => Promise<object>,
  release: (kept: number[]) => void,
  running: Set<Running>,
): CacheControl {
  /** Does something with what a request is known by, at each of its targets. */
  async function about<T>(request: ChatRequest, work: (cache: Cache, lookups: Lookup[], ask: Ask) => Promise<T>): Promise<T> {
    const { data, signal } = readRequest(request);
    const kept: number[] = [];
    const call = new Call();
    const unwatch = watch(call, signal, running);
    try {
      const loaded = await opened();
      const asked = await prepare(data, kept);
      const ask: Ask = (start) => new Call().run(connect, start(asked));
      const lookups = await call.run(connect, ({ core, client }, number) => core.cache_lookups(client, number, asked));
      return await storing(() => work(loaded, JSON.parse(lookups) as Lookup[], ask));
    } finally {
      unwatch();
      release(kept);
    }
  }

  async function opened(): Promise<Cache> {
    try {
      return await cache.load();
    } catch (thrown) {
      throw errorOf("storage", `the cache does not work: ${describe(thrown)}`, thrown);
    }
  }

  return {
    get: (request) =>
      about(request, async (loaded, lookups, ask) => {
        for (const [target, lookup] of lookups.entries()) {
          const { key, request: known } = await loaded.known(lookup);
          const entry = await loaded.entries.get(key, known);
          if (!entry) continue;
          const json = await ask((asked) => ({ core, client }, number) => core.cache_replay(client, number, asked, target, entry.tape));
          return reviveResponse(JSON.parse(json) as ChatResponse);
        }
        return null;
      }),

    set: (request, response) =>
      about(request, async (loaded, lookups) => {
        // At the target that gave it; else at the first, which is asked first.
        const lookup = lookups.find(({ provider }) => provider === response?.provider) ?? lookups[0]!;
        const { core } = await connect();
        const tape = core.cache_tape(plain(response, 4) as object);
        const { key, request: known } = await loaded.known(lookup);
        await loaded.keep(key, known, tape, lookup, { usage: response.usage, nanoUsd: response.cost?.nanoUsd ?? null });
      }),

    delete: (request) =>
      about(request, async (loaded, lookups) => {
        let was = false;
        for (const lookup of lookups) {
          const { key } = await loaded.known(lookup);
          was = (await loaded.entries.delete(key)) || was;
        }
        return was;
      }),

    async clear(filter) {
      const loaded = await opened();
      await loaded.written();
      return storing(() => loaded.entries.clear(filter));
    },

    async stats() {
      const loaded = await opened();
      await loaded.written();
      const { hits, misses, savedNano } = loaded;
      return { ...(await storing(() => loaded.entries.stats())), hits, misses, savedUsd: savedNano / 1e9 };
    },
  };
}

type Ask = (start: (asked: object) => (connection: WholeConnection, call: number) => Promise<string>) => Promise<string>;

async function storing<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    // The core's own complaint, of the request or of the response.
    if (isLlmError(thrown) || typeof thrown === "string") throw errorFrom(thrown);
    throw errorOf("storage", `the cache does not work: ${describe(thrown)}`, thrown);
  }
}
