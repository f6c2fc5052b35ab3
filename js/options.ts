// What a caller gave, made ready for the core: types checked, keys and functions kept back.
//
// Whether an option exists, and what it may be, is the core's to say. Here is only what must be said synchronously (wrong
// types throw from `createClient`) and what cannot cross into WebAssembly.
import { describe, errorOf, type LlmError } from "./errors.ts";
import type { Handles } from "./handles.ts";
import { keyList, type Keys } from "./keys.ts";
import { crossingScopes } from "./limits.ts";
import type { ClientOptions } from "./types.ts";

export interface Prepared {
  /** For the core: plain data, numbers in place of functions and stores. Keys are put in when it is connected. */
  data: Record<string, unknown> & { providers: Record<string, Record<string, unknown>> };
  /** Apart, because the requests in it hold functions and schemas. */
  models: ClientOptions["models"];
}

type Type = "string" | "boolean" | "object" | "function" | "array";

const clientTypes: Record<string, Type> = {
  models: "object",
  defaultModel: "string",
  limits: "object",
  timeout: "object",
  fallback: "object",
  catalog: "object",
  fetch: "function",
  clock: "object",
  tags: "object",
  capture: "object",
};
const providerTypes: Record<string, Type> = {
  headers: "object",
  timeout: "object",
  deployments: "object",
  beta: "array",
  allowOrigins: "array",
};
for (const name of "kind baseURL api organization project version endpoint apiVersion".split(" ")) providerTypes[name] = "string";

/** Throws a TypeError that names the option. `base`: what relative URLs are relative to, in a page. */
export function readOptions(options: ClientOptions, base: string | undefined, keys: Keys, handles: Handles): Prepared {
  expect("the options", options, "object");
  checkTypes("", options, clientTypes);
  expect("providers", options.providers, "object");
  for (const name of ["now", "setTimeout", "clearTimeout"] as const) {
    if (options.clock) expect(`clock.${name}`, options.clock[name], "function");
  }
  const providers: Record<string, unknown> = {};
  for (const [name, provider] of Object.entries(options.providers)) {
    const path = `providers.${name}`;
    expect(path, provider, "object");
    checkTypes(`${path}.`, provider, providerTypes);
    const data: Record<string, unknown> = { ...provider };
    for (const field of ["apiKey", "token"] as const) {
      const given = keyList(`${path}.${field}`, provider[field]);
      // Which of the two, and both: the core's to judge.
      if (given.length > 0) {
        keys.set(name, field, given);
        data[field] = given.map((key) => typeof key === "function");
      } else delete data[field];
    }
    if (provider.retry) data.retry = crossing(provider.retry, "when", handles);
    for (const field of ["baseURL", "endpoint"] as const) {
      if (provider[field] != null && base) data[field] = absolute(provider[field], base);
    }
    providers[name] = data;
  }
  const { fetch: _fetch, clock, models, retry, fallback, limits, budget, store, cache, log, capture, ...rest } = options;
  checkStore("store", store);
  for (const sink of log === undefined ? [] : [log].flat()) expect("log, and each of a list of them,", sink, "function");
  for (const [name, type] of [["content", "boolean"], ["redact", "function"]] as const) {
    if (capture?.[name] !== undefined) expect(`capture.${name}`, capture[name], type);
  }
  const data: Record<string, unknown> = { ...rest, retry, budget, providers };
  if (cache != null && cache !== false) {
    expect("cache, if it is not false,", cache, "object");
    const { store: where, ...of } = cache;
    checkStore("cache.store", where);
    data.cache = of;
  }
  if (retry) data.retry = crossing(retry, "when", handles);
  if (fallback) data.fallback = crossing(fallback, "when", handles);
  const crossingScope = crossingScopes(handles, () => (clock ?? Date).now());
  if (limits) data.limits = Object.fromEntries(Object.entries(limits).map(([key, limit]) => [key, crossingScope(limit)]));
  if (budget) data.budget = Array.isArray(budget) ? budget.map(crossingScope) : crossingScope(budget);
  return { data: plain(data, 4) as Prepared["data"], models };
}

function checkStore(path: string, store: ClientOptions["store"]): void {
  if (store === undefined || store === "indexeddb" || store === "memory") return;
  expect(`${path}, if it is not "indexeddb" or "memory",`, store, "object");
  for (const name of ["get", "set", "delete", "list"] as const) expect(`${path}.${name}`, store[name], "function");
}

/** An object with a number in place of one of its functions. */
export function crossing(value: object, name: string, handles: Pick<Handles, "keep">): unknown {
  const member = (value as Record<string, unknown>)[name];
  return typeof member === "function" ? { ...value, [name]: { $handle: handles.keep(member) } } : value;
}

/** The request without its signal. Throws an LlmError. */
export function readRequest(request: { signal?: AbortSignal | undefined }): { data: Record<string, unknown>; signal: AbortSignal | undefined } {
  if (typeof request !== "object" || request === null) {
    throw errorOf("invalid-request", `the request must be an object, not ${typeName(request)}`);
  }
  const { signal, data } = split(request);
  if (signal != null && (typeof signal.aborted !== "boolean" || typeof signal.addEventListener !== "function")) {
    throw errorOf("invalid-request", `signal must be an AbortSignal, not ${typeName(signal)}`);
  }
  return { data, signal: signal ?? undefined };
}

// A getter may throw, and a proxy that was revoked does at everything.
function split(request: { signal?: AbortSignal | undefined }) {
  try {
    const { signal, ...data } = request;
    return { signal, data };
  } catch (thrown) {
    throw unreadable(thrown);
  }
}

/** The error for a request whose getters throw. */
export function unreadable(thrown: unknown): LlmError {
  return errorOf("invalid-request", `the request could not be read: ${describe(thrown)}`, thrown);
}

/** With `true` in place of functions. An object is copied only if something in it is replaced: a long history costs a walk and no memory. */
export function plain(value: unknown, depth: number): unknown {
  const isFunction = typeof value === "function";
  if (!isFunction && (typeof value !== "object" || value === null)) return value;
  if ("~standard" in value) return { "~standard": true };
  if (isFunction) return true;
  if (depth === 0 || ArrayBuffer.isView(value)) return value;
  let copy: any;
  for (const [key, inner] of Object.entries(value)) {
    const made = plain(inner, depth - 1);
    if (made !== inner) (copy ??= Array.isArray(value) ? [...value] : { ...value })[key] = made;
  }
  return copy ?? value;
}

function checkTypes(path: string, object: object, types: Record<string, Type>): void {
  for (const [name, type] of Object.entries(types)) {
    const value = (object as Record<string, unknown>)[name];
    if (value != null) expect(path + name, value, type);
  }
}

function expect(name: string, value: unknown, type: Type): void {
  const found = Array.isArray(value) ? "array" : value === null ? "null" : typeof value;
  if (found !== type) throw new TypeError(`${name} must be ${article(type)}, not ${typeName(value)}`);
}

function typeName(value: unknown): string {
  return value == null ? String(value) : article(Array.isArray(value) ? "array" : typeof value);
}

const article = (noun: string) => `${/^[aeiou]/.test(noun) ? "an" : "a"} ${noun}`;

function absolute(url: string, base: string): string {
  try {
    return /^[a-z][a-z0-9+.-]*:/i.test(url) || url === "" ? url : new URL(url, base).href;
  } catch {
    return url;
  }
}
