// The demo page in Firefox: another engine's streams, modules and content security policy.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import puppeteer from "puppeteer-core";
import { explain, findBrowsers } from "../../js/build/browsers.mjs";
import { isAnswered, serveInFolder, watchAnswers } from "./site.mjs";

const { firefox } = findBrowsers();
const options = { skip: firefox ? false : explain("firefox") };
let site;
let browser;

before(async () => {
  if (!firefox) return;
  site = await serveInFolder();
  browser = await puppeteer.launch({ browser: "firefox", executablePath: firefox, headless: true });
});
after(async () => {
  await browser?.close();
  await site?.close();
});

async function openPage() {
  const page = await browser.newPage();
  page.setDefaultTimeout(20_000);
  const complaints = [];
  page.on("console", (message) => ["error", "warn"].includes(message.type()) && complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(error.message));
  await page.evaluateOnNewDocument(() => {
    globalThis.violations = [];
    addEventListener("securitypolicyviolation", (event) => globalThis.violations.push(`${event.violatedDirective}: ${event.blockedURI}`));
  });
  await page.goto(site.url);
  await page.waitForSelector("#examples button");
  await page.evaluate(watchAnswers);
  return { page, complaints };
}

async function ask(page, text) {
  await page.type("#prompt", text);
  await page.keyboard.press("Enter");
}

test("in Firefox the page streams an answer from each provider, without a complaint", options, async () => {
  const { page, complaints } = await openPage();
  const radios = await page.$$("[name=provider]");
  assert.equal(radios.length, 5);
  for (const [at, radio] of radios.entries()) {
    await radio.evaluate((node) => node.click());
    await page.evaluate(() => (globalThis.states.length = 0));
    await ask(page, `Question ${at + 1}`);
    await page.waitForFunction(isAnswered, {}, at + 1);
    const states = (await page.evaluate(() => globalThis.states)).filter(Boolean);
    assert.ok(states.length > 5, `${states.length} states`);
    assert.match(states.at(-1), new RegExp(`^You wrote: “Question ${at + 1}”`));
  }
  assert.deepEqual(await page.evaluate(() => [...document.querySelectorAll(".answer dd:first-of-type")].map((node) => node.textContent).filter((text) => text === "stop").length), 5);
  assert.deepEqual(await page.evaluate(() => globalThis.violations), []);
  assert.deepEqual(complaints, []);
  await page.close();
});

test("in Firefox Stop keeps what had arrived and says aborted", options, async () => {
  const { page, complaints } = await openPage();
  await page.select("#scenario", "slow");
  await ask(page, "Tell me a lot");
  await page.waitForFunction(() => globalThis.states.at(-1)?.length > 20);
  await page.click("#stop");
  await page.waitForFunction(isAnswered, {}, 1);
  const text = await page.$eval(".answer", (node) => node.textContent);
  assert.match(text, /Of course\. A stream.*aborted/s);
  assert.deepEqual(complaints, []);
  await page.close();
});
