// The official Cohere SDK. It has no helper that gathers a stream: its typed events are put together here, as its
// documentation does it.
import { CohereClientV2, CohereError, CohereTimeoutError } from "cohere-ai";
import { noUsage, parseInput, read, sum } from "./readings.mjs";

const params = { model: "a-model", messages: [{ role: "user", content: "Hello" }] };

/** What the SDK makes of a whole answer. */
export const whole = (_kind, fetch) => read(client(fetch).chat(params), readResponse);

/** What its events say in the end. */
export const stream = (_kind, fetch) => read(client(fetch).chatStream(params).then(gather), readResponse);

/** How it says that a request failed. */
export function describeError(error) {
  if (!(error instanceof CohereError || error instanceof CohereTimeoutError)) return { class: error.constructor.name };
  return { class: error.constructor.name, status: error.statusCode };
}

const client = (fetch) => new CohereClientV2({ token: "a-key-of-nobody", maxRetries: 0, fetch });

async function gather(events) {
  const message = { content: [], toolCalls: [] };
  let end;
  for await (const event of events) {
    const part = event.delta?.message;
    switch (event.type) {
      case "content-start":
        message.content[event.index] = { type: "text", text: "", thinking: "", ...part.content };
        break;
      case "content-delta":
        message.content[event.index].text += part.content.text ?? "";
        message.content[event.index].thinking += part.content.thinking ?? "";
        break;
      case "tool-call-start":
        message.toolCalls[event.index] = structuredClone(part.toolCalls);
        break;
      case "tool-call-delta":
        message.toolCalls[event.index].function.arguments += part.toolCalls.function.arguments;
        break;
      case "message-end":
        end = event.delta;
        if (end.error) throw new Error(end.error);
    }
  }
  // The SDK leaves it to its caller to notice.
  if (!end) throw new Error("the stream ended without message-end");
  return { message, ...end };
}

function readResponse({ message, finishReason, usage }) {
  const joined = (type, member) => (message.content ?? []).filter((part) => part.type === type).map((part) => part[member]).join("");
  return {
    text: joined("text", "text"),
    toolCalls: (message.toolCalls ?? []).map(({ id, function: called }) => ({
      id, name: called.name, input: parseInput(called.arguments),
    })),
    rawFinishReason: finishReason,
    usage: readUsage(usage),
  };
}

// As billed; `tokens` counts the chat template too.
function readUsage(usage) {
  if (!usage) return noUsage;
  const input = usage.billedUnits?.inputTokens ?? usage.tokens?.inputTokens ?? null;
  const output = usage.billedUnits?.outputTokens ?? usage.tokens?.outputTokens ?? null;
  return {
    inputTokens: input,
    outputTokens: output,
    totalTokens: sum(input, output),
    cacheReadTokens: partOf(input, usage.cachedTokens),
    cacheWriteTokens: null,
    // On the wire, but not in the SDK's types: it comes through as it was spelled there.
    reasoningTokens: partOf(output, usage.tokens?.reasoning_tokens),
  };
}

// The contract's parts are parts of a billed whole. Cohere counts these two beside it, and they can be more: then nothing is
// said of them.
const partOf = (whole, part) => (part != null && whole !== null && part <= whole ? part : null);
