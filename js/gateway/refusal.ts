// What a caller is told when he gets nothing: OpenAI's shape of an error, in words that give nothing away.
import { isLlmError, type LlmError } from "../errors.ts";
import type { ErrorCode } from "../types.ts";

/** A request that is refused, in OpenAI's words. */
export class Refusal extends Error {
  readonly status: number;
  readonly type: string;
  readonly code: string | null;
  /** The field that is to blame. */
  readonly param: string | null;
  readonly headers: Record<string, string>;

  constructor(status: number, message: string, { type = "invalid_request_error", code = null as string | null, param = null as string | null, headers = {} as Record<string, string> } = {}) {
    super(message);
    this.status = status;
    this.type = type;
    this.code = code;
    this.param = param;
    this.headers = headers;
  }

  body(): { error: { message: string; type: string; param: string | null; code: string | null } } {
    const { message, type, param, code } = this;
    return { error: { message, type, param, code } };
  }
}

/** A field that is wrong. */
export function wrong(param: string, complaint: string, code: string | null = null): Refusal {
  return new Refusal(400, `${param} ${complaint}`, { param, code });
}

/** A field that is right, and that nobody here can honour. */
export function unsupported(param: string, why: string): Refusal {
  return wrong(param, `is not supported by this gateway: ${why}`, "unsupported_parameter");
}

type Row = [status: number, type: string, code: string, message: string];

// A provider's refusal of our own key, an empty account of ours, or a mistake in our configuration is no 401 of the caller's.
const rows: Partial<Record<ErrorCode, Row>> = {
  "invalid-request": [400, "invalid_request_error", "invalid_request", "the model's provider refused this request"],
  unsupported: [400, "invalid_request_error", "unsupported", "the model's provider cannot do what this request asks for"],
  "not-found": [404, "invalid_request_error", "model_not_found", "the model's provider does not have it"],
  "context-length": [400, "invalid_request_error", "context_length_exceeded", "the messages are longer than the model's context window"],
  "content-filter": [400, "invalid_request_error", "content_filter", "the model's provider filtered this request"],
  "rate-limit": [429, "rate_limit_error", "rate_limit_exceeded", "too many requests: try again later"],
  budget: [429, "insufficient_quota", "insufficient_quota", "the budget for this request is used up"],
  quota: [503, "server_error", "upstream_quota", "the model's provider does not serve this gateway at the moment"],
  authentication: [502, "server_error", "upstream_refused", "the model's provider does not serve this gateway"],
  permission: [502, "server_error", "upstream_refused", "the model's provider does not serve this gateway"],
  overloaded: [503, "server_error", "overloaded", "the model's provider is overloaded: try again later"],
  timeout: [504, "server_error", "timeout", "the answer took too long"],
  aborted: [499, "invalid_request_error", "aborted", "the request was cancelled"],
  storage: [503, "server_error", "storage", "this gateway cannot reach its store"],
  server: [502, "server_error", "upstream_error", "the model's provider failed"],
  network: [502, "server_error", "upstream_unreachable", "the model's provider could not be reached"],
  truncated: [502, "server_error", "upstream_error", "the answer broke off"],
  malformed: [502, "server_error", "upstream_error", "the model's provider did not give an answer"],
  config: [500, "server_error", "gateway_error", "this gateway failed"],
};
const inside: Row = [500, "server_error", "gateway_error", "this gateway failed"];

/** Those that this package finds by itself, and explains in words of its own. */
const explained = new Set<ErrorCode>(["invalid-request", "unsupported", "context-length"]);
/** Those for which asking again is of no use, though their status says otherwise to OpenAI's clients. */
const final = new Set<ErrorCode>(["budget", "quota", "authentication", "permission", "aborted", "config", "missing-key"]);

/** What a caller is told of any failure. Nothing that a provider wrote is in it: that may name keys, accounts, addresses. */
export function refusalOf(thrown: unknown): Refusal {
  if (thrown instanceof Refusal) return thrown;
  if (!isLlmError(thrown)) return new Refusal(inside[0], inside[3], { type: inside[1], code: inside[2] });
  const [status, type, code, message] = rows[thrown.code] ?? inside;
  const headers: Record<string, string> = {};
  if ((status === 429 || status === 503) && thrown.retryAfterMs !== null && !final.has(thrown.code)) {
    headers["retry-after"] = String(Math.max(1, Math.ceil(thrown.retryAfterMs / 1000)));
    headers["retry-after-ms"] = String(Math.max(1, Math.ceil(thrown.retryAfterMs)));
  }
  if (final.has(thrown.code)) headers["x-should-retry"] = "false";
  return new Refusal(status, explained.has(thrown.code) && isOurs(thrown) ? thrown.message : message, { type, code, headers });
}

/** Whether nobody else was asked before it failed: then the words are this package's. */
function isOurs({ status, requestId, attempts, body }: LlmError): boolean {
  return status === null && requestId === null && body === null && attempts.every(({ status }) => status === null);
}
