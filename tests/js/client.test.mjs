// createClient, chat, check, close, and the errors that they give.
import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import test, { describe } from "node:test";
import vm from "node:vm";
import { createClient, isLlmError, LlmError } from "modelwire";
import { answer, ask, client, countedSignal, macrotask, respond, scripted, text } from "./wire.mjs";

const json = (body, init) => () => Response.json(body, init);
const whole = { id: "c1", model: "m", choices: [{ index: 0, message: { role: "assistant", content: "Hello" }, finish_reason: "stop" }], usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 } };
const hangs = () => new Promise(() => {});

describe("createClient", () => {
  const provider = (more) => ({ providers: { openai: { apiKey: "k", ...more } } });
  const wrong = {
    "the options": undefined,
    providers: {},
    "providers.openai": { providers: { openai: "sk-…" } },
    "providers.openai.apiKey": provider({ apiKey: 5 }),
    "providers.openai.token": provider({ token: {} }),
    "providers.openai.baseURL": provider({ baseURL: new URL("http://x") }),
    "providers.openai.headers": provider({ headers: "x" }),
    "providers.openai.beta": provider({ beta: "x" }),
    defaultModel: { ...provider(), defaultModel: 1 },
    fetch: { ...provider(), fetch: {} },
    clock: { ...provider(), clock: 1 },
    "clock.setTimeout": { ...provider(), clock: { now: Date.now, clearTimeout } },
  };
  for (const [name, options] of Object.entries(wrong)) {
    test(`throws a TypeError that names ${name}`, () => {
      assert.throws(() => createClient(options), (error) => error instanceof TypeError && error.message.startsWith(`${name} must be `) && !error.message.includes("sk-"));
    });
  }
  test("everything else rejects the call", async () => {
    const options = [
      [{ providers: { nobody: {} } }, "config", /providers\.nobody/],
      [{ providers: {}, unknown: 1 }, "config", /unknown/],
      [{ ...provider(), retry: { maxAttempts: 0 } }, "config", /retry\.maxAttempts must be a whole number of at least 1/],
      [{ ...provider(), retry: { attempts: 3 } }, "config", /retry\.attempts is not known/],
      [{ ...provider(), timeout: { totalMs: -1 } }, "config", /timeout\.totalMs must be at least 1/],
      [{ ...provider(), fallback: { order: "best" } }, "config", /fallback\.order must be one of/],
      [{ ...provider(), limits: { openai: { scope: "tab" } } }, "config", /limits\.openai\.scope must be/],
      [{ ...provider(), limits: { openai: { requestsPerMinute: 0 } } }, "config", /limits\.openai\.requestsPerMinute must be more than 0/],
      [{ ...provider(), limits: { openai: { maxConcurrent: 1, scope: { update() {} } } } }, "config", /limits\.openai\.maxConcurrent/],
      [{ ...provider(), catalog: { m: {} } }, "config", /catalog\.m: a model is named/],
      [{ ...provider(), cache: { ttl: 5 } }, "config", /cache\.ttl is not known/],
      [{ ...provider(), store: "indexeddb" }, "unsupported", /store "indexeddb" is for pages/],
      [provider({ apiKey: [] }), "missing-key", /providers\.openai\.apiKey/],
    ];
    for (const [given, code, message] of options) {
      const made = createClient({ ...given, fetch: hangs });
      for (const call of [() => made.chat(ask()), () => made.stream(ask()).text()]) {
        await assert.rejects(call, (error) => isLlmError(error, code) && message.test(error.message), `${code} ${message}`);
      }
      const { ok, error } = await made.check("openai");
      assert.deepEqual([ok, error.code], [false, code]);
    }
  });
  test("false asks for nothing, and null is absent", async () => {
    const { fetch } = scripted(json(whole));
    const made = createClient({ providers: { openai: { apiKey: "k", baseURL: null } }, retry: false, cache: false, defaultModel: null, fetch });
    assert.equal((await made.chat(ask({ retry: false, signal: null }))).text, "Hello");
  });
});

describe("keys", () => {
  const keyOf = ({ init }) => init.headers.authorization;
  const asked = async (apiKey) => {
    const { fetch, calls } = scripted(json(whole));
    const made = createClient({ providers: { openai: { apiKey } }, fetch });
    await made.chat(ask());
    await made.chat(ask());
    return calls.map(keyOf);
  };
  test("a string, a function, an async function, and a list of one", async () => {
    let count = 0;
    assert.deepEqual(await asked("k"), ["Bearer k", "Bearer k"]);
    assert.deepEqual(await asked(() => `k${++count}`), ["Bearer k1", "Bearer k2"]);
    assert.deepEqual(await asked(async () => `k${++count}`), ["Bearer k3", "Bearer k4"]);
    assert.deepEqual(await asked(["k"]), ["Bearer k", "Bearer k"]);
  });
  test("a function that throws, or gives no string, is a missing key", async () => {
    const bad = [
      [() => { throw new Error("no vault"); }, /providers\.openai\.apiKey.*no vault/],
      [async () => { throw "no vault"; }, /providers\.openai\.apiKey.*no vault/],
      [() => 5, /openai/],
      [() => undefined, /openai/],
    ];
    for (const [apiKey, message] of bad) await assert.rejects(asked(apiKey), (error) => isLlmError(error, "missing-key") && message.test(error.message));
  });
  test("no error, not even that of a server which repeats it, holds the key", async () => {
    const { fetch } = scripted(json({ error: { message: "bad key sk-secret-123", code: "invalid_api_key" } }, { status: 401 }));
    const made = createClient({ providers: { openai: { apiKey: "sk-secret-123" } }, fetch });
    const error = await made.chat(ask()).catch((error) => error);
    assert.equal(error.code, "authentication");
    for (const shown of [error.message, JSON.stringify(error), String(error.stack)]) assert.doesNotMatch(shown, /sk-secret-123/);
  });
});

