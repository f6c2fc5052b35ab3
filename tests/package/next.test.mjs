// The packed package in an app of Next.js: a client component, and a route of its Node server. (A folder of its own, `next/`,
// because it brings 340 MB.)
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import test, { after, before, describe } from "node:test";
import { readStream } from "modelwire";
import { attempt } from "../../js/build/run.mjs";
import { pack } from "./install.mjs";
import { launch } from "./page.mjs";
import { halves, startProvider } from "./provider.mjs";

const home = join(import.meta.dirname, "next");
const app = join(home, ".app");
const next = join(home, "node_modules", "next", "dist", "bin", "next");
const env = { ...process.env, NEXT_TELEMETRY_DISABLED: "1" };
const skip = !existsSync(next) && "Next.js is not installed in tests/package/next";

const files = {
  "package.json": JSON.stringify({ name: "app", private: true, type: "module" }),
  // For this test's folders only: Next.js lies one folder above the app.
  "next.config.mjs": `export default { turbopack: { root: ${JSON.stringify(home)} } };\n`,
  "app/layout.js": 'export default function Layout({ children }) {\n  return <html lang="en"><body>{children}</body></html>;\n}\n',
  "app/page.js": `"use client";
import { createClient } from "modelwire";
import { useEffect, useState } from "react";

export default function Page() {
  const [text, setText] = useState("");
  useEffect(() => {
    const baseURL = new URLSearchParams(location.search).get("provider");
    const client = createClient({ providers: { loopback: { kind: "openai-compatible", baseURL } } });
    const stream = client.stream({ model: "loopback/tiny", messages: "Greet me." });
    stream.forEach((piece) => setText((before) => before + piece));
    return () => void stream.cancel();
  }, []);
  return <output>{text}</output>;
}
`,
  "app/chat/route.js": `import { createClient } from "modelwire";

export async function POST(request) {
  const { baseURL, messages } = await request.json();
  const client = createClient({ providers: { loopback: { kind: "openai-compatible", baseURL } } });
  return await client.stream({ model: "loopback/tiny", messages, signal: request.signal }).toResponse();
}
`,
};

describe("Next.js", { skip }, () => {
  let browser;
  let provider;
  let server;
  let url;

  before(async () => {
    rmSync(app, { recursive: true, force: true });
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(app, name)), { recursive: true });
      writeFileSync(join(app, name), text);
    }
    const installed = await attempt("npm", ["install", (await pack()).path, "--offline", "--no-audit", "--no-fund", "--no-save", "--loglevel=error"], { cwd: app });
    assert.equal(installed.code, 0, installed.output);
    const built = await attempt(process.execPath, [next, "build"], { cwd: app, env });
    assert.equal(built.code, 0, built.output);
    assert.doesNotMatch(built.output, /warn/i);
    [browser, provider] = await Promise.all([launch(), startProvider()]);
    server = spawn(process.execPath, [next, "start", "--port", "0", "--hostname", "127.0.0.1"], { cwd: app, env, stdio: ["ignore", "pipe", "inherit"] });
    url = await addressOf(server);
  });

  after(async () => {
    server?.kill();
    await Promise.all([browser?.close(), provider?.close()]);
    rmSync(app, { recursive: true, force: true });
  });

  test("its client component streams", async () => {
    const page = await browser.newPage();
    const shows = (text) => page.waitForFunction((text) => document.querySelector("output")?.textContent === text, text);
    await page.goto(`${url}/?provider=${encodeURIComponent(provider.url)}`);
    await shows(halves[0]);
    provider.proceed();
    await shows(halves.join(""));
    await page.close();
  });

  test("its route in Node streams to a reader", async () => {
    const stream = readStream(fetch(`${url}/chat`, { method: "POST", body: JSON.stringify({ baseURL: provider.url, messages: "Greet me." }) }));
    const texts = [];
    for await (const text of stream.textStream) {
      texts.push(text);
      if (texts.length === 1) provider.proceed();
    }
    assert.deepEqual(texts, halves);
  });
});

// It prints where it listens: the port is the system's choice.
async function addressOf(child) {
  let output = "";
  for await (const text of child.stdout.setEncoding("utf8").iterator({ destroyOnReturn: false })) {
    output += text;
    const [address] = /http:\/\/127\.0\.0\.1:[1-9]\d*/.exec(output) ?? [];
    if (address) {
      child.stdout.resume();
      return address;
    }
  }
  throw new Error(`next start ended: ${output}`);
}
