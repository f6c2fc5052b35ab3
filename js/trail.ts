// One call as the log follows it: what the core told of its attempts, and how it ended for the caller.
import { errorFrom } from "./errors.ts";
import type { Events } from "./events.ts";
import type { ChatResponse, EmbedResponse, LogRecord } from "./types.ts";

const MOST_CHUNKS = 10_000;

export class Trail {
  /** Once the core has the call. */
  callId = "";
  readonly #events: Events;
  readonly #began: number;
  #request: object;
  #last: LogRecord | undefined;
  readonly #chunks: number[] = [];
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
    if (!this.#events.timing || this.#chunks.length === MOST_CHUNKS) return;
    const now = performance.now();
    if (this.#piece) this.#chunks.push(now - this.#piece);
    this.#piece = now;
  }

  /** The core told something of it. What was asked is logged once, when it is first sent. */
  told(record: LogRecord): void {
    if (!this.#last) this.#events.capture?.(record, "request", this.#request);
    this.#last = record;
  }

  ended = (response: ChatResponse | EmbedResponse): void => {
    const { usage, cost, model, provider } = response;
    const { id, timing, finishReason, cached, attempts, requestId, newMessages } = response as Partial<ChatResponse>;
    const known = {
      requestId: requestId ?? null,
      provider,
      model,
      durationMs: timing?.totalMs,
      firstTokenMs: timing?.firstTokenMs,
      usage,
      usd: cost ? cost.usd : null,
      finishReason,
      cached: cached ?? false,
      attempt: attempts?.length,
      responseId: id,
      responseModel: model,
    };
    // As asked for, not as the provider calls it: so that the records of a call can be told to be of one model.
    if (this.#last) Object.assign(known, { provider: this.#last.provider, model: this.#last.model });
    this.#end("response", known, newMessages);
  };

  failed = (thrown: unknown): void => {
    const { code, message, status, provider, model, requestId, attempts, partial } = errorFrom(thrown);
    const known = {
      requestId,
      provider: provider ?? "",
      model: model ?? "",
      firstTokenMs: partial?.timing.firstTokenMs,
      usage: partial?.usage,
      usd: partial?.cost?.usd,
      finishReason: partial?.finishReason,
      attempt: attempts.length,
      error: { code, message, status },
    };
    this.#end("error", known, partial?.newMessages);
  };

  #end(event: "response" | "error", known: object, said: unknown): void {
    const events = this.#events;
    const request = this.#request;
    // Whoever still holds the trail of a call that is over does not hold what was asked.
    this.#request = {};
    events.forget(this, this.#chunks);
    if (!events.any) return;
    const now = events.now();
    const record: Record<string, unknown> = {
      at: new Date(now).toISOString(),
      event,
      // One that never came to the core has a name of its own in the log all the same.
      callId: this.callId || `call_${Math.random().toString(16).slice(2)}`,
      durationMs: now - this.#began,
      operation: this.#last?.operation,
    };
    for (const [field, value] of Object.entries(known)) if (value !== undefined && !(value === null && field === "firstTokenMs")) record[field] = value;
    record.tags = this.#last?.tags ?? { ...events.tags, ...tagsOf(request) };
    if (!this.#last) events.capture?.(record, "request", request);
    events.capture?.(record, "response", said);
    events.give(event, record);
  }
}

/** It may be anything: what is wrong with it may be why the call failed. */
function tagsOf(request: { tags?: unknown }): object | undefined {
  try {
    return request.tags as object;
  } catch {
    return undefined;
  }
}
