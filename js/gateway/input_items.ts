// The input of POST /v1/responses as this package's messages. What an assistant thought, said and called is a list of items there,
// and one message here: a provider that signs its reasoning wants it in the turn that it was of.
import type { Warning } from "../types.ts";
import { Fields, nameOf } from "./fields.ts";
import { readContent, readUrl, type Part } from "./messages.ts";
import { unsupported, wrong } from "./refusal.ts";
import { unseal } from "./sealed.ts";

interface Message {
  role: string;
  content: string | Part[];
  callId?: string;
}

export function readInput(fields: Fields, most: number, warnings: Warning[]): Message[] {
  const input = fields.take("input");
  if (input === undefined) throw wrong("input", "is required");
  if (typeof input === "string") return [{ role: "user", content: input }];
  if (!Array.isArray(input)) throw wrong("input", `must be a string or an array of items, not ${nameOf(input)}`);
  if (input.length === 0) throw wrong("input", "must not be empty");
  if (input.length > most) throw wrong("input", `must be at most ${most} items here, not ${input.length}`);
  const messages: Message[] = [];
  for (const [at, given] of input.entries()) {
    const item = new Fields(`input[${at}]`, given);
    const made = readItem(item, warnings);
    // What a server says of it, and nobody needs.
    item.string("id");
    item.string("status");
    item.finish();
    const last = messages.at(-1);
    if (made.role === "assistant" && last?.role === "assistant") (last.content as Part[]).push(...(made.content as Part[]));
    else messages.push(made);
  }
  return messages;
}

function readItem(item: Fields, warnings: Warning[]): Message {
  const type = item.string("type") ?? (item.take("role") === undefined ? "item_reference" : "message");
  switch (type) {
    case "message":
      return readMessage(item, warnings);
    case "function_call": {
      const call = { type: "tool-call", id: item.required("call_id"), name: item.required("name"), inputText: item.string("arguments") || "{}" };
      item.refuse("namespace", "tools have none");
      item.refuse("caller", "tools are called by the model", "direct");
      item.refuse("async", "tools are called and answered", false);
      return { role: "assistant", content: [call] };
    }
    case "function_call_output":
      item.refuse("caller", "tools are called by the model", "direct");
      return { role: "tool", callId: item.required("call_id"), content: readContent(item, (part, kind) => readPart(part, kind, warnings), "output") };
    case "reasoning":
      return { role: "assistant", content: [readReasoning(item, warnings)] };
    case "item_reference":
      throw unsupported(item.name("type"), "nothing is kept here that item_reference could name: send the item itself (in the AI SDK, with store: false)");
    default:
      throw unsupported(item.name("type"), "it must be message, function_call, function_call_output or reasoning");
  }
}

function readMessage(item: Fields, warnings: Warning[]): Message {
  const role = item.word("role", ["system", "developer", "user", "assistant"]);
  switch (role) {
    case "system":
    case "developer": {
      const content = readContent(item, (part, type) => readTextPart(part, type, ["input_text"], warnings));
      return { role: "system", content: typeof content === "string" ? content : content.map(({ text }) => text).join("\n") };
    }
    case "user":
      return { role, content: readContent(item, (part, type) => readPart(part, type, warnings)) };
    case "assistant": {
      const content = readContent(item, (part, type) => {
        if (type === "refusal") return { type, text: part.required("refusal") };
        part.take("logprobs");
        if ((part.list("annotations") ?? []).length > 0) drop(warnings, part.name("annotations"), "a history is text");
        return readTextPart(part, type, ["output_text", "input_text"], warnings);
      });
      item.drop(warnings, "phase", "not every model behind the gateway has it");
      return { role, content: typeof content === "string" ? [{ type: "text", text: content }] : content };
    }
    default:
      throw wrong(item.name("role"), "is required");
  }
}

function readPart(part: Fields, type: string, warnings: Warning[]): Part {
  switch (type) {
    case "input_image": {
      part.refuse("file_id", "it keeps no files: use image_url");
      const made = { type: "image", image: readUrl(part, "image_url"), detail: part.word("detail", ["low", "high", "auto"]) };
      dropBreakpoint(part, warnings);
      return made;
    }
    case "input_file":
      return readFile(part, warnings);
    default:
      return readTextPart(part, type, ["input_text"], warnings);
  }
}

function readTextPart(part: Fields, type: string, types: string[], warnings: Warning[]): Part {
  if (!types.includes(type)) throw unsupported(part.name("type"), `it must be ${types[0]} here, not ${type}`);
  dropBreakpoint(part, warnings);
  return { type: "text", text: part.required("text") };
}

function readFile(part: Fields, warnings: Warning[]): Part {
  part.refuse("file_id", "it keeps no files: use file_data");
  part.drop(warnings, "detail", "not every model behind the gateway has it", "auto");
  dropBreakpoint(part, warnings);
  const [data, url, name] = [part.string("file_data"), part.string("file_url"), part.string("filename")];
  if (data !== undefined) {
    if (url !== undefined) throw wrong(part.name("file_url"), "and file_data are two files");
    const mediaType = /^data:([^;,]+)[;,]/.exec(data)?.[1];
    if (!mediaType) throw wrong(part.name("file_data"), "must be a data: URL");
    return { type: "file", file: data, mediaType, name };
  }
  if (url === undefined) throw wrong(part.name("file_data"), "is required");
  // It is the provider that fetches it, and never the gateway.
  if (!/^https:\/\//i.test(url)) throw wrong(part.name("file_url"), "must be an https: URL");
  return { type: "file", file: url, mediaType: mediaTypeOf(url), name };
}

/** Addresses do not say what is there, but by their ending. Documents are PDFs to those who take them by address. */
function mediaTypeOf(url: string): string {
  const ending = /\.(\w+)(?:[?#]|$)/.exec(url)?.[1]?.toLowerCase();
  const texts: Record<string, string> = { txt: "plain", md: "markdown", csv: "csv", html: "html" };
  return ending !== undefined && Object.hasOwn(texts, ending) ? `text/${texts[ending]}` : "application/pdf";
}

function readReasoning(item: Fields, warnings: Warning[]): Part {
  const texts = (field: string, kind: string) =>
    (item.list(field) ?? []).map((given, at) => {
      const part = new Fields(`${item.name(field)}[${at}]`, given);
      if (part.required("type") !== kind) throw wrong(part.name("type"), `must be ${kind}`);
      const text = part.required("text");
      part.finish();
      return text;
    });
  const [summary, content] = [texts("summary", "summary_text"), texts("content", "reasoning_text")];
  const sealed = item.string("encrypted_content");
  const made = sealed === undefined ? null : unseal(sealed);
  if (sealed !== undefined && !made) drop(warnings, item.name("encrypted_content"), "it was not made by this gateway");
  return { type: "reasoning", text: (summary.length > 0 ? summary : content).join("\n\n"), ...made };
}

function dropBreakpoint(part: Fields, warnings: Warning[]): void {
  part.drop(warnings, "prompt_cache_breakpoint", "prompts are cached as each provider does it");
}

function drop(warnings: Warning[], setting: string, why: string): void {
  warnings.push({ code: "dropped-setting", message: `${setting} was left out: ${why}`, setting });
}
