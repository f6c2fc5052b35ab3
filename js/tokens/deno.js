// The module is part of Deno's module graph; a vocabulary is a file, which needs `--allow-read` when the package is on disk.
// JavaScript, because TypeScript cannot parse `import source` yet.
import source module from "../modelwire_tokens_bg.wasm";

const urls = {
  o200k_base: () => new URL("../o200k_base.bin", import.meta.url),
  cl100k_base: () => new URL("../cl100k_base.bin", import.meta.url),
  p50k_base: () => new URL("../p50k_base.bin", import.meta.url),
};

export const source = {
  module: async () => module,
  async vocabulary(name) {
    const url = urls[name]();
    if (url.protocol === "file:") return Deno.readFile(url);
    const response = await fetch(url);
    if (!response.ok) throw new Error(`${url} answered with status ${response.status}`);
    return new Uint8Array(await response.arrayBuffer());
  },
};
