// A chart of stacked bars by hand: days along, money up, a colour a model.
import { drawing } from "./dom.js";
import { dollars } from "./format.js";

const height = 240;
const margin = { left: 62, right: 4, top: 12, bottom: 28 };

/** `days`: `[{ day: "2026-11-30", parts: [{ name, usd, series }] }]`, oldest first; `width` in pixels; `label` for who cannot see it. */
export function barChart({ days, width, label }) {
  const most = niceMost(Math.max(...days.map(({ parts }) => sum(parts))));
  const inner = { width: width - margin.left - margin.right, height: height - margin.top - margin.bottom };
  const step = inner.width / days.length;
  const bar = Math.min(34, step * 0.66);
  const y = (usd) => margin.top + inner.height * (1 - usd / most);
  const svg = drawing("svg", { class: "chart", viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": label });
  for (const share of [0, 0.5, 1]) {
    const at = y(most * share);
    svg.append(drawing("line", { class: "grid", x1: margin.left, x2: width - margin.right, y1: at, y2: at }));
    svg.append(drawing("text", { class: "tick", x: margin.left - 10, y: at + 4, "text-anchor": "end" }, dollars(most * share)));
  }
  // Of many days not each has room for its name.
  const every = Math.ceil(44 / step);
  for (const [at, { day, parts }] of days.entries()) {
    const middle = margin.left + step * (at + 0.5);
    let below = 0;
    for (const { name, usd, series } of parts) {
      const box = drawing("rect", { class: `series-${series}`, x: middle - bar / 2, y: y(below + usd), width: bar, height: Math.max(0, y(below) - y(below + usd)) });
      box.append(drawing("title", {}, `${day}, ${name}: ${dollars(usd)}`));
      svg.append(box);
      below += usd;
    }
    if ((days.length - 1 - at) % every === 0) svg.append(drawing("text", { class: "tick", x: middle, y: height - 8, "text-anchor": "middle" }, shortDay(day)));
  }
  return svg;
}

const sum = (parts) => parts.reduce((total, { usd }) => total + usd, 0);

// 1, 2 or 5 times a power of ten, so that the middle is a figure that can be read too.
function niceMost(most) {
  if (!(most > 0)) return 0.001;
  const power = 10 ** Math.floor(Math.log10(most));
  return [1, 2, 4, 6, 10].map((times) => times * power).find((value) => value >= most);
}

const shortDay = (day) => new Date(`${day}T00:00:00Z`).toLocaleDateString("en", { day: "numeric", month: "short", timeZone: "UTC" });
