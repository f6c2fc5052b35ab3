// `client.limits`, and limits and budgets that are kept in a store: the core decides, inside the store's own transaction.
import { Call, watch, type Running, type WholeConnection } from "./call.ts";
import { errorOf } from "./errors.ts";
import type { Handles } from "./handles.ts";
import { CHANGE, type ChangingStore } from "./stores/changing.ts";
import type { Limits, LimitStatus, LimitStore } from "./types.ts";
import { loadWhole } from "./wasm.ts";

/** Stands for the store that all tabs and workers of the site share. */
export interface OriginScope extends LimitStore {
  place(key: string, count: number, signal: AbortSignal): Promise<() => void>;
}

/** What has a scope, as the core reads it: with a number in place of a store. One number for each store. */
export function crossingScopes(handles: Handles, now: () => number): <T extends { scope?: unknown }>(option: T) => unknown {
  const known = new Map<unknown, number>();
  const keep = (scope: unknown, store: () => unknown): number => {
    const handle = known.get(scope) ?? handles.keep(store());
    known.set(scope, handle);
    return handle;
  };
  return (option) => {
    const { scope } = option ?? {};
    if (scope === "origin") return { ...option, scope: { $origin: isShared() ? keep(scope, () => lazily(now)) : 0 } };
    if (typeof (scope as LimitStore | null)?.update === "function") return { ...option, scope: { $store: keep(scope, () => scope) } };
    return option;
  };
}

/** Whether there is a site whose tabs share something. */
function isShared(): boolean {
  const { indexedDB, navigator } = globalThis as Partial<typeof globalThis>;
  return Boolean(indexedDB && navigator?.locks);
}

// A part of the package by itself: pages without such a limit do not load it.
function lazily(now: () => number): OriginScope {
  let loading: Promise<OriginScope> | undefined;
  const store = () =>
    (loading ??= import("./stores/origin.ts").then(
      ({ originStore }) => originStore(now),
      (thrown: unknown) => {
        loading = undefined;
        throw thrown;
      },
    ));
  return {
    update: async (key, change) => (await store()).update(key, change),
    place: async (key, count, signal) => (await store()).place(key, count, signal),
  };
}

/** Changes a limit or a budget in its store: of a limit the wait in milliseconds, of a budget what is spent. */
export async function changeLimit(store: LimitStore, key: string, change: string): Promise<number> {
  const changing = (store as Partial<ChangingStore>)[CHANGE];
  if (changing) return changing(key, change);
  const { take } = JSON.parse(change) as { take?: Parameters<NonNullable<LimitStore["take"]>>[1] };
  if (take && store.take) return (await store.take(key, take)).waitMs;
  const core = await loadWhole();
  return store.update(key, (state, nowMs) => {
    const [bytes, wait] = core.limit_change(state ?? undefined, nowMs, change);
    return { state: bytes, result: wait };
  });
}

/** `client.limits`. */
export function limitsOf(connect: () => Promise<WholeConnection>, running: Set<Running>): Limits {
  return {
    async status() {
      const { core, client } = await connect();
      return JSON.parse(core.limits_status(client)) as LimitStatus[];
    },
    async acquire(key, amount, options = {}) {
      const { signal, ...rest } = options;
      const call = new Call();
      const result = call.run(connect, ({ core, client }, number) => core.limits_acquire(client, number, named(key), { ...amount, ...rest }, true));
      const release = watch(call, signal, running);
      try {
        await result;
      } finally {
        release();
      }
    },
    async tryAcquire(key, amount) {
      return new Call().run(connect, ({ core, client }, number) => core.limits_acquire(client, number, named(key), { ...amount }, false));
    },
  };
}

function named(key: string): string {
  if (typeof key !== "string" || key === "") throw errorOf("invalid-request", 'the key of a limit is a string such as "openai/gpt-6-luna"');
  return key;
}
