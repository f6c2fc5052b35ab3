// withRetry: the client's own policy around any call. The core decides; this waits.
import { abortedError, errorFrom, isLlmError, type LlmError, type Stop } from "./errors.ts";
import { watch } from "./call.ts";
import type { RetryOptions } from "./types.ts";
import { loadCore } from "./wasm.ts";

/**
 * Calls `call`, and again after a failure that passes by itself: full-jitter back-off or the provider's own hint, at most
 * `maxAttempts` times (default 3). `call` gets the number of the attempt, from 1. Errors that are not `LlmError`s are retried
 * only if `when` says so. Rejects with the last error, or with code "aborted" when `signal` is aborted while it waits.
 *
 * @example
 * const rows = await withRetry(() => client.embed({ model, input }), { maxAttempts: 5 });
 */
export async function withRetry<T>(call: (attempt: number) => Promise<T>, options: RetryOptions & { signal?: AbortSignal } = {}): Promise<T> {
  if (typeof call !== "function") throw new TypeError("withRetry takes a function");
  const { signal, when, ...rest } = options;
  const start = Date.now();
  for (let attempt = 1; ; attempt++) {
    throwIfAborted(signal);
    try {
      return await call(attempt);
    } catch (thrown) {
      const said = when?.(thrown as LlmError, attempt);
      if (!isLlmError(thrown) && !said) throw thrown;
      const delay = await verdict(rest, thrown, attempt, Date.now() - start, said);
      if (delay < 0) throw thrown;
      await sleep(delay, signal);
    }
  }
}

async function verdict(options: object, thrown: unknown, attempt: number, elapsedMs: number, said: unknown): Promise<number> {
  const core = await loadCore();
  const error = isLlmError(thrown) ? { code: thrown.code, status: thrown.status, retryable: thrown.retryable, retryAfterMs: thrown.retryAfterMs } : {};
  try {
    return core.retry_verdict(options, JSON.stringify(error), attempt, elapsedMs, Math.random(), said);
  } catch (wrong) {
    throw errorFrom(wrong);
  }
}

function sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (why: Stop) => {
      clearTimeout(timer);
      reject(abortedError(why));
    };
    const timer = setTimeout(() => {
      release();
      resolve();
    }, ms);
    const release = watch({ abort: (why) => (release?.(), stop(why)) }, signal);
  });
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  let why: Stop | undefined;
  watch({ abort: (stop) => (why = stop) }, signal?.aborted ? signal : undefined)();
  if (why) throw abortedError(why);
}
