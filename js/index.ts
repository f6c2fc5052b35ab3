// modelwire: what a web developer imports. The entries (js/entry) add where the WebAssembly comes from.
export { createClient } from "./client.ts";
export { providersFromEnv } from "./env.ts";
export { LlmError, isLlmError } from "./errors.ts";
export { jsonlLog, otlpLog } from "./logs.ts";
export { partialJson, type PartialJson } from "./partial_json.ts";
export { chatTemplate, examplePrompts, PromptLibrary, promptTemplate } from "./prompts.ts";
export { readStream } from "./relay.ts";
export { withRetry } from "./retry.ts";
export { loadTokenizer } from "./tokens.ts";
export { tool } from "./tools.ts";
export { KeyVault } from "./vault.ts";
export { ready } from "./wasm.ts";
export type * from "./types.ts";
