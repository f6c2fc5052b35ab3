// What a page has to keep things in. `store: "indexeddb"` is the first of these under its usual name.
export { cacheApiStore } from "./cache_api.ts";
export { indexedDbStore } from "./indexed_db.ts";
export { memoryStore } from "./memory.ts";
