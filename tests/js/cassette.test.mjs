// Recordings of real traffic: what is in them, what is not, and what comes out again.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { inspect } from "node:util";
import { gzipSync } from "node:zlib";
import test, { after, before, describe } from "node:test";
import { LLMock } from "@copilotkit/aimock";
import OpenAI from "openai";
import { createClient, isLlmError } from "modelwire";
import { cassette, virtualClock } from "modelwire/testing";

/** A file, as it were. */
const memory = (text = null) => ({
  text,
  saves: 0,
  async load() {
    return this.text;
  },
  async save(jsonl) {
    this.saves++;
    this.text = jsonl;
  },
});

const nobody = () => assert.fail("something went out");
const replayOf = (store, options) => cassette(store, "replay", { fetch: nobody, ...options });

/** A server that answers as `answer(request, response, body)` says. */
async function serve(t, answer) {
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const piece of request.setEncoding("utf8")) body += piece;
    await answer(request, response, body);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => (server.closeAllConnections(), new Promise((resolve) => server.close(resolve))));
  return `http://127.0.0.1:${server.address().port}`;
}

async function chunksOf(response) {
  const chunks = [];
  const reader = response.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return chunks;
    chunks.push(Buffer.from(value).toString("latin1"));
  }
}

describe("a session with a mock that somebody else wrote", () => {
  const apiKey = "aimock-key-0042";
  let mock;
  before(async () => {
    mock = new LLMock({ port: 0, auth: { apiKeys: [apiKey] } });
    mock.onMessage("say hello", { content: "Hi there, friend! ¿Qué tal? 🌍" }, { chunkSize: 3 });
    mock.onMessage("slow down", { error: { message: "slow down", type: "rate_limit_error" }, status: 429, retryAfter: 7 });
    await mock.start();
  });
  after(() => mock.stop());

  const session = async (fetch, key) => {
    const providers = { openai: { apiKey: key, baseURL: `${mock.url}/v1` }, anthropic: { apiKey: key, baseURL: mock.url }, cohere: { apiKey: key, baseURL: mock.url } };
    const client = createClient({ providers, retry: false, fetch });
    const seen = [];
    for (const model of ["openai/gpt-4o", "anthropic/claude-haiku-5-5", "cohere/command-a-03-2025"]) {
      const events = [];
      for await (const { type, text } of client.stream({ model, messages: "say hello" })) events.push([type, text]);
      seen.push(events, (await client.chat({ model, messages: "say hello" })).text);
    }
    const error = await client.chat({ model: "openai/gpt-4o", messages: "slow down" }).catch((error) => error);
    seen.push([error.code, error.status, error.retryAfterMs, error.message]);
    return seen;
  };

  test("replays without it, with another key, event for event", async () => {
    const store = memory();
    const recording = cassette(store, "record");
    const recorded = await session(recording.fetch, apiKey);
    await recording.saved();
    assert.ok(recorded[0].filter(([type]) => type === "text-delta").length > 3);
    assert.ok(!store.text.includes(apiKey));
    // A client stops at the last event, and the end of the body is recorded all the same: other readers wait for it.
    assert.deepEqual(store.text.trim().split("\n").slice(1).map((line) => JSON.parse(line).response.end), Array(7).fill("done"));
    const tape = replayOf(store);
    assert.deepEqual(await session(tape.fetch, "any-other-key-1"), recorded);
    assert.deepEqual(tape.unmatched, []);
    // By somebody else's client, too.
    const openai = new OpenAI({ apiKey: "another-key-22", baseURL: `${mock.url}/v1`, fetch: replayOf(store).fetch, maxRetries: 0 });
    const refused = await openai.chat.completions.create({ model: "gpt-4o", messages: [{ role: "user", content: "say goodbye" }] }).catch((error) => error);
    assert.equal(refused.status, 400);
    assert.match(refused.message, /no recording of POST .*\/v1\/chat\/completions: of the 7 that it has, number \d is the closest, and differs in body\.messages\[0\]\.content: recorded "say hello", asked "say goodbye"/);
  });
});

