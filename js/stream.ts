// ChatStream: the events of one answer, as a ReadableStream with the contract's extras.
import { partialJson } from "./partial_json.ts";
import type { Pump, Supply } from "./pump.ts";
import { PullStream } from "./pull_stream.ts";
import { openResponse, type Encoding, type Format } from "./reply.ts";
import { displayOn, openSink, type Sink } from "./sinks.ts";
import { asyncDispose } from "./symbols.ts";
import type * as types from "./types.ts";
import type { ChatEvent, ChatResponse, FileHandle, NodeWritable } from "./types.ts";

export class ChatStream<T = unknown> extends PullStream<ChatEvent> implements types.ChatStream<T> {
  readonly #pump: Pump;
  #followed = false;
  #text: PullStream<string> | undefined;
  #values: PullStream<unknown> | undefined;

  constructor(pump: Pump) {
    super(pump);
    this.#pump = pump;
  }

  get textStream(): PullStream<string> {
    if (!this.#text) {
      this.claim();
      this.#text = new PullStream(new Texts(this.#pump));
    }
    return this.#text;
  }

  get partialOutput(): PullStream<unknown> {
    if (!this.#values) {
      this.claim();
      this.#values = new PullStream(new Values(this.#pump));
    }
    return this.#values;
  }

  get response(): Promise<ChatResponse<T>> {
    if (!this.#followed) {
      this.#followed = true;
      // Later: `const { response } = stream` comes before the loop that reads it.
      setTimeout(() => {
        if (this.locked || this.#pump.over || this.#pump.failure) return;
        this.claim(true);
        void quiet(consume(this.#pump));
      });
    }
    return this.#pump.response as Promise<ChatResponse<T>>;
  }

  text(): Promise<string> {
    return quiet(this.#read(() => ({ write() {} })).then(({ text }) => text));
  }

  forEach(onText: (text: string) => void): Promise<ChatResponse<T>> {
    if (typeof onText !== "function") return quiet(Promise.reject(new TypeError("forEach takes a function")));
    return quiet(this.#read(() => ({ write: onText })));
  }

  save(target: FileHandle | WritableStream | NodeWritable, options?: { onProgress?: (bytes: number) => void }): Promise<ChatResponse<T>> {
    return quiet(this.#read(() => openSink(target, options?.onProgress)));
  }

  display(target: { append(text: string): void } | { write(text: string): unknown }): Promise<ChatResponse<T>> {
    return quiet(this.#read(() => displayOn(target)));
  }

  /** A function is the gateway's: an encoding of its own. */
  toResponse(format: Format | ((pump: Pump) => Encoding) = "events", init?: ResponseInit): Response & PromiseLike<Response> {
    this.claim();
    return openResponse(this.#pump, format, init);
  }

  async [asyncDispose](): Promise<void> {
    this.#pump.cancel();
  }

  // Nothing is sent before the target is known to be one, and open.
  async #read(open: () => Sink | Promise<Sink>): Promise<ChatResponse<T>> {
    this.claim();
    try {
      return (await consume(this.#pump, await open())) as ChatResponse<T>;
    } finally {
      // Without effect unless something of the consumer's threw.
      this.#pump.cancel();
    }
  }
}

/** Reads to the end, and hands the text to a sink at the sink's pace. */
async function consume(pump: Pump, sink?: Sink): Promise<ChatResponse> {
  let wake: (() => void) | undefined;
  // An abort does not wait for a sink that is stuck.
  pump.onEnd(() => pump.failure && wake?.());
  const write = (text: string): Promise<void> | undefined => {
    const written = sink!.write(text) as PromiseLike<unknown> | undefined;
    if (typeof written?.then !== "function") return undefined;
    return new Promise((resolve, reject) => {
      wake = resolve;
      written.then(() => resolve(), reject);
    });
  };
  try {
    for (;;) {
      let joined = "";
      for (let event; (event = pump.take()); ) {
        if (event.type !== "text-delta" || !sink) continue;
        if (sink.joins) joined += event.text;
        else {
          // Awaited only where there is something to wait for: it would cost as much as the delta.
          const written = write(event.text);
          if (written) await written;
        }
      }
      if (joined) await write(joined);
      if (pump.failure) throw pump.failure;
      if (pump.over) break;
      await new Promise<void>((resolve) => pump.more(resolve));
    }
    await sink?.close?.();
  } catch (error) {
    await sink?.abort?.(error);
    throw error;
  }
  return pump.response;
}

/** What is made of a pump's events. */
abstract class Made<T> implements Supply<T> {
  protected readonly pump: Pump;

  constructor(pump: Pump) {
    this.pump = pump;
  }

  abstract take(): T | undefined;

  takeAhead(): T | undefined {
    return undefined;
  }

  get over() {
    return this.pump.over;
  }
  get failure() {
    return this.pump.failure;
  }
  more(callback: () => void): void {
    this.pump.more(callback);
  }
  cancel(): void {
    this.pump.cancel();
  }
  onEnd(callback: () => void): void {
    this.pump.onEnd(callback);
  }
}

/** Their text. */
class Texts extends Made<string> {
  take(): string | undefined {
    for (let event; (event = this.pump.take()); ) if (event.type === "text-delta") return event.text;
    return undefined;
  }

  override takeAhead(): string | undefined {
    for (let event; (event = this.pump.takeAhead()); ) if (event.type === "text-delta") return event.text;
    return undefined;
  }
}

/** The JSON that their text has come to: everything that is at hand makes one value. */
class Values extends Made<unknown> {
  #json = partialJson();
  #given: unknown;

  take(): unknown {
    let text = "";
    for (let event; (event = this.pump.take()); ) {
      if (event.type === "text-delta") text += event.text;
      // Nothing but the end can tell that a bare number has no further digits.
      else if (event.type === "end") text += "\n";
      else if (event.type === "tool-result") {
        // The answer is what is said after the last of them.
        this.#json = partialJson();
        text = "";
      }
    }
    const value = this.pump.over ? (this.#json.push(text), this.#json.value) : this.#json.push(text);
    return value === this.#given ? undefined : (this.#given = value);
  }
}

/** Rejects to whoever awaits it, and crashes nothing if nobody does. */
function quiet<P>(promise: Promise<P>): Promise<P> {
  promise.catch(() => {});
  return promise;
}
