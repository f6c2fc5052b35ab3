// From the network to a queue of events: one pull of the reader, one read, one call of the core.
//
// It reads only when asked for more, and it is where a stream ends, however it ends: whole, failed, aborted, cancelled. Who
// asks (an iterator, the ReadableStream machinery, `text()`, a Response's body) is no concern of it.
import { watch, type Running } from "./call.ts";
import { type LlmError, abortedError, describe, errorFrom, type Stop } from "./errors.ts";
import { keep, onCollected, weakly } from "./finalize.ts";
import { linger } from "./linger.ts";
import { reviveEvent, reviveResponse } from "./revive.ts";
import type { Attempt, ChatEvent, ChatResponse } from "./types.ts";
import { DONE, FAILED, GO_ON, LEASE, MORE, STOPPED, type Core, type Step } from "./wasm.ts";

/** Where the bytes come from. */
export interface Source {
  signal?: AbortSignal | undefined;
  /** What `close()` would abort. */
  running?: Set<Running>;
  now(): number;
  /** A timer; gives what stops it. Without one nothing is ever late. */
  wake?(callback: () => void, ms: number): () => void;
  /** A piece of the body arrived, at this time. */
  arrived?(now: number): void;
  /** Nobody has the stream any more: ends it in place of `core.free`. Must not hold the pump. */
  forgotten?(core: Core, stream: number): void;
  /** Called once, by the first read. */
  open(): Promise<Opened>;
  /** Sends what the stream needs: its first request, the next turn's (after its tools were run), or one to whoever can mend a
   *  failure. `progress`: there are events to be had without a read. */
  goOn?(stream: number, progress: () => void): Promise<ReadableStream<unknown> | null | undefined>;
  /** Completes the response of the last event; a promise if that takes time. Rejects with what the stream fails with. */
  complete?(response: ChatResponse): Promise<void> | undefined;
  /** Makes an `open` or a `goOn` that is under way reject. */
  cancel(stop: Stop): void;
}

export interface Opened {
  core: Core;
  stream: number;
  /** Without one, the request is to be sent: `goOn`. */
  body?: ReadableStream<unknown> | null;
}

/** A source of values that is asked for them. */
export interface Supply<T> {
  /** Nothing more comes. */
  readonly over: boolean;
  /** It failed: nothing more comes either. */
  readonly failure: LlmError | undefined;
  /** The next value, if it is at hand. */
  take(): T | undefined;
  /** The next value, if it is at hand and certainly not the last: it may be handed over before it is asked for. */
  takeAhead(): T | undefined;
  /** Asked when nothing is at hand; calls back once that has changed, or it is over, or has failed. */
  more(callback: () => void): void;
  /** Ends it quietly. */
  cancel(): void;
  /** Calls back when it is over or has failed. */
  onEnd(callback: () => void): void;
}

/** The events of one read: texts, joined; and two numbers an event, its kind and where its text ends. */
interface Batch {
  text: string;
  marks: ArrayLike<number>;
}

/** What the core has of this stream, apart from the pump so that it can be freed when the pump is gone. */
interface Slot {
  core?: Core;
  /** Absent when the core has freed it. */
  stream: number | undefined;
  reader?: ReadableStreamDefaultReader<unknown> | undefined;
  unwatch?: () => void;
  forgotten?: Source["forgotten"];
  /** Stops the timer that runs. */
  sleep?: (() => void) | undefined;
}

type EndEvent = Extract<ChatEvent, { type: "end" }>;

/** The most that the core takes at once. */
const MAX_READ_BYTES = 1024 * 1024;

// The core's texts are whole and valid, and a byte order mark at the start of one is the model's own.
let decoder: TextDecoder | undefined;

/** ASCII up to this long is read here: calling the decoder costs more than a few letters do. */
const SHORT_TEXT_BYTES = 24;

function textOf(bytes: Uint8Array, start: number, end: number, length: number): string {
  if (length === end - start && length <= SHORT_TEXT_BYTES) {
    let text = "";
    while (start < end) text += String.fromCharCode(bytes[start++]!);
    return text;
  }
  decoder ??= new TextDecoder("utf-8", { ignoreBOM: true });
  return decoder.decode(bytes.subarray(start, end));
}

// One view of the memory for all reads, made anew when the memory has grown.
let bytes = new Uint8Array();
let words = new Uint32Array();

