// client.keys, providersFromEnv and client.on: what is synchronous and works before the core is loaded.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test, { describe } from "node:test";
import { createClient, isLlmError, providersFromEnv } from "modelwire";
import { answer, ask, respond, scripted } from "./wire.mjs";

const one = "sk-one-0123456789-aaaa";
const two = "sk-two-0123456789-bbbb";

describe("client.keys", () => {
  test("answers before anything was called, and shows four characters of a key at most", async () => {
    const client = createClient({ providers: { openai: { apiKey: [one, () => two, "short"] }, ollama: {} } });
    assert.deepEqual(client.keys.status("openai"), [
      { index: 0, healthy: true, cooldownUntil: null, masked: "…aaaa" },
      { index: 1, healthy: true, cooldownUntil: null, masked: "(function)" },
      { index: 2, healthy: true, cooldownUntil: null, masked: "…" },
    ]);
    assert.deepEqual([client.keys.has("openai"), client.keys.has("ollama"), client.keys.has("nobody")], [true, false, false]);
    assert.equal(await client.keys.get("openai"), one);
    await assert.rejects(client.keys.get("ollama"), (error) => isLlmError(error, "missing-key") && /providers\.ollama\.apiKey/.test(error.message));
  });

  test("a missing key names the option and the variable", async () => {
    const client = createClient({ providers: { anthropic: {}, azure: { endpoint: "https://x.openai.azure.com", token: async () => "" } } });
    await assert.rejects(client.keys.get("anthropic"), /providers\.anthropic\.apiKey \(usually from ANTHROPIC_API_KEY\)/);
    await assert.rejects(client.keys.get("azure"), /providers\.azure\.token/);
  });

  test("an unknown provider is config, and a key of the wrong type a TypeError that names no key", () => {
    const client = createClient({ providers: { openai: { apiKey: one } } });
    for (const call of ["set", "rotate", "status"]) {
      assert.throws(() => client.keys[call]("nobody", one), (error) => isLlmError(error, "config") && /openai/.test(error.message));
    }
    assert.throws(() => client.keys.set("openai", 5), TypeError);
    assert.throws(() => client.keys.rotate("openai", [one, two]), /rotate takes one key/);
  });

  test("set and rotate count from the next attempt on, before and after the core is loaded", async () => {
    const { fetch, calls } = scripted((call) => respond(call, [answer("Hi")]));
    const client = createClient({ providers: { openai: { apiKey: one }, groq: {} }, fetch, retry: false });
    client.keys.rotate("openai", two);
    await client.stream(ask()).text();
    client.keys.set("openai", [one, two]);
    await client.stream(ask()).text();
    client.keys.set("groq", () => two);
    await client.stream(ask({ model: "groq/m" })).text();
    assert.deepEqual(calls.map(({ init }) => init.headers.authorization), [`Bearer ${two}`, `Bearer ${one}`, `Bearer ${two}`]);
  });

  test("calls in flight keep theirs", async () => {
    let go;
    const { fetch, calls } = scripted(async (call) => (await new Promise((resolve) => (go = resolve)), respond(call, [answer("Hi")])));
    const client = createClient({ providers: { openai: { apiKey: one } }, fetch, retry: false });
    const text = client.stream(ask()).text();
    while (!go) await new Promise((resolve) => setTimeout(resolve));
    client.keys.rotate("openai", two);
    go();
    assert.equal(await text, "Hi");
    assert.equal(calls[0].init.headers.authorization, `Bearer ${one}`);
  });

  test("a key that was refused rests; its time and the next one are told", async () => {
    const { fetch } = scripted(() => Response.json({ error: { message: "slow down" } }, { status: 429, headers: { "retry-after": "30" } }), (call) => respond(call, [answer("Hi")]));
    const client = createClient({ providers: { openai: { apiKey: [one, two] } }, fetch });
    const before = Date.now();
    await client.stream(ask()).text();
    const [first, second] = client.keys.status("openai");
    const rests = Date.parse(first.cooldownUntil) - before;
    assert.ok(rests >= 29_000 && rests < 35_000, `it rests for ${rests} ms`);
    assert.deepEqual([first.healthy, second.healthy, second.cooldownUntil], [false, true, null]);
    assert.equal(await client.keys.get("openai"), two);
  });
});

