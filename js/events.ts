// Who hears of what a client does: the listeners of `client.on`, and the sinks of `log`.
import { report } from "./errors.ts";
import { Told } from "./told.ts";
import type { Gaps, Trail } from "./trail.ts";
import type { ClientEvents, ClientOptions, LogSink } from "./types.ts";

type Name = keyof ClientEvents;

const records = ["request", "retry", "fallback", "response", "error", "cache"];
const names = [...records, "limit", "budget"];

/** Calls of one client under way at once, as far as a log follows them: some 10 MB. */
const MOST_CALLS = 10_000;

/** The listeners and sinks of one client. */
export class Events {
  readonly #listeners = new Map<string, Set<(detail: never) => void>>();
  readonly #sinks: readonly LogSink[];
  readonly #redact: ((text: string) => string) | undefined;
  /** The client's. */
  readonly tags: Record<string, string> | undefined;
  readonly now: () => number;
  /** What was told last of each call under way. */
  readonly #last = new Map<string, Told>();
  #listening = 0;
  /** Where content is captured: what the calls under way ask, by their ids. */
  readonly #trails = new Map<string, Trail>();
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
    this.timing = this.#sinks.some((sink) => "gaps" in sink);
  }

  /** Whether anybody listens. The core makes no records while nobody does. */
  get any(): boolean {
    return this.#listening > 0 || this.#sinks.length > 0;
  }

  /** What sinks still load before a request can be sent with all that they would give it. */
  get loading(): Promise<unknown>[] | undefined {
    // Asked by every call, and most have nothing to wait for.
    if (!(this.#sinks as readonly OwnSink[]).some(isLoading)) return undefined;
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

  /** The core has the call that it is being given, and has named it. */
  begun(callId: string): void {
    this.beginning!.callId = callId;
    this.#trails.set(callId, this.beginning!);
  }

  /** What the core tells, as JSON. */
  tell(event: string, text: string): void {
    if (records.includes(event)) {
      if (!this.any) return;
      const told = Told.ofText(event, text);
      if (this.capture && !this.#last.has(told.callId)) this.#trails.get(told.callId)?.asked(told);
      this.#last.set(told.callId, told);
      // The end of a call takes it out; one whose end nobody could name must not stay for ever.
      if (this.#last.size > MOST_CALLS) this.#last.delete(this.#last.keys().next().value!);
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

  /** A call is over: nothing but its end is to come. Gives what was told last of it. `gaps`: between the pieces of a stream. */
  forget(callId: string, gaps: Gaps | undefined): Told | undefined {
    const last = this.#last.get(callId);
    if (last) this.#last.delete(callId);
    if (this.capture) this.#trails.delete(callId);
    if (gaps) for (const sink of this.#sinks as OwnSink[]) sink.gaps?.(callId, gaps);
    return last;
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
  /** Told before a call's end. */
  gaps?(callId: string, gaps: Gaps): void;
}

const isLoading = ({ ready }: OwnSink) => ready !== undefined;

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
