// What a gateway must withstand. Each is what somebody would try who has its address, or a token, or a provider in his hand.
import assert from "node:assert/strict";
import { connect } from "node:net";
import { describe, mock, test } from "node:test";
import { createClient } from "modelwire";
import { createGateway, pageTokens } from "modelwire/gateway";
import { mockProviders } from "modelwire/testing";
import { serve } from "../../examples/bun-or-node/serve.mjs";

const secret = "a secret of thirty-two characters";
const key = "sk-the-gateways-own-key-0123456789abcdef";
const internal = "https://llm.internal.corp:8443/v1";
const tokens = pageTokens(secret);
const model = "claude";
const messages = [{ role: "user", content: "Hi" }];

/** A gateway, what its provider was asked, and what its operator was told. `reply`: what the provider says, if not the mock. */
function made({ reply, ...options } = {}) {
  const asked = [];
  const told = [];
  const providers = mockProviders(["Hello"]);
  const client = createClient({
    providers: { anthropic: { apiKey: key, baseURL: internal.slice(0, -3) }, openai: { apiKey: key, api: "chat" } },
    models: { claude: "anthropic/claude-haiku-5-5", secretly: "openai/gpt-6-luna" },
    retry: false,
    fetch: async (url, init) => {
      asked.push({ url, headers: new Headers(init.headers), body: JSON.parse(Buffer.from(init.body)) });
      return reply ? reply(url, init) : providers.fetch(url, init);
    },
  });
  const gateway = createGateway(client, { authorize: tokens.authorize, allow: [model], onError: (error, detail) => told.push({ error, ...detail }), ...options });
  return { gateway, asked, told };
}

const mint = (more) => tokens.mint({ id: "somebody", expiresInSeconds: 600, ...more });
async function post(gateway, body, { token, path = "/v1/chat/completions", headers, ...init } = {}) {
  const request = new Request(`http://gateway${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${token ?? (await mint())}`, "content-type": "application/json", ...headers },
    body: typeof body === "string" || body instanceof ReadableStream || body instanceof Uint8Array ? body : JSON.stringify(body),
    duplex: "half",
    ...init,
  });
  const response = await gateway.fetch(request);
  const text = await response.text();
  let json = null;
  try {
    json = JSON.parse(text);
  } catch {}
  return { status: response.status, text, json, error: json?.error, headers: response.headers };
}
const chat = (more) => ({ model, messages, ...more });

/** Refused, in OpenAI's shape, and nobody was asked. */
function refused({ status, error }, asked, wanted, param) {
  assert.equal(status, wanted, JSON.stringify(error));
  assert.deepEqual(Object.keys(error), ["message", "type", "param", "code"]);
  if (param !== undefined) assert.equal(error.param, param);
  assert.deepEqual(asked, []);
}

