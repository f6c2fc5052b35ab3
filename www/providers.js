// The providers on show: what the page asks for, and how that becomes the options of a client. One row a provider.

/** `server`: where a call goes when nobody says otherwise; null where only the visitor can know. */
export const providers = [
  {
    name: "openai",
    label: "OpenAI",
    models: ["gpt-6-luna", "gpt-6.1-terra", "gpt-6.1-sol"],
    server: "https://api.openai.com/v1",
    option: "baseURL",
    keyHint: "sk-…",
  },
  {
    name: "anthropic",
    label: "Anthropic",
    models: ["claude-haiku-5-5", "claude-sonnet-5-5", "claude-opus-5-5"],
    server: "https://api.anthropic.com",
    option: "baseURL",
    keyHint: "sk-ant-…",
  },
  {
    name: "azure",
    label: "Azure OpenAI",
    models: ["my-deployment"],
    server: null,
    example: "https://my-resource.openai.azure.com",
    option: "endpoint",
    keyHint: "the key of the resource",
  },
  {
    name: "cohere",
    label: "Cohere",
    models: ["command-a-plus-05-2026", "command-a-03-2025", "command-r7b-12-2024"],
    server: "https://api.cohere.com",
    option: "baseURL",
    keyHint: "the key of your account",
  },
  {
    name: "openai-compatible",
    label: "OpenAI-compatible",
    models: ["llama4", "qwen3", "deepseek-v4-flash"],
    server: null,
    example: "http://localhost:11434/v1",
    option: "baseURL",
    keyHint: "if your server wants one",
    keyless: true,
  },
];

/**
 * Whether the visitor's own server is meant, or the mock: `{ real, missing }` and the host that would be called.
 * A key means a real call; for servers that need none, the URL does.
 */
export function destination(provider, { hasKey, url }) {
  const wantsReal = Boolean(hasKey || (provider.keyless && url));
  if (!wantsReal) return { real: false, host: null, missing: null };
  const base = url || provider.server;
  if (!base) return { real: true, host: null, missing: provider.option === "endpoint" ? "endpoint" : "base URL" };
  return { real: true, host: hostOf(base), missing: null };
}

/** The options of one provider of `createClient`. `apiKey` is a function, or null; the mock takes any key. */
export function providerOptions(provider, { apiKey, url }, real) {
  const base = url || (real ? undefined : provider.example);
  return {
    ...(base && { [provider.option]: base }),
    ...(real ? apiKey && { apiKey } : { apiKey: "none-needed" }),
  };
}

function hostOf(url) {
  try {
    return new URL(url).host;
  } catch {
    return null;
  }
}

/** How people call the provider of `"provider/model"`. */
export const labelOf = (ref) => providers.find(({ name }) => ref.startsWith(`${name}/`))?.label ?? ref;
