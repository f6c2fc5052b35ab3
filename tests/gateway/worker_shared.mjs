// One of several Workers that share the Durable Objects of the first.
import { createClient } from "modelwire";
import { createGateway } from "modelwire/gateway";
import { durableObjectLimits } from "modelwire/stores/cloudflare";
import { mockProviders } from "modelwire/testing";

export { LimitObject } from "modelwire/stores/cloudflare";

let gateway;
export default {
  fetch(request, { LIMITS, CALLERS }) {
    gateway ??= createGateway(
      createClient({
        providers: { anthropic: { apiKey: "a-key" } },
        models: { claude: "anthropic/claude-haiku-5-5" },
        catalog: { "anthropic/claude-haiku-5-5": { price: { input: 0, output: 10 } } },
        fetch: mockProviders([{ text: "word ".repeat(10), usage: { inputTokens: 2, outputTokens: 200 } }]).fetch,
      }),
      { authorize: ({ headers }) => CALLERS[headers.get("authorization").slice(7)] ?? null, allow: ["claude"], store: durableObjectLimits(LIMITS) },
    );
    return gateway.fetch(request);
  },
};
