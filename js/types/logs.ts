// What is logged of a call, and where it goes.
import type { ErrorCode } from "./errors.ts";
import type { FinishReason, Usage } from "./response.ts";

/** Takes one record, at once: what takes time is for later. What it throws is reported as uncaught and breaks no call. */
export type LogSink = (record: LogRecord) => void;

/**
 * One thing that happened to a call of `chat`, `stream` or `embed`: "request", an attempt that is sent; "retry" and "fallback",
 * one that failed and what is done about it; "cache", an answer that was there already; and at the end "response" or "error"
 * (an abort too). No key, header, path of a URL or, without `capture`, content stands in it. Tags do, as you set them.
 */
export interface LogRecord {
  /** ISO 8601. */
  at: string;
  event: "request" | "retry" | "fallback" | "response" | "error" | "cache";
  /** Ours, one for the whole call: `ChatResponse.callId`. */
  callId: string;
  /** The provider's, once it has answered. */
  requestId: string | null;
  /** As configured; "" when the call failed before one was chosen. */
  provider: string;
  /** As asked for, for "fallback" the next one; "" like `provider`. */
  model: string;
  /** "response" and "error": the whole call. "retry" and "fallback": the attempt that failed. */
  durationMs?: number;
  /** From the call to its first delta; streams only. */
  firstTokenMs?: number;
  usage?: Usage;
  /** null: the price is unknown. */
  usd?: number | null;
  finishReason?: FinishReason;
  cached?: boolean;
  /** "request": its number, from 1. The end of a call: how many there were. */
  attempt?: number;
  /** The message as `LlmError` has it: some providers quote the request in it. `capture.redact` sees it. */
  error?: { code: ErrorCode; message: string; status: number | null };
  /** With `capture.content`, in the call's first record: `messages`, `system`, `tools`, `output`; for embeddings `input`. */
  request?: unknown;
  /** With `capture.content`, at the end: what the call added, as in `ChatResponse.newMessages`. */
  response?: unknown;
  tags: Record<string, string>;
  /** Once something was sent. */
  operation?: "chat" | "embed";
  /** "request": whether the provider was asked to stream (`chat` does too where it must). */
  stream?: boolean;
  /** "request": what the server is. */
  kind?: "openai" | "anthropic" | "azure" | "cohere" | "openai-compatible";
  /** "request": the origin that it is sent to. */
  server?: string;
  /** "request": how the model is to sample. */
  settings?: {
    maxTokens?: number;
    temperature?: number;
    topP?: number;
    topK?: number;
    frequencyPenalty?: number;
    presencePenalty?: number;
    seed?: number;
  };
  /** "response": as the provider named them. */
  responseId?: string;
  responseModel?: string;
}

/** A sink that gathers. */
export interface FlushingLog extends LogSink {
  /** Resolves when all that was logged so far is written or sent. At the edge: `ctx.waitUntil(log.flush())`. */
  flush(): Promise<void>;
}

export interface JsonlOptions {
  /** Files only: past this, the older half of the file is left out. Default: it grows. */
  maxBytes?: number;
  /** The share of calls that is logged, from 0 to 1, each whole or not at all. Default 1. */
  sample?: number;
}

export interface OtlpOptions {
  /** The collector's base, as in OTEL_EXPORTER_OTLP_ENDPOINT: /v1/traces and /v1/metrics are added. In a page, it may be a path of the page's own origin. */
  url: string;
  /** In place of the global one. */
  fetch?: typeof fetch;
  /** Sent to the collector and nowhere else: its key. */
  headers?: Record<string, string>;
  /** The resource's `service.name`. Default "modelwire". */
  service?: string;
  /** The share of calls that become spans, from 0 to 1; metrics count all. Default 1. */
  sample?: number;
  /**
   * Names of "openai-compatible" providers that get a `traceparent` header, so that the trace goes on there: your gateway. A page's own origin
   * always gets it; others in a page must allow the header (CORS), which no provider of models does.
   */
  propagate?: string[];
}
