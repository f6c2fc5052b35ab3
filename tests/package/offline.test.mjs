// An installed app without a network: the service worker of docs/runtimes.md, and an answer that is kept.
import assert from "node:assert/strict";
import { cpSync } from "node:fs";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { serve } from "../../js/build/serve.mjs";
import { fenceWith } from "./examples.mjs";
import { installApp } from "./install.mjs";
import { html, launch } from "./page.mjs";
import { halves, startProvider } from "./provider.mjs";

const map = '<link rel="manifest" href="app.webmanifest"><script type="importmap">{ "imports": { "modelwire": "./modelwire/entry/url.js" } }</script>';
const manifest = { name: "Offline", start_url: "./", display: "standalone" };
const main = `import { createClient, loadTokenizer } from "modelwire";
navigator.serviceWorker.register("./service-worker.js");
const baseURL = new URLSearchParams(location.search).get("provider");
const client = createClient({ providers: { loopback: { kind: "openai-compatible", baseURL } }, cache: {}, retry: false });
globalThis.ask = async (messages) => {
  try {
    const { text, cached } = await client.chat({ model: "loopback/tiny", messages });
    return [text, cached];
  } catch ({ code, message }) {
    return [code, message];
  }
};
// By stream, as the provider of this test answers.
globalThis.show = (messages) => client.stream({ model: "loopback/tiny", messages }).response.then(({ text, cached }) => [text, cached]);
globalThis.count = (text) => loadTokenizer("openai/gpt-5").then((tokenizer) => tokenizer.count(text));
globalThis.loaded = true;
`;

let browser;
let provider;
before(async () => {
  [browser, provider] = await Promise.all([launch(), startProvider()]);
});
after(() => Promise.all([browser?.close(), provider?.close()]));

test("an installed app opens, counts tokens and gives kept answers without a network", async () => {
  const app = await installApp("installed-app", {
    "site/index.html": html("./main.js", map),
    "site/main.js": main,
    "site/app.webmanifest": JSON.stringify(manifest),
    "site/service-worker.js": fenceWith("// service-worker.js\n", "js"),
  });
  cpSync(join(app, "node_modules", "modelwire", "dist"), join(app, "site", "modelwire"), { recursive: true });
  const site = await serve({ mounts: { "/": join(app, "site") } });
  const page = await browser.newPage();
  const address = `${site.url}?provider=${encodeURIComponent(provider.url)}`;
  const open = async (how) => {
    await how();
    await page.waitForFunction(() => globalThis.loaded);
  };
  await open(() => page.goto(address));
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
  // The second visit goes through the service worker, which keeps what it sees.
  await open(() => page.reload());
  const shown = page.evaluate(() => globalThis.show("Greet me."));
  await provider.asked();
  provider.proceed();
  assert.deepEqual(await shown, [halves.join(""), false]);
  assert.equal(await page.evaluate(() => globalThis.count("Hello, world!")), 4);
  // Neither the site nor the provider is there any more, and the browser knows it.
  await site.close();
  await page.context().setOffline(true);
  await open(() => page.reload());
  assert.deepEqual(await page.evaluate(() => globalThis.show("Greet me.")), [halves.join(""), true]);
  assert.equal(await page.evaluate(() => globalThis.count("Hello, world!")), 4);
  const [code, message] = await page.evaluate(() => globalThis.ask("Something new."));
  assert.equal(code, "network");
  assert.match(message, /offline/);
});
