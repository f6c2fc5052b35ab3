// A call as a span of OpenTelemetry's conventions for generative AI (Development, as of October 2026).
import type { LogRecord } from "../types.ts";
import { contents, named } from "./otlp_content.ts";
import { double, flag, list, nanoseconds, quote, text, texts, whole } from "./otlp_text.ts";

/** Who a span is. */
export interface Identity {
  traceId: string;
  spanId: string;
  parentSpanId: string | undefined;
  sampled: boolean;
}

const operation = text("gen_ai.operation.name");
const provider = text("gen_ai.provider.name");
const requestModel = text("gen_ai.request.model");
const responseModel = text("gen_ai.response.model");
const address = text("server.address");
const port = whole("server.port");
const errorType = text("error.type");
const stream = flag("gen_ai.request.stream");
const maxTokens = whole("gen_ai.request.max_tokens");
const temperature = double("gen_ai.request.temperature");
const topP = double("gen_ai.request.top_p");
const topK = double("gen_ai.request.top_k");
const frequencyPenalty = double("gen_ai.request.frequency_penalty");
const presencePenalty = double("gen_ai.request.presence_penalty");
const seed = whole("gen_ai.request.seed");
const id = text("gen_ai.response.id");
const finishReasons = texts("gen_ai.response.finish_reasons");
const timeToFirst = double("gen_ai.response.time_to_first_chunk");
const inputTokens = whole("gen_ai.usage.input_tokens");
const outputTokens = whole("gen_ai.usage.output_tokens");
const cacheRead = whole("gen_ai.usage.cache_read.input_tokens");
const cacheWrite = whole("gen_ai.usage.cache_creation.input_tokens");
const reasoning = whole("gen_ai.usage.reasoning.output_tokens");
const status = whole("http.response.status_code");
const callId = text("modelwire.call_id");
const requestId = text("modelwire.request_id");
const attempts = whole("modelwire.attempts");
const isCached = flag("modelwire.cached");
const estimated = flag("modelwire.usage.estimated");
const cost = double("modelwire.cost.usd");
const asked = text("modelwire.provider");
const attemptNumber = whole("modelwire.attempt");
const attemptDuration = double("modelwire.attempt.duration_ms");

/** The conventions' names where they have one; the configured name otherwise. */
const providers: Record<string, string> = { azure: "azure.ai.openai", mistral: "mistral_ai", xai: "x_ai", moonshot: "moonshot_ai", gemini: "gcp.gemini" };

/** A client has a handful of kinds of calls, and to write this of one takes as long as all else about a span. */
const commons = new Map<string, string>();
const MOST_COMMONS = 1000;

const operationOf = (record: LogRecord) => (record.operation === "embed" ? "embeddings" : "chat");

/** The attributes that spans and metrics have alike. */
export function commonOf(request: LogRecord | undefined, record: LogRecord): string {
  const { kind, server } = request ?? {};
  const key = `${record.operation}\n${kind}\n${server}\n${record.provider}\n${record.model}\n${record.responseModel}`;
  let common = commons.get(key);
  if (common === undefined) {
    const name = kind === undefined || kind === "openai-compatible" ? record.provider : kind;
    const { hostname, port: number, protocol } = server ? new URL(server) : ({} as Partial<URL>);
    common =
      operation(operationOf(record)) +
      provider(providers[name] ?? (name || "_OTHER")) +
      requestModel(record.model || undefined) +
      responseModel(record.responseModel || undefined) +
      address(hostname) +
      port(hostname === undefined ? undefined : Number(number || (protocol === "http:" ? 80 : 443)));
    if (commons.size < MOST_COMMONS) commons.set(key, common);
  }
  return common;
}

/** Of tags: a program has a handful of names. */
const tagNames = new Map<string, ReturnType<typeof text>>();

function tag(name: string, value: string): string {
  let attribute = tagNames.get(name);
  if (!attribute) {
    attribute = text(`modelwire.tag.${name}`);
    if (tagNames.size < MOST_COMMONS) tagNames.set(name, attribute);
  }
  return attribute(String(value));
}

/** A span as OTLP's JSON has it. `events`: retries, fallbacks, cache hits. `record`: the call's end. */
export function spanOf({ traceId, spanId, parentSpanId }: Identity, request: LogRecord | undefined, events: LogRecord[], record: LogRecord, common: string): string {
  const { usage, error, finishReason, firstTokenMs, tags, usd } = record;
  const settings = request?.settings;
  const end = Date.parse(record.at);
  let attributes =
    common +
    errorType(error?.code) +
    stream(request?.stream) +
    id(record.responseId || undefined) +
    finishReasons(finishReason && named(finishReason)) +
    timeToFirst(firstTokenMs === undefined ? undefined : firstTokenMs / 1000) +
    status(error?.status) +
    callId(record.callId) +
    requestId(record.requestId) +
    attempts(record.attempt) +
    isCached(record.cached) +
    cost(usd);
  if (settings) {
    attributes +=
      maxTokens(settings.maxTokens) +
      temperature(settings.temperature) +
      topP(settings.topP) +
      topK(settings.topK) +
      frequencyPenalty(settings.frequencyPenalty) +
      presencePenalty(settings.presencePenalty) +
      seed(settings.seed);
  }
  if (usage) {
    attributes +=
      inputTokens(usage.inputTokens) +
      outputTokens(usage.outputTokens) +
      cacheRead(usage.cacheReadTokens) +
      cacheWrite(usage.cacheWriteTokens) +
      reasoning(usage.reasoningTokens) +
      estimated(usage.estimated);
  }
  const said = request?.request ?? record.request;
  if (said || record.response) attributes += contents(said, record.response, finishReason);
  for (const name in tags) if (name !== "traceparent") attributes += tag(name, tags[name]!);
  return (
    `{"traceId":"${traceId}","spanId":"${spanId}"` +
    (parentSpanId ? `,"parentSpanId":"${parentSpanId}"` : "") +
    `,"flags":1,"name":${quote(`${operationOf(record)}${record.model && ` ${record.model}`}`)},"kind":3` +
    `,"startTimeUnixNano":${nanoseconds(end - (record.durationMs ?? 0))},"endTimeUnixNano":${nanoseconds(end)}` +
    `,"attributes":${list(attributes)}` +
    `,"events":[${events.map(eventOf).join()}]` +
    (error ? `,"status":{"code":2,"message":${quote(error.message)}}}` : `,"status":{}}`)
  );
}

function eventOf({ at, event, provider, model, attempt, durationMs, error }: LogRecord): string {
  const attributes = requestModel(model) + asked(provider) + attemptNumber(attempt) + attemptDuration(durationMs) + errorType(error?.code) + status(error?.status);
  return `{"timeUnixNano":${nanoseconds(Date.parse(at))},"name":"modelwire.${event}","attributes":${list(attributes)}}`;
}
