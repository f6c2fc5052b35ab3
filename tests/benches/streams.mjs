// Streams and calls, beside the clients that people write by hand and those that they install. All take turns in one run, and what counts is the
// median of the ratios to "raw", a hand-written loop. the table goes to the screen and, with all figures, to target/bench. `npm run bench streams [section…]`: those sections alone.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { join } from "node:path";
import { root } from "../../js/build/run.mjs";
import { inPage } from "./in_page.mjs";
import { apart } from "./streams/section.mjs";
import { median } from "./streams/measure.mjs";

const sections = {
  streams: () => apart("in_node"),
  chromium: async () => (await inPage("streams", { streams: { turns: 7, warm: 3 } }))?.streams ?? [],
  http: () => apart("http"),
  requests: () => apart("requests"),
  crowd: () => apart("crowd"),
  memory: () => apart("memory"),
  abort: () => apart("abort"),
  cold: async () => [...apart("cold"), ...(await coldInPages())],
  sizes: () => apart("sizes"),
};

async function coldInPages() {
  const taken = [];
  for (let at = 0; at < 5; at++) taken.push((await inPage("cold", { cold: null }))?.cold);
  return taken.includes(undefined) ? [] : [["import to the first request, a fresh page of Chromium, ms", { modelwire: { median: median(taken), ratio: null } }]];
}

async function main(asked) {
  const folder = join(root, "target", "bench");
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "streams");
  const machine = `${cpus()[0].model}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GB; Node ${process.version}`;
  const { dependencies } = JSON.parse(readFileSync(join(import.meta.dirname, "package.json"), "utf8"));
  console.log(`${machine}\n${Object.entries(dependencies).map((pair) => pair.join(" ")).join(", ")}`);
  const results = {};
  for (const name of asked.length ? asked : Object.keys(sections)) {
    results[name] = await sections[name]();
    console.log(`\n## ${name}`);
    for (const [what, by] of results[name]) print(what, by);
    writeFileSync(`${file}.json`, JSON.stringify({ machine, dependencies, results }, null, 1));
    writeFileSync(`${file}.md`, markdown(machine, results));
  }
}

/** For docs/performance.md. */
function markdown(machine, results) {
  const rows = Object.values(results).flat().flatMap(([what, by]) =>
    Object.entries(by).map(([name, { median, ratio }], at) => `| ${at === 0 ? what : ""} | ${name} | ${figure(median)} | ${times(ratio)} |`),
  );
  return `${machine}\n\n| what | who | median | × raw |\n|---|---|---:|---:|\n${rows.join("\n")}\n`;
}

function times(ratio) {
  return ratio === null || Number.isNaN(ratio) ? "" : ratio.toFixed(2);
}

function print(what, by) {
  console.log(`\n${what}`);
  for (const [name, { median, ratio }] of Object.entries(by)) {
    console.log(`  ${name.padEnd(36)}${figure(median).padStart(12)}${(times(ratio) && `${times(ratio)} x raw`).padStart(16)}`);
  }
}

function figure(value) {
  return value >= 100 || Number.isInteger(value) ? value.toFixed(0) : value.toPrecision(3);
}

await main(process.argv.slice(2));
