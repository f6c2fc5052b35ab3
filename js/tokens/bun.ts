// Imported as files, so that `bun build --compile` takes them along. A path is relative after `bun build`, absolute otherwise.
import { readFile } from "node:fs/promises";
import { gunzipSync } from "node:zlib";
import module from "../modelwire_tokens_bg.wasm" with { type: "file" };
import cl100k_base from "../cl100k_base.bin" with { type: "file" };
import o200k_base from "../o200k_base.bin" with { type: "file" };
import p50k_base from "../p50k_base.bin" with { type: "file" };
import type { TokensSource, Vocabulary } from "./source.ts";

const paths: Record<Vocabulary, unknown> = { o200k_base, cl100k_base, p50k_base };
const read = (path: unknown) => readFile(new URL(path as string, import.meta.url));

export const source: TokensSource = {
  module: () => read(module),
  vocabulary: (name) => read(paths[name as Vocabulary]),
  unzip: (bytes) => gunzipSync(bytes),
};
