// A provider whose every byte is the test's: what was asked of it, and what became of each request.
import { createClient } from "modelwire";

const encoder = new TextEncoder();

/** OpenAI's chat stream: a chunk with this delta. */
export const chunk = (delta, finish_reason = null, more) =>
  `data: ${JSON.stringify({ id: "c1", model: "m", object: "chat.completion.chunk", choices: [{ index: 0, delta, finish_reason }], ...more })}\n\n`;
export const text = (content) => chunk({ content });
export const last =
  chunk({}, "stop") +
  `data: ${JSON.stringify({ id: "c1", model: "m", choices: [], usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 } })}\n\n` +
  "data: [DONE]\n\n";

/** A whole answer. */
export const answer = (...texts) => texts.map(text).join("") + last;

/**
 * `fetch`, and one request after the other in `calls`. `script`: what each answers with; strings and bytes are read one by
 * one, "hang" never ends, an Error breaks the body. A Response (or what is thrown) is given as it is.
 */
export function scripted(...script) {
  const calls = [];
  const fetch = async (url, init) => {
    const call = { url, init, reads: 0, cancelled: false, aborted: false };
    init.signal?.addEventListener("abort", () => (call.aborted = true));
    calls.push(call);
    const reply = script[Math.min(calls.length, script.length) - 1];
    if (typeof reply === "function") return reply(call);
    return respond(call, reply);
  };
  return { fetch, calls };
}

export function respond(call, pieces, init = { headers: { "content-type": "text/event-stream" } }) {
  const queue = [...pieces];
  const body = new ReadableStream(
    {
      pull(controller) {
        call.reads++;
        if (queue.length === 0) return controller.close();
        const piece = queue.shift();
        if (piece === "hang") {
          return new Promise((_, reject) => call.init.signal?.addEventListener("abort", () => reject(call.init.signal.reason)));
        }
        if (piece instanceof Error) return controller.error(piece);
        controller.enqueue(typeof piece === "string" ? encoder.encode(piece) : piece);
      },
      cancel() {
        call.cancelled = true;
      },
    },
    { highWaterMark: 0 },
  );
  return new Response(body, init);
}

/** A client of a scripted provider, and the calls that it made. One attempt: what is tried again is resilience.test.mjs's. */
export function client(...script) {
  const { fetch, calls } = scripted(...script);
  return { client: createClient({ providers: { openai: { apiKey: "a-key" } }, retry: false, fetch }), calls };
}

export const ask = (more) => ({ model: "openai/m", messages: "Hi", ...more });

/** A stream of a scripted answer. */
export function streamOf(pieces, more) {
  const { client: made, calls } = client(pieces);
  return { stream: made.stream(ask(more)), calls, client: made };
}

/** A signal that counts its listeners. */
export function countedSignal() {
  const controller = new AbortController();
  const { signal } = controller;
  const { addEventListener, removeEventListener } = signal;
  const known = new Set();
  signal.addEventListener = (type, listener, ...rest) => (known.add(listener), addEventListener.call(signal, type, listener, ...rest));
  signal.removeEventListener = (type, listener, ...rest) => (known.delete(listener), removeEventListener.call(signal, type, listener, ...rest));
  return { signal, abort: (reason) => controller.abort(reason), listeners: () => known.size };
}

export const macrotask = () => new Promise((resolve) => setTimeout(resolve));

/** Every event that is left. */
export async function all(iterable) {
  const events = [];
  for await (const event of iterable) events.push(event);
  return events;
}

export const typesOf = (events) => events.map(({ type }) => type);
