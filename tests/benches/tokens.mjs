// Counting tokens, beside the libraries that people use for it: all in one process, one after the other in each round, the median of the
// rounds. Read the ratios; the speeds are those of this machine on this day.
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { brotliCompressSync } from "node:zlib";
import { inPage } from "./in_page.mjs";
import { measure, median, megabytes, seconds } from "./rows.mjs";

const require = createRequire(import.meta.url);
const here = import.meta.dirname;
const tests = join(here, "..");
const dist = join(tests, "..", "pkg", "dist");
const encoding = process.argv[2] ?? "o200k_base";

const contenders = {
  modelwire: async () => {
    const { loadTokenizer } = await import(join(dist, "entry", "node.js"));
    const tokenizer = await loadTokenizer(encoding);
    return { count: (text) => tokenizer.count(text), encode: (text) => tokenizer.encode(text) };
  },
  "gpt-tokenizer": async () => {
    const { countTokens, encode } = await import(`gpt-tokenizer/encoding/${encoding}`);
    const plain = { disallowedSpecial: new Set() };
    return { count: (text) => countTokens(text, plain), encode: (text) => encode(text, plain) };
  },
  "ai-tokenizer": async () => {
    const [{ default: Tokenizer }, vocabulary] = await Promise.all([import("ai-tokenizer"), import(`ai-tokenizer/encoding/${encoding}`)]);
    const tokenizer = new Tokenizer(vocabulary);
    return { count: (text) => tokenizer.count(text), encode: (text) => tokenizer.encode(text) };
  },
  "js-tiktoken": async () => {
    const [{ Tiktoken }, { default: ranks }] = await Promise.all([import("js-tiktoken/lite"), import(`js-tiktoken/ranks/${encoding}`)]);
    const tokenizer = new Tiktoken(ranks);
    const encode = (text) => tokenizer.encode(text, [], []);
    return { count: (text) => encode(text).length, encode };
  },
  "tiktoken (wasm)": async () => {
    const { get_encoding } = require("tiktoken");
    const tokenizer = get_encoding(encoding);
    const encode = (text) => tokenizer.encode_ordinary(text);
    return { count: (text) => encode(text).length, encode };
  },
};

async function main() {
  const loaded = {};
  for (const [name, load] of Object.entries(contenders)) loaded[name] = await load();
  const texts = corpora();
  const agree = texts.map(({ text }) => new Set(Object.values(loaded).map(({ count }) => count(text))).size === 1);
  if (agree.includes(false)) console.log(`not all agree on: ${texts.filter((_, at) => !agree[at]).map(({ name }) => name)}`);
  const names = Object.keys(contenders);
  console.log(`${encoding}, Node ${process.version}; medians of 7 rounds, and how many times ours is theirs\n`);
  table(names, measure(Object.values(loaded), texts));
  const cold = names.map((name) => median(Array.from({ length: 5 }, () => Number(execFileSync(process.execPath, [import.meta.filename, encoding, "cold", name])))));
  print(["cold start, ms", ...cold.map((value) => `${value.toFixed(0)} (${(value / cold[0]).toFixed(1)}x)`)]);
  endless(loaded);
  if (encoding === "o200k_base") {
    const hard = [...Object.entries(units).map(([name, unit]) => [name, endlessText(unit)]), ["= in runs, then -", runs(1e6)]];
    const page = await inPage("tokens", { run: texts, longest: hard });
    console.log(page ? `\n${encoding}, in a page of Chromium ${page.version}\n` : "\nthere is no Chromium");
    if (page) table(names, page.run);
    const longest = page?.longest.map(([name, ms]) => `${name}: ${ms < 50 ? "under 50" : ms}`);
    if (page) console.log(`\nlongest task in ms while countTokens counts 1 MB: ${longest.join(", ")}`);
  }
  const shipped = [join(dist, "modelwire_tokens_bg.wasm"), join(dist, `${encoding}.bin`)].map((file) => brotliCompressSync(readFileSync(file)).length);
  console.log(`\nmodule ${shipped[0]} and vocabulary ${shipped[1]} bytes of brotli: ${shipped[0] + shipped[1]}`);
}

const units = { a: "a", spaces: " ", newlines: "\n", "=": "=", emoji: "🙂", 我: "我", digits: "7", "random letters": null };

function endlessText(unit) {
  return unit ? unit.repeat(1e6 / Buffer.byteLength(unit)) : letters(1e6);
}

function runs(length) {
  let text = "";
  for (let count = 0; text.length < length; count = (count * 37 + 11) % 211) text += "=".repeat(count) + "-";
  return text.slice(0, length);
}

// Without bound some of these take minutes: a tenth of the length each time it was too slow.
function endless(loaded) {
  console.log("\nendless pieces, count, MB/s at 1 MB (others: at the first length, from 1 MB down by tens, that takes under 2 s)\n");
  print(["", ...Object.keys(loaded)]);
  for (const [name, unit] of Object.entries(units)) {
    const whole = endlessText(unit);
    const cells = Object.entries(loaded).map(([who, { count }]) => {
      // Small first: a quadratic one is known before it takes a minute.
      let best = "";
      for (const length of [1e3, 1e4, 1e5, 1e6]) {
        const text = whole.slice(0, Math.round((whole.length * length) / 1e6));
        const taken = seconds(() => count(text));
        best = `${(megabytes(text) / taken).toFixed(2)}${length < 1e6 ? ` at ${length / 1e3} KB` : ""}`;
        if (taken > 0.2 && who !== "modelwire") break;
      }
      return best;
    });
    print([name, ...cells]);
  }
}

function letters(count) {
  let state = 1;
  return Array.from({ length: count }, () => String.fromCharCode(97 + ((state = (state * 48271) % 2147483647) % 26))).join("");
}

// What the tests' dependencies have anyway: manuals, a compiler, and its messages in thirteen languages.
function corpora() {
  const modules = join(tests, "node_modules");
  const manuals = readdirSync(modules).filter((name) => !name.startsWith(".")).sort().map((name) => join(modules, name, "README.md")).filter((file) => statSync(file, { throwIfNoEntry: false }));
  const english = manuals.map((file) => readFileSync(file, "utf8")).join("\n").replace(/```[^]*?```/g, "").replace(/https?:\S+/g, "");
  const typescript = join(modules, "typescript", "lib");
  const languages = readdirSync(typescript).filter((name) => statSync(join(typescript, name)).isDirectory()).sort();
  const messages = languages.map((name) => Object.values(JSON.parse(readFileSync(join(typescript, name, "diagnosticMessages.generated.json"), "utf8"))).slice(0, 700).join("\n"));
  return [
    { name: "English", text: english.slice(0, 1e6) },
    { name: "code", text: readFileSync(join(typescript, "_tsc.js"), "utf8").slice(0, 1e6) },
    { name: "multilingual", text: messages.join("\n").slice(0, 1e6) },
  ];
}

function table(names, rows) {
  print(["", ...names]);
  for (const [name, ours, ...theirs] of rows) {
    print([name, ours.toFixed(1), ...theirs.map((value) => `${value.toFixed(1)} (${(ours / value).toFixed(1)}x)`)]);
  }
}

function print(cells) {
  console.log(cells.map((cell, at) => (at === 0 ? cell.padEnd(32) : cell.padStart(20))).join(""));
}

if (process.argv[3] === "cold") {
  // The first count of a fresh process, loading included.
  const start = performance.now();
  const { count } = await contenders[process.argv[4]]();
  count("Hello, world!");
  console.log(performance.now() - start);
} else {
  await main();
}
