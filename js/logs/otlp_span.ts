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
  const url = server ? placeOf(server) : undefined;
  return {
    "gen_ai.operation.name": record.operation === "embed" ? "embeddings" : "chat",
    "gen_ai.provider.name": providers[name] ?? (name || "_OTHER"),
    "gen_ai.request.model": record.model || undefined,
    "gen_ai.response.model": record.responseModel || undefined,
    "server.address": url?.address,
    "server.port": url?.port,
    "error.type": record.error?.code,
  };
}

/** A client has a handful of them, and reading a URL takes as long as all else about a span. */
const places = new Map<string, { address: string; port: number }>();

function placeOf(server: string): { address: string; port: number } {
  let place = places.get(server);
  if (!place) {
    const { hostname, port, protocol } = new URL(server);
    place = { address: hostname, port: Number(port || (protocol === "http:" ? 80 : 443)) };
    if (places.size < 1000) places.set(server, place);
  }
  return place;
}

export function spanOf(call: Followed, record: LogRecord, common: ReturnType<typeof shared>): object {
  const { request, traceId, spanId, parentSpanId } = call;
  const { usage, error, finishReason, firstTokenMs, tags, usd, cached, attempt, responseId } = record;
  const settings = request?.settings;
  const end = Date.parse(record.at);
  // One after the other: an object of so many members would take longer than all the rest of a call's log.
  const list = attributes(common);
  const add = (key: string, value: Value | Double) => {
    if (value != null) list.push({ key, value: anyValue(value) });
  };
  add("gen_ai.request.stream", request?.stream || undefined);
  add("gen_ai.request.max_tokens", settings?.maxTokens);
  add("gen_ai.request.temperature", double(settings?.temperature));
  add("gen_ai.request.top_p", double(settings?.topP));
  add("gen_ai.request.top_k", double(settings?.topK));
  add("gen_ai.request.frequency_penalty", double(settings?.frequencyPenalty));
  add("gen_ai.request.presence_penalty", double(settings?.presencePenalty));
  add("gen_ai.request.seed", settings?.seed);
  add("gen_ai.response.id", responseId || undefined);
  add("gen_ai.response.finish_reasons", finishReason && [named(finishReason)]);
  add("gen_ai.response.time_to_first_chunk", firstTokenMs === undefined ? undefined : double(firstTokenMs / 1000));
  add("gen_ai.usage.input_tokens", usage?.inputTokens);
  add("gen_ai.usage.output_tokens", usage?.outputTokens);
  add("gen_ai.usage.cache_read.input_tokens", usage?.cacheReadTokens);
  add("gen_ai.usage.cache_creation.input_tokens", usage?.cacheWriteTokens);
  add("gen_ai.usage.reasoning.output_tokens", usage?.reasoningTokens);
  add("http.response.status_code", error?.status);
  if (request?.request || record.request || record.response) {
    for (const [key, value] of Object.entries(contents(request?.request ?? record.request, record.response, finishReason))) add(key, value);
  }
  add("modelwire.call_id", record.callId);
  add("modelwire.request_id", record.requestId);
  add("modelwire.attempts", attempt);
  add("modelwire.cached", cached || undefined);
  add("modelwire.usage.estimated", usage?.estimated || undefined);
  add("modelwire.cost.usd", double(usd));
  for (const name in tags) if (name !== "traceparent") add(`modelwire.tag.${name}`, tags[name]);
  return {
    traceId,
    spanId,
    ...(parentSpanId && { parentSpanId }),
    flags: 1,
    name: `${common["gen_ai.operation.name"]}${record.model && ` ${record.model}`}`,
    kind: 3,
    startTimeUnixNano: nanoseconds(end - (record.durationMs ?? 0)),
    endTimeUnixNano: nanoseconds(end),
    attributes: list,
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
