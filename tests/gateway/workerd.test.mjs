// In workerd, with Durable Objects for its callers.
import { join } from "node:path";
import { testClients } from "./clients.mjs";
import { absent, bundleWorker, durableObjects, startWorkers } from "./workerd.mjs";

const launch = async () => startWorkers([{ name: "gateway", ...(await bundleWorker(join(import.meta.dirname, "worker.mjs"))), durableObjects }]);
testClients("workerd", Object.assign(launch, { absent }));