describe("providersFromEnv", () => {
  test("reads each provider's key and address, and passes over what is empty or no text", () => {
    const env = {
      OPENAI_API_KEY: "o", OPENAI_BASE_URL: "https://proxy.example/v1", OPENAI_ORG_ID: "org", OPENAI_PROJECT_ID: "",
      ANTHROPIC_API_KEY: " a ", CO_API_KEY: "", COHERE_API_KEY: "c", GROQ_API_KEY: "g", GROQ_BASE_URL: "https://g.example",
      AZURE_OPENAI_API_KEY: "z", AZURE_OPENAI_ENDPOINT: "https://x.openai.azure.com", OPENAI_API_VERSION: "2024-10-21",
      MISTRAL_API_KEY: undefined, DEEPSEEK_API_KEY: "   ", OLLAMA_BASE_URL: "http://localhost:11434/v1", XAI_BASE_URL: "https://x.example", KV: { get() {} },
    };
    assert.deepEqual(providersFromEnv(env), {
      openai: { apiKey: "o", baseURL: "https://proxy.example/v1", organization: "org" },
      anthropic: { apiKey: "a" },
      azure: { apiKey: "z", endpoint: "https://x.openai.azure.com", apiVersion: "2024-10-21" },
      cohere: { apiKey: "c" },
      groq: { apiKey: "g", baseURL: "https://g.example" },
      ollama: { baseURL: "http://localhost:11434/v1" },
    });
    assert.deepEqual(providersFromEnv({ AZURE_OPENAI_AD_TOKEN: "t", AZURE_OPENAI_ENDPOINT: "e" }), { azure: { token: "t", endpoint: "e" } });
    assert.deepEqual(providersFromEnv({}), {});
  });

  test("knows every row of the core's table, by the variable that it names", () => {
    const rows = readFileSync(new URL("../../src/providers/rows.rs", import.meta.url), "utf8");
    const found = [...rows.matchAll(/compatible\(\s*"([a-z]+)",\s*"http[^"]*",\s*"([A-Z_]*)"/g), ...rows.matchAll(/name: "([a-z]+)",[^}]*?key_variable: "([A-Z_]+)"/g)];
    assert.ok(found.length >= 16, `${found.length} rows were found`);
    for (const [, name, variable] of found) {
      const env = variable ? { [variable]: "k" } : { [`${name.toUpperCase()}_BASE_URL`]: "http://localhost" };
      assert.deepEqual(Object.keys(providersFromEnv(env)), [name]);
    }
  });
});

describe("client.on", () => {
  const failing = () => Response.json({ error: { message: "no" } }, { status: 500 });
  const setup = () => {
    const { fetch } = scripted(failing, (call) => respond(call, [answer("Hi")]));
    return createClient({ providers: { openai: { apiKey: one } }, fetch, retry: { baseDelayMs: 1 }, tags: {} });
  };

  test("tells who listens until he is taken off, and each of them once", async () => {
    const client = setup();
    const heard = [];
    const listener = (record) => heard.push(record);
    const [off] = [client.on("retry", listener), client.on("retry", listener)];
    off();
    off();
    await client.stream(ask({ tags: { page: "help" } })).text();
    assert.equal(heard.length, 1);
    const { at, callId, durationMs, ...record } = heard[0];
    assert.ok(!Number.isNaN(Date.parse(at)) && callId.startsWith("call_") && durationMs >= 0);
    assert.deepEqual(record, {
      event: "retry", requestId: null, provider: "openai", model: "m", attempt: 1,
      error: { code: "server", message: "no", status: 500 }, tags: { page: "help" },
    });
  });

  test("a listener that throws breaks nothing and is reported", async () => {
    const client = setup();
    const reported = new Promise((resolve) => (globalThis.reportError = resolve));
    client.on("retry", () => {
      throw new Error("mine");
    });
    assert.equal(await client.stream(ask()).text(), "Hi");
    assert.equal((await reported).message, "mine");
    delete globalThis.reportError;
  });

  test("what is not told is refused", () => {
    const client = setup();
    assert.throws(() => client.on("retries", () => {}), TypeError);
    assert.throws(() => client.on("retry", "x"), TypeError);
  });
});
