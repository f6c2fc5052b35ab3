// The body of POST /v1/responses as this package's request, by the rules of chat_request.ts: what cannot be honoured is refused by name,
// and of how the model samples it is left out with a warning.
import type { Warning } from "../types.ts";
import { described, readEffort, readMaxTokens, readTags, readToolChoice, type Bounds, type ChatAsked } from "./chat_request.ts";
import { Fields } from "./fields.ts";
import { readInput } from "./input_items.ts";
import { unsupported, wrong } from "./refusal.ts";

export interface ResponsesAsked extends Omit<ChatAsked, "includeUsage"> {
  /** What a response says of its request. */
  echo: Record<string, unknown>;
}

export function readResponses(body: unknown, { maxMessages, maxTokens }: Bounds): ResponsesAsked {
  const fields = new Fields("", body);
  const warnings: Warning[] = [];
  const drop = (field: string, why: string, ...usual: unknown[]) => fields.drop(warnings, field, why, ...usual);
  const model = fields.required("model");
  const stream = fields.boolean("stream") ?? false;
  const [tools, format, truncation] = [readTools(fields), readText(fields, warnings), fields.word("truncation", ["auto", "disabled"])];
  const request: Record<string, unknown> = {
    messages: readInput(fields, maxMessages, warnings),
    system: fields.string("instructions"),
    maxTokens: readMaxTokens(fields, maxTokens, "max_output_tokens"),
    temperature: fields.number("temperature", 0, 2),
    topP: fields.number("top_p", 0, 1),
    tools,
    toolChoice: readToolChoice(fields, (named) => named.required("name")),
    output: readOutput(format),
    reasoning: readReasoning(fields, warnings),
    tags: readTags(fields),
    // OpenAI's words for it: items are dropped from the beginning of the conversation.
    context: truncation === "auto" ? "fit" : undefined,
  };
  const options = fields.inner("stream_options");
  if (options && !stream) throw wrong("stream_options", "is for streams");
  options?.boolean("include_obfuscation");
  options?.finish();
  for (const [at, one] of (fields.strings("include") ?? []).entries()) {
    if (one !== "reasoning.encrypted_content") throw unsupported(`include[${at}]`, "of what can be included it has reasoning.encrypted_content");
  }

  fields.refuse("store", "nothing is kept", false);
  fields.refuse("previous_response_id", "nothing is kept: send the items themselves");
  fields.refuse("conversation", "nothing is kept: send the items themselves");
  fields.refuse("prompt", "nothing is kept: send instructions and input");
  fields.refuse("background", "nothing is kept", false);
  fields.refuse("context_management", "use truncation");
  fields.refuse("parallel_tool_calls", "a model may call several tools at once", true);
  fields.refuse("max_tool_calls", "tools are called by the caller");
  fields.refuse("top_logprobs", "not every model behind it has them", 0);
  fields.refuse("service_tier", "it has one", "auto", "default");
  fields.refuse("moderation", "not every model behind it has it");
  fields.refuse("access_programs", "not every model behind it has it");
  fields.refuse("image", "answers are text");
  drop("prompt_cache_key", "prompts are cached as each provider does it");
  drop("prompt_cache_options", "prompts are cached as each provider does it");
  drop("prompt_cache_retention", "prompts are cached as each provider does it");
  fields.finish();
  for (const name of Object.keys(request)) if (request[name] === undefined) delete request[name];

  const asked = (field: string) => fields.take(field) ?? null;
  const echo = {
    access_programs: null,
    background: false,
    instructions: asked("instructions"),
    max_output_tokens: request.maxTokens ?? null,
    max_tool_calls: null,
    metadata: asked("metadata") ?? {},
    parallel_tool_calls: true,
    previous_response_id: null,
    prompt_cache_key: asked("prompt_cache_key"),
    reasoning: { effort: request.reasoning ?? null, summary: null },
    safety_identifier: asked("safety_identifier"),
    service_tier: "default",
    store: false,
    temperature: asked("temperature"),
    text: { format: format ?? { type: "text" }, verbosity: "medium" },
    tool_choice: asked("tool_choice") ?? "auto",
    tools: (tools ?? []).map(({ name, description, input, strict }) => ({ type: "function", name, description: description ?? null, parameters: input ?? null, strict: strict ?? false })),
    top_logprobs: 0,
    top_p: asked("top_p"),
    truncation: truncation ?? "disabled",
    user: fields.take("user"),
  };
  return { model, request, stream, warnings, echo };
}

interface Tool {
  name: string;
  description: string | undefined;
  input: Record<string, unknown> | undefined;
  strict: boolean | undefined;
}

function readTools(fields: Fields): Tool[] | undefined {
  const tools = fields.list("tools");
  if (!tools?.length) return undefined;
  return tools.map((item, at) => {
    const tool = new Fields(`tools[${at}]`, item);
    if (tool.required("type") !== "function") throw unsupported(`tools[${at}].type`, "it must be function: what OpenAI runs by itself is not here");
    const made = { name: tool.required("name"), description: tool.string("description"), input: tool.schema("parameters"), strict: tool.boolean("strict") };
    tool.refuse("defer_loading", "tools are told at once", false);
    tool.refuse("async", "tools are called and answered", false);
    if (tool.strings("allowed_callers")?.some((caller) => caller !== "direct")) throw unsupported(tool.name("allowed_callers"), "tools are called by the model");
    tool.refuse("output_schema", "not every model behind it has it");
    tool.finish();
    return made;
  });
}

/** The format as it was given, once it is known to be one. */
function readText(fields: Fields, warnings: Warning[]): Record<string, unknown> | undefined {
  const text = fields.inner("text");
  text?.drop(warnings, "verbosity", "not every model behind the gateway has it", "medium");
  const format = text?.inner("format");
  text?.finish();
  if (!format) return undefined;
  const type = format.word("type", ["text", "json_object", "json_schema"]);
  if (type === undefined) throw wrong(format.name("type"), "is required");
  if (type !== "json_schema") {
    format.finish();
    return { type };
  }
  const [name, schema, description, strict] = [format.required("name"), format.schema("schema"), format.string("description"), format.boolean("strict")];
  format.finish();
  if (!schema) throw wrong(format.name("schema"), "is required");
  return { type, name, schema, description, strict: strict ?? false };
}

function readOutput(format: Record<string, unknown> | undefined): object | undefined {
  if (!format || format.type === "text") return undefined;
  if (format.type === "json_object") return described({ type: "object" });
  const schema = format.schema as Record<string, unknown>;
  return described(format.description === undefined || Object.hasOwn(schema, "description") ? schema : { ...schema, description: format.description });
}

function readReasoning(fields: Fields, warnings: Warning[]): string | undefined {
  const reasoning = fields.inner("reasoning");
  if (!reasoning) return undefined;
  const effort = readEffort(reasoning, "effort", warnings);
  for (const field of ["summary", "generate_summary"]) reasoning.drop(warnings, field, "of its reasoning each model shows what it shows");
  reasoning.refuse("context", "not every model behind it has it", "auto");
  reasoning.refuse("mode", "not every model behind it has it", "standard");
  reasoning.finish();
  return effort;
}
