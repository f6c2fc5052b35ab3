// Where a queue's jobs are, and who shares them: by its options and by what there is here.
import { errorOf } from "../errors.ts";
import type { Listeners, QueueHost } from "../queue.ts";
import { indexedDbStore } from "../stores/indexed_db.ts";
import type { QueueOptions, Store } from "../types.ts";
import { Queue } from "./queue.ts";
import { memoryRecords, storedRecords } from "./records.ts";
import { localSite, pageSite, type Message } from "./site.ts";

export function openQueue(host: QueueHost, name: string, { durable, store, workers }: QueueOptions, listeners: Listeners): Queue {
  const setup = { name, workers: workers!, durable: durable! };
  if (!durable) {
    const records = memoryRecords();
    return new Queue(host, { ...setup, records, site: (heard) => localSite(records, name, heard) }, listeners);
  }
  const kept = storeOf(host, store);
  // The tabs of a site have its store in common.
  const isShared = host.page && globalThis.navigator?.locks && typeof BroadcastChannel === "function";
  const site = (heard: (message: Message) => void) => (isShared ? pageSite(name, heard) : localSite(kept, name, heard));
  return new Queue(host, { ...setup, records: storedRecords(kept, name), site }, listeners);
}

/** One for all clients: without Web Locks, they know each other by it. */
let ofOrigin: Store | undefined;

function storeOf(host: QueueHost, store: Store | undefined): Store {
  if (store) return store;
  if (typeof host.store === "object") return host.store;
  if (host.store !== "memory" && host.page && globalThis.indexedDB) return (ofOrigin ??= indexedDbStore());
  throw errorOf("unsupported", "queue: durable: there is nothing here that outlives this program; give a store");
}
