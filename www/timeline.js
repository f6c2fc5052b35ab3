// A timeline: one row a request, drawn while it happens. Time runs to the right; when it is full, it shrinks by half.
import { element, nextFrame } from "./dom.js";

/** `describe` says what the whole is, for who cannot see it. */
export function timeline(describe) {
  const list = element("ol", { className: "timeline-rows" });
  const axis = element("div", { className: "axis", ariaHidden: "true" });
  const node = element("div", { className: "timeline", role: "group", ariaLabel: describe }, axis, list);
  axis.append(...[0, 1, 2, 3, 4].map((tick) => {
    const label = element("span", {}, `${tick} s`);
    label.style.left = `${tick * 25}%`;
    return label;
  }));
  let rows = [];
  let begin = 0;
  let span = 4000;
  let live = false;

  const now = () => performance.now() - begin;

  function draw() {
    const at = now();
    while (live && at > span) span *= 2;
    for (const [tick, label] of [...axis.children].entries()) label.textContent = `${(tick * span) / 4000} s`;
    for (const row of rows) row.draw(live ? at : row.until ?? at);
    if (live) nextFrame(draw, draw);
  }

  return {
    node,
    now,
    /** An empty timeline, from now. */
    start() {
      rows = [];
      list.replaceChildren();
      begin = performance.now();
      span = 4000;
      live = true;
      nextFrame(draw, draw);
    },
    stop() {
      for (const row of rows) row.end();
      live = false;
      draw();
    },
    /** A row; its parts follow one another, each with a kind: "wait", "head", "stream". */
    row(label) {
      const track = element("div", { className: "row-track" });
      const note = element("span", { className: "row-note" });
      const item = element("li", {}, element("span", { className: "row-label" }, label), track, note);
      const parts = [];
      list.append(item);
      const row = {
        until: null,
        part(kind, from = now()) {
          if (row.until != null) return;
          if (parts.length > 0) parts.at(-1).to ??= from;
          const box = element("span", { className: `part ${kind}` });
          track.append(box);
          parts.push({ box, from, to: null });
        },
        /** The last part ends. */
        end() {
          if (row.until != null) return;
          row.until = now();
          const last = parts.at(-1);
          if (last) last.to ??= row.until;
        },
        /** What became of it: "good" or "bad", and in words. */
        mark(outcome, text) {
          item.classList.add(outcome);
          note.textContent = text;
        },
        draw(at) {
          for (const { box, from, to } of parts) {
            box.style.left = `${(from / span) * 100}%`;
            box.style.width = `${(Math.max((to ?? at) - from, span / 400) / span) * 100}%`;
          }
        },
      };
      rows.push(row);
      return row;
    },
  };
}
