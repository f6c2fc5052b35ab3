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
