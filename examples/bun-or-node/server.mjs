// A gateway in Bun or Node: `bun server.mjs`, or `node server.mjs`. Keys come from the environment.
import { createClient, providersFromEnv } from "modelwire";
import { createGateway, pageTokens } from "modelwire/gateway";
import { serve } from "./serve.mjs";

const client = createClient({
  providers: providersFromEnv(process.env),
  models: { fast: ["anthropic/claude-haiku-5-5", "cohere/command-a-03-2025"] },
});
const tokens = pageTokens(process.env.PAGE_TOKEN_SECRET ?? "");
const gateway = createGateway(client, { authorize: tokens.authorize, allow: ["fast"] });

const port = Number(process.env.PORT ?? 8787);
const url = globalThis.Bun ? String(Bun.serve({ port, idleTimeout: 120, fetch: gateway.fetch }).url) : (await serve(gateway.fetch, port)).url;
console.log(`listening at ${url}`);
console.log(`a token for an hour: ${await tokens.mint({ id: "me", budget: { usd: 1, per: "day" }, expiresInSeconds: 3600 })}`);
