// Answers as an OpenAI client reads them: whole, and as a stream.
import { chunkWriter } from "../chunks.ts";
import { isLlmError } from "../errors.ts";
import type { Pump } from "../pump.ts";
import type { Encoding } from "../reply.ts";
import type { ChatEvent, ChatResponse, Cost, EmbedResponse, Usage, Warning } from "../types.ts";
import type { Whole } from "../wasm.ts";
import { refusalOf } from "./refusal.ts";

/** Also less than proxies wait before they take a silent connection for a dead one. */
const PING_MS = 5_000;

export const nowSeconds = () => Math.floor(Date.now() / 1000);

/** What OpenAI has no field for, under one name that its clients leave alone. */
export function extension({ provider, model, usage, cost, warnings, finishReason }: ChatResponse, more: Warning[]): object {
  return {
    provider,
    model,
    finish_reason: finishReason,
    cost_usd: cost?.usd ?? null,
    estimated: usage.estimated || (cost?.estimated ?? false),
    cache_read_tokens: usage.cacheReadTokens,
    cache_write_tokens: usage.cacheWriteTokens,
    warnings: [...more, ...warnings],
  };
}

/** An answer that does not match its schema is OpenAI's client's to judge: it gets what there is. */
export function answerIn(thrown: unknown): ChatResponse | null {
  return isLlmError(thrown, "output-invalid") ? thrown.partial : null;
}

export function whole(core: Whole, response: ChatResponse, warnings: Warning[]): { body: string; headers: Record<string, string> } {
  const answer = JSON.parse(core.openai_answer(JSON.stringify({ ...response, raw: null }), nowSeconds()));
  return { body: JSON.stringify({ ...answer, modelwire: extension(response, warnings) }), headers: figures(response) };
}

/** Of what was used, for who reads no bodies. */
export function figures({ provider, usage, cost }: { provider: string; usage: Usage; cost: Cost | null }): Record<string, string> {
  const headers: Record<string, string> = { "x-modelwire-provider": provider };
  const { inputTokens, outputTokens } = usage;
  if (inputTokens !== null) headers["x-modelwire-input-tokens"] = String(inputTokens);
  if (outputTokens !== null) headers["x-modelwire-output-tokens"] = String(outputTokens);
  if (cost !== null) headers["x-modelwire-cost-usd"] = String(cost.usd);
  return headers;
}

/** What streams have in common. The failure before the first delta is the gateway's to write. */
export const stream = {
  type: "text/event-stream; charset=utf-8",
  // A comment, which readers of events skip.
  ping: { text: ": waiting\n\n", afterMs: PING_MS },
  failure: () => null,
};

/** How a stream is written. `told`: what failed; gives what the caller is told. */
export function streamed(pump: Pump, includeUsage: boolean, warnings: Warning[], told: (thrown: unknown) => ReturnType<typeof refusalOf>): Encoding {
  const write = chunkWriter(nowSeconds());
  const data = (value: unknown) => `data: ${JSON.stringify(value)}\n\n`;
  const end = (response: ChatResponse): string => {
    const event = { type: "end", finishReason: response.finishReason, response: { usage: response.usage } } as ChatEvent;
    const { usage, ...chunk } = JSON.parse(write(pump.core!, event));
    const last = data({ ...chunk, modelwire: extension(response, warnings) });
    return includeUsage ? last + data({ ...chunk, choices: [], usage }) : last;
  };
  return {
    ...stream,
    event(event) {
      if (event.type === "end") return end(event.response);
      const chunk = write(pump.core!, event);
      return chunk && `data: ${chunk}\n\n`;
    },
    end: "data: [DONE]\n\n",
    fail(error) {
      const answer = answerIn(error);
      return answer ? `${end(answer)}data: [DONE]\n\n` : data(told(error).body());
    },
  };
}

export function embeddings({ embeddings, model, usage, cost, provider }: EmbedResponse, base64: boolean): object {
  const tokens = usage.inputTokens ?? 0;
  return {
    object: "list",
    data: embeddings.map((vector, index) => ({ object: "embedding", index, embedding: base64 ? encoded(vector) : [...vector] })),
    model,
    usage: { prompt_tokens: tokens, total_tokens: tokens },
    modelwire: { provider, cost_usd: cost?.usd ?? null, estimated: usage.estimated },
  };
}

/** Little-endian, as OpenAI's clients read it: as every machine that runs this has it. */
function encoded(vector: Float32Array): string {
  const bytes = new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength);
  let text = "";
  for (let at = 0; at < bytes.length; at += 4096) text += String.fromCharCode(...bytes.subarray(at, at + 4096));
  return btoa(text);
}
