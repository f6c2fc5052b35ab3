// The Worker of the documents in Cloudflare's runtime, as its reader would deploy it: nothing is kept but in Durable Objects.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { once } from "node:events";
import { join } from "node:path";
import test from "node:test";
import { build } from "esbuild";
import { Miniflare } from "miniflare";
import { durableObjectStore } from "modelwire/stores/cloudflare";
import { fenceWith } from "./examples.mjs";
import { installApp } from "./install.mjs";

const model = "gpt-5.5";
const usage = { prompt_tokens: 10, completion_tokens: 250, total_tokens: 260 };
const chunk = (choices, more) => `data: ${JSON.stringify({ id: "c1", model, choices, ...more })}\n\n`;
const answer = `${chunk([{ index: 0, delta: { content: "Hello." }, finish_reason: "stop" }])}${chunk([], { usage })}data: [DONE]\n\n`;

test("the documents' Worker keeps its ledger, its limit and its budget where all isolates see them", async (t) => {
  const source = fenceWith("modelwire/stores/cloudflare");
  const provider = createServer((request, response) => {
    request.resume();
    response.writeHead(200, { "content-type": "text/event-stream" }).end(answer);
  });
  await once(provider.listen(0, "127.0.0.1"), "listening");
  t.after(() => provider.close());
  // As it stands there, but for the address, the model, whose answers have a price, and how much it may spend: 256 tokens of its
  // output, which a call reserves, are 0.00768 dollars.
  const here = source
    .replace("apiKey: env.OPENAI_API_KEY", `apiKey: env.OPENAI_API_KEY, api: "chat", baseURL: "http://127.0.0.1:${provider.address().port}/v1"`)
    .replace("openai/gpt-6-luna", `openai/${model}`)
    .replace("usd: 50", "usd: 0.02");
  const app = await installApp("worker", { "worker.ts": here });
  const bundle = join(app, "bundle");
  await build({
    entryPoints: [join(app, "worker.ts")],
    outfile: join(bundle, "worker.mjs"),
    bundle: true,
    format: "esm",
    target: "es2022",
    conditions: ["workerd", "worker", "browser"],
    loader: { ".wasm": "copy" },
    assetNames: "[name]",
    logLevel: "error",
  });
  const modules = [
    { type: "ESModule", path: join(bundle, "worker.mjs") },
    { type: "CompiledWasm", path: join(bundle, "modelwire_bg.wasm") },
  ];
  const miniflare = new Miniflare({
    cf: false,
    modulesRoot: bundle,
    modules,
    compatibilityDate: "2026-07-01",
    bindings: { OPENAI_API_KEY: "a-key" },
    durableObjects: { LIMITS: { className: "LimitObject", useSQLite: true } },
  });
  t.after(() => miniflare.dispose());
  const ask = async () => {
    const response = await miniflare.dispatchFetch("http://worker/", { method: "POST", body: "Hello" });
    return [response.status, await response.text()];
  };
  // A client of its own each time: what they share is in the stores alone.
  assert.deepEqual([await ask(), await ask()], [[200, "Hello."], [200, "Hello."]]);
  const keys = [];
  for await (const key of durableObjectStore(await miniflare.getDurableObjectNamespace("LIMITS")).list("modelwire/ledger/")) keys.push(key);
  assert.equal(keys.length, 2, "entries of the ledger");
  assert.match(keys[0], /^modelwire\/ledger\/.*\/7550000$/);
  const [status, body] = await ask();
  assert.ok(status >= 400 || body === "", `a third is over the budget: ${status} ${body}`);
});
