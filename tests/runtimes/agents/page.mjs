// The agent in a page and in a module worker. `modelwire` comes through the page's import map; a worker has none, and gets
// this file with the address in place of the name.
import "../watch.mjs";
import * as modelwire from "modelwire";
import { runChecks, sawUnhandled } from "../run.mjs";

addEventListener("unhandledrejection", (event) => {
  event.preventDefault();
  sawUnhandled(event.reason);
});

const post = (path, value) => fetch(path, { method: "POST", body: JSON.stringify(value) });
const settings = await (await fetch("/settings")).json();
const stores = "/node_modules/modelwire/dist/stores";
const { cacheApiStore, indexedDbStore } = await import(`${stores}/web.js`);
const testing = await import("/node_modules/modelwire/dist/testing.js");
const made = { testing, stores: { IndexedDB: (now) => indexedDbStore("checks", now), "Cache API": (now) => cacheApiStore("checks", now) } };
try {
  await runChecks(modelwire, settings, (result) => post("/report", result), undefined, made);
  await post("/done", {});
} catch (error) {
  await post("/done", { error: String(error?.stack ?? error) });
}
