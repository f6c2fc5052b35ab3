// Streams that come from a `fetch` of their own, in Node and in a page alike: µs for each delta.
import { contenders } from "./contenders.mjs";
import { rounds } from "./measure.mjs";
import { bodyOf, framings, respond } from "./wires.mjs";

/** What is read: wires, framings, and how many thousands of deltas. */
export const cases = [
  ["openai", "16 KB reads", 10],
  ["responses", "16 KB reads", 10],
  ["anthropic", "16 KB reads", 10],
  ["cohere", "16 KB reads", 10],
  ["openai", "one event a read", 5],
  ["openai", "random 1-150 B reads", 5],
  ["tools", "16 KB reads", 1],
  ["tools", "16 KB reads", 10],
  ["tools", "16 KB reads", 100],
];

export const nameOf = ([wire, framing, thousands]) => `${wire}, ${framing}, ${(thousands * 1000).toLocaleString("en")} deltas`;

/** Rows `[what, { contender: { median, ratio } }]`. `timed(run)`: gives what it took, in µs. */
export async function reading(modelwire, timed, { turns = 7, warm = 4, before, only = () => true, among = () => true } = {}) {
  const all = await contenders(modelwire);
  const rows = [];
  const count = 10_000;
  for (const one of cases) {
    const [wire, framing, thousands] = one;
    const [what, deltas] = [nameOf(one), thousands * 1000];
    if (!only(what)) continue;
    const reads = framings[framing](bodyOf(wire, deltas));
    const fetch = async () => respond(reads);
    // In the time that a client takes whose fragments cost more the more there are, the others are measured a hundred times.
    const who = Object.entries(all).filter(([name, { wires }]) => wires.includes(wire) && among(name) && !(deltas > count && name.startsWith("ai")));
    let shown;
    const runs = who.map(([name, { run }]) => {
      const once = async () => {
        const characters = await run(wire, fetch);
        if (characters !== (shown ??= characters)) throw new Error(`${name} showed ${characters} characters of ${what}, raw ${shown}`);
      };
      // A short one is read several times: the clock of a page is coarse.
      const times = Math.max(1, Math.round(count / 2 / deltas));
      return [name, async () => (await timed(async () => { for (let at = 0; at < times; at++) await once(); })) / (deltas * times)];
    });
    // What takes twenty times as long has fewer turns, beside the loop all the same.
    const slow = ([name]) => name.startsWith("ai");
    const quick = await rounds(Object.fromEntries(runs.filter((run) => !slow(run))), deltas > count ? 3 : turns, { before, warm: deltas > count ? 1 : warm });
    const { raw, ...rest } = await rounds(Object.fromEntries(runs.filter((run) => slow(run) || run[0] === "raw")), runs.some(slow) ? 2 : 0, { before, warm: 1 });
    rows.push([what, { ...quick, ...rest }]);
  }
  return rows;
}
