// The panels of the demo page, each used as a person would, in Chromium and Firefox: what they show is what the client did.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import axe from "axe-core";
import { createRequire } from "node:module";
import { join } from "node:path";
import puppeteer from "puppeteer-core";
import { chromiumFlags, findBrowsers } from "../../js/build/browsers.mjs";
import { root } from "../../js/build/run.mjs";
import { isAnswered, screenshotPath, serveInFolder } from "./site.mjs";

const { transform } = createRequire(join(root, "package.json"))("esbuild");
const found = findBrowsers();
const browsers = { chromium: { args: chromiumFlags }, firefox: { browser: "firefox" } };

/** Of a page in both browsers: what its elements say. */
const text = (page, selector) => page.$eval(selector, (node) => node.textContent);
const texts = (page, selector) => page.$$eval(selector, (nodes) => nodes.map((node) => node.textContent));
const click = (page, selector) => page.$eval(selector, (node) => node.click());
const named = (page, panel, name) => page.evaluate((panel, name) => [...document.querySelectorAll(`#panel-${panel} button`)].find((node) => node.textContent === name).click(), panel, name);
const answered = (page, count) => page.waitForFunction(isAnswered, {}, count);

async function open(page, panel, built) {
  await click(page, `nav a[href="#${panel}"]`);
  await page.waitForSelector(`#panel-${panel} ${built}`, { visible: true });
}

async function ask(page, question) {
  await page.type("#prompt", question);
  await page.keyboard.press("Enter");
}

async function type(page, selector, value) {
  await page.$eval(selector, (node, value) => {
    node.value = value;
    node.dispatchEvent(new Event("input", { bubbles: true }));
  }, value);
}

