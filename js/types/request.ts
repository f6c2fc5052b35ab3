// What a caller sends: requests, messages, tools, schemas.
import type { ModelTarget } from "./client.ts";
import type { RetryOptions, TimeoutOptions } from "./policies.ts";

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
  /**
   * Whether the answer is looked up and kept; see `CacheOptions`. `true` without a cache of the client's uses the default one. `ttlSeconds`:
   * for this answer. `refresh`: asked anew, and kept. `key`: in place of what is worked out of the request; whoever gives the same gets the
   * same answer. `tags`: for `client.cache.clear`, 200 bytes at most. Kept are answers that ended with "stop" or "tool-calls" and match
   * `output`. A kept answer has `cached: true`, costs 0 and has no attempts.
   */
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
