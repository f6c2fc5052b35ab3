// The store of a gateway that was given none: this isolate's memory, as far as it goes.
import type { LimitStore } from "../types.ts";

/** Some hundred bytes each. */
const MOST = 10_000;

/** Forgets what was not heard of for longest. */
export function memoryLimits(now: () => number): LimitStore {
  const states = new Map<string, Uint8Array>();
  return {
    async update(key, change) {
      const { state, result } = change(states.get(key) ?? null, now());
      states.delete(key);
      states.set(key, state);
      if (states.size > MOST) states.delete(states.keys().next().value!);
      return result;
    },
  };
}
