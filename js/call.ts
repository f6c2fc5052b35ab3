// One call of the core that can be stopped while it runs, and the listening to the caller's signal.
import { abortedError, describe, errorFrom, type Stop } from "./errors.ts";
import type { Core, Whole } from "./wasm.ts";

/** Something that `close()` or a signal can end. */
export interface Running {
  abort(stop: Stop): void;
}

/** The core with this client in it. */
export interface Connection<C = Core> {
  core: C;
  client: number;
}

/** The same with all that the core can do. */
export type WholeConnection = Connection<Whole>;

let calls = 0;

export class Call implements Running {
  readonly #number = ++calls;
  #core: Core | undefined;
  #stop: Stop | undefined;
  #reject: ((error: unknown) => void) | undefined;

  /**
   * Connects and runs. What it rejects with is an LlmError. What takes its time before the core is asked belongs into `connect`:
   * an abort does not wait for that, and the core cannot cancel what it does not know yet.
   */
  run<T, C extends Connection>(connect: () => Promise<C>, start: (connection: C, call: number) => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#reject = reject;
      connect()
        .then((connection) => {
          if (this.#stop) return undefined;
          this.#core = connection.core;
          return start(connection, this.#number).then(resolve);
        })
        .catch((thrown: unknown) => reject(errorFrom(thrown, this.#stop)));
    });
  }

  abort(stop: Stop): void {
    if (this.#stop) return;
    this.#stop = stop;
    // The core's own rejection knows what was tried; before it was asked there is nothing to know.
    if (this.#core) this.#core.cancel(this.#number);
    else this.#reject?.(abortedError(stop));
  }
}

/**
 * Aborts `running` when the signal does, or with all others of the set; at once if it has. Call what it gives when the call
 * is over: a long-lived signal must not collect listeners.
 */
export function watch(running: Running, signal: AbortSignal | undefined, set?: Set<Running>): () => void {
  const onAbort = () => running.abort(stopOf(signal!));
  set?.add(running);
  if (signal?.aborted) onAbort();
  else signal?.addEventListener("abort", onAbort);
  return () => {
    set?.delete(running);
    signal?.removeEventListener("abort", onAbort);
  };
}

function stopOf({ reason }: AbortSignal): Stop {
  const why = typeof reason === "string" || reason instanceof Error || reason?.message ? `: ${describe(reason)}` : "";
  return { message: `the call was aborted${why}`, cause: reason };
}