function memoryOf({ memory: { buffer } }: Core): { bytes: Uint8Array; words: Uint32Array } {
  if (bytes.buffer !== buffer) [bytes, words] = [new Uint8Array(buffer), new Uint32Array(buffer)];
  return { bytes, words };
}

const nothingMore: Batch = { text: "", marks: [] };

export class Pump implements Supply<ChatEvent>, Running {
  over = false;
  failure: LlmError | undefined;
  /** Settled when the last event is taken, or when it ends otherwise. */
  readonly response: Promise<ChatResponse>;

  readonly #source: Source;
  readonly #slot: Slot = { stream: undefined };
  #resolve!: (response: ChatResponse | Promise<never>) => void;
  #onMore: (() => void)[] = [];
  #onEnd: (() => void)[] = [];
  #opening: boolean | undefined;
  #reading = false;
  /** Since when the reader waits; 0 when it does not. */
  #since = 0;
  /** There is something to be sent before the next read. */
  #toGoOn = false;
  #goingOn = false;
  /** The last event, apart from the others because it is completed here. */
  #end: EndEvent | undefined;
  /** The response while it is completed. */
  #whole: ChatResponse | undefined;
  /** Why an `open` that is under way will not be used. */
  #stop: Stop | undefined;
  /** Arrived, but there are events to take before it. */
  #failed: LlmError | undefined;
  #batches: Batch[] = [];
  #batch = nothingMore;
  #mark = 0;
  #offset = 0;

