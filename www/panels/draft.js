// What is being written, counted and priced while it is written.
import { loadTokenizer } from "modelwire";
import { by } from "../dom.js";
import { images } from "../images.js";
import { showEstimate } from "../meter.js";
import { chosen } from "../settings.js";

/** Counts as the visitor types. `history` gives the conversation that goes along, `clientFor` the client that would be asked. */
export function buildDraft(history, clientFor) {
  const prompt = by("prompt");
  let counting = false;
  let wanted = 0;

  // One at a time: who types fast is answered for what stands there at the end.
  async function count() {
    wanted += 1;
    if (counting) return;
    counting = true;
    for (let seen = 0; seen !== wanted; ) {
      seen = wanted;
      await countOnce().catch(() => {});
    }
    counting = false;
  }

  async function countOnce() {
    const text = prompt.value;
    if (!text) {
      by("count").value = "";
      // Before the first word there is nothing to tell; between two turns, the last call's figures stay.
      if (history().length === 0) showEstimate(null);
      return;
    }
    const settings = chosen();
    // The vocabulary is fetched once, when the first letter is typed.
    const tokenizer = await loadTokenizer(settings.model).catch(() => null);
    const tokens = tokenizer?.count(text);
    const content = images().length === 0 ? text : [{ type: "text", text }, ...images().map(({ file }) => ({ type: "image", image: file }))];
    const estimate = await clientFor(settings).estimate({ model: settings.model, messages: [...history(), { role: "user", content }] });
    if (prompt.value !== text) return;
    by("count").value = tokens ? `${tokenizer.exact ? "" : "about "}${tokens} ${tokens === 1 ? "token" : "tokens"}` : "";
    showEstimate(estimate);
  }

  prompt.addEventListener("input", count);
  return {
    count,
    clear() {
      by("count").value = "";
    },
  };
}
