// Files beside the script. zlib and not the web's streams, which cost Node 50 ms to load.
import { readFile } from "node:fs/promises";
import { gunzipSync } from "node:zlib";
import type { TokensSource, Vocabulary } from "./source.ts";

// Written out, each: bundlers know this expression and bring the file along.
const files: Record<Vocabulary, () => URL> = {
  o200k_base: () => new URL("../o200k_base.bin", import.meta.url),
  cl100k_base: () => new URL("../cl100k_base.bin", import.meta.url),
  p50k_base: () => new URL("../p50k_base.bin", import.meta.url),
};

export const source: TokensSource = {
  module: () => readFile(new URL("../modelwire_tokens_bg.wasm", import.meta.url)),
  vocabulary: (name) => readFile(files[name as Vocabulary]()),
  unzip: (bytes) => gunzipSync(bytes),
};
