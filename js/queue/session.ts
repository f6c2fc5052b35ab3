// The time in which one client runs a queue's jobs: from becoming the leader to `stop()`.
import { describe, errorFrom, report, type LlmError } from "../errors.ts";
import { afterCrash, isLate, isOver, Line, placeOf, toForget, type Finished } from "./order.ts";
import { late, type Queue } from "./queue.ts";
import type { Entry } from "./records.ts";

/** Finished jobs that are kept. */
const BOUNDS = { most: 10_000, mostBytes: 64 * 1024 * 1024 };
/** To forget a tenth at once: looking at all of them for each would be quadratic. */
const LESS = { most: 9000, mostBytes: 0.9 * BOUNDS.mostBytes };

/** How many results may wait for somebody who listens. */
const MOST_UNTOLD = 10_000;

/** How long a page that lost its connection is looked at: one that is being left ends before, and a browser says that it is offline. */
const GRACE_MS = 1000;

/** How long after the browser said that there is a network again that may still not be so. */
const UNSTEADY_MS = 5000;

const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 60_000;

const isOffline = () => globalThis.navigator?.onLine === false;

export class Session {
  readonly #queue: Queue;
  readonly #stop: AbortSignal;
  readonly #line = new Line();
  readonly #running = new Map<string, AbortController>();
  readonly #finished = new Map<string, Finished>();
  readonly #untold = new Set<string>();
  #bytes = 0;
  #isLoaded = false;
  #settling = false;
  #hasWarned = false;
  /** When the network last came or went. */
  #turned = -Infinity;
  #end = () => {};

  constructor(queue: Queue, stop: AbortSignal) {
    this.#queue = queue;
    this.#stop = stop;
  }

