// What may happen to a page's database, in real browsers: deleted, upgraded, full, forbidden. No call fails for it, and nothing that
// was spent is lost while the page lives.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import puppeteer from "puppeteer-core";
import { chromiumFlags, findBrowsers } from "../../js/build/browsers.mjs";
import { serveProvider } from "./site.mjs";

/** Runs in a page: a client, and what it needs for one call. */
async function prepare() {
  const { createClient } = await import("/modelwire/entry/url.js");
  globalThis.make = () =>
    createClient({ providers: { mine: { kind: "openai-compatible", baseURL: `${location.origin}/v1` } }, catalog: { "mine/m": { price: { input: 1000, output: 1000 } } }, retry: false });
  globalThis.client = make();
  globalThis.ask = async (tags = {}) => (await client.chat({ model: "mine/m", messages: "Hi", tags })).text;
  /** What all clients see: in the database, or in memory while that is not to be had. */
  globalThis.requests = async () => (await client.costs.summary()).requests;
}

const found = findBrowsers();
const browsers = { chromium: { args: chromiumFlags }, firefox: { browser: "firefox" } };

for (const [name, options] of Object.entries(browsers)) {
  describe(`a page's database in ${name}`, { skip: found[name] ? false : `there is no ${name}` }, () => {
    let browser;
    before(async () => {
      browser = await puppeteer.launch({ executablePath: found[name], headless: true, ...options });
    });
    after(() => browser?.close());

    /** A site of its own, so that what one test does to its database is none of the others' business. */
    async function withPage(run) {
      const site = await serveProvider();
      const page = await browser.newPage();
      const warnings = [];
      page.on("console", (message) => ["warn", "warning"].includes(message.type()) && warnings.push(message.text()));
      try {
        await page.goto(site.origin);
        await run(page, { site, warnings });
      } finally {
        await page.close();
        await site.close();
      }
    }

    test("may be deleted under our hands: the next call makes it anew", () =>
      withPage(async (page) => {
        await page.evaluate(prepare);
        assert.equal(await page.evaluate(() => ask()), "Hi");
        assert.equal(await page.evaluate(() => requests()), 1);
        await page.evaluate(() => new Promise((resolve, reject) => Object.assign(indexedDB.deleteDatabase("modelwire"), { onsuccess: resolve, onerror: reject, onblocked: reject })));
        assert.equal(await page.evaluate(() => ask()), "Hi");
        assert.equal(await page.evaluate(() => requests()), 1, "what was deleted is gone, and the new is there");
      }));

    test("may be a newer version's, or be made one in another tab: the ledger goes on in memory, and says so once", () =>
      withPage(async (page, { site, warnings }) => {
        await page.evaluate(prepare);
        await page.evaluate(() => ask());
        assert.equal(await page.evaluate(() => requests()), 1);
        const other = await browser.newPage();
        await other.goto(site.origin);
        // Not held up by the tab that has it open.
        await other.evaluate(() => new Promise((resolve, reject) => {
          const request = indexedDB.open("modelwire", 7);
          request.onsuccess = () => resolve(request.result.close());
          request.onerror = request.onblocked = reject;
        }));
        await other.close();
        assert.equal(await page.evaluate(() => ask()), "Hi");
        assert.equal(await page.evaluate(() => ask()), "Hi");
        assert.equal(await page.evaluate(() => requests()), 2, "those since then");
        assert.equal(warnings.filter((text) => text.includes("ledger")).length, 1, warnings.join("\n"));
      }));

    test("may be forbidden, as in some private windows: the ledger is in memory", () =>
      withPage(async (page, { warnings }) => {
        await page.evaluate(() => {
          IDBFactory.prototype.open = () => {
            throw new DOMException("The operation is insecure.", "SecurityError");
          };
        });
        await page.evaluate(prepare);
        assert.equal(await page.evaluate(() => ask()), "Hi");
        assert.deepEqual(await page.evaluate(async () => [await requests(), client.costs.totalUsd]), [1, 0.002]);
        assert.match(warnings.join("\n"), /ledger.*insecure/);
      }));

    test("is there without a network, which an error says", { skip: name !== "chromium" && "only Chromium can be told to be offline" }, () =>
      withPage(async (page) => {
        await page.evaluate(prepare);
        await page.evaluate(() => ask());
        assert.equal(await page.evaluate(() => requests()), 1);
        await page.setOfflineMode(true);
        const error = await page.evaluate(() => ask().catch(({ code, message, retryable }) => ({ code, message, retryable })));
        assert.deepEqual([error.code, error.retryable], ["network", true]);
        assert.match(error.message, /the browser is offline/);
        assert.equal(await page.evaluate(() => requests()), 1);
        // A part of the package that was not loaded before is not there either.
        assert.equal(await page.evaluate(() => client.batch([]).results.catch(({ code }) => code)), "network");
        await page.setOfflineMode(false);
        assert.equal(await page.evaluate(() => ask()), "Hi");
      }));

    // Only Chromium lets a test say how much room there is.
    test("may be full: what does not fit is in memory, and kept when there is room again", { skip: name !== "chromium" }, () =>
      withPage(async (page, { site, warnings }) => {
        const devtools = await page.createCDPSession();
        await devtools.send("Storage.overrideQuotaForOrigin", { origin: site.origin, quotaSize: 20_000 });
        await page.evaluate(prepare);
        await page.evaluate(() => ask());
        assert.equal(await page.evaluate(() => requests()), 1);
        // A note that does not compress, larger than all the room that there is.
        await page.evaluate(() => {
          globalThis.note = Array.from({ length: 3000 }, () => crypto.randomUUID()).join("");
        });
        for (let count = 0; count < 3; count++) assert.equal(await page.evaluate(() => ask({ note })), "Hi");
        await page.evaluate(() => client.close());
        assert.equal(await page.evaluate(() => requests()), 4);
        assert.match(warnings.join("\n"), /ledger/);
        await devtools.send("Storage.overrideQuotaForOrigin", { origin: site.origin });
        await page.evaluate(() => (globalThis.client = make()));
        assert.equal(await page.evaluate(() => ask()), "Hi");
        await page.evaluate(() => client.close());
        await page.reload();
        await page.evaluate(prepare);
        assert.equal(await page.evaluate(() => requests()), 5, "all of them, after a reload");
      }));
  });
}
