// Part of Deno's module graph, so that it needs no permission to read. JavaScript, because TypeScript cannot parse
// `import source` yet.
import source module from "../modelwire_bg.wasm";
import { useWasm } from "../wasm.ts";

useWasm(() => module);

export * from "../index.ts";
