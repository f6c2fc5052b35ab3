// The body of POST /v1/chat/completions as this package's request. Values in, values out: what cannot be honoured is refused by
// name, and of how the model samples it is dropped with a warning.
//
// In TypeScript and not beside the wire formats of the core: each page would pay for it (some 6 KB of brotli), and none needs it.
import type { Warning } from "../types.ts";
import { Fields } from "./fields.ts";
import { readMessages } from "./messages.ts";
import { unsupported, wrong } from "./refusal.ts";

export interface ChatAsked {
  model: string;
  /** Fields of a ChatRequest, but for its model. */
  request: Record<string, unknown>;
  stream: boolean;
  /** Whether a stream tells its usage. */
  includeUsage: boolean;
  warnings: Warning[];
}

export interface Bounds {
  maxMessages: number;
  maxTokens?: number | undefined;
}

export function readChat(body: unknown, { maxMessages, maxTokens }: Bounds): ChatAsked {
  const fields = new Fields("", body);
  const warnings: Warning[] = [];
  const drop = (field: string, why: string, ...usual: unknown[]) => fields.drop(warnings, field, why, ...usual);
  const model = fields.required("model");
  const stream = fields.boolean("stream") ?? false;
  const request: Record<string, unknown> = {
    messages: readMessages(fields, maxMessages, warnings),
    maxTokens: readMaxTokens(fields, maxTokens, "max_completion_tokens", "max_tokens"),
    temperature: fields.number("temperature", 0, 2),
    topP: fields.number("top_p", 0, 1),
    topK: fields.whole("top_k", 1),
    frequencyPenalty: fields.number("frequency_penalty", -2, 2),
    presencePenalty: fields.number("presence_penalty", -2, 2),
    seed: fields.whole("seed", Number.MIN_SAFE_INTEGER),
    stop: readStop(fields),
    tools: readTools(fields),
    output: readFormat(fields),
    reasoning: readEffort(fields, "reasoning_effort", warnings),
    tags: readTags(fields),
  };
  request.toolChoice = readToolChoice(fields, nameInFunction);
  const options = fields.inner("stream_options");
  if (options && !stream) throw wrong("stream_options", "is for streams");
  const includeUsage = options?.boolean("include_usage") ?? false;
  options?.boolean("include_obfuscation");
  options?.finish();

  fields.refuse("n", "it gives one answer", 1);
  fields.refuse("functions", "use tools");
  fields.refuse("function_call", "use tool_choice", "none", "auto");
  fields.refuse("parallel_tool_calls", "a model may call several tools at once", true);
  fields.refuse("logprobs", "not every model behind it has them", false);
  fields.refuse("top_logprobs", "not every model behind it has them", 0);
  fields.refuse("audio", "answers are text");
  const modalities = fields.strings("modalities");
  if (modalities?.some((one) => one !== "text")) throw unsupported("modalities", "answers are text");
  fields.refuse("prediction", "not every model behind it has it");
  fields.refuse("web_search_options", "not every model behind it has it");
  fields.refuse("store", "nothing is kept", false);
  fields.refuse("service_tier", "it has one", "auto", "default");
  fields.refuse("moderation", "not every model behind it has it");
  drop("logit_bias", "it counts in tokens of one model");
  drop("verbosity", "not every model behind the gateway has it", "medium");
  drop("prompt_cache_key", "prompts are cached as each provider does it");
  drop("prompt_cache_retention", "prompts are cached as each provider does it");
  fields.finish();
  for (const name of Object.keys(request)) if (request[name] === undefined) delete request[name];
  return { model, request, stream, includeUsage, warnings };
}

/** The first of these fields that is given. */
export function readMaxTokens(fields: Fields, most: number | undefined, ...names: string[]): number | undefined {
  // Each is read: it is known here.
  const [name, wanted] = names.map((name) => [name, fields.whole(name, 1)] as const).find(([, value]) => value !== undefined) ?? [];
  if (wanted !== undefined && most !== undefined && wanted > most) throw wrong(name!, `must be at most ${most} here, not ${wanted}`);
  return wanted ?? most;
}

