// Read synchronously at the first call: no top-level await, so require() works too.
import { readFileSync } from "node:fs";
import "../tokens/for_node.ts";
import { useWasm } from "../wasm.ts";

useWasm(() => readFileSync(new URL("../modelwire_bg.wasm", import.meta.url)));

export * from "../index.ts";
