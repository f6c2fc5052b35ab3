// `client.batch`: many calls, some at a time. Loaded when the first is made.
import { describe, errorFrom, errorOf, report, type LlmError } from "./errors.ts";
import type { BatchItem, BatchOptions, ChatRequest, ChatResponse } from "./types.ts";

/** What a client without a limit of its own stands, and its provider too. */
const USUAL_CONCURRENCY = 8;

const KNOWN = ["concurrency", "signal", "stopOnError", "onProgress", "mode", "resume"];

type Rows = Iterable<ChatRequest> | AsyncIterable<ChatRequest>;

export class Batch {
  readonly #chat: (request: ChatRequest) => Promise<ChatResponse>;
  readonly #options: BatchOptions;
  readonly #rows: Iterator<ChatRequest> | AsyncIterator<ChatRequest>;
  readonly #most: number;
  readonly #running = new Map<number, AbortController>();
  /** Items that nobody has taken yet. */
  #finished: BatchItem[] = [];
  /** All of them, once somebody asked for that. */
  #kept: BatchItem[] | undefined;
  #keeping: PromiseWithResolver<BatchItem[]> | undefined;
  #taken = 0;
  #read = 0;
  #reading = false;
  /** There is nothing more to read, or nobody wants it. */
  #ended = false;
  /** Why the rows ended that were not all. */
  #broken: LlmError | undefined;
  #total: number | null;
  #done = 0;
  #failed = 0;
  #nano = 0;
  #wake: (() => void)[] = [];
  readonly #onAbort = () => this.cancel();

