// A page that imports one function of the package does not carry the client.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import test, { before, describe } from "node:test";
import { nodeResolve } from "@rollup/plugin-node-resolve";
import * as esbuild from "esbuild";
import { rollup } from "rollup";
import * as vite from "vite";
import webpack from "webpack";
import { installApp } from "./install.mjs";

// What each weighs is the script that the page names and what that imports statically; what is imported when it is used is not.
const bundlers = {
  async Rollup(app, entry) {
    const bundle = await rollup({ input: join(app, entry), plugins: [nodeResolve({ browser: true, rootDir: app })] });
    return whole((await bundle.generate({ format: "es" })).output);
  },
  async Vite(app, entry) {
    const build = { write: false, modulePreload: false, rollupOptions: { input: join(app, entry), preserveEntrySignatures: "strict" } };
    return whole((await vite.build({ root: app, configFile: false, logLevel: "silent", build })).output);
  },
  async esbuild(app, entry) {
    const { outputFiles, metafile } = await esbuild.build({
      absWorkingDir: app, entryPoints: [entry], outdir: "out", bundle: true, splitting: true, minify: true, format: "esm", write: false, metafile: true,
    });
    const seen = new Set();
    const visit = (name) => {
      if (seen.has(name)) return;
      seen.add(name);
      for (const { path, kind } of metafile.outputs[name].imports) if (kind === "import-statement") visit(path);
    };
    visit(`out/${entry}`);
    return outputFiles.filter(({ path }) => seen.has(path.slice(app.length + 1))).map(({ text }) => text).join("");
  },
  webpack(app, entry) {
    return new Promise((resolve, reject) => {
      const compiler = webpack({ context: app, mode: "production", entry: `./${entry}`, output: { path: join(app, "out"), filename: entry }, performance: false });
      compiler.run((error) => compiler.close(() => (error ? reject(error) : resolve(readFileSync(join(app, "out", entry), "utf8")))));
    });
  },
};

// The most that a page with `isLlmError` alone may get of what one with the client gets. Rollup keeps the class of errors; the
// others keep also what an entry does when it is loaded, which is to say where the module is, and the glue beside it.
const shares = { Rollup: 0.02, Vite: 0.25, esbuild: 0.33, webpack: 0.33 };

let app;

before(async () => {
  app = await installApp("shaken", {
    "one.js": 'import { isLlmError } from "modelwire";\nconsole.log(isLlmError(1));\n',
    "client.js": 'import { createClient } from "modelwire";\nconsole.log(createClient({ providers: {} }));\n',
  });
});

describe("of a package of which one function is imported", () => {
  for (const [name, bundle] of Object.entries(bundlers)) {
    test(`${name} keeps little else`, async () => {
      const [one, client] = [await bundle(app, "one.js"), await bundle(app, "client.js")];
      // A name of a method that only the client has: a bundle that has it has the client.
      const marker = "updateCatalog";
      assert.deepEqual([one.includes(marker), client.includes(marker)], [false, true]);
      assert(one.length <= shares[name] * client.length, `${one.length} bytes, where the client has ${client.length}`);
    });
  }
});

// Of Rollup's output, and of Vite's: an entry and what it imports.
function whole(output) {
  const files = new Map(output.map((file) => [file.fileName, file]));
  const seen = new Set();
  const visit = (name) => {
    if (seen.has(name) || !files.has(name)) return;
    seen.add(name);
    files.get(name).imports?.forEach(visit);
  };
  output.filter(({ isEntry }) => isEntry).forEach(({ fileName }) => visit(fileName));
  return [...seen].map((name) => files.get(name).code ?? "").join("");
}
