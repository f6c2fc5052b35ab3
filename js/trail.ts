// One call as the log follows it: what the core told of its attempts, and how it ended for the caller.
import { callIdOf, errorFrom } from "./errors.ts";
import type { Events } from "./events.ts";
import { Told } from "./told.ts";
import type { ChatResponse, EmbedResponse, LogRecord } from "./types.ts";

const MOST_GAPS = 10_000;

/** How long each piece of a stream was waited for after the one before it. Those of a burst, which are most, are counted. */
export interface Gaps {
  ms: number[];
  /** Came within the same millisecond. */
  none: number;
}

export class Trail {
  /** Once the core has the call. */
  callId = "";
  readonly #events: Events;
  readonly #began: number;
  #request: object;
  #ended = 0;
  #last: Told | undefined;
  #gaps: Gaps | undefined;
  #piece = 0;

  constructor(events: Events, request: object) {
    this.#events = events;
    this.#began = events.now();
    this.#request = request;
  }

  /** Gives the call to the core. */
  begin<T>(start: () => T): T {
    const events = this.#events;
    if (!events.capture) return start();
    events.beginning = this;
    try {
      return start();
    } finally {
      events.beginning = undefined;
    }
  }

  /** A piece of a stream arrived. */
  arrived(now: number): void {
    if (!this.#events.timing) return;
    if (!this.#gaps) this.#gaps = { ms: [], none: 0 };
    else if (now === this.#piece) this.#gaps.none++;
    else if (this.#gaps.ms.length < MOST_GAPS) this.#gaps.ms.push(now - this.#piece);
    this.#piece = now;
  }

  /** It is told of for the first time: what was asked is logged once, when it is first sent. */
  asked(told: Told): void {
    told.change((record) => this.#events.capture!(record, "request", this.#request));
  }

  ended(response: ChatResponse | EmbedResponse): void {
    if (!this.#over((response as Partial<ChatResponse>).callId)) return;
    const { usage, cost, model, provider } = response;
    const { id, timing, finishReason, cached, attempts, requestId, newMessages } = response as Partial<ChatResponse>;
    const record = this.#record("response", requestId ?? null, provider, model, timing?.totalMs);
    // The caller's own is his to change.
    record.usage = { ...usage };
    record.usd = cost ? cost.usd : null;
    record.cached = cached ?? false;
    record.responseModel = model;
    if (attempts) record.attempt = attempts.length;
    if (finishReason) record.finishReason = finishReason;
    if (id !== undefined) record.responseId = id;
    if (timing && timing.firstTokenMs !== null) record.firstTokenMs = timing.firstTokenMs;
    this.#give(record, newMessages);
  }

  failed(thrown: unknown): void {
    const error = errorFrom(thrown);
    if (!this.#over(callIdOf(error))) return;
    const { code, message, status, provider, model, requestId, attempts, partial } = error;
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
  #over(callId: string | undefined): boolean {
    if (callId) this.callId = callId;
    this.#last = this.#events.forget(this.callId, this.#gaps);
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

/** It may be anything: what is wrong with it may be why the call failed. `$caller`: whom a gateway asks for; embeddings have no tags of their own. */
function tagsOf(request: object): object {
  try {
    const { tags, $caller } = request as { tags?: object; $caller?: { tags?: object } };
    return Object.fromEntries(Object.entries({ ...$caller?.tags, ...tags }).filter(([, value]) => typeof value === "string"));
  } catch {
    return {};
  }
}
