// Part of Deno's module graph, so that it needs no permission to read. JavaScript, because TypeScript cannot parse
// `import source` yet.
import source module from "../modelwire_bg.wasm";
import { useTokens } from "../tokens/source.ts";
import { useWasm } from "../wasm.ts";

useWasm(() => module);
useTokens(() => import("../tokens/deno.js").then(({ source }) => source));

export * from "../index.ts";
