// The contract's `Store` in the Cache API, which pages and Workers have.
import type { Store } from "../types.ts";
import { bufferOf } from "./bytes.ts";

/** No address of anybody's: the names under which things are in a cache. */
const ADDRESS = "https://modelwire.invalid/";
const UNTIL = "x-modelwire-until";
const INDEX = "\0index";
const YEAR_SECONDS = 365 * 24 * 60 * 60;

/**
 * A `Store` in the Cache API, of a Worker (each data centre has its own) or a page. A cache may drop what it wants when it wants.
 * Workers cannot list a cache: there a list of keys is kept in it too, of which two Workers that write at the same moment may
 * lose one; its value is still there.
 */
export function cacheApiStore(cacheName: string, now: () => number = Date.now): Store {
  const opened = () => caches.open(cacheName);
  const address = (key: string) => ADDRESS + encodeURIComponent(key);
  let last: Promise<unknown> = Promise.resolve();
  let listing: Promise<boolean> | undefined;

  async function read(key: string): Promise<Uint8Array | null> {
    const found = await (await opened()).match(address(key));
    if (!found) return null;
    const value = new Uint8Array(await found.arrayBuffer());
    const until = found.headers.get(UNTIL);
    return until !== null && Number(until) <= now() ? null : value;
  }

  async function write(key: string, value: Uint8Array, ttlSeconds?: number): Promise<void> {
    const headers = new Headers({ "cache-control": `max-age=${Math.max(1, Math.ceil(ttlSeconds ?? YEAR_SECONDS))}` });
    if (ttlSeconds !== undefined) headers.set(UNTIL, String(now() + ttlSeconds * 1000));
    await (await opened()).put(address(key), new Response(bufferOf(value), { headers }));
  }

  /** Changes the list of keys, where the cache has none of its own; one after the other. */
  async function note(change: (keys: Set<string>) => boolean): Promise<void> {
    if (await lists()) return;
    const next = last.then(async () => {
      const keys = await noted();
      if (change(keys)) await write(INDEX, new TextEncoder().encode(JSON.stringify([...keys])));
    });
    last = next.catch(() => {});
    await next;
  }

  async function noted(): Promise<Set<string>> {
    const kept = await read(INDEX);
    try {
      return new Set(kept ? (JSON.parse(new TextDecoder().decode(kept)) as string[]) : []);
    } catch {
      // Damaged: the values are still there, and what is written from now on is listed again.
      return new Set();
    }
  }

  /** workerd has the method, which says that it is not implemented. */
  function lists(): Promise<boolean> {
    return (listing ??= opened().then((cache) => cache.keys(address(INDEX))).then(
      () => true,
      () => false,
    ));
  }

  return {
    get: read,
    async set(key, value, { ttlSeconds } = {}) {
      await write(key, value, ttlSeconds);
      await note((keys) => !keys.has(key) && Boolean(keys.add(key)));
    },
    async delete(key) {
      const was = (await read(key)) !== null;
      await (await opened()).delete(address(key));
      await note((keys) => keys.delete(key));
      return was;
    },
    async *list(prefix) {
      const all = (await lists())
        ? (await (await opened()).keys()).map(({ url }) => decodeURIComponent(url.slice(ADDRESS.length)))
        : [...(await noted())];
      for (const key of all) if (key.startsWith(prefix) && (await read(key)) !== null) yield key;
    },
  };
}
