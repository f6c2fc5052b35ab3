// Making elements, and writing to the page once a frame however fast things arrive.

/** A DOM element: properties, then children (strings are text). Nothing from outside is ever markup. */
export function element(name, properties = {}, ...children) {
  const node = Object.assign(document.createElement(name), properties);
  node.append(...children);
  return node;
}

const svgSpace = "http://www.w3.org/2000/svg";

/** An SVG element: attributes, then children. */
export function drawing(name, attributes = {}, ...children) {
  const node = document.createElementNS(svgSpace, name);
  for (const [attribute, value] of Object.entries(attributes)) node.setAttribute(attribute, value);
  node.append(...children);
  return node;
}

export const by = (id) => document.getElementById(id);

const writes = new Map();

/**
 * Runs `write` before the next frame; of several with one key, the last. 200 tokens a second would else be 200 layouts a second.
 */
export function nextFrame(key, write) {
  if (writes.size === 0) requestAnimationFrame(runWrites);
  // Last asked, last run: what measures comes after what writes.
  writes.delete(key);
  writes.set(key, write);
}

function runWrites() {
  const due = [...writes.values()];
  writes.clear();
  for (const write of due) write();
}

/** A text that grows: each paragraph is a box of its own, so that a long answer is not laid out again for each word of it. */
export function growingText(parent) {
  let buffer = "";
  let whole = "";
  let node = null;
  const flush = () => {
    if (!buffer) return;
    const pieces = buffer.split(/(?<=\n\n)(?=[^\n])/);
    buffer = "";
    for (const piece of pieces) {
      if (!node || (node.data.endsWith("\n\n") && !piece.startsWith("\n"))) {
        node = document.createTextNode("");
        parent.append(element("span", { className: "paragraph" }, node));
      }
      node.appendData(piece);
    }
  };
  return {
    append(text) {
      buffer += text;
      whole += text;
      nextFrame(flush, flush);
    },
    /** Writes at once what waits: frames do not come to a page in the background. */
    flush,
    get text() {
      return whole;
    },
  };
}

/** What is said to a screen reader: whole answers, not every few letters of one. */
export function speak(text) {
  by("spoken").append(element("p", {}, text));
}
