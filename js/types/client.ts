/// <reference lib="esnext.disposable" preserve="true" />
// The client: what it is made of, and what it does.
import type { LlmError } from "../errors.ts";
import type { BatchOptions, BatchRun } from "./batch.ts";
import type { BudgetOptions, CostLedger } from "./money.ts";
import type { QueueOptions, RequestQueue } from "./queue.ts";
import type { ClientEvents, FallbackOptions, KeyRing, LimitOptions, Limits, RetryOptions, TimeoutOptions } from "./policies.ts";
import type { ChatRequest } from "./request.ts";
import type { ChatResponse } from "./response.ts";
import type { CacheControl, CacheOptions } from "./cache.ts";
import type { LogSink } from "./logs.ts";
import type { Store } from "./stores.ts";
import type { ChatStream } from "./stream.ts";
import type { EmbedRequest, EmbedResponse, Estimate, FitOptions, FitResult, ModelInfo, TokenCount } from "./tokens.ts";

/** A key, or a function that gives one. A function is asked again for every request: a short-lived key stays fresh. */
export type Key = string | (() => string | Promise<string>);

export interface ClientOptions {
  /**
   * By the name used in `"name/model"`. Well-known names ("openai", "anthropic", "azure", "cohere", "groq", "openrouter",
   * "deepseek", "mistral", "together", "ollama", …) need no `kind`; any other name does.
   */
  providers: Record<string, ProviderOptions>;
  /**
   * Names of your own: `{ fast: "openai/gpt-6-luna" }`, then `model: "fast"`. A target may set fields of the request, which
   * win over the request's own. A list is an ordered chain: the next is tried when one fails (see `fallback`).
   */
  models?: Record<string, ModelTarget | ModelTarget[]>;
  /** Used when a request names no model: `"openai/gpt-6-luna"`. */
  defaultModel?: string;
  /** When the same target is asked again. `false`: never. */
  retry?: RetryOptions | false;
  /** How long what may take. */
  timeout?: TimeoutOptions;
  /**
   * How much may be sent in a minute: by provider (`"openai"`), model (`"openai/gpt-6-luna"`) or pattern (`"openai/*"`). All
   * that match apply.
   */
  limits?: Record<string, LimitOptions>;
  /** How a list of models is gone through. */
  fallback?: FallbackOptions;
  /**
   * Keeps answers and gives them again. Default false: a request says `cache: true` for itself. With a cache, identical requests in
   * flight share one call, in this client and, where it is in IndexedDB, in all tabs of the site (not in Workers, where one request
   * must not wait for another's).
   */
  cache?: CacheOptions | false;
  /** What may be spent. All that match apply. */
  budget?: BudgetOptions | BudgetOptions[];
  /** What is known of models, by `"provider/model"`, over what the catalogue of the package says. */
  catalog?: Record<string, Partial<ModelInfo>>;
  /**
   * Where the ledger is kept, with what was learned of token counts, and durable queues. Default: IndexedDB in a page or a worker of one (one ledger
   * for all tabs), else memory. Your own: the four methods of `Store`.
   */
  store?: "indexeddb" | "memory" | Store;
  /** Where records of calls go: functions, `jsonlLog(…)`, `otlpLog(…)`. Without any, and without listeners (`on`), none are made. */
  log?: LogSink | LogSink[];
  /**
   * What records may hold. Default: no content. With `content`, what was asked and answered, each text put through `redact`
   * first; where that throws, the content is left out. `redact` sees the messages of errors too.
   */
  capture?: { content?: boolean; redact?: (text: string) => string };
  /**
   * In place of the global `fetch`, for tests, service bindings and proxies. Called as `fetch(url, init)` with a string and
   * without a `this`: bind a method (`env.API.fetch.bind(env.API)`). The global one is looked up at each call.
   */
  fetch?: typeof fetch;
  /** Time and timers, for tests. Default: `Date.now` and the global timers. */
  clock?: Clock;
  /** Your own marks, for the log and the ledger. Those of a request are added. */
  tags?: Record<string, string>;
}

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  setTimeout(callback: () => void, ms: number): unknown;
  clearTimeout(handle: unknown): void;
}

export interface ProviderOptions {
  /** Which wire format the server speaks. Needed only when the name does not say it. */
  kind?: "openai" | "anthropic" | "azure" | "cohere" | "openai-compatible";
  /**
   * One key, a function that gives it, or a pool of these: a key that is refused (401, 403), limited (429) or out of money
   * rests, and the next healthy one is used. Local servers need none.
   */
  apiKey?: Key | Key[];
  /**
   * As the provider's official SDK takes it: OpenAI and compatible servers with "/v1", Anthropic and Cohere without. In a
   * page it may be relative ("/api/openai"): a proxy of your own that adds the key.
   */
  baseURL?: string;
  /** Added to every request. */
  headers?: Record<string, string>;
  /** For this provider, over the client's, field by field; a request's own wins. */
  retry?: RetryOptions | false;
  /** For this provider, over the client's, field by field; a request's own wins. */
  timeout?: TimeoutOptions;
  /**
   * OpenAI, Azure and compatible servers: which of the two APIs to speak. Default: what the model needs (Responses for models
   * that have nothing else, and for gpt-5.4 and later with tools), and "chat" for compatible servers.
   */
  api?: "chat" | "responses";
  /** OpenAI. */
  organization?: string;
  /** OpenAI. */
  project?: string;
  /** Anthropic: the `anthropic-version` header. */
  version?: string;
  /** Anthropic: the `anthropic-beta` header. */
  beta?: string[];
  /** Azure: `https://<resource>.openai.azure.com`. */
  endpoint?: string;
  /** Azure: `api-version` of the classic deployments; without it the /openai/v1 API is spoken. */
  apiVersion?: string;
  /** Azure: an Entra bearer token, in place of `apiKey`. */
  token?: Key;
  /** Azure: model to deployment. Default: the deployment has the model's name. */
  deployments?: Record<string, string>;
  /** Origins besides that of `baseURL` to which the key may be sent. Redirects are never followed. */
  allowOrigins?: string[];
}

