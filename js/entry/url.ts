// Pages, and whatever else fetches: the file beside this one. Bundlers know this expression and bring the file along.
import { useTokens } from "../tokens/source.ts";
import { useWasm } from "../wasm.ts";

useWasm(
  () => new URL("../modelwire_page_bg.wasm", import.meta.url),
  () => new URL("../modelwire_rest_bg.wasm", import.meta.url),
);
useTokens(() => import("../tokens/url.ts").then(({ source }) => source));

export * from "../index.ts";
