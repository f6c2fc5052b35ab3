// The app as a Worker, with its callers' budgets and limits in Durable Objects.
import { durableObjectLimits } from "modelwire/stores/cloudflare";
import { makeApp } from "./app.mjs";

export { LimitObject } from "modelwire/stores/cloudflare";

let app;
export default {
  fetch(request, env) {
    app ??= makeApp({ providers: env.PROVIDERS, store: durableObjectLimits(env.LIMITS) });
    return app(request);
  },
};