describe("tokens", () => {
  test("none, another scheme, an empty one", async () => {
    const { gateway, asked } = made();
    for (const authorization of [null, "", "Bearer", "Bearer ", `Basic ${btoa("a:b")}`, `bearer`, "Bearer null", "Bearer undefined", "Bearer mw1...", `Bearer ${"a".repeat(100_000)}`]) {
      const headers = { "content-type": "application/json", ...(authorization !== null && { authorization }) };
      const response = await gateway.fetch(new Request("http://gateway/v1/chat/completions", { method: "POST", headers, body: JSON.stringify(chat()) }));
      refused({ status: response.status, error: (await response.json()).error }, asked, 401);
    }
  });

  test("an expired one", async () => {
    const { gateway, asked } = made();
    const token = await mint({ expiresInSeconds: 60 });
    assert.equal((await post(gateway, chat(), { token })).status, 200);
    mock.timers.enable({ apis: ["Date"], now: Date.now() + 60_001 });
    try {
      asked.length = 0;
      refused(await post(gateway, chat(), { token }), asked, 401);
    } finally {
      mock.timers.reset();
    }
  });

  test("a tampered one: any character changed, cut, added, doubled", async () => {
    const token = await mint();
    const good = (text) => tokens.authorize(new Request("http://g/", { headers: { authorization: `Bearer ${text}` } }));
    assert.equal((await good(token)).id, "somebody");
    const others = [];
    for (let at = 0; at < token.length; at++) {
      const other = token[at] === "A" ? "B" : "A";
      others.push(token.slice(0, at) + other + token.slice(at + 1), token.slice(0, at), token.slice(0, at) + token[at] + token.slice(at));
    }
    others.push(`${token}=`, `${token}.`, `.${token}`, token.toLowerCase(), token.replace("mw1", "mw2"));
    for (const other of others) assert.equal(await good(other), null, other);
  });

  test("another algorithm: none of them is asked for, and none is accepted", async () => {
    const { gateway, asked } = made();
    const claims = (await mint()).split(".")[2];
    const encode = (bytes) => Buffer.from(bytes).toString("base64url");
    const forged = [`mw1.0.${claims}.`, `mw1.0.${claims}`, `${encode('{"alg":"none"}')}.${claims}.`, `${encode('{"alg":"HS256","typ":"JWT"}')}.${claims}.${encode("x")}`];
    for (const hash of ["SHA-1", "SHA-384", "SHA-512"]) {
      const other = await crypto.subtle.importKey("raw", Buffer.from(secret), { name: "HMAC", hash }, false, ["sign"]);
      forged.push(`mw1.0.${claims}.${encode(await crypto.subtle.sign("HMAC", other, Buffer.from(`mw1.0.${claims}`)))}`);
    }
    forged.push(`mw1.0.${claims}.${encode(await crypto.subtle.digest("SHA-256", Buffer.from(`mw1.0.${claims}`)))}`);
    for (const token of forged) refused(await post(gateway, chat(), { token }), asked, 401);
  });

  test("the scope of another one", async () => {
    const { gateway, asked } = made({ allow: [model, "secretly"] });
    const [wide, narrow] = await Promise.all([mint({ allow: [model, "secretly"] }), mint({ allow: [model] })]);
    const [head, id, claims] = wide.split(".");
    refused(await post(gateway, chat({ model: "secretly" }), { token: [head, id, claims, narrow.split(".")[3]].join(".") }), asked, 401);
    refused(await post(gateway, chat({ model: "secretly" }), { token: narrow }), asked, 404, "model");
    assert.equal((await post(gateway, chat(), { token: narrow })).status, 200);
    const more = await made().gateway.fetch(new Request("http://gateway/v1/models", { headers: { authorization: `Bearer ${wide}` } }));
    assert.deepEqual((await more.json()).data.map((one) => one.id), [model], "a token never widens the gateway's list");
  });

  test("keys are rotated by their ids: the old one holds until it is taken out, and a name is no key", async () => {
    const [old, fresh] = ["the old secret of 32 characters ...", "the new secret of 32 characters ..."];
    const before = pageTokens({ current: "2025", keys: { 2025: old } });
    const during = pageTokens({ current: "2026", keys: { 2025: old, 2026: fresh } });
    const afterwards = pageTokens({ current: "2026", keys: { 2026: fresh } });
    const asked = (token) => new Request("http://g/", { headers: { authorization: `Bearer ${token}` } });
    const token = await before.mint({ id: "a", expiresInSeconds: 60 });
    assert.equal((await during.authorize(asked(token))).id, "a");
    assert.equal(await afterwards.authorize(asked(token)), null);
    assert.equal((await afterwards.authorize(asked(await during.mint({ id: "b", expiresInSeconds: 60 })))).id, "b");
    for (const id of ["__proto__", "constructor", "2024", ""]) assert.equal(await during.authorize(asked(token.replace(".2025.", `.${id}.`))), null);
  });

  test("what a token cannot hold is not minted, and a secret that can be guessed is none", async () => {
    for (const caller of [{ id: "" }, { id: 7 }, { id: "a", expiresInSeconds: 0 }, { id: "a", budget: { usd: 1, scope: "client" } }, { id: "a", admin: true }, { id: "a", allow: "all" }, { id: "a", limits: { scope: {} } }, { id: "a".repeat(257) }, { id: "a", tags: { a: "x".repeat(9000) } }]) {
      await assert.rejects(tokens.mint({ expiresInSeconds: 60, ...caller }), TypeError, JSON.stringify(caller));
    }
    for (const wrong of ["", "short", undefined, null, {}, { current: "a", keys: {} }, { current: "a", keys: { a: "short" } }, { current: "b", keys: { a: secret } }, { current: "a.b", keys: { "a.b": secret } }]) {
      assert.throws(() => pageTokens(wrong), TypeError, JSON.stringify(wrong));
    }
  });
});

