// A gateway in Deno, its callers' budgets and limits in Deno KV: deno run --unstable-kv --allow-net --allow-env server.mjs
import { createClient, providersFromEnv } from "modelwire";
import { createGateway, pageTokens } from "modelwire/gateway";
import { kvLimits } from "modelwire/stores/deno";

const env = Deno.env.toObject();
const client = createClient({
  providers: providersFromEnv(env),
  models: { fast: ["anthropic/claude-haiku-5-5", "cohere/command-a-03-2025"] },
});
const tokens = pageTokens(env.PAGE_TOKEN_SECRET ?? "");
const gateway = createGateway(client, {
  authorize: tokens.authorize,
  allow: ["fast"],
  store: kvLimits(await Deno.openKv(env.KV_PATH)),
});

const onListen = ({ port }) => console.log(`listening at http://localhost:${port}/`);
Deno.serve({ port: Number(env.PORT ?? 8787), onListen }, gateway.fetch);
console.log(`a token for an hour: ${await tokens.mint({ id: "me", budget: { usd: 1, per: "day" }, expiresInSeconds: 3600 })}`);
