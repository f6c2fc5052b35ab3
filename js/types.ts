/// <reference lib="esnext.disposable" preserve="true" />
// The public types. By hand, because they are what a developer reads in the editor: plain objects in, plain objects out.
//
// camelCase throughout. Milliseconds end in Ms, seconds in Seconds; money is US dollars. A count that a provider did not
// report is null, never 0. What stands here and is not built yet is refused at run time with code "unsupported" and its
// name; `false` asks for nothing and is accepted.
import type { LlmError } from "./errors.ts";

// ───────────────────────────────────────────── client

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
  /** Not built yet. */
  cache?: CacheOptions | false;
  /** What may be spent. All that match apply. */
  budget?: BudgetOptions | BudgetOptions[];
  /** What is known of models, by `"provider/model"`, over what the catalogue of the package says. */
  catalog?: Record<string, Partial<ModelInfo>>;
  /** Not built yet. */
  store?: "indexeddb" | "memory" | Store;
  /** Not built yet. */
  log?: LogSink | LogSink[];
  /** Not built yet. */
  capture?: { content?: boolean; redact?: (text: string) => string };
  /**
   * In place of the global `fetch`, for tests, service bindings and proxies. Called as `fetch(url, init)` with a string and
   * without a `this`: bind a method (`env.API.fetch.bind(env.API)`). The global one is looked up at each call.
   */
  fetch?: typeof fetch;
  /** Time and timers, for tests. Default: `Date.now` and the global timers. */
  clock?: Clock;
  /** Your own marks, for the log and the ledger (neither is built yet). Those of a request are added. */
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
  /** The keys of the providers. Synchronous, and there before the WebAssembly is loaded. */
  readonly keys: KeyRing;
  /** The limits by themselves, for calls that this client does not make. */
  readonly limits: Limits;
  /**
   * Listens: "budget" (what was spent of one, after each attempt), "retry" (another attempt at the same target), "fallback" (another target), "limit" (a call has to wait, or a 429
   * stopped all). Gives what takes the handler off. A handler that throws breaks nothing; its error is reported as uncaught.
   */
  on<E extends keyof ClientEvents>(event: E, handler: (detail: ClientEvents[E]) => void): () => void;
  /** Aborts what is running and frees the client's memory. Later calls reject with code "config". */
  close(): Promise<void>;
}

// ───────────────────────────────────────────── request

/** One chat call. Read when it is sent: do not change it (its messages, say) before the first event or the answer. */
export interface ChatRequest<T = unknown> {
  /** `"provider/model"`, or a name from the client's `models`. Default: the client's `defaultModel`. Of a list, the next is tried when one fails. */
  model?: ModelTarget | ModelTarget[];
  /** A string is one user message. */
  messages: string | Message[];
  /** Comes before any system message in `messages`. */
  system?: string;
  /** Bound of the output in tokens, reasoning included. Anthropic requires one: there it has a default. */
  maxTokens?: number;
  /** 0 to 2. */
  temperature?: number;
  /** 0 to 1. */
  topP?: number;
  /** At least 1. */
  topK?: number;
  /** −2 to 2. */
  frequencyPenalty?: number;
  /** −2 to 2. */
  presencePenalty?: number;
  seed?: number;
  /** Texts that end the answer. */
  stop?: string | string[];
  tools?: Tool[];
  toolChoice?: "auto" | "none" | "required" | { name: string };
  /**
   * Tools that have `run` are run, and the model goes on, until it stops asking, at most this many rounds of results. Default 8
   * when a tool has `run`, else 0. The answer ends with "tool-calls", and none of its calls was run, when the rounds are used
   * up or a called tool has no `run`.
   */
  maxToolRounds?: number;
  /**
   * JSON Schema or any Standard Schema (zod, valibot, arktype). The model is held to it as well as its provider can,
   * and `response.output` is the validated value. An answer that does not match is an error with code "output-invalid" whose
   * `partial` is the answer; one that declines, calls tools or was filtered has no `output`.
   */
  output?: Schema<T>;
  /** How much the model may think before it answers. */
  reasoning?: "none" | "minimal" | "low" | "medium" | "high" | { budgetTokens: number };
  /** Sent as they are on top of the encoded body, by provider name. */
  providerOptions?: Record<string, Record<string, unknown>>;
  /**
   * What is done with a request that may be longer than the model's window. "error" (the default): it fails with code "context-length"
   * before it is sent. "fit": oldest turns are left out, with a warning. "send": the provider judges. A request whose bytes are fewer than
   * the window has tokens is sent at once; only a longer one is counted. Where the window is not known, it is sent.
   */
  context?: "fit" | "error" | "send";
  /** Not built yet. */
  cache?: boolean | { ttlSeconds?: number; refresh?: boolean; key?: string; tags?: string[] };
  /** What the whole call may cost, with its retries, fallbacks and tool rounds. See `BudgetOptions`. */
  budget?: { usd: number };
  /** Streams: also a `usage` event, counted here, while text arrives, at most every 250 ms. Default false. */
  liveUsage?: boolean;
  /** Over the provider's and the client's, field by field. */
  retry?: RetryOptions | false;
  /** Over the provider's and the client's, field by field. */
  timeout?: TimeoutOptions;
  /** Ahead of others that wait for the same limit: one step is worth ten seconds of waiting, so nobody waits for ever. Default 0. */
  priority?: number;
  /** Aborting it stops the provider's request and fails the call with code "aborted"; its reason becomes the `cause`. */
  signal?: AbortSignal;
  /** Added to this request's headers; they win over the provider's. */
  headers?: Record<string, string>;
  /** Your own marks, for the log and the ledger (neither is built yet); added to the client's. */
  tags?: Record<string, string>;
}

