// What comes back: answers, usage, cost, attempts.
import type { ErrorCode } from "./errors.ts";
import type { Message, ToolCall } from "./request.ts";

export interface ChatResponse<T = unknown> {
  /** The provider's id of the answer. */
  id: string;
  /** As configured. */
  provider: string;
  /** As the provider named it. */
  model: string;
  text: string;
  reasoning: string;
  toolCalls: ToolCall[];
  /** What `output` of the request asked for, validated. */
  output: T | undefined;
  /** The last assistant turn. `text`, `reasoning`, `toolCalls` and `finishReason` are of this turn; usage is of all rounds. */
  message: Extract<Message, { role: "assistant" }>;
  /** All that this call added, in order: assistant turns and tool results. Append them to your messages for the next turn; they are valid for any provider. */
  newMessages: Message[];
  finishReason: FinishReason;
  /** In the provider's own words. */
  rawFinishReason: string | null;
  usage: Usage;
  cost: Cost | null;
  cached: boolean;
  /** Every attempt, in order. */
  attempts: Attempt[];
  timing: {
    /** ISO 8601. */
    startedAt: string;
    waitedMs: number;
    /** From the call to the first delta; null for answers that came whole. */
    firstTokenMs: number | null;
    totalMs: number;
  };
  /** Settings that the provider cannot take, history that was repaired. */
  warnings: Warning[];
  /** The provider's, for its support. */
  requestId: string | null;
  /** Ours. */
  callId: string;
  /** The provider's own body; null for streams. */
  raw: unknown;
}

/**
 * Why the answer ended. "tool-calls" whenever complete tool calls are there, "refusal" when the model declined,
 * "content-filter" when a filter cut it, "aborted" when you stopped reading.
 */
export type FinishReason = "stop" | "length" | "tool-calls" | "content-filter" | "refusal" | "aborted" | "budget" | "other";

/** Tokens, as billed. */
export interface Usage {
  /** All input, cache reads and writes included. */
  inputTokens: number | null;
  /** All output, reasoning included. */
  outputTokens: number | null;
  /** As sent, else the sum. */
  totalTokens: number | null;
  cacheReadTokens: number | null;
  cacheWriteTokens: number | null;
  reasoningTokens: number | null;
  /** Of what was written to the cache: what stays for an hour (Anthropic), at a price of its own. */
  cacheWrite1hTokens?: number;
  audioInputTokens?: number;
  audioOutputTokens?: number;
  /** Counted here, because the provider did not say. */
  estimated: boolean;
}

export interface Cost {
  usd: number;
  /** Exact. */
  nanoUsd: number;
  estimated: boolean;
  lines: { what: string; tokens: number; usdPerMillion: number; usd: number }[];
}

/** One try at one target. */
export interface Attempt {
  provider: string;
  model: string;
  keyIndex: number;
  /** ISO 8601. */
  startedAt: string;
  waitedMs: number;
  durationMs: number;
  /** null when no response came. */
  status: number | null;
  /** null when it succeeded. */
  error: ErrorInfo | null;
}

/** An `LlmError` as it stands in an `Attempt`. */
export interface ErrorInfo {
  code: ErrorCode;
  message: string;
  status: number | null;
  retryable: boolean;
  retryAfterMs: number | null;
}

export interface Warning {
  /** For programs: "dropped-setting", "clamped-setting", "incomplete-tool-input", … */
  code: string;
  /** For people. */
  message: string;
  /** The request's field. */
  setting?: string;
}
