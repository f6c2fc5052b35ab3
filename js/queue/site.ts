// Who shares a durable queue: one at a time leads it, one at a time changes a job, and all hear what happens. In pages these are the
// tabs and workers of the site (Web Locks, which the browser takes back from a tab that crashes; BroadcastChannel), elsewhere the
// clients of this process.

/** A job is in another state; or nothing waits and runs any more. */
export type Message = { id: string; state: string; attempts: number } | "idle";

export interface Site {
  /** Whether there may be others of whom nothing is heard when they crash. */
  readonly wide: boolean;
  /** Runs work while nobody else does anything to the same job. */
  alone<T>(id: string, work: () => Promise<T>): Promise<T>;
  /** Runs work as the only one who leads, in turn. Resolves after it, or when the signal is aborted before. */
  lead(signal: AbortSignal, work: () => Promise<void>): Promise<void>;
  /** Tells the others. */
  post(message: Message): void;
  leave(): void;
}

/** All tabs and workers of the site. */
export function pageSite(name: string, heard: (message: Message) => void): Site {
  const { locks } = navigator;
  const prefix = `modelwire-queue:${encodeURIComponent(name)}`;
  const channel = new BroadcastChannel(prefix);
  channel.onmessage = ({ data }) => heard(data as Message);
  return {
    wide: true,
    alone: <T>(id: string, work: () => Promise<T>) => locks.request(`${prefix}:${encodeURIComponent(id)}`, work) as Promise<T>,
    async lead(signal, work) {
      try {
        await locks.request(prefix, { signal }, work);
      } catch (thrown) {
        if (!signal.aborted) throw thrown;
      }
    },
    post(message) {
      try {
        channel.postMessage(message);
      } catch {
        // Left already: a write that was under way tells nobody any more.
      }
    },
    leave: () => channel.close(),
  };
}

/** Those who share a store and a name within this process. */
class Hub {
  readonly #last = new Map<string, Promise<unknown>>();
  readonly members = new Set<(message: Message) => void>();

  /** One after the other, by name. */
  inTurn<T>(name: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(name);
    // Nobody before: at once, so that an uncontended queue waits for nothing.
    const result = before ? before.then(work) : work();
    const settled = result.then(
      () => {},
      () => {},
    );
    this.#last.set(name, settled);
    void settled.then(() => {
      if (this.#last.get(name) === settled) this.#last.delete(name);
    });
    return result;
  }
}

const hubs = new WeakMap<object, Map<string, Hub>>();

/** The clients of this process that keep a queue of this name in this store. */
export function localSite(store: object, name: string, heard: (message: Message) => void): Site {
  const named = hubs.get(store) ?? new Map<string, Hub>();
  hubs.set(store, named);
  const hub = named.get(name) ?? new Hub();
  named.set(name, hub);
  hub.members.add(heard);
  return {
    wide: false,
    alone: (id, work) => hub.inTurn(`job:${id}`, work),
    lead(signal, work) {
      const gaveUp = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
      let began = false;
      const led = hub.inTurn("leader", async () => {
        if (signal.aborted) return;
        began = true;
        await work();
      });
      return Promise.race([led, gaveUp.then(() => (began ? led : undefined))]);
    },
    post(message) {
      for (const member of hub.members) if (member !== heard) queueMicrotask(() => hub.members.has(member) && member(message));
    },
    leave() {
      hub.members.delete(heard);
      if (hub.members.size === 0 && named.get(name) === hub) named.delete(name);
    },
  };
}
