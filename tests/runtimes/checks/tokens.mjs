// Tokens are counted here, in this runtime, with vocabularies that came with the package.
import { equal, ok } from "../expect.mjs";
import { key, openai } from "../wires.mjs";

export const tokenChecks = [
  {
    // First, while only one vocabulary is loaded.
    name: "a page keeps what it counts with, and fetches anew what was damaged",
    where: (env) => env.page,
    async run({ loadTokenizer }) {
      await loadTokenizer("gpt-5");
      const cache = await caches.open("modelwire-tokens");
      const kept = (await cache.keys()).map(({ url }) => url);
      const names = kept.map((url) => new URL(url).pathname.split("/").pop());
      ok(names.includes("o200k_base.bin") && names.includes("modelwire_tokens_bg.wasm"), `kept: ${names}`);
      const damaged = kept.find((url) => url.includes("o200k_base")).replace("o200k_base", "p50k_base");
      await cache.put(damaged, new Response("no vocabulary at all"));
      equal((await loadTokenizer("p50k_base")).count("Hello, world!"), 4, "counted with a good one");
      const now = await (await cache.match(damaged)).arrayBuffer();
      ok(now.byteLength > 100_000, `the good one is kept: ${now.byteLength} bytes`);
      const { fetch } = globalThis;
      let fetched = 0;
      globalThis.fetch = (...given) => ((fetched += 1), fetch(...given));
      await Promise.all([1, 2, 3].map(() => loadTokenizer("gpt-4"))).finally(() => (globalThis.fetch = fetch));
      equal(fetched, 1, "how often a vocabulary is fetched that three ask for at once");
    },
  },
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
    name: "a whole request is counted, estimated and fitted, and one that cannot fit is not sent",
    async run({ createClient, isLlmError }, env) {
      const server = await env.serve({ body: JSON.stringify(openai.textWhole()), headers: { "content-type": "application/json" } });
      const model = "openai/gpt-5-small";
      const client = createClient({ providers: openai.provider(server.baseURL, key), catalog: { [model]: { contextWindow: 100, price: { input: 1, output: 2 } } } });
      const messages = [1, 2, 3].flatMap((number) => [
        { role: "user", content: `${number} ${"word ".repeat(40)}` },
        { role: "assistant", content: "Yes." },
      ]);
      const count = await client.countTokens({ model, messages });
      equal(count.method, "local", "the method");
      ok(count.inputTokens > 3 * 40 && count.inputTokens < 3 * 60, `${count.inputTokens} tokens`);
      const { fits, usd } = await client.estimate({ model, messages });
      ok(fits === false && usd.min > 0 && usd.max > usd.min, "the estimate");
      const fitted = await client.fit({ model, messages });
      equal([fitted.fits, fitted.messages, fitted.dropped], [true, messages.slice(4), messages.slice(0, 4)], "what is left");
      const error = await client.chat({ model, messages: "word ".repeat(400) }).catch((error) => error);
      ok(isLlmError(error, "context-length") && error.limit === 100, `${error}`);
      equal((await server.seen()).requests, [], "what was sent");
      const { warnings } = await client.chat({ model, messages, context: "fit" });
      ok(warnings.some(({ code }) => code === "context-fitted"), "the warning");
    },
  },
];
