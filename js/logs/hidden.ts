// The last moment at which a page is sure to run: not `unload`, which phones do not send.

/** Calls back whenever the page is hidden or left. Workers and servers have no such moment. */
export function onHidden(callback: () => void): void {
  const { document, addEventListener } = globalThis as Partial<typeof globalThis>;
  if (!document || typeof addEventListener !== "function") return;
  document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && callback());
  addEventListener("pagehide", callback);
}

/** A timer that keeps no process alive, and can be set again should it never ring (a Worker's request that ended takes its timers along). */
export class Alarm {
  #due = 0;
  #timer: unknown;

  /** Rings in `ms`, unless it is set already. */
  set(ms: number, ring: () => void): void {
    const now = Date.now();
    // One that is a second late does not ring any more.
    if (this.#due && now < this.#due + 1000) return;
    this.#due = now + ms;
    this.#timer = setTimeout(() => {
      this.#due = 0;
      ring();
    }, ms);
    (this.#timer as { unref?(): void }).unref?.();
  }

  stop(): void {
    clearTimeout(this.#timer as number);
    this.#due = 0;
  }
}
