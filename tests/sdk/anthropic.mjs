// The official Anthropic SDK.
import Anthropic from "@anthropic-ai/sdk";
import { read, sum } from "./readings.mjs";

const params = { model: "a-model", max_tokens: 1000, messages: [{ role: "user", content: "Hello" }] };

/** What the SDK makes of a whole answer. */
export const whole = (_kind, fetch) => read(client(fetch).messages.create(params), readMessage);

/** What its helper that gathers a stream makes of one. */
export const stream = (_kind, fetch) => read(client(fetch).messages.stream(params).finalMessage(), readMessage);

/** How it says that a request failed. */
export function describeError(error) {
  return { class: error.constructor.name, status: error.status, requestId: error.requestID, code: error.errorCode, type: error.type };
}

const client = (fetch) => new Anthropic({ apiKey: "a-key-of-nobody", maxRetries: 0, fetch });

function readMessage({ content, stop_reason, usage, _request_id: requestId }) {
  const joined = (type, member) => content.filter((block) => block.type === type).map((block) => block[member]).join("");
  return {
    text: joined("text", "text"),
    reasoning: joined("thinking", "thinking"),
    toolCalls: content.filter((block) => block.type === "tool_use").map(({ id, name, input }) => ({ id, name, input })),
    rawFinishReason: stop_reason,
    requestId: requestId ?? undefined,
    usage: readUsage(usage),
  };
}

// `input_tokens` leaves the cache out; `output_tokens` has the thinking in it; there is no total.
function readUsage(usage) {
  const { input_tokens, output_tokens, cache_read_input_tokens, cache_creation_input_tokens } = usage;
  const input = sum(input_tokens, cache_read_input_tokens ?? 0, cache_creation_input_tokens ?? 0);
  return {
    inputTokens: input,
    outputTokens: output_tokens ?? null,
    totalTokens: sum(input, output_tokens),
    cacheReadTokens: cache_read_input_tokens ?? null,
    cacheWriteTokens: cache_creation_input_tokens ?? null,
    reasoningTokens: usage.output_tokens_details?.thinking_tokens ?? null,
  };
}
