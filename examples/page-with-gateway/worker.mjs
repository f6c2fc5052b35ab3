// A page and its gateway in one Worker. The page gets a token that lives for ten minutes and may spend five cents a day.
import { createClient, providersFromEnv } from "modelwire";
import { createGateway, pageTokens } from "modelwire/gateway";
import { durableObjectLimits } from "modelwire/stores/cloudflare";

export { LimitObject } from "modelwire/stores/cloudflare";

let made;
function serverOf(env) {
  const client = createClient({ providers: providersFromEnv(env), models: { fast: "anthropic/claude-haiku-5-5" } });
  const tokens = pageTokens(env.PAGE_TOKEN_SECRET);
  const store = durableObjectLimits(env.LIMITS);
  return { tokens, gateway: createGateway(client, { authorize: tokens.authorize, basePath: "/ai", allow: ["fast"], store }) };
}

/** Whoever your session says it is. Here: an address, so that nobody pays for the whole internet. */
const visitorOf = (request) => request.headers.get("cf-connecting-ip") ?? "somebody";

export default {
  async fetch(request, env) {
    const { tokens, gateway } = (made ??= serverOf(env));
    const { pathname } = new URL(request.url);
    if (pathname.startsWith("/ai/")) return gateway.fetch(request);
    if (pathname !== "/token" || request.method !== "POST") return env.ASSETS.fetch(request);
    const limits = { requestsPerMinute: 20, burst: 5 };
    const token = await tokens.mint({ id: visitorOf(request), expiresInSeconds: 600, budget: { usd: 0.05, per: "day" }, limits });
    return Response.json({ token }, { headers: { "cache-control": "no-store" } });
  },
};
