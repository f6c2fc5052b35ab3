// One queue: keeps jobs, and runs them while it leads. A part of the package by itself, loaded when the first queue is made.
//
// A job is changed in one way only, `#change`: alone with it, from what is kept to what is kept. So it does not matter who does what
// in between, in this tab or in another, or where a crash falls.
import { abortedError, describe, errorOf, report } from "../errors.ts";
import type { Listeners, QueueHost } from "../queue.ts";
import type { ChatRequest, Job } from "../types.ts";
import { Deadlines } from "./deadlines.ts";
import { byArrival, isLate, isOver } from "./order.ts";
import type { Entry, Records } from "./records.ts";
import { Session } from "./session.ts";
import type { Message, Site } from "./site.ts";

const MOST_ID = 200;

const STATES: Job["state"][] = ["waiting", "running", "done", "failed", "cancelled"];

export interface QueueSetup {
  name: string;
  workers: number;
  durable: boolean;
  records: Records;
  site(heard: (message: Message) => void): Site;
}

let arrivals = 0;

export class Queue {
  readonly host: QueueHost;
  readonly setup: QueueSetup;
  readonly records: Records;
  readonly site: Site;
  readonly #listeners: Listeners;
  readonly #deadlines: Deadlines;
  /** Set while jobs are to be started here: aborting it stops that. */
  #started: { stop: AbortController; over: Promise<void> } | undefined;
  #session: Session | undefined;
  #closed = false;
  #idle: (() => void)[] = [];
  /** What was heard is told in order. */
  #telling: Promise<unknown> = Promise.resolve();
  /** Jobs whose caller may abort them: what takes his listener off. */
  readonly #watched = new Map<string, () => void>();

