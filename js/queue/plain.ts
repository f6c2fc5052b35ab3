// A request as a durable queue keeps it: plain data, as text. What is not is refused, by the name of its field.
import { errorOf } from "../errors.ts";
import { readPart } from "../prepare.ts";

/** How bytes are written, in JSON. */
const BYTES = "$bytes";

/** As deep as the core reads. */
const MOST_DEPTH = 128;

/** A copy with nothing in it but data: the contents of blobs and the addresses of URLs in messages, the rest as it is. Throws an LlmError. */
export async function plainRequest(request: object): Promise<object> {
  let { messages } = request as { messages?: unknown };
  if (Array.isArray(messages)) messages = await Promise.all(messages.map(readMessage));
  return copy({ ...request, ...(messages !== undefined && { messages }) }, "", 0) as object;
}

async function readMessage(message: unknown): Promise<unknown> {
  const { content } = (message ?? {}) as { content?: unknown };
  const isPart = (part: unknown) => typeof part === "object" && part !== null;
  return Array.isArray(content) ? { ...(message as object), content: await Promise.all(content.map((part) => (isPart(part) ? readPart(part) : part))) } : message;
}

function copy(value: unknown, name: string, depth: number): unknown {
  const refuse = (what: string) => errorOf("unsupported", `a durable queue cannot keep ${name || "the request"}: ${what}`);
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number") {
    if (Number.isFinite(value)) return value;
    throw errorOf("invalid-request", `${name} must be a finite number, not ${value}`);
  }
  if (typeof value !== "object") throw refuse(`it is a ${typeof value}`);
  if (depth > MOST_DEPTH) throw refuse(`it is nested more than ${MOST_DEPTH} levels deep (does it contain itself?)`);
  if (value instanceof Uint8Array) return value.slice();
  if (Array.isArray(value)) return value.map((item, index) => (item === undefined ? null : copy(item, `${name}[${index}]`, depth + 1)));
  if ("~standard" in value) throw refuse("it is a schema object; give its JSON Schema");
  // By what it inherits: an object of another realm is plain too, and an instance of a class is none.
  const parent: unknown = Object.getPrototypeOf(value);
  if (parent !== null && Object.getPrototypeOf(parent) !== null) throw refuse(`it is a ${(value as object).constructor?.name || "class instance"}, and no plain data`);
  const made: Record<string, unknown> = {};
  for (const [key, member] of Object.entries(value)) {
    const path = name ? `${name}.${key}` : key;
    if (key === BYTES) throw errorOf("unsupported", `a durable queue cannot keep ${path}: that name is its own`);
    // Not by assignment, which of "__proto__" makes something else.
    if (member !== undefined) Object.defineProperty(made, key, { value: copy(member, path, depth + 1), enumerable: true, writable: true, configurable: true });
  }
  return made;
}

/** Plain data as text. */
export const write = (value: unknown) => new TextEncoder().encode(JSON.stringify(value, (_, member: unknown) => (member instanceof Uint8Array ? { [BYTES]: base64(member) } : member)));

/** The request of what was written, with its bytes. Of an answer nothing is read so: it may hold whatever a model says. */
export function revive(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(revive);
  const bytes = (value as Record<string, unknown>)[BYTES];
  if (typeof bytes === "string") return Uint8Array.from(atob(bytes), (letter) => letter.charCodeAt(0));
  for (const [key, member] of Object.entries(value)) {
    const made = revive(member);
    if (made !== member) (value as Record<string, unknown>)[key] = made;
  }
  return value;
}

/** In pieces: a megabyte of arguments is too many for one call. */
function base64(bytes: Uint8Array): string {
  let text = "";
  for (let start = 0; start < bytes.length; start += 0x8000) text += String.fromCharCode(...bytes.subarray(start, start + 0x8000));
  return btoa(text);
}
