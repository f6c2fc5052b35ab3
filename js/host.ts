// What the core asks of the outside world: fetch, keys, time, and whether this is a page.
import { LazyCache } from "./cache.ts";
import { Call, type Connection } from "./call.ts";
import { catalogue, isLoaded } from "./catalogue.ts";
import { counter } from "./tokens/source.ts";
import type { Costs, Entry } from "./costs.ts";
import { describe, errorFrom, type LlmError } from "./errors.ts";
import type { Events } from "./events.ts";
import type { Handles } from "./handles.ts";
import type { Keys } from "./keys.ts";
import { changeLimit, type OriginScope } from "./limits.ts";
import { plain } from "./options.ts";
import { pageBase } from "./page.ts";
import { runTool } from "./tools.ts";
import type { ClientOptions, LimitStore } from "./types.ts";
import { isHalf, loadWhole, theCore, type HostBindings } from "./wasm.ts";

/** A timer; gives what stops it. */
export type Wake = (callback: () => void, ms: number) => (() => void) & { timer?: unknown };

/** What the core tells of, by its numbers: `Told` in src/host.rs. */
const told = ["request", "retry", "fallback", "limit", "budget", "cost", "calibrated"];

/** Timers hold 32 bits: a longer one would ring at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The bindings of one client. */
export function bindHost(
  options: ClientOptions,
  keys: Keys,
  handles: Handles,
  events: Events,
  costs: Costs,
  connection: () => Connection,
): HostBindings & { wake: Wake; cache: LazyCache; pause(ms: number, signal?: AbortSignal): Promise<void> } {
  const { fetch: injected, clock } = options;
  const base = pageBase();
  // Kinds of requests (origin and header names) that were answered before: they pass CORS, so that when one fails it is the
  // network that failed, and another try makes sense.
  const allowed = new Set<string>();
  let failed = "";
  const start: Wake = (callback, ms) => {
    const timer = (clock ?? globalThis).setTimeout(callback, Math.min(ms, LONGEST_TIMER_MS));
    return Object.assign(() => (clock ?? globalThis).clearTimeout(timer as number), { timer });
  };
  const pause = (ms: number, signal?: AbortSignal) =>
    new Promise<void>((resolve) => {
      const stop = start(resolve, ms);
      signal?.addEventListener("abort", () => {
        stop();
        resolve();
      });
    });
  let stopAlarm: (() => void) | undefined;
  const tell = (event: string, record: string) => {
    if (event === "cost") costs.add(JSON.parse(record) as Entry);
    else if (event === "calibrated") costs.calibrated(JSON.parse(record));
    else events.tell(event, record);
  };
  const cache = new LazyCache(options, base !== undefined, {
    now: () => (clock ?? Date).now(),
    sleep: pause,
    fly(flight) {
      const call = new Call();
      const done = call.run(async () => ({ ...connection(), core: await loadWhole() }), ({ core, client }, number) => core.fly(client, number, flight));
      return { done, stop: () => call.abort({ message: "nobody waits for the answer any more" }) };
    },
    forget: (flight) => connection().core.flight_forget(flight),
    tell,
  });
  return {
    cache,
    pause,
    recall: (lookup, flight, signal) => cache.recall(lookup, flight, signal),
    taped: (flight, piece) => cache.now?.taped(flight, piece),
    wanted: (flight) => cache.now?.wanted(flight),
    async fetch(url, init) {
      // Fetched while the provider is asked. Without it a cost is unknown, and nothing else is wrong.
      if (!isLoaded) catalogue().catch(() => {});
      const { trace } = events;
      events.trace = undefined;
      if (trace && trace.server === new URL(url).origin) Object.assign(init.headers!, { traceparent: trace.traceparent });
      // The global one is looked up each time (tests and service workers replace it), and both are called without a `this`
      // of ours: browsers throw "Illegal invocation" at any other.
      if (injected) return injected(url, init);
      if (!base) return globalThis.fetch(url, init);
      const kind = [new URL(url).origin, ...Object.keys(init.headers ?? {}).sort()].join();
      try {
        const response = await globalThis.fetch(url, init);
        allowed.add(kind);
        return response;
      } catch (thrown) {
        failed = kind;
        if (init.signal?.aborted || globalThis.navigator?.onLine !== false) throw thrown;
        throw new TypeError(`the browser is offline (${describe(thrown)})`, { cause: thrown });
      }
    },
    key: (provider, index) => keys.get(provider, index),
    when(handle, error, detail) {
      const when = handles.get(handle) as (error: LlmError, detail: unknown) => unknown;
      return plain(when(errorFrom(error), JSON.parse(detail)), 1);
    },
    tell: (event, record) => tell(told[event]!, record),
    begun: (callId) => events.begun(callId),
    catalogue,
    tokens: (encoding, text) => counter.count(encoding, text),
    countSlowly: (encoding, text) => counter.countSlowly(encoding, text),
    whole: () => (isHalf() ? loadWhole() : undefined),
    loadTokens: async (encoding) => (await import("./tokens/module.ts")).loadNamed(encoding),
    limit: (store, key, change) => changeLimit(handles.get(store) as LimitStore, key, change),
    limitLater: (store, key, change) => void changeLimit(handles.get(store) as LimitStore, key, change).catch(() => {}),
    place: (store, key, count, signal) => (handles.get(store) as OriginScope).place(key, count, signal),
    file: (handle) => handles.get(handle) as Blob,
    now: () => (clock ?? Date).now(),
    alarm(number, ms) {
      stopAlarm?.();
      stopAlarm = ms < 0 ? undefined : start(() => theCore().ring(number, (clock ?? Date).now()), ms);
    },
    wake(callback, ms) {
      const stop = start(callback, ms);
      // What a stream waits for keeps a Node process alive, not the time that it may take: nobody may be reading it any more.
      (stop.timer as { unref?(): void } | undefined)?.unref?.();
      return stop;
    },
    tool: (handle, callId, input, signal) => runTool(handles, handle, callId, input, signal),
    alone: "WebSocketPair" in globalThis,
    page: base !== undefined,
    get listens() {
      return events.any;
    },
    get captures() {
      return events.capture !== undefined && events.any;
    },
    reaches(url) {
      const { origin } = new URL(url);
      if (!base || injected || origin === globalThis.location.origin || allowed.has(failed) || globalThis.navigator?.onLine === false) return undefined;
      // A request that CORS does not judge: all it tells is that a server is there. Without the path, keys and headers of
      // the call. (`redirect: "manual"` would fail it, by the standard.)
      const probe = { mode: "no-cors", cache: "no-store", credentials: "omit", referrerPolicy: "no-referrer" } as const;
      const signal = AbortSignal.timeout?.(5000) ?? null;
      return globalThis.fetch(`${origin}/`, { ...probe, signal }).then(
        (response) => (void response.body?.cancel().catch(() => {}), true),
        () => false,
      );
    },
  };
}
