// What a cassette is on paper: lines of JSON, one an exchange, made to be read and compared by people.
import { base64, bytesOf, type Secrets } from "./secrets.ts";

export interface Exchange {
  request: { method: string; /** Without secrets. */ url: string; contentType: string | null; body: Uint8Array };
  response: {
    status: number;
    statusText: string;
    headers: [string, string][];
    /** Milliseconds from the request to the head, … */
    headMs: number;
    /** … and to each chunk, as it came. */
    chunks: { atMs: number; bytes: Uint8Array }[];
    /** How the body ended: by itself, by its reader, or by a connection that broke. */
    end: "done" | "cancelled" | "broken";
    /** What was said when it broke. */
    error?: string;
  };
}

/** Text where it is text, so that a person can read it. */
type Bytes = string | { base64: string };

interface Line {
  request: { method: string; url: string; contentType?: string; body?: Bytes };
  response: { status: number; statusText?: string; headers: [string, string][]; headMs: number; chunks: [number, Bytes][]; end: string; error?: string };
}

const FORMAT = { format: "modelwire cassette", version: 1 };

/** All exchanges without their secrets, with those that came to be known after they were recorded. */
export function written(exchanges: Exchange[], secrets: Secrets): string {
  const lines = exchanges.map(({ request, response }): Line => {
    const { contentType, body } = request;
    const { statusText, error } = response;
    // Of the whole body, because what is secret in it may be in two chunks.
    const whole = secrets.bytes(joined(response.chunks.map(({ bytes }) => bytes)));
    let at = 0;
    return {
      request: { method: request.method, url: secrets.text(request.url), ...(contentType && { contentType }), ...(body.length > 0 && { body: textOr64(secrets.bytes(body)) }) },
      response: {
        status: response.status,
        ...(statusText && { statusText }),
        headers: response.headers.map(([name, value]) => [name, secrets.text(value)]),
        headMs: response.headMs,
        chunks: response.chunks.map(({ atMs, bytes }) => [atMs, textOr64(whole.subarray(at, (at += bytes.length)))]),
        end: response.end,
        ...(error !== undefined && { error: secrets.text(error) }),
      },
    };
  });
  return [FORMAT, ...lines].map((line) => `${JSON.stringify(line)}\n`).join("");
}

/** Throws an Error that names the line. */
export function read(jsonl: string): Exchange[] {
  const lines = jsonl.split("\n");
  const wrong = (line: number, what: string, cause?: unknown) => new Error(`line ${line} of the cassette ${what}`, { cause });
  return lines.flatMap((text, at): Exchange[] => {
    if (text.trim() === "") return [];
    let line: Line & Partial<typeof FORMAT>;
    try {
      line = JSON.parse(text) as Line;
    } catch (thrown) {
      throw wrong(at + 1, "is not JSON", thrown);
    }
    if (at === 0) {
      if (line?.format !== FORMAT.format) throw wrong(1, "does not say that it is one");
      if (line.version !== FORMAT.version) throw wrong(1, `is of version ${JSON.stringify(line.version)}, which this version of modelwire does not know`);
      return [];
    }
    try {
      const { request, response } = line;
      const { method, url, contentType = null, body = "" } = request;
      const { status, statusText = "", headers, headMs, chunks, end, error } = response;
      if (!["done", "cancelled", "broken"].includes(end) || typeof status !== "number") throw new Error("its response is incomplete");
      return [
        {
          request: { method, url: new URL(url).href, contentType, body: fromEither(body) },
          response: {
            status, statusText, headers: [...new Headers(headers)], headMs,
            chunks: chunks.map(([atMs, bytes]) => ({ atMs, bytes: fromEither(bytes) })),
            end: end as "done",
            ...(error !== undefined && { error }),
          },
        },
      ];
    } catch (thrown) {
      throw wrong(at + 1, `is not an exchange: ${(thrown as Error).message}`, thrown);
    }
  });
}

export function joined(parts: Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function textOr64(bytes: Uint8Array): Bytes {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return { base64: base64(bytes) };
  }
}

function fromEither(bytes: Bytes): Uint8Array {
  return typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytesOf(bytes.base64);
}
