// The core: its functions as TypeScript sees them, and getting it loaded. Only connects.
import * as glue from "./wasm/modelwire.js";
import type { Recalled } from "./cache/cache.ts";
import { describe, errorOf, type LlmError } from "./errors.ts";
import type { ToolOutput } from "./tools.ts";

/**
 * What `src/web` exports. Numbers stand for clients, calls and streams. Everything throws, or rejects with, the JSON text of
 * an `ErrorData`.
 */
export interface Core {
  memory: WebAssembly.Memory;
  /** `options`: plain data, with `true` in place of keys and functions. */
  client_new(options: object, host: HostBindings): number;
  client_free(client: number): void;
  /** JSON of a ChatResponse. `key`: what providers know the call by, if it may have been tried before. */
  chat(client: number, call: number, request: object, key?: string): Promise<string>;
  /** A stream of which nothing was sent yet. */
  open(client: number, request: object): number;
  /**
   * Does what a stream needs: runs the tools that its turn called, waits, sends a request. Its body; undefined: it has one. `progress`: there are
   * events in the next batch. When it rejects, the stream is freed.
   */
  go_on(client: number, call: number, stream: number, progress: () => void): Promise<ReadableStream<Uint8Array> | null | undefined>;
  /** A stream of this library's own events. */
  relay(label: string, now: number): number;
  /** The call rejects with code "aborted". */
  cancel(call: number): void;
  /** It is not needed. */
  flight_forget(flight: number): void;
  /** A provider's keys were replaced. `lazy`: JSON, for each whether a function gives it. */
  keys_set(client: number, provider: string, lazy: string): void;
  /** JSON: `{healthy, cooldownUntilMs}` of each key. */
  key_health(client: number, provider: string): string;
  /** Which key would be used now. */
  key_pick(client: number, provider: string): number;
  /** The wait before the next attempt; -1: there is none, -2: none in time. `error`: JSON. */
  retry_verdict(options: object, error: string, attempt: number, elapsedMs: number, random: number, said: unknown): number;
  /** The timer has run out. */
  ring(alarm: number, now: number): void;
  /** The address of an input area; it may move, so ask each time. At most 1 MiB. */
  scratch(length: number): number;
  /** Reads from the input area: see `Step`. */
  feed(stream: number, length: number, now: number): Step;
  /** The body has ended. */
  finish(stream: number, now: number): Step;
  /** The address of four numbers that say where the events of the last step are: texts, their bytes, marks, their count. */
  batch(): number;
  take_error(stream: number): string;
  /** Reading the body failed. */
  broke(stream: number, message: string, now: number): Step;
  /** When the stream's time is over, in milliseconds since 1970; 0: never. `reading`: since when a read waits; 0: none does. */
  due(stream: number, reading: number): number;
  /** MORE if it is not over yet. */
  late(stream: number, reading: number, now: number): Step;
  stop(stream: number, why: "aborted" | "budget", now: number): string;
  aborted(stream: number, now: number): string;
  free(stream: number): void;
  /** "" when OpenAI has no such chunk. */
  openai_chunk(event: string, id: string, model: string, createdSeconds: number): string;
}

/** The core with what few pages call, which is loaded when it is called first: `lateExports` in js/build/entries.mjs. */
export interface Whole extends Core {
  /** JSON of what `Client.check` gives. */
  check(client: number, call: number, provider: string): Promise<string>;
  /** JSON of an EmbedResponse without its vectors and with the call's id, and these. */
  embed(client: number, call: number, request: object): Promise<[json: string, vectors: Float32Array[]]>;
  /** JSON of a list of ModelInfo. */
  list_models(client: number, call: number, provider: string): Promise<string>;
  /** What a request comes to before it is sent: JSON of a TokenCount, of an Estimate, or of a `Fitted`. */
  count_tokens(client: number, call: number, request: object, question: { what: "count" | "estimate" | "fit" }): Promise<string>;
  /** What is known of a model, what a usage costs, spending elsewhere, a newer catalogue, what counts were off by: JSON, or null. */
  ask(client: number, call: number, what: "model" | "price" | "record" | "catalog" | "calibration", argument: object): Promise<string | null>;
  /** A step of a batch at a provider: see `src/web/batch.rs`. */
  ask(client: number, call: number, what: `batch-${string}`, argument: object): Promise<unknown>;
  /** Asks what a flight is to ask: JSON of what it came to. */
  fly(client: number, call: number, flight: number): Promise<string>;
  /** What a request is known by at each of its targets: JSON of a list of `Lookup`. */
  cache_lookups(client: number, call: number, request: object): Promise<string>;
  /** JSON of the ChatResponse that a tape is at one of the targets. */
  cache_replay(client: number, call: number, request: object, target: number, tape: string): Promise<string>;
  /** The tape of a ChatResponse. */
  cache_tape(response: object): string;
  /** JSON of a list of LimitStatus. */
  limits_status(client: number): string;
  /** Whether there was room; without `wait`, at once. */
  limits_acquire(client: number, call: number, key: string, options: object, wait: boolean): Promise<boolean>;
  /** The new state of a limit or a budget that is kept in a store; the wait in milliseconds, or what is spent. */
  limit_change(state: Uint8Array | undefined, now: number, change: string): [state: Uint8Array, wait: number];
  /** The `chat.completion` of a ChatResponse. */
  openai_answer(response: string, createdSeconds: number): string;
}

