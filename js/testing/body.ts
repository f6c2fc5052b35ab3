// Bodies: when each event goes out, and how one breaks.
import type { Clock } from "./clock.ts";
import type { Reply } from "./script.ts";
import type { Frame } from "./wire.ts";

/** What a body consists of: an event, silence until the request is aborted, or a connection that breaks. */
type Piece = Frame | "stall" | "break";

/** The frames of a stream, with the faults that the reply asks for. */
export function* withFaults(frames: Iterable<Frame>, reply: Reply, failure: (sent: number) => Frame): Generator<Piece> {
  let sent = 0;
  for (const frame of frames) {
    if (sent === reply.cutAfterEvents) return;
    if (sent === reply.stallAfterEvents) yield "stall";
    if (sent === reply.errorAfterEvents) return yield failure(sent);
    yield sent === reply.malformedAfterEvents ? { ...frame, text: halved(frame.text) } : frame;
    sent += 1;
  }
  // After all of them, too.
  if (sent === reply.stallAfterEvents) yield "stall";
  if (sent === reply.errorAfterEvents) yield failure(sent);
}

/** A whole body, with the same faults: it breaks in its middle, whatever the number of events. */
export function* brokenWhole(json: string, reply: Reply): Generator<Piece> {
  const half = json.slice(0, json.length / 2);
  const { cutAfterEvents, stallAfterEvents, malformedAfterEvents } = reply;
  const isBroken = [cutAfterEvents, stallAfterEvents, malformedAfterEvents].some((count) => count !== undefined);
  yield { text: isBroken ? half : json, tokens: 0 };
  if (stallAfterEvents !== undefined) yield "stall";
  if (cutAfterEvents !== undefined) yield "break";
}

/**
 * The body of a response: one chunk a frame, made when it is asked for. A paced frame is due at its token's place in time,
 * counted from the head, so that a slow reader does not slow the provider down.
 */
export function paced(frames: Iterator<Piece>, tokensPerSecond: number | undefined, signal: AbortSignal | null, clock: Clock): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const start = clock.now();
  let tokens = 0;
  let timer: unknown;
  let abort = (): void => {};
  const stop = (): void => {
    clock.clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
  };
  const due = (ms: number): Promise<void> => new Promise((resolve) => (timer = clock.setTimeout(resolve, ms)));

  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        abort = () => {
          stop();
          controller.error(signal?.reason);
        };
        if (signal?.aborted) abort();
        else signal?.addEventListener("abort", abort, { once: true });
      },
      async pull(controller) {
        const { done, value } = frames.next();
        if (done) {
          stop();
          return controller.close();
        }
        if (value === "stall") return new Promise(() => {});
        if (value === "break") {
          stop();
          return controller.error(new TypeError("The connection was closed before the body was complete"));
        }
        tokens += value.tokens;
        const wait = tokensPerSecond && value.tokens > 0 ? start + (tokens * 1000) / tokensPerSecond - clock.now() : 0;
        if (wait > 0) await due(wait);
        if (!signal?.aborted) controller.enqueue(encoder.encode(value.text));
      },
      cancel: stop,
    },
    { highWaterMark: 0 },
  );
}

function halved(frame: string): string {
  const from = frame.indexOf("data: ") + "data: ".length;
  return `${frame.slice(0, from + (frame.length - from) / 2)}\n\n`;
}
