// Streams in Node: the CPU time of the process for each delta. A process for each case, so that one's garbage and compiled code are no other's.
import { pause } from "./measure.mjs";
import { apart, cpu, ours } from "./section.mjs";
import { cases, nameOf, reading } from "./reading.mjs";

/** `without`: whoever's name begins with it. */
export async function section(filter = "", without = " ") {
  if (filter) return reading(await ours(), cpu, { before: pause, only: (what) => what === filter, among: (name) => !name.startsWith(without) });
  return cases.flatMap((one) => apart("in_node", nameOf(one), without));
}
