// The agent in workerd: a Worker that runs one check a request, as a Worker is used.
import "../watch.mjs";
import * as modelwire from "modelwire";
import "modelwire/tokens/o200k_base";
import "modelwire/tokens/cl100k_base";
import "modelwire/tokens/p50k_base";
import * as testing from "modelwire/testing";
import { cacheApiStore, durableObjectLimits, durableObjectStore, durableStore, kvStore } from "modelwire/stores/cloudflare";
import { checksFor } from "../checks.mjs";
import { runChecks, sawUnhandled } from "../run.mjs";

addEventListener("unhandledrejection", (event) => {
  event.preventDefault();
  sawUnhandled(event.reason);
});

export { LimitObject } from "modelwire/stores/cloudflare";

/** Runs a check within an object, whose storage is to be had nowhere else. */
export class Inside {
  constructor(state, env) {
    this.run = (request) => run(request, env, { "Durable Object storage": (now) => durableStore(state.storage, now) });
  }
  fetch(request) {
    return this.run(request);
  }
}

export default {
  async fetch(request, env) {
    if (checkOf(request, env).name.includes("the store Durable Object storage")) return env.INSIDE.get(env.INSIDE.newUniqueId()).fetch(request);
    const { VALUES, LIMITS } = env;
    const stores = {
      "Cloudflare KV": (now) => kvStore(VALUES, now),
      "Cache API": (now) => cacheApiStore("checks", now),
      "Durable Object": (now) => durableObjectStore(LIMITS, "checks", now),
    };
    return run(request, env, stores, { "Durable Objects": () => durableObjectLimits(LIMITS) });
  },
};

const indexOf = (request) => Number(new URL(request.url).searchParams.get("check"));
const checkOf = (request, { SETTINGS }) => checksFor(SETTINGS)[indexOf(request)];

async function run(request, { SETTINGS }, stores, limitStores) {
  let result;
  await runChecks(modelwire, SETTINGS, (one) => void (result = one), [indexOf(request)], { stores, limitStores, testing });
  return Response.json(result);
}
