// `loadTokenizer`: what the contract calls a Tokenizer, over the module.
import { errorOf } from "../errors.ts";
import { onCollected } from "../finalize.ts";
import type { Tokenizer } from "../types.ts";
import { core, ENCODINGS, encodingOf, loadEncoding, write, writeBytes } from "./module.ts";

export async function loadTokenizer(modelOrEncoding: string): Promise<Tokenizer> {
  if (typeof modelOrEncoding !== "string" || modelOrEncoding === "") {
    throw errorOf("invalid-request", "loadTokenizer: the model must be a text such as \"openai/gpt-5.4\", or an encoding such as \"o200k_base\"");
  }
  const { index, exact } = await encodingOf(modelOrEncoding);
  return new LoadedTokenizer(await loadEncoding(index), index, exact);
}

class LoadedTokenizer implements Tokenizer {
  readonly encoding: string;
  readonly exact: boolean;
  readonly #tokenizer: number;
  readonly #index: number;

  constructor(tokenizer: number, index: number, exact: boolean) {
    this.encoding = ENCODINGS[index]!;
    this.exact = exact;
    this.#tokenizer = tokenizer;
    this.#index = index;
  }

  count(text: string): number {
    return core().count(this.#tokenizer, write(textOf("count", text)));
  }

  fits(text: string, limit: number): number | false {
    const most = whole("fits", "limit", limit);
    const count = core().fits(this.#tokenizer, write(textOf("fits", text)), most);
    return count < 0 ? false : count;
  }

  encode(text: string, options?: { allowedSpecial?: "all" | string[] }): Uint32Array {
    const allowed = this.#allowed(options?.allowedSpecial);
    const length = write(textOf("encode", text));
    // Written after the text, which may have moved with it: so the text is written again when there is something.
    const more = allowed === "" ? 0 : writeBytes(joined(text, allowed)) - length;
    const count = core().encode(this.#tokenizer, this.#index, length, more);
    const start = core().tokens();
    return new Uint32Array(core().memory.buffer.slice(start, start + count * 4));
  }

  #allowed(allowed: unknown): string {
    if (allowed === undefined) return "";
    if (allowed === "all") return "*";
    if (!Array.isArray(allowed)) throw errorOf("invalid-request", 'encode: allowedSpecial must be "all" or a list of special tokens');
    for (const name of allowed as unknown[]) {
      if (typeof name === "string" && core().is_special(this.#index, write(name)) === 1) continue;
      throw errorOf("invalid-request", `encode: allowedSpecial names ${JSON.stringify(name)}, which is no special token of ${this.encoding}`);
    }
    return allowed.join("\n");
  }

  decode(tokens: ArrayLike<number>): string {
    const numbers = new Uint32Array(tokens.length);
    for (let at = 0; at < tokens.length; at++) {
      const token = tokens[at]!;
      numbers[at] = token;
      if (numbers[at] !== token) throw this.#noToken(at, token);
    }
    const length = core().decode(this.#tokenizer, this.#index, writeBytes(new Uint8Array(numbers.buffer)));
    if (length < 0) throw this.#noToken(-1 - length, numbers[-1 - length]);
    const start = core().output();
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(new Uint8Array(core().memory.buffer, start, length));
  }

  #noToken(at: number, token: unknown): Error {
    return errorOf("invalid-request", `decode: tokens[${at}] is ${String(token)}, which is no token of ${this.encoding}`);
  }

  truncate(text: string, maxTokens: number, options?: { keep?: "start" | "end" }): string {
    const most = whole("truncate", "maxTokens", maxTokens);
    const keep = options?.keep ?? "start";
    if (keep !== "start" && keep !== "end") throw errorOf("invalid-request", 'truncate: keep must be "start" or "end"');
    const cut = core().truncate(this.#tokenizer, write(textOf("truncate", text)), most, keep === "end" ? 1 : 0);
    return keep === "end" ? text.slice(cut) : text.slice(0, cut);
  }

  counter(): { append(text: string): number; readonly count: number } {
    return new AppendCounter(this.#tokenizer);
  }
}

class AppendCounter {
  readonly #counter: number;
  /** The first half of a character whose second has not come. */
  #half = "";
  #count = 0;

  constructor(tokenizer: number) {
    const counter = core().counter_new(tokenizer);
    this.#counter = counter;
    onCollected(this, () => core().counter_free(counter));
  }

  append(more: string): number {
    const text = this.#half + textOf("append", more);
    const last = text.charCodeAt(text.length - 1);
    this.#half = last >= 0xd800 && last <= 0xdbff ? text.slice(-1) : "";
    // Half a character counts as U+FFFD, three bytes, until the rest has come.
    const length = write(text);
    return (this.#count = core().counter_append(this.#counter, length, this.#half ? length - 3 : length));
  }

  get count(): number {
    return this.#count;
  }
}

function joined(text: string, more: string): Uint8Array {
  return new TextEncoder().encode(text + more);
}

function textOf(what: string, text: unknown): string {
  if (typeof text !== "string") throw errorOf("invalid-request", `${what}: the text must be a string, not ${text === null ? "null" : typeof text}`);
  return text;
}

function whole(what: string, name: string, value: unknown): number {
  // Infinity is a limit that nothing passes.
  if (typeof value === "number" && value >= 0 && (Number.isInteger(value) || value === Infinity)) return Math.min(value, 0x7fff_ffff);
  throw errorOf("invalid-request", `${what}: ${name} must be a whole number from 0 on, not ${String(value)}`);
}
