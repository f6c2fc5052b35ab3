// Whether this is a page.

/** What relative URLs are relative to; undefined outside of pages and their workers. */
export function pageBase(): string | undefined {
  const { location, document, WorkerGlobalScope, Deno } = globalThis as Partial<Record<string, any>>;
  // Deno has a location when it is told one, and no CORS.
  if (!location?.href || Deno || !(document || WorkerGlobalScope)) return undefined;
  // A worker made of a blob: nothing is relative to that.
  return location.protocol === "blob:" ? location.origin : location.href;
}
