// `client.batch` in mode "provider": rows handed over to the provider's own batch API, looked at until it is done, its results
// matched to their rows. What is asked and what an answer means is the core's (`src/engine/batch.rs`); here is the order of
// it, the waiting, and the moving of bytes.
import type { Running } from "../call.ts";
import { LlmError, describe, errorFrom, errorOf, isLlmError, type ErrorData, type Stop } from "../errors.ts";
import type { Handles } from "../handles.ts";
import { reviveResponse } from "../revive.ts";
import type { BatchItem, BatchOptions, ChatRequest, ChatResponse, Warning } from "../types.ts";
import { Files, type Form } from "./file.ts";
import { FORM, readHandle, type Handle, type Made } from "./handle.ts";
import { withResolvers } from "../promises.ts";
import { Items, tell, unreadable } from "./items.ts";
import { linesOf } from "./lines.ts";

/** What a batch needs of its client. */
export interface Driver {
  chat(request: ChatRequest): Promise<ChatResponse>;
  /** A row as the core reads it. `kept`: collects what stands for its functions and schemas. */
  prepare(request: ChatRequest, kept: number[]): Promise<object>;
  /** A question to the core about a batch: see `src/web/batch.rs`. */
  ask(step: string, argument: object): Promise<unknown>;
  /** Validates an output. */
  check(response: ChatResponse): Promise<void> | undefined;
  /** When what was spent is kept. */
  written(): Promise<void> | undefined;
  handles: Handles;
  running: Set<Running>;
  now(): number;
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

interface Looked {
  ended: boolean;
  answered: number;
  failed: number;
  files: string[];
  rest: ErrorData;
  lines: [line: number, error: ErrorData][];
  waitMs: number;
  /** Looking failed; nothing else is known then. */
  trouble?: ErrorData;
}

/** What was said of what was handed over: it is a batch, a file of which one can be made, or one that is not ready for that. */
interface Taken {
  batch?: string;
  file?: string;
  pending?: string;
  waitMs: number;
}

/** A row that the core has read: its line in halves, between which the number of its kind stands. */
interface Row {
  before: string;
  behind: string;
  kind: string;
  route: string;
  /** With the first. */
  file?: Form;
  error?: ErrorData;
}

/** What was read of the results of one row. */
type Result = [index: number, kind: number, response: ChatResponse | null, error: ErrorData | null] | null;

/** Results that wait for their reader. */
const MOST_WAITING = 100;
/** How often results are fetched whose connection breaks. */
const MOST_READS = 4;
/** How long a connection may be silent. */
const IDLE_MS = 300_000;

const notHandedOver = "batch: it was cancelled before this row was handed over";
const closedMessage = "batch: its client was closed; what was handed over goes on there: resume it with its handle";

export class ProviderBatch implements AsyncIterable<BatchItem>, Running {
  readonly #driver: Driver;
  readonly #options: BatchOptions;
  readonly #items = new Items(() => this.#room(), () => this.#leave());
  readonly #handle = withResolvers<string | null>();
  /** The schemas of outputs, by row; those of a handle are its own. */
  readonly #outputs = new Map<number, number>();
  readonly #kept: number[] = [];
  readonly #counts = new Map<Made, { answered: number; failed: number }>();
  readonly #onAbort = () => this.cancel();
  /** Ends what is waited for. */
  readonly #naps = new Set<AbortController>();
  readonly #ended: Promise<void>;
  #cancelled = false;
  #left = false;
  #closed: LlmError | undefined;
  #waiting: (() => void)[] = [];
  #rows = 0;
  #done = 0;
  #failed = 0;
  #nano = 0;

