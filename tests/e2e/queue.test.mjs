// A durable queue in real browsers, in a profile that outlives them: the browser is killed (Chromium) or the page reloaded (Firefox) in the
// middle of it, with one tab and with two, and every job has its one result.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import puppeteer from "puppeteer-core";
import { chromiumFlags, findBrowsers } from "../../js/build/browsers.mjs";
import { serveProvider } from "./site.mjs";

const JOBS = 200;
const WORKERS = 4;
/** When it is interrupted: after so many answers. */
const INTERRUPTIONS = [40, 90, 150];

/** Runs in a page: opens the queue, which goes on by itself; tells the site of each result. */
async function openQueue({ workers, delayMs, options }) {
  const { createClient } = await import("/modelwire/entry/url.js");
  globalThis.client = createClient({
    providers: { mine: { kind: "openai-compatible", baseURL: `${location.origin}/v1`, headers: { "x-delay-ms": String(delayMs) } } },
    retry: false,
  });
  globalThis.heard = { states: {}, results: [], errors: [] };
  globalThis.queue = client.queue({ durable: true, workers, ...options });
  queue.on("state", ({ id, state, response }) => (heard.states[id] = [state, response?.text]));
  queue.on("result", ({ id }) => (heard.results.push(id), fetch("/told", { method: "POST", body: id, keepalive: true })));
  queue.on("error", ({ id, error }) => heard.errors.push(`${id}: ${error.code} ${error.message}`));
}

/** Runs in a page: puts jobs in line. */
const enqueue = async ({ from, to }) => {
  await Promise.all(Array.from({ length: to - from }, (_, at) => queue.enqueue({ model: "mine/m", messages: `job ${from + at}` }, { id: `${from + at}` })));
};

/** Runs in a page: waits for all, and says what is kept. */
const outcome = async () => {
  await queue.drain();
  const jobs = await queue.list();
  return { jobs: jobs.map(({ id, state, attempts, response, error }) => [id, state, attempts, response?.text ?? null, error?.message ?? null]), errors: heard.errors };
};

/** What must be true in the end, however often it was interrupted. */
function check(site, { jobs, errors }, interruptions) {
  assert.deepEqual(errors, []);
  const all = Array.from({ length: JOBS }, (_, at) => `${at}`);
  assert.deepEqual(jobs.map(([id]) => id).sort(), all.sort(), "none is lost, and none is there twice");
  for (const [id, state, attempts, text, error] of jobs) assert.deepEqual([state, text, error], ["done", `job ${id}`, null], `job ${id} after ${attempts} attempts`);
  // Nothing was asked for again but what was under way when it was interrupted.
  const again = jobs.reduce((sum, [, , attempts]) => sum + attempts - 1, 0);
  assert.ok(again <= interruptions * WORKERS, `${again} further attempts`);
  assert.ok(site.arrivals.length >= JOBS && site.arrivals.length <= JOBS + interruptions * WORKERS, `${site.arrivals.length} requests`);
  // Told once at most; what was told in the very moment of a kill the site may not have heard.
  assert.equal(new Set(site.told).size, site.told.length, "told twice");
  assert.ok(JOBS - site.told.length <= interruptions * WORKERS, `told ${site.told.length}`);
  assert.ok(again > 0, "something was interrupted");
}

const found = findBrowsers();

describe("a durable queue in chromium", { skip: found.chromium ? false : "there is no chromium" }, () => {
  for (const tabs of [1, 2]) {
    test(`survives three kills of the browser, with ${tabs === 1 ? "one tab" : "two tabs"}: ${JOBS} results, none twice, none lost`, async (t) => {
      const profile = await mkdtemp(join(tmpdir(), "modelwire-queue-"));
      const site = await serveProvider();
      const start = async () => {
        const browser = await puppeteer.launch({ executablePath: found.chromium, headless: true, args: chromiumFlags, userDataDir: profile });
        const pages = [];
        for (let tab = 0; tab < tabs; tab++) {
          const page = await browser.newPage();
          await page.goto(site.origin);
          await page.evaluate(openQueue, { workers: WORKERS, delayMs: 15 });
          pages.push(page);
        }
        return { browser, pages };
      };
      let life = await start();
      // From each tab its part.
      await Promise.all(life.pages.map((page, tab) => page.evaluate(enqueue, { from: (tab * JOBS) / tabs, to: ((tab + 1) * JOBS) / tabs })));
      for (const answers of INTERRUPTIONS) {
        await site.until(() => site.answered.length >= answers);
        const gone = new Promise((resolve) => life.browser.process().once("exit", resolve));
        life.browser.process().kill("SIGKILL");
        await gone;
        assert.ok(site.told.length < JOBS, "it was in the middle");
        life = await start();
      }
      const outcomes = await Promise.all(life.pages.map((page) => page.evaluate(outcome)));
      await site.until(() => site.running.now === 0);
      await life.browser.close();
      for (const one of outcomes) check(site, one, INTERRUPTIONS.length);
      t.diagnostic(`${site.arrivals.length} requests, told of ${site.told.length}`);
      await site.close();
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    });
  }
});

const browsers = { chromium: { args: chromiumFlags }, firefox: { browser: "firefox" } };

