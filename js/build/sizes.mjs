// What a page ships, against js/build/budget.json (bytes after brotli). Every file is compressed by itself, as it travels.
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, relative } from "node:path";
import { brotliCompressSync, constants } from "node:zlib";
import { build } from "./build.mjs";
import { halves, tokensName, wasmName } from "./entries.mjs";
import { fail, Failure, isProgram, root } from "./run.mjs";

const dist = join(root, "pkg", "dist");

/** Prints the table; throws when something is over its budget. */
export function sizes() {
  const budget = JSON.parse(readFileSync(join(import.meta.dirname, "budget.json"), "utf8"));
  const wasm = weigh([join(dist, halves.page)]);
  const entry = reachable(join(dist, "entry", "url.js"));
  const scripts = weigh(entry);
  const glue = weighGlue();
  const rows = [
    { name: "page", what: "a page: entry, chunks, wasm", raw: wasm.raw + scripts.raw, brotli: wasm.brotli + scripts.brotli },
    { name: "wasm", what: "of it, wasm", ...wasm },
    { name: "glue", what: "of it, wasm-bindgen's glue", ...glue },
    { name: "facade", what: "of it, the facade", raw: scripts.raw - glue.raw, brotli: scripts.brotli - glue.brotli },
    { name: "rest", what: "wasm that few pages load", ...weigh([join(dist, halves.rest)]) },
    { name: "whole", what: "both as one, for servers", ...weigh([join(dist, wasmName)]) },
    ...["gateway", "testing"].filter((name) => existsSync(join(dist, `${name}.js`))).map((name) => ({
      name,
      what: `modelwire/${name}, beside a page`,
      ...weigh(reachable(join(dist, `${name}.js`)).filter((file) => !entry.includes(file))),
    })),
    { name: "tokens", what: "counting: module, o200k_base", ...weigh([join(dist, tokensName), join(dist, "o200k_base.bin")]) },
  ];
  console.log(`${"".padEnd(28)}${["raw", "brotli", "budget"].map((head) => head.padStart(10)).join("")}`);
  for (const { name, what, raw, brotli } of rows) {
    console.log(`${what.padEnd(28)}${[raw, brotli, budget[name] ?? ""].map((cell) => String(cell).padStart(10)).join("")}`);
  }
  const over = rows.filter(({ name, brotli }) => brotli > (budget[name] ?? Infinity));
  if (over.length > 0) throw new Failure(over.map(({ name, brotli }) => `${name} is ${brotli - budget[name]} bytes over its budget`).join("\n"));
}

function weigh(files) {
  return weighed(files.map((file) => readFileSync(file)));
}

function weighed(contents) {
  const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } };
  return {
    raw: contents.reduce((sum, content) => sum + content.length, 0),
    brotli: contents.reduce((sum, content) => sum + brotliCompressSync(content, quality).length, 0),
  };
}

// It has no file of its own in the bundle: what it is there, minified and compressed by itself.
function weighGlue() {
  const { transformSync } = createRequire(join(root, "package.json"))("esbuild");
  const glue = transformSync(readFileSync(join(root, "js", "wasm", "modelwire.js"), "utf8"), { minify: true, format: "esm", target: "es2022" }).code;
  return weighed([Buffer.from(glue)]);
}

/** The files that a page loads. */
export function shipped() {
  return [join(dist, halves.page), ...reachable(join(dist, "entry", "url.js"))];
}

// The files that loading this one loads. What is imported later, by import(), is not among them.
function reachable(entry) {
  const { outputs } = JSON.parse(readFileSync(join(root, "target", "bundle.json"), "utf8"));
  const seen = new Set();
  const visit = (output) => {
    if (seen.has(output)) return;
    seen.add(output);
    for (const { path, kind, external } of outputs[output].imports) if (kind === "import-statement" && !external) visit(path);
  };
  visit(relative(root, entry).replaceAll("\\", "/"));
  return [...seen].map((output) => join(root, output));
}

if (isProgram(import.meta)) {
  await build().then(sizes).catch(fail);
}
