// What is decided around a call: retries, time, limits, fallbacks, keys.
import type { LlmError } from "../errors.ts";
import type { Key } from "./client.ts";
import type { Attempt } from "./response.ts";
import type { LogRecord } from "./logs.ts";

/**
 * When the same target is asked again. Retried: rate limits, overload, failures of the server and of the network, 408 and 409,
 * and a stream that breaks before its first delta; never an empty account, a wrong key or a bad request, and never what this
 * client itself gave up waiting for (the request may still be worked on). The provider's own hint (`retry-after`, the reset of
 * its limits) replaces the back-off. Client-wide, retries stop when more than 10 a minute are spent and they pass a tenth of
 * the minute's calls.
 */
export interface RetryOptions {
  /** Calls to one target, the first included. Default 3. */
  maxAttempts?: number;
  /** Default 500. The wait before attempt n + 1 is random, between 0 and `baseDelayMs × factor^(n−1)`. */
  baseDelayMs?: number;
  /** The longest back-off. Default 8000. A provider's hint may be longer. */
  maxDelayMs?: number;
  /** Default 2. */
  factor?: number;
  /** `false`: waits the whole bound. Default true. */
  jitter?: boolean;
  /** From the beginning of the call. What would come later fails at once, with `retryAfterMs`. */
  maxTotalMs?: number;
  /** Decides in place of the rules above, within `maxAttempts` and `maxTotalMs`. `attempt` counts from 1. */
  when?: (error: LlmError, attempt: number) => boolean | { delayMs: number };
}

/** Code "timeout", with a message that says which. */
export interface TimeoutOptions {
  /** The whole call: waits, retries, fallbacks and tool rounds. Default: none. */
  totalMs?: number;
  /** Of each attempt, from sending to the first delta; for `chat()`, to the head of the response. Default 600000. */
  firstTokenMs?: number;
  /** Of each attempt, between two reads of the body. Time in which you do not read does not count. Default 300000. */
  idleMs?: number;
}

/** Tokens are reserved by estimate before a call, and settled by what it used. */
export interface LimitOptions {
  requestsPerMinute?: number;
  tokensPerMinute?: number;
  inputTokensPerMinute?: number;
  outputTokensPerMinute?: number;
  /**
   * Requests that may start at once. Default: a tenth of `requestsPerMinute`, at least 1. In any window of t ms at most
   * `burst + requestsPerMinute × t / 60000` start. Of tokens: a tenth of the figure, or the largest single request.
   */
  burst?: number;
  /** Calls that run at the same time. Not in a `LimitStore`: a caller that crashed would never give its place back. */
  maxConcurrent?: number;
  /** Follow the provider's rate-limit headers downwards, and stop at its 429s. Default true. */
  learn?: boolean;
  /** Who shares it: this client (default), all tabs and workers of the site, or whoever shares a store. */
  scope?: "client" | "origin" | LimitStore;
  /** A call that would wait longer fails: code "rate-limit", status null, `retryAfterMs`; in a chain the next target is tried. */
  maxWaitMs?: number;
}

/**
 * How a list of models is gone through. The next is tried after everything but "aborted", "budget", "invalid-request",
 * "template", "config" and "output-invalid". A prompt that is too long goes to a model with a larger window; a filter, an
 * empty account and a refused key go to another provider. A target that fails three times in a row is left alone for a while.
 */
export interface FallbackOptions {
  /** false stops, true goes on, a string names the target of the list to go to; undefined: as described. */
  when?: (error: LlmError, attempt: Attempt) => boolean | string;
  /**
   * An answer that breaks off in the middle goes on at the next target, which is shown what was said; a `continue` event marks
   * the seam. Not with tool calls under way, a forced tool or `output`. Default false.
   */
  midStream?: boolean;
  /** Default "given". "cheapest" goes by `catalog`, "fastest" by the first tokens that this client has seen. */
  order?: "given" | "cheapest" | "fastest" | "weighted";
  /** How long a target that failed is left alone. Default 30000, or longer if it says so itself. */
  cooldownMs?: number;
}

/** The keys of the providers of one client. Throws code "config" for a provider that it does not have. */
export interface KeyRing {
  /** The key that would be used now. Rejects with "missing-key", which names what to set. */
  get(provider: string): Promise<string>;
  /** Other keys, from the next attempt on. */
  set(provider: string, key: Key | Key[]): void;
  /** One key in place of all of the provider's. Calls in flight keep theirs. */
  rotate(provider: string, newKey: Key): void;
  has(provider: string): boolean;
  /** One entry a key. `masked`: its last four characters at most. */
  status(provider: string): { index: number; healthy: boolean; cooldownUntil: string | null; masked: string }[];
}

/** The limiter on its own, for calls that this client does not make. */
export interface Limits {
  status(): Promise<LimitStatus[]>;
  /** Takes room under every limit that matches `key`, waiting for it; code "rate-limit" past `maxWaitMs`. `maxConcurrent` is for calls of this client. */
  acquire(
    key: string,
    amount?: { requests?: number; tokens?: number },
    options?: { maxWaitMs?: number; signal?: AbortSignal; priority?: number },
  ): Promise<void>;
  /** The same without waiting: whether there was room. */
  tryAcquire(key: string, amount?: { requests?: number; tokens?: number }): Promise<boolean>;
}

/** One limit as it stands. null: not limited, or (of a limit in a store) not known here. */
export interface LimitStatus {
  /** As in `limits`. */
  key: string;
  remainingRequests: number | null;
  /** Of the tightest of its token limits. */
  remainingTokens: number | null;
  running: number;
  waiting: number;
  /** When all of it is there again; null when it is. */
  resetAt: string | null;
}

/** What `on` tells. */
export interface ClientEvents {
  request: LogRecord;
  retry: LogRecord;
  fallback: LogRecord;
  response: LogRecord;
  error: LogRecord;
  cache: LogRecord;
  limit: LimitStatus;
  budget: { spentUsd: number; limitUsd: number };
}

/**
 * Shared counters. `update` is an atomic read-change-write: `change` is pure and may run several times, and `nowMs` is the
 * store's clock. A store with `take` is asked by it instead: one round trip, decided inside.
 */
export interface LimitStore {
  take?(key: string, cost: { bucket: string; amount: number; perMinute: number; burst: number }[]): Promise<{ waitMs: number }>;
  update<T>(key: string, change: (state: Uint8Array | null, nowMs: number) => { state: Uint8Array; result: T }): Promise<T>;
}