export type Message =
  | { role: "system"; content: string }
  | { role: "user"; content: string | UserPart[]; name?: string }
  | { role: "assistant"; content: string | AssistantPart[] }
  | { role: "tool"; callId: string; content: string | UserPart[]; isError?: boolean };

/**
 * What a user says, or a tool gives. A string for an image, a file or a sound is an `https:` or a `data:` URL. Bytes need a
 * `mediaType` unless they are PNG, JPEG, GIF, WebP or PDF. What a provider has no input for is "unsupported".
 */
export type UserPart =
  | { type: "text"; text: string }
  | { type: "image"; image: string | URL | Uint8Array | Blob; mediaType?: string; detail?: "low" | "high" | "auto" }
  | { type: "file"; file: string | URL | Uint8Array | Blob; mediaType: string; name?: string }
  | { type: "audio"; audio: Uint8Array | Blob | string; format: "wav" | "mp3" };

export type AssistantPart =
  | { type: "text"; text: string }
  | {
      type: "reasoning";
      text: string;
      /** Opaque. Goes back to the provider that made it, and to no other. */
      signature?: string;
    }
  | { type: "refusal"; text: string }
  | ToolCall;

/** The model asks for a tool. Answer with `{ role: "tool", callId: id, content }` in the next request. */
export interface ToolCall {
  type: "tool-call";
  id: string;
  name: string;
  /** Parsed; `{}` when there are no arguments, `undefined` (with a warning) when they are not JSON. */
  input: unknown;
  /** As sent. */
  inputText: string;
}

export interface Tool<I = any> {
  name: string;
  /** For the model. */
  description?: string;
  /** JSON Schema or any Standard Schema (zod, valibot, arktype) of the arguments, which are validated before `run` gets them. */
  input?: Schema<I>;
  /** Whether the provider shall hold the arguments to the schema. */
  strict?: boolean;
  /** How long `run` may take; then its signal is aborted and the model is told. */
  timeoutMs?: number;
  /**
   * Runs the tool. Calls of one turn run side by side. A string goes to the model as it is, an array of parts (text, images)
   * as parts, anything else as JSON. What it throws is told to the model, and the call goes on. `signal` is aborted with the
   * call and by `timeoutMs`.
   */
  run?: (input: I, context: { signal: AbortSignal; callId: string }) => unknown | Promise<unknown>;
}

export type Schema<T> = JsonSchema | StandardSchemaV1<unknown, T>;
export type JsonSchema = Record<string, unknown>;
/** What zod, valibot, arktype and others have in common (standardschema.dev). */
export interface StandardSchemaV1<I = unknown, O = I> {
  readonly "~standard": {
    version: 1;
    vendor: string;
    validate(value: unknown): unknown;
    types?: { input: I; output: O } | undefined;
  };
}

