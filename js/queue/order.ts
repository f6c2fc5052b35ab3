// What becomes of jobs: who is next, who is too late, what a crash leaves behind, what is forgotten. Values in, values out; the
// time is an argument.
//
// In TypeScript and not in the core: it is needed by who has a queue, and a part of the package that nobody else loads.
import type { Job } from "../types.ts";

/** How much waiting one step of priority is worth, as in the line before a limit (policy/limit/lanes.rs). */
const AGEING_MS = 10_000;

/** Milliseconds since 1970, and which it was of those in the same one. */
export interface Arrival {
  at: number;
  nth: number;
}

/** A place in line. Everybody ages alike, so it never changes. */
export interface Place {
  id: string;
  /** Lower goes first. */
  rank: number;
  nth: number;
}

export function placeOf({ id, at, nth, priority }: Arrival & { id: string; priority: number }): Place {
  return { id, rank: at - priority * AGEING_MS, nth };
}

const goesBefore = (one: Place, other: Place) => one.rank < other.rank || (one.rank === other.rank && one.nth < other.nth);

export const byArrival = (one: Arrival, other: Arrival) => one.at - other.at || one.nth - other.nth;

/** Those who wait, the next one last: taking it moves nobody. */
export class Line {
  readonly #places: Place[] = [];
  readonly #ids = new Set<string>();

  get length(): number {
    return this.#places.length;
  }

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  /** Who is in line already keeps his place. */
  join(place: Place): void {
    if (this.#ids.has(place.id)) return;
    let [low, high] = [0, this.#places.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (goesBefore(place, this.#places[middle]!)) low = middle + 1;
      else high = middle;
    }
    this.#places.splice(low, 0, place);
    this.#ids.add(place.id);
  }

  next(): string | undefined {
    const id = this.#places.pop()?.id;
    if (id !== undefined) this.#ids.delete(id);
    return id;
  }
}

/** Whether it should have been started by now. What was started once has met its deadline, whatever became of it. */
export const isLate = ({ attempts, deadline }: { attempts: number; deadline?: number | undefined }, now: number) => attempts === 0 && deadline !== undefined && deadline <= now;

/** Whether it is over. */
export const isOver = (state: Job["state"]) => state !== "waiting" && state !== "running";

/** What a new leader makes of a job that somebody else has left running: it waits again, in its old place. */
export const afterCrash = (state: Job["state"]): Job["state"] => (state === "running" ? "waiting" : state);

/** Of a finished job, what is to be known when some must be forgotten. */
export interface Finished {
  id: string;
  /** Milliseconds since 1970. */
  finished: number;
  bytes: number;
  /** Whether somebody heard of it, or nobody ever will. */
  told: boolean;
}

/** How many finished jobs are kept, and how large they may be together. */
export interface Bounds {
  most: number;
  mostBytes: number;
}

/** Who is forgotten: the oldest, until the rest is within the bounds. What nobody was told of yet is kept. */
export function toForget(finished: Finished[], { most, mostBytes }: Bounds): string[] {
  let count = finished.length;
  let bytes = finished.reduce((sum, one) => sum + one.bytes, 0);
  if (count <= most && bytes <= mostBytes) return [];
  const forgotten: string[] = [];
  for (const one of finished.filter(({ told }) => told).sort((one, other) => one.finished - other.finished)) {
    if (count <= most && bytes <= mostBytes) break;
    forgotten.push(one.id);
    count--;
    bytes -= one.bytes;
  }
  return forgotten;
}
