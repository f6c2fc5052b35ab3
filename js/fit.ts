// `client.fit`: the core says what goes and what is cut; here the caller's own messages are put together from that.
import { errorOf } from "./errors.ts";
import { loadTokenizer } from "./tokens.ts";
import type { ChatRequest, FitOptions, FitResult, Message } from "./types.ts";

/** What the core says: places of messages, and to how many tokens which is cut. */
interface Fitted {
  dropped: number[];
  cut: [place: number, tokens: number][];
  inputTokens: number;
  fits: boolean;
  encoding: string;
}

type Ask = (request: ChatRequest, options: object) => Promise<Fitted>;

/** What stands before a summary, so that the model does not take it for the user's words. */
const SUMMARY = "Summary of the conversation so far:\n";

export async function fitWith(ask: Ask, request: ChatRequest, options: FitOptions = {}): Promise<FitResult> {
  const { summarize, ...plain } = options;
  if (options.strategy === "summarize" && typeof summarize !== "function") {
    throw errorOf("invalid-request", 'fit: strategy "summarize" needs summarize, a function that sums messages up');
  }
  const messages: Message[] = typeof request.messages === "string" ? [{ role: "user", content: request.messages }] : [...request.messages];
  const fitted = await ask({ ...request, messages }, plain);
  if (fitted.dropped.length > 0 && options.strategy === "summarize") return withSummary(ask, request, messages, fitted, plain, summarize!);
  if (fitted.cut.length === 0) return result(messages, messages, fitted);
  // Counted again: a cut text may come out shorter than it may be, and where it is not all of its message, not short enough.
  const short = await cut(messages, fitted);
  const { inputTokens, fits } = await ask({ ...request, messages: short }, { ...plain, strategy: "drop-oldest", keepFirst: short.length });
  return { messages: short, dropped: [], inputTokens, fits };
}

// The summary takes room too: so it is put in the place of what it sums up, and what is still too much is dropped after it.
async function withSummary(ask: Ask, request: ChatRequest, messages: Message[], fitted: Fitted, options: object, summarize: (dropped: Message[]) => Promise<string>): Promise<FitResult> {
  const dropped = fitted.dropped.map((place) => messages[place]!);
  const text = await summarize(dropped);
  if (typeof text !== "string") throw errorOf("invalid-request", "fit: summarize must give a text");
  const summary: Message = { role: "user", content: SUMMARY + text };
  const left: Message[] = messages.flatMap((message, place) => (place === fitted.dropped[0] ? [summary] : fitted.dropped.includes(place) ? [] : [message]));
  const again = await ask({ ...request, messages: left }, { ...options, strategy: "drop-oldest", keepFirst: left.slice(0, left.indexOf(summary) + 1).filter(({ role }) => role === "user").length });
  return { ...result(left, left, again), dropped: [...dropped, ...again.dropped.map((place) => left[place]!)] };
}

async function cut(messages: Message[], { cut, encoding }: Fitted): Promise<Message[]> {
  const tokenizer = await loadTokenizer(encoding);
  const short = [...messages];
  for (const [place, tokens] of cut) {
    const message = messages[place]!;
    if (typeof message.content === "string") {
      short[place] = { ...message, content: tokenizer.truncate(message.content, tokens) } as Message;
      continue;
    }
    // Of several texts the longest is cut; what else there is counts for the rest.
    const texts = message.content.map((part) => (part.type === "text" ? tokenizer.count(part.text) : 0));
    const longest = texts.indexOf(Math.max(...texts));
    const others = texts.reduce((sum, count) => sum + count, 0) - texts[longest]!;
    const content = message.content.map((part, at) => (at === longest && part.type === "text" ? { ...part, text: tokenizer.truncate(part.text, Math.max(0, tokens - others)) } : part));
    short[place] = { ...message, content } as Message;
  }
  return short;
}

function result(original: Message[], messages: Message[], { dropped, inputTokens, fits }: Fitted): FitResult {
  const gone = new Set(dropped);
  return { messages: messages.filter((_, place) => !gone.has(place)), dropped: dropped.map((place) => original[place]!), inputTokens, fits };
}
