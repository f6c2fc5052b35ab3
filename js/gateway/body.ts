// The body of a request: no longer than it may be, no later, no deeper, and JSON.
import { Refusal } from "./refusal.ts";

/** As deep as the core reads; a schema of tools may have some depth. */
const DEEPEST = 100;

export async function readBody(request: Request, maxBytes: number, timeoutMs: number): Promise<unknown> {
  // Also what keeps other sites' forms out: a page may send nothing but JSON here, and for that CORS is asked.
  if (!/^application\/(json|[\w.+-]+\+json)\s*(;|$)/i.test(request.headers.get("content-type") ?? "")) {
    throw new Refusal(415, "the body must be application/json");
  }
  const bytes = await readBytes(request, maxBytes, timeoutMs);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new Refusal(400, "the body is not UTF-8");
  }
  if (isDeep(text)) throw new Refusal(400, `the body is nested more than ${DEEPEST} levels deep`);
  try {
    return JSON.parse(text);
  } catch {
    throw new Refusal(400, "the body is not JSON");
  }
}

async function readBytes(request: Request, maxBytes: number, timeoutMs: number): Promise<Uint8Array> {
  const tooLong = () => new Refusal(413, `the body is longer than ${maxBytes} bytes`, { code: "request_too_large" });
  // Before a byte of it is read.
  if (Number(request.headers.get("content-length") ?? 0) > maxBytes) throw tooLong();
  if (!request.body) return new Uint8Array();
  const reader = request.body.getReader();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Refusal(408, `the body did not arrive in ${timeoutMs} ms`, { code: "timeout" })), timeoutMs);
  });
  late.catch(() => {});
  const pieces: Uint8Array[] = [];
  let length = 0;
  try {
    for (;;) {
      const { done, value } = await Promise.race([reader.read(), late]);
      if (done) break;
      length += value.length;
      if (length > maxBytes) throw tooLong();
      pieces.push(value);
    }
  } catch (thrown) {
    reader.cancel().catch(() => {});
    throw thrown instanceof Refusal ? thrown : new Refusal(400, "the body broke off");
  } finally {
    clearTimeout(timer);
  }
  if (pieces.length === 1) return pieces[0]!;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/** Counted before it is parsed: what is built of it is walked by recursion. */
function isDeep(text: string): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case 0x22: // A text: to its end, with one search for each quotation mark in it.
        do at = text.indexOf('"', at + 1);
        while (at > 0 && isEscaped(text, at));
        if (at < 0) return false;
        break;
      case 0x5b:
      case 0x7b:
        if (++depth > DEEPEST) return true;
        break;
      case 0x5d:
      case 0x7d:
        depth--;
    }
  }
  return false;
}

function isEscaped(text: string, at: number): boolean {
  let slashes = 0;
  while (text.charCodeAt(at - 1 - slashes) === 0x5c) slashes++;
  return slashes % 2 === 1;
}
