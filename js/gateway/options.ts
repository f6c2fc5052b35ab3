// What a gateway was given, checked at once: a mistake is found when it is made, and not by its first caller.
import type { Caller, GatewayOptions } from "../types/gateway.ts";
import type { LimitStore } from "../types.ts";

export interface Settings {
  basePath: string;
  /** null: none. */
  origins: ReadonlySet<string> | "*" | null;
  allow: ReadonlySet<string>;
  maxBodyBytes: number;
  maxMessages: number;
  maxTokens: number | undefined;
  timeoutMs: number;
  bodyTimeoutMs: number;
  forwardHeaders: string[];
  store: LimitStore | undefined;
}

/** Who asks, for whom, and from where; and what a connection is made of. */
const ownHeaders =
  /^(authorization|proxy-.*|host|cookie|set-cookie|forwarded|x-forwarded-.*|x-real-ip|via|cf-.*|true-client-ip|origin|referer|.*key|.*token.*|.*secret.*|connection|keep-alive|transfer-encoding|te|trailer|upgrade|expect|content-.*|accept-encoding|openai-organization|openai-project|sec-.*)$/;

export function readOptions(options: GatewayOptions): Settings {
  if (typeof options !== "object" || options === null) throw new TypeError("createGateway takes a client and its options");
  if (typeof options.authorize !== "function") throw new TypeError("authorize must be a function: who may use this gateway?");
  strings("allow", options.allow);
  if (options.allow.length === 0) throw new TypeError("allow must name at least one model");
  const { basePath = "", cors, forwardHeaders = [], store } = options;
  if (typeof basePath !== "string" || !/^(\/[\w.~-]+)*$/.test(basePath)) throw new TypeError('basePath must be a path such as "/ai", without a slash at its end');
  strings("forwardHeaders", forwardHeaders);
  for (const name of forwardHeaders) {
    if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name)) throw new TypeError(`forwardHeaders has "${name}", which is not a header name`);
    if (ownHeaders.test(name.toLowerCase())) throw new TypeError(`forwardHeaders has "${name}", which is not for providers: it says who asks, or belongs to the connection`);
  }
  if (store !== undefined && typeof store?.update !== "function") throw new TypeError("store must be a LimitStore");
  if (options.onError !== undefined && typeof options.onError !== "function") throw new TypeError("onError must be a function");
  const known = "authorize basePath cors allow maxBodyBytes maxMessages maxTokens timeoutMs bodyTimeoutMs forwardHeaders store onError".split(" ");
  for (const name of Object.keys(options)) if (!known.includes(name)) throw new TypeError(`${name} is not an option of a gateway`);
  return {
    basePath,
    origins: readOrigins(cors),
    allow: new Set(options.allow),
    maxBodyBytes: whole("maxBodyBytes", options.maxBodyBytes) ?? 4 * 1024 * 1024,
    maxMessages: whole("maxMessages", options.maxMessages) ?? 1000,
    maxTokens: whole("maxTokens", options.maxTokens),
    timeoutMs: whole("timeoutMs", options.timeoutMs) ?? 120_000,
    bodyTimeoutMs: whole("bodyTimeoutMs", options.bodyTimeoutMs) ?? 10_000,
    forwardHeaders: forwardHeaders.map((name) => name.toLowerCase()),
    store,
  };
}

function readOrigins(cors: GatewayOptions["cors"]): Settings["origins"] {
  if (cors === undefined) return null;
  const { origins } = cors;
  if (origins === "*") return origins;
  strings("cors.origins", origins);
  for (const origin of origins) {
    if (!URL.canParse(origin) || new URL(origin).origin !== origin) throw new TypeError(`cors.origins has "${origin}", which is not an origin such as "https://example.com"`);
  }
  return new Set(origins);
}

function strings(name: string, value: unknown): asserts value is string[] {
  if (!Array.isArray(value) || !value.every((item) => typeof item === "string" && item !== "")) throw new TypeError(`${name} must be an array of strings`);
}

function whole(name: string, value: unknown): number | undefined {
  if (value !== undefined && !(Number.isSafeInteger(value) && (value as number) > 0)) throw new TypeError(`${name} must be a whole number of at least 1`);
  return value as number | undefined;
}

const callerFields = ["id", "allow", "budget", "limits", "tags"];
const budgetFields = ["usd", "per", "tags", "onExceed"];
const limitFields = ["requestsPerMinute", "tokensPerMinute", "inputTokensPerMinute", "outputTokensPerMinute", "burst", "maxConcurrent", "learn", "maxWaitMs"];

/** Throws a TypeError for what is no caller. */
export function checkCaller(caller: Caller, more: string[] = []): void {
  const known = (path: string, value: unknown, names: string[]) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) throw new TypeError(`${path} must be an object`);
    const stray = Object.keys(value).find((name) => !names.includes(name));
    if (stray !== undefined) throw new TypeError(`${path}.${stray} is not known here`);
  };
  known("the caller", caller, [...callerFields, ...more]);
  if (typeof caller.id !== "string" || caller.id === "" || caller.id.length > 256) throw new TypeError("a caller's id must be a string of 1 to 256 characters");
  if (caller.allow !== undefined) strings("a caller's allow", caller.allow);
  if (caller.budget !== undefined) known("a caller's budget", caller.budget, budgetFields);
  if (caller.limits !== undefined) known("a caller's limits", caller.limits, limitFields);
  if (caller.tags !== undefined) {
    known("a caller's tags", caller.tags, Object.keys(caller.tags));
    if (!Object.values(caller.tags).every((value) => typeof value === "string")) throw new TypeError("a caller's tags must be strings");
  }
}
