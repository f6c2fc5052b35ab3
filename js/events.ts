// `client.on`: who listens to what, told by the core.
import { errorOf, report } from "./errors.ts";
import type { ClientEvents } from "./types.ts";

type Name = keyof ClientEvents;

const told: readonly Name[] = ["retry", "fallback", "limit", "budget"];
const later: readonly Name[] = ["request", "response", "error", "cache"];

/** The listeners of one client. */
export class Events {
  readonly #listeners = new Map<string, Set<(detail: never) => void>>();

  /** Gives what takes it off again. */
  on<E extends Name>(event: E, handler: (detail: ClientEvents[E]) => void): () => void {
    if (later.includes(event)) throw errorOf("unsupported", `on("${event}") is not supported yet`);
    if (!told.includes(event)) throw new TypeError(`there is no event "${String(event)}"; there is ${told.join(", ")}`);
    if (typeof handler !== "function") throw new TypeError("the handler must be a function");
    // A function of its own for each call: who listens twice is told twice, and takes off one.
    const listener = (detail: ClientEvents[E]) => handler(detail);
    const listeners = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, listeners.add(listener));
    return () => void listeners.delete(listener);
  }

  /** Tells who listens; each has a copy of his own. What a listener throws is no business of the call's. */
  tell(event: string, record: string): void {
    for (const listener of [...(this.#listeners.get(event) ?? [])]) {
      try {
        listener(JSON.parse(record) as never);
      } catch (thrown) {
        report(thrown);
      }
    }
  }
}
