// The agent in Node, Deno and Bun: settings are the last argument, results are lines on stdout.
import "../watch.mjs";
import * as modelwire from "modelwire";
import { memoryStore } from "modelwire/stores/web";
import { runChecks, sawUnhandled } from "../run.mjs";

if (globalThis.Deno) {
  addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    sawUnhandled(event.reason);
  });
} else {
  process.on("unhandledRejection", sawUnhandled);
}

const settings = JSON.parse(process.argv.at(-1));
const made = { stores: { memory: memoryStore }, ...(globalThis.Deno?.openKv && (await denoStores())), testing: await import("modelwire/testing") };
await runChecks(modelwire, settings, (result) => console.log(`check ${JSON.stringify(result)}`), undefined, made);
// Connections that are kept alive would keep the process alive, too.
process.exit(0);

async function denoStores() {
  const { kvLimits, kvStore } = await import("modelwire/stores/deno");
  const kv = await Deno.openKv(":memory:");
  return { stores: { memory: memoryStore, "Deno KV": (now) => kvStore(kv, now) }, limitStores: { "Deno KV": () => kvLimits(kv) } };
}