describe("a recording", () => {
  test("has every byte and every chunk, whatever they are, and the times at which they came", async () => {
    const clock = virtualClock(1000);
    const chunks = [Uint8Array.from({ length: 256 }, (_, at) => at), new TextEncoder().encode("\ufeffü"), Uint8Array.of(0xf0, 0x9f), Uint8Array.of(0x8c, 0x8d), new TextEncoder().encode('"\\\u2028\r\n')];
    const live = async () => {
      await new Promise((resolve) => clock.setTimeout(resolve, 20));
      const list = chunks.values();
      const body = new ReadableStream({
        async pull(controller) {
          const { done, value } = list.next();
          if (done) return controller.close();
          await new Promise((resolve) => clock.setTimeout(resolve, 10));
          controller.enqueue(value);
        },
      });
      return new Response(body, { status: 201, statusText: "Made", headers: { "x-a": "b", "content-type": "application/octet-stream" } });
    };
    const store = memory();
    const reading = (async () => chunksOf(await cassette(store, "record", { fetch: live, clock }).fetch("https://x.example/a")))();
    await clock.advance(1000);
    const recorded = await reading;
    assert.equal(recorded.length, 5);
    const [head, line] = store.text.trim().split("\n").map((text) => JSON.parse(text));
    assert.deepEqual(head, { format: "modelwire cassette", version: 1 });
    assert.deepEqual([line.response.headMs, line.response.chunks.map(([atMs]) => atMs)], [20, [30, 40, 50, 60, 70]]);
    const response = await replayOf(store).fetch("https://x.example/a");
    assert.deepEqual([response.status, response.statusText, response.headers.get("x-a"), response.url], [201, "Made", "b", "https://x.example/a"]);
    assert.deepEqual(await chunksOf(response), recorded);
    // As slowly, if that is wanted.
    const times = [];
    const paced = (async () => {
      const start = clock.now();
      const slow = await replayOf(store, { paced: true, clock }).fetch("https://x.example/a");
      times.push(clock.now() - start);
      for (const reader = slow.body.getReader(); !(await reader.read()).done; ) times.push(clock.now() - start);
    })();
    await clock.advance(1000);
    await paced;
    assert.deepEqual(times, [20, 30, 40, 50, 60, 70]);
  });

  test("of what was compressed on its way is of what came out", async (t) => {
    const url = await serve(t, (request, response) => response.writeHead(200, { "content-encoding": "gzip", "content-type": "text/plain" }).end(gzipSync("hello ".repeat(1000))));
    const store = memory();
    for (const tape of [cassette(store, "record"), replayOf(store)]) {
      const response = await tape.fetch(url);
      assert.deepEqual([await response.text(), response.headers.get("content-encoding")], ["hello ".repeat(1000), null]);
    }
  });

  test("of the same request several times is given in order, and the last one again; at the same time, too", async () => {
    let count = 0;
    const held = [];
    const live = async () => {
      const number = ++count;
      // The first to be asked is the last to be answered.
      await new Promise((resolve) => (number <= 3 ? held.push(resolve) : resolve()));
      return new Response(`answer ${number}`, { status: number === 1 ? 429 : 200 });
    };
    const ask = async (tape) => (await tape.fetch("https://x.example/", { method: "POST", body: '{"a":1,"b":{"c":2,"d":3}}' })).text();
    const store = memory();
    const recording = cassette(store, "record", { fetch: live });
    const asked = [ask(recording), ask(recording), ask(recording)];
    while (held.length < 3) await new Promise(setImmediate);
    for (const release of held.reverse()) {
      release();
      await new Promise(setImmediate);
    }
    assert.deepEqual(await Promise.all(asked), ["answer 1", "answer 2", "answer 3"]);
    const tape = replayOf(store);
    assert.deepEqual(await Promise.all([ask(tape), ask(tape), ask(tape), ask(tape)]), ["answer 1", "answer 2", "answer 3", "answer 3"]);
    // JSON is the same in another order, and not with another value.
    const other = (body) => replayOf(store).fetch("https://x.example/", { method: "POST", body });
    assert.equal((await other('{ "b": {"d":3, "c":2}, "a": 1 }')).status, 429);
    assert.equal((await other('{"a":1,"b":{"c":2,"d":4}}')).status, 400);
  });

  test("in mode auto is added to, and what is in it does not go out", async () => {
    const sent = [];
    const live = async (url) => (sent.push(url), new Response(`live ${sent.length}`));
    const store = memory();
    const ask = async (tape, url) => (await tape.fetch(url)).text();
    const first = cassette(store, undefined, { fetch: live });
    // Within the session that records it, the same is asked again: what is tried again must not get the failure again.
    assert.deepEqual([await ask(first, "https://x.example/a"), await ask(first, "https://x.example/a")], ["live 1", "live 2"]);
    const second = cassette(store, "auto", { fetch: live });
    assert.deepEqual([await ask(second, "https://x.example/a"), await ask(second, "https://x.example/b"), await ask(second, "https://x.example/a")], ["live 1", "live 3", "live 2"]);
    assert.deepEqual(sent, ["https://x.example/a", "https://x.example/a", "https://x.example/b"]);
    assert.equal(await ask(replayOf(store), "https://x.example/b"), "live 3");
    // A new recording takes the place of the old one.
    await ask(cassette(store, "record", { fetch: live }), "https://x.example/c");
    assert.match((await (await replayOf(store).fetch("https://x.example/a")).json()).message, /of the 1 that it has/);
  });

  test("takes every kind of body, and forms whose boundary is another each time", async (t) => {
    const url = await serve(t, (request, response, body) => response.end(`${request.method} ${body.length}`));
    const form = () => {
      const made = new FormData();
      made.append("file", new Blob(["line\n"]), "a.jsonl");
      return made;
    };
    const stream = () => new Blob(["streamed"]).stream();
    const bodies = [
      () => [url, { method: "POST", body: form() }],
      () => [url, { method: "PUT", body: stream(), duplex: "half" }],
      () => [url, { method: "POST", body: new URLSearchParams({ a: "b" }) }],
      () => [url, { method: "POST", body: Uint8Array.of(0, 255, 254) }],
      () => [new Request(url, { method: "PATCH", body: "of a Request" })],
      () => [new URL("?q=1", url)],
    ];
    const store = memory();
    const recording = cassette(store, "record");
    const recorded = [];
    for (const body of bodies) recorded.push(await (await recording.fetch(...body())).text());
    assert.deepEqual(recorded.map((text) => text.split(" ")[0]), ["POST", "PUT", "POST", "POST", "PATCH", "GET"]);
    assert.equal(recorded[1], "PUT 8");
    const tape = replayOf(store);
    for (const [at, body] of bodies.entries()) assert.equal(await (await tape.fetch(...body())).text(), recorded[at]);
    assert.deepEqual(tape.unmatched, []);
  });

  test("ends as the body ended: broken, or where its reader stopped; and never hangs", async (t) => {
    const url = await serve(t, async (request, response) => {
      response.writeHead(200).write("one");
      if (request.url === "/broken") setTimeout(() => response.destroy(), 20);
      if (request.url === "/empty") response.end();
    });
    const store = memory();
    const recording = cassette(store, "record");
    await assert.rejects(async () => chunksOf(await recording.fetch(`${url}/broken`)));
    const reader = (await recording.fetch(`${url}/stopped`)).body.getReader();
    await reader.read();
    await reader.cancel();
    const controller = new AbortController();
    const aborted = (await recording.fetch(`${url}/aborted`, { signal: controller.signal })).body.getReader();
    await aborted.read();
    const reading = aborted.read();
    controller.abort();
    await assert.rejects(reading, { name: "AbortError" });
    await assert.rejects(recording.fetch("http://127.0.0.1:1/dead"));
    await assert.rejects(recording.fetch(url, { signal: AbortSignal.abort() }), { name: "AbortError" });
    await recording.saved();
    const lines = store.text.trim().split("\n").slice(1).map((line) => JSON.parse(line));
    assert.deepEqual(lines.map(({ response }) => response.end), ["broken", "cancelled", "cancelled"]);
    const tape = replayOf(store);
    for (const [path, says] of [["/broken", /./], ["/stopped", /stopped reading/]]) {
      const again = (await tape.fetch(`${url}${path}`)).body.getReader();
      assert.equal(Buffer.from((await again.read()).value).toString(), "one");
      await assert.rejects(again.read(), (error) => error instanceof TypeError && says.test(error.message));
    }
    const stopping = new AbortController();
    const replayed = (await tape.fetch(`${url}/aborted`, { signal: stopping.signal })).body.getReader();
    stopping.abort();
    await assert.rejects(replayed.read(), { name: "AbortError" });
  });

  test("that cannot be read or written says so", async () => {
    // [what is in the file, what is said]
    const files = [
      [null, /no recording of GET https:\/\/x\.example\/: it is empty/],
      ["not json", /line 1 of the cassette is not JSON/],
      ['{"log":{}}\n', /line 1 of the cassette does not say that it is one/],
      ['{"format":"modelwire cassette","version":2}\n', /line 1 of the cassette is of version 2/],
      ['{"format":"modelwire cassette","version":1}\n\n{"request":{"method":"GET","url":"https://x.example/"}}\n', /line 3 of the cassette is not an exchange/],
    ];
    for (const [text, says] of files) {
      const tape = replayOf(memory(text));
      assert.match((await (await tape.fetch("https://x.example/")).json()).message, says);
      assert.match(tape.unmatched[0], says);
    }
    const broken = { load: async () => { throw new Error("no such file"); } };
    assert.match((await (await replayOf(broken).fetch("https://x.example/")).json()).message, /could not be loaded: no such file/);
    const full = cassette({ load: async () => null, save: async () => { throw new Error("disk full"); } }, "record", { fetch: async () => new Response("x") });
    await assert.rejects((await full.fetch("https://x.example/")).text(), /could not be saved: Error: disk full/);
    await (await full.fetch("https://x.example/")).body.cancel();
    await assert.rejects(full.saved(), /could not be saved: Error: disk full/);
    assert.throws(() => cassette(memory(), "play"), TypeError);
  });
});

