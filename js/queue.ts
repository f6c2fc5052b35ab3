// `client.queue`: named queues of calls. What they do is a part of the package by itself (queue/), loaded when the first is made.
import { errorOf, part, report } from "./errors.ts";
import type { Wake } from "./host.ts";
import type { Queue } from "./queue/queue.ts";
import { asyncDispose } from "./symbols.ts";
import type { ChatRequest, ChatResponse, ClientOptions, Job, QueueOptions, RequestQueue } from "./types.ts";
import { withDefaults } from "./with.ts";

type Event = "result" | "error" | "state";
type Handler = (job: Job) => void;

/** What a queue asks of its client. */
export interface QueueHost {
  /** `key`: what providers know it by, whoever tries it. */
  chat(request: ChatRequest, key: string): Promise<ChatResponse>;
  store: ClientOptions["store"];
  page: boolean;
  now(): number;
  wake: Wake;
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

const TYPES = { name: "string", workers: "number", durable: "boolean", store: "object", autoStart: "boolean", onResult: "function" };

/** Who listens to a queue. */
export class Listeners {
  readonly #handlers = { result: new Set<Handler>(), error: new Set<Handler>(), state: new Set<Handler>() };

  add(event: Event, handler: Handler): () => void {
    const handlers = this.#handlers[event];
    if (!handlers) throw new TypeError(`there is no event "${String(event)}"; there is ${Object.keys(this.#handlers).join(", ")}`);
    if (typeof handler !== "function") throw new TypeError("the handler must be a function");
    // A function of its own for each call: who listens twice is told twice, and takes off one.
    const one: Handler = (job) => handler(job);
    handlers.add(one);
    return () => void handlers.delete(one);
  }

  /** Once, however often it is given. */
  addResult(handler: Handler): void {
    this.#handlers.result.add(handler);
  }

  has(event: Event): boolean {
    return this.#handlers[event].size > 0;
  }

  /** What a listener throws is no business of the queue's. */
  tell(event: Event, job: () => Job): void {
    for (const handler of [...this.#handlers[event]]) {
      try {
        handler(job());
      } catch (thrown) {
        report(thrown);
      }
    }
  }
}

interface Made {
  options: QueueOptions;
  listeners: Listeners;
  queue(): Promise<Queue>;
  wants: { started: boolean };
  close(): Promise<void>;
}

/** The queues of one client and of those made from it with `with`. */
export class Queues {
  readonly #host: QueueHost;
  readonly #made = new Map<string, Made>();
  #closed = false;

  constructor(host: QueueHost) {
    this.#host = host;
  }

  /** The queue of a name, for requests that begin with `defaults`. */
  named(options: QueueOptions, defaults: Partial<ChatRequest>): RequestQueue {
    check(options);
    const { name = "default", onResult } = options;
    let made = this.#made.get(name);
    if (!made) this.#made.set(name, (made = this.#make(name, options)));
    for (const [option, value] of Object.entries(options)) {
      if (option === "name" || option === "onResult" || value === undefined || value === made.options[option as "workers"]) continue;
      throw errorOf("invalid-request", `the queue "${name}" is there already, with another ${option}`);
    }
    if (onResult) {
      made.listeners.addResult(onResult);
      listened(made);
    }
    return faceOf(made, defaults);
  }

  /** Returns when what runs was given up; at once it knows that it was no failure of the jobs'. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#made.values()].map((made) => made.close()));
  }

  #make(name: string, given: QueueOptions): Made {
    const options = { workers: 1, autoStart: true, durable: given.store !== undefined, ...defined(given) };
    const listeners = new Listeners();
    const wants = { started: options.autoStart };
    let closed = this.#closed;
    let loading: Promise<Queue> | undefined;
    let loaded: Queue | undefined;
    const load = async () => {
      if (closed) throw errorOf("config", this.#closed ? "this client is closed" : `the queue "${name}" is closed`);
      const { openQueue } = await part(import("./queue/open.ts"));
      if (closed) throw errorOf("config", `the queue "${name}" is closed`);
      loaded = openQueue(this.#host, name, options, listeners);
      if (wants.started) loaded.start();
      return loaded;
    };
    const made: Made = {
      options,
      listeners,
      wants,
      // What was not to be had, a part of the package, may be there for the next call.
      queue: () => (loading ??= load().catch((thrown: unknown) => {
        loading = undefined;
        throw thrown;
      })),
      close: () => {
        closed = true;
        if (this.#made.get(name) === made) this.#made.delete(name);
        return loaded?.close() ?? Promise.resolve();
      },
    };
    // What prevents it is told by whoever waits for it.
    made.queue().catch(() => {});
    return made;
  }
}

function faceOf(made: Made, defaults: Partial<ChatRequest>): RequestQueue {
  const { wants, listeners } = made;
  return {
    enqueue: async (request, options) => (await made.queue()).enqueue(withDefaults(defaults, request), options),
    get: async (id) => (await made.queue()).get(id),
    list: async (state) => (await made.queue()).list(state),
    cancel: async (id) => (await made.queue()).cancel(id),
    start() {
      wants.started = true;
      made.queue().then((queue) => wants.started && queue.start(), () => {});
    },
    async stop() {
      wants.started = false;
      await (await made.queue()).stop();
    },
    drain: async () => (await made.queue()).drain(),
    on(event, handler) {
      const off = listeners.add(event, handler);
      listened(made);
      return off;
    },
    [asyncDispose]: () => made.close(),
  };
}

/** What nobody has heard yet is told. */
function listened(made: Made): void {
  made.queue().then((queue) => queue.listened(), () => {});
}

function check(options: QueueOptions): void {
  if (typeof options !== "object" || options === null) throw new TypeError("the options of a queue must be an object");
  for (const [name, value] of Object.entries(options)) {
    const type = TYPES[name as keyof typeof TYPES];
    if (!type) throw errorOf("invalid-request", `queue: ${name} is not known; there is ${Object.keys(TYPES).join(", ")}`);
    if (value !== undefined && (typeof value !== type || value === null)) throw new TypeError(`queue: ${name} must be of type ${type}`);
  }
  const { name, workers, store, durable } = options;
  if (name === "") throw errorOf("invalid-request", "queue: name must not be empty");
  if (workers !== undefined && !(Number.isInteger(workers) && workers >= 1)) throw errorOf("invalid-request", `queue: workers must be a whole number of at least 1, not ${workers}`);
  for (const method of store ? (["get", "set", "delete", "list"] as const) : []) {
    if (typeof store![method] !== "function") throw new TypeError(`queue: store.${method} must be a function`);
  }
  if (store && durable === false) throw errorOf("invalid-request", "queue: store is for durable queues, and durable is false");
}

const defined = (options: QueueOptions) => Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as QueueOptions;
