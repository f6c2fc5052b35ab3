// OTLP's JSON, written as text: a tree of objects for each call, and its way through `JSON.stringify`, would cost more than all the rest of a log.

/** A string as JSON. One that ends in half a character (a text that was cut) would have a collector refuse the whole batch. */
export function quote(text: string): string {
  const quoted = JSON.stringify(text);
  return quoted.includes("\\ud") ? quoted.replace(/\\(?:ud[89a-f][0-9a-f]{2}|.)/g, (escape) => (escape.length > 2 ? "\ufffd" : escape)) : quoted;
}

/** What stands before the value of an attribute: made once for each name. */
const head = (key: string, type: string) => `,{"key":${quote(key)},"value":{"${type}":`;

/** An attribute of this name, as a text that begins with a comma; "" for what is null or undefined. */
export type Attribute<T> = (value: T | null | undefined) => string;

export function text(key: string): Attribute<string> {
  const before = head(key, "stringValue");
  return (value) => (value == null ? "" : before + quote(value) + "}}");
}

/** A list of one. */
export function texts(key: string): Attribute<string> {
  const before = `${head(key, "arrayValue")}{"values":[{"stringValue":`;
  return (value) => (value == null ? "" : before + quote(value) + "}]}}}");
}

export function flag(key: string): Attribute<boolean> {
  const set = `${head(key, "boolValue")}true}}`;
  return (value) => (value ? set : "");
}

/** A number that is whole; one that is not travels as what it is. */
export function whole(key: string): Attribute<number> {
  const before = `${head(key, "intValue")}"`;
  const other = double(key);
  return (value) => (value == null ? "" : Number.isInteger(value) ? before + value + '"}}' : other(value));
}

/** A number that the conventions have as a double, whole or not. */
export function double(key: string): Attribute<number> {
  const before = head(key, "doubleValue");
  return (value) => (value == null ? "" : before + number(value) + "}}");
}

/** As protobuf's JSON has it, which knows what JSON has no number for. */
export function number(value: number): string {
  return Number.isFinite(value) ? String(value) : `"${value}"`;
}

/** Of milliseconds, whose fractions would not survive a multiplication. In quotes: JSON's numbers would not hold it. */
export function nanoseconds(ms: number): string {
  const whole = Math.floor(ms);
  const rest = Math.floor((ms - whole) * 1e6);
  return rest === 0 ? `"${whole}000000"` : `"${whole}${String(rest).padStart(6, "0")}"`;
}

/** Attributes as a list. */
export const list = (attributes: string) => `[${attributes.slice(1)}]`;
