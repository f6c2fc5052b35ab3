// TypeScript to pkg/dist: every entry of the package in one go, so that they share their chunks.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { entries, halves, tokensName, wasmName } from "./entries.mjs";
import { Failure, root } from "./run.mjs";
import { vocabularies } from "./tokens.mjs";

const dist = join(root, "pkg", "dist");
const wasm = join(root, "js", "wasm", wasmName);

/** Writes the JavaScript and the wasm of pkg/dist. */
export async function bundle() {
  // Imported late: on a fresh machine this file is loaded before there is an esbuild.
  const { build } = await import("esbuild");
  const { version, license } = JSON.parse(readFileSync(join(root, "pkg", "package.json"), "utf8"));
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: entries.map((entry) => join(root, "js", entry)),
    outbase: join(root, "js"),
    outdir: dist,
    chunkNames: "chunks/[name]-[hash]",
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "neutral",
    target: "es2022",
    // Newer than the target, and only in the entries of the runtimes that have them.
    supported: { "import-source": true, "import-attributes": true },
    minify: true,
    // An uncaught error shows the line that it was thrown in: not a screen full of script.
    lineLimit: 1000,
    banner: { js: `/*! modelwire ${version} | ${license} */` },
    external: ["node:*", "*.wasm", "*.bin"],
    // @cfworker/json-schema makes a URL of the page's own when it is loaded, which throws in a worker made of a blob. Nothing
    // of it is needed: references are local.
    define: { "self.location": "undefined" },
    plugins: [wasmAsBase64, catalogueAsText],
    logLevel: "warning",
    metafile: true,
    write: false,
  }).catch((error) => {
    // It has shown each error with its place already.
    throw error.errors ? new Failure("the bundle was not written") : error;
  });
  const written = new Set(outputFiles.map((file) => file.path));
  for (const { path, contents } of outputFiles) writeIfChanged(path, contents);
  for (const path of scripts()) if (!written.has(path)) rmSync(path);
  for (const name of [wasmName, halves.page, halves.rest, tokensName]) writeIfChanged(join(dist, name), readFileSync(join(root, "js", "wasm", name)));
  for (const name of readdirSync(vocabularies)) writeIfChanged(join(dist, name), readFileSync(join(vocabularies, name)));
  // For sizes.mjs: which file loads which.
  writeIfChanged(join(root, "target", "bundle.json"), Buffer.from(JSON.stringify(metafile)));
  copyDocuments();
}

// esbuild has a loader for this, but the loader goes by the file's name, and under its name the module is external.
const wasmAsBase64 = {
  name: "wasm-as-base64",
  setup(build) {
    build.onResolve({ filter: /^modelwire:wasm-as-base64$/ }, ({ path }) => ({ path, namespace: "wasm-as-base64" }));
    build.onLoad({ filter: /.*/, namespace: "wasm-as-base64" }, () => ({ contents: readFileSync(wasm), loader: "base64" }));
  },
};

// A module that exports it: `import()` works in every runtime and bundler, and a file beside the script would need an entry for each.
const catalogueAsText = {
  name: "catalogue-as-text",
  setup(build) {
    build.onResolve({ filter: /^modelwire:catalogue$/ }, () => ({ path: "catalogue", namespace: "catalogue" }));
    build.onLoad({ filter: /.*/, namespace: "catalogue" }, () => ({ contents: readFileSync(join(root, "src", "models.json")), loader: "text" }));
  },
};

// A server or a test that is running keeps a whole file, and what did not change keeps its time.
function writeIfChanged(path, contents) {
  if (existsSync(path) && readFileSync(path).equals(contents)) return;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, contents);
}

function scripts() {
  return readdirSync(dist, { recursive: true })
    .filter((name) => name.endsWith(".js"))
    .map((name) => join(dist, name));
}

// npm takes them from beside package.json only. The pages of docs/ travel along: whoever reads the installed package, person or
// model, has those of its version, and the README's links lead somewhere.
function copyDocuments() {
  const pages = existsSync(join(root, "docs")) ? readdirSync(join(root, "docs")).filter((name) => name.endsWith(".md")).map((name) => `docs/${name}`) : [];
  const names = [...readdirSync(root).filter((name) => /^(README\.md$|llms\.txt$|LICEN[CS]E)/.test(name)), ...pages];
  for (const name of names) writeIfChanged(join(root, "pkg", name), readFileSync(join(root, name)));
  const old = existsSync(join(root, "pkg", "docs")) ? readdirSync(join(root, "pkg", "docs")) : [];
  for (const name of old) if (!names.includes(`docs/${name}`)) rmSync(join(root, "pkg", "docs", name));
}