  /** Until it is stopped and nothing runs. */
  async run(): Promise<void> {
    const over = new Promise<void>((resolve) => (this.#end = resolve));
    const fill = () => this.#fill();
    const turned = () => {
      this.#turned = this.#queue.host.now();
      fill();
    };
    this.#stop.addEventListener("abort", fill);
    // Where there is such a thing: other globals take listeners too, of something else.
    const events = globalThis.navigator?.onLine === undefined ? [] : ["online", "offline"];
    for (const event of events) globalThis.addEventListener(event, turned);
    try {
      await this.#persistently(() => this.#load());
      this.#isLoaded = true;
      void this.tellUntold();
      this.#fill();
      await over;
    } finally {
      this.#stop.removeEventListener("abort", fill);
      for (const event of events) globalThis.removeEventListener(event, turned);
    }
  }

  /** The queue is closed: what runs waits for the next start. */
  abort(): void {
    for (const controller of this.#running.values()) controller.abort();
  }

  /** Whether it ran here. */
  abortOne(id: string, reason?: unknown): boolean {
    this.#running.get(id)?.abort(reason);
    return this.#running.has(id);
  }

  /** Whether somebody else's change to this state is of importance here. */
  wants(state: Entry["state"]): boolean {
    return state === "waiting" || state === "cancelled";
  }

  /** A job is in this state now. */
  noticed(entry: Entry): void {
    if (entry.state === "cancelled") this.abortOne(entry.id);
    if (entry.state !== "waiting" || this.#running.has(entry.id)) return;
    this.#join(entry);
    this.#fill();
  }

  /** A job is over; the oldest of these may have to go. */
  finished({ id, state, finished = 0, told = true }: Entry, bytes: number): void {
    this.#bytes += bytes - (this.#finished.get(id)?.bytes ?? 0);
    this.#finished.set(id, { id, finished, bytes, told });
    if (told || state === "cancelled") this.#untold.delete(id);
    else this.#untold.add(id);
    if (this.#finished.size <= BOUNDS.most && this.#bytes <= BOUNDS.mostBytes) return;
    for (const old of toForget([...this.#finished.values()], LESS)) {
      this.#bytes -= this.#finished.get(old)!.bytes;
      this.#finished.delete(old);
      this.#queue.site.alone(old, () => this.#queue.records.delete(old)).catch((thrown) => this.#warn(thrown));
    }
  }

  /** Why nothing more is taken. */
  full(): string | undefined {
    return this.#untold.size >= MOST_UNTOLD ? `${this.#untold.size} results wait for somebody who listens (onResult, on("result"), on("error"))` : undefined;
  }

  /** Tells what happened while nobody listened. */
  async tellUntold(): Promise<void> {
    if (!this.#isLoaded) return;
    const queue = this.#queue;
    for (const id of [...this.#untold]) {
      const hears = ({ state }: Entry) => queue.hears(state === "done" ? "result" : "error");
      const entry = await this.#persistently(() => queue.change(id, (entry) => (!entry.told && hears(entry) ? { ...entry, told: true } : undefined), true));
      if (entry) queue.tell(entry.state === "done" ? "result" : "error", entry);
    }
  }

  // ───────────────────────────────────────────── who is next

  async #load(): Promise<void> {
    for (const { entry, bytes } of await this.#queue.records.all()) await this.#take(entry, bytes);
  }

  async #take(entry: Entry, bytes: number): Promise<void> {
    if (isOver(entry.state)) return this.finished(entry, bytes);
    // Whoever ran it does no more: he would lead.
    if (entry.state === "running") await this.#queue.change(entry.id, (now) => (now.state === "running" ? { ...now, state: afterCrash(now.state) } : undefined));
    this.#join(entry);
  }

  #join(entry: Entry): void {
    this.#line.join(placeOf(entry));
    this.#queue.expects(entry);
  }

  #fill(): void {
    if (!this.#isLoaded && !this.#stop.aborted) return;
    while (!this.#stop.aborted && !isOffline() && this.#running.size < this.#queue.setup.workers) {
      const id = this.#line.next();
      if (id === undefined) break;
      void this.#run(id);
    }
    if (this.#running.size > 0) return;
    if (this.#stop.aborted) this.#end();
    else if (this.#line.length === 0) void this.#settle();
  }

  /** Nothing is left to do: unless a tab crashed before it could say what it had put in line. */
  async #settle(): Promise<void> {
    if (this.#settling) return;
    this.#settling = true;
    const { records, site } = this.#queue;
    try {
      for (const id of site.wide ? await records.ids() : []) {
        if (this.#finished.has(id) || this.#line.has(id) || this.#running.has(id)) continue;
        const entry = await records.get(id);
        if (entry) await this.#take(entry, 0);
      }
    } catch (thrown) {
      this.#warn(thrown);
    }
    this.#settling = false;
    if (this.#line.length > 0) this.#fill();
    else if (this.#running.size === 0) this.#queue.idle();
  }

  // ───────────────────────────────────────────── one job

  async #run(id: string): Promise<void> {
    const queue = this.#queue;
    const controller = new AbortController();
    this.#running.set(id, controller);
    let entry: Entry | undefined;
    try {
      entry = await this.#persistently(() => queue.change(id, (entry) => this.#begun(entry)));
      if (entry?.state === "running") entry = await this.#perform(entry, controller.signal);
    } catch (thrown) {
      report(thrown);
    }
    this.#running.delete(id);
    if (entry?.state === "waiting") this.#join(entry);
    this.#fill();
  }

  #begun(entry: Entry): Entry | undefined {
    // Somebody has cancelled it.
    if (entry.state !== "waiting") return undefined;
    const now = this.#queue.host.now();
    return isLate(entry, now) ? late(entry, now, this.#told("error")) : { ...entry, state: "running", attempts: entry.attempts + 1 };
  }

  async #perform(entry: Entry, signal: AbortSignal): Promise<Entry | undefined> {
    let outcome: Partial<Entry>;
    try {
      const response = await this.#queue.run(entry, signal);
      outcome = { state: "done", response, told: this.#told("result") };
    } catch (thrown) {
      const error = errorFrom(thrown);
      outcome = (await this.#isInterrupted(error)) ? { state: "waiting" } : { state: "failed", error, told: this.#told("error") };
    }
    if (outcome.state !== "waiting") outcome = { ...outcome, finished: this.#queue.host.now() };
    // Stored before anybody hears of it. Until that works nothing else is started in its place.
    return this.#persistently(() => this.#queue.change(entry.id, (now) => (now.state === "running" ? { ...now, ...outcome } : undefined)));
  }

  #told(event: "result" | "error"): boolean {
    return !this.#queue.setup.durable || this.#queue.hears(event);
  }

  /** Whether it was no failure of the job's: the queue was closed, the page is being left, or there is no network. */
  async #isInterrupted({ code }: LlmError): Promise<boolean> {
    const { closed, host } = this.#queue;
    if (closed) return true;
    if (code !== "network") return false;
    if (isOffline()) return true;
    if (!host.page) return false;
    await host.sleep(GRACE_MS, this.#stop);
    return isOffline() || this.#queue.closed || this.#queue.host.now() - this.#turned < UNSTEADY_MS;
  }

  /** Does what must be done, again and again while the store fails; undefined when it was given up for being stopped. */
  async #persistently<T>(work: () => Promise<T>): Promise<T | undefined> {
    for (let wait = FIRST_WAIT_MS; ; wait = Math.min(2 * wait, LONGEST_WAIT_MS)) {
      try {
        return await work();
      } catch (thrown) {
        this.#warn(thrown);
        if (this.#stop.aborted) return undefined;
        await this.#queue.host.sleep(wait, this.#stop);
      }
    }
  }

  #warn(thrown: unknown): void {
    if (!this.#hasWarned) console.warn(`modelwire: the queue "${this.#queue.setup.name}" goes on when its store does: ${describe(thrown)}`);
    this.#hasWarned = true;
  }
}
