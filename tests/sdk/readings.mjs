// A reading: what somebody makes of a provider's bytes, in words that hold for every SDK.
//
//   { failed: false, text, reasoning, refusal, toolCalls: [{ id, name, input }], rawFinishReason, usage }
//   { failed: true, error }
//
// A member that an SDK cannot tell is left out of its reading, and is then not compared.
import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";

/** The reading of a promise: of what it resolves with, or of its failure. An answer that cannot be read is one too. */
export async function read(promise, readAnswer) {
  try {
    return { failed: false, ...readAnswer(await promise) };
  } catch (error) {
    return { failed: true, error };
  }
}

/** The names of the members in which two readings differ. */
export function differences(theirs, ours) {
  if (theirs.failed !== ours.failed) return ["failed"];
  if (theirs.failed) return [];
  return Object.keys(theirs).filter((key) => theirs[key] !== undefined && !isDeepStrictEqual(theirs[key], ours[key]));
}

/** Fails unless two readings differ in exactly the members that are known to differ, so that the list cannot go stale. */
export function assertAgree(theirs, ours, known) {
  const differing = differences(theirs, ours);
  const expected = known?.differs ?? [];
  if (isDeepStrictEqual([...differing].sort(), [...expected].sort())) return;
  const stale = expected.filter((key) => !differing.includes(key));
  const note = stale.length > 0 ? `; known.mjs says that these differ, but they agree: ${stale.join(", ")}` : "";
  const failures = theirs.failed || ours.failed ? `\nSDK: ${theirs.error}\nmodelwire: ${ours.error}` : "";
  const message = `differ in ${differing.join(", ") || "nothing"}${note}${failures}`;
  const pick = (reading) => Object.fromEntries(Object.entries(reading).filter(([key]) => differing.includes(key)));
  throw new assert.AssertionError({ message, actual: pick(ours), expected: pick(theirs), operator: "deepStrictEqual" });
}

/** Arguments as text to a value, by the contract: `{}` when empty or null, undefined when not JSON. */
export function parseInput(text) {
  if (["", "null"].includes((text ?? "").trim())) return {};
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The sum, or null when a part of it was not reported. */
export function sum(...counts) {
  return counts.some((count) => count == null) ? null : counts.reduce((total, count) => total + count, 0);
}

/** Nothing was reported. */
export const noUsage = {
  inputTokens: null, outputTokens: null, totalTokens: null, cacheReadTokens: null, cacheWriteTokens: null, reasoningTokens: null,
};
