// The meter and the budget bar: what a call will come to while it is written, and what it comes to while it is answered.
import { dollars, whole } from "./format.js";
import { by, nextFrame } from "./dom.js";

let spent = 0;
let limit = null;
let live = 0;

/** What the estimate of a call says; null when there is nothing to say. */
export function showEstimate(estimate) {
  const { input, output, usd, contextWindow } = estimate ?? {};
  put("meter-in", estimate && `${input.method === "local" && input.margin === 0 ? "" : "≈ "}${whole(input.inputTokens)}`);
  put("meter-out", estimate && `≈ ${whole(output.expected)}`);
  put("meter-cost", estimate && (usd ? `≈ ${dollars(usd.expected)}` : "not known"));
  put("meter-speed", estimate && contextWindow ? share(input.inputTokens / contextWindow) : null);
  by("meter-speed-name").textContent = "Window";
}

/** What came so far. `msSinceFirst`: since the first token. */
export function showLive(usage, cost, msSinceFirst) {
  live = cost?.usd ?? 0;
  nextFrame(showLive, () => {
    put("meter-in", usage.inputTokens == null ? null : whole(usage.inputTokens));
    put("meter-out", usage.outputTokens == null ? null : whole(usage.outputTokens));
    put("meter-cost", cost ? dollars(cost.usd) : "not known");
    put("meter-speed", usage.outputTokens && msSinceFirst > 200 ? `${whole((usage.outputTokens * 1000) / msSinceFirst)}/s` : null);
    by("meter-speed-name").textContent = "Speed";
    drawBudget();
  });
}

/** Another budget: it begins at nothing. */
export function setBudget(usd) {
  limit = usd;
  spent = live = 0;
  drawBudget();
}

/** What the client says that was spent of it; what was counted live is in there now. */
export function setSpent(usd) {
  spent = usd;
  live = 0;
  drawBudget();
}

/** An answer is over: nothing is on its way any more. */
export function settle() {
  live = 0;
  drawBudget();
}

/** Marks that the budget has stopped an answer or refused a call, until the next. */
export function markStopped(stopped) {
  by("budget").classList.toggle("stopped", stopped);
  drawBudget();
}

function drawBudget() {
  const box = by("budget");
  box.hidden = limit == null;
  if (limit == null) return;
  const used = Math.min(1, (spent + live) / limit);
  by("budget-spent").style.width = `${Math.min(1, spent / limit) * 100}%`;
  by("budget-live").style.width = `${used * 100}%`;
  const stopped = box.classList.contains("stopped");
  const text = `${dollars(spent + live)} of ${dollars(limit)}`;
  by("budget-text").textContent = text;
  by("budget-name").textContent = stopped ? "Stopped by the budget" : "Budget";
  by("budget-bar").setAttribute("aria-valuenow", String(Math.round(used * 100)));
  by("budget-bar").setAttribute("aria-valuetext", stopped ? `${text}, stopped` : text);
}

function put(id, value) {
  by(id).textContent = value || "–";
}

function share(part) {
  return part < 0.001 ? "< 0.1 %" : `${(part * 100).toFixed(1)} %`;
}
