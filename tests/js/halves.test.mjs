// The entry of pages, whose module is two files: the second is loaded by the first call that needs it.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import test from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";

const dist = dirname(dirname(fileURLToPath(import.meta.resolve("modelwire/inline"))));
const loaded = [];
let answers = (bytes) => new Response(bytes);
globalThis.fetch = async (url) => {
  const name = String(url).split("/").at(-1);
  loaded.push(name);
  return answers(readFileSync(fileURLToPath(url)), name);
};
const { createClient, isLlmError, ready, readStream } = await import(pathToFileURL(join(dist, "entry", "url.js")));

const usage = { prompt_tokens: 3, completion_tokens: 1, total_tokens: 4 };
const chat = { id: "c", model: "m", choices: [{ index: 0, message: { role: "assistant", content: "Hello" }, finish_reason: "stop" }], usage };
const embedding = { object: "list", model: "e", data: [{ index: 0, embedding: [1, 0] }], usage: { prompt_tokens: 1, total_tokens: 1 } };
const fetch = async (url) => Response.json(url.endsWith("embeddings") ? embedding : url.endsWith("models") ? { data: [{ id: "m" }] } : chat);
const clientWith = (more) => createClient({ providers: { openai: { apiKey: "k" } }, store: "memory", fetch, ...more });
const ask = (more) => ({ model: "openai/gpt-4.1", messages: "Hi", ...more });

// One file, one process, one module: the order of these tests is that of one page's day.
test("chats, streams and their server's streams load the first half alone", async () => {
  const client = clientWith();
  assert.equal((await client.chat(ask())).text, "Hello");
  const tools = [{ name: "t", input: { type: "object", properties: {} }, run: () => "1" }];
  assert.equal((await client.chat(ask({ tools, output: { type: "object" }, system: "S" })).catch(({ code }) => code)), "output-invalid");
  const tokens = async () => new Response('data: {"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n', { headers: { "content-type": "text/event-stream" } });
  assert.equal(await clientWith({ fetch: tokens }).stream(ask()).text(), "Hi");
  await assert.rejects(readStream(new Response("", { status: 500 })).text(), (error) => isLlmError(error, "server"));
  assert.deepEqual(loaded, ["modelwire_page_bg.wasm"]);
});

test("the second half that is not to be had is code config, and may be there for the next call", async () => {
  answers = () => new Response("gone", { status: 404 });
  const client = clientWith();
  await assert.rejects(client.embed({ model: "openai/e", input: "x" }), (error) => isLlmError(error, "config") && /status 404/.test(error.message));
  answers = (bytes) => new Response(bytes);
  loaded.length = 0;
  const all = await Promise.all([client.embed({ model: "openai/e", input: "x" }), client.listModels("openai"), client.model("openai/gpt-4.1")]);
  assert.deepEqual([all[0].embeddings.length, all[1].length, all[2].id === "gpt-4.1" || all[2]], [1, 1, true]);
  assert.deepEqual(loaded, ["modelwire_rest_bg.wasm"]);
});

test("both halves are one: what the second did is known to the first", async () => {
  const client = clientWith({ cache: { store: "memory" }, limits: { "openai/*": { requestsPerMinute: 600 } } });
  const first = await client.chat(ask({ cache: true }));
  assert.equal((await client.cache.get(ask())).text, first.text);
  assert.equal((await client.chat(ask({ cache: true }))).cached, true);
  await client.limits.acquire("openai/gpt-4.1", { requests: 5 });
  // Two calls of which one was answered from the cache, and five.
  assert.equal((await client.limits.status())[0].remainingRequests, 54);
  assert.equal((await client.check("openai")).ok, true);
  assert.equal((await client.chat(ask())).text, "Hello");
});

// Each in a process of its own, where nothing has loaded the second half before.
for (const [name, options, request] of [
  ["limits", { limits: { "*": { requestsPerMinute: 60 } } }],
  ["a budget", { budget: { usd: 1 } }],
  ["a request's budget", {}, { budget: { usd: 1 } }],
  ["a cache", { cache: { store: "memory" } }],
  ["a request's cache", {}, { cache: true }],
  ["a catalogue", { catalog: { "openai/gpt-4.1": { contextWindow: 1000 } } }],
  ["a request that may not fit", {}, { model: "openai/gpt-3.5-turbo-instruct-0914", messages: "Hi ".repeat(3_000) }],
]) {
  test(`a call with ${name} loads the second half too`, () => {
    const code = `import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs"; import { fileURLToPath } from "node:url";
      const loaded = [];
      globalThis.fetch = async (url) => (loaded.push(String(url).split("/").at(-1)), new Response(readFileSync(fileURLToPath(url))));
      const { createClient } = await import(${JSON.stringify(pathToFileURL(join(dist, "entry", "url.js")).href)});
      const fetch = async (_, { body }) => {
        if (!JSON.parse(new TextDecoder().decode(body)).stream) return Response.json(${JSON.stringify(chat)});
        return new Response('data: {"choices":[{"index":0,"delta":{"content":"Hello"},"finish_reason":"stop"}]}\\n\\ndata: [DONE]\\n\\n', { headers: { "content-type": "text/event-stream" } });
      };
      const client = createClient({ providers: { openai: { apiKey: "k" } }, store: "memory", fetch, ...${JSON.stringify(options)} });
      const request = { model: "openai/gpt-4.1", messages: "Hi", ...${JSON.stringify(request ?? {})} };
      const texts = [(await client.chat(request)).text, await client.stream(request).text()];
      console.log(JSON.stringify([texts, loaded.filter((name) => name.startsWith("modelwire_") && !name.includes("tokens")).sort()]));`;
    const output = execFileSync(process.execPath, ["--input-type=module", "-e", code], { encoding: "utf8" });
    assert.deepEqual(JSON.parse(output), [["Hello", "Hello"], ["modelwire_page_bg.wasm", "modelwire_rest_bg.wasm"]]);
  });
}

test("loading it again changes nothing", async () => {
  loaded.length = 0;
  await ready();
  assert.equal((await clientWith().check("openai")).ok, true);
  assert.deepEqual(loaded, []);
});