describe("requests", () => {
  test("a model that is not allowed, in the same words whether it exists or not", async () => {
    const { gateway, asked } = made();
    const messages = [];
    for (const other of ["secretly", "openai/gpt-6-luna", "anthropic/claude-haiku-5-5", "nothing", "__proto__", "claude ", "CLAUDE", "constructor"]) {
      const result = await post(gateway, chat({ model: other }));
      refused(result, asked, 404, "model");
      messages.push(result.error.message.replace(other, ""));
    }
    assert.equal(new Set(messages).size, 1);
    for (const wrong of [[model], { model }, 7, "", null]) assert.ok([400, 404].includes((await post(gateway, chat({ model: wrong }))).status));
    refused(await post(gateway, { model: "cohere/embed-v4.0", input: "a" }, { path: "/v1/embeddings" }), asked, 404, "model");
  });

  test("a body that is too large, by its length and without one; one byte less is read", async () => {
    const { gateway, asked } = made({ maxBodyBytes: 1000 });
    const body = (length) => JSON.stringify(chat({ messages: [{ role: "user", content: "a".repeat(length) }] }));
    const most = 1000 - body(0).length;
    assert.equal((await post(gateway, body(most))).status, 200);
    asked.length = 0;
    refused(await post(gateway, body(most + 1), { headers: { "content-length": "1001" } }), asked, 413);
    let pulled = 0;
    const endless = new ReadableStream({ pull: (controller) => void (pulled++, controller.enqueue(new Uint8Array(400).fill(32))) }, { highWaterMark: 0 });
    refused(await post(gateway, endless), asked, 413);
    assert.ok(pulled <= 4, "it stopped reading");
    assert.equal((await post(made().gateway, JSON.stringify(chat({ messages: [{ role: "user", content: "a".repeat(4 * 1024 * 1024) }] })))).status, 413, "by default 4 MiB");
  });

  test("a body that does not come", async () => {
    const { gateway, asked } = made({ bodyTimeoutMs: 50 });
    let cancelled = false;
    const slow = new ReadableStream({
      start: (controller) => controller.enqueue(new TextEncoder().encode('{"model":')),
      pull: () => new Promise(() => {}),
      cancel: () => void (cancelled = true),
    });
    refused(await post(gateway, slow), asked, 408);
    assert.ok(cancelled);
    const broken = new ReadableStream({ pull: (controller) => controller.error(new Error("gone")) });
    refused(await post(gateway, broken), asked, 400);
  });

  test("ten thousand messages, and no number of them that is not one", async () => {
    const { gateway, asked } = made();
    refused(await post(gateway, chat({ messages: Array(10_000).fill(messages[0]) })), asked, 400, "messages");
    for (const wrong of [[], {}, "Hi", null, 7, [null], [[]], ["Hi"]]) assert.equal((await post(gateway, chat({ messages: wrong }))).status, 400);
    assert.deepEqual(asked, []);
  });

  test("headers: none of the caller's reaches the provider, and of those that say who asks none can be listed", async () => {
    const evil = { host: "evil.example", "x-api-key": "sk-evil", "api-key": "sk-evil", forwarded: "for=evil", "x-forwarded-for": "evil", "x-forwarded-host": "evil.example", cookie: "a=evil", "anthropic-beta": "evil", "x-real-ip": "evil", "proxy-authorization": "evil", "user-agent": "evil", "openai-organization": "evil", "idempotency-key": "evil", "x-stainless-os": "evil" };
    const { gateway, asked } = made({ forwardHeaders: ["X-Trace"] });
    assert.equal((await post(gateway, chat(), { headers: { ...evil, "x-trace": "abc" } })).status, 200);
    const [{ headers, url }] = asked;
    assert.equal(new URL(url).origin, new URL(internal).origin);
    assert.equal(headers.get("x-api-key"), key);
    assert.equal(headers.get("x-trace"), "abc");
    for (const [name, value] of headers) assert.ok(!value.includes("evil") && !value.includes("mw1."), `${name}: ${value}`);
    for (const name of ["authorization", "Authorization", "host", "cookie", "x-api-key", "api-key", "forwarded", "x-forwarded-for", "proxy-authorization", "content-length", "transfer-encoding", "connection", "ocp-apim-subscription-key", "a\r\nb", ""]) {
      assert.throws(() => made({ forwardHeaders: [name] }), TypeError, name);
    }
  });

  test("line breaks in values end up in no header", async () => {
    const { gateway, asked } = made({ forwardHeaders: ["x-trace"] });
    const crlf = "a\r\nx-injected: 1";
    refused(await post(gateway, chat({ model: crlf })), asked, 404);
    const { status, headers } = await post(gateway, chat({ user: crlf, metadata: { [`k${crlf}`]: crlf }, messages: [{ role: "user", content: crlf, name: crlf }], stop: crlf }));
    assert.equal(status, 200);
    for (const all of [headers, asked[0].headers]) assert.ok(![...all].some(([name]) => name === "x-injected"));
    // No Headers object lets one through: this is a runtime that would.
    asked.length = 0;
    const request = new Request("http://gateway/v1/chat/completions", { method: "POST", body: JSON.stringify(chat()), headers: { authorization: `Bearer ${await mint()}`, "content-type": "application/json" } });
    const { get } = request.headers;
    request.headers.get = function (name) {
      return name === "x-trace" ? crlf : get.call(this, name);
    };
    const response = await gateway.fetch(request);
    refused({ status: response.status, error: (await response.json()).error }, asked, 400);
  });

  test("a request smuggled in another's body is a body", async () => {
    const { gateway, asked } = made();
    const { url, close } = await serve(gateway.fetch, 0);
    try {
      const token = await mint();
      const socket = connect(new URL(url).port, "localhost");
      const smuggled = "POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\n\r\n";
      socket.write(`POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${token}\r\ncontent-type: application/json\r\ncontent-length: ${smuggled.length}\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`);
      let text = "";
      for await (const piece of socket) text += piece;
      assert.match(text, /^HTTP\/1.1 400/);
      assert.deepEqual(asked, []);
    } finally {
      close();
    }
  });

  test("tricks with paths and methods", async () => {
    const { gateway, asked } = made({ basePath: "/ai" });
    assert.equal((await post(gateway, chat(), { path: "/ai/v1/chat/completions" })).status, 200);
    asked.length = 0;
    for (const path of ["/v1/chat/completions", "//ai/v1/chat/completions", "/ai//v1/chat/completions", "/ai/v1/chat/completions/", "/AI/v1/chat/completions", "/ai%2Fv1%2Fchat%2Fcompletions", "/aiv1/chat/completions", "/ai/v1/chat%2fcompletions", "/ai/v1/chat/completions;a", "/ai/v1/../../etc/passwd", "/v1/responses", "/ai/v1/responses/", "/ai/v1/responses/resp_1", "/ai/", "/", "/ai/v1/models/%ff", "/ai/__proto__", "/ai/constructor"]) {
      const result = await post(gateway, chat(), { path });
      assert.ok([404, 405].includes(result.status), `${path}: ${result.status}`);
      assert.ok(result.error.message);
      assert.equal((await post(gateway, chat(), { path, token: "wrong" })).status, 401, `${path}: nothing is told to strangers`);
    }
    for (const method of ["PUT", "DELETE", "PATCH"]) refused(await post(gateway, chat(), { path: "/ai/v1/chat/completions", method }), asked, 405);
    for (const path of ["ai", "/ai/", "/a b", "/../x?", "//"]) assert.throws(() => made({ basePath: path }), TypeError);
  });

  test("names that are prototypes' are names", async () => {
    const { gateway, asked } = made();
    const polluted = '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}';
    const body = (field) => JSON.stringify(chat()).slice(0, -1) + `,${field}}`;
    for (const field of ['"__proto__":{"stream":true}', '"constructor":{}', `"tools":[{"type":"function","function":${polluted}}]`, `"response_format":${polluted}`, `"tool_choice":${polluted}`, `"stream_options":${polluted}`, `"prototype":1`]) {
      assert.equal((await post(gateway, body(field))).status, 400, field);
    }
    assert.deepEqual(asked, []);
    assert.equal((await post(gateway, `{"__proto__":{"model":"claude","messages":[{"role":"user","content":"Hi"}]}}`)).status, 400, "nothing is inherited");
    const schema = `{"type":"object","properties":{"__proto__":{"type":"string"},"constructor":{"type":"string"}},"__proto__":{"polluted":1}}`;
    const { status } = await post(gateway, body(`"tools":[{"type":"function","function":{"name":"f","parameters":${schema}}}],"metadata":{"__proto__":"a","constructor":"b"}`));
    assert.equal(status, 200);
    assert.equal({}.polluted, undefined);
    assert.equal(Object.prototype.stream, undefined);
  });

  test("what only this package's own side may say cannot be said from outside", async () => {
    const { gateway, asked } = made();
    for (const field of ["$caller", "$handle", "headers", "providerOptions", "baseURL", "base_url", "api_key", "timeout", "retry", "budget", "tags", "cache", "fallbacks", "extra_body", "maxToolRounds", "context", "system"]) {
      refused(await post(gateway, chat({ [field]: { id: "root", usd: 1e6 } })), asked, 400, field);
    }
    for (const [tool, param] of [[{ run: 1 }, "tools[0].run"], [{ function: { name: "f", run: 1 } }, "tools[0].function.run"], [{ function: { name: "f", parameters: { "~standard": { vendor: "valibot" } } } }, "tools[0].function.parameters"]]) {
      refused(await post(gateway, chat({ tools: [{ type: "function", function: { name: "f" }, ...tool }] })), asked, 400, param);
    }
    const schema = { type: "object", properties: { a: { type: "string" } }, $handle: 1 };
    assert.equal((await post(gateway, chat({ response_format: { type: "json_schema", json_schema: { name: "x", schema } } }))).status, 200);
  });

  test("addresses: only of pictures, only https, and nobody here goes there", async () => {
    const { gateway, asked } = made();
    const picture = (url) => chat({ messages: [{ role: "user", content: [{ type: "image_url", image_url: { url } }] }] });
    for (const url of ["http://169.254.169.254/latest/meta-data/", "http://localhost:11434/", "file:///etc/passwd", "ftp://a/b", "gopher://a", "//evil.example/a.png", "/etc/passwd", "blob:https://a/b", "javascript:alert(1)", "data:text/html,<script>", "", " https://a.example/a.png"]) {
      refused(await post(gateway, picture(url)), asked, 400, "messages[0].content[0].image_url.url");
    }
    assert.equal((await post(gateway, picture("https://pictures.example/a.png"))).status, 200);
    assert.deepEqual(asked.map(({ url }) => new URL(url).host), [new URL(internal).host], "the provider was told of it, and nobody else was asked");
    asked.length = 0;
    const file = (file) => chat({ messages: [{ role: "user", content: [{ type: "file", file }] }] });
    refused(await post(gateway, file({ file_id: "file-1" })), asked, 400, "messages[0].content[0].file.file_id");
    refused(await post(gateway, file({ file_data: "https://a.example/a.pdf" })), asked, 400, "messages[0].content[0].file.file_data");
  });

  test("a body that is no JSON, too deep, not UTF-8, or another page's form", async () => {
    const { gateway, asked } = made();
    for (const body of ["", "{", "[]", "null", '"a"', "NaN", `${JSON.stringify(chat())}x`, new Uint8Array([0x7b, 0xff, 0x7d])]) refused(await post(gateway, body), asked, 400);
    refused(await post(gateway, `{"model":"claude","messages":${"[".repeat(200_000)}`), asked, 400);
    refused(await post(gateway, `{"a":${'{"a":'.repeat(500)}1${"}".repeat(501)}`), asked, 400);
    assert.equal((await post(gateway, chat({ messages: [{ role: "user", content: `${'\\"['.repeat(500)}` }] }))).status, 200, "brackets in a text are no depth");
    asked.length = 0;
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=a", "", "application/jsonx"]) refused(await post(gateway, chat(), { headers: { "content-type": type } }), asked, 415);
  });

  test("a pattern that takes for ever is not run", async () => {
    const { gateway } = made({ reply: (url, init) => mockProviders([`{"a":"${"a".repeat(60)}!"}`]).fetch(url, init) });
    const schema = { type: "object", properties: { a: { type: "string", pattern: "^(a+)+$" } }, required: ["a"], additionalProperties: false };
    const { status, json } = await post(gateway, chat({ response_format: { type: "json_schema", json_schema: { name: "x", schema } } }));
    assert.equal(status, 200);
    assert.match(json.choices[0].message.content, /!/);
  });

  test("tokens: more than the gateway gives", async () => {
    const { gateway, asked } = made({ maxTokens: 100 });
    refused(await post(gateway, chat({ max_tokens: 101 })), asked, 400, "max_tokens");
    refused(await post(gateway, chat({ max_completion_tokens: 1e9 })), asked, 400, "max_completion_tokens");
    await post(gateway, chat());
    assert.equal(asked[0].body.max_tokens, 100, "who asks for nothing gets no more");
  });

  test("pages of other origins", async () => {
    const { gateway } = made({ cors: { origins: ["https://page.example"] } });
    const preflight = (origin) => gateway.fetch(new Request("http://gateway/v1/chat/completions", { method: "OPTIONS", headers: { origin, "access-control-request-method": "POST", "access-control-request-headers": "authorization, content-type, x-stainless-os, x bad" } }));
    const good = await preflight("https://page.example");
    assert.deepEqual([good.status, good.headers.get("access-control-allow-origin"), good.headers.get("access-control-allow-headers")], [204, "https://page.example", "authorization, content-type, x-stainless-os"]);
    for (const origin of ["https://evil.example", "https://page.example.evil.example", "http://page.example", "null", "https://page.example:8443"]) {
      const bad = await preflight(origin);
      assert.deepEqual([bad.status, bad.headers.get("access-control-allow-origin")], [403, null], origin);
      assert.equal((await post(gateway, chat(), { headers: { origin } })).headers.get("access-control-allow-origin"), null);
    }
    const answer = await post(gateway, chat(), { headers: { origin: "https://page.example" } });
    assert.equal(answer.headers.get("access-control-allow-origin"), "https://page.example");
    assert.match(answer.headers.get("access-control-expose-headers"), /x-modelwire-cost-usd/);
    assert.equal((await post(made().gateway, chat(), { headers: { origin: "https://page.example" } })).headers.get("access-control-allow-origin"), null, "without cors, none");
    for (const origins of [["page.example"], ["https://page.example/"], ["*"], "https://page.example", [""]]) assert.throws(() => made({ cors: { origins } }), TypeError);
  });
});

