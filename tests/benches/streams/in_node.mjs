// Streams in Node: the CPU time of the process for each delta.
import { cpu, ours } from "./section.mjs";
import { reading } from "./reading.mjs";

export async function section(filter = "") {
  return reading(await ours(), cpu, { before: globalThis.gc, only: (what) => what.includes(filter) });
}
