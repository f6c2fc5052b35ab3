// Who is measured, and how each is used as its own documentation uses it. Each gives `run(wire, fetch)`: reads one answer to its end, and says how
// many characters of it were shown, so that who shows less is found out.
import { createParser } from "eventsource-parser";
import { wires } from "./wires.mjs";

const key = "sk-not-a-key";
const models = { openai: "gpt-4.1", tools: "gpt-4.1", responses: "gpt-4.1", anthropic: "claude-haiku-5-5", cohere: "command-a-03-2025" };
const tool = { name: "write", description: "Writes.", parameters: { type: "object", properties: { text: { type: "string" } } } };

/** The loop that people write by hand: fetch, reader, TextDecoder, lines, JSON.parse, a callback with the text. */
async function raw(wire, fetch, onText, base = "http://localhost") {
  const { read, path } = wires[wire];
  const body = JSON.stringify({ model: models[wire], messages: [{ role: "user", content: "Go on." }], stream: true });
  const response = await fetch(base + path, { method: "POST", headers: { "content-type": "application/json", authorization: `Bearer ${key}` }, body });
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const lines = (rest + decoder.decode(value, { stream: true })).split("\n");
    rest = lines.pop();
    for (const line of lines) {
      if (!line.startsWith("data: ")) continue;
      const data = line.slice(6);
      if (data === "[DONE]") return;
      const text = read(JSON.parse(data));
      if (text) onText(text);
    }
  }
}

/** The same, for `for await`. */
async function* rawEvents(wire, fetch, base = "http://localhost") {
  const { read, path } = wires[wire];
  const response = await fetch(base + path, { method: "POST", body: JSON.stringify({ model: models[wire], messages: [{ role: "user", content: "Go on." }], stream: true }) });
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const lines = (rest + decoder.decode(value, { stream: true })).split("\n");
    rest = lines.pop();
    for (const line of lines) {
      if (!line.startsWith("data: ") || line === "data: [DONE]") continue;
      const text = read(JSON.parse(line.slice(6)));
      if (text) yield { type: "text-delta", text };
    }
  }
}