describe("providers", () => {
  const html = () => new Response(`<html>${internal} ${key}</html>`, { headers: { "content-type": "text/html" } });
  const says = (status, body) => () => new Response(typeof body === "string" ? body : JSON.stringify(body), { status, headers: { "content-type": "application/json", "request-id": "r" } });
  const leaks = `Incorrect API key provided: ${key}. See ${internal}/account?org=org-internal`;
  const failing = {
    "a redirect": [() => new Response(null, { status: 302, headers: { location: `${internal}/login?key=${key}` } }), 500],
    "HTML with a 200": [html, 502],
    "HTML with a 500": [() => new Response(`<html>${internal} ${key}</html>`, { status: 500 }), 502],
    "the key in a 401": [says(401, { type: "error", error: { type: "authentication_error", message: leaks } }), 502],
    "the key in a 403": [says(403, { type: "error", error: { type: "permission_error", message: leaks } }), 502],
    "an internal address in a 400": [says(400, { type: "error", error: { type: "invalid_request_error", message: leaks } }), 400],
    "an internal address in a 404": [says(404, { type: "error", error: { type: "not_found_error", message: leaks } }), 404],
    "the account in a 429": [says(429, { type: "error", error: { type: "rate_limit_error", message: leaks } }), 429],
    "an empty account": [says(400, { type: "error", error: { type: "invalid_request_error", message: `Your credit balance is too low. ${leaks}` } }), 503],
    "a network that says where": [() => Promise.reject(new TypeError(`connect ECONNREFUSED ${internal} ${key}`)), 502],
    "half of an answer": [says(200, '{"id":"msg_1","type":"message"'), 502],
    "the key in an error of a stream": [() => new Response(`event: error\ndata: ${JSON.stringify({ type: "error", error: { type: "invalid_request_error", message: leaks } })}\n\n`, { headers: { "content-type": "text/event-stream" } }), 400],
  };
  for (const [name, [reply, wanted]] of Object.entries(failing)) {
    test(`${name} is told in words that give nothing away`, async () => {
      for (const stream of [false, true]) {
        if (name.endsWith("stream") && !stream) continue;
        const { gateway, told } = made({ reply });
        const { status, text, error, headers } = await post(gateway, chat({ stream }));
        assert.equal(status, wanted, text);
        assert.deepEqual(Object.keys(error), ["message", "type", "param", "code"]);
        // Its id is random, and may have any four digits.
        const all = text + JSON.stringify([...headers].filter(([name]) => name !== "x-request-id"));
        for (const secretly of [key, key.slice(-8), "internal", "org-", "8443", "ECONN", "html"]) assert.ok(!all.includes(secretly), `${secretly} in ${all}`);
        if (status >= 500) {
          assert.equal(told.length, 1, "its operator hears of it");
          assert.equal(told[0].callerId, "somebody");
          assert.equal(told[0].requestId, headers.get("x-request-id"));
          assert.ok(!JSON.stringify([told, told[0].error.message]).includes(key), "without the key, too");
        }
      }
    });
  }

  test("an error after the first delta is the stream's last event, in the same words", async () => {
    const start = { type: "message_start", message: { id: "msg_1", type: "message", role: "assistant", model: "m", content: [], stop_reason: null, usage: { input_tokens: 1, output_tokens: 1 } } };
    const events = [start, { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } }, { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "Hel" } }, { type: "error", error: { type: "overloaded_error", message: leaks } }];
    const body = events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join("");
    const { gateway, told } = made({ reply: () => new Response(body, { headers: { "content-type": "text/event-stream" } }) });
    const { status, text } = await post(gateway, chat({ stream: true }));
    assert.equal(status, 200);
    const data = text.trim().split("\n\n").map((line) => JSON.parse(line.slice(6)));
    assert.equal(data[1].choices[0].delta.content, "Hel");
    assert.deepEqual(data.at(-1).error, { message: "the model's provider is overloaded: try again later", type: "server_error", param: null, code: "overloaded" });
    assert.ok(!text.includes(key) && !text.includes("internal") && !text.includes("[DONE]"));
    assert.equal(told.length, 1);
  });
});