describe("fetch", () => {
  test("the injected one is called without a this, with a string", async () => {
    const seen = [];
    const made = createClient({ providers: { openai: { apiKey: "k" } }, async fetch(url) {
      seen.push(this, typeof url);
      return Response.json(whole);
    } });
    await made.chat(ask());
    assert.deepEqual(seen, [undefined, "string"]);
  });
  test("the global one is looked up at each call", async () => {
    const made = createClient({ providers: { openai: { apiKey: "k" } } });
    const original = globalThis.fetch;
    try {
      globalThis.fetch = async () => Response.json(whole);
      assert.equal((await made.chat(ask())).text, "Hello");
    } finally {
      globalThis.fetch = original;
    }
  });
  test("whatever it throws or gives, the call rejects with an LlmError", async () => {
    const bad = [() => { throw "a string"; }, () => { throw null; }, () => undefined, () => ({}), () => 5, async () => { throw new TypeError("fetch failed", { cause: new Error("ECONNREFUSED") }); }];
    for (const reply of bad) {
      const { client: made } = client(reply);
      await assert.rejects(made.chat(ask()), isLlmError);
      await assert.rejects(made.stream(ask()).text(), isLlmError);
    }
  });
});

describe("chat", () => {
  test("gives plain data; output and a missing input are undefined", async () => {
    const calls = [{ id: "t", type: "function", function: { name: "f", arguments: "{" } }];
    const { client: made } = client(json({ ...whole, choices: [{ index: 0, message: { role: "assistant", tool_calls: calls }, finish_reason: "tool_calls" }] }));
    const response = await made.chat(ask());
    assert.ok("output" in response && "input" in response.toolCalls[0] && "input" in response.message.content[0]);
    assert.equal(response.toolCalls[0].input, undefined);
    assert.equal(Object.getPrototypeOf(response), Object.prototype);
    assert.equal(response.raw.id, "c1");
  });
  test("a request that contains itself, or something that is no data, is an error", async () => {
    const { client: made } = client(json(whole));
    const cycle = {};
    cycle.self = cycle;
    for (const more of [{ providerOptions: { openai: cycle } }, { messages: [{ role: "user", content: () => {} }] }, { messages: Symbol("x") }]) {
      await assert.rejects(made.chat(ask(more)), isLlmError);
    }
  });
  test("the caller's objects are left as they are", async () => {
    const { client: made } = client(json(whole));
    const request = Object.freeze(ask({ messages: Object.freeze([Object.freeze({ role: "user", content: "x" })]), tools: Object.freeze([Object.freeze({ name: "f" })]) }));
    assert.equal((await made.chat(request)).text, "Hello");
  });
  test("its methods work without the client", async () => {
    const { chat, stream } = client(json(whole), [answer("a")]).client;
    assert.equal((await chat(ask())).text, "Hello");
    assert.equal(await stream(ask()).text(), "a");
  });
});

describe("abort of chat", () => {
  test("rejects before the next macrotask, stops the request, leaves no listener", async () => {
    const { client: made, calls } = client(hangs);
    const { signal, abort, listeners } = countedSignal();
    const end = made.chat(ask({ signal }));
    end.catch(() => {});
    while (!calls.length) await macrotask();
    assert.equal(listeners(), 1);
    abort(new Error("too slow"));
    const later = macrotask().then(() => "late");
    const error = await Promise.race([end.catch((error) => error), later]);
    assert.ok(isLlmError(error, "aborted"));
    assert.equal(calls[0].aborted, true);
    assert.match(error.message, /too slow/);
    assert.equal(error.cause, signal.reason);
    assert.equal(listeners(), 0);
  });
  test("a signal that is aborted already sends nothing", async () => {
    const { client: made, calls } = client(json(whole));
    await assert.rejects(made.chat(ask({ signal: AbortSignal.abort() })), { code: "aborted" });
    await macrotask();
    assert.equal(calls.length, 0);
  });
  test("a signal outlives the call without a listener", async () => {
    const { signal } = new AbortController();
    const { client: made } = client(json(whole), json({}, { status: 500 }));
    await made.chat(ask({ signal }));
    await made.chat(ask({ signal })).catch(() => {});
    assert.equal(getEventListeners(signal, "abort").length, 0);
  });
  for (const [way, run] of [["chat", (made, request) => made.chat(request)], ["stream", (made, request) => made.stream(request).text()]]) {
    test(`${way}: while the request is made ready it is not waited for, and nothing is sent`, { timeout: 5000 }, async () => {
      const { client: made, calls } = client(json(whole));
      const controller = new AbortController();
      let read;
      // A blob that takes its time.
      const image = { type: "image/png", arrayBuffer: () => (controller.abort(), new Promise((resolve) => (read = resolve))) };
      const messages = [{ role: "user", content: [{ type: "image", image }] }];
      await assert.rejects(run(made, ask({ messages, signal: controller.signal })), (error) => isLlmError(error, "aborted"));
      read(new ArrayBuffer(8));
      await macrotask();
      assert.equal(calls.length, 0);
    });
  }
  test("what is not a signal is refused", async () => {
    const { client: made } = client(json(whole));
    await assert.rejects(made.chat(ask({ signal: {} })), (error) => isLlmError(error, "invalid-request") && /signal/.test(error.message));
  });
});