  constructor(driver: Driver, rows: Iterator<ChatRequest> | AsyncIterator<ChatRequest> | undefined, options: BatchOptions) {
    for (const name of ["concurrency", "stopOnError"] as const) {
      if (options[name] !== undefined) throw errorOf("unsupported", `batch: ${name} has no effect in mode "provider", where the provider says what runs when: leave it out`);
    }
    const { signal } = options;
    this.#driver = driver;
    this.#options = options;
    driver.running.add(this);
    if (signal?.aborted) this.#cancelled = true;
    else signal?.addEventListener("abort", this.#onAbort);
    this.#ended = this.#run(rows);
  }

  get results(): Promise<BatchItem[]> {
    return this.#items.results;
  }

  /** Null when nothing was handed over. */
  get handle(): Promise<string | null> {
    return this.#handle.promise;
  }

  [Symbol.asyncIterator](): AsyncIterator<BatchItem> {
    return this.#items[Symbol.asyncIterator]();
  }

  /** Has the provider end it; rows that were answered before are still given. */
  cancel(): void {
    this.#cancelled = true;
    this.#rouse();
  }

  /** The client is closed: this ends, what was handed over goes on. */
  abort(stop: Stop): void {
    this.#closed = LlmError.of({ code: "aborted", message: closedMessage }, stop.cause);
    this.#rouse();
  }

  async #run(rows: Iterator<ChatRequest> | AsyncIterator<ChatRequest> | undefined): Promise<void> {
    let broken: LlmError | undefined;
    try {
      const handle = rows ? await this.#create(rows) : readHandle(this.#options.resume);
      this.#rows = handle.rows;
      const isMade = handle.batches.some(({ id }) => id !== undefined);
      this.#handle.resolve(isMade ? (rows ? JSON.stringify(handle) : this.#options.resume!) : null);
      for (const [index, error] of handle.refused) await this.#fail(index, error);
      const refused = new Set(handle.refused.map(([index]) => index));
      await Promise.all(handle.batches.map((batch) => this.#follow(handle, batch, refused)));
    } catch (thrown) {
      broken = errorFrom(thrown);
      this.#handle.reject(broken);
    }
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
    this.#driver.running.delete(this);
    this.#driver.handles.release(this.#kept);
    this.#items.end(broken);
  }

  /** Reads all rows and hands them over. Nothing is sent before the last was read: what is wrong with one of them is known by then. */
  async #create(rows: Iterator<ChatRequest> | AsyncIterator<ChatRequest>): Promise<Handle> {
    const handle: Handle = { modelwire: FORM, route: { provider: "" }, rows: 0, kinds: [], refused: [], batches: [] };
    const kinds = new Map<string, number>();
    let files: Files | undefined;
    let first = "";
    try {
      for (; !this.#isOver(); handle.rows++) {
        const next = await read(rows);
        if (next.done) break;
        const index = handle.rows;
        const given = await this.#prepare(next.value, index);
        if (given.error) {
          handle.refused.push([index, given.error]);
          continue;
        }
        const made = await this.#ask<Row>("row", { request: given.request, index, first: !files });
        if (made.error) {
          handle.refused.push([index, made.error]);
          continue;
        }
        first ||= made.route;
        if (made.route !== first) throw errorOf("invalid-request", `batch: row ${index} is for ${made.route}, and the first for ${first}: all rows of a batch go the same way`);
        files ??= new Files(made.file!);
        const kind = kinds.get(made.kind) ?? kinds.size;
        kinds.set(made.kind, kind);
        if (!files.add(index, `${made.before}${kind}${made.behind}`)) {
          handle.refused.push([index, { code: "invalid-request", message: `batch: row ${index} is longer than a batch of this provider may be` }]);
        }
      }
    } catch (thrown) {
      void Promise.resolve(rows.return?.()).catch(() => {});
      throw thrown;
    }
    if (this.#isOver()) void Promise.resolve(rows.return?.()).catch(() => {});
    if (first) handle.route = JSON.parse(first);
    handle.kinds = [...kinds.keys()].map((kind) => JSON.parse(kind));
    for (const { from, to, body } of files?.end() ?? []) handle.batches.push({ from, to, ...(await this.#hand(handle.route, body)) });
    return handle;
  }

  async #prepare(request: ChatRequest, index: number): Promise<{ request?: object; error?: ErrorData }> {
    const kept: number[] = [];
    let given: object;
    try {
      given = await this.#driver.prepare(request, kept);
    } catch (thrown) {
      const error = errorFrom(thrown);
      this.#driver.handles.release(kept);
      // A client that is closed is no row's fault.
      if (this.#closed) throw error;
      return { error: dataOf(error) };
    }
    this.#kept.push(...kept);
    const { output } = given as { output?: { $handle?: number } };
    if (output?.$handle !== undefined) this.#outputs.set(index, output.$handle);
    return { request: given };
  }

  async #ask<T>(step: string, argument: object): Promise<T> {
    return JSON.parse((await this.#driver.ask(step, argument)) as string) as T;
  }

  /** Makes a batch of a file. */
  async #hand(route: object, body: Blob): Promise<{ id: string } | { error: ErrorData }> {
    if (this.#isOver()) return { error: dataOf(this.#closed ?? errorOf("aborted", notHandedOver)) };
    const file = this.#driver.handles.keep(body);
    try {
      let taken = await this.#ask<Taken>("upload", { route, file });
      for (;;) {
        if (taken.batch !== undefined) return { id: taken.batch };
        if (this.#isOver()) throw this.#closed ?? errorOf("aborted", notHandedOver);
        if (taken.pending === undefined) taken = await this.#ask<Taken>("create", { route, id: taken.file });
        else {
          await this.#nap(taken.waitMs);
          taken = await this.#ask<Taken>("file", { route, id: taken.pending });
        }
      }
    } catch (thrown) {
      return { error: dataOf(errorFrom(thrown)) };
    } finally {
      this.#driver.handles.release([file]);
    }
  }

  /** A batch until each of its rows has come to something. */
  async #follow(handle: Handle, batch: Made, refused: Set<number>): Promise<void> {
    const seen = new Uint8Array(batch.to - batch.from);
    for (const index of refused) if (index >= batch.from && index < batch.to) seen[index - batch.from] = 1;
    const rest = batch.error ?? (await this.#results(handle, batch, seen).catch((thrown) => dataOf(errorFrom(thrown))));
    if (!rest) return;
    for (const [at, is] of seen.entries()) if (!is) await this.#fail(batch.from + at, { ...rest, provider: rest.provider ?? handle.route.provider });
  }

  /** Gives the results of a batch when it is over: what the rows came to that have none. Null: nobody wants to know. */
  async #results(handle: Handle, batch: Made, seen: Uint8Array): Promise<ErrorData | null> {
    const { route } = handle;
    const looked = await this.#end(handle, batch);
    if (!looked) return null;
    // Lines of the file, in which those that were refused are not.
    const lines = looked.lines.length ? [...seen.keys()].filter((at) => !seen[at]) : [];
    for (const [line, error] of looked.lines) {
      const at = lines[line - 1];
      if (at === undefined || seen[at]) continue;
      seen[at] = 1;
      await this.#fail(batch.from + at, { ...error, provider: route.provider });
    }
    for (let reads = 1; ; reads++) {
      let trouble: LlmError | undefined;
      for (const file of looked.files) {
        try {
          await this.#read(handle, batch, file, seen, reads > 1);
        } catch (thrown) {
          trouble = errorFrom(thrown);
        }
        if (this.#closed) throw this.#closed;
        if (this.#left) return null;
      }
      if (!trouble) return looked.rest;
      if (!trouble.retryable || reads === MOST_READS) throw trouble;
      const again = await this.#ask<Looked>("look", { route, id: batch.id });
      await this.#nap(again.waitMs);
    }
  }

  /** Looks at a batch until it is over. */
  async #end(handle: Handle, batch: Made): Promise<Looked | null> {
    const driver = this.#driver;
    const since = driver.now();
    const about = { route: handle.route, id: batch.id };
    let heard = since;
    let isAsked = false;
    for (;;) {
      if (this.#closed) throw this.#closed;
      if (this.#cancelled && !isAsked) {
        // That it was over already is seen below; what does not get there is asked again.
        isAsked = await driver.ask("cancel", about).then(() => true, (thrown) => !errorFrom(thrown).retryable);
        if (isAsked && this.#left) return null;
      }
      const now = driver.now();
      const looked = await this.#ask<Looked>("look", { ...about, waitedMs: now - since, silentMs: now - heard });
      if (!looked.trouble) {
        heard = driver.now();
        this.#counts.set(batch, looked);
        this.#tell();
        if (looked.ended) return looked;
      }
      if (!this.#cancelled || isAsked) await this.#nap(looked.waitMs, isAsked);
    }
  }

  /** Reads one file of results. */
  async #read(handle: Handle, batch: Made, file: string, seen: Uint8Array, again: boolean): Promise<void> {
    const { route, kinds, rows } = handle;
    const body = (await this.#driver.ask("results", { route, id: batch.id, file })) as ReadableStream<Uint8Array> | null;
    if (!body) throw errorOf("malformed", "batch: the results have no body");
    let isBroken = false;
    for await (const lines of linesOf(body, (read) => this.#inTime(read))) {
      // What was read before the connection broke is neither given nor billed again.
      const skip = again ? { from: batch.from, skip: seen.join("") } : {};
      const results = await this.#ask<Result[]>("read", { route, kinds, rows, lines, ...skip });
      await this.#driver.written();
      for (const result of results) {
        if (!result) {
          isBroken = true;
          continue;
        }
        const [index, kind, response, error] = result;
        const at = index - batch.from;
        if (seen[at] !== 0) continue;
        seen[at] = 1;
        const { model, output, warnings = [] } = kinds[kind]!;
        if (error) await this.#fail(index, { ...error, provider: route.provider, model });
        else {
          response!.warnings.unshift(...(warnings as Warning[]));
          await this.#answer(index, response!, output ?? undefined);
        }
      }
      if (this.#left || this.#closed) return;
    }
    if (isBroken && seen.includes(0)) throw LlmError.of({ code: "truncated", message: "batch: a line of the results is not whole", retryable: true });
  }

  /** A read of a connection that may fall silent. */
  async #inTime<T>(read: Promise<T>): Promise<T> {
    const timer = new AbortController();
    const late = this.#driver.sleep(IDLE_MS, timer.signal).then(() => {
      throw new Error(`nothing more arrived within ${IDLE_MS} ms`);
    });
    late.catch(() => {});
    try {
      return await Promise.race([read, late]);
    } catch (thrown) {
      throw LlmError.of({ code: "network", message: `batch: the connection broke while the results were arriving: ${describe(thrown)}`, retryable: true }, thrown);
    } finally {
      timer.abort();
    }
  }

  async #answer(index: number, response: ChatResponse, output: object | undefined): Promise<void> {
    reviveResponse(response);
    if (output && "output" in response && response.output !== undefined) {
      const handle = this.#outputs.get(index) ?? this.#driver.handles.keep(output);
      if (!this.#outputs.has(index)) {
        this.#kept.push(handle);
        response.warnings.push({ code: "schema-lost", message: "output was validated against the JSON Schema in the handle: what the schema object would have made of it is not known after a reload", setting: "output" });
      }
      Object.assign(response, { outputHandle: handle });
      try {
        await this.#driver.check(response);
      } catch (thrown) {
        return this.#fail(index, errorFrom(thrown));
      }
    }
    this.#nano += response.cost?.nanoUsd ?? 0;
    await this.#give({ index, ok: true, response });
  }

  #fail(index: number, error: ErrorData | LlmError): Promise<void> {
    this.#failed++;
    return this.#give({ index, ok: false, error: isLlmError(error) ? error : LlmError.of(error) });
  }

  /** Gives an item; waits while nobody takes the others. */
  async #give(item: BatchItem): Promise<void> {
    this.#done++;
    this.#items.push(item);
    this.#tell();
    while (!this.#items.isWanting(MOST_WAITING) && !this.#left && !this.#closed) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** As the provider counts, or as they were given, whichever is further. */
  #tell(): void {
    let [answered, failed] = [0, 0];
    for (const counts of this.#counts.values()) (answered += counts.answered), (failed += counts.failed);
    const total = this.#rows;
    tell(this.#options, { done: Math.min(total, Math.max(this.#done, answered + failed)), failed: Math.max(this.#failed, failed), total, usd: this.#nano / 1e9 });
  }

  #isOver(): boolean {
    return this.#cancelled || this.#closed !== undefined;
  }

  /** The loop is left when the provider was told. */
  #leave(): Promise<void> {
    this.#left = true;
    this.cancel();
    return this.#ended;
  }

  #room(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const one of waiting) one();
  }

  #rouse(): void {
    for (const nap of this.#naps) nap.abort();
    this.#room();
  }

  /** Waits; not at all for what nobody wants any more, and never longer than until that is so. */
  async #nap(ms: number, isAsked = false): Promise<void> {
    if (this.#closed || (this.#cancelled && !isAsked)) return;
    const nap = new AbortController();
    this.#naps.add(nap);
    await this.#driver.sleep(ms, nap.signal);
    this.#naps.delete(nap);
  }
}

async function read(rows: Iterator<ChatRequest> | AsyncIterator<ChatRequest>): Promise<IteratorResult<ChatRequest>> {
  try {
    return await rows.next();
  } catch (thrown) {
    throw unreadable(thrown);
  }
}

function dataOf(error: LlmError): ErrorData {
  return JSON.parse(JSON.stringify(error)) as ErrorData;
}
