// Time for tests: it stands still until it is told to go on.
import type { ClientOptions } from "../types.ts";

export type Clock = NonNullable<ClientOptions["clock"]>;

export interface VirtualClock extends Clock {
  /**
   * Moves time on by so many milliseconds. What falls due on the way runs at its time and in its order, timers that were made meanwhile included, and what follows
   * from it (promises, streams) is waited for before the next one runs. What waits for something else than time (a network, a database, a
   * file) is not: await that. Rejects, when all have run, with what a timer's callback threw.
   */
  advance(ms: number): Promise<void>;
  /** How many timers have not run yet. */
  readonly waiting: number;
}

interface Timer {
  handle: number;
  at: number;
  callback: () => void;
}

/** A promise may be settled by one that is settled by a stream that …: so many turns without anybody asking for the time are silence. */
const QUIET_TURNS = 8;
const MOST_TURNS = 10_000;
/** A timer without a delay that sets itself again would never let time move. */
const MOST_AT_ONCE = 10_000;

/** Time that moves only by `advance()`; every timer that falls due runs, in order. Pass it as `clock`, to `createClient` and to `mockProviders`. */
export function virtualClock(startMs = 0): VirtualClock {
  if (!Number.isFinite(startMs)) throw new TypeError("virtualClock takes a time in milliseconds");
  const timers = new Map<number, Timer>();
  let now = startMs;
  let last = 0;
  let asked = 0;
  let moving: Promise<unknown> = Promise.resolve();

  /** Until nothing happens any more without time: promises, and what the host does next. */
  async function settle(): Promise<void> {
    const turn = turns();
    for (let quiet = 0, count = 0; quiet < QUIET_TURNS && count < MOST_TURNS; count++) {
      const before = asked;
      await turn.next();
      quiet = asked === before ? quiet + 1 : 0;
    }
    turn.end();
  }

  /** Also what is put off by a real timer without a delay, as libraries put things off to the next task. */
  async function settleTasks(): Promise<void> {
    for (let before = -1; before !== asked; ) {
      before = asked;
      await settle();
      await new Promise((resolve) => setTimeout(resolve, 0));
      await settle();
    }
  }

  function due(until: number): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of timers.values()) if (timer.at <= until && (!first || timer.at < first.at)) first = timer;
    return first;
  }

  async function move(ms: number): Promise<void> {
    const until = now + ms;
    const thrown: unknown[] = [];
    let atOnce = 0;
    await settleTasks();
    for (let timer = due(until); timer; timer = due(until)) {
      atOnce = timer.at > now ? 0 : atOnce + 1;
      if (atOnce > MOST_AT_ONCE) throw new Error(`${MOST_AT_ONCE} timers ran at ${now} ms, and there are more: time cannot move`);
      timers.delete(timer.handle);
      now = Math.max(now, timer.at);
      try {
        timer.callback();
      } catch (error) {
        thrown.push(error);
      }
      await (due(now) ? settle() : settleTasks());
    }
    now = until;
    await settleTasks();
    if (thrown.length > 0) throw thrown[0];
  }

  return {
    now() {
      asked++;
      return now;
    },
    setTimeout(callback, ms) {
      asked++;
      const delay = Number(ms);
      timers.set(++last, { handle: last, at: now + (delay > 0 ? delay : 0), callback });
      return last;
    },
    clearTimeout(handle) {
      asked++;
      timers.delete(handle as number);
    },
    advance(ms) {
      if (!(ms >= 0 && ms < Infinity)) return Promise.reject(new TypeError("advance takes milliseconds, 0 or more"));
      const moved = moving.then(() => move(ms));
      moving = moved.catch(() => {});
      return moved;
    },
    get waiting() {
      return timers.size;
    },
  };
}

/** Time as it is. */
export const realClock: Clock = {
  now: () => Date.now(),
  setTimeout: (callback, ms) => setTimeout(callback, ms),
  clearTimeout: (handle) => clearTimeout(handle as ReturnType<typeof setTimeout>),
};

/** A while, unless it is aborted. */
export function rest(ms: number, signal: AbortSignal | null, clock: Clock): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    if (!(ms > 0)) return resolve();
    const abort = (): void => {
      clock.clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = clock.setTimeout(() => {
      signal?.removeEventListener("abort", abort);
      resolve();
    }, ms);
    signal?.addEventListener("abort", abort, { once: true });
  });
}

/** Turns of the event loop, by the quickest means that there is: timers are held up for four milliseconds each in a page. */
function turns(): { next(): Promise<void>; end(): void } {
  const { setImmediate, MessageChannel } = globalThis as Partial<Record<string, any>>;
  if (setImmediate) return { next: () => new Promise((resolve) => setImmediate(resolve)), end() {} };
  if (!MessageChannel) return { next: () => new Promise((resolve) => setTimeout(resolve, 0)), end() {} };
  const { port1, port2 } = new MessageChannel() as globalThis.MessageChannel;
  return {
    next: () =>
      new Promise((resolve) => {
        port1.onmessage = () => resolve();
        port2.postMessage(null);
      }),
    end: () => port1.close(),
  };
}