/**
 * What a step of a stream came to. More; whole, and the slot is freed; failed, and `take_error` is due; `go_on` is due;
 * `go_on` is due, and then a step without bytes, while the body stays; or over as when it is whole, but the body would go on.
 */
export type Step = typeof MORE | typeof DONE | typeof FAILED | typeof GO_ON | typeof LEASE | typeof STOPPED;
export const MORE = 0;
export const DONE = 1;
export const FAILED = 2;
export const GO_ON = 3;
export const LEASE = 4;
export const STOPPED = 5;

/** What the core asks of JavaScript. */
export interface HostBindings {
  fetch(url: string, init: RequestInit): Promise<Response>;
  /** The provider's key, by its place in the pool; asked for each attempt. */
  key(provider: string, index: number): string | undefined | Promise<string | undefined>;
  /** What a caller's function (`retry.when`, `fallback.when`) says. `error`: JSON of an ErrorData; `detail`: of the attempt, or its number. */
  when(handle: number, error: string, detail: string): unknown;
  /** Something happened that somebody may listen to. `event`: a number of `Told`; `record`: JSON. Never throws. */
  tell(event: number, record: string): void;
  /** Where `captures`: the core is being given a call, and names it so. */
  begun(callId: string): void;
  /** Changes a limit or a budget that is kept in a store, and gives the core's number. `change`: JSON for the core. */
  limit(store: number, key: string, change: string): Promise<number>;
  /** The same when nobody waits for it. */
  limitLater(store: number, key: string, change: string): void;
  /** One of the places that all tabs and workers share; gives what gives it back. */
  place(store: number, key: string, count: number, signal: AbortSignal): Promise<() => void>;
  /** Looks for an answer. `lookup`: JSON; `flight`: what asks for it if it is not there. null: there is no place for one. */
  recall(lookup: string, flight: number, signal: AbortSignal): Promise<Recalled | null>;
  /** A flight has recorded this. */
  taped(flight: number, piece: string): void;
  /** Resolves when somebody wants more of it. */
  wanted(flight: number): Promise<void> | undefined;
  /** Runs a tool; rejects with what the model is told. */
  tool(handle: number, callId: string, input: string, signal: AbortSignal): Promise<ToolOutput>;
  /** The text of the catalogue of models. */
  catalogue(): Promise<string>;
  /** How many tokens a text (UTF-8) has; -1 while the vocabulary is not loaded. */
  tokens(encoding: string, text: Uint8Array): number;
  /** The same for a long text, in turns. */
  countSlowly(encoding: string, text: Uint8Array): Promise<number>;
  /** Loads a vocabulary. */
  loadTokens(encoding: string): Promise<void>;
  /** Loads what few pages need of the core; undefined: it is there. */
  whole(): Promise<unknown> | undefined;
  /** What is sent as a body, and is not held by the core. */
  file(handle: number): Blob;
  now(): number;
  /** Sets the one timer in place of the one before, for `ring(number)`; for never if the time is negative. */
  alarm(number: number, ms: number): void;
  /** Sleeps; an abort ends that too. */
  pause(ms: number, signal: AbortSignal): Promise<void>;
  /**
   * Whether each sleep has a timer of its own (`pause`), and no `alarm`. In workerd a timer, as all I/O, is of the request that set it,
   * and never rings once that is over: whoever shared it would sleep for ever.
   */
  alone: boolean;
  /** Whether this is a page, or a worker of one: a place with CORS. */
  page: boolean;
  /** Whether records of calls are told. */
  readonly listens: boolean;
  /** Whether they have content in them. */
  readonly captures: boolean;
  /** Whether a server answers at all; undefined when that cannot be told. */
  reaches(url: string): Promise<boolean> | undefined;
}

