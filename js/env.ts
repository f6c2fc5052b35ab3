// Providers from the environment: plain text work that must answer before the core is loaded.
import type { ProviderOptions } from "./types.ts";

interface Names {
  /** The first is the one that "missing-key" names; the first that is set counts. */
  key: string[];
  baseURL: string[];
}

const compatible = (name: string): Names => ({ key: [`${name}_API_KEY`], baseURL: [`${name}_BASE_URL`] });

/** The variables of each provider, as its official SDK and its documents name them. */
export const environment: Record<string, Names> = {
  openai: compatible("OPENAI"),
  anthropic: compatible("ANTHROPIC"),
  azure: { key: ["AZURE_OPENAI_API_KEY"], baseURL: ["AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_BASE_URL"] },
  cohere: { key: ["CO_API_KEY", "COHERE_API_KEY"], baseURL: ["CO_API_URL", "CO_BASE_URL", "COHERE_BASE_URL"] },
  groq: compatible("GROQ"),
  openrouter: compatible("OPENROUTER"),
  deepseek: compatible("DEEPSEEK"),
  mistral: compatible("MISTRAL"),
  together: compatible("TOGETHER"),
  xai: compatible("XAI"),
  perplexity: compatible("PERPLEXITY"),
  fireworks: compatible("FIREWORKS"),
  cerebras: compatible("CEREBRAS"),
  // Local servers need no key: it is their address that says they are wanted.
  ollama: { key: [], baseURL: ["OLLAMA_BASE_URL"] },
  vllm: { key: [], baseURL: ["VLLM_BASE_URL"] },
  lmstudio: { key: [], baseURL: ["LMSTUDIO_BASE_URL"] },
  llamacpp: { key: [], baseURL: ["LLAMACPP_BASE_URL"] },
};

/**
 * The `providers` that an environment has keys for: `createClient({ providers: providersFromEnv(process.env) })`, with
 * `Deno.env.toObject()`, or with the `env` of a Worker (what is not a string in it, a binding, is passed over). Reads
 * `OPENAI_API_KEY`, `ANTHROPIC_API_KEY`, `CO_API_KEY` or `COHERE_API_KEY`, `GROQ_API_KEY`, … and `<NAME>_BASE_URL`;
 * `AZURE_OPENAI_API_KEY` or `AZURE_OPENAI_AD_TOKEN` with `AZURE_OPENAI_ENDPOINT` and `OPENAI_API_VERSION`;
 * `OPENAI_ORG_ID` and `OPENAI_PROJECT_ID`. An empty variable is none. Local servers (Ollama, vLLM, LM Studio, llama.cpp)
 * are there when their `<NAME>_BASE_URL` is.
 */
export function providersFromEnv(env: Record<string, string | undefined>): Record<string, ProviderOptions> {
  const read = (...names: string[]): string | undefined => {
    for (const name of names) {
      const value: unknown = env[name];
      if (typeof value === "string" && value.trim() !== "") return value.trim();
    }
    return undefined;
  };
  const providers: Record<string, ProviderOptions> = {};
  for (const [name, names] of Object.entries(environment)) {
    const [apiKey, baseURL] = [read(...names.key), read(...names.baseURL)];
    const token = name === "azure" && !apiKey ? read("AZURE_OPENAI_AD_TOKEN") : undefined;
    if (!(apiKey || token || (names.key.length === 0 && baseURL))) continue;
    const provider: ProviderOptions = {};
    if (apiKey) provider.apiKey = apiKey;
    if (token) provider.token = token;
    if (baseURL) provider[name === "azure" ? "endpoint" : "baseURL"] = baseURL;
    providers[name] = provider;
  }
  const { openai, azure } = providers;
  if (openai) Object.assign(openai, given({ organization: read("OPENAI_ORG_ID"), project: read("OPENAI_PROJECT_ID") }));
  if (azure) Object.assign(azure, given({ apiVersion: read("AZURE_OPENAI_API_VERSION", "OPENAI_API_VERSION") }));
  return providers;
}

function given(values: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined));
}
