// "Start" in the README, followed as a newcomer would: its files, as they stand, in an empty folder for each place. Nobody here
// has a key; what asks OpenAI is answered by this test.
import assert from "node:assert/strict";
import { once } from "node:events";
import { cpSync, existsSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import test, { after, before, describe } from "node:test";
import { build } from "esbuild";
import { Miniflare, Response as WorkerResponse } from "miniflare";
import * as vite from "vite";
import { attempt, root } from "../../js/build/run.mjs";
import { serve } from "../../js/build/serve.mjs";
import { fenceWith } from "./examples.mjs";
import { installApp } from "./install.mjs";
import { launch } from "./page.mjs";

const chunk = (delta, finish_reason = null) => `data: ${JSON.stringify({ id: "c1", model: "gpt-6-luna", choices: [{ index: 0, delta, finish_reason }] })}\n\n`;
const answer = `${chunk({ content: "Rayleigh " })}${chunk({ content: "scattering." }, "stop")}data: [DONE]\n\n`;
const headers = { "content-type": "text/event-stream", "access-control-allow-origin": "*", "access-control-allow-headers": "*" };

const page = fenceWith("<!-- index.html -->", "html");
const script = fenceWith("// main.js\n", "js");
const map = fenceWith('type="importmap">{ "imports"', "html");

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

describe("a newcomer's first program", () => {
  test("a page with Vite", async (t) => {
    const app = await installApp("first-vite", { "index.html": page, "main.js": script });
    const server = await vite.createServer({ root: app, configFile: false, logLevel: "silent", server: { host: "127.0.0.1", port: 0 } });
    t.after(() => server.close());
    await server.listen();
    await assertAnswers(server.resolvedUrls.local[0]);
  });

  test("a page of plain HTML", async (t) => {
    const html = page.replace('<script type="module" src="/main.js">', `${map}<script type="module" src="./main.js">`);
    const app = await installApp("first-plain", { "site/index.html": html, "site/main.js": script });
    cpSync(join(app, "node_modules", "modelwire", "dist"), join(app, "site", "modelwire"), { recursive: true });
    const site = await serve({ mounts: { "/below/": join(app, "site") } });
    t.after(() => site.close());
    await assertAnswers(`${site.url}below/`);
  });

  test("a Worker", async (t) => {
    const app = await installApp("first-worker", { "index.ts": fenceWith("// index.ts\n") });
    const out = join(app, "out");
    // As wrangler bundles it (tests/gateway tries wrangler itself).
    const options = { bundle: true, format: "esm", target: "es2022", conditions: ["workerd", "worker", "browser"], loader: { ".wasm": "copy" }, assetNames: "[name]" };
    await build({ ...options, entryPoints: [join(app, "index.ts")], outfile: join(out, "worker.mjs"), logLevel: "error" });
    const asked = [];
    const miniflare = new Miniflare({
      cf: false,
      modulesRoot: out,
      modules: [{ type: "ESModule", path: join(out, "worker.mjs") }, { type: "CompiledWasm", path: join(out, "modelwire_bg.wasm") }],
      compatibilityDate: "2026-07-01",
      bindings: { OPENAI_API_KEY: "sk-of-nobody" },
      outboundService(request) {
        asked.push([request.url, request.headers.get("authorization")]);
        return new WorkerResponse(answer, { headers });
      },
    });
    t.after(() => miniflare.dispose());
    const response = await miniflare.dispatchFetch("http://worker/", { method: "POST", body: "Why is the sky blue?" });
    assert.deepEqual([response.status, await response.text()], [200, "Rayleigh scattering."]);
    assert.deepEqual(asked, [["https://api.openai.com/v1/chat/completions", "Bearer sk-of-nobody"]]);
  });

  const deno = join(root, "tests", "node_modules", ".bin", "deno");
  test("a program for Deno", { skip: !existsSync(deno) && "there is no Deno here" }, async (t) => {
    const provider = createServer((request, response) => {
      request.resume();
      response.writeHead(200, headers).end(answer);
    });
    await once(provider.listen(0, "127.0.0.1"), "listening");
    t.after(() => provider.close());
    // As it stands there, but for the address.
    const program = fenceWith("// main.ts\n").replace("{ apiKey:", `{ baseURL: "http://127.0.0.1:${provider.address().port}/v1", apiKey:`);
    const app = await installApp("first-deno", { "main.ts": program });
    const env = { ...process.env, OPENAI_API_KEY: "sk-of-nobody", NO_COLOR: "1" };
    const { code, output } = await attempt(deno, ["run", "--quiet", "--no-prompt", "--check", "--allow-net", "--allow-env", "main.ts"], { cwd: app, env });
    assert.deepEqual([code, output.trim()], [0, "Rayleigh scattering."]);
  });
});

async function assertAnswers(url) {
  const tab = await browser.newPage();
  try {
    const asked = [];
    await tab.route("https://api.openai.com/**", async (route) => {
      if (route.request().method() === "POST") asked.push(route.request().headers().authorization);
      await route.fulfill({ status: 200, headers, body: route.request().method() === "POST" ? answer : "" });
    });
    await tab.goto(url);
    await tab.fill("input[name=key]", "sk-typed-in");
    await tab.click("button");
    await tab.waitForFunction(() => document.querySelector("output").textContent.endsWith("."));
    assert.equal(await tab.textContent("output"), "Rayleigh scattering.");
    assert.deepEqual(asked, ["Bearer sk-typed-in"]);
  } finally {
    await tab.close();
  }
}
