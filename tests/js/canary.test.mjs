// Keys are planted wherever one can be, each a word of its own, and the provider quotes all that it was sent: whatever a program may write down
// of that (errors, logs of every kind, events, a recording) is searched for them.
import assert from "node:assert/strict";
import test from "node:test";
import { inspect } from "node:util";
import { createClient, isLlmError, jsonlLog, otlpLog } from "modelwire";
import { cassette } from "modelwire/testing";

let planted;
const plant = (where) => {
  const key = `sk-canary-${where}-${"0123456789abcdef"}`;
  planted.add(key);
  return key;
};

/** A server that quotes the request: its address, its headers, and the credentials by themselves. */
async function quoting(url, init) {
  const headers = Object.entries(init.headers);
  const bare = headers.map(([, value]) => value.split(" ").at(-1));
  const said = { error: { message: `Refused: ${url} ${bare.join(" ")}`, type: "invalid", url, headers: Object.fromEntries(headers) } };
  const status = { chat: 400, overloaded: 503, key: 401, odd: 418 }[headers.find(([name]) => name === "x-case")?.[1]] ?? 400;
  return new Response(JSON.stringify(said), { status, headers: { "content-type": "application/json", "set-cookie": `sid=${plant("answer-cookie")}` } });
}

/** A stream that quotes it after its first words. */
async function quotingLate(url, init) {
  const said = JSON.stringify({ error: { message: `Broken: ${url} ${JSON.stringify(init.headers)}`, type: "server_error" } });
  const delta = JSON.stringify({ id: "c", model: "m", choices: [{ index: 0, delta: { content: "Hello" } }] });
  return new Response(`data: ${delta}\n\ndata: ${said}\n\n`, { headers: { "content-type": "text/event-stream" } });
}

/** One whose connection fails with the request in its message. */
async function failing(url, init) {
  throw new TypeError(`could not send ${url} with ${JSON.stringify(init.headers)}`);
}

const kinds = {
  openai: (fetch) => ({ fetch, provider: { kind: "openai", api: "chat", baseURL: `https://proxy.example/${plant("path")}/v1?key=${plant("query")}` } }),
  anthropic: (fetch) => ({ fetch, provider: { kind: "anthropic", baseURL: "https://proxy.example" } }),
  azure: (fetch) => ({ fetch, provider: { kind: "azure", endpoint: "https://r.openai.azure.com", apiVersion: "2025-01-01-preview", api: "chat" } }),
  cohere: (fetch) => ({ fetch, provider: { kind: "cohere", baseURL: "https://proxy.example" } }),
  gateway: (fetch) => ({ fetch, provider: { kind: "openai-compatible", baseURL: "https://gateway.example/v1" } }),
};

for (const [how, server] of Object.entries({ "in its refusal": quoting, "in mid-stream": quotingLate, "in a failed connection": failing })) {
  for (const [kind, make] of Object.entries(kinds)) {
    test(`no key is told that ${kind} quotes ${how}`, async (t) => {
      planted = new Set();
      const { provider } = make();
      const heard = [];
      const note = (value) => heard.push(typeof value === "string" ? value : JSON.stringify(value));
      for (const name of ["warn", "error", "log"]) t.mock.method(console, name, (...words) => heard.push(words.map(String).join(" ")));
      const sent = [];
      const collector = async (_url, init) => (note(init.body), new Response("{}"));
      const recording = { text: null, load: async () => recording.text, save: async (text) => void (recording.text = text) };
      const recorder = cassette(recording, "record", { fetch: (url, init) => (sent.push(JSON.stringify([url, init.headers])), server(url, init)) });
      const [traces, lines, bytes] = [otlpLog({ url: "https://collector.example", fetch: collector, headers: { authorization: plant("collector") } }), jsonlLog(note), []];
      const stream = jsonlLog(new WritableStream({ write: (chunk) => void bytes.push(chunk) }));
      await Promise.all([traces.flush(), lines.flush()]);
      const client = createClient({
        providers: {
          p: {
            ...provider,
            apiKey: [plant("key-one"), () => plant("key-two")],
            headers: { "x-portkey-api-key": plant("header-key"), "Proxy-Authorization": `Basic ${plant("header-basic")}`, Cookie: `sid=${plant("header-cookie")}`, "x-odd": plant("header-odd") },
          },
        },
        fetch: recorder.fetch,
        log: [traces, lines, stream, note],
        capture: { content: true },
        retry: { maxAttempts: 2, baseDelayMs: 0 },
      });
      for (const event of ["request", "retry", "fallback", "response", "error", "cache", "limit", "budget"]) client.on(event, note);
      const tell = (error) => {
        assert.ok(isLlmError(error), inspect(error));
        for (const text of [error.message, String(error), error.stack, JSON.stringify(error), inspect(error, { depth: 9 }), inspect(error.cause, { depth: 9 }), JSON.stringify(error.body), JSON.stringify(error.attempts), JSON.stringify(error.partial)]) note(text ?? "");
      };
      for (const word of ["chat", "overloaded", "key", "odd"]) {
        const request = { model: "p/m", messages: "Hi", maxTokens: 9, headers: { "x-case": word, "x-session-token": plant("call-token"), authorization2: plant("call-other") } };
        await client.chat(request).then((response) => note(response.finishReason), tell);
        await client.stream(request).response.then((response) => note(response.finishReason), tell);
        await client.stream(request).toResponse("events").text().then(note, tell);
      }
      await client.embed({ model: "p/e", input: "text" }).then(() => {}, tell);
      await client.listModels("p").then(() => {}, tell);
      const { error } = await client.check("p");
      if (error) tell(error);
      note(client.keys.status("p"));
      await Promise.all([traces.flush(), stream.flush()]);
      for (const chunk of bytes) note(new TextDecoder().decode(chunk));
      // The path of an address is what a recording finds its answers by (docs/testing.md).
      note((recording.text ?? "").replaceAll(/sk-canary-path-\w+/g, ""));
      // They were planted where it matters: the server saw them.
      assert.ok([...planted].filter((key) => sent.join().includes(key)).length >= 6, [...planted].join());
      assert.ok(heard.length > 30);
      for (const key of planted) {
        const where = heard.find((text) => text.includes(key));
        assert.ok(where === undefined, `${key} stands in: ${where?.slice(Math.max(0, where.indexOf(key) - 300)).slice(0, 700)}`);
      }
    });
  }
}
