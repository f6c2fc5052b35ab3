// What was said, made fit for a log: `capture.content`. Loaded by clients that ask for it.

/** The fields of a request that are content; how it is sent, and as whom, is not. */
const fields = ["system", "messages", "input", "tools", "output"] as const;

/** Bytes and data: URLs are named, and not written out. */
const MOST_DATA_URL = 100;

/** Puts a copy of the content, its texts redacted, into a record; nothing where `redact` throws. */
export function capturing(redact: ((text: string) => string) | undefined) {
  return (record: object, field: "request" | "response", content: unknown): void => {
    try {
      const asked = content as Record<string, unknown>;
      const wanted = field === "response" ? content : Object.fromEntries(fields.flatMap((name) => (asked[name] === undefined ? [] : [[name, asked[name]]])));
      const copied = copy(wanted, redact ?? String, 64);
      if (copied !== undefined) (record as Record<string, unknown>)[field] = copied;
    } catch {
      // A redactor that failed has redacted nothing.
    }
  };
}

function copy(value: unknown, redact: (text: string) => string, depth: number): unknown {
  if (typeof value === "string") return String(redact(withoutData(value)));
  if (typeof value === "bigint") return String(value);
  if (typeof value === "function" || typeof value === "symbol") return undefined;
  if (typeof value !== "object" || value === null) return value;
  if (depth === 0) return "(nested too deep)";
  if (ArrayBuffer.isView(value)) return `(${value.byteLength} bytes)`;
  if (value instanceof URL) return String(redact(withoutData(value.href)));
  if (typeof Blob === "function" && value instanceof Blob) return `(${value.size} bytes)`;
  // A schema of somebody's library: its insides are code.
  if ("~standard" in value) return undefined;
  if (Array.isArray(value)) return value.map((item) => copy(item, redact, depth - 1));
  const entries = Object.entries(value).map(([name, inner]) => [name, copy(inner, redact, depth - 1)]);
  return Object.fromEntries(entries.filter(([, inner]) => inner !== undefined));
}

function withoutData(text: string): string {
  if (!text.startsWith("data:") || text.length <= MOST_DATA_URL) return text;
  return `${text.slice(0, text.indexOf(",") + 1 || MOST_DATA_URL)}(${text.length} characters)`;
}
