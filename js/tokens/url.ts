// Pages, and whatever else fetches: files beside the script, kept in the Cache API where there is one, so that it works
// offline once it has worked.
import type { TokensSource, Vocabulary } from "./source.ts";

const CACHE = "modelwire-tokens";

// Written out, each: bundlers know this expression and bring the file along.
const urls: Record<Vocabulary, () => URL> = {
  o200k_base: () => new URL("../o200k_base.bin", import.meta.url),
  cl100k_base: () => new URL("../cl100k_base.bin", import.meta.url),
  p50k_base: () => new URL("../p50k_base.bin", import.meta.url),
};

export const source: TokensSource = {
  module: (again) => bytes(new URL("../modelwire_tokens_bg.wasm", import.meta.url), again),
  vocabulary: (name, again) => bytes(urls[name as Vocabulary](), again),
};

async function bytes(url: URL, again: boolean): Promise<Uint8Array<ArrayBuffer>> {
  const cache = await openCache(url);
  const kept = again ? undefined : await cache?.match(url).catch(() => undefined);
  if (kept) return new Uint8Array(await kept.arrayBuffer());
  // `no-store` for what was damaged: the browser's own cache may have given it.
  const response = await fetch(url, again ? { cache: "no-store" } : {});
  if (!response.ok) throw new Error(`${url} answered with status ${response.status}`);
  const copy = response.clone();
  const content = new Uint8Array(await response.arrayBuffer());
  // Full, or forbidden: then it is fetched again next time.
  await cache?.put(url, copy).catch(() => {});
  return content;
}

// Not in an insecure page or a sandboxed one, and not for files that are inside of a script.
async function openCache(url: URL): Promise<Cache | undefined> {
  if (typeof caches === "undefined" || !/^https?:$/.test(url.protocol)) return undefined;
  return caches.open(CACHE).catch(() => undefined);
}
