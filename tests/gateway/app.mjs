// The server under test, the same in every runtime: a gateway before an Anthropic and a Cohere model (the package's own mock,
// which speaks their wire formats), and what became of their requests at /test/state.
import { createClient } from "modelwire";
import { createGateway, pageTokens } from "modelwire/gateway";
import { mockProviders } from "modelwire/testing";

export const secret = "a secret of thirty-two characters";
/** What no caller may ever see. */
export const providerKey = "sk-ant-the-gateways-own-key-0123456789";

export const models = ["claude", "cohere/command-a-03-2025"];
export const embedder = "cohere/embed-v4.0";

/** What the models answer. */
function script({ prompt, body }) {
  const text = JSON.stringify(body);
  if (text.includes("What is the weather?")) {
    if (text.includes("tool_result") || text.includes('"role":"tool"')) return { text: "It is sunny." };
    return { toolCalls: [{ name: "weather", input: { city: "Rome" } }] };
  }
  if (prompt.includes("as JSON")) return { text: '{"city":"Rome","population":2800000}' };
  if (prompt.includes("never end")) return { text: "one two three four five six seven eight", stallAfterEvents: 5 };
  if (prompt.includes("never begin")) return { stallAfterEvents: 0 };
  if (prompt.includes("break")) return { text: "one two three four five six", errorAfterEvents: 5 };
  const fault = /fail with ([\w-]+)/.exec(prompt)?.[1];
  if (fault) return { error: fault, ...(fault === "rate-limit" && { retryAfterSeconds: 7 }) };
  return { text: "Hello there, friend.", usage: { inputTokens: 12, outputTokens: 5 } };
}

export function makeApp({ store } = {}) {
  const mock = mockProviders(script);
  const state = { requests: [], aborted: 0 };
  const fetch = (url, init) => {
    const headers = Object.fromEntries(new Headers(init.headers));
    state.requests.push({ url, headers });
    init.signal?.addEventListener("abort", () => state.aborted++);
    return mock.fetch(url, init);
  };
  const client = createClient({
    providers: { anthropic: { apiKey: providerKey }, cohere: { apiKey: providerKey } },
    models: { claude: "anthropic/claude-haiku-5-5" },
    retry: false,
    fetch,
  });
  const tokens = pageTokens(secret);
  const gateway = createGateway(client, {
    authorize: tokens.authorize,
    allow: [...models, embedder],
    cors: { origins: ["https://page.example"] },
    onError() {},
    ...(store && { store }),
  });
  return async (request) => {
    if (new URL(request.url).pathname !== "/test/state") return gateway.fetch(request);
    return Response.json(state);
  };
}
