// Answers as a client of the Responses API reads them: one `response`, and the events in which it grows. Both are written by the same
// hand, so that what is streamed and what is whole are the same items.
import type { Encoding } from "../reply.ts";
import type { ChatEvent, ChatResponse, Usage, Warning } from "../types.ts";
import { answerIn, extension, figures, nowSeconds, stream } from "./answer.ts";
import type { Refusal } from "./refusal.ts";
import { seal, type Made } from "./sealed.ts";

/** What the core tells the gateway beyond the contract: what signed the thought before it, and that what follows is a refusal. */
export type PartEvent = ChatEvent | ({ type: "reasoning" } & Made) | { type: "refusal" };

type Json = Record<string, unknown>;

/** An item that is being said. */
interface Open {
  item: Json;
  at: number;
  text: string;
  /** What a delta says of its place, as JSON. */
  place: string;
}

const kinds = {
  message: { delta: "response.output_text.delta", done: "response.output_text.done", field: "text" },
  refusal: { delta: "response.refusal.delta", done: "response.refusal.done", field: "refusal" },
  reasoning: { delta: "response.reasoning_summary_text.delta", done: "response.reasoning_summary_text.done", field: "text" },
  call: { delta: "response.function_call_arguments.delta", done: "response.function_call_arguments.done", field: "arguments" },
};
type Kind = keyof typeof kinds;

export class ResponseWriter {
  readonly #id = crypto.randomUUID().replaceAll("-", "");
  readonly #created = nowSeconds();
  readonly #echo: Json;
  readonly #warnings: Warning[];
  readonly #output: Json[] = [];
  readonly #calls = new Map<number, Open>();
  #number = 0;
  /** A text or a thought: calls may stand open beside each other, these do not. */
  #open: (Open & { kind: Exclude<Kind, "call"> }) | undefined;
  #speaks: "message" | "refusal" = "message";
  /** The model, and who made the thoughts that nobody signed. */
  #model = "";
  #provider = "";

  constructor(echo: Json, warnings: Warning[]) {
    this.#echo = echo;
    this.#warnings = warnings;
  }

  /** The events of one of ours; all but the end's. */
  write(event: PartEvent): string {
    switch (event.type) {
      case "start":
        return this.#begin(event.model, event.provider);
      case "continue":
        this.#provider = event.to.split("/")[0]!;
        return "";
      case "refusal":
        this.#speaks = "refusal";
        return "";
      case "text-delta":
        return this.#say(this.#speaks, event.text);
      case "reasoning-delta":
        return this.#say("reasoning", event.text);
      case "reasoning":
        return this.#enter("reasoning") + this.#leave("completed", event);
      case "tool-call-start": {
        const item = { type: "function_call", call_id: event.id, name: event.name };
        const [open, text] = this.#add("fc", item, { arguments: "" }, "");
        this.#calls.set(event.index, open);
        return this.#leave() + text();
      }
      case "tool-call-delta": {
        const open = this.#calls.get(event.index);
        return open ? this.#delta("call", open, event.text) : "";
      }
      case "tool-call":
        return this.#call(event.index, event.input === undefined ? "incomplete" : "completed");
      default:
        return "";
    }
  }

  /** The last events. */
  end(response: ChatResponse): string {
    const text = this.#begin(response.model, response.provider) + this.#leave(outcome(response).status) + this.#leaveCalls();
    const made = this.whole(response);
    return text + this.#event(`response.${made.status}`, { response: made });
  }

  /** The last events of one that failed, as OpenAI's servers do it: both. */
  fail(refusal: Refusal): string {
    const { error } = refusal.body();
    const text = this.#begin("", "") + this.#leave("incomplete") + this.#leaveCalls();
    const response = this.#response({ status: "failed", error: { code: error.code ?? "server_error", message: error.message } });
    return text + this.#event("error", { error }) + this.#event("response.failed", { response });
  }

