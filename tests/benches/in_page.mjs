// Runs a page's half of a benchmark in Chromium, served as any site is.
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { readFile } from "node:fs/promises";
import { join, normalize } from "node:path";
import { chromiumFlags, findBrowsers } from "../../js/build/browsers.mjs";
import { root } from "../../js/build/run.mjs";

const here = import.meta.dirname;

/** What a page may take. */
const mostMs = 5 * 60_000;

/** What functions of benches/page/<name>.js give, by their names and arguments, and the browser's version; null without a Chromium. Rejects when
 *  they do not end. */
export async function inPage(name, runs) {
  const executablePath = findBrowsers().chromium;
  if (!executablePath) return null;
  const require = createRequire(join(here, "..", "package.json"));
  const { chromium } = require("playwright-core");
  const { build } = createRequire(join(root, "package.json"))("esbuild");
  const bundled = await build({ entryPoints: [join(here, "page", `${name}.js`)], bundle: true, format: "esm", write: false, loader: { ".wasm": "binary" }, external: ["/modelwire/*"] });
  const served = { "/": ["text/html", "<!doctype html><title>A benchmark</title>"], "/page.js": ["text/javascript", bundled.outputFiles[0].text] };
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, "http://x");
    try {
      const file = () => readFile(join(root, "pkg", "dist", normalize(pathname.replace("/modelwire/", "/"))));
      const [type, content] = served[pathname] ?? [pathname.endsWith(".wasm") ? "application/wasm" : "text/javascript", await file()];
      response.writeHead(200, { "content-type": type }).end(content);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const browser = await chromium.launch({ executablePath, args: chromiumFlags.filter((flag) => flag !== "--headless") });
  try {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${server.address().port}/`);
    const results = {};
    for (const [run, argument] of Object.entries(runs)) {
      let timer;
      const late = new Promise((_, reject) => (timer = setTimeout(() => reject(new Error(`the page did not end in ${mostMs / 60_000} minutes`)), mostMs)));
      const done = page.evaluate(async ([run, argument]) => (await import("/page.js"))[run](argument), [run, argument]);
      // The browser is closed: nobody waits for it any more.
      done.catch(() => {});
      results[run] = await Promise.race([done, late]).finally(() => clearTimeout(timer));
    }
    return { ...results, version: browser.version() };
  } finally {
    await browser.close();
    server.close();
  }
}