describe("no match", () => {
  const store = memory();
  before(async () => {
    const tape = cassette(store, "record", { fetch: async () => new Response("x") });
    const long = "x".repeat(300);
    await (await tape.fetch("https://x.example/v1/chat?api-version=1", { method: "POST", body: JSON.stringify({ model: "a", messages: [{ content: `${long} one ${long}` }], stream: true }) })).text();
    await (await tape.fetch("https://x.example/v1/models")).text();
  });
  const ask = async (...args) => (await (await replayOf(store).fetch(...args)).json()).message;
  const chat = (body, query = "?api-version=1") => ask(`https://x.example/v1/chat${query}`, { method: "POST", body: JSON.stringify(body) });

  test("names the closest and the first difference: a value, a member, the address, the method", async () => {
    const long = "x".repeat(300);
    const content = `${long} one ${long}`;
    assert.match(await chat({ model: "a", messages: [{ content: content.replace("one", "two") }], stream: true }), /of the 2 that it has, number 1 is the closest, and differs in body\.messages\[0\]\.content: recorded …x+ one x+…, asked …x+ two x+…$/);
    assert.match(await chat({ model: "a", messages: [{ content }] }), /body\.stream: recorded true, asked nothing$/);
    assert.match(await chat({ model: "a", messages: [{ content }, { content: "more" }], stream: true }), /body\.messages\[1\]: recorded nothing, asked \{"content":"more"\}$/);
    assert.match(await chat({ model: "a", messages: [{ content }], stream: true }, "?api-version=2"), /differs in url: recorded …\S*api-version=1", asked …\S*api-version=2"$/);
    assert.match(await ask("https://x.example/v1/models", { method: "POST" }), /number 2 is the closest, and differs in method: recorded "GET", asked "POST"$/);
  });

  test("fails a client's call at once, with all that in its message", async () => {
    const tape = replayOf(store);
    for (const kind of ["openai", "anthropic", "cohere", "openai-compatible"]) {
      const client = createClient({ providers: { mine: { kind, apiKey: "k", baseURL: "https://x.example" } }, fetch: tape.fetch });
      const error = await client.chat({ model: "mine/b", messages: "Hi" }).catch((error) => error);
      assert.ok(isLlmError(error, "invalid-request"), `${kind}: ${error}`);
      assert.match(error.message, /the cassette has no recording of POST .*is the closest/);
      assert.equal(error.attempts.length, 1);
    }
    assert.equal(tape.unmatched.length, 4);
  });
});

