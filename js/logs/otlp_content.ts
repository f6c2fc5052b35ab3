// What was said, in the form of the conventions: where it was captured.
import { text } from "./otlp_text.ts";

type Content = { role?: string; content?: unknown; callId?: string };

const finishReasons: Record<string, string> = { "tool-calls": "tool_call", "content-filter": "content_filter" };

/** The conventions' name of a finish reason. */
export const named = (reason: string) => finishReasons[reason] ?? reason;

const instructions = text("gen_ai.system_instructions");
const inputMessages = text("gen_ai.input.messages");
const outputMessages = text("gen_ai.output.messages");
const definitions = text("gen_ai.tool.definitions");

/** The attributes that hold it. */
export function contents(request: unknown, response: unknown, finishReason: string | undefined): string {
  const { messages, system, tools } = (request ?? {}) as Record<string, any>;
  const input = typeof messages === "string" ? [{ role: "user", content: messages }] : messages;
  // Turns of the model's alone; all but the last called tools.
  const turns = Array.isArray(response) ? response.filter(({ role }) => role === "assistant") : undefined;
  const output = turns?.map((turn, index) => ({ ...messageOf(turn), finish_reason: index < turns.length - 1 ? "tool_call" : named(finishReason ?? "error") }));
  return (
    instructions(system === undefined ? undefined : JSON.stringify([{ type: "text", content: system }])) +
    inputMessages(Array.isArray(input) ? JSON.stringify(input.map(messageOf)) : undefined) +
    outputMessages(output && JSON.stringify(output)) +
    definitions(
      Array.isArray(tools) ? JSON.stringify(tools.map(({ name, description, input }) => ({ type: "function", name, description, parameters: input }))) : undefined,
    )
  );
}

function messageOf(message: Content): object {
  const { role, content, callId } = message;
  if (role === "tool") return { role, parts: [{ type: "tool_call_response", id: callId, response: content }] };
  return { role, parts: typeof content === "string" ? [{ type: "text", content }] : ((content as any[]) ?? []).map(partOf) };
}

function partOf(part: any): object {
  switch (part?.type) {
    case "text":
    case "refusal":
      return { type: "text", content: part.text };
    case "reasoning":
      return { type: "reasoning", content: part.text };
    case "tool-call":
      return { type: "tool_call", id: part.id, name: part.name, arguments: part.input };
    default:
      return part;
  }
}