let source: (() => unknown) | undefined;
let core: Core | undefined;
let loading: Promise<Core> | undefined;
/** Where the second half is, if there are halves. */
let rest: (() => URL) | undefined;
/** What the first half exports, while it is alone. */
let half: WebAssembly.Exports | undefined;
let completing: Promise<unknown> | undefined;

/** Says where this runtime's module comes from, and its second half if it has one. Called by the entries; nothing is loaded yet. */
export function useWasm(from: () => unknown, restFrom?: () => URL): void {
  source = from;
  rest = restFrom;
}

/**
 * Loads the WebAssembly module ahead of the first call, which would load it otherwise. Takes the module too: compiled, as
 * bytes, as a URL or as a Response (`modelwire/slim` has none of its own). Rejects with code "config"; may be tried again.
 */
export async function ready(wasm?: object | Promise<object>): Promise<void> {
  await loadCore(wasm && (() => wasm));
}

/** The core, for what is called by nobody but it. */
export const theCore = (): Core => core!;

/** The core, loaded at most once. */
export function loadCore(from = source): Promise<Core> {
  if (core) return Promise.resolve(core);
  return (loading ??= load(from).catch((thrown: unknown) => {
    loading = undefined;
    throw failure(thrown);
  }));
}

/** The core with what few pages call, loaded at most once. */
export async function loadWhole(): Promise<Whole> {
  // Beside the first, unless that is there; what is wrong is told when it is waited for.
  const early = core || loading ? undefined : restBytes();
  early?.catch(() => {});
  const loaded = await loadCore();
  if (half) {
    await (completing ??= complete(half, early).catch((thrown: unknown) => {
      completing = undefined;
      throw failure(thrown);
    }));
  }
  return loaded as Whole;
}

/** Whether something of it is not loaded yet. */
export const isHalf = (): boolean => half !== undefined;

const restBytes = () => rest && fetch(rest()).then(bytesOf);

// Nothing is exported: it has the first's memory, and puts its functions into the first's table. See js/build/split.mjs.
async function complete(first: WebAssembly.Exports, early: Promise<ArrayBuffer> | undefined): Promise<void> {
  const bytes = await (early ?? restBytes());
  if (!bytes) throw new Error("it is half of the core");
  await WebAssembly.instantiate(bytes, { ...glue.imports(), "=": first as WebAssembly.ModuleImports });
  half = undefined;
}

async function load(from: (() => unknown) | undefined): Promise<Core> {
  if (!from) throw errorOf("config", 'modelwire/slim brings no WebAssembly of its own: call ready(wasm) first, or import from "modelwire"');
  let wasm = from();
  // Not awaited unless it must be: in workerd a promise of one request must not be waited for by another.
  if (isPromise(wasm)) wasm = await wasm;
  if (isObject(wasm) && "default" in wasm) wasm = wasm.default;
  if (wasm instanceof URL || typeof wasm === "string") wasm = await fetch(wasm);
  if (isObject(wasm) && "arrayBuffer" in wasm) wasm = await bytesOf(wasm as unknown as Response);
  // By its tag: a module may come from another realm.
  const isModule = Object.prototype.toString.call(wasm) === "[object WebAssembly.Module]";
  const instance = isModule ? glue.initSync({ module: wasm as WebAssembly.Module }) : await glue.default({ module_or_path: wasm as BufferSource });
  const exported = instance as unknown as WebAssembly.Exports;
  if (Object.keys(exported).some((name) => name.startsWith("="))) half = exported;
  return (core = { ...(glue as unknown as Omit<Core, "memory">), memory: instance.memory });
}

// Compiled from bytes and not from the response: `compileStreaming` wants a content type that many servers do not send, and
// saves nothing for a module of this size.
async function bytesOf(response: Response): Promise<ArrayBuffer> {
  const what = `${response.url || "the response"} answered with`;
  if (!response.ok) throw new Error(`${what} status ${response.status}`);
  const bytes = await response.arrayBuffer();
  if (new Uint8Array(bytes)[1] !== 0x61) throw new Error(`${what} ${response.headers.get("content-type") ?? "something"}, which is not WebAssembly`);
  return bytes;
}

function failure(thrown: unknown): LlmError {
  const error = thrown as LlmError;
  if (error?.code === "config") return error;
  return errorOf(
    "config",
    `the WebAssembly module did not load: ${describe(thrown)}. Serve modelwire_bg.wasm beside the script that loads it, import ` +
      'from "modelwire/inline" (one file, where WebAssembly may be compiled), or from "modelwire/slim" and call ready(wasm)',
    thrown,
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function isPromise(value: unknown): value is Promise<unknown> {
  return isObject(value) && typeof value.then === "function";
}
