// What the mock can be told to do: one row a behaviour, as `modelwire/testing` takes it.

const poem = "Of course. A stream is a river that has not made up its mind: word by word it comes, and each word is on the page before the next one is thought of. Here it comes slowly, so that you can see it, and so that you can stop it.";

const essay = Array.from({ length: 12 }, (_, at) => [
  `${at + 1}. A token is a piece of a word, and an answer is some hundreds of them, each sent on its own the moment it is known.`,
  "What reads them must not be slower than what writes them: bytes become events in Rust, events become one write to this page per frame, and nothing that is above the end of the text moves when a word is added to it.",
  "Meanwhile the tokens are counted, the count is priced, and the price is held against the budget, so that an answer that would cost too much ends in the middle of a sentence and not on the bill.",
].join(" ")).join("\n\n");

export const scenarios = [
  { name: "normal", label: "answer", reply: ({ body }) => ({ delayMs: 250, tokensPerSecond: 40, ...imageText(body) }) },
  { name: "long", label: "write at length, fast", reply: () => ({ delayMs: 250, tokensPerSecond: 200, text: essay }) },
  {
    name: "reasoning",
    label: "reason first",
    reply: ({ prompt }) => ({
      delayMs: 250,
      tokensPerSecond: 40,
      reasoning: `The visitor wrote “${prompt.slice(0, 80)}”. There is no model here, so there is nothing to know; what can be shown is that reasoning arrives apart from the answer, and is counted apart from it.`,
      text: "Some providers send their reasoning, as you may have seen just now; OpenAI and Azure only count it. Either way it is in the usage below.",
    }),
  },
  {
    name: "tool",
    label: "call a tool",
    tools: true,
    reply: ({ body }) => {
      const last = (body.messages ?? body.input).at(-1);
      const [block] = Array.isArray(last.content) ? last.content : [];
      const result = last.role === "tool" ? last.content : last.type === "function_call_output" ? last.output : block?.type === "tool_result" && block.content;
      if (!result) return { delayMs: 250, tokensPerSecond: 20, text: "I look at your clock.", toolCalls: [{ name: "local_time", input: { style: "long" } }] };
      return { delayMs: 250, tokensPerSecond: 40, text: `Your clock says ${textOf(result)}. The tool ran in this page, and its result went back through the same wire format.` };
    },
  },
  { name: "slow", label: "answer slowly", reply: () => ({ delayMs: 800, tokensPerSecond: 5, text: poem }) },
  { name: "rate-limit", label: "refuse: rate limit (429)", reply: () => ({ delayMs: 250, status: 429, retryAfterSeconds: 20 }) },
  { name: "cut", label: "break off in the middle", reply: () => ({ delayMs: 250, tokensPerSecond: 40, cutAfterEvents: 22 }) },
];

/** The tool that the page offers in the scenario with tools, and running it. */
export const tools = [
  {
    name: "local_time",
    description: "The visitor's local time.",
    input: { type: "object", properties: { style: { type: "string", enum: ["short", "long"] } }, required: ["style"] },
  },
];

export function runTool({ name, input }) {
  if (name !== "local_time") return { content: `There is no tool "${name}".`, isError: true };
  const timeStyle = input?.style === "long" ? "medium" : "short";
  return { content: new Date().toLocaleTimeString("en", { timeStyle }), isError: false };
}

// Each wire has its own word for an image; the mock says which it saw.
function imageText(body) {
  const [, name] = /"type":"(image_url|input_image|image)"/.exec(JSON.stringify(body)) ?? [];
  return name ? { text: `I see that an image came along, as a part of type “${name}”, ${Math.round(JSON.stringify(body).length / 1024)} KB of JSON in all. A mock has no eyes: with a key, the model of your choice would say what is on it.` } : {};
}

function textOf(content) {
  return typeof content === "string" ? content : content.map((part) => part.text ?? part.document?.data?.text ?? "").join("");
}
