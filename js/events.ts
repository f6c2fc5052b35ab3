// Who hears of what a client does: the listeners of `client.on`, and the sinks of `log`.
import { report } from "./errors.ts";
import { Told } from "./told.ts";
import type { Trail } from "./trail.ts";
import type { ClientEvents, ClientOptions, LogSink } from "./types.ts";

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
  /** Whether anybody wants to know when the pieces of streams came. */
  readonly timing: boolean;

  /** Puts content into a record, where that is wanted (js/logs/content.ts). */
  capture: ((record: object, field: "request" | "response", content: unknown) => void) | undefined;

  constructor({ log, capture, tags, clock }: ClientOptions) {
    this.#sinks = log ? [log].flat() : [];
    this.#redact = capture?.redact;
    this.tags = tags;
    this.now = () => (clock ?? Date).now();
    this.timing = this.#sinks.some((sink) => "chunks" in sink);
  }

  /** Whether anybody listens. The core makes no records while nobody does. */
  get any(): boolean {
    return this.#listening > 0 || this.#sinks.length > 0;
  }

  /** What sinks still load before a request can be sent with all that they would give it. */
  get loading(): Promise<unknown>[] {
    return (this.#sinks as readonly OwnSink[]).flatMap(({ ready }) => ready ?? []);
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
    } else if (records.includes(event)) {
      if (!this.any) return;
      const told = Told.ofText(event, text);
      this.#trails.get(told.callId)?.told(told);
      this.give(told);
    } else {
      for (const listener of [...(this.#listeners.get(event) ?? [])]) attempt(() => listener(JSON.parse(text) as never));
    }
  }

  /**
   * Tells who listens. Whoever is not of this library has a copy of his own to do with as he likes. What a listener throws is no
   * business of the call's.
   */
  give(told: Told): void {
    const redact = this.#redact;
    if (redact && told.record.error) told.change(({ error }) => (error!.message = redacted(error!.message, redact)));
    const listeners = this.#listeners.get(told.event);
    const sinks = this.#sinks as readonly OwnSink[];
    // Alone with it, he may have it.
    const isOnlyOne = (listeners?.size ?? 0) + sinks.length === 1;
    if (listeners?.size) for (const listener of [...listeners]) attempt(() => listener((isOnlyOne ? told.record : JSON.parse(told.json)) as never));
    // Without a function for each: this is run for every record.
    for (const sink of sinks) {
      try {
        if (sink.take) sink.take(told);
        else sink(isOnlyOne ? told.record : JSON.parse(told.json));
      } catch (thrown) {
        report(thrown);
      }
      if (told.event !== "request" || !sink.traceparent) continue;
      const traceparent = sink.traceparent(told);
      if (traceparent) this.trace = { server: told.record.server, traceparent };
    }
  }

  /** A call is over: nothing but its end is to come. `chunks`: milliseconds between the pieces of a stream. */
  forget({ callId }: Trail, chunks: number[] | undefined): void {
    this.#trails.delete(callId);
    if (chunks) for (const sink of this.#sinks as OwnSink[]) sink.chunks?.(callId, chunks);
  }
}

/** A sink of this library. */
export interface OwnSink extends LogSink {
  /** Called in its place. */
  take?(told: Told): unknown;
  /** It has its trace go on at the server of a request: the header for this attempt. */
  traceparent?(told: Told): string | undefined;
  /** While its insides are loaded. */
  ready?: Promise<unknown> | undefined;
  /** Told before a call's end: how long each piece of its stream was waited for after the one before it. */
  chunks?(callId: string, ms: number[]): void;
}

function attempt(work: () => void): void {
  try {
    work();
  } catch (thrown) {
    report(thrown);
  }
}

function redacted(text: string, redact: (text: string) => string): string {
  try {
    return String(redact(text));
  } catch {
    return "(left out: capture.redact failed)";
  }
}
