// One limit, one budget and one ledger for all tabs of a site, in one real browser profile: what the server sees, and what becomes of every request.
//
// A minute lasts a second here: the client's clock runs sixty times as fast, which is all that is not as in life.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import puppeteer from "puppeteer-core";
import { chromiumFlags, findBrowsers } from "../../js/build/browsers.mjs";
import { serveProvider } from "./site.mjs";

const TABS = 5;
const REQUESTS = 100;
/** A minute of the limit's, in real milliseconds. */
const MINUTE_MS = 1000;
const LIMIT = { requestsPerMinute: 60, burst: 60 };
/**
 * How much later than another one a request may arrive of two that were let go at the same moment: two cores run five tabs. Were
 * the limit each tab's own, 300 would arrive at once, and no jitter would excuse them.
 */
const JITTER_MS = 1500;

/** Runs in a tab: sends so many requests at once; what became of each. */
async function sendAll({ count, limit, budget, prices, minuteMs, delayMs }) {
  const { createClient } = await import("/modelwire/entry/url.js");
  const speed = 60_000 / minuteMs;
  const clock = {
    now: () => Date.now() * speed,
    setTimeout: (callback, ms) => setTimeout(callback, ms / speed),
    clearTimeout: (timer) => clearTimeout(timer),
  };
  const client = createClient({
    providers: { mine: { kind: "openai-compatible", baseURL: `${location.origin}/v1`, headers: { "x-delay-ms": String(delayMs ?? 0) } } },
    ...(limit && { limits: { mine: { scope: "origin", ...limit } } }),
    ...(budget && { budget: { scope: "origin", ...budget } }),
    ...((budget || prices) && { catalog: { "mine/m": { price: { input: 1000, output: 1000 } } } }),
    retry: false,
    clock,
  });
  globalThis.client = client;
  globalThis.outcomes = { served: 0, refused: 0, other: [] };
  const one = async () => {
    try {
      const { text } = await client.chat({ model: "mine/m", messages: "Hi" });
      if (text === "Hi") outcomes.served++;
    } catch (error) {
      if (error.code === "budget" || error.code === "rate-limit" && error.status === null && error.retryAfterMs > 0) outcomes.refused++;
      else outcomes.other.push(`${error.code}: ${error.message}`);
    }
  };
  await Promise.all(Array.from({ length: count }, one));
  return outcomes;
}

/** Runs in a tab: whether so many pico-dollars are spent of the origin's budget for the month. */
function spentIs(pico) {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open("modelwire-limits");
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      const reading = opening.result.transaction("states").objectStore("states").get("budget:month");
      reading.onsuccess = () => {
        opening.result.close();
        resolve(JSON.parse(new TextDecoder().decode(reading.result.state)).spent === pico);
      };
    };
  });
}

/** The most requests that arrived in any window beyond what the limit lets go in it. */
function excess(arrivals) {
  let most = -Infinity;
  for (let first = 0; first < arrivals.length; first++) {
    for (let last = first; last < arrivals.length; last++) {
      const allowed = LIMIT.burst + (LIMIT.requestsPerMinute * (arrivals[last] - arrivals[first] + JITTER_MS)) / MINUTE_MS;
      most = Math.max(most, last - first + 1 - allowed);
    }
  }
  return most;
}

const found = findBrowsers();
const browsers = { chromium: { args: chromiumFlags }, firefox: { browser: "firefox" } };

