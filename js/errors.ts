// The one error class, and how the core's errors (JSON text) become it.
import { reviveResponse } from "./revive.ts";
import type { Attempt, ChatResponse, ErrorCode } from "./types.ts";

// In the registry that all realms share: an iframe's LlmError, or that of a second copy of the package, is one too.
const brand = Symbol.for("modelwire.LlmError");
const failedCall = Symbol("call");

/** What an `LlmError` is made of: the core's `Error`. */
export interface ErrorData {
  code: ErrorCode;
  message: string;
  provider?: string | null;
  model?: string | null;
  status?: number | null;
  requestId?: string | null;
  callId?: string | null;
  retryable?: boolean;
  retryAfterMs?: number | null;
  attempts?: Attempt[];
  partial?: ChatResponse | null;
  needed?: number;
  limit?: number;
  body?: unknown;
}

/**
 * Every failure of this library. `code` is a closed list: switch over it. Neither the message nor `toJSON()` ever holds a
 * key. Check with `isLlmError`, which also knows errors of other realms and of other copies of the package.
 */
export class LlmError extends Error {
  declare readonly name: "LlmError";
  readonly code: ErrorCode;
  /** As configured; null when the failure came before one was chosen. */
  readonly provider: string | null;
  /** As asked for. */
  readonly model: string | null;
  /** Of the HTTP response; null when there was none, and for failures inside a stream. */
  readonly status: number | null;
  /** The provider's, for its support. */
  readonly requestId: string | null;
  /** Whether the same request may succeed if it is sent again. */
  readonly retryable: boolean;
  /** The provider's own hint. */
  readonly retryAfterMs: number | null;
  /** Every attempt of the call, this failure's last. */
  readonly attempts: Attempt[];
  /** What had arrived before it failed. */
  readonly partial: ChatResponse | null;
  /** code "context-length": how many tokens were asked for, … */
  declare readonly needed?: number;
  /** … and how many fit. */
  declare readonly limit?: number;
  /** The provider's: parsed when it was JSON, else its beginning as text. */
  readonly body: unknown;

  private constructor(data: ErrorData, cause: unknown) {
    super(data.message, cause === undefined ? undefined : { cause });
    this.code = data.code;
    this.provider = data.provider ?? null;
    this.model = data.model ?? null;
    this.status = data.status ?? null;
    this.requestId = data.requestId ?? null;
    this.retryable = data.retryable ?? false;
    this.retryAfterMs = data.retryAfterMs ?? null;
    this.attempts = data.attempts ?? [];
    this.partial = data.partial ? reviveResponse(data.partial) : null;
    if (data.needed != null) this.needed = data.needed;
    if (data.limit != null) this.limit = data.limit;
    this.body = data.body ?? null;
    const callId = data.callId || data.partial?.callId;
    // Not to be seen: it is for the log, which has it as everybody else's.
    if (callId) Object.defineProperty(this, failedCall, { value: callId });
  }

  /** @internal */
  static of(data: ErrorData, cause?: unknown): LlmError {
    return new LlmError(data, cause);
  }

  /** Plain data, for logs and for the wire. Without `cause`, which may hold anything. */
  toJSON(): Record<string, unknown> {
    return Object.assign({ name: this.name, message: this.message } as object, this) as Record<string, never>;
  }

  // On the prototype, as for the platform's own errors: an own `name` is printed twice by Node.
  static {
    // The class too: what a console prints of an uncaught error begins with it, and the bundle has shortened it.
    Object.defineProperty(this, "name", { value: "LlmError" });
    Object.defineProperty(this.prototype, "name", { value: "LlmError", configurable: true, writable: true });
    Object.defineProperty(this.prototype, brand, { value: true });
  }
}

/** @internal The id of the call that failed; undefined when it failed before the core had it. */
export function callIdOf(error: LlmError): string | undefined {
  return (error as { [failedCall]?: string })[failedCall];
}

/** Whether something is an `LlmError` (with this code). Works across realms and copies of the package. */
export function isLlmError<C extends ErrorCode = ErrorCode>(value: unknown, code?: C): value is LlmError & { readonly code: C } {
  const error = value as (LlmError & { [brand]?: unknown }) | null | undefined;
  return typeof error === "object" && error !== null && error[brand] === true && (code === undefined || error.code === code);
}

/** @internal An error that is made on this side of the boundary. */
export function errorOf(code: ErrorCode, message: string, cause?: unknown): LlmError {
  return LlmError.of({ code, message }, cause);
}

/** @internal Why a call was ended from this side. */
export interface Stop {
  message: string;
  cause?: unknown;
}

/** @internal The error of a call that was stopped before the core knew of it. */
export function abortedError({ message, cause }: Stop, partial: ChatResponse | null = null): LlmError {
  return LlmError.of({ code: "aborted", message, partial }, cause);
}

/**
 * @internal What the core threw, as an LlmError: JSON text, unless it was WebAssembly itself that failed. `stop` tells an
 * abort's reason, which the core does not know.
 */
export function errorFrom(thrown: unknown, stop?: Stop, cause?: unknown): LlmError {
  if (typeof thrown === "string") {
    try {
      const data = JSON.parse(thrown) as ErrorData;
      return stop && data.code === "aborted" ? LlmError.of({ ...data, message: stop.message }, stop.cause) : LlmError.of(data, cause);
    } catch {
      // Not the core's JSON: reported below, as it is.
    }
  }
  if (isLlmError(thrown)) return thrown;
  return errorOf("malformed", `modelwire failed inside (please report this): ${describe(thrown)}`, thrown);
}

/** @internal What a thrown value says. */
export function describe(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message || thrown.name : String((thrown as Partial<Error> | null)?.message ?? thrown);
}

/** A part of the package that is loaded when it is needed: what prevents that is told as everything else is. */
export function part<T>(loading: Promise<T>): Promise<T> {
  return loading.catch((thrown: unknown) => {
    throw errorOf("network", `a part of modelwire could not be loaded: ${describe(thrown)}`, thrown);
  });
}

/** What a listener threw: told to the page or the process, as an event target does, and not to who called it. */
export function report(thrown: unknown): void {
  if (typeof reportError === "function") reportError(thrown);
  else queueMicrotask(() => {
    throw thrown;
  });
}
