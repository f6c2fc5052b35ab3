// The code view: the snippet for what was just done, coloured a little, to be copied.
import { element } from "./dom.js";

const wide = matchMedia("(min-width: 72rem)");
const parts = /(\/\/.*)|("(?:[^"\\]|\\.)*"|`(?:[^`\\]|\\.)*`)|\b(import|from|const|let|await|for|of|if|new|async|function|return|true|false|null)\b|\b(\d[\d_.]*)\b/g;
const kinds = [null, "comment", "string", "keyword", "number"];

/** A place for code; `show(code)` replaces what is in it. Open where there is room beside the rest. */
export function codeView(title = "The code for this") {
  const pre = element("pre", { tabIndex: 0, role: "region", ariaLabel: title });
  const copy = element("button", { type: "button", className: "quiet small copy" }, "Copy");
  const details = element("details", { className: "code", open: wide.matches }, element("summary", {}, title), element("div", { className: "sheet" }, pre, copy));
  let code = "";
  copy.addEventListener("click", async () => {
    const copied = await navigator.clipboard.writeText(code).then(() => true, () => false);
    copy.textContent = copied ? "Copied" : "Select and copy";
    setTimeout(() => (copy.textContent = "Copy"), 1500);
  });
  return {
    node: details,
    show(text) {
      code = text;
      pre.replaceChildren(...coloured(text));
    },
  };
}

function coloured(code) {
  const nodes = [];
  let end = 0;
  for (const match of code.matchAll(parts)) {
    const kind = kinds[match.findIndex((group, at) => at > 0 && group !== undefined)];
    nodes.push(code.slice(end, match.index), element("span", { className: kind }, match[0]));
    end = match.index + match[0].length;
  }
  return [...nodes, code.slice(end)];
}
