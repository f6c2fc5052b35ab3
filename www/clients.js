// The clients of the page: what the mock bills is in a ledger of its own, beside what real calls cost.
import { createClient } from "modelwire";
import { indexedDbStore } from "modelwire/stores/web";

/** Where mock calls are kept: ledger and cache, over reloads, apart from what is real. */
export const mockStore = indexedDbStore("modelwire-mock");

/** A client whose calls go to the mock's ledger, or (`real`) to that of this site. */
export function openClient({ real, ...options }) {
  return createClient({ store: real ? "indexeddb" : mockStore, ...options });
}

/**
 * Keeps one client for as long as its options stay the same, so that its budget goes on from one answer to the next.
 * `onOpen` is told of each new one. Functions (a key that is asked for) count as the same.
 */
export function keptClient(onOpen = () => {}) {
  let known = null;
  let client = null;
  return (options, fetch) => {
    const description = JSON.stringify(options, (_, value) => (typeof value === "function" ? "function" : value));
    if (description !== known) {
      client?.close();
      client = null;
      known = null;
      client = openClient({ ...options, fetch });
      known = description;
      onOpen(client);
    }
    return client;
  };
}

/** Listens to what goes over the wire: kept for show, without headers and so without keys. */
export function recorder(target) {
  let sent = null;
  return {
    async fetch(input, init) {
      const request = new Request(input, init);
      sent = { url: request.url, body: JSON.parse(await request.clone().text()) };
      return target(request);
    },
    last: () => sent,
    clear: () => (sent = null),
  };
}