// ───────────────────────────────────────────── response

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

// ───────────────────────────────────────────── stream

/**
 * A real `ReadableStream` of events: pipe it, tee it, post it to a worker. It can be iterated in every runtime, Safari
 * included.
 *
 * The request is sent at the first read (iteration, a reader's read, `response`, `text()`, …), and nothing is read that
 * nobody asks for. Breaking out of the loop, `cancel()` and disposing stop the provider's request and end quietly:
 * `response` resolves with what had arrived, with finishReason "aborted". Retries and fallbacks happen before the first delta
 * only, unless `fallback.midStream` asks for more. A failure, and an abort through `signal`, errors
 * the stream with an `LlmError` whose `partial` holds what had arrived; `response` rejects with the same error.
 */
export interface ChatStream<T = unknown> extends ReadableStream<ChatEvent>, AsyncDisposable {
  [Symbol.asyncIterator](options?: { preventCancel?: boolean }): AsyncGenerator<ChatEvent, undefined, unknown>;
  values(options?: { preventCancel?: boolean }): AsyncGenerator<ChatEvent, undefined, unknown>;
  /** Stops the provider's request. Also works while one of this library's own readers (a loop, `text()`, …) has the lock. */
  cancel(reason?: unknown): Promise<void>;
  /** Only the text. Takes the stream over. */
  readonly textStream: TextStream;
  /**
   * The JSON of the answer as it grows: a new value each time that something of it arrived, at most one for each read of the
   * network. What is complete in it keeps its identity. Not validated: that is `response.output`. Takes the stream over.
   */
  readonly partialOutput: AsyncIterable<unknown>;
  /**
   * The whole answer. If nobody has locked the stream one macrotask after this is first used, it reads the stream itself, and
   * the stream stays locked; else it follows the other reader. Never an unhandled rejection.
   */
  readonly response: Promise<ChatResponse<T>>;
  /** The whole text. Locks the stream, and rejects with a TypeError if it is locked or was read; so do the next three. */
  text(): Promise<string>;
  /** Calls back for each piece of text. A promise that the callback returns is awaited; what it throws cancels the request. */
  forEach(onText: (text: string) => void): Promise<ChatResponse<T>>;
  /**
   * Writes the text as UTF-8 while it arrives, at the pace of the target, and closes the target; on a failure the target is
   * aborted. `onProgress` is told how many bytes were written so far. The chunks are Uint8Arrays which become their text when
   * a sink uses them as a string, as a `TextEncoderStream` does; for a sink that checks for strings use
   * `stream.textStream.pipeTo(sink)`.
   */
  save(
    target: FileHandle | WritableStream | NodeWritable,
    options?: { onProgress?: (bytes: number) => void },
  ): Promise<ChatResponse<T>>;
  /** Shows the text while it arrives: a DOM element (one text node that grows), or anything with `write` or `append`. */
  display(target: { append(text: string): void } | { write(text: string): unknown }): Promise<ChatResponse<T>>;
  /**
   * An HTTP response for a server or edge function. Takes the stream over; a client that goes away stops the provider's
   * request. "events" (default) is read in the page with `readStream`; "openai" by OpenAI's SDKs.
   *
   * Await it (or return it from an async handler), and a failure before the first delta is a status with a JSON body
   * `{ error }`. Returned without awaiting it streams at once, and such a failure is its first event.
   */
  toResponse(format?: "events" | "text" | "openai", init?: ResponseInit): Response & PromiseLike<Response>;
}

export interface TextStream extends ReadableStream<string> {
  [Symbol.asyncIterator](options?: { preventCancel?: boolean }): AsyncGenerator<string, undefined, unknown>;
  values(options?: { preventCancel?: boolean }): AsyncGenerator<string, undefined, unknown>;
}

/** What is needed of a Node stream, such as `fs.createWriteStream(path)`. */
export interface NodeWritable {
  write(chunk: Uint8Array, done?: (error?: Error | null) => void): boolean;
  end(done?: () => void): unknown;
}

/** What is needed of a file handle (File System Access, OPFS). */
export interface FileHandle {
  createWritable(): Promise<WritableStream>;
}

