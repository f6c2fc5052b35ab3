// A ReadableStream that costs one only when it is used as one.
//
// Iterators and readers take values straight from the supply: the platform's stream machinery costs more than parsing the answer.
// They still hold a real lock, so that `locked`, `closed`, `tee`, `pipeTo` and transfer behave; these reach the same supply through `pull`.
import type { Supply } from "./pump.ts";
import { asyncDispose } from "./symbols.ts";

interface Waiter<T> {
  resolve(result: IteratorResult<T, undefined>): void;
  reject(error: unknown): void;
  /** It is a reader's: it leaves with the lock, and a failure is told to each of them. */
  reads?: boolean | undefined;
  /** What an iterator does about a failure. */
  failed?: (() => void) | undefined;
  promise?: Promise<unknown> | undefined;
}

const finished = { value: undefined, done: true } as const;

export class PullStream<T> extends ReadableStream<T> {
  readonly #supply: Supply<T>;
  #controller!: ReadableStreamDefaultController<T>;
  #waiters: Waiter<T>[] = [];
  /** The lock is this library's: `cancel()` may pass it. */
  #mine = false;
  #touched = false;
  /** The machinery has run, and may hold a value that comes before the supply's next. */
  #pulled = false;
  #onEnd: (() => void) | undefined;

  constructor(supply: Supply<T>) {
    let controller!: ReadableStreamDefaultController<T>;
    let self: PullStream<T>;
    super(
      {
        start: (given) => void (controller = given),
        pull: () => self.#pull(),
        cancel: () => supply.cancel(),
      },
      { highWaterMark: 0 },
    );
    self = this;
    this.#controller = controller;
    this.#supply = supply;
    supply.onEnd(() => this.#ended());
  }

  /** Locks it for good, for a reader of this library's that goes to the end. */
  protected claim(mayBeRead = false): void {
    if (this.locked) throw new TypeError("this stream is locked: something else reads it");
    if (this.#touched && !mayBeRead) throw new TypeError("this stream was read already");
    super.getReader();
    this.#mine = true;
  }

  override cancel(reason?: unknown): Promise<void> {
    if (!this.#mine) return super.cancel(reason);
    this.#supply.cancel();
    return Promise.resolve();
  }

  // The platform's own reader, but for where its values come from. (Its types say nothing of ours.)
  override getReader(options?: object): any {
    const reader = super.getReader(options as undefined) as ReadableStreamDefaultReader<T>;
    const { read, releaseLock } = reader;
    return Object.assign(reader, {
      read: () => (this.#pulled ? read.call(reader) : this.#ask(true)),
      releaseLock: () => {
        Object.assign(reader, { read, releaseLock }).releaseLock();
        const left = this.#waiters.filter(({ reads }) => reads);
        this.#waiters = this.#waiters.filter(({ reads }) => !reads);
        for (const { reject } of left) reject(new TypeError("the reader was released"));
      },
    });
  }

  override values({ preventCancel = false }: { preventCancel?: boolean } = {}): AsyncGenerator<T, undefined, unknown> {
    const reader = super.getReader();
    this.#mine = true;
    let done = false;
    let last: Promise<unknown> | undefined;
    const finish = () => {
      if (done) return;
      done = true;
      this.#mine = false;
      this.#onEnd = undefined;
      reader.releaseLock();
    };
    this.#onEnd = finish;

    const next = (): Promise<IteratorResult<T, undefined>> => {
      if (done) return Promise.resolve(finished);
      if (!this.#pulled) return (last = this.#ask(false, finish));
      const result = reader.read() as Promise<IteratorResult<T, undefined>>;
      result.then((read) => read.done && finish(), finish);
      return (last = result);
    };
    const end = async (reason: unknown) => {
      if (done) return;
      if (preventCancel) {
        await last?.catch(() => {});
        finish();
      } else {
        const cancelled = reader.cancel(reason);
        finish();
        await cancelled;
      }
    };
    const iterator: Omit<AsyncGenerator<T, undefined, unknown>, typeof Symbol.asyncDispose> = {
      next,
      async return(value) {
        await end(value);
        return { value: (await value) as undefined, done: true };
      },
      async throw(error) {
        await end(error);
        throw error;
      },
      [Symbol.asyncIterator]: () => iterator as AsyncGenerator<T, undefined, unknown>,
    };
    return Object.assign(iterator, { [asyncDispose]: () => end(undefined) }) as AsyncGenerator<T, undefined, unknown>;
  }

  override [Symbol.asyncIterator](options?: { preventCancel?: boolean }): AsyncGenerator<T, undefined, unknown> {
    return this.values(options);
  }

  /** The next value, past the machinery. */
  #ask(reads: boolean, failed?: () => void): Promise<IteratorResult<T, undefined>> {
    if (this.#waiters.length === 0) {
      this.#touched = true;
      const value = this.#supply.take();
      if (value !== undefined) return Promise.resolve({ value, done: false });
    }
    return this.#later(reads, failed);
  }

  // Apart: what a closure holds is made anew whenever the function around it is called.
  #later(reads: boolean, failed: (() => void) | undefined): Promise<IteratorResult<T, undefined>> {
    let waiter!: Waiter<T>;
    const promise = new Promise<IteratorResult<T, undefined>>((resolve, reject) => (waiter = { resolve, reject, reads, failed, promise: undefined }));
    waiter.promise = promise;
    this.#wait(waiter);
    return promise;
  }

  #pull(): Promise<void> | undefined {
    this.#pulled = this.#touched = true;
    if (this.#waiters.length === 0 && this.#enqueue()) return undefined;
    return new Promise((resolve, reject) =>
      this.#wait({
        // Into the queue in the same turn in which it was taken: the end may follow in the next.
        resolve: ({ value, done }) => {
          if (!done) {
            this.#controller.enqueue(value);
            this.#enqueue();
          }
          resolve();
        },
        reject,
      }),
    );
  }

  /** Hands the machinery what is at hand: asked for each value by itself, it makes two promises of each. A failure empties its queue. */
  #enqueue(): boolean {
    let any = false;
    for (let value; (value = this.#supply.takeAhead()) !== undefined; any = true) this.#controller.enqueue(value);
    return any;
  }

  #wait(waiter: Waiter<T>): void {
    this.#touched = true;
    if (this.#waiters.push(waiter) === 1) this.#serve();
  }

  /** Gives those who wait what there is, in order. */
  readonly #serve = (): void => {
    const supply = this.#supply;
    while (this.#waiters.length) {
      const value = supply.take();
      if (value !== undefined) this.#waiters.shift()!.resolve({ value, done: false });
      else if (supply.over || supply.failure) {
        const [first, ...others] = this.#waiters.splice(0);
        if (supply.failure) {
          // A `next()` that nobody awaits is not a crash.
          if (first!.failed) first!.promise!.catch(() => {});
          first!.reject(supply.failure);
          first!.failed?.();
        } else first!.resolve(finished);
        for (const other of others) other.reads && supply.failure ? other.reject(supply.failure) : other.resolve(finished);
        this.#ended();
      } else return supply.more(this.#serve);
    }
  };

  #ended(): void {
    try {
      if (this.#supply.failure) this.#controller.error(this.#supply.failure);
      else this.#controller.close();
    } catch {
      // It is closed already.
    }
    if (this.#supply.over) this.#onEnd?.();
  }
}
