// One call as the log follows it: what the core told of its attempts, and how it ended for the caller.
import { errorFrom } from "./errors.ts";
import type { Events } from "./events.ts";
import { Told } from "./told.ts";
import type { ChatResponse, EmbedResponse, LogRecord } from "./types.ts";

const MOST_CHUNKS = 10_000;

export class Trail {
  /** Once the core has the call. */
  callId = "";
  readonly #events: Events;
  readonly #began: number;
  #request: object;
  #ended = 0;
  #last: Told | undefined;
  #chunks: number[] | undefined;
  #piece = 0;

  constructor(events: Events, request: object) {
    this.#events = events;
    this.#began = events.now();
    this.#request = request;
  }

  /** Gives the call to the core. */
  begin<T>(start: () => T): T {
    this.#events.beginning = this;
    try {
      return start();
    } finally {
      this.#events.beginning = undefined;
    }
  }

  /** A piece of a stream arrived. */
  arrived(): void {
    if (!this.#events.timing) return;
    const chunks = (this.#chunks ??= []);
    if (chunks.length === MOST_CHUNKS) return;
    const now = performance.now();
    if (this.#piece) chunks.push(now - this.#piece);
    this.#piece = now;
  }

  /** The core told something of it. What was asked is logged once, when it is first sent. */
  told(told: Told): void {
    const { capture } = this.#events;
    if (capture && !this.#last) told.change((record) => capture(record, "request", this.#request));
    this.#last = told;
  }

  ended(response: ChatResponse | EmbedResponse): void {
    if (!this.#over()) return;
    const { usage, cost, model, provider } = response;
    const { id, timing, finishReason, cached, attempts, requestId, newMessages } = response as Partial<ChatResponse>;
    const record = this.#record("response", requestId ?? null, provider, model, timing?.totalMs);
    if (timing && timing.firstTokenMs !== null) record.firstTokenMs = timing.firstTokenMs;
    // The caller's own is his to change.
    record.usage = { ...usage };
    record.usd = cost ? cost.usd : null;
    if (finishReason) record.finishReason = finishReason;
    record.cached = cached ?? false;
    if (attempts) record.attempt = attempts.length;
    if (id !== undefined) record.responseId = id;
    record.responseModel = model;
    this.#give(record, newMessages);
  }

  failed(thrown: unknown): void {
    if (!this.#over()) return;
    const { code, message, status, provider, model, requestId, attempts, partial } = errorFrom(thrown);
    const record = this.#record("error", requestId, provider ?? "", model ?? "");
    if (partial) {
      const { timing, usage, cost, finishReason } = partial;
      if (timing.firstTokenMs !== null) record.firstTokenMs = timing.firstTokenMs;
      record.usage = { ...usage };
      if (cost) record.usd = cost.usd;
      record.finishReason = finishReason;
    }
    record.attempt = attempts.length;
    record.error = { code, message, status };
    this.#give(record, partial?.newMessages);
  }

  /** Whether anybody wants to know. */
  #over(): boolean {
    this.#events.forget(this, this.#chunks);
    this.#ended = this.#events.now();
    if (!this.#events.any) this.#request = {};
    return this.#events.any;
  }

  /** What all ends have, in the order in which it is read. */
  #record(event: "response" | "error", requestId: string | null, provider: string, model: string, durationMs = this.#ended - this.#began): LogRecord {
    // One that never came to the core has a name of its own in the log all the same.
    const callId = this.callId || `call_${Math.random().toString(16).slice(2)}`;
    const tags = this.#last ? {} : { ...this.#events.tags, ...tagsOf(this.#request) };
    return { at: "", event, callId, requestId, provider, model, durationMs, tags };
  }

  #give(record: LogRecord, said: unknown): void {
    const events = this.#events;
    const request = this.#request;
    // Whoever still holds the trail of a call that is over does not hold what was asked.
    this.#request = {};
    if (events.capture) {
      if (!this.#last) events.capture(record, "request", request);
      events.capture(record, "response", said);
    }
    events.give(Told.of(record, { atMs: this.#ended, last: this.#last, isOfLast: record.event === "response" }));
  }
}

/** It may be anything: what is wrong with it may be why the call failed. */
function tagsOf(request: { tags?: unknown }): object {
  try {
    return Object.fromEntries(Object.entries(request.tags ?? {}).filter(([, value]) => typeof value === "string"));
  } catch {
    return {};
  }
}
