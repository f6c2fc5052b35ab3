// Events as an OpenAI server's chunks.
import type { ChatEvent } from "./types.ts";
import type { Core } from "./wasm.ts";

/** Stands for a text; in no id and no model, or the core writes each chunk. */
const BLANK = "\u{1}a text\u{1}";
const blank = JSON.stringify(BLANK);

/**
 * Gives what writes the chunk of an event, or "" for an event that OpenAI's format has no place for. The core decides what a chunk
 * looks like. Those of the texts, which are most of a stream, differ in nothing else: the core writes the first of each kind around a
 * blank, and the others are its two halves around their text, a tenth of the work.
 */
export function chunkWriter(created: number): (core: Core, event: ChatEvent) => string {
  let [id, model] = ["", ""];
  const halves = new Map<string, string[]>();
  const written = (core: Core, event: object) => core.openai_chunk(JSON.stringify(event), id, model, created);
  return (core, event) => {
    // Once in a stream, ahead of all texts.
    if (event.type === "start") ({ id, model } = event);
    if (event.type !== "text-delta" && event.type !== "reasoning-delta" && event.type !== "tool-call-delta") return written(core, event);
    const kind = event.type + ("index" in event ? event.index : "");
    let parts = halves.get(kind);
    if (!parts) halves.set(kind, (parts = written(core, { ...event, text: BLANK }).split(blank)));
    return parts.length === 2 ? parts[0] + JSON.stringify(event.text) + parts[1] : written(core, event);
  };
}
