// Anthropic's messages.
import type { Answer } from "./answer.ts";
import { bearer, type Call, type Json } from "./call.ts";
import { event, firstOf, invalid, settle, type Faults, type Frame, type Refusal, type Wire } from "./wire.ts";

export const anthropic: Wire = {
  provider: "anthropic",
  needsKey: true,
  streamType: "text/event-stream; charset=utf-8",
  key: (call) => call.headers.get("x-api-key") || bearer(call.headers),
  route: ({ method, url }) => {
    if (method === "POST" && url.pathname.endsWith("/v1/messages")) return "chat";
    return method === "GET" && url.pathname.endsWith("/v1/models") ? "models" : null;
  },
  check: (call) => firstOf(rules(call)),
  whole: (answer, call) => ({
    ...message(answer, call),
    content: blocks(answer, call),
    stop_reason: stopReasons[answer.finishReason],
    stop_sequence: null,
    stop_details: stopDetails(answer),
    usage: usageOf(answer, answer.usage.outputTokens),
  }),
  frames,
  models: () => ({
    data: ["claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-5-5"].map((id) => ({
      id, type: "model", display_name: id, created_at: "2026-10-21T00:00:00Z", lifecycle: "active",
    })),
    has_more: false,
    first_id: "claude-opus-5-5",
    last_id: "claude-haiku-5-5",
  }),
  headers: (call) => ({
    "request-id": requestId(call),
    "anthropic-ratelimit-requests-limit": "500",
    "anthropic-ratelimit-requests-remaining": "499",
    "anthropic-ratelimit-requests-reset": "2026-11-23T00:00:00Z",
    "anthropic-ratelimit-tokens-limit": "200000",
    "anthropic-ratelimit-tokens-remaining": "199000",
    "anthropic-ratelimit-tokens-reset": "2026-11-23T00:00:00Z",
  }),
  error: (refusal, call) => {
    const { status, error } = errorOf(refusal);
    return { status, body: { type: "error", error, request_id: requestId(call) } };
  },
  failure: (refusal) => event({ type: "error", error: errorOf(refusal).error }, { name: "error" }),
};

const requestId = (call: Call): string => `req_mock${call.number}`;

// ── request

function* rules({ body, headers }: Call): Generator<Refusal | false> {
  const version = headers.get("anthropic-version");
  yield version === null && invalid("anthropic-version: header is required");
  yield version !== null && !versions.includes(version) && invalid(`anthropic-version: "${version}" is not a valid version`);
  const { model, max_tokens, messages, system, thinking, tool_choice, stop_sequences } = body ?? {};
  for (const name of Object.keys(body ?? {})) {
    const isGone = samplings.includes(name) && version === "2026-10-21";
    yield (isGone || !(fields.has(name) || samplings.includes(name))) && invalid(`${name}: Extra inputs are not permitted`);
  }
  yield !(typeof model === "string" && model) && invalid("model: Field required");
  yield max_tokens === undefined && invalid("max_tokens: Field required");
  yield !(Number.isInteger(max_tokens) && max_tokens >= 0) && invalid("max_tokens: Input should be a whole number, 0 or more");
  yield system !== undefined && isEmptyText(system) && invalid("system: text content blocks must be non-empty");
  yield thinking?.type === "enabled" && !(thinking.budget_tokens >= 1024 && thinking.budget_tokens < max_tokens)
    && invalid("thinking.budget_tokens: at least 1024, and less than max_tokens");
  yield typeof tool_choice === "string" && invalid("tool_choice: Input should be an object");
  yield stop_sequences?.some((stop: Json) => typeof stop !== "string" || !stop.trim()) && invalid("stop_sequences: each must contain more than white space");
  yield* messageRules(messages);
}

function* messageRules(messages: Json): Generator<Refusal | false> {
  if (messages === undefined) return yield invalid("messages: Field required");
  if (!Array.isArray(messages) || messages.length === 0) return yield invalid("messages: at least one message is required");
  if (messages[0]?.role !== "user") yield invalid("messages: first message must use the \"user\" role");
  let open: string[] = [];
  for (const [index, { role, content }] of messages.entries()) {
    const at = `messages.${index}`;
    yield !["user", "assistant", "system"].includes(role) && invalid(`${at}.role: Input should be 'user', 'assistant' or 'system'`);
    yield (content == null || isEmptyText(content)) && invalid(`${at}.content: text content blocks must be non-empty`);
    const list: Json[] = Array.isArray(content) ? content : [];
    const answered = list.filter((block) => block.type === "tool_result").map((block) => block.tool_use_id);
    const missing = open.filter((id) => !answered.includes(id));
    yield missing.length > 0 && invalid(`${at}: tool_use ids ${missing.join(", ")} are without tool_result blocks immediately after`);
    const unknown = answered.filter((id) => !open.includes(id));
    yield unknown.length > 0 && invalid(`${at}: tool_result ${unknown.join(", ")} has no tool_use in the previous message`);
    const calls = list.filter((block) => block.type === "tool_use");
    yield calls.some((block) => typeof block.input !== "object") && invalid(`${at}.content: tool_use.input: Input should be an object`);
    open = calls.map((block) => block.id);
  }
  yield open.length > 0 && invalid(`messages: tool_use ids ${open.join(", ")} are without tool_result blocks`);
}

function isEmptyText(content: Json): boolean {
  if (typeof content === "string") return content.trim() === "";
  return Array.isArray(content) && content.some((block) => block?.type === "text" && !String(block.text ?? "").trim());
}

