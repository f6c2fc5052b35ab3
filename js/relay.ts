// The other end of `toResponse("events")`: a ChatStream of a response of your own server.
import { LlmError, abortedError, describe, errorOf, type ErrorData, type Stop } from "./errors.ts";
import { Pump } from "./pump.ts";
import { codeOf } from "./status.ts";
import { ChatStream } from "./stream.ts";
import type * as types from "./types.ts";
import { loadCore } from "./wasm.ts";

/**
 * Reads what `toResponse("events")` sent: `readStream(fetch("/api/chat", { method: "POST", body }))`. The errors are the
 * server's `LlmError`s again. Cancelling it cancels the response, which stops the provider's request on the server.
 */
export function readStream<T = unknown>(response: Response | Promise<Response>): types.ChatStream<T> {
  // Its rejection is told by the first read.
  Promise.resolve(response).catch(() => {});
  let stop: ((error: LlmError) => void) | undefined;
  const open = async () => {
    const given = await settle(response);
    try {
      const core = await loadCore();
      const body = await bodyOf(given);
      return { core, body, stream: core.relay(given.url || "the response", Date.now()) };
    } catch (error) {
      given.body?.cancel().catch(() => {});
      throw error;
    }
  };
  const pump = new Pump({
    now: Date.now,
    open: () =>
      new Promise((resolve, reject) => {
        stop = reject;
        open().then(resolve, reject);
      }),
    cancel(why: Stop) {
      stop?.(abortedError(why));
      void Promise.resolve(response).then((response) => response.body?.cancel()).catch(() => {});
    },
  });
  return new ChatStream<T>(pump);
}

async function settle(response: Response | Promise<Response>): Promise<Response> {
  try {
    response = await response;
  } catch (thrown) {
    const code = (thrown as Error | null)?.name === "AbortError" ? "aborted" : "network";
    throw LlmError.of({ code, message: `the response did not arrive: ${describe(thrown)}`, retryable: code === "network" }, thrown);
  }
  if (typeof response?.status !== "number" || !response.headers) {
    throw errorOf("invalid-request", "readStream takes a Response, or a promise of one (what fetch gives)");
  }
  return response;
}

/** The body, if it is a stream of events; else the error that it holds, or is. */
async function bodyOf(response: Response): Promise<ReadableStream<Uint8Array> | null> {
  const { ok, status, headers } = response;
  const type = headers.get("content-type") ?? "";
  if (ok && /^text\/event-stream\b/i.test(type)) return response.body;
  const text = await response.text().catch(() => "");
  const error = parsed(text)?.error;
  if (typeof error === "object" && typeof error?.code === "string") throw LlmError.of(error);
  const found = `the response has status ${status} and content-type "${type}"`;
  if (ok) throw errorOf("malformed", `${found}; it is not what toResponse("events") sends`);
  const code = codeOf(status);
  const retryable = status === 429 || status >= 500;
  throw LlmError.of({ code, message: `${found}, and no error of modelwire's`, status, retryable, body: text.slice(0, 4096) });
}

function parsed(text: string): { error?: ErrorData | null } | null {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
