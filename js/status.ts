// Errors as HTTP statuses and back, between `toResponse` and `readStream`. What a provider's status means is the core's.
import type { LlmError } from "./errors.ts";
import type { ErrorCode } from "./types.ts";

// The first of several with one status is what that status is read as.
const statuses: Partial<Record<ErrorCode, number>> = {
  "invalid-request": 400,
  authentication: 401,
  quota: 402,
  permission: 403,
  "not-found": 404,
  "context-length": 413,
  "rate-limit": 429,
  aborted: 499,
  server: 500,
  network: 502,
  overloaded: 503,
  timeout: 504,
  unsupported: 400,
  "content-filter": 400,
  template: 400,
  budget: 402,
  truncated: 502,
  malformed: 502,
  cors: 502,
};

/** The provider's status, else one that says the same. */
export function statusOf({ status, code }: LlmError): number {
  return status !== null && status >= 400 && status <= 599 ? status : (statuses[code] ?? 500);
}

/** What a status means when the body does not say it. */
export function codeOf(status: number): ErrorCode {
  for (const [code, known] of Object.entries(statuses)) if (known === status) return code as ErrorCode;
  return status >= 500 ? "server" : "invalid-request";
}