  constructor(host: QueueHost, setup: QueueSetup, listeners: Listeners) {
    this.host = host;
    this.setup = setup;
    this.records = setup.records;
    this.#listeners = listeners;
    this.site = setup.site((message) => this.#heard(message));
    this.#deadlines = new Deadlines(host, (id) => void this.#late(id).catch((thrown) => console.warn(`modelwire: ${describe(thrown)}`)));
  }

  // ───────────────────────────────────────────── what a caller asks

  async enqueue(request: ChatRequest, options: { id?: string; priority?: number; deadlineMs?: number } = {}): Promise<Job> {
    this.#open();
    const { id = randomId(), priority = 0, deadlineMs } = checked(options);
    if (typeof request !== "object" || request === null) throw errorOf("invalid-request", `the request must be an object, not ${request === null ? "null" : typeof request}`);
    const at = this.host.now();
    const nth = ++arrivals;
    const deadline = deadlineMs === undefined ? {} : { deadline: at + deadlineMs };
    const kept = await this.records.kept(request);
    const full = this.records.full?.() ?? this.#session?.full();
    let isNew = false;
    const entry = await this.site.alone(id, async () => {
      this.#open();
      const known = await this.records.get(id);
      if (known) return known;
      if (full) throw errorOf("storage", `the queue "${this.setup.name}" is full: ${full}`);
      const made: Entry = { id, key: randomId(), request: kept, state: "waiting", attempts: 0, priority, at, nth, ...deadline };
      await this.records.put(made);
      this.#post(made);
      isNew = true;
      return made;
    });
    if (isNew) {
      if (!this.setup.durable) this.#watch(id, request.signal);
      this.expects(entry);
      this.#changed(entry);
    }
    return jobOf(entry);
  }

  async get(id: string): Promise<Job | null> {
    this.#open();
    const entry = await this.records.get(String(id));
    return entry && jobOf(entry);
  }

  async list(state?: Job["state"]): Promise<Job[]> {
    this.#open();
    if (state !== undefined && !STATES.includes(state)) throw errorOf("invalid-request", `there is no state "${String(state)}"; there is ${STATES.join(", ")}`);
    const all = (await this.records.all()).map(({ entry }) => entry);
    return all.filter((entry) => state === undefined || entry.state === state).sort(byArrival).map(jobOf);
  }

  async cancel(id: string): Promise<boolean> {
    this.#open();
    const entry = await this.change(String(id), (entry) => (isOver(entry.state) ? undefined : { ...entry, state: "cancelled", finished: this.host.now(), told: true }));
    if (entry) this.#wakeIdle();
    return entry !== undefined;
  }

  start(): void {
    if (this.#closed || this.#started) return;
    const stop = new AbortController();
    const over = this.site
      .lead(stop.signal, async () => {
        this.#session = new Session(this, stop.signal);
        try {
          await this.#session.run();
        } finally {
          this.#session = undefined;
        }
      })
      // Web Locks are refused where storage is, too.
      .catch((thrown) => console.warn(`modelwire: the queue "${this.setup.name}" cannot start its jobs: ${describe(thrown)}`))
      .finally(() => this.#started?.stop === stop && (this.#started = undefined));
    this.#started = { stop, over };
  }

  async stop(): Promise<void> {
    const started = this.#started;
    started?.stop.abort();
    // What is started again meanwhile takes its turn after this.
    this.#started = undefined;
    await started?.over;
  }

  async drain(): Promise<void> {
    for (;;) {
      this.#open("aborted");
      const idle = new Promise<void>((resolve) => this.#idle.push(resolve));
      if ((await this.records.all()).every(({ entry }) => isOver(entry.state))) return;
      await idle;
    }
  }

  /** Aborts what runs, and lets others lead. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#session?.abort();
    await this.stop();
    for (const off of this.#watched.values()) off();
    this.#watched.clear();
    this.#deadlines.close();
    this.#wakeIdle();
    this.site.leave();
  }

  /** Somebody listens who did not before. */
  listened(): void {
    void this.#session?.tellUntold();
  }

  // ───────────────────────────────────────────── what happens to a job

  get closed(): boolean {
    return this.#closed;
  }

  /** Makes a job another one, alone with it; undefined: it is not there, or `decide` leaves it as it is. */
  async change(id: string, decide: (entry: Entry) => Entry | undefined, quiet = false): Promise<Entry | undefined> {
    let bytes = 0;
    const changed = await this.site.alone(id, async () => {
      const entry = await this.records.get(id);
      const next = entry ? decide(entry) : undefined;
      if (!next) return undefined;
      bytes = await this.records.put(next);
      if (!quiet) this.#post(next);
      return next;
    });
    if (changed && isOver(changed.state)) this.#session?.finished(changed, bytes);
    if (changed && !quiet) this.#changed(changed);
    return changed;
  }

  /** It has to be started in time. */
  expects({ id, attempts, deadline }: Entry): void {
    if (attempts === 0 && deadline !== undefined) this.#deadlines.add(id, deadline);
  }

  async #late(id: string): Promise<void> {
    const now = this.host.now();
    const told = !this.setup.durable || (this.#session !== undefined && this.hears("error"));
    if (await this.change(id, (entry) => (entry.state === "waiting" && isLate(entry, now) ? late(entry, now, told) : undefined))) this.#wakeIdle();
  }

  hears(event: "result" | "error"): boolean {
    return this.#listeners.has(event);
  }

  tell(event: "result" | "error" | "state", entry: Entry): void {
    this.#listeners.tell(event, () => jobOf(entry));
  }

  /** Nothing waits or runs. */
  idle(): void {
    this.site.post("idle");
    this.#wakeIdle();
  }

  /** A job that runs here: what became of it. */
  run({ request, key }: Entry, signal: AbortSignal) {
    return this.host.chat({ ...request, signal }, key);
  }

  /** While nobody else changes it: others hear of a job in the order in which it happened. */
  #post({ id, state, attempts }: Entry): void {
    this.site.post({ id, state, attempts });
  }

  #changed(entry: Entry): void {
    if (entry.state !== "waiting") this.#deadlines.met(entry.id);
    if (isOver(entry.state)) {
      this.#watched.get(entry.id)?.();
      this.#watched.delete(entry.id);
    }
    const { state } = entry;
    this.#session?.noticed(entry);
    this.tell("state", entry);
    if (!entry.told) return;
    if (state === "done") this.tell("result", entry);
    if (state === "failed") this.tell("error", entry);
  }

  /** Another tab did something. */
  #heard(message: Message): void {
    if (message === "idle") return this.#wakeIdle();
    const { id, attempts } = message;
    const state = message.state as Job["state"];
    if (state === "cancelled") this.#wakeIdle();
    if (!this.#session?.wants(state) && !this.#listeners.has("state")) return;
    this.#telling = this.#telling
      .then(async () => {
        const now = await this.records.get(id);
        if (!now || this.#closed) return;
        if (now.state === state) this.#session?.noticed(now);
        // It may have gone on since: what is told is what happened.
        const { response: _, error: __, ...then } = { ...now, state, attempts };
        this.tell("state", now.state === state ? now : then);
      })
      .catch((thrown) => console.warn(`modelwire: ${describe(thrown)}`));
  }

  #watch(id: string, signal: AbortSignal | undefined): void {
    if (!signal) return;
    const abort = () => {
      if (this.#session?.abortOne(id, signal.reason)) return;
      const error = abortedError({ message: `the job was aborted${signal.reason instanceof Error ? `: ${describe(signal.reason)}` : ""}`, cause: signal.reason });
      void this.change(id, (entry) => (entry.state === "waiting" ? { ...entry, state: "failed", error, finished: this.host.now(), told: true } : undefined)).then(() => this.#wakeIdle(), report);
    };
    if (signal.aborted) return abort();
    signal.addEventListener("abort", abort);
    this.#watched.set(id, () => signal.removeEventListener("abort", abort));
  }

  #wakeIdle(): void {
    const idle = this.#idle;
    this.#idle = [];
    for (const one of idle) one();
  }

  #open(code: "config" | "aborted" = "config"): void {
    if (this.#closed) throw errorOf(code, `the queue "${this.setup.name}" is closed`);
  }
}

/** A job that was not started in time. */
export function late(entry: Entry, now: number, told: boolean): Entry {
  const error = errorOf("timeout", `the job was not started within ${entry.deadline! - entry.at} ms (deadlineMs)`);
  return { ...entry, state: "failed", error, finished: now, told };
}

function checked<T extends { id?: unknown; priority?: unknown; deadlineMs?: unknown }>(options: T): T {
  if (typeof options !== "object" || options === null) throw errorOf("invalid-request", "the options of a job must be an object");
  const { id, priority, deadlineMs, ...rest } = options;
  const refuse = (what: string) => errorOf("invalid-request", what);
  const unknown = Object.keys(rest)[0];
  if (unknown !== undefined) throw refuse(`${unknown} is no option of a job; there is id, priority, deadlineMs`);
  // By what can be written as UTF-8: half a pair of surrogates is no name of anything.
  if (id !== undefined && (typeof id !== "string" || id.length === 0 || id.length > MOST_ID || /\p{Surrogate}/u.test(id))) {
    throw refuse(`id must be a string of 1 to ${MOST_ID} characters`);
  }
  if (priority !== undefined && !Number.isFinite(priority)) throw refuse(`priority must be a number, not ${String(priority)}`);
  if (deadlineMs !== undefined && !(Number.isFinite(deadlineMs) && (deadlineMs as number) >= 0)) throw refuse(`deadlineMs must be a number of at least 0, not ${String(deadlineMs)}`);
  return options;
}

/** Not `crypto.randomUUID`, which pages without TLS have not. */
function randomId(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function jobOf({ id, request, state, attempts, at, response, error }: Entry): Job {
  return { id, request, state, attempts, enqueuedAt: new Date(at).toISOString(), ...(response && { response }), ...(error && { error }) };
}