describe("keys", () => {
  const canary = "sk-canary/Pq8+7Zt=Jm3Ü";
  const ascii = "sk-canary-0Lk4Vb2Xc9Nm";
  const forms = [canary, ascii].flatMap((key) => [key, encodeURIComponent(key), Buffer.from(key).toString("base64"), JSON.stringify(key).slice(1, -1), JSON.stringify(key).slice(1, -1).replaceAll("/", "\\/"), key.slice(3, 15)]);
  const clean = (text, what) => forms.forEach((form) => assert.ok(!text.includes(form), `${what} holds ${form}: ${text.slice(0, 2000)}`));

  test("are in no recording, error, warning or log, wherever they were: headers, addresses, cookies, bodies that echo them, cut in two", async (t) => {
    const url = await serve(t, async (request, response, body) => {
      const { searchParams } = new URL(request.url, "http://x");
      const key = request.headers["x-api-key"] ?? request.headers["api-key"] ?? request.headers.authorization ?? searchParams.get("key") ?? "";
      const echo = JSON.stringify({ error: { message: `Incorrect API key provided: ${key}, ${ascii}, ${encodeURIComponent(ascii)}, ${Buffer.from(ascii).toString("base64")}`, type: "invalid_request_error" }, body });
      const headers = { "content-type": "application/json", "set-cookie": `session=${ascii}; HttpOnly`, "x-echo": ascii, "x-auth-token": ascii, location: `https://x.example/?token=${ascii}` };
      response.writeHead(401, headers);
      // In pieces of three bytes: no key is in one of them.
      for (let at = 0; at < echo.length; at += 3) {
        response.write(echo.slice(at, at + 3));
        if (at % 60 === 0) await new Promise(setImmediate);
      }
      response.end();
    });
    const store = memory();
    const log = [];
    const { warn, error: complain, log: print } = console;
    for (const name of ["warn", "error", "log"]) console[name] = (...args) => log.push(inspect(args, { depth: 9 }));
    t.after(() => Object.assign(console, { warn, error: complain, log: print }));
    const tape = cassette(store, "record", { secrets: ["a secret of the body 77"] });
    const providers = {
      openai: { apiKey: ascii, baseURL: `${url}/v1`, headers: { "x-custom-thing": `${ascii}` }, organization: "org-1" },
      anthropic: { apiKey: [ascii, async () => `${ascii}-2`], baseURL: url },
      azure: { endpoint: url, token: ascii },
      azureKey: { kind: "azure", endpoint: url, apiKey: ascii },
      cohere: { apiKey: ascii, baseURL: url },
      query: { kind: "openai-compatible", baseURL: `${url}/v1?key=${ascii}` },
      userinfo: { kind: "openai-compatible", baseURL: url.replace("//", `//user:${ascii}@`) },
    };
    const client = createClient({ providers, retry: false, fetch: tape.fetch });
    for (const name of Object.keys(providers)) {
      const messages = `my key is ${ascii}, and a secret of the body 77`;
      for (const ask of [() => client.chat({ model: `${name}/m`, messages }), () => client.stream({ model: `${name}/m`, messages }).text()]) {
        const error = await ask().catch((error) => error);
        assert.ok(isLlmError(error), String(error));
        // What a provider's answer echoes is masked in the message by the client itself; its body and cause are the answer's.
        clean(`${error.message} ${JSON.stringify({ ...error.toJSON(), body: null, message: "" })}`, `the error of ${name}`);
      }
    }
    // By hand, for what no provider does.
    const basic = `Basic ${Buffer.from(`user:${canary}`).toString("base64")}`;
    for (const [address, headers] of [
      [`${url}/a?key=${encodeURIComponent(canary)}&api_key=${ascii}&sig=${ascii}&safe=1`, {}],
      [`${url}/b`, { authorization: basic, cookie: `a=${ascii}; b=2` }],
      [`${url}/c`, { "x-api-key": ascii, "proxy-authorization": `Bearer ${ascii}`, "x-anything": ascii }],
      [`${url}/${ascii}/d`, { "api-key": ascii }],
    ]) {
      const asked = { method: "POST", headers, body: JSON.stringify({ headers, canary: headers.authorization ? canary : ascii }) };
      await (await tape.fetch(address, asked)).text();
    }
    await tape.saved();
    clean(store.text, "the recording");
    clean(JSON.stringify(tape), "the cassette as JSON");
    clean(inspect(tape, { depth: 9, showHidden: true }), "the cassette, inspected");
    clean(log.join("\n"), "the log");
    assert.ok(!store.text.includes("a secret of the body 77") && !/set-cookie|x-auth-token/.test(store.text));
    assert.ok(store.text.includes("safe=1") && store.text.includes("Incorrect API key provided"));
    // The search can fail: what is no secret is there.
    assert.throws(() => clean(`${store.text}${ascii}`, "a key"));
    // The chunks are as long as they were, and the answers are still JSON.
    for (const line of store.text.trim().split("\n").slice(1)) {
      const { response } = JSON.parse(line);
      JSON.parse(response.chunks.map(([, text]) => text).join(""));
    }
    // What has no recording is told without them.
    const replaying = replayOf(store);
    const refused = await (await replaying.fetch(`${url}/a?key=${ascii}&safe=2`, { method: "POST", headers: { "x-api-key": ascii }, body: `{"canary":"${ascii}"}` })).text();
    clean(`${refused}${replaying.unmatched}`, "the refusal");
    assert.match(refused, /no recording/);
  });

  test("that come to be known late are taken out of what was recorded before", async () => {
    const store = memory();
    const tape = cassette(store, "record", { fetch: async (url) => new Response(String(url).endsWith("/token") ? JSON.stringify({ access_token: ascii }) : "ok") });
    const { access_token } = await (await tape.fetch("https://x.example/token")).json();
    assert.equal(access_token, ascii, "who records gets what was sent");
    await (await tape.fetch("https://x.example/use", { headers: { authorization: `Bearer ${access_token}` } })).text();
    clean(store.text, "the recording");
    assert.match(store.text, /access_token/);
  });
});
