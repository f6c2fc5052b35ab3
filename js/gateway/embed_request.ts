// The body of POST /v1/embeddings as this package's request.
import { Fields, nameOf } from "./fields.ts";
import { unsupported, wrong } from "./refusal.ts";

export interface EmbedAsked {
  model: string;
  input: string | string[];
  dimensions?: number;
  base64: boolean;
}

/** OpenAI's own bound. */
const MOST_INPUTS = 2048;

export function readEmbed(body: unknown): EmbedAsked {
  const fields = new Fields("", body);
  const model = fields.required("model");
  const input = fields.take("input");
  if (input === undefined) throw wrong("input", "is required");
  if (Array.isArray(input)) {
    if (input.length > MOST_INPUTS) throw wrong("input", `must be at most ${MOST_INPUTS} texts, not ${input.length}`);
    input.forEach((item, at) => {
      if (typeof item === "number" || Array.isArray(item)) throw unsupported(`input[${at}]`, "tokens are of one model; send texts");
      if (typeof item !== "string") throw wrong(`input[${at}]`, `must be a string, not ${nameOf(item)}`);
    });
  } else if (typeof input !== "string") throw wrong("input", `must be a string or an array of strings, not ${nameOf(input)}`);
  const dimensions = fields.whole("dimensions", 1);
  const base64 = fields.word("encoding_format", ["float", "base64"]) === "base64";
  // Embeddings have no tags of their own: it is accepted because clients send it, and used for nothing.
  fields.string("user");
  fields.finish();
  return { model, input: input as string | string[], ...(dimensions !== undefined && { dimensions }), base64 };
}
