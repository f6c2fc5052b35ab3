// OpenAI's chat completions, and the many servers that speak them.
import { bearer, type Call, type Json } from "./call.ts";
import type { Answer } from "./answer.ts";
import { base64Of, textOf, tokensOf, vectorOf } from "./embeddings.ts";
import { event, firstOf, invalid, settle, type Faults, type Frame, type Refusal, type Wire } from "./wire.ts";

export const openai: Wire = {
  provider: "openai",
  needsKey: true,
  streamType: "text/event-stream; charset=utf-8",
  key: (call) => bearer(call.headers),
  route: (call) => routeOf(call),
  check: (call) => firstOf([...commonRules(call), ...openaiRules(call)]),
  embeddings: { check: (call) => firstOf(embeddingRules(call)), whole: embeddingList },
  whole: (answer, call) => wholeAnswer(answer, call, openaiStyle(call)),
  frames: (answer, call) => chunks(answer, call, openaiStyle(call)),
  models: () => modelList(["gpt-6.1-sol", "gpt-6.1-terra", "gpt-6-sol", "gpt-6-luna"], "system"),
  headers: (call) => ({
    "x-request-id": `req_mock${call.number}`,
    "openai-processing-ms": "12",
    "openai-version": "2020-10-01",
    "x-ratelimit-limit-requests": "500",
    "x-ratelimit-remaining-requests": "499",
    "x-ratelimit-reset-requests": "120ms",
    "x-ratelimit-limit-tokens": "200000",
    "x-ratelimit-remaining-tokens": "199000",
    "x-ratelimit-reset-tokens": "300ms",
  }),
  error: openaiError,
  failure: (refusal) => event(openaiError(refusal).body),
};

export const compatible: Wire = {
  ...openai,
  provider: "openai-compatible",
  needsKey: false,
  streamType: "text/event-stream",
  check: (call) => firstOf(commonRules(call)),
  whole: (answer, call) => wholeAnswer(answer, call, compatibleStyle(call)),
  frames: (answer, call) => chunks(answer, call, compatibleStyle(call)),
  models: () => modelList(["mock-large", "mock-small"], "mock"),
  headers: (call) => ({ "x-request-id": `mock-${call.number}` }),
};

/** What differs between those who speak this format. */
export interface Style {
  model: string;
  /** Further members of every object, after `model`. */
  top: object;
  choice: object;
  /** The field in which reasoning text is sent, if it is sent at all. */
  reasoning: "reasoning_content" | null;
  /** Padding that hides the length of a delta from whoever counts bytes on the network. */
  obfuscates: boolean;
  /** Whether a message has `refusal` and `annotations`, empty or not. */
  refusals: boolean;
}

const openaiStyle = (call: Call): Style => ({
  model: call.body?.["model"],
  top: { service_tier: "default", system_fingerprint: null },
  choice: {},
  reasoning: null,
  obfuscates: call.body?.["stream_options"]?.include_obfuscation !== false,
  refusals: true,
});

const compatibleStyle = (call: Call): Style => ({
  model: call.body?.["model"],
  top: {},
  choice: {},
  reasoning: "reasoning_content",
  obfuscates: false,
  refusals: false,
});

// ── request

/** "/chat/completions", "/embeddings" and "/models", below any base. */
export function routeOf({ method, url }: Call): ReturnType<Wire["route"]> {
  if (method === "POST" && url.pathname.endsWith("/chat/completions")) return "chat";
  if (method === "POST" && url.pathname.endsWith("/embeddings")) return "embeddings";
  return method === "GET" && url.pathname.endsWith("/models") ? "models" : null;
}

/** What every server of this format refuses. */
export function* commonRules({ body }: Call): Generator<Refusal | false> {
  const { model, messages, stream, stream_options, tools } = body ?? {};
  yield !(typeof model === "string" && model) && invalid("The field 'model' is missing.", "model", "missing_required_parameter");
  yield* messageRules(messages);
  yield stream_options != null && stream !== true && invalid("'stream_options' goes with 'stream': true only.", "stream_options");
  yield tools !== undefined && !(Array.isArray(tools) && tools.length > 0) && invalid("'tools' must not be empty.", "tools", "empty_array");
}

/** Roles, contents, and that each tool call is answered before anybody else speaks. */
export function* messageRules(messages: Json): Generator<Refusal | false> {
  if (messages === undefined) return yield invalid("The field 'messages' is missing.", "messages", "missing_required_parameter");
  if (!Array.isArray(messages) || messages.length === 0) return yield invalid("'messages' must be a list with a message in it.", "messages", "empty_array");
  let open: string[] = [];
  for (const [index, message] of messages.entries()) {
    const at = `messages[${index}]`;
    const role: Json = message?.role;
    if (!roles.includes(role)) return yield invalid(`'${at}.role' is not one of ${roles.join(", ")}.`, `${at}.role`, "invalid_value");
    if (role === "tool") {
      if (!open.includes(message.tool_call_id)) return yield invalid(`'${at}' answers no tool call of the turn before it.`, `${at}.tool_call_id`);
      open = open.filter((id) => id !== message.tool_call_id);
      continue;
    }
    if (open.length > 0) return yield invalid(`The tool calls ${open.join(", ")} are not answered.`, at);
    if (role !== "assistant" && message.content == null) return yield invalid(`'${at}.content' is missing.`, `${at}.content`);
    for (const { id, function: called } of message.tool_calls ?? []) {
      if (called && typeof called.arguments !== "string") return yield invalid(`The arguments of '${id}' must be a string.`, `${at}.tool_calls`);
      open.push(id);
    }
  }
  yield open.length > 0 && invalid(`The tool calls ${open.join(", ")} are not answered.`, "messages");
}

