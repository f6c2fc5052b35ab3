// The results of a batch, between who makes them and who takes them: one after the other as they come, or all in order.
import { withResolvers, type Resolvers } from "../promises.ts";
import { describe, errorOf, report, type LlmError } from "../errors.ts";
import type { BatchItem, BatchOptions } from "../types.ts";

export class Items {
  /** Items that nobody has taken yet. */
  #waiting: BatchItem[] = [];
  /** All of them, once somebody asked for that. */
  #kept: BatchItem[] | undefined;
  #keeping: Resolvers<BatchItem[]> | undefined;
  #taken = 0;
  #over = false;
  #broken: LlmError | undefined;
  #wake: (() => void)[] = [];
  readonly #onTaken: () => void;
  readonly #onLeave: () => void | Promise<void>;

  /** `onTaken`: there is room again. `onLeave`: the reader has left the loop. */
  constructor(onTaken: () => void, onLeave: () => void | Promise<void>) {
    this.#onTaken = onTaken;
    this.#onLeave = onLeave;
  }

  /** All items, in the order of the rows. */
  get results(): Promise<BatchItem[]> {
    if (!this.#keeping) {
      this.#keeping = withResolvers();
      if (this.#taken > 0) this.#keeping.reject(errorOf("invalid-request", "batch: results must be asked for before the first item is taken: items that were taken are not kept"));
      else this.#kept = [...this.#waiting];
      this.#settle();
      this.#onTaken();
    }
    return this.#keeping.promise;
  }

  /** Items as they finish. */
  [Symbol.asyncIterator](): AsyncIterator<BatchItem> {
    return {
      next: async () => {
        for (;;) {
          const item = this.#waiting.shift();
          if (item) {
            this.#taken++;
            this.#onTaken();
            return { done: false, value: item };
          }
          if (this.#over) {
            if (this.#broken) throw this.#broken;
            return { done: true, value: undefined };
          }
          await new Promise<void>((resolve) => this.#wake.push(resolve));
        }
      },
      return: async () => {
        await this.#onLeave();
        return { done: true, value: undefined };
      },
    };
  }

  /** Whether more are wanted: somebody wants all of them, or fewer than `most` wait. */
  isWanting(most: number): boolean {
    return this.#kept !== undefined || this.#waiting.length < most;
  }

  push(item: BatchItem): void {
    this.#waiting.push(item);
    this.#kept?.push(item);
    this.#settle();
  }

  /** There will be no more. `broken`: because of this. */
  end(broken?: LlmError): void {
    if (this.#over) return;
    this.#over = true;
    this.#broken = broken;
    this.#settle();
  }

  #settle(): void {
    const wake = this.#wake;
    this.#wake = [];
    for (const one of wake) one();
    if (!this.#over || !this.#keeping) return;
    if (this.#broken) this.#keeping.reject(this.#broken);
    else this.#keeping.resolve((this.#kept ?? []).sort((one, other) => one.index - other.index));
  }
}

/** Tells how far it is; what the listener throws is its own matter. */
export function tell({ onProgress }: BatchOptions, progress: Parameters<NonNullable<BatchOptions["onProgress"]>>[0]): void {
  try {
    onProgress?.(progress);
  } catch (thrown) {
    report(thrown);
  }
}

/** Reading the rows failed. */
export function unreadable(thrown: unknown): LlmError {
  return errorOf("invalid-request", `batch: reading the requests failed: ${describe(thrown)}`, thrown);
}
