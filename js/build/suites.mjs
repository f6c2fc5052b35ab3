// The test suites, in the order in which they run: quick answers first. A suite exists when its folder does.
//
//   run     [command, ...arguments]; without it, `check` is called, which throws when something is wrong
//   count   how to read the number of tests from the output; without it, the suite is one check
//   needs   the built package ("package"), test dependencies from npm ("modules"), programs of browsers.mjs
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { countCargoTests, countNodeTests } from "./count.mjs";
import { root } from "./run.mjs";
import { sizes } from "./sizes.mjs";

const wasm = ["--target", "wasm32-unknown-unknown"];
const strict = ["--", "-D", "warnings"];

/** All suites of this checkout; `browsers` is what `findBrowsers` returns. */
export function suites(browsers) {
  const web = webTargets().flatMap((name) => ["--test", name]);
  return [
    { name: "fmt", what: "Rust: formatting", run: ["cargo", "fmt", "--all", "--check"] },
    { name: "rust", what: "Rust: native tests", run: ["cargo", "test", "--workspace"], count: countCargoTests },
    { name: "clippy", what: "Rust: lints", run: ["cargo", "clippy", "--workspace", "--all-targets", ...strict] },
    { name: "clippy-wasm", what: "Rust: lints of the wasm edge", run: ["cargo", "clippy", ...wasm, "--lib", ...web, ...strict] },
    {
      name: "doc",
      what: "Rust: documentation",
      run: ["cargo", "doc", "--no-deps", "--lib", "--document-private-items"],
      env: { RUSTDOCFLAGS: "-D warnings" },
    },
    { name: "sizes", what: "size budget", check: sizes, needs: ["package"] },
    ...typeTests(),
    ...nodeTests("js", "facade", ["package", "modules"]),
    ...nodeTests("sdk", "against the official SDKs", ["package", "modules"]),
    ...nodeTests("gateway", "the gateway", ["package", "modules", "chromium", "wrangler"], { concurrency: 1 }),
    ...nodeTests("runtimes", "every runtime", ["package", "modules", "chromium", "firefox"], { concurrency: 1 }),
    ...nodeTests("package", "bundlers and documents", ["package", "modules", "chromium", "next"], { concurrency: 1 }),
    ...nodeTests("e2e", "the demo page", ["package", "modules", "chromium"], { concurrency: 1 }),
    ...(web.length > 0 ? webTests(browsers, web) : []),
  ];
}

// Compiled only: what must be assignable, and what must not be.
function typeTests() {
  if (!existsSync(join(root, "tests", "types", "tsconfig.json"))) return [];
  return [{ name: "types", what: "TypeScript: public types", run: ["tsc", "--noEmit", "-p", "tests/types"], needs: ["package", "modules"] }];
}

function nodeTests(folder, what, needs, { concurrency } = {}) {
  const files = filesBelow(join(root, "tests", folder)).filter((file) => file.endsWith(".test.mjs"));
  if (files.length === 0) return [];
  // Where time matters or browsers start, one file after the other: two cores are few.
  const pace = concurrency ? [`--test-concurrency=${concurrency}`] : [];
  // The limit is for a file as much as for a test in it: one that never ends is reported, and the next one runs.
  const run = ["node", "--test", "--test-reporter=spec", "--test-timeout=480000", ...pace, ...files.map((file) => relative(root, file)).sort()];
  return [{ name: folder, what: `JavaScript: ${what}`, run, count: countNodeTests, needs }];
}

// The same tests in each browser, started with the flags of webdriver.json.
function webTests(browsers, web) {
  const pack = (browser, driver) => {
    const options = ["--headless", `--${browser}`, `--${driver}`, browsers[driver], "--mode", "no-install"];
    return ["wasm-pack", "test", ...options, "--", ...web];
  };
  const common = { count: countCargoTests };
  return [
    { name: "chrome", what: "wasm in Chromium", run: pack("chrome", "chromedriver"), needs: ["chromium", "chromedriver"], ...common },
    { name: "firefox", what: "wasm in Firefox", run: pack("firefox", "geckodriver"), needs: ["firefox", "geckodriver"], ...common },
    {
      name: "webkit",
      what: "wasm in WebKit",
      // wasm-pack knows only Safari's driver, and WebKitGTK has no headless mode: Cargo and a virtual screen instead.
      run: ["xvfb-run", "-a", "cargo", "test", ...wasm, ...web],
      env: {
        CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER: "wasm-bindgen-test-runner",
        WASM_BINDGEN_TEST_ONLY_WEB: "1",
        SAFARIDRIVER: browsers.webkitdriver,
      },
      needs: ["webkitdriver", "xvfb"],
      ...common,
    },
  ];
}

// The test binaries that are for browsers: those that Cargo.toml takes from tests/web/.
function webTargets() {
  const manifest = readFileSync(join(root, "Cargo.toml"), "utf8");
  const targets = manifest.matchAll(/^\[\[test\]\]\s+name = "([^"]+)"\s+path = "tests\/web\//gm);
  return [...targets].map(([, name]) => name);
}

function filesBelow(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (entry.name === "node_modules") return [];
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesBelow(path) : [path];
  });
}
