// What a request is known by: RFC 8785's canonical form of its JSON, and the digest of that.

/** Members sorted by their UTF-16 code units; numbers and strings as JSON.stringify writes them, which is what the RFC asks for. */
export function canonical(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  const members = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`).join()}}`;
}

/** SHA-256, in hexadecimal. */
export async function digest(text: string): Promise<string> {
  const { subtle } = globalThis.crypto ?? {};
  if (!subtle) throw new Error("WebCrypto is missing: a page has it over https and on localhost only");
  const bytes = new Uint8Array(await subtle.digest("SHA-256", new TextEncoder().encode(text)));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
