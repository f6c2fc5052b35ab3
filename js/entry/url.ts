// Pages, and whatever else fetches: the file beside this one. Bundlers know this expression and bring the file along.
import "../tokens/for_url.ts";
import { useWasm } from "../wasm.ts";

useWasm(() => new URL("../modelwire_bg.wasm", import.meta.url));

export * from "../index.ts";