function readStop(fields: Fields): string | string[] | undefined {
  const stop = fields.take("stop");
  return stop === undefined || typeof stop === "string" ? stop : fields.strings("stop");
}

function readTools(fields: Fields): unknown[] | undefined {
  const tools = fields.list("tools");
  if (!tools?.length) return undefined;
  return tools.map((item, at) => {
    const tool = new Fields(`tools[${at}]`, item);
    if (tool.required("type") !== "function") throw unsupported(`tools[${at}].type`, "it must be function");
    const given = tool.inner("function");
    if (!given) throw wrong(`tools[${at}].function`, "is required");
    const made = { name: given.required("name"), description: given.string("description"), input: given.schema("parameters"), strict: given.boolean("strict") };
    given.finish();
    tool.finish();
    return made;
  });
}

/** `nameOf`: where a choice of one tool says its name. */
export function readToolChoice(fields: Fields, nameOf: (named: Fields) => string): unknown {
  const choice = fields.take("tool_choice");
  if (choice === undefined) return undefined;
  if (typeof choice === "string") return fields.word("tool_choice", ["none", "auto", "required"]);
  const named = fields.inner("tool_choice")!;
  if (named.required("type") !== "function") throw unsupported("tool_choice.type", "it must be function");
  const name = nameOf(named);
  named.finish();
  return { name };
}

function nameInFunction(named: Fields): string {
  const given = named.inner("function");
  if (!given) throw wrong("tool_choice.function", "is required");
  const name = given.required("name");
  given.finish();
  return name;
}

function readFormat(fields: Fields): unknown {
  const format = fields.inner("response_format");
  if (!format) return undefined;
  const type = format.word("type", ["text", "json_object", "json_schema"]);
  const given = format.inner("json_schema");
  format.finish();
  if (type === "text") return undefined;
  if (type === "json_object") return described({ type: "object" });
  if (type === undefined || !given) throw wrong(type ? "response_format.json_schema" : "response_format.type", "is required");
  given.required("name");
  const [schema, description] = [given.schema("schema"), given.string("description")];
  given.boolean("strict");
  given.finish();
  if (!schema) throw wrong("response_format.json_schema.schema", "is required");
  return described(description === undefined || Object.hasOwn(schema, "description") ? schema : { ...schema, description });
}

/**
 * A schema object that says what it is and lets everything pass. An OpenAI client validates by itself, and a pattern of a
 * caller's is not run here: one that takes for ever would take this isolate with it.
 */
export function described(schema: Record<string, unknown>): object {
  return { "~standard": { version: 1, vendor: "modelwire", validate: (value: unknown) => ({ value }), jsonSchema: { input: () => schema } } };
}

export function readEffort(fields: Fields, field: string, warnings: Warning[]): string | undefined {
  const effort = fields.word(field, ["none", "minimal", "low", "medium", "high", "xhigh", "max"]);
  if (effort !== "xhigh" && effort !== "max") return effort;
  const setting = fields.name(field);
  warnings.push({ code: "clamped-setting", message: `${setting} "${effort}" was sent as "high"`, setting });
  return "high";
}

/** What a caller says of his own request, under names that no budget or limit of the gateway's goes by. */
export function readTags(fields: Fields): Record<string, string> | undefined {
  const tags: [string, string][] = [];
  for (const name of ["user", "safety_identifier"]) {
    const value = fields.string(name);
    if (value !== undefined) tags.push([`request.${name}`, value]);
  }
  const metadata = fields.take("metadata");
  if (metadata !== undefined) {
    const entries = Object.entries(metadata as object);
    if (typeof metadata !== "object" || Array.isArray(metadata) || entries.length > 16) throw wrong("metadata", "must be an object of at most 16 strings");
    for (const [name, value] of entries) {
      if (typeof value !== "string" || value.length > 512 || name.length > 64) throw wrong("metadata", "must be an object of strings of at most 512 characters, under names of at most 64");
      tags.push([`request.metadata.${name}`, value]);
    }
  }
  return tags.length ? Object.fromEntries(tags) : undefined;
}