export type ChatEvent =
  /** Once, with the first delta. */
  | { type: "start"; provider: string; model: string; id: string }
  | { type: "text-delta"; text: string }
  | { type: "reasoning-delta"; text: string }
  | { type: "tool-call-start"; index: number; id: string; name: string }
  | { type: "tool-call-delta"; index: number; text: string }
  /** A tool call is complete. */
  | ({ index: number } & ToolCall)
  /** A tool's `run` came back. `result`: what it gave, as JSON; of a failure, the message. */
  | { type: "tool-result"; callId: string; result: unknown; isError: boolean }
  /** An attempt failed before anything was shown; `next` is asked after the delay. */
  | { type: "retry"; attempt: Attempt; delayMs: number; next: string }
  /** The answer broke off after `text`, and `to` goes on with it. */
  | { type: "continue"; from: string; to: string; text: string }
  /** Cumulative. Always once before "end". */
  | { type: "usage"; usage: Usage; cost: Cost | null }
  /** The last event of an answer that arrived whole. */
  | { type: "end"; finishReason: FinishReason; response: ChatResponse };

// ───────────────────────────────────────────── embeddings, counts, models

export interface EmbedRequest {
  /** `"provider/model"`: required, for the client's `defaultModel` is one that chats. */
  model: string;
  /** A text or several; none may be empty. Any number: they are sent in as many requests as the provider needs. */
  input: string | string[];
  /** How long the vectors shall be, where the model can shorten them. */
  dimensions?: number;
  /**
   * Whether the texts ask or are what is searched. Cohere's models treat the two differently, and take "document" when
   * nothing is said; OpenAI's embed both alike. Refused where it is not known which: what such a model wants (`"query: "`, …)
   * is put in front of each text.
   */
  inputType?: "query" | "document";
  /** Aborting it stops all requests of this call. */
  signal?: AbortSignal;
}

export interface EmbedResponse {
  /** One a text, in the order of `input`, all of one length. */
  embeddings: Float32Array[];
  /** Of all requests together; there are no output tokens. */
  usage: Usage;
  cost: Cost | null;
  /** As the provider named it. */
  model: string;
  /** As configured. */
  provider: string;
}

/** Text and tokens, with one encoding, as tiktoken does it. Lone surrogates count as U+FFFD. */
export interface Tokenizer {
  readonly encoding: string;
  /** False for families whose tokenizer is not public: what is counted is an estimate. */
  readonly exact: boolean;
  /** How many tokens a text has. What looks like a special token is text. */
  count(text: string): number;
  /** The count, or false as soon as it is known to pass `limit`. */
  fits(text: string, limit: number): number | false;
  /** The tokens of a text. `allowedSpecial`: the special tokens that are these and not text. */
  encode(text: string, options?: { allowedSpecial?: "all" | string[] }): Uint32Array;
  /** The text of tokens, special ones included. Bytes that are no UTF-8 become U+FFFD. Throws when a number is no token. */
  decode(tokens: ArrayLike<number>): string;
  /** The longest start (or end) of a text that has at most so many tokens and no half character. */
  truncate(text: string, maxTokens: number, options?: { keep?: "start" | "end" }): string;
  /** Append-only counting, for text that is still arriving: the count of all that was appended, at a cost of what is new. */
  counter(): { append(text: string): number; readonly count: number };
}

export interface TokenCount {
  inputTokens: number;
  /** How far it may be off, up or down. */
  margin: number;
  method: "local" | "estimate" | "provider";
  parts: { messages: number; tools: number; images: number; framing: number };
}

/** What a call comes to, before it is sent. */
export interface Estimate {
  input: TokenCount;
  /** In tokens: what this model's answers came to so far, and the most that it may be. */
  output: { expected: number; max: number };
  /** null when the price is not known. */
  usd: { min: number; expected: number; max: number } | null;
  /** null, as `fits`, when it is not known. */
  contextWindow: number | null;
  /** Whether input and `maxTokens` go into the window. */
  fits: boolean | null;
  /** How long the client's own limits would hold it. */
  waitMs: number;
}

