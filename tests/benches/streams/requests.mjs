// What one call costs besides the network: a plain chat call, a large prompt, the way to `fetch`, and from the first byte to the first delta.
import OpenAI from "openai";
import { generateText } from "ai";
import { createOpenAI } from "@ai-sdk/openai";
import { modelwire } from "./contenders.mjs";
import { median, pause, rounds } from "./measure.mjs";
import { cpu, ours } from "./section.mjs";
import { bodyOf } from "./wires.mjs";

const base = "http://localhost";
const key = "sk-not-a-key";
const answer = JSON.stringify({
  id: "chatcmpl-1", object: "chat.completion", created: 1763900000, model: "gpt-4.1-2025-04-14",
  choices: [{ index: 0, message: { role: "assistant", content: "Hello there, how can I help?", refusal: null, annotations: [] }, logprobs: null, finish_reason: "stop" }],
  usage: { prompt_tokens: 12, completion_tokens: 8, total_tokens: 20, prompt_tokens_details: { cached_tokens: 0 }, completion_tokens_details: { reasoning_tokens: 0 } },
});
const reply = async () => new Response(answer, { headers: { "content-type": "application/json" } });

// Retry and timeouts are on by themselves.
const policies = {
  retry: { maxAttempts: 5 },
  timeout: { firstTokenMs: 30_000, idleMs: 30_000, totalMs: 60_000 },
  fallback: { order: "given" },
  limits: { openai: { requestsPerMinute: 1e9, tokensPerMinute: 1e15, maxConcurrent: 1000, burst: 1e9 } },
  budget: { usd: 1e6, per: "day" },
};

export async function section() {
  const { createClient } = await ours();
  const rows = [];
  const small = "Say hello, please!!!";
  const large = `${"The quick \"brown\" fox\njumps over the lazy dog. ".repeat(22_000)}`.slice(0, 1e6);
  for (const [what, prompt, times] of [["plain chat call, 20 B prompt", small, 300], ["chat call, 1 MB prompt", large, 8]]) {
    rows.push([`${what}, CPU µs a call`, await rounds(ways(createClient, prompt, times), 15, { before: pause, warm: 4 })]);
  }
  rows.push(["from the call to fetch, µs", await untilFetch(createClient, small)]);
  rows.push(["from the first byte to the first delta, µs", await firstDelta(createClient)]);
  return rows;
}

function ways(createClient, prompt, times) {
  const messages = [{ role: "user", content: prompt }];
  const plain = modelwire(createClient, base, reply);
  const guarded = modelwire(createClient, base, reply, policies);
  const openai = new OpenAI({ apiKey: key, baseURL: `${base}/v1`, fetch: reply });
  const ai = createOpenAI({ apiKey: key, baseURL: `${base}/v1`, fetch: reply }).chat("gpt-4.1");
  const calls = {
    raw: async () => (await (await handMade(reply, messages)).json()).choices[0].message.content,
    modelwire: async () => (await plain.chat({ model: "openai/gpt-4.1", messages })).text,
    "modelwire, every policy": async () => (await guarded.chat({ model: ["openai/gpt-4.1", "anthropic/claude-haiku-5-5"], messages })).text,
    openai: async () => (await openai.chat.completions.create({ model: "gpt-4.1", messages })).choices[0].message.content,
    ai: async () => (await generateText({ model: ai, messages })).text,
  };
  return Object.fromEntries(
    Object.entries(calls).map(([name, call]) => [
      name,
      async () =>
        (await cpu(async () => {
          for (let at = 0; at < times; at++) if ((await call()).length !== 28) throw new Error(`${name} gave another answer`);
        })) / times,
    ]),
  );
}

function handMade(fetch, messages) {
  return fetch(`${base}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${key}` },
    body: JSON.stringify({ model: "gpt-4.1", messages }),
  });
}

// By the clock: what a user waits.
async function untilFetch(createClient, prompt) {
  let called;
  const fetch = async () => ((called = performance.now()), reply());
  const messages = [{ role: "user", content: prompt }];
  const plain = modelwire(createClient, base, fetch);
  const guarded = modelwire(createClient, base, fetch, policies);
  const openai = new OpenAI({ apiKey: key, baseURL: `${base}/v1`, fetch });
  const ai = createOpenAI({ apiKey: key, baseURL: `${base}/v1`, fetch }).chat("gpt-4.1");
  const ways = {
    raw: () => handMade(fetch, messages),
    modelwire: () => plain.chat({ model: "openai/gpt-4.1", messages }),
    "modelwire, every policy": () => guarded.chat({ model: ["openai/gpt-4.1", "anthropic/claude-haiku-5-5"], messages }),
    openai: () => openai.chat.completions.create({ model: "gpt-4.1", messages }),
    ai: () => generateText({ model: ai, messages }),
  };
  const one = (call) => async () => {
    const taken = [];
    for (let at = 0; at < 200; at++) {
      const start = performance.now();
      await call();
      taken.push((called - start) * 1000);
    }
    return median(taken);
  };
  return rounds(Object.fromEntries(Object.entries(ways).map(([name, call]) => [name, one(call)])), 9, { warm: 3 });
}

async function firstDelta(createClient) {
  const encoder = new TextEncoder();
  const events = bodyOf("openai", 3).map((event) => encoder.encode(event));
  let started;
  const fetch = async () => {
    let at = 0;
    return new Response(
      new ReadableStream({
        pull(controller) {
          if (at === 0) started = performance.now();
          if (at < events.length) controller.enqueue(events[at++]);
          else controller.close();
        },
      }),
      { headers: { "content-type": "text/event-stream" } },
    );
  };
  const ours = modelwire(createClient, base, fetch);
  const openai = new OpenAI({ apiKey: key, baseURL: `${base}/v1`, fetch });
  const ways = {
    async raw() {
      const response = await handMade(fetch, []);
      const decoder = new TextDecoder();
      let first;
      for (const reader = response.body.getReader(); ; ) {
        const { done, value } = await reader.read();
        if (done) return first;
        for (const line of decoder.decode(value, { stream: true }).split("\n")) {
          if (!line.startsWith("data: {")) continue;
          if (JSON.parse(line.slice(6)).choices[0]?.delta?.content) first ??= performance.now();
        }
      }
    },
    async modelwire() {
      let first;
      for await (const event of ours.stream({ model: "openai/gpt-4.1", messages: "x" })) if (event.type === "text-delta") first ??= performance.now();
      return first;
    },
    async openai() {
      let first;
      for await (const chunk of await openai.chat.completions.create({ model: "gpt-4.1", messages: [], stream: true })) if (chunk.choices[0]?.delta?.content) first ??= performance.now();
      return first;
    },
  };
  const one = (call) => async () => {
    const taken = [];
    for (let at = 0; at < 200; at++) taken.push(((await call()) - started) * 1000);
    return median(taken);
  };
  return rounds(Object.fromEntries(Object.entries(ways).map(([name, call]) => [name, one(call)])), 9, { warm: 3 });
}
