// From `import` to the first request, in a fresh process each time: CPU ms. The same in fresh pages is page/cold.js.
import { join } from "node:path";
import { rounds } from "./measure.mjs";
import { apart, dist } from "./section.mjs";

const ways = {
  raw: (fetch) => fetch("http://localhost", { method: "POST", body: JSON.stringify({}) }),
  async modelwire(fetch) {
    const { createClient } = await import(join(dist, "entry", "node.js"));
    const client = createClient({ providers: { openai: { apiKey: "sk-not-a-key", baseURL: "http://localhost/v1" } }, store: "memory", fetch });
    for await (const _ of client.stream({ model: "openai/gpt-4.1", messages: "Go on." }));
  },
  async openai(fetch) {
    const { default: OpenAI } = await import("openai");
    await new OpenAI({ apiKey: "sk-not-a-key", fetch, maxRetries: 0 }).chat.completions.create({ model: "gpt-4.1", messages: [], stream: true });
  },
  async "@anthropic-ai/sdk"(fetch) {
    const { default: Anthropic } = await import("@anthropic-ai/sdk");
    await new Anthropic({ apiKey: "sk-not-a-key", fetch, maxRetries: 0 }).messages.create({ model: "claude-haiku-5-5", max_tokens: 1, messages: [], stream: true });
  },
  async "cohere-ai"(fetch) {
    const { CohereClientV2 } = await import("cohere-ai");
    await new CohereClientV2({ token: "sk-not-a-key", fetch, maxRetries: 0 }).chatStream({ model: "command-a-03-2025", messages: [] });
  },
  async ai(fetch) {
    const [{ streamText }, { createOpenAI }] = await Promise.all([import("ai"), import("@ai-sdk/openai")]);
    for await (const _ of streamText({ model: createOpenAI({ apiKey: "sk-not-a-key", fetch }).chat("gpt-4.1"), prompt: "x" }).fullStream);
  },
};

export async function section(name) {
  if (name) {
    const start = process.cpuUsage();
    return new Promise((resolve) => {
      const stop = async () => {
        const { user, system } = process.cpuUsage(start);
        resolve((user + system) / 1000);
        return new Promise(() => {});
      };
      void ways[name](stop);
    });
  }
  const child = (name) => () => apart("cold", name);
  return [["import to the first request, Node, CPU ms", await rounds(Object.fromEntries(Object.keys(ways).map((name) => [name, child(name)])), 9, { warm: 1 })]];
}