/** How history is made to fit. */
export interface FitOptions {
  /** Of input. Default: the window less `reserve`. */
  maxTokens?: number;
  /** For the answer. Default: the request's maxTokens, else the smaller of 4096 and a quarter of the window. */
  reserve?: number;
  /** Drop whole turns, cut the longest messages, or replace what is dropped by a summary made with `summarize`. Default "drop-oldest". */
  strategy?: "drop-oldest" | "truncate-longest" | "summarize";
  summarize?: (dropped: Message[]) => Promise<string>;
  /** Turns (a user message and all up to the next) that stay in any case. Default 0 … */
  keepFirst?: number;
  /** … and 1. */
  keepLast?: number;
}

export interface FitResult {
  messages: Message[];
  /** What is not among them any more. */
  dropped: Message[];
  inputTokens: number;
  fits: boolean;
}

/** One model, as far as it is known: null is "not said", never "no". */
export interface ModelInfo {
  /** As it is asked for, without the provider's name. */
  id: string;
  /** As configured. */
  provider: string;
  /** Input and output together, in tokens. */
  contextWindow: number | null;
  /** When the input has a limit of its own. */
  maxInputTokens?: number | null;
  maxOutputTokens: number | null;
  encoding: string | null;
  /** A date: "2026-10-23". */
  deprecatedOn: string | null;
  abilities: {
    tools: boolean | null;
    vision: boolean | null;
    files: boolean | null;
    jsonSchema: boolean | null;
    reasoning: boolean | null;
  };
  price:
    | (Prices & {
        longContext?: Prices & { aboveTokens: number };
        tiers?: Record<string, Prices & { longContext?: Prices & { aboveTokens: number } }>;
      })
    | null;
}

/** US dollars per million tokens, with at most six decimals: inside they are whole pico-dollars per token. */
export interface Prices {
  input: number;
  output: number;
  cacheRead?: number;
  cacheWrite?: number;
  cacheWrite1h?: number;
  audioInput?: number;
  audioOutput?: number;
}

// ───────────────────────────────────────────── errors

/**
 * What failed. The list is closed: switch over it.
 *
 * | code | what happened | what to do |
 * |---|---|---|
 * | aborted | your `signal`, or `close()` | nothing |
 * | authentication | the provider does not accept the key | check the key |
 * | permission | the key may not do this (region, model, project) | the provider's console |
 * | invalid-request | a field of the request is wrong; the message names it | correct it |
 * | unsupported | this provider, or this version of modelwire, cannot do what a field asks for | leave it out |
 * | not-found | no such model, deployment or address | check the name |
 * | context-length | too many tokens for the model: see `needed` and `limit` | shorten the messages |
 * | content-filter | the provider refused the prompt | reword it |
 * | rate-limit | too many requests or tokens a minute | wait `retryAfterMs` |
 * | quota | the account has no money or allowance left | the provider's billing page |
 * | overloaded | the provider is out of capacity | wait |
 * | server | the provider failed | try again |
 * | network | no connection, or it broke | try again |
 * | cors | the server answers, but not to this page | call it through a server of yours |
 * | timeout | a time of `timeout` was over (the message says which), or the provider gave up | a longer one, or try again |
 * | truncated | the stream ended before the answer did: see `partial` | try again |
 * | malformed | what arrived is not this API's answer | check `baseURL` |
 * | budget | a spending limit, or a price that is not known under one | raise it, wait for its next period, give the price in `catalog` |
 * | output-invalid | the answer does not match the schema: see `partial` | ask again, or a stronger model |
 * | tool-failed | (a tool that throws is told to the model; reserved) | – |
 * | config | a client option is wrong, or the WebAssembly module did not load; the message says which | correct it |
 * | missing-key | no key was given, or its function failed | set the option that the message names |
 * | template | a prompt template lacks a value | – |
 * | storage | a store failed | – |
 */
export type ErrorCode =
  | "aborted"
  | "authentication"
  | "permission"
  | "invalid-request"
  | "unsupported"
  | "not-found"
  | "context-length"
  | "content-filter"
  | "rate-limit"
  | "quota"
  | "overloaded"
  | "server"
  | "network"
  | "cors"
  | "timeout"
  | "truncated"
  | "malformed"
  | "budget"
  | "output-invalid"
  | "tool-failed"
  | "config"
  | "missing-key"
  | "template"
  | "storage";

// ───────────────────────────────────────────── resilience

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

/** What `on` tells. So far "retry", "fallback", "limit" and "budget"; the others are "unsupported". */
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

