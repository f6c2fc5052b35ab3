// Reading what a caller sent, field by field: each complaint names its field as OpenAI's clients know it, and what nobody took is
// refused. Only own members are looked at, and nothing is copied by a name of the caller's: "__proto__" is a name like any other.
import type { Warning } from "../types.ts";
import { unsupported, wrong } from "./refusal.ts";

export class Fields {
  readonly #path: string;
  readonly #value: Record<string, unknown>;
  readonly #taken = new Set<string>();

  constructor(path: string, value: unknown) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw wrong(path || "the body", `must be an object, not ${nameOf(value)}`);
    }
    this.#path = path;
    this.#value = value as Record<string, unknown>;
  }

  /** The full name of a field. */
  name(field: string): string {
    return this.#path ? `${this.#path}.${field}` : field;
  }

  /** Whatever it is; null and absent are the same. */
  take(field: string): unknown {
    this.#taken.add(field);
    return Object.hasOwn(this.#value, field) ? (this.#value[field] ?? undefined) : undefined;
  }

  string(field: string): string | undefined {
    return this.#typed(field, "string") as string | undefined;
  }

  boolean(field: string): boolean | undefined {
    return this.#typed(field, "boolean") as boolean | undefined;
  }

  required(field: string): string {
    const value = this.string(field);
    if (value === undefined) throw wrong(this.name(field), "is required");
    return value;
  }

  /** Within these bounds, both included. */
  number(field: string, low: number, high: number): number | undefined {
    const value = this.#typed(field, "number") as number | undefined;
    if (value !== undefined && !(value >= low && value <= high)) throw wrong(this.name(field), `must be between ${low} and ${high}, not ${value}`);
    return value;
  }

  whole(field: string, low: number): number | undefined {
    const value = this.number(field, low, Number.MAX_SAFE_INTEGER);
    if (value !== undefined && !Number.isInteger(value)) throw wrong(this.name(field), `must be a whole number, not ${value}`);
    return value;
  }

  /** One of these words. */
  word<W extends string>(field: string, words: readonly W[]): W | undefined {
    const value = this.string(field);
    if (value !== undefined && !words.includes(value as W)) throw wrong(this.name(field), `must be one of ${words.join(", ")}`);
    return value as W | undefined;
  }

  list(field: string): unknown[] | undefined {
    const value = this.take(field);
    if (value !== undefined && !Array.isArray(value)) throw wrong(this.name(field), `must be an array, not ${nameOf(value)}`);
    return value as unknown[] | undefined;
  }

  strings(field: string): string[] | undefined {
    const list = this.list(field);
    list?.forEach((item, at) => {
      if (typeof item !== "string") throw wrong(`${this.name(field)}[${at}]`, `must be a string, not ${nameOf(item)}`);
    });
    return list as string[] | undefined;
  }

  inner(field: string): Fields | undefined {
    const value = this.take(field);
    return value === undefined ? undefined : new Fields(this.name(field), value);
  }

  /** A JSON Schema. */
  schema(field: string): Record<string, unknown> | undefined {
    const value = this.take(field);
    if (value === undefined) return undefined;
    if (typeof value !== "object" || Array.isArray(value)) throw wrong(this.name(field), `must be an object, not ${nameOf(value)}`);
    // It would be taken for a schema object of a library, with functions of its own.
    if (Object.hasOwn(value as object, "~standard")) throw wrong(this.name(field), "is not a JSON Schema");
    return value as Record<string, unknown>;
  }

  /** Refuses a field, unless it says what happens anyway. */
  refuse(field: string, why: string, ...usual: unknown[]): void {
    const value = this.take(field);
    if (value === undefined || usual.includes(value)) return;
    if (Array.isArray(value) && value.length === 0) return;
    throw unsupported(this.name(field), why);
  }

  /** Leaves a field out with a warning, unless it says what happens anyway. */
  drop(warnings: Warning[], field: string, why: string, ...usual: unknown[]): void {
    const value = this.take(field);
    if (value === undefined || usual.includes(value)) return;
    const setting = this.name(field);
    warnings.push({ code: "dropped-setting", message: `${setting} was left out: ${why}`, setting });
  }

  /** The end: what nobody took is not known here. */
  finish(): void {
    for (const [name, value] of Object.entries(this.#value)) {
      if (value !== null && !this.#taken.has(name)) throw wrong(this.name(name), "is not known to this gateway", "unknown_parameter");
    }
  }

  #typed(field: string, type: "string" | "boolean" | "number"): unknown {
    const value = this.take(field);
    if (value !== undefined && typeof value !== type) throw wrong(this.name(field), `must be a ${type}, not ${nameOf(value)}`);
    return value;
  }
}

export function nameOf(value: unknown): string {
  return value === null || value === undefined ? "null" : Array.isArray(value) ? "an array" : typeof value === "object" ? "an object" : `a ${typeof value}`;
}
