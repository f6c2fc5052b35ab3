// The contenders in a page, bundled as a page would have them. `modelwire` is not: it comes as it is served.
import * as gpt from "gpt-tokenizer/encoding/o200k_base";
import Ai from "ai-tokenizer";
import * as vocabulary from "ai-tokenizer/encoding/o200k_base";
import { Tiktoken as JsTiktoken } from "js-tiktoken/lite";
import jsRanks from "js-tiktoken/ranks/o200k_base";
import { init, Tiktoken } from "tiktoken/lite/init";
import wasm from "tiktoken/lite/tiktoken_bg.wasm";
import ranks from "tiktoken/encoders/o200k_base.json";
import { measure } from "../rows.mjs";

/** All of them, one after the other: the rows of the table. */
export async function run(texts) {
  const { loadTokenizer } = await import("/modelwire/entry/url.js");
  const own = await loadTokenizer("o200k_base");
  const plain = { disallowedSpecial: new Set() };
  const ai = new Ai(vocabulary);
  const js = new JsTiktoken(jsRanks);
  await init((imports) => WebAssembly.instantiate(wasm, imports));
  const tiktoken = new Tiktoken(ranks.bpe_ranks, ranks.special_tokens, ranks.pat_str);
  return measure(
    [
      { count: (text) => own.count(text), encode: (text) => own.encode(text) },
      { count: (text) => gpt.countTokens(text, plain), encode: (text) => gpt.encode(text, plain) },
      { count: (text) => ai.count(text), encode: (text) => ai.encode(text) },
      { count: (text) => js.encode(text, [], []).length, encode: (text) => js.encode(text, [], []) },
      { count: (text) => tiktoken.encode_ordinary(text).length, encode: (text) => tiktoken.encode_ordinary(text) },
    ],
    texts,
  );
}

/** The longest task of the page, in milliseconds, while a megabyte of each is counted by `countTokens`. */
export async function longest(hard) {
  const { createClient, loadTokenizer } = await import("/modelwire/entry/url.js");
  await loadTokenizer("o200k_base");
  const client = createClient({ providers: { openai: { apiKey: "a-key" } }, store: "memory" });
  const count = (text) => client.countTokens({ model: "openai/gpt-4.1", messages: text });
  // What is made once, at the first hard piece, is part of loading.
  await count("xyzzy".repeat(20_000));
  const longest = [];
  for (const [name, text] of hard) {
    let most = 0;
    const observer = new PerformanceObserver((list) => list.getEntries().forEach(({ duration }) => (most = Math.max(most, duration))));
    observer.observe({ type: "longtask" });
    await new Promise((resolve) => setTimeout(resolve, 50));
    await count(text);
    await new Promise((resolve) => setTimeout(resolve, 100));
    observer.disconnect();
    longest.push([name, most]);
  }
  return longest;
}
