// Getting the WebAssembly loaded, through the entry that has none of its own.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { once } from "node:events";
import test from "node:test";
import { fileURLToPath } from "node:url";
import { createClient, isLlmError, ready } from "modelwire/slim";

const bytes = readFileSync(fileURLToPath(import.meta.resolve("modelwire/modelwire_bg.wasm")));
// Not from wire.mjs: that imports the entry of Node, which knows where the module is.
const ask = (more) => ({ model: "openai/m", messages: "Hi", ...more });
const wasm = { headers: { "content-type": "application/octet-stream" } };

// One file, one process, one module: the order of these tests is that of one page's bad day.
test("without a module the call says what to do, and nothing is loaded by createClient", async () => {
  const fetch = async () => Response.json({});
  const client = createClient({ providers: { openai: { apiKey: "k" } }, fetch });
  for (const call of [() => client.chat(ask()), () => client.stream(ask()).text(), () => ready()]) {
    await assert.rejects(call, (error) => isLlmError(error, "config") && /ready\(wasm\)/.test(error.message));
  }
  assert.equal((await client.check("openai")).error.code, "config");
});

test("what is no module is code config, with the cause and what to do", async (t) => {
  const server = createServer((request, response) => {
    response.writeHead(request.url === "/gone.wasm" ? 404 : 200, { "content-type": "text/html" });
    response.end("<!doctype html>");
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const at = `http://127.0.0.1:${server.address().port}`;
  const bad = [
    [Promise.reject(new Error("no disk")), /no disk/],
    [new Uint8Array(8), /./],
    [{}, /./],
    [new URL(`${at}/gone.wasm`), /gone\.wasm answered with status 404/],
    [new URL(`${at}/app.wasm`), /app\.wasm answered with text\/html/],
    [new Response("x", { status: 500 }), /status 500/],
  ];
  t.after(() => (server.close(), server.closeAllConnections()));
  for (const [source, message] of bad) {
    await assert.rejects(ready(source), (error) => isLlmError(error, "config") && message.test(error.message) && /modelwire\/inline/.test(error.message) && error.cause !== undefined);
  }
});

test("after failures it can be loaded, and a call that waits for it goes on", async () => {
  const whole = { id: "c", model: "m", choices: [{ index: 0, message: { role: "assistant", content: "Hello" }, finish_reason: "stop" }] };
  const fetch = async () => Response.json(whole);
  const client = createClient({ providers: { openai: { apiKey: "k" } }, fetch });
  let arrive;
  const loading = ready(new Promise((resolve) => (arrive = resolve)));
  const chat = client.chat(ask());
  const aborted = new AbortController();
  const other = client.chat(ask({ signal: aborted.signal })).catch(({ code }) => code);
  aborted.abort();
  assert.equal(await other, "aborted");
  arrive(new Response(bytes, wasm));
  await loading;
  assert.equal((await chat).text, "Hello");
});

test("loading again changes nothing", async () => {
  await ready();
  await ready(new WebAssembly.Module(bytes));
  await ready({ default: {} });
});

for (const [name, source] of [
  ["a compiled module", "new WebAssembly.Module(bytes)"],
  ["bytes", "bytes"],
  ["a module namespace", "Promise.resolve({ default: new WebAssembly.Module(bytes) })"],
]) {
  test(`takes ${name}`, async () => {
    const { execFileSync } = await import("node:child_process");
    const code = `import { readFileSync } from "node:fs"; import { createClient, ready } from "modelwire/slim";
      const bytes = readFileSync(new URL(import.meta.resolve("modelwire/modelwire_bg.wasm")));
      await ready(${source});
      const { error } = await createClient({ providers: {} }).check("x");
      console.log(error.message);`;
    const output = execFileSync(process.execPath, ["--input-type=module", "-e", code], { cwd: fileURLToPath(new URL(".", import.meta.url)), encoding: "utf8" });
    assert.match(output, /no provider "x"/);
  });
}
