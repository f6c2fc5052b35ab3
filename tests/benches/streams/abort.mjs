// An abort in the middle of a stream: how long until the reader knows, and what is left behind.
import { getEventListeners } from "node:events";
import OpenAI from "openai";
import { streamText } from "ai";
import { createOpenAI } from "@ai-sdk/openai";
import { modelwire } from "./contenders.mjs";
import { median } from "./measure.mjs";
import { ours } from "./section.mjs";
import { bodyOf } from "./wires.mjs";

const times = 100;

export async function section() {
  const { createClient } = await ours();
  const base = "http://localhost";
  const key = "sk-not-a-key";
  const ways = {
    async raw(fetch, signal, onText) {
      const response = await fetch(`${base}/v1/chat/completions`, { method: "POST", body: "{}", signal });
      const decoder = new TextDecoder();
      for (const reader = response.body.getReader(); ; ) {
        const { done, value } = await reader.read();
        if (done) return;
        for (const line of decoder.decode(value, { stream: true }).split("\n")) {
          if (line.startsWith("data: {") && JSON.parse(line.slice(6)).choices[0]?.delta?.content) onText();
        }
      }
    },
    async "modelwire, iterator"(fetch, signal, onText) {
      for await (const event of modelwire(createClient, base, fetch).stream({ model: "openai/gpt-4.1", messages: "x", signal })) {
        if (event.type === "text-delta") onText();
      }
    },
    async "modelwire, ReadableStream"(fetch, signal, onText) {
      for (const reader = modelwire(createClient, base, fetch).stream({ model: "openai/gpt-4.1", messages: "x", signal }).getReader(); ; ) {
        const { done, value } = await reader.read();
        if (done) return;
        if (value.type === "text-delta") onText();
      }
    },
    async "openai, create"(fetch, signal, onText) {
      const openai = new OpenAI({ apiKey: key, baseURL: `${base}/v1`, fetch });
      for await (const chunk of await openai.chat.completions.create({ model: "gpt-4.1", messages: [], stream: true }, { signal })) {
        if (chunk.choices[0]?.delta?.content) onText();
      }
    },
    async "ai, fullStream"(fetch, signal, onText) {
      const model = createOpenAI({ apiKey: key, baseURL: `${base}/v1`, fetch }).chat("gpt-4.1");
      for await (const part of streamText({ model, prompt: "x", abortSignal: signal }).fullStream) if (part.type === "text-delta") onText();
    },
  };
  const figures = ["ms until the reader knows", "events after it", "requests left open", "listeners left on the signal"].map((what) => [`abort, ${what}`, {}]);
  for (const [name, way] of Object.entries(ways)) {
    const rows = [];
    for (let at = 0; at < times + 10; at++) rows.push(await one(way));
    rows.splice(0, 10);
    const total = (index) => rows.reduce((sum, row) => sum + row[index], 0);
    [median(rows.map((row) => row[0])), total(1), total(2), total(3)].forEach((figure, at) => (figures[at][1][name] = { median: figure, ratio: NaN }));
  }
  return figures;
}

async function one(way) {
  const encoder = new TextEncoder();
  const events = bodyOf("openai", 100);
  // Ten events a read: some of them wait when the signal comes.
  const reads = Array.from({ length: 10 }, (_, at) => encoder.encode(events.slice(at * 10, at * 10 + 10).join("")));
  const controller = new AbortController();
  let open = 0;
  const fetch = async (_, { signal }) => {
    open++;
    let at = 0;
    return new Response(
      new ReadableStream({
        start(body) {
          signal?.addEventListener("abort", () => {
            if (open) open = 0;
            body.error(signal.reason);
          }, { once: true });
        },
        async pull(body) {
          await new Promise(setImmediate);
          if (at < reads.length && !signal?.aborted) body.enqueue(reads[at++]);
        },
        cancel: () => void (open = 0),
      }, { highWaterMark: 0 }),
      { headers: { "content-type": "text/event-stream" } },
    );
  };
  let seen = 0;
  let aborted;
  let after = 0;
  const onText = () => {
    if (aborted !== undefined) after++;
    else if (++seen === 43) {
      aborted = performance.now();
      controller.abort();
    }
  };
  await way(fetch, controller.signal, onText).catch(() => {});
  const taken = performance.now() - aborted;
  await new Promise(setImmediate);
  // `fetch` here listens itself, on the signal that it was given: the caller's own, where a client passes it on.
  const listeners = getEventListeners(controller.signal, "abort").length;
  return [taken, after, open, listeners];
}