/**
 * `"provider/model"`, split at the first slash, or a name from `models`; with fields of the request for this target only.
 * `weight` (default 1) is its share where `fallback.order` is "weighted".
 */
export type ModelTarget =
  | string
  | {
      model: string;
      request?: Partial<Omit<ChatRequest, "model" | "messages" | "signal" | "priority" | "budget" | "cache">>;
      weight?: number;
    };

/** Made by `createClient`. Its methods may be taken off it: `const { chat } = client`. */
export interface Client extends AsyncDisposable {
  /** The whole answer at once. Rejects with an `LlmError`. */
  chat<T = unknown>(request: ChatRequest<T>): Promise<ChatResponse<T>>;
  /**
   * The answer as it arrives. Returns at once and never throws; the request is sent (and read) at the stream's first read.
   *
   * @example
   * for await (const event of client.stream({ model: "openai/gpt-6-luna", messages: "Hello" })) {
   *   if (event.type === "text-delta") show(event.text);
   * }
   */
  stream<T = unknown>(request: ChatRequest<T>): ChatStream<T>;
  /**
   * One cheap authenticated call (a list of models). Does not throw: `error` says what is wrong with the key, the network,
   * CORS or the endpoint.
   */
  check(provider: string): Promise<{ ok: boolean; models?: number; latencyMs: number; error?: LlmError }>;
  /**
   * A client that shares everything with this one, and whose requests begin with these fields. What a request says wins;
   * `tags`, `headers` and `providerOptions` add up. Closing either closes both.
   */
  with(defaults: Partial<ChatRequest>): Client;
  /**
   * Many calls, `concurrency` at a time (default 8), of anything that can be iterated: rows are read as places become free. It
   * starts at once. Iterating gives items as they finish and keeps none (leaving the loop cancels the rest); `results` keeps all,
   * in order, and must be asked for before the first item is taken. One item's failure is its own; `stopOnError` ends the rest
   * with it. Limits, budgets, retries and fallbacks are those of the client.
   */
  batch(requests: Iterable<ChatRequest> | AsyncIterable<ChatRequest>, options?: BatchOptions): BatchRun;
  /**
   * The queue of a name: calls that run by and by, `workers` at a time. With `durable` they survive reload and crash, and all tabs
   * of a site share them. The queue of a name is one, however often it is asked for. Throws for options that are wrong; what else
   * prevents it rejects its methods.
   */
  queue(options?: QueueOptions): RequestQueue;
  /** Vectors for texts, as many requests as it takes. Rejects with an `LlmError`. */
  embed(request: EmbedRequest): Promise<EmbedResponse>;
  /** The provider's own list (of models that chat, at Cohere), as far as it says something of each: the rest is null. */
  listModels(provider: string): Promise<ModelInfo[]>;
  /**
   * How many tokens a request has as input. "local" (the default) counts here, with the model's own tokenizer (`method` "local") or, where
   * that is not public, with another's and a ratio ("estimate"): either way within `margin`, which shrinks once the provider has reported
   * what it counted. "provider" asks it (OpenAI, Anthropic, Cohere; others are "unsupported"), which is a request and costs nothing. All
   * tokens are then in `parts.messages`: no provider splits them. OpenAI counts the request as the Responses API would have it. Cohere counts texts only, without what it puts
   * around a conversation: that is in `margin`, and not on its bill.
   */
  countTokens(request: ChatRequest, options?: { method?: "local" | "provider" }): Promise<TokenCount>;
  /** What a call would come to: tokens, cost, whether it fits, how long the client's limits would hold it. Sends nothing. */
  estimate(request: ChatRequest): Promise<Estimate>;
  /**
   * Drops whole turns, oldest first, until the request fits its model. Tool calls and results stay together. Code "invalid-request" when
   * neither the window is known nor `maxTokens` given.
   */
  fit(request: ChatRequest, options?: FitOptions): Promise<FitResult>;
  /** What is known of a model: what you said in `catalog`, over the catalogue of the package. null: nothing is. */
  model(ref: string): Promise<ModelInfo | null>;
  /** Takes models as in the option `catalog`, or from a URL that answers with them, from now on. Redirects are not followed. */
  updateCatalog(source: string | URL | Record<string, Partial<ModelInfo>>): Promise<void>;
  /** What was spent, and what things cost. Of this client and those made from it with `with`, while it lives. */
  readonly costs: CostLedger;
  /** The answers that are kept, by request. */
  readonly cache: CacheControl;
  /** The keys of the providers. Synchronous, and there before the WebAssembly is loaded. */
  readonly keys: KeyRing;
  /** The limits by themselves, for calls that this client does not make. */
  readonly limits: Limits;
  /**
   * Listens. Of each call: "request" (an attempt is sent), "retry" (another at the same target), "fallback" (at another target), "cache" (an
   * answer was there already), and at its end "response" or "error". Besides: "budget" (what was spent of one, after each attempt), "limit" (a call
   * has to wait, or a 429 stopped all). Gives what takes the handler off. A handler that throws breaks nothing; its error is reported as uncaught.
   */
  on<E extends keyof ClientEvents>(event: E, handler: (detail: ClientEvents[E]) => void): () => void;
  /** Aborts what is running and frees the client's memory. Later calls reject with code "config". */
  close(): Promise<void>;
}
