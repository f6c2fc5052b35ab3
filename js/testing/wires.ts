// The wires, and which of them a request is for.
import { anthropic } from "./anthropic.ts";
import { azure } from "./azure.ts";
import type { Call } from "./call.ts";
import { cohere } from "./cohere.ts";
import { compatible, openai } from "./openai.ts";
import type { Wire } from "./wire.ts";

/** In order: the first that holds wins. What a host does not tell (proxies, servers of one's own), path and headers do. */
const signs: [Wire, (call: Call) => boolean][] = [
  [cohere, ({ url }) => /(^|\.)cohere\.(com|ai)$/.test(url.hostname) && !url.pathname.startsWith("/compatibility/")],
  [cohere, ({ url }) => url.pathname.endsWith("/v2/chat")],
  [cohere, ({ url }) => url.pathname.endsWith("/v1/models") && ["endpoint", "page_size", "default_only"].some((name) => url.searchParams.has(name))],
  [anthropic, ({ url, headers }) => url.hostname === "api.anthropic.com" || headers.has("anthropic-version")],
  [anthropic, ({ url }) => url.pathname.endsWith("/v1/messages")],
  [azure, ({ url }) => /\.(openai|cognitiveservices|services\.ai)\.azure\.(com|us|cn)$|\.azure-api\.net$/.test(url.hostname)],
  [azure, ({ url, headers }) => url.pathname.includes("/openai/deployments/") || headers.has("api-key")],
  [openai, ({ url }) => /(^|\.)api\.openai\.com$/.test(url.hostname)],
];

export function wireOf(call: Call): Wire {
  return signs.find(([, holds]) => holds(call))?.[0] ?? compatible;
}
