// Who hears of what a client does: the listeners of `client.on`, and the sinks of `log`.
import { report } from "./errors.ts";
import type { Trail } from "./trail.ts";
import type { ClientEvents, ClientOptions, LogRecord, LogSink } from "./types.ts";

type Name = keyof ClientEvents;

const records = ["request", "retry", "fallback", "response", "error", "cache"];
const names = [...records, "limit", "budget"];

/** The listeners and sinks of one client. */
export class Events {
  readonly #listeners = new Map<string, Set<(detail: never) => void>>();
  readonly #sinks: readonly LogSink[];
  readonly #redact: ((text: string) => string) | undefined;
  /** The client's. */
  readonly tags: Record<string, string> | undefined;
  readonly now: () => number;
  /** The calls under way, by their ids: only those that somebody listened to when they began. */
  readonly #trails = new Map<string, Trail>();
  #listening = 0;
  /** The call that the core is being given. It says its id before it gives a promise. */
  beginning: Trail | undefined;
  /** For the request that is sent next, in this very turn, if it goes there. */
  trace: { server: string | undefined; traceparent: string } | undefined;

  /** Puts content into a record, where that is wanted (js/logs/content.ts). */
  capture: ((record: object, field: "request" | "response", content: unknown) => void) | undefined;

  constructor({ log, capture, tags, clock }: ClientOptions) {
    this.#sinks = log ? [log].flat() : [];
    this.#redact = capture?.redact;
    this.tags = tags;
    this.now = () => (clock ?? Date).now();
  }

  /** Whether anybody listens. The core makes no records while nobody does. */
  get any(): boolean {
    return this.#listening > 0 || this.#sinks.length > 0;
  }

  /** Gives what takes it off again. */
  on<E extends Name>(event: E, handler: (detail: ClientEvents[E]) => void): () => void {
    if (!names.includes(event)) throw new TypeError(`there is no event "${String(event)}"; there is ${names.join(", ")}`);
    if (typeof handler !== "function") throw new TypeError("the handler must be a function");
    // A function of its own for each call: who listens twice is told twice, and takes off one.
    const listener = (detail: ClientEvents[E]) => handler(detail);
    const listeners = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, listeners.add(listener));
    this.#listening++;
    return () => {
      if (listeners.delete(listener)) this.#listening--;
    };
  }

  /** What the core tells, as JSON. */
  tell(event: string, text: string): void {
    if (event === "call") {
      this.beginning!.callId = text;
      this.#trails.set(text, this.beginning!);
    } else if (this.any) {
      const detail = JSON.parse(text);
      if (records.includes(event)) this.#trails.get(detail.callId)?.told(detail);
      this.give(event, detail);
    }
  }

  /** Tells who listens; each has a copy of his own. What a listener throws is no business of the call's. */
  give(event: string, detail: LogRecord | object): void {
    const { error } = detail as LogRecord;
    if (error && this.#redact) error.message = redacted(error.message, this.#redact);
    const hearers: ((detail: never) => unknown)[] = [...(this.#listeners.get(event) ?? [])];
    if (records.includes(event)) hearers.push(...this.#sinks);
    const text = hearers.length > 1 ? JSON.stringify(detail) : "";
    hearers.forEach((hearer, index) => {
      try {
        hearer((index ? JSON.parse(text) : detail) as never);
        const traceparent = event === "request" && (hearer as TracingSink).traceparent?.(detail as LogRecord);
        if (traceparent) this.trace = { server: (detail as LogRecord).server, traceparent };
      } catch (thrown) {
        report(thrown);
      }
    });
  }

  /** A call is over: nothing but its end is to come. `chunks`: milliseconds between the pieces of a stream. */
  forget({ callId }: Trail, chunks: number[]): void {
    this.#trails.delete(callId);
    for (const sink of this.#sinks as TracingSink[]) sink.chunks?.(callId, chunks);
  }

  /** Whether anybody wants to know of these. */
  get timing(): boolean {
    return this.#sinks.some((sink) => "chunks" in sink);
  }
}

/** A sink that has its trace go on at the server of a request. */
export interface TracingSink extends LogSink {
  /** The header for this attempt. */
  traceparent?(record: LogRecord): string | undefined;
  /** Told before a call's end: how long each piece of its stream was waited for after the one before it. */
  chunks?(callId: string, ms: number[]): void;
}

function redacted(text: string, redact: (text: string) => string): string {
  try {
    return String(redact(text));
  } catch {
    return "(left out: capture.redact failed)";
  }
}
