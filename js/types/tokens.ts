// Embeddings, tokens, the context window, what is known of models.
import type { Message } from "./request.ts";
import type { Cost, Usage } from "./response.ts";

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