for (const [name, options] of Object.entries(browsers)) {
  describe(`a durable queue in tabs of ${name}`, { skip: found[name] ? false : `there is no ${name}` }, () => {
    let browser;
    before(async () => {
      browser = await puppeteer.launch({ executablePath: found[name], headless: true, ...options });
    });
    after(() => browser?.close());

    /** Tabs of a site of its own, with the queue open in each. */
    async function withTabs(count, settings, run) {
      const site = await serveProvider();
      const open = async (more) => {
        const page = await browser.newPage();
        await page.goto(site.origin);
        await page.evaluate(openQueue, { workers: WORKERS, ...settings, ...more });
        return page;
      };
      const pages = [];
      for (let tab = 0; tab < count; tab++) pages.push(await open());
      try {
        await run(pages, site, open);
      } finally {
        for (const page of await browser.pages()) if (page.url().startsWith(site.origin)) await page.close();
        await site.close();
      }
    }

    for (const tabs of [1, 2]) {
      test(`survives three reloads, with ${tabs === 1 ? "one tab" : "two tabs"}`, (t) =>
        withTabs(tabs, { delayMs: 15 }, async (pages, site) => {
          await Promise.all(pages.map((page, tab) => page.evaluate(enqueue, { from: (tab * JOBS) / tabs, to: ((tab + 1) * JOBS) / tabs })));
          for (const answers of INTERRUPTIONS) {
            await site.until(() => site.answered.length >= answers);
            await Promise.all(pages.map((page) => page.reload()));
            await Promise.all(pages.map((page) => page.evaluate(openQueue, { workers: WORKERS, delayMs: 15 })));
          }
          for (const one of await Promise.all(pages.map((page) => page.evaluate(outcome)))) check(site, one, INTERRUPTIONS.length * tabs);
          t.diagnostic(`${site.arrivals.length} requests, told of ${site.told.length}`);
        }));
    }

    test("goes on in another tab when the one that leads is closed, and that one hears of what follows", () =>
      withTabs(2, { delayMs: 30, workers: 2 }, async ([first, second], site) => {
        await second.evaluate(enqueue, { from: 0, to: 20 });
        await site.until(() => site.answered.length >= 5);
        // Nothing was told in this one: the other leads. It has seen what happens all the same.
        await second.waitForFunction(() => heard.results.length === 0 && Object.values(heard.states).some(([state, text]) => state === "done" && text.startsWith("job")), { polling: 20 });
        await first.close();
        const { jobs } = await second.evaluate(outcome);
        assert.deepEqual(jobs.map(([id, state, , text]) => [id, state, text]), Array.from({ length: 20 }, (_, at) => [`${at}`, "done", `job ${at}`]));
        assert.ok(site.running.most <= 4, `${site.running.most} at once`);
        assert.ok((await second.evaluate(() => heard.results.length)) > 0);
        assert.equal(new Set(site.told).size, site.told.length);
      }));

    test("is seen by a tab that starts nothing, whose jobs run elsewhere and can be cancelled from there", () =>
      withTabs(1, { delayMs: 0, workers: 1 }, async ([, ...none], site, open) => {
        assert.deepEqual(none, []);
        const watching = await open({ options: { autoStart: false } });
        await watching.evaluate(enqueue, { from: 0, to: 5 });
        await watching.waitForFunction(() => Object.values(heard.states).filter(([state]) => state === "done").length === 5, { polling: 20 });
        assert.deepEqual(await watching.evaluate(() => heard.results), []);
        assert.equal(site.arrivals.length, 5);
      }));

    test("says that its database cannot be had", () =>
      withTabs(0, {}, async (_, site) => {
        const page = await browser.newPage();
        await page.goto(site.origin);
        await page.evaluate(() => {
          IDBFactory.prototype.open = () => {
            throw new DOMException("The operation is insecure.", "SecurityError");
          };
        });
        await page.evaluate(openQueue, { workers: 1, delayMs: 0 });
        const error = await page.evaluate(() => queue.enqueue({ model: "mine/m", messages: "x" }).catch(({ code, message }) => ({ code, message })));
        assert.equal(error.code, "storage");
        assert.match(error.message, /insecure/);
      }));

    test("waits while the browser is offline", { skip: name !== "chromium" && "only Chromium can be told to be offline" }, () =>
      withTabs(1, { delayMs: 100, workers: 1 }, async ([page], site) => {
        await page.evaluate(enqueue, { from: 0, to: 3 });
        await site.until(() => site.arrivals.length === 1);
        await page.setOfflineMode(true);
        // Either its answer was on its way already, or it broke off and waits again.
        await page.waitForFunction(async () => (await queue.list("running")).length === 0, { polling: 50 });
        const [before, arrived] = [await page.evaluate(async () => (await queue.list()).map(({ state }) => state)), site.arrivals.length];
        assert.ok(before.every((state) => state === "waiting" || state === "done") && before.at(-1) === "waiting", before.join());
        await page.setOfflineMode(false);
        const { jobs, errors } = await page.evaluate(outcome);
        assert.deepEqual([jobs.map(([, state]) => state), errors], [["done", "done", "done"], []]);
        assert.ok(site.arrivals.length > arrived);
      }));
  });
}