const versions = ["2023-06-01", "2026-10-21"];
const samplings = ["temperature", "top_p", "top_k"];
const fields = new Set([
  "model", "max_tokens", "messages", "system", "stop_sequences", "stream", "tools", "tool_choice", "thinking", "output_config",
  "cache_control", "service_tier", "speed", "metadata", "inference_geo", "container", "diagnostics",
]);

// ── answer

function message({ usage }: Answer, call: Call): Json {
  return {
    id: `msg_mock${call.number}`, type: "message", role: "assistant", model: call.body?.["model"], content: [],
    stop_reason: null, stop_sequence: null, stop_details: null,
    usage: usageOf({ usage } as Answer, 1),
  };
}

function blocks(answer: Answer, call: Call): Json[] {
  const text = answer.text.join("");
  return [
    ...(answer.reasoning.length > 0 ? [{ type: "thinking", thinking: shown(answer, call).join(""), signature }] : []),
    ...(text ? [{ type: "text", text, citations: null }] : []),
    ...answer.toolCalls.map((tool, index) => ({ ...toolUse(tool.name, call, index), input: tool.input ?? {} })),
  ];
}

function* frames(answer: Answer, call: Call): Generator<Frame> {
  yield named({ type: "message_start", message: message(answer, call) });
  let index = 0;
  for (const block of blockStarts(answer, call)) {
    yield named({ type: "content_block_start", index, content_block: block.start });
    if (index === 0) yield event('{"type": "ping"}', { name: "ping" });
    for (const { delta, tokens } of block.deltas) yield named({ type: "content_block_delta", index, delta }, tokens);
    yield named({ type: "content_block_stop", index });
    index += 1;
  }
  const delta = { stop_reason: stopReasons[answer.finishReason], stop_sequence: null, stop_details: stopDetails(answer) };
  yield named({ type: "message_delta", delta, usage: usageOf(answer, answer.usage.outputTokens) });
  yield named({ type: "message_stop" });
}

function* blockStarts(answer: Answer, call: Call): Generator<{ start: Json; deltas: { delta: Json; tokens: number }[] }> {
  if (answer.reasoning.length > 0) {
    const thinking = shown(answer, call).map((text) => ({ delta: { type: "thinking_delta", thinking: text }, tokens: 1 }));
    // Thinking that is not shown takes its time before the signature.
    const signed = { delta: { type: "signature_delta", signature }, tokens: answer.reasoning.length - thinking.length };
    yield { start: { type: "thinking", thinking: "", signature: "" }, deltas: [...thinking, signed] };
  }
  if (answer.text.length > 0) {
    yield { start: { type: "text", text: "" }, deltas: answer.text.map((text) => ({ delta: { type: "text_delta", text }, tokens: 1 })) };
  }
  for (const [index, tool] of answer.toolCalls.entries()) {
    const json = ["", ...tool.fragments].map((text, at) => ({ delta: { type: "input_json_delta", partial_json: text }, tokens: at && 1 }));
    yield { start: { ...toolUse(tool.name, call, index), input: {} }, deltas: json };
  }
}

// The service pads some events with white space: JSON may end in it.
function named(data: Json, tokens = 0): Frame {
  return event(JSON.stringify(data) + " ".repeat(tokens && 3), { name: data.type, tokens });
}

const toolUse = (name: string, call: Call, index: number): Json => ({ type: "tool_use", id: `toolu_mock${call.number}x${index}`, name, caller: { type: "direct" } });

const shown = ({ reasoning }: Answer, call: Call): string[] => (call.body?.["thinking"]?.display === "omitted" ? [] : reasoning);

// Opaque to everybody but the service.
const signature = "bW9kZWx3aXJlLW1vY2s=";

/** Input without what came from the cache: the service counts that on its own. */
function usageOf({ usage }: Answer, outputTokens: number): Json {
  return {
    input_tokens: Math.max(0, usage.inputTokens - usage.cacheReadTokens),
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: usage.cacheReadTokens,
    output_tokens: outputTokens,
    output_tokens_details: { thinking_tokens: Math.min(usage.reasoningTokens, outputTokens) },
    service_tier: "standard",
  };
}

/** There is no reason of its own for a content filter. */
const stopReasons: Record<Answer["finishReason"], string> = {
  stop: "end_turn",
  length: "max_tokens",
  "tool-calls": "tool_use",
  "content-filter": "refusal",
  refusal: "refusal",
  other: "pause_turn",
};

const stopDetails = (answer: Answer): Json =>
  stopReasons[answer.finishReason] === "refusal" ? { type: "refusal", category: null, explanation: null } : null;

// ── errors

function errorOf(refusal: Refusal): { status: number; error: Json } {
  const { status, type, message } = settle(table, refusal);
  return { status, error: { type, message } };
}

const table: Faults<{ type: string }> = {
  "invalid-request": { status: 400, type: "invalid_request_error" },
  authentication: { status: 401, type: "authentication_error" },
  permission: { status: 403, type: "permission_error" },
  "not-found": { status: 404, type: "not_found_error" },
  "context-length": { status: 400, type: "invalid_request_error", message: "prompt is too long: 210000 tokens > 200000 maximum" },
  "content-filter": { status: 400, type: "invalid_request_error", message: "Output blocked by content filtering policy" },
  "rate-limit": { status: 429, type: "rate_limit_error" },
  quota: { status: 402, type: "billing_error" },
  timeout: { status: 504, type: "timeout_error" },
  server: { status: 500, type: "api_error" },
  overloaded: { status: 529, type: "overloaded_error" },
};
