// Where the jobs of a queue are: in memory, or one key a job in a store.
import { describe, errorOf, LlmError, type ErrorData } from "../errors.ts";
import { reviveResponse } from "../revive.ts";
import type { IndexedDbStore } from "../stores/indexed_db.ts";
import type { ChatRequest, ChatResponse, Job, Store } from "../types.ts";
import type { Arrival } from "./order.ts";
import { plainRequest, revive, write } from "./plain.ts";

/** All that is known of a job. Not changed: each state is another one. */
export interface Entry extends Arrival {
  readonly id: string;
  /** What providers know it by, whoever tries it: not the id, which somebody else may have given to something else. */
  readonly key: string;
  readonly request: ChatRequest;
  readonly state: Job["state"];
  readonly attempts: number;
  readonly priority: number;
  /** Milliseconds since 1970. */
  readonly deadline?: number;
  /** When it was over, in milliseconds since 1970. */
  readonly finished?: number;
  /** Whether its result was told to somebody. */
  readonly told?: boolean;
  readonly response?: ChatResponse;
  readonly error?: LlmError;
}

export interface Records {
  /** Why nothing more is taken. */
  full?(): string | undefined;
  /** The request as it can be kept. Rejects with an LlmError. */
  kept(request: ChatRequest): Promise<ChatRequest> | ChatRequest;
  get(id: string): Promise<Entry | null>;
  /** Gives how many bytes it has. */
  put(entry: Entry): Promise<number>;
  delete(id: string): Promise<void>;
  all(): Promise<{ entry: Entry; bytes: number }[]>;
  ids(): Promise<string[]>;
}

/** How many jobs memory holds. What a store holds is the store's to say. */
const MOST = 100_000;

/** In memory, where a job is what the caller gave: signals, functions and all. */
export function memoryRecords(): Records {
  const entries = new Map<string, Entry>();
  return {
    full: () => (entries.size >= MOST ? `it holds ${MOST} jobs` : undefined),
    kept: (request) => request,
    get: async (id) => entries.get(id) ?? null,
    put: async (entry) => (entries.set(entry.id, entry), 0),
    delete: async (id) => void entries.delete(id),
    all: async () => [...entries.values()].map((entry) => ({ entry, bytes: 0 })),
    ids: async () => [...entries.keys()],
  };
}

/** How what is kept is written. Another version's is left alone. */
const VERSION = 1;

/** How many of a store's values are asked for at once. */
const AT_ONCE = 32;

/** In a store. Everything rejects with code "storage" when that does. */
export function storedRecords(store: Store & Partial<IndexedDbStore>, queue: string): Records {
  const prefix = `modelwire/queue/${encodeURIComponent(queue)}/`;
  const keyOf = (id: string) => prefix + encodeURIComponent(id);

  async function use<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (thrown) {
      throw errorOf("storage", `the queue "${queue}" could not be kept: ${describe(thrown)}`, thrown);
    }
  }

  async function keys(): Promise<string[]> {
    const keys: string[] = [];
    for await (const key of store.list(prefix)) keys.push(key);
    return keys;
  }

  async function values(): Promise<(Uint8Array | null)[]> {
    if (store.values) return store.values(prefix);
    const found: (Uint8Array | null)[] = [];
    const all = await keys();
    for (let start = 0; start < all.length; start += AT_ONCE) {
      found.push(...(await Promise.all(all.slice(start, start + AT_ONCE).map((key) => store.get(key)))));
    }
    return found;
  }

  return {
    kept: (request) => plainRequest(request) as Promise<ChatRequest>,
    get: (id) => use(async () => decode(await store.get(keyOf(id)))),
    put: (entry) =>
      use(async () => {
        const value = write({ version: VERSION, ...entry });
        await store.set(keyOf(entry.id), value);
        return value.length;
      }),
    delete: (id) => use(async () => void (await store.delete(keyOf(id)))),
    all: () =>
      use(async () => {
        const found: { entry: Entry; bytes: number }[] = [];
        for (const value of await values()) {
          const entry = decode(value);
          if (entry) found.push({ entry, bytes: value!.length });
        }
        return found;
      }),
    ids: () => use(async () => (await keys()).map((key) => decodeURIComponent(key.slice(prefix.length)))),
  };
}

/** What is damaged, or another version's, is as if it were not there. */
function decode(value: Uint8Array | null): Entry | null {
  if (!value) return null;
  try {
    const { version, error, response, ...entry } = JSON.parse(new TextDecoder().decode(value)) as Entry & { version: number; error?: ErrorData };
    if (version !== VERSION || typeof entry.id !== "string") return null;
    return { ...entry, request: revive(entry.request) as ChatRequest, ...(response && { response: reviveResponse(response) }), ...(error && { error: LlmError.of(error) }) };
  } catch {
    return null;
  }
}
