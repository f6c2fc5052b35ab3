/// <reference lib="esnext.disposable" preserve="true" />
// An answer while it arrives.
import type { ToolCall } from "./request.ts";
import type { Attempt, ChatResponse, Cost, FinishReason, Usage } from "./response.ts";

/**
 * A real `ReadableStream` of events: pipe it, tee it, post it to a worker. It can be iterated in every runtime, Safari
 * included.
 *
 * The request is sent at the first read (iteration, a reader's read, `response`, `text()`, …), and nothing is read that
 * nobody asks for. Breaking out of the loop, `cancel()` and disposing stop the provider's request and end quietly:
 * `response` resolves with what had arrived, with finishReason "aborted". Retries and fallbacks happen before the first delta
 * only, unless `fallback.midStream` asks for more. A failure, and an abort through `signal`, errors
 * the stream with an `LlmError` whose `partial` holds what had arrived; `response` rejects with the same error.
 */
export interface ChatStream<T = unknown> extends ReadableStream<ChatEvent>, AsyncDisposable {
  [Symbol.asyncIterator](options?: { preventCancel?: boolean }): AsyncGenerator<ChatEvent, undefined, unknown>;
  values(options?: { preventCancel?: boolean }): AsyncGenerator<ChatEvent, undefined, unknown>;
  /** Stops the provider's request. Also works while one of this library's own readers (a loop, `text()`, …) has the lock. */
  cancel(reason?: unknown): Promise<void>;
  /** Only the text. Takes the stream over. */
  readonly textStream: TextStream;
  /**
   * The JSON of the answer as it grows: a new value each time that something of it arrived, at most one for each read of the
   * network. What is complete in it keeps its identity. Not validated: that is `response.output`. Takes the stream over.
   */
  readonly partialOutput: AsyncIterable<unknown>;
  /**
   * The whole answer. If nobody has locked the stream one macrotask after this is first used, it reads the stream itself, and
   * the stream stays locked; else it follows the other reader. Never an unhandled rejection.
   */
  readonly response: Promise<ChatResponse<T>>;
  /** The whole text. Locks the stream, and rejects with a TypeError if it is locked or was read; so do the next three. */
  text(): Promise<string>;
  /** Calls back for each piece of text. A promise that the callback returns is awaited; what it throws cancels the request. */
  forEach(onText: (text: string) => void): Promise<ChatResponse<T>>;
  /**
   * Writes the text as UTF-8 while it arrives, at the pace of the target, and closes the target; on a failure the target is
   * aborted. `onProgress` is told how many bytes were written so far. The chunks are Uint8Arrays which become their text when
   * a sink uses them as a string, as a `TextEncoderStream` does; for a sink that checks for strings use
   * `stream.textStream.pipeTo(sink)`.
   */
  save(
    target: FileHandle | WritableStream | NodeWritable,
    options?: { onProgress?: (bytes: number) => void },
  ): Promise<ChatResponse<T>>;
  /** Shows the text while it arrives: a DOM element (one text node that grows), or anything with `write` or `append`. */
  display(target: { append(text: string): void } | { write(text: string): unknown }): Promise<ChatResponse<T>>;
  /**
   * An HTTP response for a server or edge function. Takes the stream over; a client that goes away stops the provider's
   * request. "events" (default) is read in the page with `readStream`; "openai" by OpenAI's SDKs.
   *
   * Await it (or return it from an async handler), and a failure before the first delta is a status with a JSON body
   * `{ error }`. Returned without awaiting it streams at once, and such a failure is its first event.
   */
  toResponse(format?: "events" | "text" | "openai", init?: ResponseInit): Response & PromiseLike<Response>;
}

export interface TextStream extends ReadableStream<string> {
  [Symbol.asyncIterator](options?: { preventCancel?: boolean }): AsyncGenerator<string, undefined, unknown>;
  values(options?: { preventCancel?: boolean }): AsyncGenerator<string, undefined, unknown>;
}

/** What is needed of a Node stream, such as `fs.createWriteStream(path)`. */
export interface NodeWritable {
  write(chunk: Uint8Array, done?: (error?: Error | null) => void): boolean;
  end(done?: () => void): unknown;
}

/** What is needed of a file handle (File System Access, OPFS). */
export interface FileHandle {
  createWritable(): Promise<WritableStream>;
}

export type ChatEvent =
  /** Once, with the first delta. */
  | { type: "start"; provider: string; model: string; id: string }
  | { type: "text-delta"; text: string }
  | { type: "reasoning-delta"; text: string }
  | { type: "tool-call-start"; index: number; id: string; name: string }
  | { type: "tool-call-delta"; index: number; text: string }
  /** A tool call is complete. */
  | ({ index: number } & ToolCall)
  /** A tool's `run` came back. `result`: what it gave, as JSON; of a failure, the message. */
  | { type: "tool-result"; callId: string; result: unknown; isError: boolean }
  /** An attempt failed before anything was shown; `next` is asked after the delay. */
  | { type: "retry"; attempt: Attempt; delayMs: number; next: string }
  /** The answer broke off after `text`, and `to` goes on with it. */
  | { type: "continue"; from: string; to: string; text: string }
  /** Cumulative. Always once before "end". */
  | { type: "usage"; usage: Usage; cost: Cost | null }
  /** The last event of an answer that arrived whole. */
  | { type: "end"; finishReason: FinishReason; response: ChatResponse };