for (const [name, options] of Object.entries(browsers)) {
  describe(`${TABS} tabs of one site in ${name}`, { skip: found[name] ? false : `there is no ${name}` }, () => {
    let browser;
    let site;
    before(async () => {
      browser = await puppeteer.launch({ executablePath: found[name], headless: true, ...options });
    });
    after(() => browser?.close());

    async function tabs(count) {
      site = await serveProvider();
      return Promise.all(Array.from({ length: count }, async () => {
        const page = await browser.newPage();
        await page.goto(site.origin);
        return page;
      }));
    }
    const leave = async (pages) => {
      await Promise.all(pages.map((page) => page.close()));
      await site.close();
    };

    test("the server never sees more than the limit allows, and every request is accounted for", async () => {
      const pages = await tabs(TABS);
      // Five minutes of patience: time for 60 + 5 × 60 of the 500.
      const settings = { count: REQUESTS, limit: { ...LIMIT, maxWaitMs: 5 * 60_000 }, minuteMs: MINUTE_MS };
      const outcomes = await Promise.all(pages.map((page) => page.evaluate(sendAll, settings)));
      const sum = (what) => outcomes.reduce((total, outcome) => total + outcome[what], 0);
      assert.deepEqual(outcomes.flatMap(({ other }) => other), []);
      assert.equal(sum("served") + sum("refused"), TABS * REQUESTS);
      assert.equal(site.arrivals.length, sum("served"));
      assert.ok(excess(site.arrivals) <= 0, `${excess(site.arrivals)} too many in a window`);
      // More than the burst: who waited was let in. How many more depends on how busy the machine is.
      assert.ok(sum("served") >= 2 * LIMIT.burst, `${sum("served")} were served`);
      assert.ok(sum("refused") > 0);
      await leave(pages);
    });

    test("a tab that is closed in the middle takes no capacity with it", async () => {
      const pages = await tabs(TABS);
      const settings = { count: REQUESTS, limit: LIMIT, minuteMs: MINUTE_MS };
      const running = pages.map((page) => page.evaluate(sendAll, settings));
      // The closed one's promise ends with its page.
      for (const one of running) one.catch(() => {});
      await pages[0].waitForFunction("globalThis.outcomes?.served >= 5", { timeout: 20_000, polling: 20 });
      await pages[0].close({ runBeforeUnload: false });
      const outcomes = await Promise.all(running.slice(1));
      assert.deepEqual(outcomes, Array(TABS - 1).fill({ served: REQUESTS, refused: 0, other: [] }));
      assert.ok(excess(site.arrivals) <= 0, `${excess(site.arrivals)} too many in a window`);
      // Far more than a busy machine needs, and less than if the closed tab still held something.
      const took = (site.arrivals.at(-1) - site.arrivals[0]) / MINUTE_MS;
      const needed = (site.arrivals.length - LIMIT.burst) / LIMIT.requestsPerMinute;
      assert.ok(took <= needed * 3 + 5, `${site.arrivals.length} requests took ${took} minutes; ${needed} are needed`);
      await leave(pages.slice(1));
    });

    test("they spend one budget together: nothing is lost and nothing counted twice", async () => {
      const pages = await tabs(3);
      const settings = { count: 20, budget: { usd: 50, per: "month" }, minuteMs: 60_000 };
      const outcomes = await Promise.all(pages.map((page) => page.evaluate(sendAll, settings)));
      assert.deepEqual(outcomes, Array(3).fill({ served: 20, refused: 0, other: [] }));
      // Each call reserved 0.257 dollars and cost 0.002. What was not used is given back when the answer is there already.
      await pages[0].waitForFunction(spentIs, { timeout: 20_000, polling: 50 }, 0.12e12);
      // The same budget, less of it: no tab has 0.257 dollars left.
      const less = { ...settings, count: 1, budget: { usd: 0.3, per: "month" } };
      for (const page of pages) assert.deepEqual(await page.evaluate(sendAll, less), { served: 0, refused: 1, other: [] });
      await leave(pages);
    });

    test("they keep one ledger: each sees what the others spend, and a reload loses nothing", async () => {
      const pages = await tabs(3);
      const settings = { count: 10, prices: true, minuteMs: 60_000 };
      await pages[0].evaluate(() => import("/modelwire/entry/url.js").then(({ createClient }) => createClient({ providers: {} }).costs.clear()));
      await Promise.all(pages.map((page) => page.evaluate(sendAll, settings)));
      const total = (page, usd) => page.waitForFunction((usd) => client.costs.totalUsd === usd, { timeout: 20_000, polling: 50 }, usd);
      for (const page of pages) await total(page, 0.06);
      await pages[0].evaluate(sendAll, { ...settings, count: 1 });
      // Told by the other tab: nobody here did anything.
      await total(pages[1], 0.062);
      await pages[2].reload();
      const { requests, totalUsd } = await pages[2].evaluate(async () => {
        const { createClient } = await import("/modelwire/entry/url.js");
        globalThis.client = createClient({ providers: {} });
        return client.costs.summary();
      });
      assert.deepEqual({ requests, totalUsd }, { requests: 31, totalUsd: 0.062 });
      await pages[2].evaluate(() => client.costs.clear());
      await total(pages[1], 0);
      await leave(pages);
    });

    test("no more run at once than may in all tabs together, and a closed tab gives its places back", async () => {
      const pages = await tabs(3);
      const settings = { count: 12, limit: { maxConcurrent: 4 }, minuteMs: MINUTE_MS, delayMs: 100 };
      const running = pages.map((page) => page.evaluate(sendAll, settings));
      for (const one of running) one.catch(() => {});
      await pages[0].waitForFunction("globalThis.outcomes?.served >= 1", { timeout: 20_000, polling: 20 });
      await pages[0].close();
      const outcomes = await Promise.all(running.slice(1));
      assert.deepEqual(outcomes, Array(2).fill({ served: 12, refused: 0, other: [] }));
      // A tab that closes frees its places before the server has noticed that its requests are gone.
      assert.ok(site.running.most <= 8, `${site.running.most} at once`);
      await leave(pages.slice(1));
    });
  });
}
