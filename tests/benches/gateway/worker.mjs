// The gateway, before the same provider.
import { createClient } from "modelwire";
import { createGateway } from "modelwire/gateway";
import { durableObjectLimits } from "modelwire/stores/cloudflare";

export { LimitObject } from "modelwire/stores/cloudflare";

let gateway;
export default {
  fetch(request, { PROVIDER, LIMITS }) {
    gateway ??= createGateway(createClient({ providers: { home: { kind: "openai-compatible", baseURL: `${PROVIDER}/v1`, apiKey: "a-key" } } }), {
      authorize: ({ headers }) => (headers.get("authorization") === "Bearer limited" ? { id: "a", limits: { requestsPerMinute: 1e6 } } : { id: "b" }),
      allow: ["home/m", "home/slow"],
      store: durableObjectLimits(LIMITS),
    });
    return gateway.fetch(request);
  },
};
