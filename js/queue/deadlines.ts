// When jobs must have been started: one timer for all of them.
import type { Wake } from "../host.ts";

export class Deadlines {
  readonly #now: () => number;
  readonly #wake: Wake;
  readonly #late: (id: string) => void;
  readonly #times = new Map<string, number>();
  #rings = Infinity;
  #stop: (() => void) | undefined;

  constructor({ now, wake }: { now(): number; wake: Wake }, late: (id: string) => void) {
    this.#now = now;
    this.#wake = wake;
    this.#late = late;
  }

  /** `at`: in milliseconds since 1970. */
  add(id: string, at: number): void {
    this.#times.set(id, at);
    if (at < this.#rings) this.#set(at);
  }

  met(id: string): void {
    this.#times.delete(id);
  }

  close(): void {
    this.#times.clear();
    this.#stop?.();
  }

  #set(at: number): void {
    this.#stop?.();
    this.#rings = at;
    this.#stop = this.#wake(() => this.#ring(), Math.max(0, at - this.#now()));
  }

  #ring(): void {
    this.#rings = Infinity;
    const now = this.#now();
    let next = Infinity;
    for (const [id, at] of this.#times) {
      if (at > now) next = Math.min(next, at);
      else {
        this.#times.delete(id);
        this.#late(id);
      }
    }
    if (next < Infinity) this.#set(next);
  }
}
