// What must never be in a recording, and how it is taken out without moving anything else: byte for byte, a star for each.

/** Shorter ones are words, and would be taken out of every text. */
const SHORTEST = 8;

/** Headers whose values are no secrets, whatever they are: theirs may stand in an answer. */
const open = /^(accept|content-|user-agent|host|origin|referer|http-referer|x-title|cache-control|traceparent|tracestate|idempotency-key|x-stainless-|anthropic-(version|beta)|openai-(beta|organization|project)|sec-|connection|dnt|priority)/i;

/** Names of queries and response headers whose values are. */
const secret = /(^|[-_.])(api)?(key|token|secret|sig|signature|auth|authorization|cookie2?|session|password|pass|pwd|credentials?|code)$/i;

export const isSecretName = (name: string): boolean => secret.test(name.replace(/([a-z])([A-Z])/g, "$1-$2"));

/** The secrets that were seen so far: one that comes to be known late is taken out of what was recorded before. */
export class Secrets {
  readonly #texts = new Set<string>();
  #bytes: Uint8Array[] | undefined;

  constructor(given: Iterable<string>) {
    for (const text of given) this.add(text);
  }

  add(text: string | null | undefined): void {
    if (!text || text.length < SHORTEST || this.#texts.has(text)) return;
    this.#bytes = undefined;
    // As it may stand in JSON, in an address, and in Basic's encoding.
    const json = JSON.stringify(text).slice(1, -1);
    for (const form of [text, json, json.replaceAll("/", "\\/"), uri(text), base64(new TextEncoder().encode(text))]) this.#texts.add(form);
  }

  /** Those of an address; the address without them. */
  address(address: string | URL): string {
    const url = new URL(address);
    for (const part of [url.username, url.password]) {
      this.add(part);
      this.add(unescaped(part));
    }
    if (url.username && url.password) this.add(`${unescaped(url.username)}:${unescaped(url.password)}`);
    url.username = url.password = url.hash = "";
    for (const [name, value] of [...url.searchParams]) {
      if (!isSecretName(name)) continue;
      this.add(value);
      url.searchParams.set(name, "***");
    }
    return url.href;
  }

  /** Those in a request's headers. */
  request(headers: Headers): void {
    for (const [name, value] of headers) {
      if (open.test(name)) continue;
      if (name === "cookie") for (const one of value.split(";")) this.add(one.slice(one.indexOf("=") + 1).trim());
      const [scheme, ...rest] = value.split(" ");
      const credentials = rest.join(" ");
      this.add(value);
      this.add(credentials);
      if (/^basic$/i.test(scheme!)) {
        const pair = unbase64(credentials);
        this.add(pair);
        this.add(pair.slice(pair.indexOf(":") + 1));
      }
    }
  }

  /** The headers of an answer that are recorded, with their secrets told to this. */
  response(headers: Headers): [string, string][] {
    const kept: [string, string][] = [];
    // The body was decoded by fetch, and is recorded as it came out.
    const isEncoded = headers.has("content-encoding");
    for (const [name, value] of headers) {
      if (/^set-cookie2?$/.test(name)) for (const [, one] of value.matchAll(/(?:^|,\s*)[^=;,\s]+=([^;,]+)/g)) this.add(one);
      if (isSecretName(name) || /^(content-encoding|transfer-encoding|connection|keep-alive)$/.test(name) || (isEncoded && name === "content-length")) continue;
      kept.push([name, name === "location" && URL.canParse(value) ? this.address(value) : value]);
    }
    return kept;
  }

  text(text: string): string {
    let masked = text;
    // The longest first: one may be a part of another.
    for (const one of [...this.#texts].sort((a, b) => b.length - a.length)) masked = masked.replaceAll(one, () => "*".repeat(one.length));
    return masked;
  }

  /** A copy of the same length. */
  bytes(bytes: Uint8Array): Uint8Array {
    const masked = bytes.slice();
    this.#bytes ??= [...this.#texts].map((text) => new TextEncoder().encode(text));
    for (const one of this.#bytes) {
      // In what was given: where two overlap, both are taken out.
      for (let at = bytes.indexOf(one[0]!); at >= 0; at = bytes.indexOf(one[0]!, at + 1)) {
        if (one.every((byte, index) => bytes[at + index] === byte)) masked.fill(42, at, at + one.length);
      }
    }
    return masked;
  }
}

function uri(text: string): string {
  try {
    return encodeURIComponent(text);
  } catch {
    // Half of a character.
    return text;
  }
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export function base64(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

export function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

function unbase64(text: string): string {
  try {
    return new TextDecoder().decode(bytesOf(text));
  } catch {
    return "";
  }
}
