// Part of Deno's module graph, so that it needs no permission to read. JavaScript, because TypeScript cannot parse
// `import source` yet.
import source module from "../modelwire_bg.wasm";
import "../tokens/for_deno.js";
import { useWasm } from "../wasm.ts";

useWasm(() => module);

export * from "../index.ts";
