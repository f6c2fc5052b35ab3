// What it costs: on every answer, in every format, and never more than it may.
import { equal, ok, readAll } from "../expect.mjs";
import { key, openai, text, wires } from "../wires.mjs";

/** A dollar a token, so that every test can do the sum. */
const price = { input: 1_000_000, output: 1_000_000 };

export const costChecks = [
  ...wires.map((wire) => ({
    name: `${wire.name} says what it cost, whole and as a stream, and the ledger has it`,
    async run({ createClient }, env) {
      for (const stream of [false, true]) {
        const server = await env.serve(stream ? { body: wire.textStream() } : { body: JSON.stringify(wire.textWhole()), headers: { "content-type": "application/json" } });
        const client = createClient({ providers: wire.provider(server.baseURL, key), catalog: { [wire.model]: { price } }, store: "memory" });
        const request = { model: wire.model, messages: "Hi" };
        const response = stream ? (await readAll(client.stream(request))).at(-1).response : await client.chat(request);
        const { inputTokens, outputTokens } = response.usage;
        ok(inputTokens > 0 && outputTokens > 0, "it used something");
        equal([response.cost.usd, response.cost.estimated], [inputTokens + outputTokens, false], "its cost");
        equal(client.costs.totalUsd, response.cost.usd, "the total");
        const summary = await client.costs.summary({ by: ["model"] });
        equal([summary.requests, Object.keys(summary.byModel)], [1, [wire.model]], "the summary");
      }
    },
  })),
  {
    name: "the ledger of a page is one for all its clients, and outlives them",
    where: (env) => env.page,
    async run({ createClient }, env) {
      const server = await env.serve({ body: JSON.stringify(openai.textWhole()), headers: { "content-type": "application/json" } });
      const tags = { check: "one ledger" };
      const make = (more) => createClient({ providers: openai.provider(server.baseURL, key), catalog: { [openai.model]: { price } }, tags, ...more });
      const first = make();
      await first.costs.clear();
      const { cost } = await first.chat({ model: openai.model, messages: "Hi" });
      await make({ store: "memory" }).chat({ model: openai.model, messages: "Hi" });
      await first.close();
      const second = make({ store: "indexeddb" });
      const { groups } = await second.costs.summary({ by: ["check"] });
      equal(groups["one ledger"], { usd: cost.usd, tokens: cost.usd, requests: 1 }, "what the first has spent");
      equal(second.costs.totalUsd, cost.usd, "the total");
      await second.costs.clear();
      equal([second.costs.totalUsd, make().costs.totalUsd], [0, 0], "after clear");
    },
  },
  {
    name: "a ledger in a store of one's own is kept before the answer is there",
    async run({ createClient }, env) {
      const values = new Map();
      const store = {
        get: async (key) => values.get(key) ?? null,
        set: async (key, value) => void values.set(key, value),
        delete: async (key) => values.delete(key),
        async *list(prefix) {
          for (const key of values.keys()) if (key.startsWith(prefix)) yield key;
        },
      };
      const server = await env.serve({ body: JSON.stringify(openai.textWhole()), headers: { "content-type": "application/json" } });
      const make = () => createClient({ providers: openai.provider(server.baseURL, key), catalog: { [openai.model]: { price } }, store });
      const { cost } = await make().chat({ model: openai.model, messages: "Hi" });
      equal(values.size, 1, "what is kept");
      equal((await make().costs.summary()).totalUsd, cost.usd, "what another client reads");
    },
  },
  {
    name: "the catalogue of the package is there",
    async run({ createClient }) {
      const client = createClient({ providers: { anthropic: { apiKey: key } }, store: "memory" });
      const { price, contextWindow } = await client.model("anthropic/claude-sonnet-5-5");
      equal([price.input, price.output, contextWindow], [2, 10, 1_000_000], "what it says");
      equal((await client.costs.price("anthropic/claude-sonnet-5-5", { inputTokens: 1, outputTokens: 1 })).nanoUsd, 12_000, "a price");
      equal(await (await client.costs.export("jsonl")).text(), "", "an empty ledger");
    },
  },
  {
    name: "a stream that would cost more than it may is stopped in the middle, and the server sees it",
    async run({ createClient }, env) {
      const server = await env.serve({ body: openai.textStream().slice(0, 3), end: "open" });
      const client = createClient({ providers: openai.provider(server.baseURL, key), catalog: { [openai.model]: { price: { input: 0, output: 1_000_000 } } } });
      const events = await readAll(client.stream({ model: openai.model, messages: "Hi", maxTokens: 1, budget: { usd: 1 } }));
      const { finishReason, response } = events.at(-1);
      equal([finishReason, response.finishReason, response.cost.estimated], ["budget", "budget", true], "how it ended");
      ok(response.text.length > 0 && text.startsWith(response.text), "what had arrived");
      const { requests, open } = await server.seen("closed");
      equal([open, requests[0].how], [0, "aborted"], "open requests, and how it ended");
    },
  },
];
