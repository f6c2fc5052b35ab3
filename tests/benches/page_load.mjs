// What the demo page costs a visitor: bytes, time to the first interaction, and what streaming does to the main thread. Over
// loopback, with a CPU four times slower. Prints figures; nothing is asserted.
//   node tests/benches/page_load.mjs [--slowdown 4] [--runs 5]
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { parseArgs } from "node:util";
import { brotliCompressSync, constants } from "node:zlib";
import { chromiumFlags, findBrowsers } from "../../js/build/browsers.mjs";
import { serveInFolder } from "../e2e/site.mjs";

// The browser's driver is installed for the tests.
const { chromium } = createRequire(new URL("../e2e/page.test.mjs", import.meta.url))("playwright-core");
const { values } = parseArgs({ options: { slowdown: { type: "string", default: "4" }, runs: { type: "string", default: "5" } } });
const slowdown = Number(values.slowdown);

/** The site as a host with compression serves it: brotli, each file once. */
async function serveCompressed() {
  const site = await serveInFolder();
  const packed = new Map();
  const server = createServer(async (request, response) => {
    const target = new URL(request.url, site.url);
    if (!packed.has(target.pathname)) {
      const answer = await fetch(target);
      const bytes = Buffer.from(await answer.arrayBuffer());
      packed.set(target.pathname, { status: answer.status, type: answer.headers.get("content-type"), body: brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }) });
    }
    const { status, type, body } = packed.get(target.pathname);
    response.writeHead(status, { "content-type": type, "content-encoding": "br", "content-length": body.length }).end(body);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${server.address().port}/some/folder/`;
  return { url, packed, close: () => (server.closeAllConnections(), server.close(), site.close()) };
}

/** Runs in the page before anything else: notes long tasks, layout shifts and frames. */
function watch() {
  globalThis.seen = { tasks: [], shifts: [] };
  new PerformanceObserver((list) => globalThis.seen.tasks.push(...list.getEntries().map(({ startTime, duration }) => ({ startTime, duration })))).observe({ type: "longtask", buffered: true });
  new PerformanceObserver((list) => globalThis.seen.shifts.push(...list.getEntries().filter((entry) => !entry.hadRecentInput).map(({ value, sources }) => ({ value, of: sources.map(({ node }) => node?.id || node?.className || node?.nodeName) })))).observe({ type: "layout-shift", buffered: true });
}

/** The thread time of each task of the page's main thread, in milliseconds, from now until the answer is asked for. */
async function traced(browser) {
  const session = await browser.newBrowserCDPSession();
  const events = [];
  session.on("Tracing.dataCollected", ({ value }) => events.push(...value));
  await session.send("Tracing.start", { traceConfig: { includedCategories: ["toplevel", "devtools.timeline"] }, transferMode: "ReportEvents" });
  return async () => {
    const complete = new Promise((resolve) => session.once("Tracing.tracingComplete", resolve));
    await session.send("Tracing.end");
    await complete;
    await session.detach();
    // The page's main thread is the one that lays out most.
    const layouts = {};
    for (const { name, pid, tid } of events) if (name === "Layout") layouts[`${pid} ${tid}`] = (layouts[`${pid} ${tid}`] ?? 0) + 1;
    const [main] = Object.entries(layouts).sort(([, a], [, b]) => b - a)[0] ?? [];
    return events.filter(({ name, pid, tid }) => name.endsWith("RunTask") && `${pid} ${tid}` === main).map(({ tdur = 0 }) => tdur / 1000);
  };
}

async function measure(browser, site) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 } });
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  await page.addInitScript(watch);
  const session = await context.newCDPSession(page);
  await session.send("Emulation.setCPUThrottlingRate", { rate: slowdown });
  const loaded = [];
  page.on("response", (response) => loaded.push(new URL(response.url()).pathname));
  await page.goto(site.url);
  // The last thing that the page builds is a button that works.
  await page.getByRole("button", { name: "haiku" }).waitFor();
  const interactive = await page.evaluate(() => performance.now());
  const paint = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime);
  await page.waitForLoadState("networkidle");
  const beforeFirst = [...new Set(loaded)];
  await page.locator("#scenario").selectOption("long");
  const clicked = await page.evaluate(() => performance.now());
  await page.getByRole("button", { name: "haiku" }).click();
  await page.waitForFunction(() => document.querySelector(".answer .text")?.textContent.length > 0);
  const firstWord = await page.evaluate((from) => performance.now() - from, clicked);
  // From here on only tokens arrive. Tasks are weighed by what the thread computed, too: on a busy machine a task waits for a processor.
  const tasks = await traced(browser);
  const from = await page.evaluate(() => performance.now());
  await page.evaluate(() => (globalThis.seen.shifts.length = 0));
  await page.waitForFunction(() => document.querySelector(".answer")?.ariaBusy === "false");
  const computed = (await tasks()).filter((ms) => ms > 50);
  const streaming = await page.evaluate((start) => ({ ...globalThis.seen, ms: performance.now() - start, tasks: globalThis.seen.tasks.filter(({ startTime }) => startTime >= start) }), from);
  const loading = await page.evaluate((start) => globalThis.seen.tasks.filter(({ startTime }) => startTime < start), clicked);
  const facts = await page.locator(".answer .facts").textContent();
  await context.close();
  const bytes = (paths) => paths.reduce((sum, path) => sum + (site.packed.get(path)?.body.length ?? 0), 0);
  return { computed, paint, interactive, firstWord, loading, streaming, facts, files: beforeFirst.length, bytes: bytes(beforeFirst), all: bytes([...new Set(loaded)]), paths: [...new Set(loaded)] };
}

const site = await serveCompressed();
const browser = await chromium.launch({ executablePath: findBrowsers().chromium, args: chromiumFlags.filter((flag) => flag !== "--headless") });
try {
  // Compressing is not a matter of the visitor's time: one visit is not measured.
  await measure(browser, site);
  for (let run = 1; run <= Number(values.runs); run += 1) {
    const { computed, paint, interactive, firstWord, loading, streaming, facts, files, bytes, all, paths } = await measure(browser, site);
    const longest = (tasks) => (tasks.length === 0 ? "none" : `${tasks.length}, longest ${Math.round(Math.max(...tasks.map(({ duration }) => duration)))} ms`);
    console.log(`run ${run}: first paint ${Math.round(paint)} ms, first interaction ${Math.round(interactive)} ms, first word ${Math.round(firstWord)} ms after the click (250 of it the mock's)`);
    console.log(`  ${files} files, ${(bytes / 1024).toFixed(1)} KiB brotli before the first question, ${(all / 1024).toFixed(1)} KiB with it; long tasks while loading: ${longest(loading)}`);
    const shift = streaming.shifts.reduce((sum, { value }) => sum + value, 0);
    console.log(`  streaming ${(streaming.ms / 1000).toFixed(1)} s (${facts.match(/Speed([\d,]+\/s)/)?.[1]}): tasks over 50 ms: ${computed.length} by thread time, ${longest(streaming.tasks)} by the clock; layout shift ${shift.toFixed(4)} ${[...new Set(streaming.shifts.flatMap(({ of }) => of))].join(" ")}`);
    if (run === 1) for (const path of paths) console.log(`    ${path.padEnd(60)} ${site.packed.get(path)?.body.length}`);
  }
} finally {
  await browser.close();
  site.close();
}