  constructor(chat: (request: ChatRequest) => Promise<ChatResponse>, rows: Rows, options: BatchOptions = {}) {
    const unknown = Object.keys(options).find((name) => !KNOWN.includes(name));
    if (unknown !== undefined) throw errorOf("invalid-request", `batch: ${unknown} is not known; there is ${KNOWN.join(", ")}`);
    const { concurrency = USUAL_CONCURRENCY, mode, resume, signal } = options;
    if (resume !== undefined || (mode !== undefined && mode !== "local")) {
      throw errorOf("unsupported", `batch: ${resume === undefined ? "mode" : "resume"}: the batch APIs of providers are not supported yet; only mode "local"`);
    }
    if (!Number.isInteger(concurrency) || concurrency < 1) throw errorOf("invalid-request", `batch: concurrency must be a whole number of at least 1, not ${String(concurrency)}`);
    if (typeof options.onProgress !== "function" && options.onProgress !== undefined) throw errorOf("invalid-request", "batch: onProgress must be a function");
    this.#chat = chat;
    this.#options = options;
    this.#most = concurrency;
    this.#rows = iteratorOf(rows);
    const { length, size } = rows as { length?: number; size?: number };
    this.#total = length ?? size ?? null;
    if (signal?.aborted) this.cancel();
    else signal?.addEventListener("abort", this.#onAbort);
    void this.#fill();
  }

  /** All items, in the order of the rows. */
  get results(): Promise<BatchItem[]> {
    if (!this.#keeping) {
      this.#keeping = withResolver();
      if (this.#taken > 0) this.#keeping.reject(errorOf("invalid-request", "batch: results must be asked for before the first item is taken: items that were taken are not kept"));
      else this.#kept = [...this.#finished];
      this.#settle();
      void this.#fill();
    }
    return this.#keeping.promise;
  }

  /** Items as they finish. Leaving the loop cancels what is left. */
  [Symbol.asyncIterator](): AsyncIterator<BatchItem> {
    return {
      next: async () => {
        for (;;) {
          const item = this.#finished.shift();
          if (item) {
            this.#taken++;
            void this.#fill();
            return { done: false, value: item };
          }
          if (this.#isOver()) {
            if (this.#broken) throw this.#broken;
            return { done: true, value: undefined };
          }
          await new Promise<void>((resolve) => this.#wake.push(resolve));
        }
      },
      return: async () => {
        this.cancel();
        return { done: true, value: undefined };
      },
    };
  }

  /** Nothing more is read, and what runs is aborted. */
  cancel(): void {
    if (!this.#ended) void Promise.resolve(this.#rows.return?.()).catch(() => {});
    this.#ended = true;
    for (const controller of this.#running.values()) controller.abort();
    this.#settle();
  }

  /** Reads rows while there are places. Without a reader only as many answers wait as calls may run: a million rows are no million answers. */
  async #fill(): Promise<void> {
    if (this.#reading) return;
    this.#reading = true;
    const hasRoom = () => this.#running.size < this.#most && (this.#kept !== undefined || this.#finished.length < this.#most);
    while (!this.#ended && hasRoom()) {
      try {
        const { done, value } = await this.#rows.next();
        if (this.#ended) break;
        if (done) {
          this.#ended = true;
          this.#total = this.#read;
        } else void this.#run(this.#read++, value);
      } catch (thrown) {
        this.#ended = true;
        this.#broken = errorOf("invalid-request", `batch: reading the requests failed: ${describe(thrown)}`, thrown);
      }
    }
    this.#reading = false;
    this.#settle();
  }

  async #run(index: number, request: ChatRequest): Promise<void> {
    const controller = new AbortController();
    this.#running.set(index, controller);
    const own = request?.signal;
    const onAbort = () => controller.abort(own!.reason);
    if (own?.aborted) onAbort();
    else own?.addEventListener("abort", onAbort);
    let item: BatchItem;
    try {
      // What is no request is this row's failure, and no other's.
      item = { index, ok: true, response: await this.#chat(typeof request === "object" && request ? { ...request, signal: controller.signal } : request) };
      this.#nano += item.response.cost?.nanoUsd ?? 0;
    } catch (thrown) {
      item = { index, ok: false, error: errorFrom(thrown) };
      this.#failed++;
    }
    own?.removeEventListener("abort", onAbort);
    this.#running.delete(index);
    this.#done++;
    this.#finished.push(item);
    this.#kept?.push(item);
    this.#tell();
    if (!item.ok && this.#options.stopOnError) this.cancel();
    this.#settle();
    void this.#fill();
  }

  #tell(): void {
    try {
      this.#options.onProgress?.({ done: this.#done, failed: this.#failed, total: this.#total, usd: this.#nano / 1e9 });
    } catch (thrown) {
      report(thrown);
    }
  }

  #isOver(): boolean {
    return this.#ended && this.#running.size === 0;
  }

  #settle(): void {
    const wake = this.#wake;
    this.#wake = [];
    for (const one of wake) one();
    if (!this.#isOver()) return;
    // A long-lived signal must not collect listeners.
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
    if (!this.#keeping) return;
    if (this.#broken) this.#keeping.reject(this.#broken);
    else this.#keeping.resolve((this.#kept ?? []).sort((one, other) => one.index - other.index));
  }
}

function iteratorOf(rows: Rows): Iterator<ChatRequest> | AsyncIterator<ChatRequest> {
  // A text is iterable too, letter by letter.
  if (typeof rows === "object" && rows !== null) {
    const { [Symbol.asyncIterator]: later, [Symbol.iterator]: now } = rows as Partial<AsyncIterable<ChatRequest> & Iterable<ChatRequest>>;
    if (typeof later === "function") return later.call(rows);
    if (typeof now === "function") return now.call(rows);
  }
  throw errorOf("invalid-request", "batch: the requests must be an array, or something else that can be iterated");
}

interface PromiseWithResolver<T> {
  promise: Promise<T>;
  resolve(value: T): void;
  reject(error: unknown): void;
}

function withResolver<T>(): PromiseWithResolver<T> {
  const made = {} as PromiseWithResolver<T>;
  made.promise = new Promise((resolve, reject) => Object.assign(made, { resolve, reject }));
  // Who asks for it handles it; who does not is not told of it as unhandled.
  made.promise.catch(() => {});
  return made;
}
