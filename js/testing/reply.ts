// What a script says, and what is made of it: every member checked, none ignored.
import type { FinishReason } from "../types.ts";
import { faults, type Refusal } from "./wire.ts";

/** A string is the text of an answer. */
export type MockReply =
  | string
  | {
      text?: string;
      /** Sent where the wire has a place for it (Anthropic, Cohere, compatible servers); elsewhere it only counts as tokens, as there. */
      reasoning?: string;
      toolCalls?: { name: string; input: unknown }[];
      /** Deltas a second. Without it a stream is as fast as it is read. */
      tokensPerSecond?: number;
      /** An error instead of an answer. Without `error`, the one that the provider uses this status for. */
      status?: number;
      /** One of the client's error codes ("quota", "context-length", "overloaded", …), sent as the provider would say it and with
       *  its status; any other text is the message of the error, status 500 if none is given. */
      error?: string;
      /** Alone, it means status 429. */
      retryAfterSeconds?: number;
      /** The body ends before the terminator. Events are counted as they are on the wire, pings and openings included; a body that is
       *  not a stream breaks in its middle, at any number. */
      cutAfterEvents?: number;
      /** Nothing more comes, until the request is aborted. */
      stallAfterEvents?: number;
      /** An error inside the stream (HTTP 200 was sent): that of `error` and `status`, else "overloaded". */
      errorAfterEvents?: number;
      /** The event after these is not JSON. */
      malformedAfterEvents?: number;
      /** fetch rejects. */
      networkError?: boolean;
      /** Before the head of the response. */
      delayMs?: number;
      /** As the contract counts: cacheReadTokens is part of inputTokens, reasoningTokens of outputTokens. */
      usage?: { inputTokens: number; outputTokens: number; cacheReadTokens?: number; reasoningTokens?: number };
      finishReason?: FinishReason;
    };

/** What a script's function is asked with. */
export interface MockRequest {
  provider: string;
  url: string;
  /** The JSON that was sent. */
  body: unknown;
  /** The text of the last user message. */
  prompt: string;
}

export type Reply = Omit<Exclude<MockReply, string>, "status" | "error" | "retryAfterSeconds" | "delayMs"> & {
  delayMs: number;
  refusal: Refusal | null;
};

/** Checks a reply; a TypeError names the member that is wrong. */
export function readReply(reply: MockReply): Reply {
  if (typeof reply === "string") return { text: reply, delayMs: 0, refusal: null };
  if (typeof reply !== "object" || reply === null) throw new TypeError("a mock reply is a string or an object");
  for (const [name, value] of Object.entries(reply)) {
    if (!(name in members)) throw new TypeError(`a mock reply has no member "${name}"`);
    const expected = members[name as keyof typeof members];
    if (value !== undefined && !expected.holds(value)) throw new TypeError(`${name} of a mock reply must be ${expected.what}`);
  }
  const { status, error, retryAfterSeconds, delayMs = 0, ...rest } = reply;
  return { ...rest, delayMs, refusal: refusalOf(reply) };
}

function refusalOf({ status, error, retryAfterSeconds, errorAfterEvents }: Exclude<MockReply, string>): Refusal | null {
  const hint = retryAfterSeconds === undefined ? {} : { retryAfterSeconds };
  const kind = faults.find((fault) => fault === error);
  if (kind) return { kind, ...(status !== undefined && { status }), ...hint };
  if (error !== undefined) return { status: status ?? 500, message: error, ...hint };
  if (status !== undefined) return { status, ...hint };
  if (retryAfterSeconds !== undefined) return { kind: "rate-limit", ...hint };
  return errorAfterEvents === undefined ? null : { kind: "overloaded" };
}

const text = { what: "a string", holds: (value: unknown) => typeof value === "string" };
const count = { what: "a whole number, 0 or more", holds: isCount };
const amount = { what: "a number, 0 or more", holds: (value: unknown) => typeof value === "number" && value >= 0 && value < Infinity };
const members: Record<keyof Exclude<MockReply, string>, { what: string; holds(value: unknown): boolean }> = {
  text,
  reasoning: text,
  toolCalls: { what: "a list of { name, input }, each input an object", holds: areToolCalls },
  tokensPerSecond: { what: "a number above 0", holds: (value) => amount.holds(value) && value !== 0 },
  status: { what: "an HTTP status of an error, 400 to 599", holds: (value) => isCount(value) && value >= 400 && value <= 599 },
  error: text,
  retryAfterSeconds: amount,
  cutAfterEvents: count,
  stallAfterEvents: count,
  errorAfterEvents: count,
  malformedAfterEvents: count,
  networkError: { what: "true or false", holds: (value) => typeof value === "boolean" },
  delayMs: amount,
  usage: { what: "counts of tokens: { inputTokens, outputTokens, cacheReadTokens?, reasoningTokens? }", holds: isUsage },
  finishReason: {
    what: "a reason that a provider can give (\"aborted\" and \"budget\" are the client's own)",
    holds: (value) => ["stop", "length", "tool-calls", "content-filter", "refusal", "other"].includes(value as string),
  },
};

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function areToolCalls(value: unknown): boolean {
  const isCall = (call: unknown): boolean => {
    if (typeof call !== "object" || call === null) return false;
    const { name, input } = call as { name: unknown; input: unknown };
    return typeof name === "string" && (input === undefined || (typeof input === "object" && input !== null && !Array.isArray(input)));
  };
  return Array.isArray(value) && value.every(isCall);
}

function isUsage(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const { inputTokens, outputTokens, cacheReadTokens = 0, reasoningTokens = 0, ...others } = value as Record<string, unknown>;
  return [inputTokens, outputTokens, cacheReadTokens, reasoningTokens].every(isCount) && Object.keys(others).length === 0;
}
