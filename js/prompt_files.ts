// Files of prompts: from wherever they come, to name → prompt; an error says in which file and where in it. Loaded by the first `load`.
import { describe, errorOf, isLlmError } from "./errors.ts";

/** A prompt is a page of text; a file of ten million bytes is something else. */
const MOST_BYTES = 10_000_000;

/** What is in a source, and what to call it. */
export async function readPrompts(source: unknown): Promise<{ prompts: Record<string, unknown>; from: string }> {
  // Not instanceof: what another frame made is of other classes.
  const type = Object.prototype.toString.call(source);
  if (typeof source === "string" || type === "[object URL]") {
    const from = placeOf(String(source));
    return { prompts: parsed(await textOf(await asked(String(source), from), from), from), from };
  }
  if (type === "[object Response]") {
    const response = source as Response;
    const from = response.url ? placeOf(response.url) : "the response";
    return { prompts: parsed(await textOf(accepted(response, from), from), from), from };
  }
  if (type === "[object Blob]" || type === "[object File]") {
    const from = (source as Partial<File>).name || "the blob";
    return { prompts: parsed(await textOf(new Response(source as Blob), from), from), from };
  }
  return { prompts: checked(source, "the object"), from: "the object" };
}

/** An address without what may be secret in it. */
function placeOf(address: string): string {
  if (address.startsWith("data:")) return "the data: URL";
  return address.replace(/[?#].*$/s, "").replace(/^([\w+.-]*:?\/\/)[^/]*@/, "$1");
}

async function asked(address: string, from: string): Promise<Response> {
  let response: Response;
  try {
    // Not "error", which workerd does not know.
    response = await globalThis.fetch(address, { redirect: "manual", credentials: "omit" });
  } catch (thrown) {
    throw errorOf("network", `${from} could not be loaded: ${describe(thrown).replaceAll(address, from)}`);
  }
  return accepted(response, from);
}

function accepted(response: Response, from: string): Response {
  const { ok, status, type } = response;
  if (ok) return response;
  void response.body?.cancel().catch(() => {});
  if (type === "opaqueredirect" || (status >= 300 && status < 400)) throw errorOf("config", `${from} is a redirect, which is not followed: give the address that it leads to`);
  throw errorOf(status === 404 ? "not-found" : "network", `${from} could not be loaded: status ${status}`);
}

async function textOf(response: Response, from: string): Promise<string> {
  // Strict: a file in another encoding would otherwise become a prompt of question marks. A byte order mark is left out.
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let text = "";
  let bytes = 0;
  try {
    const reader = response.body?.getReader();
    while (reader) {
      const { done, value } = await reader.read();
      if (done) break;
      bytes += value.length;
      if (bytes > MOST_BYTES) {
        void reader.cancel().catch(() => {});
        throw errorOf("template", `${from} has more than ${MOST_BYTES} bytes`);
      }
      text += decoder.decode(value, { stream: true });
    }
    return text + decoder.decode();
  } catch (thrown) {
    if (isLlmError(thrown)) throw thrown;
    // What a decoder throws has a code in some runtimes, and is a TypeError in all; so is a body that breaks off.
    const isText = bytes > 0 && /encod|decod|utf/i.test(describe(thrown));
    throw isText ? errorOf("template", `${from} is not UTF-8`, thrown) : errorOf("network", `${from} could not be read: ${describe(thrown)}`, thrown);
  }
}

function parsed(text: string, from: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    const before = text.slice(0, wrongAt(text));
    const line = before.split("\n").length;
    const found = before.length < text.length ? `unexpected ${JSON.stringify(String.fromCodePoint(text.codePointAt(before.length)!))}` : "it ends too early";
    throw errorOf("template", `${from}:${line}:${before.length - before.lastIndexOf("\n")}: not JSON: ${found}`);
  }
  return checked(value, from);
}

function checked(value: unknown, from: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw errorOf("template", `${from}: must be an object of names and prompts`);
  return value as Record<string, unknown>;
}

/** Where JSON goes wrong: engines say it each in its own way, and one of them not at all. */
function wrongAt(text: string): number {
  /** The closing brackets that are awaited. */
  const open: string[] = [];
  let expected: "value" | "first" | "name" | "first-name" | "colon" | "next" | "end" = "value";
  for (let at = 0; ; ) {
    while (" \t\n\r".includes(text.charAt(at)) && at < text.length) at++;
    const { end, isWhole } = tokenAt(text, at);
    // Within a string, if one may be here.
    if (!isWhole) return /^(value|first|name|first-name)$/.test(expected) ? end : at;
    const found = text.slice(at, end);
    const isValue = !/^[\]},:]$/.test(found);
    if ((expected === "first" && found === "]") || (expected === "first-name" && found === "}") || (expected === "next" && found === open.at(-1))) {
      open.pop();
      expected = open.length > 0 ? "next" : "end";
    } else if (expected === "next" && found === ",") {
      expected = open.at(-1) === "}" ? "name" : "value";
    } else if (expected === "colon" && found === ":") {
      expected = "value";
    } else if ((expected === "name" || expected === "first-name") && found.startsWith('"')) {
      expected = "colon";
    } else if ((expected === "value" || expected === "first") && isValue) {
      if (found === "{" || found === "[") open.push(found === "{" ? "}" : "]");
      expected = found === "{" ? "first-name" : found === "[" ? "first" : open.length > 0 ? "next" : "end";
    } else {
      return at;
    }
    at = end;
  }
}

/** Up to where there is a token, and whether that is all of it. */
function tokenAt(text: string, at: number): { end: number; isWhole: boolean } {
  const match = (pattern: RegExp, from: number) => {
    pattern.lastIndex = from;
    return pattern.exec(text)?.[0].length ?? 0;
  };
  if (text[at] !== '"') {
    const length = match(/-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null|[[\]{},:]/y, at);
    return { end: at + length, isWhole: length > 0 };
  }
  for (let end = at + 1; ; ) {
    end += match(/[^"\\\u0000-\u001f]*/y, end);
    if (text[end] === '"') return { end: end + 1, isWhole: true };
    const escape = match(/\\(?:["\\/bfnrt]|u[\da-fA-F]{4})/y, end);
    if (escape === 0) return { end, isWhole: false };
    end += escape;
  }
}
