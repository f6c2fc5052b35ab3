// The server under test, the same in every runtime: a gateway before an Anthropic and a Cohere model.
import { createClient } from "modelwire";
import { createGateway, pageTokens } from "modelwire/gateway";

export const secret = "a secret of thirty-two characters";
/** What no caller may ever see. */
export const providerKey = "sk-ant-the-gateways-own-key-0123456789";

export const models = ["claude", "cohere/command-a-03-2025"];
export const embedder = "cohere/embed-v4.0";

/** `providers`: where they are. */
export function makeApp({ providers, store }) {
  const client = createClient({
    providers: { anthropic: { apiKey: providerKey, baseURL: providers }, cohere: { apiKey: providerKey, baseURL: providers } },
    models: { claude: "anthropic/claude-haiku-5-5" },
    retry: false,
  });
  const gateway = createGateway(client, {
    authorize: pageTokens(secret).authorize,
    allow: [...models, embedder],
    cors: { origins: ["https://page.example"] },
    onError() {},
    ...(store && { store }),
  });
  return gateway.fetch;
}
