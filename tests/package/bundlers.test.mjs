// The packed package in an app of each bundler, opened in a real browser.
import assert from "node:assert/strict";
import { copyFileSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import test, { after, afterEach, before, beforeEach, describe } from "node:test";
import { nodeResolve } from "@rollup/plugin-node-resolve";
import * as esbuild from "esbuild";
import { rollup } from "rollup";
import * as vite from "vite";
import webpack from "webpack";
import { serve } from "../../js/build/serve.mjs";
import { installApp } from "./install.mjs";
import { assertStreamsIntoPage, html, launch, main } from "./page.mjs";
import { startProvider } from "./provider.mjs";

let browser;
let provider;

before(async () => {
  [browser, provider] = await Promise.all([launch(), startProvider()]);
});

after(() => Promise.all([browser?.close(), provider?.close()]));

describe("Vite", () => {
  let app;
  let complaints;
  const note = (text) => complaints.push(text);
  const customLogger = { ...vite.createLogger("silent"), warn: note, warnOnce: note, error: note };
  const config = (more) => ({ root: app, configFile: false, customLogger, ...more });

  before(async () => {
    app = await installApp("vite-app", { "index.html": html("/main.js"), "main.js": main() });
  });

  beforeEach(() => {
    complaints = [];
  });

  afterEach(() => assert.deepEqual(complaints, []));

  test("its build emits the halves of the core and the tokenizers once, streams and counts", async () => {
    await vite.build(config());
    assert.equal(wasmIn(join(app, "dist")).length, 3);
    await assertServedFolderStreams(join(app, "dist"), { counts: true });
  });

  test("its build for a folder of a site streams from there", async () => {
    await vite.build(config({ base: "/app/", build: { outDir: "dist-below" } }));
    await assertServedFolderStreams(join(app, "dist-below"), { path: "app/", counts: true });
  });

  test("its development server streams, with nothing configured", async () => {
    const server = await vite.createServer(config({ server: { host: "127.0.0.1", port: 0 } }));
    try {
      await server.listen();
      await assertStreamsIntoPage(browser, server.resolvedUrls.local[0], provider);
    } finally {
      await server.close();
    }
  });
});

describe("webpack", () => {
  test("its build emits the halves of the core and the tokenizers once, streams and counts", async () => {
    const app = await installApp("webpack-app", { "dist/index.html": html("main.js"), "main.js": main() });
    const stats = await promisedWebpack({
      context: app,
      mode: "production",
      entry: "./main.js",
      output: { path: join(app, "dist") },
      // Advice by sizes that a wasm module of any use is above; sizes are held elsewhere.
      performance: { hints: false },
    });
    assert.deepEqual([stats.errors, stats.warnings], [[], []]);
    assert.equal(wasmIn(join(app, "dist")).length, 3);
    await assertServedFolderStreams(join(app, "dist"), { counts: true });
  });
});

describe("esbuild", () => {
  let app;

  before(async () => {
    app = await installApp("esbuild-app", {
      "copied/index.html": html("assets/main.js"),
      "inlined/index.html": html("main.js"),
      "main.js": main(),
      "main-inline.js": main("modelwire/inline"),
    });
  });

  const build = (entry, outfile) => esbuild.build({
    absWorkingDir: app,
    entryPoints: [entry],
    outfile,
    bundle: true,
    minify: true,
    format: "esm",
    logLevel: "silent",
  });

  // It leaves `new URL("../modelwire_page_bg.wasm", import.meta.url)` as it is: the files go one folder above the script.
  test("its bundle streams when the wasm is copied one folder above it", async () => {
    const { warnings } = await build("main.js", "copied/assets/main.js");
    assert.deepEqual(warnings, []);
    copyModule(app, join(app, "copied"));
    await assertServedFolderStreams(join(app, "copied"));
  });

  test("its bundle of modelwire/inline is one file and streams", async () => {
    const { warnings } = await build("main-inline.js", "inlined/main.js");
    assert.deepEqual(warnings, []);
    assert.deepEqual(readdirSync(join(app, "inlined")).sort(), ["index.html", "main.js"]);
    await assertServedFolderStreams(join(app, "inlined"), { wasmFiles: 0 });
  });
});

describe("Rollup", () => {
  // As esbuild: the wasm goes one folder above the scripts.
  test("its bundle streams when the wasm is copied one folder above it", async () => {
    const app = await installApp("rollup-app", { "dist/index.html": html("assets/main.js"), "main.js": main() });
    const complaints = [];
    const plugins = [nodeResolve({ browser: true, rootDir: app })];
    const bundle = await rollup({ input: join(app, "main.js"), plugins, onLog: (_, { message }) => complaints.push(message) });
    await bundle.write({ dir: join(app, "dist", "assets"), format: "es" });
    await bundle.close();
    assert.deepEqual(complaints, []);
    copyModule(app, join(app, "dist"));
    await assertServedFolderStreams(join(app, "dist"));
  });
});

describe("no bundler", () => {
  const entry = "./node_modules/modelwire/dist/entry/url.js";
  const map = `<script type="importmap" nonce="of-the-map">${JSON.stringify({ imports: { modelwire: entry } })}</script>`;
  const policy = "default-src 'none'; script-src 'self' 'nonce-of-the-map' 'wasm-unsafe-eval'; connect-src *; img-src data:";
  const policed = `<meta http-equiv="content-security-policy" content="${policy}">${map}`;
  let app;

  before(async () => {
    app = await installApp("plain-app", {
      "index.html": html("main.js", map),
      "policed/index.html": html("../main.js", policed.replace("./node_modules", "../node_modules")),
      "main.js": main(),
    });
  });

  test("a plain page with an import map streams", () => assertServedFolderStreams(app, { counts: true }));

  test("so does one whose content security policy allows WebAssembly and no other evaluation", async () => {
    const site = await serve({ mounts: { "/": app } });
    try {
      await assertStreamsIntoPage(browser, `${site.url}policed/`, provider);
    } finally {
      await site.close();
    }
  });
});

async function assertServedFolderStreams(folder, { path = "", ...options } = {}) {
  const site = await serve({ mounts: { [`/${path}`]: folder } });
  try {
    await assertStreamsIntoPage(browser, site.url + path, provider, options);
  } finally {
    await site.close();
  }
}

function copyModule(app, folder) {
  for (const name of ["modelwire_page_bg.wasm", "modelwire_rest_bg.wasm"]) copyFileSync(join(app, "node_modules", "modelwire", "dist", name), join(folder, name));
}

const wasmIn = (folder) => readdirSync(folder, { recursive: true }).filter((name) => isWasm(join(folder, name)));

// By its first four bytes: a bundler may call it what it likes.
function isWasm(path) {
  try {
    return readFileSync(path).subarray(0, 4).equals(Buffer.from("\0asm"));
  } catch {
    return false; // a folder
  }
}

function promisedWebpack(options) {
  return new Promise((resolve, reject) => {
    const compiler = webpack(options);
    compiler.run((error, stats) => {
      compiler.close(() => (error ? reject(error) : resolve(stats.toJson({ errors: true, warnings: true }))));
    });
  });
}