  constructor(source: Source) {
    this.#source = source;
    this.#slot.forgotten = source.forgotten;
    this.response = new Promise((resolve) => (this.#resolve = resolve));
    // Who wants to know of a failure reads the stream or awaits this; nobody has to.
    this.response.catch(() => {});
  }

  /** The core, once the request was sent: what `toResponse("openai")` encodes with. */
  get core(): Core | undefined {
    return this.#slot.core;
  }

  now(): number {
    return this.#source.now();
  }

  take(): ChatEvent | undefined {
    // Whatever ended it has emptied the queue.
    const event = this.#next();
    if (event?.type === "end") {
      this.#resolve(event.response);
      this.over = true;
      this.#release();
      // Once the event has been handed over.
      queueMicrotask(() => this.#ended());
    }
    return event;
  }

  takeAhead(): ChatEvent | undefined {
    const { marks } = this.#batch;
    // A delta. Whoever aborts before the last event was asked for finds the stream failed, whatever has arrived.
    return this.#mark < marks.length && (marks[this.#mark]! & 0xff) !== 0 ? this.#next() : undefined;
  }

  more(callback: () => void): void {
    if (this.over || this.failure) return callback();
    if (this.#failed) {
      this.#fail(this.#failed);
      return callback();
    }
    this.#onMore.push(callback);
    if (this.#opening === undefined) this.#open();
    else if (!this.#opening && !this.#reading) this.#read();
  }

  onEnd(callback: () => void): void {
    if (this.over || this.failure) callback();
    else this.#onEnd.push(callback);
  }

  /** Ends it quietly: `response` is what had arrived. */
  cancel(): void {
    if (this.over || this.failure) return;
    if (this.#opening) {
      // `response` follows, once it is known how far the request got.
      this.over = true;
      this.#source.cancel({ message: "the stream was cancelled" });
      this.#ended();
    } else {
      this.#guard(() => this.#finish(this.#remains()));
      if (this.#goingOn) this.#source.cancel({ message: "the stream was cancelled" });
    }
  }

  /** Fails it with code "aborted": from here on no event is handed over. */
  abort(stop: Stop): void {
    if (this.over || this.failure) return;
    const { core, stream } = this.#slot;
    if (this.#opening) {
      this.#stop = stop;
      this.#source.cancel(stop);
    } else if (core && stream !== undefined && !this.#failed) {
      this.#slot.stream = undefined;
      this.#guard(() => this.#fail(errorFrom(core.aborted(stream, this.now()), stop)));
    } else {
      this.#fail(abortedError(stop, core ? this.#remains() : null));
    }
    if (this.#goingOn) this.#source.cancel(stop);
  }

  // ───────────────────────────────────────────── opening and reading

  #open(): void {
    const { signal, running } = this.#source;
    // The signal may live as long as the page: it does not keep a forgotten stream alive.
    const pump = weakly(this);
    const unwatch = watch({ abort: (stop) => pump.deref()?.abort(stop) }, signal, running);
    if (this.failure) return unwatch();
    this.#slot.unwatch = unwatch;
    this.#opening = true;
    this.#source.open().then(this.#opened, this.#refused);
  }

  readonly #opened = ({ core, stream, body }: Opened): void => {
    this.#opening = false;
    this.#slot.core = core;
    this.#slot.stream = stream;
    onCollected(this, freeing(this.#slot));
    if (this.over) this.#guard(() => this.#finish(this.#remains()));
    else if (this.#stop) this.abort(this.#stop);
    else if (body === undefined) this.#goOn();
    else this.#guard(() => this.#begin(body));
  };

  #begin(body: ReadableStream<unknown> | null): void {
    const { core, stream } = this.#slot as Required<Slot>;
    if (body === null) return this.#step(core.finish(stream!, this.now()));
    let reader: ReadableStreamDefaultReader<unknown>;
    try {
      reader = this.#slot.reader = body.getReader();
    } catch (thrown) {
      return this.#broken(thrown);
    }
    // Made once a body: what a body that was let go still gives is none of this stream's.
    this.#arrived = (result) => {
      if (this.#slot.reader === reader) this.#fed(result);
    };
    this.#broke = (thrown) => {
      if (this.#slot.reader === reader) this.#broken(thrown);
    };
    this.#read();
  }

  readonly #refused = (thrown: unknown): void => {
    this.#opening = false;
    const error = errorFrom(thrown);
    if (this.over) this.#finish(error.partial ?? nothing(error.attempts, this.now()));
    else this.#fail(error);
  };

  #read(): void {
    this.#reading = true;
    if (this.#toGoOn) return this.#goOn();
    this.#since = this.now();
    if (!this.#slot.sleep) this.#arm();
    this.#slot.reader!.read().then(this.#arrived, this.#broke);
  }

  /** Has the next request sent, and begins with its response. */
  #goOn(): void {
    this.#toGoOn = false;
    this.#goingOn = this.#reading = true;
    const { core, stream } = this.#slot as Required<Slot>;
    const progress = () => {
      if (this.over || this.failure) return;
      // A step without bytes: its events are those of the results.
      core.feed(stream!, 0, this.now());
      this.#collect(core);
      if (this.#batches.length) this.#notify();
    };
    this.#source.goOn!(stream!, progress).then(
      (body) => {
        this.#goingOn = this.#reading = false;
        if (this.over || this.failure) void body?.cancel().catch(() => {});
        else if (body === undefined) this.#guard(() => this.#step(core.feed(stream!, 0, this.now())));
        else this.#guard(() => this.#begin(body));
      },
      (thrown: unknown) => {
        this.#goingOn = this.#reading = false;
        if (this.over || this.failure) return;
        this.#slot.stream = undefined;
        this.#failed = errorFrom(thrown);
        if (this.#batches.length) this.#notify();
        else this.#fail(this.#failed);
      },
    );
  }

  #arrived!: (result: ReadableStreamReadResult<unknown>) => void;
  #broke!: (thrown: unknown) => void;

  #fed({ done, value }: ReadableStreamReadResult<unknown>): void {
    this.#reading = false;
    this.#since = 0;
    if (this.over || this.failure) return;
    const now = this.now();
    if (!done) this.#source.arrived?.(now);
    this.#guard(() => {
      const { core, stream } = this.#slot as Required<Slot>;
      if (done) {
        this.#slot.reader = undefined;
        return this.#step(core.finish(stream!, now));
      }
      const bytes = bytesOf(value);
      if (!bytes) return this.#broken(new TypeError(`the body gave ${value === null ? "null" : `a value of type ${typeof value}`} instead of bytes`));
      let step: Step = MORE;
      // One that may cost more than was granted is read to the end of what has come, and then asked for.
      for (let start = 0; start < bytes.length && (step === MORE || step === LEASE); start += MAX_READ_BYTES) {
        const piece = bytes.length > MAX_READ_BYTES ? bytes.subarray(start, start + MAX_READ_BYTES) : bytes;
        // The address first: asking for it may move the memory.
        const address = core.scratch(piece.length);
        memoryOf(core).bytes.set(piece, address);
        step = core.feed(stream!, piece.length, now);
        this.#collect(core);
      }
      this.#stepped(step);
    });
  }

  #broken(thrown: unknown): void {
    this.#reading = false;
    this.#since = 0;
    if (this.over || this.failure) return;
    const { core, stream } = this.#slot as Required<Slot>;
    const stop = (thrown as Error | null)?.name === "AbortError" ? { message: describe(thrown), cause: thrown } : undefined;
    // A fetch of the caller's own that he aborted himself (readStream) was aborted, not broken.
    if (stop && !this.#source.signal) return this.abort(stop);
    this.#guard(() => this.#step(core.broke(stream!, describe(thrown), this.now()), thrown));
  }

  // One timer a stream, set for when it would be late if nothing more came, and looked at only then: a timer for each read
  // would cost more than reading.
  #arm(): void {
    const { core, stream } = this.#slot;
    const due = this.#source.wake && core && stream !== undefined ? core.due(stream, this.#since) : 0;
    if (due === 0) return;
    // The timer does not keep a forgotten stream alive.
    const pump = weakly(this);
    this.#slot.sleep = this.#source.wake!(() => pump.deref()?.ring(), Math.max(0, due - this.now()));
  }

  /** The timer has run out. */
  ring(): void {
    const { core, stream } = this.#slot;
    this.#slot.sleep = undefined;
    // What is being sent has times of its own; nobody knows of this one any more when the stream has ended.
    if (!core || stream === undefined || this.#goingOn || this.over || this.failure) return;
    this.#guard(() => {
      const step = core.late(stream, this.#since, this.now());
      if (step === MORE) return this.#arm();
      this.#reading = false;
      this.#since = 0;
      this.#step(step);
    });
  }

  #step(step: Step, cause?: unknown): void {
    this.#collect(this.#slot.core!);
    this.#stepped(step, cause);
  }

  #collect(core: Core): void {
    const layout = core.batch() >>> 2;
    const { bytes, words } = memoryOf(core);
    const count = words[layout + 3]!;
    if (count === 0) return;
    const start = words[layout]!;
    const at = words[layout + 2]! >>> 2;
    // Copied: the next step writes over them. Decoded once; each event is then a slice.
    const marks = count === 2 ? [words[at]!, words[at + 1]!] : words.slice(at, at + count);
    this.#batches.push({ text: textOf(bytes, start, start + words[layout + 1]!, marks[count - 1]!), marks });
  }

  #stepped(step: Step, cause?: unknown): void {
    if (step === FAILED) {
      this.#failed = errorFrom(this.#slot.core!.take_error(this.#slot.stream!), undefined, cause);
    }
    if (step === GO_ON) {
      this.#toGoOn = true;
      this.#letGo(true);
    } else if (step === LEASE) {
      this.#toGoOn = true;
    } else if (step !== MORE) {
      this.#freed(step === DONE);
    }
    if ((step === DONE || step === STOPPED) && this.#source.complete && this.#completing()) return;
    if (this.#batches.length || this.#end) this.#notify();
    else if (step === MORE || step === GO_ON || step === LEASE) this.#read();
    else this.#fail(this.#failed ?? errorFrom(new Error("the core ended a stream without its last event")));
  }

  /** Completes the last event; true when that takes time. The events before it are handed over meanwhile. */
  #completing(): boolean {
    const last = this.#batches.at(-1);
    if (!last) return false;
    const start = last.marks[last.marks.length - 3] ?? 0;
    this.#end = reviveEvent(JSON.parse(last.text.slice(start)) as ChatEvent) as EndEvent;
    last.marks = Array.prototype.slice.call(last.marks, 0, -2);
    const completed = this.#source.complete!(this.#end!.response);
    if (!completed) return false;
    const end = this.#end!;
    this.#end = undefined;
    this.#whole = end.response;
    this.#reading = true;
    const settled = (error?: LlmError) => {
      this.#reading = false;
      if (this.over || this.failure) return;
      if (error) this.#failed = error;
      else this.#end = end;
      this.#notify();
      if (error && !this.failure && !this.#batches.length) this.#fail(error);
    };
    completed.then(
      () => settled(),
      (thrown: unknown) => settled(errorFrom(thrown)),
    );
    if (this.#batches.length) this.#notify();
    return true;
  }

  // ───────────────────────────────────────────── the queue

  #next(): ChatEvent | undefined {
    while (this.#mark === this.#batch.marks.length) {
      const batch = this.#batches.shift();
      if (!batch) {
        const end = this.#end;
        this.#end = undefined;
        return end;
      }
      this.#batch = batch;
      this.#mark = this.#offset = 0;
    }
    const { text: joined, marks } = this.#batch;
    const mark = marks[this.#mark++]!;
    const text = joined.slice(this.#offset, (this.#offset = marks[this.#mark++]!));
    switch (mark & 0xff) {
      case 1:
        return { type: "text-delta", text };
      case 2:
        return { type: "reasoning-delta", text };
      case 3:
        return { type: "tool-call-delta", index: mark >>> 8, text };
      default:
        return reviveEvent(JSON.parse(text) as ChatEvent);
    }
  }

  /** What had arrived, whether it was taken or not. The core's part of it is freed. */
  #remains(): ChatResponse {
    const { core, stream } = this.#slot;
    if (this.#failed?.partial) return { ...this.#failed.partial, finishReason: "aborted" };
    if (core && stream !== undefined) {
      this.#slot.stream = undefined;
      const json = core.stop(stream, "aborted", this.now());
      return reviveResponse(JSON.parse(json) as ChatResponse);
    }
    if (this.#whole) return this.#whole;
    // All of it: the last event waits in the queue.
    for (let event; (event = this.#next()); ) if (event.type === "end") return event.response;
    return nothing([], this.now());
  }

  // ───────────────────────────────────────────── the end

  #finish(response: ChatResponse): void {
    this.over = true;
    this.#resolve(response);
    this.#release();
    this.#ended();
  }

  #fail(error: LlmError): void {
    this.failure = error;
    this.#resolve(Promise.reject(error));
    this.#release();
    this.#ended();
  }

  #guard(work: () => void): void {
    try {
      work();
    } catch (thrown) {
      if (!this.over && !this.failure) this.#fail(errorFrom(thrown));
    }
  }

  #release(): void {
    const slot = this.#slot;
    slot.unwatch?.();
    slot.sleep?.();
    slot.sleep = undefined;
    if (slot.stream !== undefined) slot.core!.free(slot.stream);
    this.#freed();
    this.#batches = [];
    this.#batch = nothingMore;
    this.#mark = this.#offset = 0;
  }

  #freed(whole = false): void {
    this.#slot.stream = undefined;
    keep(this);
    this.#letGo(whole);
  }

  /** Wants no more of the body; `whole`: for it has given all that there is, but for its end. */
  #letGo(whole: boolean): void {
    const { reader } = this.#slot;
    this.#slot.reader = undefined;
    if (!reader) return;
    if (whole && this.#source.wake) linger(reader, (callback, ms) => this.#source.wake!(callback, ms));
    // An injected fetch may not listen to its signal: this it understands.
    else reader.cancel().catch(() => {});
  }

  #ended(): void {
    this.#notify();
    const callbacks = this.#onEnd;
    this.#onEnd = [];
    for (const callback of callbacks) callback();
  }

  #notify(): void {
    const callbacks = this.#onMore;
    // Nearly always one: no list for the next is made for each read.
    if (callbacks.length === 1) return callbacks.pop()!();
    this.#onMore = [];
    for (const callback of callbacks) callback();
  }
}

