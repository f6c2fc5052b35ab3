// Tokens are counted here, in this runtime, with vocabularies that came with the package.
import { equal, ok } from "../expect.mjs";

export const tokenChecks = [
  {
    name: "tokens are counted, encoded, decoded and cut as tiktoken does it",
    async run({ loadTokenizer }) {
      const expected = { o200k_base: [13225, 11, 2375, 0], cl100k_base: [9906, 11, 1917, 0], p50k_base: [15496, 11, 995, 0] };
      const text = "Hello, world! 🙂";
      for (const [encoding, tokens] of Object.entries(expected)) {
        const tokenizer = await loadTokenizer(encoding);
        equal([tokenizer.encoding, tokenizer.exact], [encoding, true], "the encoding");
        equal(tokenizer.decode(tokenizer.encode(text)), text, "there and back");
        equal([...tokenizer.encode("Hello, world!")], tokens, "the tokens");
        equal(tokenizer.count("Hello, world!"), 4, "the count");
        equal(tokenizer.truncate("Hello, world!", 2), "Hello,", "cut");
        const counter = tokenizer.counter();
        for (const char of text) counter.append(char);
        equal(counter.count, tokenizer.count(text), "the counter");
      }
      equal((await loadTokenizer("anthropic/claude-opus-5")).exact, false, "an estimate");
    },
  },
  {
    name: "a page keeps what it counts with",
    where: (env) => env.page,
    async run({ loadTokenizer }) {
      await loadTokenizer("gpt-5");
      const kept = (await (await caches.open("modelwire-tokens")).keys()).map(({ url }) => new URL(url).pathname.split("/").pop());
      ok(kept.includes("o200k_base.bin") && kept.includes("modelwire_tokens_bg.wasm"), `kept: ${kept}`);
    },
  },
];
