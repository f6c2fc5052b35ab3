// The demo page in Chromium, used as a person uses it: by what is written on it, and by keyboard.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import axe from "axe-core";
import { chromium } from "playwright-core";
import { chromiumFlags, findBrowsers } from "../../js/build/browsers.mjs";
import { isAnswered, screenshotPath, serveInFolder, watchAnswers } from "./site.mjs";

let site;
let browser;

before(async () => {
  site = await serveInFolder();
  // Playwright says --headless itself, in the way that the browser's version wants.
  browser = await chromium.launch({ executablePath: findBrowsers().chromium, args: chromiumFlags.filter((flag) => flag !== "--headless") });
});
after(async () => {
  await browser?.close();
  await site?.close();
});

const pageTests = [];

/** A test with a page of its own, which must end without a complaint of the browser. */
function pageTest(name, run, options = {}) {
  pageTests.push([name, async () => {
    const context = await browser.newContext(options);
    const complaints = [];
    const requests = [];
    context.on("console", (message) => ["error", "warning"].includes(message.type()) && complaints.push(message.text()));
    context.on("weberror", (error) => complaints.push(String(error.error())));
    context.on("request", (request) => requests.push(request.url()));
    const page = await context.newPage();
    page.setDefaultTimeout(10_000);
    try {
      await page.goto(site.url);
      await page.getByRole("button", { name: "haiku" }).waitFor();
      await run(page, { context, complaints, requests });
      assert.deepEqual(complaints, []);
    } finally {
      await context.close();
    }
  }]);
}

const provider = (page, name) => page.getByRole("radio", { name, exact: true });
const message = (page) => page.getByRole("textbox", { name: "Your message" });
const sendButton = (page) => page.getByRole("button", { name: "Send" });
const stopButton = (page) => page.getByRole("button", { name: "Stop" });
const lastAnswer = (page) => page.locator(".answer").last();
const choose = (page, name) => provider(page, name).check({ force: true });
const shouldMock = (page, what) => page.getByRole("combobox", { name: "The mock should" }).selectOption(what);

async function ask(page, text, { answers = 1, wait = true } = {}) {
  const before = await page.locator(".answer").count();
  await message(page).fill(text);
  await message(page).press("Enter");
  if (wait) await page.waitForFunction(isAnswered, before + answers);
}

async function factsOf(answer) {
  const names = await answer.locator("dt").allTextContents();
  const values = await answer.locator("dd").allTextContents();
  return Object.fromEntries(names.map((name, at) => [name, values[at]]));
}

async function sentWith(answer) {
  const text = await answer.locator(".wire pre").textContent();
  const [line, json] = text.split("\n\n");
  return { line, body: JSON.parse(json) };
}

pageTest("the page loads from a folder, without a complaint and without asking another host", async (page, { requests }) => {
  await ask(page, "Hello");
  assert.deepEqual(requests.filter((url) => !url.startsWith(site.url)), []);
});

pageTest("an answer grows in the page while it streams", async (page) => {
  await page.evaluate(watchAnswers);
  await ask(page, "Why is the sky blue?");
  const states = (await page.evaluate(() => globalThis.states)).filter(Boolean);
  assert.ok(states.length > 5, `${states.length} states`);
  for (const [at, state] of states.entries()) assert.ok(state.startsWith(states[at - 1] ?? ""), "each state continues the one before");
  assert.match(states.at(-1), /^You wrote: “Why is the sky blue\?”/);
});

pageTest("under an answer stand its end, its tokens and its times", async (page) => {
  await ask(page, "Hello");
  const facts = await factsOf(lastAnswer(page));
  assert.equal(facts["Finished"], "stop");
  assert.match(facts["Tokens"], /^\d+ in, \d+ out$/);
  assert.match(facts["Would cost"], /^\$0\.\d+$|^not known$/);
  assert.ok(parseFloat(facts["First token"]) > 0 && parseFloat(facts["First token"]) <= parseFloat(facts["Total"]));
});

