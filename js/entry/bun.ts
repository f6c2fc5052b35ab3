// Imported as a file, so that `bun build --compile` takes it along. The path is relative after `bun build`, absolute otherwise.
import { readFileSync } from "node:fs";
import path from "../modelwire_bg.wasm" with { type: "file" };
import { useTokens } from "../tokens/source.ts";
import { useWasm } from "../wasm.ts";

useWasm(() => readFileSync(new URL(path as string, import.meta.url)));
useTokens(() => import("../tokens/bun.ts").then(({ source }) => source));

export * from "../index.ts";
