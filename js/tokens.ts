// Counting tokens: a part of the package by itself, loaded when somebody first counts.
import type { Tokenizer } from "./types.ts";

/**
 * The tokenizer of a model ("openai/gpt-5.4") or an encoding ("o200k_base"). Fetches its vocabulary once, 150 to 690 KB; after that
 * it works offline. Rejects with code "config" when that cannot be had; may be tried again.
 */
export async function loadTokenizer(modelOrEncoding: string): Promise<Tokenizer> {
  const { loadTokenizer } = await import("./tokens/tokenizer.ts");
  return loadTokenizer(modelOrEncoding);
}