pageTest("what is being written is counted in the page", async (page) => {
  await page.type("#prompt", "Hello, world!");
  await page.waitForFunction(() => document.getElementById("count").value === "about 4 tokens", { timeout: 30_000 });
  await page.evaluate(() => (document.getElementById("prompt").value = ""));
  await page.type("#prompt", "x");
  await page.waitForFunction(() => document.getElementById("count").value === "about 1 token");
});

const wires = [
  ["OpenAI", "POST https://api.openai.com/v1/chat/completions", (body) => body.messages.at(-1).content],
  ["Anthropic", "POST https://api.anthropic.com/v1/messages", (body) => body.messages.at(-1).content],
  ["Azure OpenAI", /^POST https:\/\/my-resource\.openai\.azure\.com\/openai\/.*chat\/completions/, (body) => body.messages.at(-1).content],
  ["Cohere", "POST https://api.cohere.com/v2/chat", (body) => body.messages.at(-1).content],
  ["OpenAI-compatible", "POST http://localhost:11434/v1/chat/completions", (body) => body.messages.at(-1).content],
];
for (const [name, line, prompt] of wires) {
  pageTest(`${name} answers through its own wire format`, async (page) => {
    await choose(page, name);
    await ask(page, "Say <b>hello</b> & go.");
    const answer = lastAnswer(page);
    assert.match(await answer.locator(".text").textContent(), /“Say <b>hello<\/b> & go\.”/);
    assert.equal((await factsOf(answer))["Finished"], "stop");
    const sent = await sentWith(answer);
    if (typeof line === "string") assert.equal(sent.line, line);
    else assert.match(sent.line, line);
    assert.match(JSON.stringify(prompt(sent.body)), /Say <b>hello<\/b> & go\./);
  });
}

pageTest("the conversation is carried on, from one provider to the next", async (page) => {
  await ask(page, "First question");
  await choose(page, "Anthropic");
  await ask(page, "Second question");
  const { body } = await sentWith(lastAnswer(page));
  assert.deepEqual(body.messages.map(({ role }) => role), ["user", "assistant", "user"]);
  assert.match(JSON.stringify(body.messages[1].content), /First question/);
  await page.getByRole("button", { name: "New conversation" }).click();
  assert.equal(await page.locator(".turn").count(), 0);
  await ask(page, "Third question");
  assert.equal((await sentWith(lastAnswer(page))).body.messages.length, 1);
});

pageTest("Stop keeps what had arrived and says aborted, and the keyboard stays with the message", async (page) => {
  await shouldMock(page, "answer slowly");
  await ask(page, "Tell me a lot", { wait: false });
  await page.waitForFunction(() => document.querySelector(".answer .text")?.textContent.length > 20);
  await stopButton(page).click();
  await page.waitForFunction(isAnswered, 1);
  const answer = lastAnswer(page);
  assert.match(await answer.locator(".text").textContent(), /^Of course\. A stream/);
  assert.equal((await factsOf(answer))["Finished"], "aborted");
  assert.match(await answer.locator(".failure").textContent(), /^aborted: /);
  assert.doesNotMatch(await answer.textContent(), /so that you can stop it/);
  assert.equal(await sendButton(page).isVisible(), true);
  assert.equal(await message(page).evaluate((node) => node === document.activeElement), true);
});

pageTest("a rate limit is shown with its code, its status and what to do", async (page) => {
  await shouldMock(page, "refuse: rate limit (429)");
  await ask(page, "Hello");
  const text = await lastAnswer(page).locator(".failure").textContent();
  assert.match(text, /^rate-limit \(429\): .+Wait, then try again\. The provider says: in 20 s\./);
  await shouldMock(page, "answer");
  await page.getByRole("button", { name: "Try again" }).click();
  await page.waitForFunction(isAnswered, 2);
  assert.equal((await sentWith(lastAnswer(page))).body.messages.length, 1);
});