const panelTests = {
  async "what is written is counted and priced, and what is answered is metered"(page) {
    await page.type("#prompt", "Hello, world!");
    await page.waitForFunction(() => /^≈ \d+$/.test(document.querySelector("#meter-in").textContent));
    assert.match(await text(page, "#meter-cost"), /^≈ \$0\.\d+$/);
    await page.keyboard.press("Enter");
    await answered(page, 1);
    await page.waitForFunction(() => /^\d+\/s$/.test(document.querySelector("#meter-speed").textContent));
    assert.match(await text(page, "#meter-out"), /^\d+$/);
    assert.match(await text(page, "#meter-cost"), /^\$0\.\d+$/);
  },

  async "a budget stops an answer in the middle, and its bar says so"(page) {
    await page.select("#limit", "0.0002");
    await page.select("#scenario", "long");
    await ask(page, "Write");
    await page.waitForFunction(() => Number(document.querySelector("#budget-bar").getAttribute("aria-valuenow")) > 20);
    await answered(page, 1);
    assert.match(await text(page, ".answer .facts"), /^Finishedbudget/);
    assert.match(await text(page, "#budget"), /^\s*Stopped by the budget\$0\.0002\d? of \$0\.00020/);
    assert.doesNotMatch(await text(page, ".answer .text"), /12\. A token/);
    await ask(page, "More");
    await answered(page, 2);
    assert.match((await texts(page, ".answer"))[1], /budget: /, "nothing is left of it");
    await page.select("#limit", "0.01");
    assert.match(await text(page, "#budget"), /^\s*Budget\$0\.00 of/);
  },

  async "the same question again is answered from the cache, without a call"(page) {
    await click(page, "#cache");
    await ask(page, `Once ${Math.random()}`);
    await answered(page, 1);
    await click(page, ".again");
    await answered(page, 2);
    const [first, second] = await texts(page, ".answer .text");
    assert.equal(second, first);
    assert.match((await texts(page, ".facts"))[1], /Answerkept, no call.*\$0\.00First/);
    assert.equal(await page.$(".answer:last-child .wire"), null, "nothing was sent");
    await open(page, "costs", ".tiles dd");
    assert.match(await text(page, ".tiles"), /Cache hits1 of 2/);
  },

  async "an image that is dropped goes along, in the provider's own words"(page) {
    await page.evaluate(async () => {
      const canvas = Object.assign(document.createElement("canvas"), { width: 8, height: 8 });
      canvas.getContext("2d").fillRect(0, 0, 8, 8);
      const blob = await new Promise((resolve) => canvas.toBlob(resolve));
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File([blob], "black.png", { type: "image/png" }));
      document.querySelector("#turns").dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }));
    });
    await page.waitForFunction(() => document.querySelector("#images img")?.naturalWidth === 8);
    await ask(page, "What is this?");
    await answered(page, 1);
    assert.match(await text(page, ".answer .text"), /“image_url”/);
    assert.equal(await page.$eval(".question img", ({ alt }) => alt), "black.png");
    assert.match(await text(page, ".wire pre"), /data:image\/png;base64/);
    assert.match(await text(page, "#chat-code pre"), /type: "image"/);
  },

  async "a key goes to the vault, is there after a reload, and can be forgotten"(page) {
    await click(page, ".own summary");
    await page.type("#key", "sk-canary-of-the-page");
    await page.focus("#prompt");
    await page.waitForSelector("#kept", { visible: true });
    assert.equal(await page.$eval("#key", ({ value }) => value), "");
    assert.equal(await text(page, "#source"), "api.openai.com answers. The key goes there only.");
    await page.reload();
    await page.waitForFunction(() => document.querySelector("#source").textContent.startsWith("api.openai.com"));
    assert.doesNotMatch(await page.evaluate(() => JSON.stringify([document.documentElement.outerHTML, { ...localStorage }, { ...sessionStorage }])), /canary-of/);
    await click(page, ".own summary");
    await click(page, "#forget");
    await page.waitForFunction(() => document.querySelector("#source").textContent === "The mock in this page answers.");
  },

  async "a key that is typed before the vault is open goes there too"(page) {
    await page.evaluateOnNewDocument(() => {
      const { generateKey } = SubtleCrypto.prototype;
      const opened = new Promise((resolve) => (globalThis.open = resolve));
      SubtleCrypto.prototype.generateKey = async function (...options) {
        await opened;
        return generateKey.apply(this, options);
      };
      indexedDB.deleteDatabase("modelwire-vault-modelwire-page");
    });
    await page.reload();
    await page.waitForSelector("#examples button");
    await click(page, ".own summary");
    await page.type("#key", "sk-canary-of-the-page");
    await page.focus("#prompt");
    await page.waitForFunction(() => document.querySelector("#source").textContent.startsWith("api.openai.com"));
    assert.equal(await page.$eval("#kept", ({ hidden }) => hidden), true);
    await page.evaluate(() => globalThis.open());
    await page.waitForSelector("#kept", { visible: true });
    assert.equal(await page.$eval("#key", ({ value }) => value), "");
  },

  async "models are compared: each lane has its time, speed and cost, and the best are marked"(page) {
    await open(page, "compare", ".compare-form > button");
    await named(page, "compare", "Compare");
    await page.waitForFunction(() => document.querySelectorAll(".lane .state").length === 4 && [...document.querySelectorAll(".lane .state")].every((node) => node.textContent === "done"));
    for (const lane of await texts(page, ".lane dl")) assert.match(lane, /^First token\d+\.\d\d sSpeed[\d,]+\/sOutput\d+Cost(about )?\$0\.\d+$/);
    assert.deepEqual(await texts(page, ".race h3"), ["Time to first token", "Tokens a second", "Cost"]);
    assert.equal((await page.$$(".best")).length >= 3, true);
    assert.match(await text(page, "#spoken"), /^Compared: gpt-6-luna: first token/);
    await page.$$eval("#panel-compare [type=checkbox]", (boxes) => boxes.slice(1).forEach((box) => box.checked && box.click()));
    assert.equal(await page.$eval(".compare-form > button", ({ disabled }) => disabled), true, "one model is no comparison");
  },

  async "a comparison can be stopped"(page) {
    await open(page, "compare", ".compare-form > button");
    await named(page, "compare", "Compare");
    await page.waitForFunction(() => [...document.querySelectorAll(".lane .state")].some((node) => node.textContent === "streaming"));
    await named(page, "compare", "Stop");
    await page.waitForFunction(() => [...document.querySelectorAll(".lane .state")].some((node) => node.textContent === "aborted"));
    await page.waitForFunction(() => document.querySelector(".compare-form > button").textContent === "Compare");
  },

  async "spending is a chart and a table, by model and day"(page) {
    await open(page, "costs", ".tiles dd");
    assert.equal((await page.$$(".chart rect")).length, 0);
    await named(page, "costs", "Add two weeks of examples");
    await page.waitForFunction(() => document.querySelectorAll(".chart rect").length === 56);
    assert.equal((await page.$$("#panel-costs tbody tr")).length, 14);
    assert.match(await text(page, ".tiles"), /Spent in two weeks\$\d\.\d\dCalls56/);
    assert.match(await page.$eval(".chart", (node) => node.getAttribute("aria-label")), /^Spending of the last 14 days, \$/);
    await page.evaluate(() => [...document.querySelectorAll("#panel-costs [type=radio]")].at(-1).click());
    await page.waitForFunction(() => /Calls0/.test(document.querySelector(".tiles").textContent));
    await page.evaluate(() => document.querySelector("#panel-costs [type=radio]").click());
    await page.waitForFunction(() => document.querySelectorAll(".chart rect").length === 56);
    await named(page, "costs", "Forget all");
    await page.waitForFunction(() => document.querySelectorAll(".chart rect").length === 0);
  },

  async "a prompt is filled in, kept, and used in the chat"(page) {
    await open(page, "prompts", "#prompt-source");
    assert.deepEqual(await texts(page, "#prompt-choice option"), ["simpleQuestion", "fewShot", "stepByStep"]);
    await type(page, "#prompt-source", 'Say {"word": "{word}"} to {name}.');
    await type(page, "#value-word", "hello");
    await type(page, "#value-name", "{word}");
    assert.equal(await text(page, ".preview"), 'Say {"word": "hello"} to {word}.', "a value is no template");
    await type(page, "#prompt-name", "greeting");
    await named(page, "prompts", "Keep");
    assert.deepEqual(await texts(page, "#prompt-choice option"), ["simpleQuestion", "fewShot", "stepByStep", "greeting"]);
    await named(page, "prompts", "Use in chat");
    assert.equal(await page.$eval("#prompt", (node) => node === document.activeElement && node.value), 'Say {"word": "hello"} to {word}.');
    await page.reload();
    await open(page, "prompts", "#prompt-source");
    await page.waitForFunction(() => document.querySelectorAll("#prompt-choice option").length === 4);
  },

  async "the code of each panel is code"(page) {
    const shown = [await text(page, "#chat-code pre")];
    await page.select("#scenario", "tool");
    await page.select("#limit", "1");
    await ask(page, "What time is it?");
    await answered(page, 2);
    shown.push(await text(page, "#chat-code pre"));
    for (const [panel, built] of [["compare", "form"], ["faults", "form"], ["costs", ".tiles dd"], ["prompts", "#prompt-source"]]) {
      await open(page, panel, built);
      shown.push(await text(page, `#panel-${panel} .code pre`));
    }
    for (let at = 0; at < 6; at += 1) {
      await page.evaluate((at) => document.querySelectorAll("#panel-faults [type=radio]")[at].click(), at);
      shown.push(await text(page, "#panel-faults .code pre"));
    }
    for (const code of shown) {
      assert.match(code, /from "modelwire";/);
      await transform(code, { format: "esm" });
    }
  },
};

