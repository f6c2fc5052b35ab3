// Logs in real pages: what is left when a page is left, and where the trace of a call goes on.
import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import puppeteer from "puppeteer-core";
import { chromiumFlags, findBrowsers } from "../../js/build/browsers.mjs";
import { root } from "../../js/build/run.mjs";

const answer = JSON.stringify({ id: "c1", model: "m", choices: [{ index: 0, message: { role: "assistant", content: "Hello" }, finish_reason: "stop" }], usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 } });
const cors = { "access-control-allow-origin": "*", "access-control-allow-headers": "*" };

/** A site with the package, which is a provider, a collector and a place for lines, too. `heard`: an event each time that it gets something. */
async function serveSite() {
  const heard = new EventEmitter();
  const got = [];
  const server = createServer(async (request, response) => {
    const path = new URL(request.url, "http://x").pathname;
    if (request.method === "OPTIONS") return response.writeHead(204, cors).end();
    if (request.method === "POST") {
      const body = Buffer.concat(await request.toArray()).toString();
      got.push({ path, body, headers: request.headers });
      response.writeHead(200, { "content-type": "application/json", ...cors }).end(path.endsWith("/chat/completions") ? answer : "{}");
      return heard.emit("got");
    }
    const file = /^\/modelwire\/([\w./-]+)$/.exec(path)?.[1];
    if (!file) return response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html><title>A page</title>");
    response.writeHead(200, { "content-type": file.endsWith(".wasm") ? "application/wasm" : "text/javascript" }).end(await readFile(join(root, "pkg", "dist", file)));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  /** What came to a path, once there is some. */
  const at = async (path) => {
    for (;;) {
      const found = got.filter((one) => one.path === path);
      if (found.length > 0) return found;
      await once(heard, "got");
    }
  };
  return { origin: `http://127.0.0.1:${server.address().port}`, got, at, close: () => (server.closeAllConnections(), server.close()) };
}

/** Runs in a page: a call, of which a log knows that has told nobody yet. */
async function logACall(more) {
  const { createClient, otlpLog } = await import("/modelwire/entry/url.js");
  const traces = otlpLog({ url: "/otlp", service: "page", ...more });
  const client = createClient({
    providers: { home: { kind: "openai-compatible", baseURL: `${location.origin}/v1`, apiKey: "a-key" } },
    log: traces,
  });
  return (await client.chat({ model: "home/m", messages: "Hi" })).text;
}

/** Runs in a page: a call, of which a log of lines knows that has not written them yet; then the page is hidden. */
async function logToFile() {
  const { createClient, jsonlLog } = await import("/modelwire/entry/url.js");
  const folder = await navigator.storage.getDirectory();
  const file = await folder.getFileHandle("calls.jsonl", { create: true });
  const lines = jsonlLog(file);
  const client = createClient({ providers: { home: { kind: "openai-compatible", baseURL: `${location.origin}/v1`, apiKey: "a-key" } }, log: lines });
  await client.chat({ model: "home/m", messages: "Hi" });
  const before = (await file.getFile()).size;
  // As a phone's browser does when another app is in front, which no driver can: the page goes on for a moment.
  Object.defineProperty(document, "visibilityState", { value: "hidden" });
  document.dispatchEvent(new Event("visibilitychange"));
  await lines.flush();
  return { before, after: await (await file.getFile()).text() };
}

/** Runs in a page: calls to its own origin, to a gateway that is named and to one that is not. */
async function callAround(elsewhere, propagate) {
  const { createClient, otlpLog } = await import("/modelwire/entry/url.js");
  const compatible = (baseURL) => ({ kind: "openai-compatible", baseURL, apiKey: "a-key" });
  const traces = otlpLog({ url: `${location.origin}/otlp`, propagate });
  const client = createClient({ providers: { home: compatible(`${location.origin}/home/v1`), named: compatible(`${elsewhere}/named/v1`), other: compatible(`${elsewhere}/other/v1`) }, log: traces });
  for (const provider of ["home", "named", "other"]) await client.chat({ model: `${provider}/m`, messages: "Hi" });
  await traces.flush();
}

const spansIn = (bodies) => bodies.flatMap(({ body }) => JSON.parse(body).resourceSpans[0].scopeSpans[0].spans);
const found = findBrowsers();
const browsers = { chromium: { args: chromiumFlags }, firefox: { browser: "firefox" } };

for (const [name, options] of Object.entries(browsers)) {
  describe(`logs in ${name}`, { skip: found[name] ? false : `there is no ${name}` }, () => {
    let browser;
    let site;
    before(async () => {
      browser = await puppeteer.launch({ executablePath: found[name], headless: true, ...options });
      site = await serveSite();
    });
    after(async () => {
      await browser?.close();
      site?.close();
    });

    async function withPage(run) {
      const page = await browser.newPage();
      await page.goto(site.origin);
      site.got.length = 0;
      try {
        await run(page);
      } finally {
        if (!page.isClosed()) await page.close();
      }
    }

    const leaving = {
      "is left for another": (page) => page.goto("about:blank"),
      "is closed": (page) => page.close({ runBeforeUnload: false }),
    };
    for (const [what, leave] of Object.entries(leaving)) {
      test(`spans and metrics are sent when the page ${what}`, () =>
        withPage(async (page) => {
          assert.equal(await page.evaluate(logACall, {}), "Hello");
          assert.deepEqual(site.got.filter(({ path }) => path.startsWith("/otlp")), [], "no more than gathered so far");
          await leave(page);
          const [traces, metrics] = await Promise.all(["/otlp/v1/traces", "/otlp/v1/metrics"].map(site.at));
          assert.deepEqual(spansIn(traces).map((span) => span.name), ["chat m"]);
          assert.match(metrics[0].body, /gen_ai\.client\.operation\.duration/);
          assert.equal(traces[0].headers["content-type"], "application/json");
        }));
    }

    test("lines are in their file once the page is hidden", () =>
      withPage(async (page) => {
        const { before, after } = await page.evaluate(logToFile);
        assert.equal(before, 0);
        assert.deepEqual(after.trim().split("\n").map((line) => JSON.parse(line).event), ["request", "response"]);
      }));

    test("headers of the collector's go along when the page is left, by a request that outlives it", () =>
      withPage(async (page) => {
        await page.evaluate(logACall, { headers: { authorization: "Bearer for-the-collector" } });
        await page.goto("about:blank");
        const [{ headers }] = await site.at("/otlp/v1/traces");
        assert.equal(headers.authorization, "Bearer for-the-collector");
      }));

    test("the trace goes on at the page's own origin and at a gateway that is named, not elsewhere", async () => {
      const elsewhere = await serveSite();
      try {
        await withPage(async (page) => {
          await page.evaluate(callAround, elsewhere.origin, ["named"]);
          const [home, named, other] = spansIn(await site.at("/otlp/v1/traces"));
          const header = ({ got }, path) => got.find((one) => one.path === `${path}/v1/chat/completions`).headers.traceparent;
          assert.equal(header(site, "/home"), `00-${home.traceId}-${home.spanId}-01`);
          assert.equal(header(elsewhere, "/named"), `00-${named.traceId}-${named.spanId}-01`);
          assert.equal(header(elsewhere, "/other"), undefined);
          assert.ok(other.traceId);
        });
      } finally {
        elsewhere.close();
      }
    });
  });
}
