// Replies as they are written, and what is made of them: every member checked, none ignored.
import type { MockReply } from "./reply.ts";
import { faults, type Refusal } from "./wire.ts";

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
  usage: { what: "counts of tokens: { inputTokens, outputTokens, cacheReadTokens?, reasoningTokens? }, the last two within the first", holds: isUsage },
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
  if (![inputTokens, outputTokens, cacheReadTokens, reasoningTokens].every(isCount) || Object.keys(others).length > 0) return false;
  return (cacheReadTokens as number) <= (inputTokens as number) && (reasoningTokens as number) <= (outputTokens as number);
}
