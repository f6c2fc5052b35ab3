// The official OpenAI SDK, for OpenAI, Azure and the servers that say they are compatible.
import OpenAI, { AzureOpenAI } from "openai";
import { noUsage, parseInput, read, sum } from "./readings.mjs";

const params = { model: "a-model", messages: [{ role: "user", content: "Hello" }] };

/** What the SDK makes of a whole answer. */
export const whole = (kind, fetch) => read(client(kind, fetch).chat.completions.create(params), readCompletion);

/** What its helper that gathers a stream makes of one. */
export const stream = (kind, fetch) => read(gather(client(kind, fetch)), readCompletion);

/** How it says that a request failed. */
export function describeError(error) {
  return { class: error.constructor.name, status: error.status, requestId: error.requestID, code: error.code, type: error.type };
}

function client(kind, fetch) {
  const options = { apiKey: "a-key-of-nobody", maxRetries: 0, fetch };
  if (kind === "azure") return new AzureOpenAI({ ...options, endpoint: "https://mine.openai.azure.com", apiVersion: "2024-10-21" });
  return new OpenAI(options);
}

// In the end the helper looks for a `role` and for the `type` of tool calls. Servers leave both out, and so do fixtures:
// what it had gathered until then counts.
async function gather(client) {
  let gathered;
  const stream = client.chat.completions.stream({ ...params, stream: true }).on("chunk", (_, snapshot) => { gathered = snapshot; });
  try {
    return await stream.finalChatCompletion();
  } catch (error) {
    if (/^missing role for choice|missing `type`$/.test(error.message)) return gathered;
    throw error;
  }
}

function readCompletion({ choices, usage, _request_id: requestId }) {
  const { message, finish_reason } = choices.find(({ index }) => index === 0) ?? choices[0];
  return {
    // modelwire shows a refusal as text too: a reader who does not ask why should not see nothing.
    text: (message.content ?? "") + (message.refusal ?? ""),
    refusal: message.refusal ?? "",
    toolCalls: (message.tool_calls ?? []).map(readToolCall),
    rawFinishReason: finish_reason ?? null,
    requestId: requestId ?? undefined,
    usage: readUsage(usage),
  };
}

// A custom tool's input is any text; modelwire parses it where it is JSON.
function readToolCall({ id, function: called, custom }) {
  return { id, name: called?.name ?? custom?.name, input: parseInput(called?.arguments ?? custom?.input) };
}

// Cached, written and reasoning tokens are parts of the others.
function readUsage(usage) {
  if (!usage) return noUsage;
  return {
    inputTokens: usage.prompt_tokens ?? null,
    outputTokens: usage.completion_tokens ?? null,
    totalTokens: usage.total_tokens ?? sum(usage.prompt_tokens, usage.completion_tokens),
    cacheReadTokens: usage.prompt_tokens_details?.cached_tokens ?? null,
    cacheWriteTokens: usage.prompt_tokens_details?.cache_write_tokens ?? null,
    reasoningTokens: usage.completion_tokens_details?.reasoning_tokens ?? null,
  };
}
