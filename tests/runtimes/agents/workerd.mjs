// The agent in workerd: a Worker that runs one check a request, as a Worker is used.
import "../watch.mjs";
import * as modelwire from "modelwire";
import "modelwire/tokens/o200k_base";
import "modelwire/tokens/cl100k_base";
import "modelwire/tokens/p50k_base";
import { cacheApiStore, durableObjectLimits, kvStore } from "modelwire/stores/cloudflare";
import { runChecks, sawUnhandled } from "../run.mjs";

addEventListener("unhandledrejection", (event) => {
  event.preventDefault();
  sawUnhandled(event.reason);
});

export { LimitObject } from "modelwire/stores/cloudflare";

export default {
  async fetch(request, { SETTINGS, VALUES, LIMITS }) {
    const index = Number(new URL(request.url).searchParams.get("check"));
    let result;
    await runChecks(modelwire, SETTINGS, (one) => void (result = one), [index], {
      stores: { "Cloudflare KV": (now) => kvStore(VALUES, now), "Cache API": (now) => cacheApiStore("checks", now) },
      limitStores: { "Durable Objects": () => durableObjectLimits(LIMITS) },
    });
    return Response.json(result);
  },
};
