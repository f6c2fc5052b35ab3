// What is in the tarball, and what is not.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, posix } from "node:path";
import test, { before, describe } from "node:test";
import { build } from "esbuild";
import { root } from "../../js/build/run.mjs";
import { installApp, pack } from "./install.mjs";

let files;
let app;
let installed;
let manifest;

before(async () => {
  ({ files } = await pack());
  app = await installApp("tarball", {});
  installed = join(app, "node_modules", "modelwire");
  manifest = JSON.parse(read("package.json"));
});

const read = (name) => readFileSync(join(installed, name), "utf8");

describe("the tarball", () => {
  test("holds what can be reached from its exports, the documents and the licences, and nothing else", () => {
    const written = ["LICENSE-APACHE", "LICENSE-MIT", "LICENSE-THIRD-PARTY", "README.md", "llms.txt", "package.json"];
    const pages = readdirSync(join(root, "docs")).map((name) => `docs/${name}`);
    const built = reachable([...targets(manifest.exports)]);
    assert.deepEqual([...files].sort(), [...written, ...pages, ...built].sort());
  });

  test("holds everything that its exports name", () => {
    for (const target of targets(manifest.exports)) assert(files.includes(target), `exports names ${target}, which is not there`);
  });

  test("has no source maps and asks for none", () => {
    assert.deepEqual(files.filter((name) => name.endsWith(".map")), []);
    for (const name of files) assert(!readBytes(name).includes("sourceMappingURL"), `${name} names a source map`);
  });

  test("mentions no folder of the machine that built it", () => {
    const { CARGO_HOME = join(homedir(), ".cargo"), RUSTUP_HOME = join(homedir(), ".rustup") } = process.env;
    for (const name of files) {
      for (const folder of [root, CARGO_HOME, RUSTUP_HOME]) assert(!readBytes(name).includes(folder), `${name} mentions ${folder}`);
    }
  });

  test("needs no other package and runs nothing when it is installed", () => {
    const members = ["dependencies", "peerDependencies", "optionalDependencies", "bundleDependencies", "scripts"];
    assert.deepEqual(members.filter((member) => member in manifest), []);
  });

  test("says the licence that its files are under", () => {
    assert.equal(manifest.license, "MIT OR Apache-2.0");
    assert.match(read("LICENSE-MIT"), /Permission is hereby granted/);
    assert.match(read("LICENSE-APACHE"), /Apache License\s+Version 2\.0/);
  });
});

describe("each condition of its exports", () => {
  test("has types first, or TypeScript stops at an earlier one", () => {
    for (const [path, conditions] of Object.entries(manifest.exports)) {
      if (typeof conditions === "string") continue;
      assert.equal(Object.keys(conditions)[0], "types", `"${path}"`);
      assert.equal(Object.keys(conditions).at(-1), "default", `"${path}": what no condition meets`);
    }
  });

  test("keeps the entries when a bundler drops modules without effects", () => {
    const entries = Object.values(manifest.exports["."]).filter((target) => target.endsWith(".js"));
    const [pattern] = manifest.sideEffects;
    for (const entry of entries) {
      assert.equal(posix.dirname(entry), posix.dirname(pattern), `${entry} is not covered by ${pattern}`);
    }
  });
});

describe("each path of its exports", () => {
  // What each runtime and bundler says it is; the last is one that nobody has thought of.
  for (const condition of ["workerd", "deno", "bun", "node", "browser", "anything-else"]) {
    test(`resolves, with all that it imports, under the condition "${condition}"`, async () => {
      const paths = Object.keys(manifest.exports).filter((path) => !/\.(json|wasm)$/.test(path));
      const { outputFiles, warnings } = await build({
        stdin: { contents: paths.map((path, at) => `export * as p${at} from "modelwire${path.slice(1)}";`).join("\n"), resolveDir: app },
        bundle: true,
        write: false,
        format: "esm",
        platform: "neutral",
        conditions: [condition],
        external: ["node:*", "*.wasm", "*.bin"],
        supported: { "import-source": true, "import-attributes": true },
        logLevel: "silent",
      });
      assert.deepEqual(warnings, []);
      assert(outputFiles[0].contents.length > 0);
    });
  }
});

// As bytes, because the wasm is none of a text.
const readBytes = (name) => readFileSync(join(installed, name));

function* targets(exports) {
  for (const value of Object.values(exports)) {
    if (typeof value === "object") yield* targets(value);
    else if (value !== "./package.json") yield value.replace("./", "");
  }
}

// Follows what scripts and declarations import, and the `new URL(…)` by which they name files.
function reachable(names, found = new Set()) {
  for (const name of names) {
    if (found.has(name)) continue;
    found.add(name);
    if (!/\.(js|d\.ts)$/.test(name)) continue;
    const relative = [...read(name).matchAll(/(?:from|import|import\(|URL\()\s*["'](\.[^"']+)["']/g)];
    const near = relative.map(([, path]) => posix.join(posix.dirname(name), path));
    // A declaration that imports "./x.js" means what is declared of it.
    reachable(name.endsWith(".d.ts") ? near.map((path) => path.replace(/\.js$/, ".d.ts")) : near, found);
  }
  return found;
}
