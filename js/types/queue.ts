// Calls that wait for their turn.
import type { LlmError } from "../errors.ts";
import type { ChatRequest } from "./request.ts";
import type { ChatResponse } from "./response.ts";
import type { Store } from "./stores.ts";

/** Of a queue that this client has already, none needs to be given; those that are must be as they were. */
export interface QueueOptions {
  /** Default "default". A client has one queue of a name; of durable ones, a site has. */
  name?: string;
  /** How many jobs run at once (in all tabs together, of a durable queue). Default 1. */
  workers?: number;
  /**
   * Survives reload and crash. A job must then be plain data: what cannot be kept (a signal, functions, schema objects, tools
   * with `run`) is an error with code "unsupported" that names it. What a request holds is stored as it is, `headers` too.
   * Default false, and true where `store` is given.
   */
  durable?: boolean;
  /**
   * Where a durable queue is kept. Default: `ClientOptions.store`, which in pages is IndexedDB. In pages, all tabs with a queue of
   * this name are taken to share its store. Elsewhere no other process may have the same queue in the same store.
   */
  store?: Store;
  /** Whether jobs start without `start()`, also those that an earlier visit left. Default true. */
  autoStart?: boolean;
  /** The same as `on("result", …)`. */
  onResult?: (job: Job) => void;
}

/**
 * Jobs that run by and by: higher `priority` first, and otherwise in order. Disposing of it, or closing its client, aborts what
 * runs; of a durable queue that waits again, for the next start.
 */
export interface RequestQueue extends AsyncDisposable {
  /**
   * Puts a request in line, and gives its job once it is kept; the answer comes later. Rejects with code "unsupported" (a
   * durable queue cannot keep the named field), "storage" (the store failed, or the queue is full), "invalid-request", "config" (closed).
   * The defaults of `client.with` are the job's.
   */
  enqueue(
    request: ChatRequest,
    options?: {
      /** Of your own, at most 200 characters. An id that is known gives that job back, in whatever state, and enqueues nothing. Default: a random one. */
      id?: string;
      /** Higher first: one step is worth ten seconds of waiting, so nobody waits for ever. Default 0. */
      priority?: number;
      /** From now, in milliseconds. Not started by then: failed, code "timeout". */
      deadlineMs?: number;
    },
  ): Promise<Job>;
  /**
   * A job as it is now. null: there is no such job, or no longer: of more than 10,000 finished ones (or 64 MiB of them, in a durable
   * queue) the oldest are forgotten, but none whose result nobody has heard.
   */
  get(id: string): Promise<Job | null>;
  /** All of them, or those in a state, in the order in which they came. */
  list(state?: Job["state"]): Promise<Job[]>;
  /** Takes a job out that waits, aborts one that runs. false: it is over already, or not known. */
  cancel(id: string): Promise<boolean>;
  /** Starts what waits. */
  start(): void;
  /** Starts nothing more in this client. Resolves when what runs in it is over. Another tab may go on. */
  stop(): Promise<void>;
  /** Resolves when nothing waits or runs. Rejects with code "aborted" when the queue is closed before. */
  drain(): Promise<void>;
  /**
   * Listens: "state" (a job is in another state; in all tabs), "result" (done) and "error" (failed). Of these two each job is told
   * once on the whole site, after it was stored: in the tab that leads. What nobody was there to hear is kept by a durable queue,
   * and told to the first who listens. Gives what takes the handler off.
   */
  on(event: "result" | "error" | "state", handler: (job: Job) => void): () => void;
}

/** One call and what became of it. A copy: it does not change. */
export interface Job {
  id: string;
  request: ChatRequest;
  state: "waiting" | "running" | "done" | "failed" | "cancelled";
  /** How often it was started: more than once after a crash, or when the network went away. */
  attempts: number;
  /** ISO 8601. */
  enqueuedAt: string;
  /** Of state "done". */
  response?: ChatResponse;
  /** Of state "failed". */
  error?: LlmError;
}