// What the client tells of each fault, in order; between two of these there may be more.
const told = {
  "Rate limit (429)": [/^request.*api\.openai\.com/, /^retryrate-limit \(429\)/, /^wait1\.5 s/, /^request.*api\.openai\.com/, /^endstop, 2 attempts/],
  "Outage (503)": [/^retryoverloaded \(503\)/, /^fallbackoverloaded \(503\): now anthropic/, /^request.*api\.anthropic\.com/, /^endstop, 3 attempts/],
  "Stream cut in the middle": [/^fallbacktruncated/, /^continueopenai\/gpt-6-luna broke off after \d+ letters/, /^endstop, 2 attempts/],
  "Slow tokens, then silence": [/^fallbacktimeout/, /^continueopenai/, /^endstop, 2 attempts/],
  "No network to one host": [/^fallbacknetwork: now anthropic/, /^fallbacknetwork: now cohere/, /^endstop, 3 attempts/],
  "Too many calls at once": [/^limitopenai: \d waiting/, /^end6 answers, none refused/],
};
for (const [fault, events] of Object.entries(told)) {
  panelTests[`the fault “${fault}” is overcome, and the timeline tells how`] = async (page) => {
    await open(page, "faults", "form");
    await page.evaluate((fault) => [...document.querySelectorAll("#panel-faults label")].find((node) => node.textContent === fault).click(), fault);
    await named(page, "faults", "Run");
    await page.waitForFunction(() => document.querySelector("#panel-faults .side > button").textContent === "Run again");
    const lines = (await texts(page, ".events li")).map((line) => line.replace(/^\d+\.\d\d s/, ""));
    let at = 0;
    for (const event of events) {
      while (at < lines.length && !event.test(lines[at])) at += 1;
      assert.ok(at < lines.length, `${event} is not told in its place: ${lines.join(" | ")}`);
      at += 1;
    }
    const attempts = lines.find((line) => line.startsWith("attempts"))?.split(";").length ?? 6;
    assert.equal((await page.$$(".timeline-rows li")).length, attempts, "one row a request");
    const whole = "When something breaks, the answer should not.";
    if (fault !== "Too many calls at once") {
      const answer = await page.$eval(".fault-text", (node) => [...node.querySelectorAll(".paragraph")].map((part) => part.textContent).join(""));
      assert.ok(answer.startsWith(whole) && answer.endsWith("the list of all attempts."), answer);
      assert.equal(answer.split("the timeline above").length, 2, "nothing is said twice, nothing is missing");
    }
  };
}