describe("check", () => {
  test("counts models", async () => {
    const { client: made } = client(json({ object: "list", data: [{ id: "a", object: "model" }, { id: "b", object: "model" }] }));
    const { ok, models, latencyMs, error } = await made.check("openai");
    assert.deepEqual([ok, models, typeof latencyMs, error], [true, 2, "number", undefined]);
  });
  test("tells what is wrong instead of throwing", async () => {
    const { client: made } = client(json({ error: { message: "no" } }, { status: 401 }));
    for (const [provider, code] of [["openai", "authentication"], ["nobody", "config"], [undefined, "config"]]) {
      const { ok, error } = await made.check(provider);
      assert.deepEqual([ok, error.code, error instanceof LlmError], [false, code, true]);
    }
  });
});

describe("close", () => {
  test("aborts what runs; later calls are refused", async () => {
    const { client: made, calls } = client(hangs, (call) => respond(call, [text("a"), "hang"]));
    const chat = made.chat(ask()).catch((error) => error);
    while (calls.length < 1) await macrotask();
    const stream = made.stream(ask());
    const reading = stream.text().catch((error) => error);
    while (!(calls[1]?.reads > 1)) await macrotask();
    await made.close();
    for (const error of await Promise.all([chat, reading])) {
      assert.equal(error.code, "aborted");
      assert.match(error.message, /closed/);
    }
    assert.ok(calls.every(({ aborted }) => aborted));
    for (const call of [() => made.chat(ask()), () => made.stream(ask()).text()]) await assert.rejects(call, (error) => isLlmError(error, "config") && /closed/.test(error.message));
    assert.equal((await made.check("openai")).error.code, "config");
    await made.close();
  });
  test("disposing closes", async () => {
    const { client: made } = client(json(whole));
    await made[Symbol.asyncDispose]();
    await assert.rejects(made.chat(ask()), { code: "config" });
  });
  test("one client's close is not another's", async () => {
    const one = client(json(whole)).client;
    const other = client(json(whole)).client;
    await Promise.all([one.chat(ask()), other.chat(ask())]);
    await one.close();
    assert.equal((await other.chat(ask())).text, "Hello");
  });
});

describe("LlmError", () => {
  const failed = () => client(json({ error: { message: "slow down", code: "rate_limit_exceeded" } }, { status: 429, headers: { "retry-after": "2", "x-request-id": "r1" } })).client.chat(ask()).catch((error) => error);
  test("says everything that is known", async () => {
    const error = await failed();
    const { name, code, provider, model, status, requestId, retryable, retryAfterMs, partial, attempts } = error;
    assert.deepEqual({ name, code, provider, model, status, requestId, retryable, retryAfterMs, partial, attempts: attempts.length }, {
      name: "LlmError", code: "rate-limit", provider: "openai", model: "m", status: 429, requestId: "r1", retryable: true, retryAfterMs: 2000, partial: null, attempts: 1,
    });
    assert.ok(error instanceof Error);
    assert.match(String(error), /^LlmError: slow down/);
  });
  test("toJSON is plain data with its name and message", async () => {
    const data = JSON.parse(JSON.stringify(await failed()));
    assert.equal(data.name, "LlmError");
    assert.equal(data.message, "slow down");
    assert.equal(data.code, "rate-limit");
    assert.equal(data.body.error.message, "slow down");
    assert.equal("cause" in data || "stack" in data, false);
  });
  test("isLlmError knows the code, other realms and other copies, and nothing else", async () => {
    const error = await failed();
    assert.equal(isLlmError(error), true);
    assert.equal(isLlmError(error, "rate-limit"), true);
    assert.equal(isLlmError(error, "quota"), false);
    assert.equal(isLlmError(vm.runInNewContext('Object.assign(new Error("x"), { [Symbol.for("modelwire.LlmError")]: true, code: "quota" })'), "quota"), true);
    for (const other of [undefined, null, "x", {}, new Error("x"), { name: "LlmError", code: "quota" }]) assert.equal(isLlmError(other), false);
  });
});
