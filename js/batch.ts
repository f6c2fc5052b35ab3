// `client.batch`: many calls, some at a time. Loaded when the first is made; what hands them to a provider's batch API is a
// chunk of its own.
import { Items, tell, unreadable } from "./batch/items.ts";
import type { Driver } from "./batch/provider.ts";
import { errorFrom, errorOf, part, type LlmError } from "./errors.ts";
import type { BatchItem, BatchOptions, ChatRequest, ChatResponse } from "./types.ts";

/** What a client without a limit of its own stands, and its provider too. */
const USUAL_CONCURRENCY = 8;

const KNOWN = ["concurrency", "signal", "stopOnError", "onProgress", "mode", "resume"];

export type Rows = Iterable<ChatRequest> | AsyncIterable<ChatRequest>;

/** What `client.batch` gives, once this part of the package is loaded. */
export interface Begun extends AsyncIterable<BatchItem> {
  readonly results: Promise<BatchItem[]>;
  readonly handle: Promise<string | null>;
  cancel(): void;
}

/** Begins a batch of the mode that its options name. */
export async function begin(driver: Driver, rows: Rows, options: BatchOptions = {}): Promise<Begun> {
  const unknown = Object.keys(options).find((name) => !KNOWN.includes(name));
  if (unknown !== undefined) throw errorOf("invalid-request", `batch: ${unknown} is not known; there is ${KNOWN.join(", ")}`);
  const { mode, resume, onProgress } = options;
  if (mode !== undefined && mode !== "local" && mode !== "provider") throw errorOf("invalid-request", `batch: mode must be "local" or "provider", not ${String(mode)}`);
  if (resume !== undefined && mode === "local") throw errorOf("invalid-request", 'batch: resume is for mode "provider": what ran here ended with its page');
  if (typeof onProgress !== "function" && onProgress !== undefined) throw errorOf("invalid-request", "batch: onProgress must be a function");
  if (mode !== "provider" && resume === undefined) return new Batch(driver.chat, iteratorOf(rows), rows, options);
  const { ProviderBatch } = await part(import("./batch/provider.ts"));
  return new ProviderBatch(driver, resume === undefined ? iteratorOf(rows) : undefined, options);
}

class Batch implements Begun {
  readonly handle = Promise.resolve(null);
  readonly #chat: (request: ChatRequest) => Promise<ChatResponse>;
  readonly #options: BatchOptions;
  readonly #rows: Iterator<ChatRequest> | AsyncIterator<ChatRequest>;
  readonly #most: number;
  readonly #running = new Map<number, AbortController>();
  readonly #items = new Items(() => void this.#fill(), () => this.cancel());
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
  readonly #onAbort = () => this.cancel();

  constructor(chat: (request: ChatRequest) => Promise<ChatResponse>, rows: Iterator<ChatRequest> | AsyncIterator<ChatRequest>, source: Rows, options: BatchOptions) {
    const { concurrency = USUAL_CONCURRENCY, signal } = options;
    if (!Number.isInteger(concurrency) || concurrency < 1) throw errorOf("invalid-request", `batch: concurrency must be a whole number of at least 1, not ${String(concurrency)}`);
    this.#chat = chat;
    this.#options = options;
    this.#most = concurrency;
    this.#rows = rows;
    const { length, size } = source as { length?: number; size?: number };
    this.#total = length ?? size ?? null;
    if (signal?.aborted) this.cancel();
    else signal?.addEventListener("abort", this.#onAbort);
    void this.#fill();
  }

  get results(): Promise<BatchItem[]> {
    return this.#items.results;
  }

  /** Leaving the loop cancels what is left. */
  [Symbol.asyncIterator](): AsyncIterator<BatchItem> {
    return this.#items[Symbol.asyncIterator]();
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
    while (!this.#ended && this.#running.size < this.#most && this.#items.isWanting(this.#most)) {
      try {
        const { done, value } = await this.#rows.next();
        if (this.#ended) break;
        if (done) {
          this.#ended = true;
          this.#total = this.#read;
        } else void this.#run(this.#read++, value);
      } catch (thrown) {
        this.#ended = true;
        this.#broken = unreadable(thrown);
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
    this.#items.push(item);
    tell(this.#options, { done: this.#done, failed: this.#failed, total: this.#total, usd: this.#nano / 1e9 });
    if (!item.ok && this.#options.stopOnError) this.cancel();
    this.#settle();
    void this.#fill();
  }

  #settle(): void {
    if (!this.#ended || this.#running.size > 0) return;
    // A long-lived signal must not collect listeners.
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
    this.#items.end(this.#broken);
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