  /** The response, once all of it was written. */
  whole(answer: ChatResponse): Json {
    const { status, reason } = outcome(answer);
    this.#model = answer.model;
    return this.#response({
      status,
      completed_at: status === "completed" ? nowSeconds() : null,
      incomplete_details: reason ? { reason } : null,
      usage: usageOf(answer.usage),
      modelwire: extension(answer, this.#warnings),
    });
  }

  #response(more: Json): Json {
    return {
      id: `resp_${this.#id}`,
      object: "response",
      created_at: this.#created,
      completed_at: null,
      error: null,
      incomplete_details: null,
      model: this.#model,
      output: this.#output,
      usage: null,
      ...this.#echo,
      ...more,
    };
  }

  #begin(model: string, provider: string): string {
    if (this.#number > 0) return "";
    [this.#model, this.#provider] = [model, provider];
    const response = this.#response({ status: "in_progress" });
    return this.#event("response.created", { response }) + this.#event("response.in_progress", { response });
  }

  #event(type: string, fields: Json): string {
    return `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: this.#number++, ...fields })}\n\n`;
  }

  /** An item at the end of the output, and what tells of it: a function, because the one before it is told of first. */
  #add(prefix: string, item: Json, begun: Json, place: string): [Open, () => string] {
    const at = this.#output.length;
    const id = `${prefix}_${this.#id}${at.toString(16).padStart(2, "0")}`;
    const made = { id, ...item, ...begun, status: "in_progress" };
    this.#output.push(made);
    const open = { item: made, at, text: "", place: `"item_id":"${id}","output_index":${at},${place}` };
    return [open, () => this.#event("response.output_item.added", { output_index: at, item: made })];
  }

  #say(kind: Exclude<Kind, "call">, delta: string): string {
    return this.#enter(kind) + this.#delta(kind, this.#open!, delta);
  }

  /** The item of this kind, which may be open already. */
  #enter(kind: Exclude<Kind, "call">): string {
    if (this.#open?.kind === kind) return "";
    const before = this.#leave();
    if (kind === "reasoning") {
      const [open, text] = this.#add("rs", { type: "reasoning" }, { summary: [] }, '"summary_index":0,');
      this.#open = { ...open, kind };
      return before + text();
    }
    const [open, text] = this.#add("msg", { type: "message", role: "assistant" }, { content: [] }, '"content_index":0,');
    this.#open = { ...open, kind };
    return before + text() + this.#part("response.content_part.added", open, partOf(kind, ""));
  }

  #part(type: string, { item, at }: Open, part: Json): string {
    const where = item.type === "reasoning" ? { summary_index: 0 } : { content_index: 0 };
    return this.#event(type, { item_id: item.id, output_index: at, ...where, part });
  }

  /** Most of a stream: written by hand, a tenth of the work. */
  #delta(kind: Kind, open: Open, delta: string): string {
    let before = "";
    if (kind === "reasoning" && open.text === "" && delta !== "") before = this.#part("response.reasoning_summary_part.added", open, partOf(kind, ""));
    open.text += delta;
    const { delta: type } = kinds[kind];
    const more = kind === "message" ? ',"logprobs":[]' : "";
    return `${before}event: ${type}\ndata: {"type":"${type}","sequence_number":${this.#number++},${open.place}"delta":${JSON.stringify(delta)}${more}}\n\n`;
  }

  #done(kind: Kind, { place, text }: Open): string {
    const { done: type, field } = kinds[kind];
    const more = kind === "message" ? ',"logprobs":[]' : "";
    return `event: ${type}\ndata: {"type":"${type}","sequence_number":${this.#number++},${place}"${field}":${JSON.stringify(text)}${more}}\n\n`;
  }

  /** Ends the text or thought that is open. */
  #leave(status = "completed", made?: Made): string {
    const open = this.#open;
    if (!open) return "";
    this.#open = undefined;
    const { item, at, kind, text } = open;
    let events = "";
    if (kind !== "reasoning" || text !== "") {
      const part = partOf(kind, text);
      item[kind === "reasoning" ? "summary" : "content"] = [part];
      const ends = kind === "reasoning" ? "response.reasoning_summary_part.done" : "response.content_part.done";
      events = this.#done(kind, open) + this.#part(ends, open, part);
    }
    if (kind === "reasoning") item.encrypted_content = seal(made ?? { provider: this.#provider });
    else this.#speaks = "message";
    item.status = status;
    return events + this.#event("response.output_item.done", { output_index: at, item });
  }

  #call(index: number, status: string): string {
    const open = this.#calls.get(index);
    if (!open) return "";
    this.#calls.delete(index);
    // Clients parse it, whatever it is.
    const none = status === "completed" && open.text.trim() === "" ? this.#delta("call", open, "{}") : "";
    Object.assign(open.item, { arguments: open.text, status });
    return none + this.#done("call", open) + this.#event("response.output_item.done", { output_index: open.at, item: open.item });
  }

  #leaveCalls(): string {
    return [...this.#calls.keys()].map((index) => this.#call(index, "incomplete")).join("");
  }
}

