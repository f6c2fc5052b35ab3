// In workerd, with Durable Objects for its callers.
import { join } from "node:path";
import { testClients } from "./clients.mjs";
import { absent, bundleWorker, durableObjects, startWorkers } from "./workerd.mjs";

async function launch(providers) {
  const worker = await bundleWorker(join(import.meta.dirname, "worker.mjs"));
  return startWorkers([{ name: "gateway", ...worker, durableObjects, bindings: { PROVIDERS: providers } }]);
}
testClients("workerd", launch, { absent, notices: false });
