// `npm test`: gets what is missing, builds, runs every suite, and goes on after one that fails.
//   --only <name>   that suite alone (several: --only fmt,rust); an unknown name shows them all
import { delimiter, join } from "node:path";
import { build } from "./build.mjs";
import { ensureBrowsers, explain, findBrowsers } from "./browsers.mjs";
import { attempt, fail, Failure, root, run, seconds } from "./run.mjs";
import { suites } from "./suites.mjs";
import { ensureBuildTools, ensureNodeModules, ensureRustComponent, toolsEnv } from "./tools.mjs";

const limitMs = 1_500_000;

async function test() {
  const start = performance.now();
  await ensureBuildTools();
  const chosen = choose(suites(findBrowsers()));
  // What each need lacks: a sentence for a person, or undefined when it is there.
  const lacks = await prepare(chosen);
  const results = [];
  if (chosen.some(({ needs }) => needs?.includes("package"))) {
    const result = await runSuite({ name: "build", what: "build of the package", check: build });
    if (result.failed > 0) lacks.package = "the package was not built";
    results.push(result);
  }
  // Made again: some commands hold the paths of what has only now been installed.
  const names = chosen.map(({ name }) => name);
  for (const suite of suites(findBrowsers()).filter(({ name }) => names.includes(name))) {
    results.push(await runOrSkip(suite, lacks));
  }
  return report(results, start);
}

function choose(all) {
  const at = process.argv.indexOf("--only");
  if (at < 0) return all;
  const names = (process.argv[at + 1] ?? "").split(",");
  const unknown = names.filter((name) => !all.some((suite) => suite.name === name));
  if (unknown.length === 0) return all.filter((suite) => names.includes(suite.name));
  const list = all.map(({ name, what }) => `  ${name.padEnd(12)} ${what}`).join("\n");
  throw new Failure(`--only: there is no suite "${unknown.join(",")}". These are here:\n${list}`);
}

async function prepare(chosen) {
  const names = chosen.map(({ name }) => name);
  if (names.includes("fmt")) await ensureRustComponent("rustfmt", "fmt", "--version");
  if (names.some((name) => name.startsWith("clippy"))) await ensureRustComponent("clippy", "clippy", "--version");
  const needs = new Set(chosen.flatMap((suite) => suite.needs ?? []));
  const lacks = {};
  if (needs.has("modules")) {
    await ensureTestModules().catch((error) => {
      lacks.modules = `the packages of tests/package.json could not be installed: ${error.message}`;
    });
  }
  if (needs.has("wrangler")) {
    // A folder of its own: it brings another esbuild, workerd and Miniflare. Its tests are skipped without it.
    await ensureNodeModules(join(root, "tests", "gateway", "wrangler"), "wrangler").catch((error) => console.log(`wrangler could not be installed: ${error.message}`));
  }
  if (needs.has("next")) {
    // 340 MB, and nothing else needs them.
    await ensureNodeModules(join(root, "tests", "package", "next"), "Next.js").catch((error) => console.log(`Next.js could not be installed: ${error.message}`));
  }
  const programs = Object.keys(findBrowsers()).filter((program) => needs.has(program));
  const found = await ensureBrowsers(programs);
  for (const program of programs) if (!found[program]) lacks[program] = explain(program);
  return lacks;
}

async function ensureTestModules() {
  const folder = join(root, "tests");
  const fresh = await ensureNodeModules(folder, "the runtimes, SDKs and bundlers that tests use");
  // The one package whose command does not work until its script has put the binary (which npm has fetched) in place.
  if (fresh) await run("node", ["node_modules/bun/install.js"], { cwd: folder });
}

async function runOrSkip(suite, lacks) {
  const reasons = (suite.needs ?? []).flatMap((need) => lacks[need] ?? []);
  if (reasons.length === 0) return runSuite(suite);
  heading(suite);
  console.log(`skipped: ${reasons.join("; ")}`);
  return { ...suite, passed: 0, failed: 0, skipped: 1, time: "", note: reasons.join("; ") };
}

async function runSuite(suite) {
  heading(suite);
  const start = performance.now();
  const counts = suite.run ? await runCommand(suite) : await runCheck(suite);
  const time = seconds(start);
  console.log(`${suite.name}: ${counts.failed > 0 ? "FAILED" : "passed"} after ${time}`);
  return { ...suite, ...counts, time };
}

async function runCommand({ run: [command, ...args], env, count }) {
  const path = [process.env.PATH, join(root, "tests", "node_modules", ".bin")].join(delimiter);
  const options = { env: toolsEnv({ CARGO_TERM_COLOR: "never", ...env }, path), echo: true, timeoutMs: limitMs };
  const { code, output } = await attempt(command, args, options);
  if (!count) return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0 };
  const counts = count(output);
  // A suite that broke before its tests did has failed, and so has one that found nothing to run.
  const { passed, failed, skipped } = counts;
  if (failed === 0 && (code !== 0 || passed + skipped === 0)) counts.failed = 1;
  return counts;
}

async function runCheck({ check }) {
  try {
    await check();
    return { passed: 1, failed: 0, skipped: 0 };
  } catch (error) {
    console.error(error instanceof Failure ? error.message : error.stack);
    return { passed: 0, failed: 1, skipped: 0 };
  }
}

function heading({ name, what }) {
  console.log(`\n━━ ${what} (${name}) ${"━".repeat(Math.max(0, 60 - what.length - name.length))}`);
}

function report(results, start) {
  const row = (...cells) => cells.map((cell, at) => (at === 0 ? String(cell).padEnd(14) : String(cell).padStart(9))).join("");
  console.log(`\n${row("suite", "passed", "failed", "skipped", "time")}`);
  for (const { name, passed, failed, skipped, time, note } of results) {
    console.log(row(name, passed, failed, skipped, time) + (note ? `  ${note}` : ""));
  }
  const sum = (what) => results.reduce((total, result) => total + result[what], 0);
  console.log(`\n${seconds(start)} in all`);
  console.log(`${sum("passed")} passed, ${sum("failed")} failed, ${sum("skipped")} skipped`);
  return sum("failed") === 0 ? 0 : 1;
}

process.exitCode = await test().catch(fail);
