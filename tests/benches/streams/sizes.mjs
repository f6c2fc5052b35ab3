// What a page ships, minified, each file brotli by itself: ours as it is served, peers as esbuild bundles the import that a page makes.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { brotliCompressSync } from "node:zlib";
import { shipped } from "../../../js/build/sizes.mjs";

const root = join(import.meta.dirname, "..", "..", "..");
const peers = {
  openai: 'export { default } from "openai"',
  "@anthropic-ai/sdk": 'export { default } from "@anthropic-ai/sdk"',
  "cohere-ai": 'export { CohereClientV2 } from "cohere-ai"',
  "all three": 'export { default } from "openai"; export { default as Anthropic } from "@anthropic-ai/sdk"; export { CohereClientV2 } from "cohere-ai"',
  "ai, three providers": 'export { generateText, streamText } from "ai"; export * from "@ai-sdk/openai"; export * from "@ai-sdk/anthropic"; export * from "@ai-sdk/cohere"',
};

export async function section() {
  const { build } = createRequire(join(root, "package.json"))("esbuild");
  const sizes = { modelwire: { median: shipped().reduce((sum, file) => sum + brotliCompressSync(readFileSync(file)).length, 0) / 1024, ratio: NaN } };
  for (const [name, contents] of Object.entries(peers)) {
    const { outputFiles } = await build({
      stdin: { contents, resolveDir: import.meta.dirname },
      bundle: true, minify: true, format: "esm", platform: "browser", write: false, logLevel: "silent",
      external: ["node:*", "fs", "path", "stream", "crypto", "os", "util", "url", "http", "https", "buffer", "child_process"],
    });
    sizes[name] = { median: brotliCompressSync(outputFiles[0].contents).length / 1024, ratio: NaN };
  }
  return [["what a page ships, KiB of brotli", sizes]];
}
