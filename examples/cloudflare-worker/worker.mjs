// A gateway at Cloudflare: budgets, limits and the ledger in Durable Objects, answers that may be given again in KV, keys in secrets.
import { createClient, providersFromEnv } from "modelwire";
import { createGateway, pageTokens } from "modelwire/gateway";
import { durableObjectLimits, durableObjectStore, kvStore } from "modelwire/stores/cloudflare";

export { LimitObject } from "modelwire/stores/cloudflare";

let gateway;
function gatewayOf(env) {
  const client = createClient({
    providers: providersFromEnv(env),
    models: { fast: ["anthropic/claude-haiku-5-5", "cohere/command-a-03-2025"] },
    store: durableObjectStore(env.LIMITS),
    cache: { store: kvStore(env.ANSWERS), ttlSeconds: 3600 },
  });
  return createGateway(client, {
    authorize: pageTokens(env.PAGE_TOKEN_SECRET).authorize,
    allow: ["fast"],
    cors: { origins: [env.PAGE_ORIGIN] },
    store: durableObjectLimits(env.LIMITS),
  });
}

export default {
  fetch(request, env) {
    gateway ??= gatewayOf(env);
    return gateway.fetch(request);
  },
};
