// Freeing what nobody closed. A safety net: runtimes without finalizers (older Workers) leak until the isolate ends.
let registry: FinalizationRegistry<() => void> | undefined;

/** Calls `free` once `owner` is collected. `free` must not reach `owner`. Undone with `keep`. */
export function onCollected(owner: object, free: () => void): void {
  if (typeof FinalizationRegistry === "undefined") return;
  registry ??= new FinalizationRegistry((free) => free());
  registry.register(owner, free, owner);
}

/** There is nothing left to free. */
export function keep(owner: object): void {
  registry?.unregister(owner);
}

/** A reference that does not keep its target alive, where the runtime has such. */
export function weakly<T extends object>(target: T): { deref(): T | undefined } {
  // Not a function made here: it would keep `target` alive.
  return typeof WeakRef === "undefined" ? { deref: () => target } : new WeakRef(target);
}