function partOf(kind: Exclude<Kind, "call">, text: string): Json {
  if (kind === "reasoning") return { type: "summary_text", text };
  return kind === "refusal" ? { type: "refusal", refusal: text } : { type: "output_text", text, annotations: [], logprobs: [] };
}

/** A model that declines has completed its answer where it said so, and was cut where it did not. */
function outcome({ finishReason, message }: ChatResponse): { status: string; reason?: string } {
  switch (finishReason) {
    case "length":
    case "budget":
    case "aborted":
      return { status: "incomplete", reason: "max_output_tokens" };
    case "refusal":
      if (Array.isArray(message.content) && message.content.some(({ type }) => type === "refusal")) break;
      return { status: "incomplete", reason: "content_filter" };
    case "content-filter":
      return { status: "incomplete", reason: "content_filter" };
  }
  return { status: "completed" };
}

/** Nothing where nothing is known: a client takes 0 for a count. */
function usageOf({ inputTokens, outputTokens, totalTokens, cacheReadTokens, cacheWriteTokens, reasoningTokens }: Usage): Json | undefined {
  if (inputTokens === null && outputTokens === null) return undefined;
  const [input, output] = [inputTokens ?? 0, outputTokens ?? 0];
  return {
    input_tokens: input,
    input_tokens_details: { cached_tokens: cacheReadTokens ?? 0, cache_write_tokens: cacheWriteTokens ?? 0 },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: reasoningTokens ?? 0 },
    total_tokens: totalTokens ?? input + output,
  };
}

/** A whole answer, told part by part. */
export function wholeResponse(writer: ResponseWriter, answer: ChatResponse): { body: string; headers: Record<string, string> } {
  const { content } = answer.message;
  const parts = typeof content === "string" ? [{ type: "text", text: content } as const] : content;
  writer.write({ type: "start", model: answer.model, provider: answer.provider, id: answer.id });
  for (const [index, part] of parts.entries()) {
    if (part.type === "tool-call") {
      writer.write({ type: "tool-call-start", index, id: part.id, name: part.name });
      // Cohere's word for no arguments.
      writer.write({ type: "tool-call-delta", index, text: part.inputText.trim() === "null" ? "" : part.inputText });
      writer.write({ ...part, index });
      continue;
    }
    if (part.type === "reasoning") {
      if (part.text) writer.write({ type: "reasoning-delta", text: part.text });
      // As in a stream: what nobody signed ends with what comes after it.
      if (part.signature) writer.write(part);
      continue;
    }
    if (part.type === "refusal") writer.write({ type: "refusal" });
    if (part.text) writer.write({ type: "text-delta", text: part.text });
  }
  writer.end(answer);
  return { body: JSON.stringify(writer.whole(answer)), headers: figures(answer) };
}

/** How a stream is written. `told`: what failed; gives what the caller is told. */
export function streamedResponse(writer: ResponseWriter, told: (thrown: unknown) => Refusal): Encoding {
  return {
    ...stream,
    event: (event) => (event.type === "end" ? writer.end(event.response) : writer.write(event)),
    end: "",
    fail(error) {
      const answer = answerIn(error);
      return answer ? writer.end(answer) : writer.fail(told(error));
    },
  };
}
