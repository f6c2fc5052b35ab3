// OpenAI's messages as this package's.
import type { Warning } from "../types.ts";
import { Fields, nameOf } from "./fields.ts";
import { unsupported, wrong } from "./refusal.ts";

export function readMessages(fields: Fields, most: number, warnings: Warning[]): unknown[] {
  const list = fields.list("messages");
  if (!list) throw wrong("messages", "is required");
  if (list.length === 0) throw wrong("messages", "must not be empty");
  if (list.length > most) throw wrong("messages", `must be at most ${most} here, not ${list.length}`);
  return list.map((item, at) => {
    const message = new Fields(`messages[${at}]`, item);
    const made = readMessage(message, warnings);
    message.finish();
    return made;
  });
}

function readMessage(message: Fields, warnings: Warning[]): unknown {
  const role = message.word("role", ["system", "developer", "user", "assistant", "tool", "function"]);
  const name = message.string("name");
  if (name !== undefined && role !== "user") {
    warnings.push({ code: "dropped-setting", message: `${message.name("name")} was left out: only users have names`, setting: message.name("name") });
  }
  switch (role) {
    case "system":
    case "developer":
      return { role: "system", content: readTexts(message).join("\n") };
    case "user":
      return { role, content: readContent(message, readUserPart), ...(name !== undefined && { name }) };
    case "assistant":
      return { role, content: readAssistant(message) };
    case "tool": {
      const callId = message.required("tool_call_id");
      return { role, callId, content: readContent(message, readTextPart) };
    }
    case "function":
      throw unsupported(message.name("role"), "use tools, and the role tool");
    default:
      throw wrong(message.name("role"), "is required");
  }
}

export type Part = Record<string, unknown>;

/** A string as it is; parts one by one. */
export function readContent(message: Fields, read: (part: Fields, type: string) => Part, field = "content"): string | Part[] {
  const content = message.take(field);
  if (typeof content === "string") return content;
  if (content === undefined) throw wrong(message.name(field), "is required");
  if (!Array.isArray(content)) throw wrong(message.name(field), `must be a string or an array of parts, not ${nameOf(content)}`);
  return content.map((item, at) => {
    const part = new Fields(`${message.name(field)}[${at}]`, item);
    const made = read(part, part.required("type"));
    part.finish();
    return made;
  });
}

function readTexts(message: Fields): string[] {
  const content = readContent(message, readTextPart);
  return typeof content === "string" ? [content] : content.map(({ text }) => text as string);
}

function readTextPart(part: Fields, type: string): Part {
  if (type !== "text") throw wrong(part.name("type"), `must be text here, not ${type}`);
  return { type, text: part.required("text") };
}

function readUserPart(part: Fields, type: string): Part {
  switch (type) {
    case "text":
      return readTextPart(part, type);
    case "image_url": {
      const image = inside(part, "image_url");
      const made = { type: "image", image: readUrl(image, "url"), detail: image.word("detail", ["low", "high", "auto"]) };
      image.finish();
      return made;
    }
    case "input_audio": {
      const audio = inside(part, "input_audio");
      const format = audio.word("format", ["wav", "mp3"]);
      if (!format) throw wrong(audio.name("format"), "is required");
      const made = { type: "audio", audio: `data:audio/${format};base64,${audio.required("data")}`, format };
      audio.finish();
      return made;
    }
    case "file": {
      const file = inside(part, "file");
      file.refuse("file_id", "it keeps no files: use file_data");
      const data = file.required("file_data");
      const mediaType = /^data:([^;,]+)[;,]/.exec(data)?.[1];
      if (!mediaType) throw wrong(file.name("file_data"), "must be a data: URL");
      const made = { type: "file", file: data, mediaType, name: file.string("filename") };
      file.finish();
      return made;
    }
    default:
      throw unsupported(part.name("type"), "it must be text, image_url, input_audio or file");
  }
}

function inside(part: Fields, field: string): Fields {
  const inner = part.inner(field);
  if (!inner) throw wrong(part.name(field), "is required");
  return inner;
}

/** Where the provider finds a picture. Nothing is fetched here, and what is passed on leads to the public web, or holds its bytes itself. */
export function readUrl(image: Fields, field: string): string {
  const url = image.required(field);
  if (!/^(https:\/\/|data:image\/)/i.test(url)) throw wrong(image.name(field), "must be an https: URL or a data: URL of an image");
  return url;
}

function readAssistant(message: Fields): Part[] {
  const parts: Part[] = [];
  const thought = message.string("reasoning_content");
  if (thought) parts.push({ type: "reasoning", text: thought });
  const content = message.take("content");
  if (content !== undefined) {
    const read = readContent(message, (part, type) => {
      if (type === "refusal") return { type, text: part.required("refusal") };
      return readTextPart(part, type);
    });
    parts.push(...(typeof read === "string" ? (read ? [{ type: "text", text: read }] : []) : read));
  }
  const refusal = message.string("refusal");
  if (refusal) parts.push({ type: "refusal", text: refusal });
  message.refuse("function_call", "use tool_calls");
  message.refuse("audio", "answers are text");
  message.refuse("annotations", "answers are text");
  for (const [at, item] of (message.list("tool_calls") ?? []).entries()) {
    const call = new Fields(`${message.name("tool_calls")}[${at}]`, item);
    if ((call.string("type") ?? "function") !== "function") throw unsupported(call.name("type"), "it must be function");
    // Of a delta, when a client keeps what it was streamed.
    call.whole("index", 0);
    const id = call.required("id");
    const given = inside(call, "function");
    parts.push({ type: "tool-call", id, name: given.required("name"), inputText: given.string("arguments") || "{}" });
    given.finish();
    call.finish();
  }
  if (parts.length === 0) parts.push({ type: "text", text: "" });
  return parts;
}
