// One answer that several callers read, while it is recorded or as it was kept: a tape, and who wants how much of it.
//
// It is read as a response's body is read, each reader at his own pace; who records it is asked to go on while somebody waits.
import { withResolvers, type Resolvers } from "../promises.ts";

const MOMENT = /(?=data: \["at",(\d+)\]\n)/;

/** What a flight came to. */
export interface Landed {
  /** The end of its tape. */
  end: string;
  /** Whether it is to be kept. */
  kept: boolean;
  usage?: unknown;
  nanoUsd?: number | null;
}

type Used = Pick<Landed, "usage" | "nanoUsd">;

/** Sleeps by the client's clock. */
export type Sleep = (ms: number) => Promise<void>;

export class Flight {
  readonly #pieces: string[] = [];
  readonly #readers = new Set<Reader>();
  #hungry: Resolvers<void> | undefined;
  #over = false;
  /** Whether it ended with a failure. */
  failed = false;
  /** Nobody reads it any more. */
  onDeserted: () => void = () => {};
  #landed: Used | undefined;
  readonly #waiting: ((used: Used) => void)[] = [];
  /** Each piece, once; for readers elsewhere. */
  onPiece: ((piece: string) => void) | undefined;
  /** Readers elsewhere: they want all there is. */
  #remote = 0;

  get over(): boolean {
    return this.#over;
  }

  get isDeserted(): boolean {
    return this.#readers.size === 0 && this.#remote === 0;
  }

  get text(): string {
    return this.#pieces.join("");
  }

  add(piece: string): void {
    if (this.#over || piece === "") return;
    this.#pieces.push(piece);
    this.onPiece?.(piece);
    this.#wake();
  }

  /** There is nothing more. */
  end(): void {
    this.#over = true;
    this.#wake();
    this.#hungry?.resolve();
  }

  /** It is whole, and what it used is known; of a failure nothing is. */
  land(used: Used): void {
    this.#landed = used;
    for (const told of this.#waiting.splice(0)) told(used);
  }

  /** Calls back when it has landed, or at once. */
  onLanded(told: (used: Used) => void): void {
    if (this.#landed) told(this.#landed);
    else this.#waiting.push(told);
  }

  /** `error`: JSON of an ErrorData. */
  fail(error: string): void {
    this.failed = true;
    // As src/tape.rs writes it.
    this.add(`data: ["error",${error}]\n\n`);
    this.end();
  }

  /** Resolves when a reader has had all there is; at once when one has. */
  wanted(): Promise<void> {
    if (this.#over || this.#remote > 0 || [...this.#readers].some((reader) => reader.wake)) return Promise.resolve();
    return (this.#hungry ??= withResolvers<void>()).promise;
  }

  readElsewhere(change: 1 | -1): void {
    this.#remote += change;
    if (change > 0) this.#hungry?.resolve();
    else if (this.isDeserted) this.onDeserted();
  }

  /** A reader, until it has read all or its signal is aborted. */
  join(signal: AbortSignal): Reader {
    const reader: Reader = { at: 0, wake: undefined, leave: () => this.#leave(reader) };
    this.#readers.add(reader);
    signal.addEventListener("abort", reader.leave);
    return reader;
  }

  /** What a reader reads. `pace`: as it was recorded, instead of at once. */
  response(reader: Reader, pace?: Sleep): Response {
    const encoder = new TextEncoder();
    const paced = pace && this.#paced(pace);
    const body = new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          if (paced) {
            const { done, value } = await paced.next();
            return done ? controller.close() : controller.enqueue(encoder.encode(value));
          }
          while (reader.at === this.#pieces.length) {
            if (this.#over || !this.#readers.has(reader)) return controller.close();
            this.#hungry?.resolve();
            this.#hungry = undefined;
            await new Promise<void>((resolve) => (reader.wake = resolve));
            reader.wake = undefined;
          }
          const text = this.#pieces.slice(reader.at).join("");
          reader.at = this.#pieces.length;
          controller.enqueue(encoder.encode(text));
        },
        cancel: () => reader.leave(),
      },
      { highWaterMark: 0 },
    );
    return new Response(body);
  }

  async *#paced(sleep: Sleep): AsyncGenerator<string> {
    let now = 0;
    // Alternately a stretch and the moment of the one behind it; a moment at the very beginning would not be split off.
    const parts = `\n${this.text}`.split(MOMENT);
    for (let index = 0; index < parts.length; index += 2) {
      const at = Number(parts[index - 1] ?? 0);
      if (at > now) await sleep(at - now);
      now = Math.max(now, at);
      if (parts[index]) yield parts[index]!;
    }
  }

  #leave(reader: Reader): void {
    if (!this.#readers.delete(reader)) return;
    reader.wake?.();
    if (this.isDeserted && !this.#over) this.onDeserted();
  }

  #wake(): void {
    for (const { wake } of this.#readers) wake?.();
  }
}

export interface Reader {
  /** How many pieces it has had. */
  at: number;
  /** Set while it waits for the next. */
  wake: (() => void) | undefined;
  leave: () => void;
}
