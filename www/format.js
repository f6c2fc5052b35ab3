// Figures as people read them.

/** Of small sums the first two digits that are not 0 say enough. A price that is not known is not shown as nothing. */
export function dollars(usd) {
  if (usd == null) return "not known";
  const digits = usd > 0 ? Math.max(2, 1 - Math.floor(Math.log10(usd))) : 2;
  return `$${usd.toFixed(Math.min(digits, 9))}`;
}

export const costText = (cost) => (cost ? `${cost.estimated ? "about " : ""}${dollars(cost.usd)}` : "not known");

export const seconds = (ms) => (ms == null ? null : `${(ms / 1000).toFixed(2)} s`);

export const whole = (count) => Math.round(count).toLocaleString("en");

/** What the provider did not count is not shown as 0. */
export function tokensText({ inputTokens, outputTokens, reasoningTokens, estimated }) {
  const counts = [
    inputTokens != null && `${inputTokens} in`,
    outputTokens != null && `${outputTokens} out${reasoningTokens ? ` (${reasoningTokens} reasoning)` : ""}`,
  ].filter(Boolean);
  return counts.length > 0 ? `${estimated ? "about " : ""}${counts.join(", ")}` : "not counted";
}

export const modelOf = (ref) => ref.slice(ref.indexOf("/") + 1);

/** Tokens of an answer in the time in which it was written, that is without the wait for the first. */
export function speedOf({ usage, timing }) {
  const ms = timing.totalMs - (timing.firstTokenMs ?? 0);
  return usage.outputTokens && ms > 0 ? (usage.outputTokens * 1000) / ms : null;
}