const roles = ["developer", "system", "user", "assistant", "tool"];

function* openaiRules({ body }: Call): Generator<Refusal | false> {
  yield* fieldRules(body ?? {}, fields);
  const { model, tools, parallel_tool_calls, max_tokens, reasoning_effort } = body ?? {};
  yield parallel_tool_calls !== undefined && tools === undefined && invalid("'parallel_tool_calls' goes with 'tools' only.", "parallel_tool_calls");
  if (!/^(o\d|gpt-[56])/.test(model)) return;
  yield max_tokens !== undefined && unsupported("max_tokens", "Use 'max_completion_tokens' instead.");
  for (const name of ["frequency_penalty", "presence_penalty", "stop", "logit_bias", "prediction"]) yield body?.[name] !== undefined && unsupported(name);
  if (reasoning_effort === "none" || (reasoning_effort === undefined && /^gpt-5\.[124]/.test(model))) return;
  for (const name of ["temperature", "top_p"]) yield body?.[name] !== undefined && body[name] !== 1 && unsupported(name);
  for (const name of ["logprobs", "top_logprobs"]) yield body?.[name] && unsupported(name);
}

/** Fields that the service does not know. */
export function* fieldRules(body: object, known: Set<string>): Generator<Refusal> {
  for (const name of Object.keys(body)) {
    if (!known.has(name)) yield invalid(`The request has a field that is not known: ${name}`, name, "unknown_parameter");
  }
}

function unsupported(name: string, hint = ""): Refusal {
  return invalid(`The parameter '${name}' is not supported with this model. ${hint}`.trim(), name, "unsupported_parameter");
}

/** The fields of a request to OpenAI. */
export const fields = new Set([
  "model", "messages", "max_completion_tokens", "max_tokens", "temperature", "top_p", "frequency_penalty", "presence_penalty",
  "stop", "n", "seed", "logprobs", "top_logprobs", "logit_bias", "reasoning_effort", "verbosity", "response_format", "tools",
  "tool_choice", "parallel_tool_calls", "stream", "stream_options", "store", "metadata", "service_tier", "prompt_cache_key",
  "prompt_cache_options", "prompt_cache_retention", "safety_identifier", "user", "modalities", "audio", "prediction",
  "moderation", "web_search_options", "functions", "function_call",
]);

// ── answer

export function wholeAnswer(answer: Answer, call: Call, style: Style): Json {
  const text = answer.text.join("");
  const refused = answer.finishReason === "refusal";
  const message = {
    role: "assistant",
    content: refused || (answer.toolCalls.length > 0 && text === "") ? null : text,
    // What is refused has no other place: servers that know no such field would lose it.
    ...((style.refusals || refused) && { refusal: refused ? text : null }),
    ...(style.refusals && { annotations: [] }),
    ...(style.reasoning && answer.reasoning.length > 0 && { [style.reasoning]: answer.reasoning.join("") }),
    ...(answer.toolCalls.length > 0 && { tool_calls: answer.toolCalls.map((tool, index) => ({
      id: toolCallId(call, index), type: "function", function: { name: tool.name, arguments: tool.fragments.join("") || "{}" },
    })) }),
  };
  const choice = { index: 0, finish_reason: finishReasons[answer.finishReason], logprobs: null, message, ...style.choice };
  return { id: `chatcmpl-mock${call.number}`, object: "chat.completion", created, model: style.model, ...style.top, choices: [choice], usage: usageOf(answer) };
}