// ───────────────────────────────────────────── money

/**
 * What may be spent. Before sending, the price of the input (estimated) and of min(maxTokens, 256) output tokens is reserved: if
 * that does not fit beside what others hold, the call fails with code "budget" and nothing is sent. A stream is metered, and
 * stopped when it would pass: finishReason "budget", with what had arrived. `chat()` under a budget streams inside. A model
 * without a known price is refused.
 *
 * What cannot be seen while it arrives (reasoning that a provider hides) is counted when the answer ends.
 */
export interface BudgetOptions {
  usd: number;
  /** Default "session": the life of this client. Days and months are those of UTC, by this client's clock, and begin at nothing in a new client. */
  per?: "request" | "session" | "day" | "month";
  /** Only "client" so far: the others are "unsupported". */
  scope?: "client" | "origin" | LimitStore;
  /** Only for calls that have all of these. */
  tags?: Record<string, string>;
  /** "warn": nothing is refused or stopped; listen to "budget". Default "stop". */
  onExceed?: "stop" | "warn";
}

/**
 * What was spent. In the memory of the client so far (`store` is not built yet), where the newest 100,000 entries are kept;
 * `totalUsd` counts them all.
 */
export interface CostLedger {
  /** Since this client was made. Synchronous. */
  readonly totalUsd: number;
  /** What a usage costs, without a call; null when the price is unknown. */
  price(model: string, usage: Partial<Usage>): Promise<Cost | null>;
  /** Adds spending that happened elsewhere; budgets see it too. `usd`: as billed, else by the catalogue. */
  record(entry: { model: string; usage: Partial<Usage>; usd?: number; tags?: Record<string, string>; at?: Date }): Promise<LedgerEntry>;
  /** `by`: "provider", "model", "day" (of UTC) or the name of a tag; several are joined with " / " in `groups`. */
  summary(filter?: { since?: Date; by?: ("provider" | "model" | "day" | string)[] }): Promise<CostSummary>;
  /** Oldest first; of a limit, the newest are left. */
  history(filter?: { since?: Date; limit?: number }): AsyncIterable<LedgerEntry>;
  export(format: "json" | "jsonl" | "csv"): Promise<Blob>;
  /** Forgets the entries. `totalUsd` and budgets do not forget. */
  clear(): Promise<void>;
}

export interface CostSummary {
  totalUsd: number;
  totalTokens: number;
  requests: number;
  /** Requests whose cost is not known, and not in the sums. */
  unknownCost: number;
  byProvider: Record<string, CostGroup>;
  byModel: Record<string, CostGroup>;
  groups?: Record<string, CostGroup>;
}

export interface CostGroup {
  usd: number;
  tokens: number;
  requests: number;
}

/** One attempt that was billed (a call has several when it ran tools or went on elsewhere), or spending that was recorded. */
export interface LedgerEntry {
  /** ISO 8601. */
  at: string;
  provider: string;
  model: string;
  usage: Usage;
  usd: number | null;
  tags: Record<string, string>;
  cached: boolean;
}

// ───────────────────────────────────────────── options of what is not built yet

export interface CacheOptions {
  store?: "indexeddb" | "memory" | Store;
  name?: string;
  ttlSeconds?: number;
  maxBytes?: number;
  maxEntries?: number;
  sampled?: boolean;
  replay?: "instant" | "paced";
}

export interface Store {
  get(key: string): Promise<Uint8Array | null>;
  set(key: string, value: Uint8Array, options?: { ttlSeconds?: number }): Promise<void>;
  delete(key: string): Promise<boolean>;
  list(prefix: string): AsyncIterable<string>;
}

export type LogSink = (record: LogRecord) => void;

export interface LogRecord {
  at: string;
  event: "request" | "retry" | "fallback" | "response" | "error" | "cache";
  callId: string;
  requestId: string | null;
  provider: string;
  model: string;
  durationMs?: number;
  firstTokenMs?: number;
  usage?: Usage;
  usd?: number | null;
  finishReason?: FinishReason;
  cached?: boolean;
  attempt?: number;
  error?: { code: ErrorCode; message: string; status: number | null };
  request?: unknown;
  response?: unknown;
  tags: Record<string, string>;
}
