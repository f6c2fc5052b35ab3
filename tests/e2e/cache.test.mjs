// Answers that all tabs of a site share, in one real browser profile: what the server is asked, and what each tab shows and when.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import puppeteer from "puppeteer-core";
import { chromiumFlags, findBrowsers } from "../../js/build/browsers.mjs";
import { serveProvider } from "./site.mjs";

const chunk = (delta, finish = null) => `data: ${JSON.stringify({ id: "c1", model: "m", choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
const end = `${chunk({}, "stop")}data: ${JSON.stringify({ id: "c1", choices: [], usage: { prompt_tokens: 1, completion_tokens: 3, total_tokens: 4 } })}\n\ndata: [DONE]\n\n`;

/** Runs in a tab: asks, and keeps what it shows and how it ended in `seen`. */
async function ask(messages) {
  const { createClient } = await import("/modelwire/entry/url.js");
  globalThis.client ??= createClient({
    providers: { mine: { kind: "openai-compatible", baseURL: `${location.origin}/v1` } },
    cache: {},
    retry: false,
  });
  const seen = (globalThis.seen = { text: "", ended: null });
  client
    .stream({ model: "mine/m", messages })
    .forEach((text) => (seen.text += text))
    .then(
      ({ cached, text }) => (seen.ended = { cached, text }),
      ({ code, message }) => (seen.ended = { code, message }),
    );
}

const ended = (page) => page.waitForFunction("seen.ended", { timeout: 30_000, polling: 20 }).then((handle) => handle.jsonValue());
const shows = (page, text) => page.waitForFunction((text) => seen.text === text, { timeout: 30_000, polling: 20 }, text);

const found = findBrowsers();
const browsers = { chromium: { args: chromiumFlags }, firefox: { browser: "firefox" } };

for (const [name, options] of Object.entries(browsers)) {
  describe(`answers in ${name}`, { skip: found[name] ? false : `there is no ${name}` }, () => {
    let browser;
    /** What the server is doing: a response for each request, to be written by the test. */
    let responses;
    let site;
    let waiting;
    before(async () => {
      browser = await puppeteer.launch({ executablePath: found[name], headless: true, ...options });
      responses = [];
      waiting = [];
      site = await serveProvider((response) => {
        response.writeHead(200, { "content-type": "text/event-stream" });
        response.flushHeaders();
        responses.push(response);
        waiting.splice(0).forEach((resolve) => resolve());
      });
    });
    after(async () => {
      await browser?.close();
      await site?.close();
    });

    const requests = async (count) => {
      while (responses.length < count) await new Promise((resolve) => waiting.push(resolve));
      return responses.length;
    };
    const open = (count) =>
      Promise.all(
        Array.from({ length: count }, async () => {
          const page = await browser.newPage();
          await page.goto(site.origin);
          return page;
        }),
      );
    const leave = (pages) => Promise.all(pages.map((page) => page.close()));

    test("three tabs ask one thing: one request, and each shows it while it arrives", async () => {
      const before = responses.length;
      const pages = await open(3);
      await Promise.all(pages.map((page) => page.evaluate(ask, "What is shared?")));
      await requests(before + 1);
      responses[before].write(chunk({ content: "All" }));
      // The end is not written before all of them show the beginning.
      for (const page of pages) await shows(page, "All");
      responses[before].write(chunk({ content: " of it." }));
      responses[before].end(end);
      const answers = await Promise.all(pages.map(ended));
      assert.deepEqual(answers.map(({ text }) => text), Array(3).fill("All of it."));
      assert.deepEqual(answers.map(({ cached }) => cached).sort(), [false, true, true]);
      assert.equal(responses.length, before + 1);
      // What one of them kept, another reads after a reload.
      await pages[1].reload();
      await pages[1].evaluate(ask, "What is shared?");
      assert.deepEqual(await ended(pages[1]), { cached: true, text: "All of it." });
      assert.equal(responses.length, before + 1);
      await leave(pages);
    });

    test("a tab that is closed before its answer began is stood in for by another", async () => {
      const before = responses.length;
      const [first, second] = await open(2);
      await first.evaluate(ask, "Who asks?");
      await requests(before + 1);
      await second.evaluate(ask, "Who asks?");
      await second.waitForFunction(() => client && navigator.locks.query().then(({ pending }) => pending.some(({ name }) => name.startsWith("modelwire-cache:"))), { timeout: 30_000, polling: 20 });
      await first.close();
      await requests(before + 2);
      responses[before + 1].end(chunk({ content: "I do." }) + end);
      assert.deepEqual(await ended(second), { cached: false, text: "I do." });
      await leave([second]);
    });

    test("a tab that is closed in the middle fails those who have shown its beginning, and they can ask again", async () => {
      const before = responses.length;
      const [first, second] = await open(2);
      await first.evaluate(ask, "How does it end?");
      await requests(before + 1);
      await second.evaluate(ask, "How does it end?");
      responses[before].write(chunk({ content: "It" }));
      for (const page of [first, second]) await shows(page, "It");
      await first.close();
      assert.equal((await ended(second)).code, "network");
      await second.evaluate(ask, "How does it end?");
      await requests(before + 2);
      responses[before + 1].end(chunk({ content: "Well." }) + end);
      assert.deepEqual(await ended(second), { cached: false, text: "Well." });
      await leave([second]);
    });

    test("what was kept is there without a network, and the rest says that the browser is offline", { skip: name === "firefox" && "Firefox cannot be taken offline over BiDi" }, async () => {
      const before = responses.length;
      const [page] = await open(1);
      await page.evaluate(ask, "Is there a network?");
      await requests(before + 1);
      responses[before].end(chunk({ content: "Yes." }) + end);
      await ended(page);
      await page.setOfflineMode(true);
      await page.evaluate(ask, "Is there a network?");
      assert.deepEqual(await ended(page), { cached: true, text: "Yes." });
      await page.evaluate(ask, "And for this?");
      const { code, message } = await ended(page);
      assert.equal(code, "network");
      assert.match(message, /offline/);
      await page.setOfflineMode(false);
      await leave([page]);
    });
  });
}
