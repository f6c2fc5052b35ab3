// Answers that are kept.
import type { ChatRequest } from "./request.ts";
import type { ChatResponse } from "./response.ts";
import type { Store } from "./stores.ts";

export interface CacheOptions {
  /** Where answers are kept. Default: the client's `store`; without one IndexedDB in a page or a worker of one, else memory. */
  store?: "indexeddb" | "memory" | Store;
  /** Caches of different names know nothing of one another. Default "default". */
  name?: string;
  /** How long an answer is kept. Default: until it has to make room. */
  ttlSeconds?: number;
  /** Bytes of all answers together; what was used longest ago goes. Default 64 MiB; of a store of your own: no bound. */
  maxBytes?: number;
  /** Default 10,000; of a store of your own: no bound. */
  maxEntries?: number;
  /** Also answers sampled at a temperature above 0 (which is part of the key), or at none said. Default true. */
  sampled?: boolean;
  /** A stream of a kept answer: at once (the default), or in the rhythm in which it arrived. */
  replay?: "instant" | "paced";
}

/** Requests are known by what their provider would be told: the same question in other words of this client finds the same answer. */
export interface CacheControl {
  /** The kept answer, of the first of the request's targets that has one. null: there is none. */
  get(request: ChatRequest): Promise<ChatResponse | null>;
  /** Keeps an answer as if the request had been given it. */
  set(request: ChatRequest, response: ChatResponse): Promise<void>;
  /** Whether there was one. */
  delete(request: ChatRequest): Promise<boolean>;
  /** Drops all; or those that have one of the tags, and are older. Gives how many. */
  clear(filter?: { tags?: string[]; olderThanSeconds?: number }): Promise<number>;
  /** Entries and bytes of this cache. Of this client: hits (answers that made no call, shared ones among them), misses, and what hits saved. */
  stats(): Promise<{ entries: number; bytes: number; hits: number; misses: number; savedUsd: number }>;
}
