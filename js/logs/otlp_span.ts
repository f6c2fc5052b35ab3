// A call as a span of OpenTelemetry's conventions for generative AI (Development, as of October 2026).
import type { LogRecord } from "../types.ts";

/** What is known of a call that is under way. */
export interface Followed {
  traceId: string;
  spanId: string;
  parentSpanId: string | undefined;
  sampled: boolean;
  /** The last attempt's, with the content of the first. */
  request?: LogRecord;
  /** Retries, fallbacks, cache hits. */
  events: LogRecord[];
  /** Milliseconds between the pieces of a stream. */
  chunks: number[];
}

type Value = string | number | boolean | readonly string[] | null | undefined;

/** Numbers that are whole travel as doubles all the same where the convention says double. */
class Double {
  constructor(readonly value: number) {}
}
const double = (value: number | null | undefined) => (value == null ? undefined : new Double(value));

/** In OTLP's JSON; what is null or undefined is left out. */
export function attributes(values: Record<string, Value | Double>): { key: string; value: object }[] {
  const list = [];
  for (const [key, value] of Object.entries(values)) if (value != null) list.push({ key, value: anyValue(value) });
  return list;
}

function anyValue(value: Exclude<Value | Double, null | undefined>): object {
  if (value instanceof Double) return { doubleValue: value.value };
  if (typeof value === "string") return { stringValue: value };
  if (typeof value === "boolean") return { boolValue: value };
  if (typeof value === "number") return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value };
  return { arrayValue: { values: value.map((item) => ({ stringValue: item })) } };
}

/** The conventions' names where they have one; the configured name otherwise. */
const providers: Record<string, string> = { azure: "azure.ai.openai", mistral: "mistral_ai", xai: "x_ai", moonshot: "moonshot_ai", gemini: "gcp.gemini" };
const named = (reason: string) => finishReasons[reason] ?? reason;
const finishReasons: Record<string, string> = { "tool-calls": "tool_call", "content-filter": "content_filter" };

/** Of spans and metrics alike. */
export function shared({ request }: Followed, record: LogRecord): Record<string, Value> {
  const { kind, server } = request ?? {};
  const compatible = kind === undefined || kind === "openai-compatible";
  const name = compatible ? record.provider : kind;
  const url = server ? new URL(server) : undefined;
  return {
    "gen_ai.operation.name": record.operation === "embed" ? "embeddings" : "chat",
    "gen_ai.provider.name": providers[name] ?? (name || "_OTHER"),
    "gen_ai.request.model": record.model || undefined,
    "gen_ai.response.model": record.responseModel || undefined,
    "server.address": url?.hostname,
    "server.port": url && Number(url.port || (url.protocol === "http:" ? 80 : 443)),
    "error.type": record.error?.code,
  };
}