for (const [name, options] of Object.entries(browsers)) {
  // One page at a time in Firefox: in a tab behind another, its animation frames come ever more rarely, and a wait for one never ends.
  describe(`the panels in ${name}`, { skip: found[name] ? false : `there is no ${name}`, concurrency: name === "firefox" ? 1 : 2 }, () => {
    let browser;
    before(async () => {
      browser = await puppeteer.launch({ executablePath: found[name], headless: true, ...options });
    });
    after(() => browser?.close());

    for (const [sentence, run] of Object.entries(panelTests)) {
      test(sentence, async () => {
        // A site of its own: what it keeps is by site, and others would see it.
        const site = await serveInFolder();
        const page = await browser.newPage();
        page.setDefaultTimeout(30_000);
        await page.setViewport({ width: 1280, height: 860 });
        const complaints = [];
        page.on("console", (message) => ["error", "warn"].includes(message.type()) && complaints.push(message.text()));
        page.on("pageerror", (error) => complaints.push(error.message));
        await page.evaluateOnNewDocument(() => {
          globalThis.violations = [];
          addEventListener("securitypolicyviolation", (event) => globalThis.violations.push(`${event.violatedDirective}: ${event.blockedURI}`));
        });
        try {
          await page.goto(site.url);
          await page.waitForSelector("#examples button");
          await run(page);
          assert.deepEqual(await page.evaluate(() => globalThis.violations), []);
          assert.deepEqual(complaints, []);
        } finally {
          await page.close();
          await site.close();
        }
      });
    }
  });
}

const screens = { wide: { width: 1280, height: 860 }, phone: { width: 390, height: 844, deviceScaleFactor: 2, hasTouch: true, isMobile: true } };
describe("the panels can be read by everybody", { skip: found.chromium ? false : "there is no chromium", concurrency: 2 }, () => {
  let browser;
  let site;
  before(async () => {
    site = await serveInFolder();
    browser = await puppeteer.launch({ executablePath: found.chromium, headless: true, args: chromiumFlags });
  });
  after(async () => {
    await browser?.close();
    await site?.close();
  });

  for (const [screen, viewport] of Object.entries(screens)) {
    for (const scheme of ["light", "dark"]) {
      test(`on a ${screen} screen, ${scheme}`, async () => {
        const context = await browser.createBrowserContext();
        const page = await context.newPage();
        page.setDefaultTimeout(30_000);
        await page.setBypassCSP(true); // for axe, which comes in as a script of the test's
        await page.setViewport(viewport);
        await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
        await page.goto(site.url);
        const look = async (name) => {
          const path = screenshotPath(`${screen}-${scheme}-${name}`);
          if (path) await page.screenshot({ path, fullPage: name !== "chat" });
          assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth), 0, `${name} is wider than its window`);
          await page.evaluate(axe.source);
          const { violations } = await page.evaluate(() => globalThis.axe.run());
          const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
          assert.deepEqual(serious.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]), [], name);
        };
        await page.select("#limit", "0.0002");
        await page.select("#scenario", "long");
        await ask(page, "Explain streaming to me.");
        await answered(page, 1);
        await look("chat");
        await open(page, "compare", "form");
        await named(page, "compare", "Compare");
        await page.waitForFunction(() => document.querySelectorAll(".best").length >= 3);
        await look("compare");
        await open(page, "faults", "form");
        await page.evaluate(() => document.querySelectorAll("#panel-faults [type=radio]")[1].click());
        await named(page, "faults", "Run");
        await page.waitForFunction(() => document.querySelector("#panel-faults .side > button").textContent === "Run again");
        await look("faults");
        await open(page, "costs", ".tiles dd");
        await named(page, "costs", "Add two weeks of examples");
        await page.waitForFunction(() => document.querySelectorAll(".chart rect").length >= 56);
        await click(page, ".table-box summary");
        await look("costs");
        await open(page, "prompts", "#prompt-source");
        await look("prompts");
        await context.close();
      });
    }
  }
});
