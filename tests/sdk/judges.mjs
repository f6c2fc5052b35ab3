// Which SDK judges which kind of provider.
import * as anthropic from "./anthropic.mjs";
import * as cohere from "./cohere.mjs";
import * as openai from "./openai.mjs";

export const judges = { openai, azure: openai, "openai-compatible": openai, anthropic, cohere };