export function* chunks(answer: Answer, call: Call, style: Style): Generator<Frame> {
  const withUsage = call.body?.["stream_options"]?.include_usage === true;
  const base = { id: `chatcmpl-mock${call.number}`, object: "chat.completion.chunk", created, model: style.model, ...style.top };
  let padding = 0;
  const chunk = (choices: object[], usage: object | null, tokens = 0): Frame =>
    event({
      ...base,
      choices,
      ...(withUsage && { usage }),
      ...(style.obfuscates && { obfuscation: "aZ3kQ9xT1mB7rL5w".slice(0, 1 + ((padding += 7) % 16)) }),
    }, { tokens });
  const delta = (delta: object, tokens = 1): Frame => chunk([{ index: 0, delta, logprobs: null, finish_reason: null, ...style.choice }], null, tokens);

  const refused = answer.finishReason === "refusal";
  const field = refused ? "refusal" : "content";
  const speaks = answer.toolCalls.length === 0 || answer.text.length > 0;
  yield delta({ role: "assistant", content: speaks && !refused ? "" : null, ...(style.refusals && { refusal: refused ? "" : null }) }, 0);
  // Reasoning that is not shown still takes its time.
  let unseen = style.reasoning ? 0 : answer.reasoning.length;
  if (style.reasoning) for (const piece of answer.reasoning) yield delta({ [style.reasoning]: piece });
  for (const piece of answer.text) {
    yield delta({ [field]: piece }, 1 + unseen);
    unseen = 0;
  }
  for (const [index, tool] of answer.toolCalls.entries()) {
    const start = { index, id: toolCallId(call, index), type: "function", function: { name: tool.name, arguments: "" } };
    yield delta({ tool_calls: [start] }, 1 + unseen);
    unseen = 0;
    const fragments = tool.fragments.length > 0 ? tool.fragments : ["{}"];
    for (const fragment of fragments) yield delta({ tool_calls: [{ index, function: { arguments: fragment } }] });
  }
  yield chunk([{ index: 0, delta: {}, logprobs: null, finish_reason: finishReasons[answer.finishReason], ...style.choice }], null);
  if (withUsage) yield chunk([], usageOf(answer));
  yield event("[DONE]");
}

/** A refusal is told by the field that its text is in, not by the reason. */
const finishReasons: Record<Answer["finishReason"], string> = {
  stop: "stop",
  length: "length",
  "tool-calls": "tool_calls",
  "content-filter": "content_filter",
  refusal: "stop",
  other: "unknown",
};

function usageOf({ usage }: Answer): Json {
  return {
    prompt_tokens: usage.inputTokens,
    completion_tokens: usage.outputTokens,
    total_tokens: usage.inputTokens + usage.outputTokens,
    prompt_tokens_details: { cached_tokens: usage.cacheReadTokens, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: usage.reasoningTokens, audio_tokens: 0, accepted_prediction_tokens: 0, rejected_prediction_tokens: 0 },
  };
}

const toolCallId = (call: Call, index: number): string => `call_mock${call.number}x${index}`;

/** Always the same second: a recording of one run is that of every run. */
export const created = 1795420000;

export function modelList(ids: string[], owner: string): Json {
  return { object: "list", data: ids.map((id) => ({ id, object: "model", created, owned_by: owner })) };
}

// ── embeddings

function* embeddingRules({ body }: Call): Generator<Refusal | false> {
  const { model, input } = body ?? {};
  yield !(typeof model === "string" && model) && invalid("The field 'model' is missing.", "model", "missing_required_parameter");
  yield* embeddingInputRules(input);
}

export function* embeddingInputRules(input: Json): Generator<Refusal | false> {
  const inputs: Json[] = Array.isArray(input) ? input : [input];
  yield inputs.length === 0 && invalid("'input' must not be empty.", "input", "empty_array");
  yield inputs.length > 2048 && invalid("'input' has more than 2048 members.", "input", "array_above_max_length");
  yield inputs.some((text) => text == null || text === "") && invalid("'input' cannot be an empty string.", "input", "empty_string");
}

export function embeddingList(call: Call): Json {
  const { model, input, dimensions, encoding_format } = call.body ?? {};
  // One text, several, the tokens of one or those of several.
  const inputs: Json[] = Array.isArray(input) && typeof input[0] !== "number" ? input : [input];
  const data = inputs.map((text, index) => {
    const vector = vectorOf(textOf(text), dimensions ?? (/large/.test(model) ? 3072 : 1536));
    return { object: "embedding", index, embedding: encoding_format === "base64" ? base64Of(vector) : vector };
  });
  return { object: "list", data, model, usage: { prompt_tokens: tokensOf(inputs), total_tokens: tokensOf(inputs) } };
}

// ── errors

export function openaiError(refusal: Refusal): { status: number; body: Json } {
  const { status, message, type, code } = settle(table, refusal);
  return { status, body: { error: { message, type, param: refusal.param ?? null, code: refusal.code ?? code } } };
}

const bad = "invalid_request_error";
const table: Faults<{ type: string; code: string | null }> = {
  "invalid-request": { status: 400, type: bad, code: null },
  authentication: { status: 401, type: bad, code: "invalid_api_key" },
  permission: { status: 403, type: bad, code: null },
  "not-found": { status: 404, type: bad, code: "model_not_found" },
  "context-length": { status: 400, type: bad, code: "context_length_exceeded" },
  "content-filter": { status: 400, type: bad, code: "invalid_prompt" },
  "rate-limit": { status: 429, type: "requests", code: "rate_limit_exceeded" },
  quota: { status: 429, type: "insufficient_quota", code: "insufficient_quota" },
  timeout: { status: 408, type: "server_error", code: null },
  server: { status: 500, type: "server_error", code: null },
  overloaded: { status: 503, type: "service_unavailable_error", code: "server_is_overloaded" },
};
