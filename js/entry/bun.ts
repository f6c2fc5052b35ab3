// Imported as a file, so that `bun build --compile` takes it along. The path is relative after `bun build`, absolute otherwise.
import { readFileSync } from "node:fs";
import path from "../modelwire_bg.wasm" with { type: "file" };
import "../tokens/for_bun.ts";
import { useWasm } from "../wasm.ts";

useWasm(() => readFileSync(new URL(path as string, import.meta.url)));

export * from "../index.ts";
