// The gateway: an OpenAI-shaped server in front of a client.
import type { BudgetOptions } from "./money.ts";
import type { LimitOptions, LimitStore } from "./policies.ts";

export interface GatewayOptions {
  /**
   * Who is asking? null refuses (401), and what it throws is a 500. Required: there is no open gateway by accident. It sees the
   * request's head; the body is read afterwards.
   */
  authorize(request: Request): Promise<Caller | null> | Caller | null;
  /** What comes before `/v1/…` and `/health`: "/ai". Default: nothing. */
  basePath?: string;
  /** Which pages of other origins may call. Default: none. */
  cors?: { origins: string[] | "*" };
  /** The names that callers may ask for, each as it is written: names of the client's `models`, or "provider/model". */
  allow: string[];
  /** Default 4 MiB. Longer ones are a 413. */
  maxBodyBytes?: number;
  /** Default 1000. */
  maxMessages?: number;
  /** The most that a request may ask for, and what one gets that asks for nothing. Default: the model's own. */
  maxTokens?: number;
  /** Of the whole answer. Default 120000. */
  timeoutMs?: number;
  /** How long a body may take to arrive. Default 10000. */
  bodyTimeoutMs?: number;
  /** Names of request headers that are passed on to the provider; none by default. Those that say who asks, or for whom, cannot be. */
  forwardHeaders?: string[];
  /**
   * Where budgets and limits of callers are counted, by `Caller.id`. Default: this isolate's memory, which holds the 10,000 that
   * were last heard of.
   */
  store?: LimitStore;
  /**
   * Hears what callers are not told: of failures (status 500 and more) what really happened. Default: the console gets the
   * error's code and message.
   */
  onError?(error: unknown, detail: { requestId: string; callerId: string | null }): void;
}

/** Who asks, and what he may. */
export interface Caller {
  /** Budgets and limits are counted by it. At most 256 characters. */
  id: string;
  /** Narrows the gateway's list, never widens it. */
  allow?: string[];
  /** Of all his requests together. "session" is for as long as the store remembers. */
  budget?: Omit<BudgetOptions, "scope">;
  /**
   * Of all his requests together. `maxWaitMs` is 0 here by default: who is over his limit is told so (429, with retry-after).
   * `maxConcurrent` is counted in this isolate, and refused with a `store`.
   */
  limits?: Omit<LimitOptions, "scope">;
  /** On his requests in the ledger; budgets of the client with `tags` see them. */
  tags?: Record<string, string>;
}

/** Made by `pageTokens`. */
export interface PageTokens {
  /** A token for a page. Throws a TypeError for what a token cannot hold. */
  mint(caller: Caller & { expiresInSeconds: number }): Promise<string>;
  /** For `GatewayOptions.authorize`: whose token a request has (`Authorization: Bearer …`); null if it has none that is good now. */
  authorize(request: Request): Promise<Caller | null>;
}