for (const [name] of wires) {
  pageTest(`a stream of ${name} that breaks off is an error, with what had arrived`, async (page) => {
    await choose(page, name);
    await shouldMock(page, "break off in the middle");
    await ask(page, "Hello");
    assert.match(await lastAnswer(page).locator(".text").textContent(), /^You wrote: “Hello”/);
    assert.match(await lastAnswer(page).locator(".failure").textContent(), /^truncated: /);
    assert.equal((await factsOf(lastAnswer(page)))["Finished"], "truncated");
    await shouldMock(page, "answer");
    await page.getByRole("button", { name: "Try again" }).click();
    await page.waitForFunction(isAnswered, 2);
    assert.equal((await sentWith(lastAnswer(page))).body.messages.length, 1, "the half answer is not in the way");
  });

  pageTest(`a tool is called through ${name}, runs in the page, and its result is sent back`, async (page) => {
    await choose(page, name);
    await shouldMock(page, "call a tool");
    await ask(page, "What time is it?", { answers: 2 });
    const [first, second] = [page.locator(".answer").first(), lastAnswer(page)];
    assert.match(await first.locator(".tool").textContent(), /^local_time\(\{"style":"long"\}\) → \d+:\d\d:\d\d/);
    assert.equal((await factsOf(first))["Finished"], "tool-calls");
    assert.match(await second.locator(".text").textContent(), /^Your clock says \d+:\d\d:\d\d [AP]M\./);
    assert.equal((await factsOf(second))["Finished"], "stop");
  });
}

pageTest("reasoning stands apart from the answer, and is counted", async (page) => {
  await choose(page, "Anthropic");
  await shouldMock(page, "reason first");
  await ask(page, "Think");
  assert.match(await lastAnswer(page).locator(".reasoning p").textContent(), /^The visitor wrote “Think”/);
  assert.doesNotMatch(await lastAnswer(page).locator(".text").textContent(), /The visitor/);
  assert.match((await factsOf(lastAnswer(page)))["Tokens"], /\(\d+ reasoning\)$/);
});

pageTest("the connection is checked with each provider", async (page) => {
  for (const [name] of wires) {
    await choose(page, name);
    await page.getByRole("button", { name: "Check connection" }).click();
    await page.getByText(/^Connected in \d+ ms, \d+ models\.$/).waitFor();
  }
});

pageTest("everything can be done by keyboard", async (page) => {
  const focus = () => page.evaluate(() => document.activeElement.labels?.[0]?.textContent ?? document.activeElement.textContent);
  const passed = [];
  for (let step = 0; step < 8 && (await focus()) !== "OpenAI"; step += 1) {
    await page.keyboard.press("Tab");
    passed.push(await focus());
  }
  assert.deepEqual(passed, ["Skip to the panel", "Chat", "Compare", "Faults", "Costs", "Prompts", "OpenAI"]);
  await page.keyboard.press("ArrowRight");
  assert.equal(await focus(), "Anthropic");
  const order = [];
  for (let step = 0; step < 12 && (await focus()) !== "Your message"; step += 1) {
    await page.keyboard.press("Tab");
    order.push(await focus());
  }
  assert.deepEqual(order.slice(0, 4), ["Model", "The mock should", "Budget of this session", " Cache answers"]);
  assert.deepEqual(order.slice(4, 6), ["Use your own key", "Check connection"]);
  assert.equal(order.at(-1), "Your message");
  await page.evaluate(watchAnswers);
  await page.keyboard.type("Hello");
  await page.keyboard.press("Shift+Enter");
  await page.keyboard.type("there");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => globalThis.states.at(-1)?.length > 10);
  await page.keyboard.press("Escape");
  await page.waitForFunction(isAnswered, 1);
  assert.equal(await page.locator(".question .text").textContent(), "Hello\nthere");
  assert.match(await lastAnswer(page).textContent(), /claude.*aborted/s);
});