/** A contender's `run`, and the wires that it speaks. */
export async function contenders({ createClient, partialJson }, base = "http://localhost") {
  const [{ default: OpenAI }, { default: Anthropic }, { CohereClientV2 }, ai, { createOpenAI }, { createAnthropic }, { createCohere }] = await Promise.all([
    import("openai"),
    import("@anthropic-ai/sdk"),
    import("cohere-ai"),
    import("ai"),
    import("@ai-sdk/openai"),
    import("@ai-sdk/anthropic"),
    import("@ai-sdk/cohere"),
  ]);
  const all = Object.keys(wires);
  const openai = (fetch) => new OpenAI({ apiKey: key, baseURL: `${base}/v1`, fetch, dangerouslyAllowBrowser: true, maxRetries: 0 });
  const question = [{ role: "user", content: "Go on." }];
  const chat = { model: models.openai, messages: question, stream: true };
  const openaiTools = (wire) => (wire === "tools" ? { tools: [{ type: "function", function: tool }] } : {});
  const streamed = (wire, fetch) => modelwire(createClient, base, fetch).stream(requestOf(wire));

  return {
    raw: {
      wires: all,
      async run(wire, fetch) {
        let shown = 0;
        await raw(wire, fetch, (text) => (shown += text.length), base);
        return shown;
      },
    },
    "raw, async generator": {
      wires: all,
      async run(wire, fetch) {
        let shown = 0;
        for await (const { text } of rawEvents(wire, fetch, base)) shown += text.length;
        return shown;
      },
    },
    "raw, eventsource-parser": {
      wires: all,
      async run(wire, fetch) {
        let shown = 0;
        const { read, path } = wires[wire];
        const response = await fetch(base + path, { method: "POST", body: JSON.stringify({ ...chat, model: models[wire] }) });
        const parser = createParser({
          onEvent({ data }) {
            if (data !== "[DONE]") shown += (read(JSON.parse(data)) ?? "").length;
          },
        });
        const decoder = new TextDecoder();
        for (const reader = response.body.getReader(); ; ) {
          const { done, value } = await reader.read();
          if (done) return shown;
          parser.feed(decoder.decode(value, { stream: true }));
        }
      },
    },
    "modelwire, iterator": {
      wires: all,
      async run(wire, fetch) {
        let shown = 0;
        const kind = wire === "tools" ? "tool-call-delta" : "text-delta";
        for await (const event of streamed(wire, fetch)) if (event.type === kind) shown += event.text.length;
        return shown;
      },
    },
    "modelwire, ReadableStream": {
      wires: all,
      async run(wire, fetch) {
        let shown = 0;
        const kind = wire === "tools" ? "tool-call-delta" : "text-delta";
        for (const reader = streamed(wire, fetch).getReader(); ; ) {
          const { done, value } = await reader.read();
          if (done) return shown;
          if (value.type === kind) shown += value.text.length;
        }
      },
    },
    "modelwire, forEach": {
      wires: all.filter((wire) => wire !== "tools"),
      async run(wire, fetch) {
        let shown = 0;
        await streamed(wire, fetch).forEach((text) => (shown += text.length));
        return shown;
      },
    },
    // The arguments of a call as the object that they are so far, after each fragment.
    "modelwire, partialJson": {
      wires: ["tools"],
      async run(wire, fetch) {
        let shown = 0;
        const view = partialJson();
        for await (const event of streamed(wire, fetch)) {
          if (event.type !== "tool-call-delta") continue;
          shown += event.text.length;
          view.push(event.text);
        }
        return shown;
      },
    },
    "openai, create": {
      wires: ["openai", "responses", "tools"],
      async run(wire, fetch) {
        let shown = 0;
        if (wire === "responses") {
          for await (const event of await openai(fetch).responses.create({ model: models[wire], input: "Go on.", stream: true })) {
            if (event.type === "response.output_text.delta") shown += event.delta.length;
          }
          return shown;
        }
        for await (const chunk of await openai(fetch).chat.completions.create({ ...chat, ...openaiTools(wire) })) {
          shown += (wires[wire].read(chunk) ?? "").length;
        }
        return shown;
      },
    },
    "openai, .stream()": {
      wires: ["openai"],
      async run(wire, fetch) {
        let shown = 0;
        for await (const chunk of openai(fetch).chat.completions.stream(chat)) shown += (wires[wire].read(chunk) ?? "").length;
        return shown;
      },
    },
    "@anthropic-ai/sdk": {
      wires: ["anthropic"],
      async run(wire, fetch) {
        let shown = 0;
        const client = new Anthropic({ apiKey: key, baseURL: base, fetch, dangerouslyAllowBrowser: true, maxRetries: 0 });
        for await (const event of await client.messages.create({ model: models[wire], max_tokens: 20000, messages: question, stream: true })) {
          if (event.type === "content_block_delta") shown += event.delta.text.length;
        }
        return shown;
      },
    },
    "cohere-ai": {
      wires: ["cohere"],
      async run(wire, fetch) {
        let shown = 0;
        const client = new CohereClientV2({ token: key, environment: base, fetch, maxRetries: 0 });
        for await (const event of await client.chatStream({ model: models[wire], messages: question })) {
          if (event.type === "content-delta") shown += event.delta.message.content.text.length;
        }
        return shown;
      },
    },
    "ai, fullStream": {
      wires: all,
      async run(wire, fetch) {
        let shown = 0;
        const tools = wire === "tools" ? { tools: { write: ai.tool({ description: tool.description, inputSchema: ai.jsonSchema(tool.parameters) }) } } : {};
        const made = {
          openai: () => createOpenAI({ apiKey: key, baseURL: `${base}/v1`, fetch }).chat(models.openai),
          tools: () => createOpenAI({ apiKey: key, baseURL: `${base}/v1`, fetch }).chat(models.openai),
          responses: () => createOpenAI({ apiKey: key, baseURL: `${base}/v1`, fetch }).responses(models.responses),
          anthropic: () => createAnthropic({ apiKey: key, baseURL: `${base}/v1`, fetch })(models.anthropic),
          cohere: () => createCohere({ apiKey: key, baseURL: `${base}/v2`, fetch })(models.cohere),
        };
        for await (const part of ai.streamText({ model: made[wire](), prompt: "Go on.", maxRetries: 0, ...tools }).fullStream) {
          if (part.type === "text-delta") shown += part.text.length;
          else if (part.type === "tool-input-delta") shown += part.delta.length;
          else if (part.type === "error") throw part.error;
        }
        return shown;
      },
    },
  };
}

/** A client of ours, as a new page would make it. */
export function modelwire(createClient, base, fetch, more = {}) {
  return createClient({
    providers: {
      openai: { apiKey: key, baseURL: `${base}/v1`, api: "chat" },
      responses: { kind: "openai", apiKey: key, baseURL: `${base}/v1`, api: "responses" },
      anthropic: { apiKey: key, baseURL: base },
      cohere: { apiKey: key, baseURL: base },
    },
    store: "memory",
    fetch,
    ...more,
  });
}

export function requestOf(wire) {
  const provider = wire === "tools" ? "openai" : wire;
  const request = { model: `${provider}/${models[wire]}`, messages: "Go on." };
  const { parameters, ...named } = tool;
  return wire === "tools" ? { ...request, tools: [{ ...named, input: parameters }] } : request;
}
