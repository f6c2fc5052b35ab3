// modelwire/gateway: the same package on the server side of the page. A page never loads it.
export { createGateway } from "./gateway/serve.ts";
export { pageTokens } from "./gateway/page_tokens.ts";
export type { Caller, GatewayOptions, PageTokens } from "./types/gateway.ts";