// Made out here: a function made in there would keep the pump alive.
function freeing(slot: Slot): () => void {
  return () => {
    slot.unwatch?.();
    slot.sleep?.();
    const { core, stream, forgotten } = slot;
    // A body may hold on to its reader, and so to this.
    slot.forgotten = undefined;
    if (stream !== undefined) forgotten ? forgotten(core!, stream) : core!.free(stream);
    slot.reader?.cancel().catch(() => {});
  };
}

/** Bytes as some implementations of fetch give them. */
function bytesOf(value: unknown): Uint8Array | undefined {
  if (value instanceof Uint8Array) return value;
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  if (Object.prototype.toString.call(value) === "[object ArrayBuffer]") return new Uint8Array(value as ArrayBuffer);
  return typeof value === "string" ? new TextEncoder().encode(value) : undefined;
}

/** The response of a stream that was cancelled before there was any. */
function nothing(attempts: Attempt[], now: number): ChatResponse {
  const none = null;
  return {
    id: "",
    provider: "",
    model: "",
    text: "",
    reasoning: "",
    toolCalls: [],
    output: undefined,
    message: { role: "assistant", content: "" },
    newMessages: [],
    finishReason: "aborted",
    rawFinishReason: none,
    usage: {
      inputTokens: none,
      outputTokens: none,
      totalTokens: none,
      cacheReadTokens: none,
      cacheWriteTokens: none,
      reasoningTokens: none,
      estimated: true,
    },
    cost: none,
    cached: false,
    attempts,
    timing: { startedAt: new Date(now).toISOString(), waitedMs: 0, firstTokenMs: none, totalMs: 0 },
    warnings: [],
    requestId: none,
    callId: "",
    raw: none,
  };
}
