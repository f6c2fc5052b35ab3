// Read synchronously at the first call: no top-level await, so require() works too.
import { readFileSync } from "node:fs";
import { useTokens } from "../tokens/source.ts";
import { useWasm } from "../wasm.ts";

// Compiled here: given bytes, the glue asks whether they are a Response, and Node loads all of its fetch to answer that.
useWasm(() => WebAssembly.compile(readFileSync(new URL("../modelwire_bg.wasm", import.meta.url))));
useTokens(() => import("../tokens/node.ts").then(({ source }) => source));

export * from "../index.ts";