pageTest("a typed key goes to its provider as the key, and nowhere else", async (page, { context, requests }) => {
  const seen = [];
  await context.route("https://api.openai.com/**", async (route) => {
    seen.push({ url: route.request().url(), key: await route.request().headerValue("authorization") });
    const chunk = (choices) => `data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", created: 1, model: "m", choices })}\n\n`;
    const body = chunk([{ index: 0, delta: { role: "assistant", content: "From afar." }, finish_reason: null }])
      + chunk([{ index: 0, delta: {}, finish_reason: "stop" }]) + "data: [DONE]\n\n";
    await route.fulfill({ status: 200, headers: { "content-type": "text/event-stream", "access-control-allow-origin": "*" }, body });
  });
  await page.getByText("Use your own key").click();
  await page.getByLabel("API key").fill("sk-typed-by-hand");
  await page.getByText("api.openai.com answers.").waitFor();
  await ask(page, "Hello");
  assert.equal(await lastAnswer(page).locator(".text").textContent(), "From afar.");
  assert.deepEqual(seen, [{ url: "https://api.openai.com/v1/chat/completions", key: "Bearer sk-typed-by-hand" }]);
  const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, location.href, document.body.innerHTML]));
  assert.doesNotMatch(kept, /typed-by-hand/);
  assert.doesNotMatch(requests.join(), /typed-by-hand/);
  await choose(page, "Cohere");
  assert.equal(await page.getByLabel("API key").inputValue(), "");
});

pageTest("a screen reader is told each answer once, whole", async (page) => {
  await page.evaluate(() => {
    globalThis.told = [];
    const log = document.querySelector("[role=log]");
    new MutationObserver(() => globalThis.told.push(log.lastElementChild.textContent)).observe(log, { childList: true, subtree: true });
  });
  await ask(page, "Hello");
  const told = await page.evaluate(() => globalThis.told);
  assert.equal(told.length, 1);
  assert.equal(told[0], `OpenAI: ${await lastAnswer(page).locator(".text").textContent()}`);
});

pageTest("nothing jumps: Stop stands where Send stood, and facts fill lines that were there", async (page) => {
  await shouldMock(page, "answer slowly");
  await page.evaluate(watchAnswers);
  const send = await sendButton(page).boundingBox();
  await ask(page, "Hello", { wait: false });
  await page.waitForFunction(() => globalThis.states.at(-1)?.length > 0);
  assert.deepEqual(await stopButton(page).boundingBox(), send);
  const facts = () => lastAnswer(page).locator(".facts").evaluate((node) => node.clientHeight);
  const empty = await facts();
  await page.keyboard.press("Escape");
  await page.waitForFunction(isAnswered, 1);
  assert.equal(await facts(), empty);
});

pageTest("nothing moves for those who asked for less motion", async (page) => {
  await shouldMock(page, "answer slowly");
  await ask(page, "Hello", { wait: false });
  await lastAnswer(page).waitFor();
  const animations = await lastAnswer(page).locator(".text").evaluate((node) => getComputedStyle(node, "::after").animationName);
  assert.equal(animations, "none");
}, { reducedMotion: "reduce" });

const screens = {
  "wide-light": { viewport: { width: 1200, height: 800 }, colorScheme: "light" },
  "wide-dark": { viewport: { width: 1200, height: 800 }, colorScheme: "dark" },
  "phone-light": { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, colorScheme: "light" },
  "phone-dark": { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, colorScheme: "dark" },
};
for (const [screen, options] of Object.entries(screens)) {
  pageTest(`it can be read and used by everybody (${screen})`, async (page) => {
    await look(page, `${screen}-1-start`);
    await choose(page, "Anthropic");
    await shouldMock(page, "reason first");
    await ask(page, "A word that is too long for a phone: " + "0123456789".repeat(8));
    await shouldMock(page, "call a tool");
    await ask(page, "What time is it?", { answers: 2 });
    await look(page, `${screen}-2-answers`);
    await shouldMock(page, "break off in the middle");
    await ask(page, "Hello");
    await shouldMock(page, "refuse: rate limit (429)");
    await ask(page, "Hello");
    await look(page, `${screen}-3-errors`);
    await page.getByText("Use your own key").click();
    await page.getByLabel("API key").fill("k");
    await page.getByText("What was sent").last().click();
    await look(page, `${screen}-4-details`);
  }, options);
}

// Screenshot, width, and what axe finds at this moment.
async function look(page, name) {
  const path = screenshotPath(name);
  if (path) await page.screenshot({ path });
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.equal(overflow, 0, "the page is wider than its window");
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  assert.deepEqual(serious.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]), []);
}

// Pages mostly wait for their mock's next word: three of them do so at once.
describe("in Chromium", { concurrency: 3 }, () => pageTests.forEach(([name, run]) => test(name, run)));
