// A stream as an HTTP response: `toResponse`, for servers and edge functions.
import { chunkWriter } from "./chunks.ts";
import type { LlmError } from "./errors.ts";
import type { Pump } from "./pump.ts";
import { statusOf } from "./status.ts";
import type { ChatEvent } from "./types.ts";

export type Format = "events" | "text" | "openai";

/** How events become text. What `end` and `fail` give is the last of it. */
export interface Encoding {
  type: string;
  event(event: ChatEvent): string;
  end: string;
  /** Absent: the body breaks off, which is all that plain text can say. */
  fail?(error: LlmError): string;
  /** The body of a response that is nothing but the failure. */
  failure(error: LlmError): unknown;
  /** What is written when nothing has come for so long: some servers notice only by writing that nobody reads any more. */
  ping?: { text: string; afterMs: number };
}

const eventStream = "text/event-stream; charset=utf-8";

/**
 * The response, and when it is awaited: the same once the first delta is there, or a failure's status. It is a promise to
 * those who await and a Response to those who do not, because the contract's handlers do either.
 */
export function openResponse(pump: Pump, format: Format | ((pump: Pump) => Encoding), init: ResponseInit = {}): Response & PromiseLike<Response> {
  const encoding = typeof format === "function" ? format(pump) : encodingOf(format, pump);
  // Read before the head was decided, written after it.
  let ahead: ChatEvent | undefined;
  let head: Promise<void> | undefined;
  const readHead = () =>
    (head ??= (async () => {
      // A retry may still end in a failure.
      do {
        while (!(ahead = pump.take()) && !pump.over && !pump.failure) await new Promise<void>((resolve) => pump.more(resolve));
      } while (ahead?.type === "retry");
    })());

  const encoder = new TextEncoder();
  const waited = waiting(pump, encoding.ping?.afterMs);
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        await readHead();
        for (;;) {
          let text = "";
          if (ahead) text = encoding.event(ahead);
          ahead = undefined;
          for (let event; (event = pump.take()); ) text += encoding.event(event);
          const { over, failure } = pump;
          if (over) text += encoding.end;
          if (failure && encoding.fail) text += encoding.fail(failure);
          if (text) controller.enqueue(encoder.encode(text));
          if (failure && !encoding.fail) controller.error(failure);
          else if (over || failure) controller.close();
          else if (!text) {
            if (await waited()) continue;
            controller.enqueue(encoder.encode(encoding.ping!.text));
          }
          return;
        }
      },
      cancel: () => pump.cancel(),
    },
    { highWaterMark: 0 },
  );

  const headers = new Headers(init.headers);
  const defaults = { "content-type": encoding.type, "cache-control": "no-store", "x-accel-buffering": "no" };
  for (const [name, value] of Object.entries(defaults)) if (!headers.has(name)) headers.set(name, value);
  const response = new Response(body, { ...init, headers });

  const settle = async (): Promise<Response> => {
    await readHead();
    const { failure } = pump;
    if (!failure || ahead) return new Response(response.body, { ...init, headers });
    headers.set("content-type", "application/json");
    if (failure.retryAfterMs !== null) headers.set("retry-after", String(Math.ceil(failure.retryAfterMs / 1000)));
    return new Response(JSON.stringify(encoding.failure(failure)), { headers, status: statusOf(failure) });
  };
  let settled: Promise<Response> | undefined;
  const then: PromiseLike<Response>["then"] = (onFulfilled, onRejected) => (settled ??= settle()).then(onFulfilled, onRejected);
  return Object.defineProperty(response, "then", { value: then }) as Response & PromiseLike<Response>;
}

/** Looks at the silence so many times before it is too long. */
const TICKS = 4;

/**
 * Gives what waits until there is more: true. Or in vain, for the time and up to a quarter of it more: false. One timer runs through
 * all the waits of its time, for one a wait would be set and cleared at each event.
 */
function waiting(pump: Pump, ms: number | undefined): () => Promise<boolean> {
  let timer: unknown;
  let wake: ((more: boolean) => void) | undefined;
  let ticks = 0;
  const tick = () => {
    timer = wake && setTimeout(tick, ms! / TICKS);
    if (++ticks > TICKS) wake?.(false);
  };
  if (ms !== undefined) pump.onEnd(() => clearTimeout(timer as number));
  return () =>
    new Promise((resolve) => {
      ticks = 0;
      wake = (more) => {
        wake = undefined;
        resolve(more);
      };
      if (ms !== undefined) timer ??= setTimeout(tick, ms / TICKS);
      pump.more(() => wake?.(true));
    });
}

function encodingOf(format: Format, pump: Pump): Encoding {
  const failure = (error: LlmError): unknown => ({ error });
  switch (format) {
    case "events":
      return { type: eventStream, event: (event) => data(withoutRaw(event)), end: "", fail: (error) => `event: error\n${data(error)}`, failure };
    case "text":
      return { type: "text/plain; charset=utf-8", event: (event) => (event.type === "text-delta" ? event.text : ""), end: "", failure };
    case "openai":
      return openaiEncoding(pump);
    default:
      throw new TypeError(`toResponse: the format must be "events", "text" or "openai", not ${String(format)}`);
  }
}

function openaiEncoding(pump: Pump): Encoding {
  const write = chunkWriter(Math.floor(pump.now() / 1000));
  const failure = ({ message, code }: LlmError) => ({ error: { message, type: code, param: null, code } });
  return {
    type: eventStream,
    event(event) {
      const chunk = write(pump.core!, event);
      return chunk && `data: ${chunk}\n\n`;
    },
    end: "data: [DONE]\n\n",
    fail: (error) => data(failure(error)),
    failure,
  };
}

const data = (value: unknown) => `data: ${JSON.stringify(value)}\n\n`;

// The provider's own body is the server's affair.
function withoutRaw(event: ChatEvent): ChatEvent {
  return event.type === "end" ? { ...event, response: { ...event.response, raw: undefined } } : event;
}