export function spanOf(call: Followed, record: LogRecord): object {
  const { request, traceId, spanId, parentSpanId } = call;
  const { usage, error, finishReason, firstTokenMs, tags, usd, cached, attempt, responseId } = record;
  const settings = request?.settings;
  const end = Date.parse(record.at);
  const common = shared(call, record);
  const values: Record<string, Value | Double> = {
    ...common,
    "gen_ai.request.stream": request?.stream || undefined,
    "gen_ai.request.max_tokens": settings?.maxTokens,
    "gen_ai.request.temperature": double(settings?.temperature),
    "gen_ai.request.top_p": double(settings?.topP),
    "gen_ai.request.top_k": double(settings?.topK),
    "gen_ai.request.frequency_penalty": double(settings?.frequencyPenalty),
    "gen_ai.request.presence_penalty": double(settings?.presencePenalty),
    "gen_ai.request.seed": settings?.seed,
    "gen_ai.response.id": responseId || undefined,
    "gen_ai.response.finish_reasons": finishReason && [named(finishReason)],
    "gen_ai.response.time_to_first_chunk": firstTokenMs === undefined ? undefined : double(firstTokenMs / 1000),
    "gen_ai.usage.input_tokens": usage?.inputTokens,
    "gen_ai.usage.output_tokens": usage?.outputTokens,
    "gen_ai.usage.cache_read.input_tokens": usage?.cacheReadTokens,
    "gen_ai.usage.cache_creation.input_tokens": usage?.cacheWriteTokens,
    "gen_ai.usage.reasoning.output_tokens": usage?.reasoningTokens,
    "http.response.status_code": error?.status,
    ...contents(request?.request ?? record.request, record.response, finishReason),
    "modelwire.call_id": record.callId,
    "modelwire.request_id": record.requestId,
    "modelwire.attempts": attempt,
    "modelwire.cached": cached || undefined,
    "modelwire.usage.estimated": usage?.estimated || undefined,
    "modelwire.cost.usd": double(usd),
  };
  for (const [name, value] of Object.entries(tags)) if (name !== "traceparent") values[`modelwire.tag.${name}`] = value;
  return {
    traceId,
    spanId,
    ...(parentSpanId && { parentSpanId }),
    flags: 1,
    name: `${common["gen_ai.operation.name"]}${record.model && ` ${record.model}`}`,
    kind: 3,
    startTimeUnixNano: nanoseconds(end - (record.durationMs ?? 0)),
    endTimeUnixNano: nanoseconds(end),
    attributes: attributes(values),
    events: call.events.map(eventOf),
    status: error ? { code: 2, message: error.message } : {},
  };
}

/** Of milliseconds, whose fractions would not survive a multiplication. */
export function nanoseconds(ms: number): string {
  const whole = Math.floor(ms);
  return `${whole}${String(Math.floor((ms - whole) * 1e6)).padStart(6, "0")}`;
}

function eventOf({ at, event, provider, model, attempt, durationMs, error }: LogRecord): object {
  const values = {
    "gen_ai.request.model": model,
    "modelwire.provider": provider,
    "modelwire.attempt": attempt,
    "modelwire.attempt.duration_ms": durationMs,
    "error.type": error?.code,
    "http.response.status_code": error?.status,
  };
  return { timeUnixNano: nanoseconds(Date.parse(at)), name: `modelwire.${event}`, attributes: attributes(values) };
}

// ───────────────────────────────────────────── content, where it was captured

type Content = { role?: string; content?: unknown; callId?: string };

function contents(request: unknown, response: unknown, finishReason: string | undefined): Record<string, Value> {
  const { messages, system, tools } = (request ?? {}) as Record<string, any>;
  const input = typeof messages === "string" ? [{ role: "user", content: messages }] : messages;
  // Turns of the model's alone; all but the last called tools.
  const turns = Array.isArray(response) ? response.filter(({ role }) => role === "assistant") : undefined;
  const output = turns?.map((turn, index) => ({ ...messageOf(turn), finish_reason: index < turns.length - 1 ? "tool_call" : named(finishReason ?? "error") }));
  return {
    "gen_ai.system_instructions": system === undefined ? undefined : JSON.stringify([{ type: "text", content: system }]),
    "gen_ai.input.messages": Array.isArray(input) ? JSON.stringify(input.map(messageOf)) : undefined,
    "gen_ai.output.messages": output && JSON.stringify(output),
    "gen_ai.tool.definitions": Array.isArray(tools)
      ? JSON.stringify(tools.map(({ name, description, input }) => ({ type: "function", name, description, parameters: input })))
      : undefined,
  };
}

function messageOf(message: Content): object {
  const { role, content, callId } = message;
  if (role === "tool") return { role, parts: [{ type: "tool_call_response", id: callId, response: content }] };
  return { role, parts: typeof content === "string" ? [{ type: "text", content }] : ((content as any[]) ?? []).map(partOf) };
}

function partOf(part: any): object {
  switch (part?.type) {
    case "text":
    case "refusal":
      return { type: "text", content: part.text };
    case "reasoning":
      return { type: "reasoning", content: part.text };
    case "tool-call":
      return { type: "tool_call", id: part.id, name: part.name, arguments: part.input };
    default:
      return part;
  }
}
