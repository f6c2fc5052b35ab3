// The app of every bundler's test, and what a real browser has to see of it.
import assert from "node:assert/strict";
import { chromium } from "playwright-core";
import { chromiumFlags, findBrowsers } from "../../js/build/browsers.mjs";
import { halves } from "./provider.mjs";

/** The page; `head` is put before its module. */
export const html = (script, head = "") => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>modelwire</title>
<link rel="icon" href="data:,">
${head}
<output></output>
<script type="module" src="${script}"></script>
</html>
`;

/** Its module, importing the package by this name. */
export const main = (specifier = "modelwire") => `import { createClient, loadTokenizer } from "${specifier}";

globalThis.countTokens = (model, text) => loadTokenizer(model).then((tokenizer) => tokenizer.count(text));

const baseURL = new URLSearchParams(location.search).get("provider");
const client = createClient({ providers: { loopback: { kind: "openai-compatible", baseURL } } });
globalThis.isKnown = (model) => client.model(model).then((info) => info !== null);
client.stream({ model: "loopback/tiny", messages: "Greet me." }).display(document.querySelector("output")).then(
  ({ finishReason, usage }) => { document.body.dataset.result = finishReason + ", " + usage.totalTokens + " tokens"; },
  (error) => { document.body.dataset.result = error.name + " " + error.code + ": " + error.message; },
);
`;

/** Starts Chromium. */
export const launch = () => chromium.launch({ executablePath: findBrowsers().chromium, args: chromiumFlags });

/**
 * Opens an app, and fails unless its answer streams into the page, by way of as many .wasm files as it should load (the rest of the
 * module is another, once it is needed); and, with `counts`, unless it can count tokens.
 */
export async function assertStreamsIntoPage(browser, url, provider, { wasmFiles = 1, counts = false } = {}) {
  const page = await browser.newPage();
  const problems = [];
  const wasm = [];
  page.on("pageerror", (error) => problems.push(error.stack));
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && problems.push(message.text()));
  page.on("requestfailed", (request) => {
    // After its terminator nothing of an answer is waited for: to the browser that is a request that was given up.
    if (!request.url().startsWith(provider.url)) problems.push(`${request.url()}: ${request.failure()?.errorText}`);
  });
  page.on("response", (response) => {
    if (new URL(response.url()).pathname.endsWith(".wasm")) wasm.push(response.headers()["content-type"]);
  });
  try {
    await page.goto(`${url}?provider=${encodeURIComponent(provider.url)}`);
    await shows(page, halves[0], problems);
    provider.proceed();
    await shows(page, halves.join(""), problems);
    await page.waitForFunction(() => document.body.dataset.result);
    assert.equal(await page.evaluate(() => document.body.dataset.result), "stop, 7 tokens");
    assert.deepEqual(wasm, Array(wasmFiles).fill("application/wasm"));
    assert.equal(await page.evaluate(() => globalThis.isKnown("loopback/tiny")), false);
    assert.deepEqual(wasm, Array(2 * wasmFiles).fill("application/wasm"));
    for (const model of counts ? ["gpt-5", "gpt-4", "text-davinci-003"] : []) {
      assert.equal(await page.evaluate((model) => globalThis.countTokens(model, "Hello, world!"), model), 4, model);
    }
    assert.deepEqual(problems, []);
  } finally {
    await page.close();
  }
}

async function shows(page, text, problems) {
  const seen = page.waitForFunction((text) => document.querySelector("output")?.textContent === text, text, { timeout: 15_000 });
  // An app that has failed need not be waited for.
  const failed = page.waitForFunction(() => document.body?.dataset.result?.startsWith("LlmError"), undefined, { timeout: 0 })
    .then(() => page.evaluate(() => document.body.dataset.result))
    .then((result) => assert.fail(result));
  failed.catch(() => {});
  await Promise.race([seen, failed]).catch(async (error) => {
    const html = await page.content().catch(() => "");
    throw new Error(`the page does not show “${text}”: ${error.message}\n${problems.join("\n")}\n${html.slice(0, 1000)}`);
  });
}