describe("the gateway itself", () => {
  test("is not made without somebody who authorizes, nor with options that are wrong or unknown", () => {
    for (const wrong of [{ authorize: undefined }, { authorize: "none" }, { allow: [] }, { allow: undefined }, { allow: [""] }, { allow: "all" }, { maxBodyBytes: 0 }, { maxMessages: -1 }, { timeoutMs: Infinity }, { timeout: 1 }, { store: {} }, { onError: 1 }]) {
      assert.throws(() => made(wrong), TypeError, JSON.stringify(wrong));
    }
    assert.throws(() => createGateway({}, { authorize: () => null, allow: ["a"] }), TypeError);
    assert.throws(() => createGateway(createClient({ providers: {} })), TypeError);
  });

  test("an authorize that throws, or gives what is no caller, lets nobody in", async () => {
    for (const authorize of [() => Promise.reject(new Error(`database ${internal} ${key}`)), () => undefined, () => ({}), () => true, () => "me", () => ({ id: "" }), () => ({ id: "a", allow: "all" }), () => ({ id: "a", budget: { usd: 1, scope: "client" } })]) {
      const { gateway, asked, told } = made({ authorize });
      const result = await post(gateway, chat());
      refused(result, asked, 500);
      assert.equal(told.length, 1);
      assert.ok(!result.text.includes("internal"));
    }
  });
});
