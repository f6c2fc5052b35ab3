// The Durable Object of a Worker: one limit or budget, or values.
import { describe } from "../errors.ts";
import { loadWhole } from "../wasm.ts";
import { bufferOf } from "./bytes.ts";
import { DurableValues, type DurableSql, type Listed } from "./durable_values.ts";

/** Its statuses that are no failures: there is no such value; somebody else has changed it since. */
export const NOTHING = 204;
export const CHANGED_MEANWHILE = 409;

/** What is needed of the state that a Durable Object is made with. */
export interface DurableState {
  storage: {
    get<T>(key: string): Promise<T | undefined>;
    put<T>(key: string, value: T): Promise<void>;
    delete(key: string): Promise<boolean>;
    deleteAll(): Promise<void>;
    getAlarm(): Promise<number | null>;
    setAlarm(timeMs: number): Promise<void>;
    /** Of classes among `new_sqlite_classes`. */
    sql: DurableSql;
    transactionSync<T>(work: () => T): T;
  };
}

/**
 * The Durable Object behind `durableObjectLimits` and `durableObjectStore`: `export { LimitObject } from "modelwire/stores/cloudflare"`
 * in the Worker that imports `modelwire`, among `new_sqlite_classes`. A limit's state is some hundred bytes, and is deleted when it
 * says nothing any more: a limit's a week after it was last asked, a budget's two days after its day or month. That of a budget per
 * "session" stays, and so do values that were given no time.
 */
export class LimitObject {
  readonly #storage: DurableState["storage"];
  #values: DurableValues | undefined;

  constructor(state: DurableState) {
    this.#storage = state.storage;
  }

  async fetch(request: Request): Promise<Response> {
    try {
      const url = new URL(request.url);
      return url.searchParams.has("now") ? await this.#value(request, url) : await this.#limit(request, url);
    } catch (thrown) {
      return new Response(describe(thrown), { status: 500 });
    }
  }

  // Between the read and the write nobody else is let in: an object waits for its storage alone.
  async #limit(request: Request, { pathname }: URL): Promise<Response> {
    const body = new Uint8Array(await request.arrayBuffer());
    const core = pathname === "/change" ? await loadWhole() : undefined;
    const { version, state, until } = (await this.#storage.get<KeptLimit>("kept")) ?? { version: 0, state: undefined, until: undefined };
    const keep = async (state: Uint8Array, untilMs?: number) => {
      await this.#storage.put<KeptLimit>("kept", { version: version + 1, state, ...(untilMs !== undefined && { until: untilMs }) });
      // One for all changes: when it rings too early it is set again.
      if (untilMs !== undefined && until === undefined) await this.#ring(untilMs);
    };
    if (core) {
      const change = new TextDecoder().decode(body);
      const [changed, number] = core.limit_change(state, Date.now(), change);
      await keep(changed, meansNothingAt(change, Date.now()));
      return new Response(String(number));
    }
    if (pathname === "/swap") {
      if (String(version) !== request.headers.get("x-version")) return new Response("changed meanwhile", { status: CHANGED_MEANWHILE });
      await keep(body);
      return new Response("kept");
    }
    return new Response(bufferOf(state ?? new Uint8Array()), { headers: { "x-version": String(version), "x-now": String(Date.now()) } });
  }

  async #value(request: Request, { pathname, searchParams }: URL): Promise<Response> {
    const given = (name: string) => searchParams.get(name) ?? "";
    const now = Number(given("now"));
    const body = request.method === "PUT" ? new Uint8Array(await request.arrayBuffer()) : undefined;
    const values = this.#kept();
    if (pathname === "/keys") return listed(values.keys(given("prefix"), given("from"), now));
    if (pathname === "/page") return listed(values.values(given("prefix"), given("from"), now));
    if (request.method === "DELETE") return new Response(null, { status: values.delete(given("key"), now) ? 200 : NOTHING });
    if (!body) {
      const found = values.get(given("key"), now);
      return found ? new Response(new Blob(found)) : new Response(null, { status: NOTHING });
    }
    const until = searchParams.has("until") ? Number(given("until")) : null;
    values.set(given("key"), body, until);
    if (until !== null) await this.#ring(Math.max(until, Date.now() + LEAST_MS));
    return new Response();
  }

  #kept(): DurableValues {
    const storage = this.#storage;
    return (this.#values ??= new DurableValues(storage.sql, (work) => storage.transactionSync(work)));
  }

  async #ring(timeMs: number): Promise<void> {
    const next = await this.#storage.getAlarm();
    if (next === null || timeMs < next) await this.#storage.setAlarm(timeMs);
  }

  /** Cleans up. */
  async alarm(): Promise<void> {
    const now = Date.now();
    const kept = await this.#storage.get<KeptLimit>("kept");
    const isOver = kept?.until !== undefined && kept.until <= now;
    const values = this.#hasSql() ? this.#kept().forget(now) : { isEmpty: true, next: null };
    if ((!kept || isOver) && values.isEmpty) {
      await this.#storage.deleteAll();
      this.#values = undefined;
      return;
    }
    if (isOver) await this.#storage.delete("kept");
    // Without an end it is kept for good: somebody else's state, since.
    const ends = [isOver ? undefined : kept?.until, values.next && Math.max(values.next, now + LEAST_MS)].filter((end) => typeof end === "number");
    if (ends.length > 0) await this.#storage.setAlarm(Math.min(...ends));
  }

  #hasSql(): boolean {
    try {
      return this.#storage.sql !== undefined;
    } catch {
      // Not of a class among `new_sqlite_classes`: it throws what to do about it.
      return false;
    }
  }
}

/** Values are deleted together: an alarm for each would be one write more. */
const LEAST_MS = 60_000;

function listed({ body, next }: Listed): Response {
  return new Response(bufferOf(body), next === undefined ? {} : { headers: { "x-next": encodeURIComponent(next) } });
}

const DAY_MS = 86_400_000;

/** When a state that was changed so is the same as none; undefined: never. */
function meansNothingAt(change: string, now: number): number | undefined {
  const per: unknown = JSON.parse(change).budget?.per;
  if (per === undefined) return now + 7 * DAY_MS;
  return per === "day" ? now + 3 * DAY_MS : per === "month" ? now + 33 * DAY_MS : undefined;
}

interface KeptLimit {
  version: number;
  state: Uint8Array;
  /** When it means nothing any more. */
  until?: number;
}
