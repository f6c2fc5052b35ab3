// Streams and calls, beside the clients that people write by hand and those that they install. All take turns in one run, and what counts is the
// median of the ratios to "raw", a hand-written loop. The table goes to the screen and, with all figures, to target/bench. `npm run bench streams [section…]`: those sections alone.
// What does not end in its time is told, and the rest goes on.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, loadavg, totalmem } from "node:os";
import { join } from "node:path";
import { root } from "../../js/build/run.mjs";
import { inPage } from "./in_page.mjs";
import { cases, nameOf } from "./streams/reading.mjs";
import { apart } from "./streams/section.mjs";
import { median } from "./streams/measure.mjs";

const sections = {
  streams: () => each(cases, (one) => apart("in_node", nameOf(one))),
  // The longest case is Node's alone: nothing of it is the browser's.
  chromium: () => each(cases.filter(([, , thousands]) => thousands <= 10), async (one) => (await inPage("streams", { streams: { only: nameOf(one), turns: 5, warm: 2 } }))?.streams ?? []),
  http: () => apart("http"),
  requests: () => apart("requests"),
  crowd: () => apart("crowd"),
  memory: () => apart("memory"),
  abort: () => apart("abort"),
  cold: async () => [...apart("cold"), ...(await coldInPages())],
  sizes: () => apart("sizes"),
};

/** The rows of all cases; one that fails, or does not end, is told and left out. */
async function each(cases, rows) {
  const all = [];
  for (const one of cases) {
    try {
      all.push(...(await rows(one)));
    } catch (error) {
      console.log(`left out: ${nameOf(one)}: ${error.message.split("\n")[0]}`);
    }
  }
  return all;
}

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
  const unknown = asked.filter((name) => !(name in sections));
  if (unknown.length) throw new Error(`there is no section ${unknown.join(", ")}; there are: ${Object.keys(sections).join(", ")}`);
  const failed = [];
  for (const name of asked.length ? asked : Object.keys(sections)) {
    const busy = loadavg()[0].toFixed(1);
    console.log(`\n## ${name} (load ${busy})`);
    try {
      results[name] = await sections[name]();
    } catch (error) {
      failed.push(name);
      console.log(`failed: ${error.message.split("\n")[0]}`);
      continue;
    }
    for (const [what, by] of results[name]) print(what, by);
    const when = new Date().toISOString().slice(0, 10);
    writeFileSync(`${file}.json`, JSON.stringify({ when, machine, dependencies, failed, results }, null, 1));
    writeFileSync(`${file}.md`, markdown(`${machine}; ${when}`, results));
  }
  if (failed.length) throw new Error(`not measured: ${failed.join(", ")}`);
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
