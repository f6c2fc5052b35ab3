// Many calls by a provider's own batch API: what is sent, what becomes of each row, and what survives a reload.
import assert from "node:assert/strict";
import test, { after, describe } from "node:test";
import Anthropic from "@anthropic-ai/sdk";
import { LLMock } from "@copilotkit/aimock";
import { createClient, isLlmError } from "modelwire";
import OpenAI from "openai";
import { z } from "zod";
import { batchServer } from "../servers/batches.mjs";
import { all, countedSignal } from "./wire.mjs";

const servers = [];
after(() => Promise.all(servers.map((server) => server.close())));
async function serve(options) {
  const server = await batchServer(options);
  servers.push(server);
  return server;
}

/** Time that jumps to whatever is waited for, up to a minute or so: what is longer is a timeout, and never comes. */
function jumpingClock() {
  let now = Date.UTC(2026, 10, 30);
  const waits = [];
  const timers = new Map();
  return {
    waits,
    now: () => now,
    setTimeout(callback, ms) {
      const handle = {};
      if (ms <= 70_000) {
        waits.push(ms);
        timers.set(handle, setImmediate(() => ((now += ms), callback())));
      }
      return handle;
    },
    clearTimeout: (handle) => clearImmediate(timers.get(handle)),
  };
}

const price = { input: 2, output: 4, tiers: { batch: { input: 1, output: 2 } } };
const made = (server, options) =>
  createClient({
    providers: {
      openai: { apiKey: "sk-secret-key", baseURL: `${server.origin}/v1`, api: "chat" },
      anthropic: { apiKey: "sk-secret-key", baseURL: server.origin },
      azure: { apiKey: "sk-secret-key", endpoint: server.origin },
      cohere: { apiKey: "sk-secret-key" },
    },
    catalog: Object.fromEntries(["openai/gpt-5.5", "anthropic/claude-sonnet-5-5", "azure/gpt-5.5"].map((model) => [model, { price }])),
    clock: jumpingClock(),
    ...options,
  });

const rows = (count, model = "openai/gpt-5.5") => Array.from({ length: count }, (_, at) => ({ model, messages: `row ${at}` }));
const failure = (promise) => promise.then(() => assert.fail("it did not fail"), (error) => (assert.ok(isLlmError(error), error), error));
const shown = (items) => items.map(({ ok, index, response, error }) => (ok ? [index, response.text] : [index, error.code]));


const providers = {
  openai: { model: "openai/gpt-5.5", made: "POST /v1/batches", look: /^GET \/v1\/batches\//, cancelled: /^POST \/v1\/batches\/[^/]+\/cancel$/, results: /content$/ },
  azure: { model: "azure/gpt-5.5", made: "POST /openai/v1/batches", look: /^GET \/openai\/v1\/batches\//, cancelled: /^POST \/openai\/v1\/batches\/[^/]+\/cancel$/, results: /content$/ },
  anthropic: { model: "anthropic/claude-sonnet-5-5", made: "POST /v1/messages/batches", look: /^GET \/v1\/messages\/batches\/[^/]+$/, cancelled: /^POST \/v1\/messages\/batches\/[^/]+\/cancel$/, results: /results$/ },
};
const count = (server, pattern) => server.asked.filter((one) => pattern.test(one)).length;

for (const [name, { model, made: create, look, cancelled, results: download }] of Object.entries(providers)) {
  describe(`a batch at ${name}`, () => {
    test("gives every row its answer, in order, at the batch price, and the ledger has it", async () => {
      const server = await serve();
      const client = made(server);
      const progress = [];
      const items = await client.batch(rows(5, model), { mode: "provider", onProgress: (p) => progress.push(p) }).results;
      assert.deepEqual(shown(items), [0, 1, 2, 3, 4].map((at) => [at, `re: row ${at}`]));
      assert.deepEqual(items.map(({ response }) => response.cost.usd), Array(5).fill(0.00102));
      assert.equal(client.costs.totalUsd, 0.0051);
      assert.deepEqual(progress.at(-1), { done: 5, failed: 0, total: 5, usd: 0.0051 });
      assert.deepEqual(progress[0].total, 5);
      assert.equal(count(server, look), 2);
      assert.equal(server.asked.filter((one) => one === create).length, 1);
    });

    test("each row's failure is in its place, with the code of what happened", async () => {
      const server = await serve({
        becomes(text, index) {
          if (index === 1) return { status: 400, error: { type: "invalid_request_error", message: "prompt is too long: 300000 tokens > 200000 maximum", code: "context_length_exceeded" } };
          if (index === 2) return "expired";
          if (index === 3) return "cancelled";
          if (index === 4) return { status: 500, error: { type: name === "anthropic" ? "api_error" : "server_error", message: "Internal server error" } };
          if (index === 5) return null;
          return { answer: text };
        },
      });
      const run = made(server).batch([...rows(7, model), { model, messages: "bad", temperature: 9 }], { mode: "provider" });
      const items = await run.results;
      assert.deepEqual(shown(items), [
        [0, "row 0"], [1, "context-length"], [2, "timeout"], [3, "aborted"], [4, "server"], [5, "malformed"], [6, "row 6"], [7, "invalid-request"],
      ]);
      assert.ok(items.slice(1, 6).every(({ error }) => error.provider === name));
      assert.equal(items[1].error.requestId, "req_row_1");
      assert.match(items[7].error.message, /temperature/);
    });

    test("goes on in another client with its handle, in which there is no key", async () => {
      const server = await serve({ looks: 3 });
      const first = made(server);
      const ids = [];
      const run = first.batch([...rows(4, model), { model }, ...rows(1, model)], { mode: "provider" });
      const handle = await run.handle;
      assert.doesNotMatch(handle, /secret/);
      await first.close();
      assert.ok((await run.results).every(({ ok, error }) => ok || ["aborted", "invalid-request"].includes(error.code)));
      const second = made(server);
      const again = second.batch([{ model: "nobody/reads-this" }], { resume: handle });
      for await (const item of again) ids.push(item);
      assert.deepEqual(shown(ids.sort((a, b) => a.index - b.index)), [[0, "re: row 0"], [1, "re: row 1"], [2, "re: row 2"], [3, "re: row 3"], [4, "invalid-request"], [5, "re: row 0"]]);
      assert.equal(await again.handle, handle);
      assert.equal(server.asked.filter((one) => one === create).length, 1, "it was made once");
      assert.equal(count(server, cancelled), 0);
    });

    test("cancel ends it there too; what was answered before is given", async () => {
      const server = await serve({ looks: 4, becomes: (text, index) => (index < 2 ? { answer: text } : "cancelled") });
      const client = made(server);
      const run = client.batch(rows(4, model), { mode: "provider" });
      await run.handle;
      run.cancel();
      assert.deepEqual(shown(await run.results), [[0, "row 0"], [1, "row 1"], [2, "aborted"], [3, "aborted"]]);
      assert.equal(count(server, cancelled), 1);
    });

    test("a signal does the same, and leaves no listener", async () => {
      const server = await serve({ looks: 4, becomes: () => "cancelled" });
      const { signal, abort, listeners } = countedSignal();
      const run = made(server).batch(rows(2, model), { mode: "provider", signal });
      await run.handle;
      abort();
      assert.deepEqual(shown(await run.results), [[0, "aborted"], [1, "aborted"]]);
      assert.equal(count(server, cancelled), 1);
      assert.equal(listeners(), 0);
    });

    test("before anything was sent, nothing is", async () => {
      const server = await serve();
      const run = made(server).batch(rows(3, model), { mode: "provider", signal: AbortSignal.abort() });
      assert.deepEqual(await run.results, []);
      assert.equal(await run.handle, null);
      assert.equal(server.requests.length, 0);
    });

    test("looking goes on through failures, and waits longer and longer", async () => {
      let looked = 0;
      const server = await serve({
        looks: 6,
        intercept({ method, path }) {
          if (!look.test(`${method} ${path}`)) return undefined;
          looked++;
          if (looked === 2) return { status: 429, headers: { "retry-after": "1" }, body: { error: { message: "slow down", type: "rate_limit_error" } } };
          if (looked >= 4 && looked < 8) return { status: 500, body: { error: { message: "oops", type: "api_error" } } };
          return undefined;
        },
      });
      const clock = jumpingClock();
      const items = await made(server, { clock, retry: false }).batch(rows(2, model), { mode: "provider" }).results;
      assert.deepEqual(shown(items), [[0, "re: row 0"], [1, "re: row 1"]]);
      assert.ok(clock.waits.every((ms) => ms >= 1_000 && ms <= 66_000), clock.waits);
    });

    test("a key that is refused is told of every row, and the handle stays good", async () => {
      let refuses = true;
      const server = await serve({
        looks: 1,
        intercept: ({ method, path }) => (refuses && look.test(`${method} ${path}`) ? { status: 401, body: { type: "error", error: { message: "bad key", type: "authentication_error", code: "invalid_api_key" } } } : undefined),
      });
      const run = made(server).batch(rows(2, model), { mode: "provider" });
      assert.deepEqual(shown(await run.results), [[0, "authentication"], [1, "authentication"]]);
      refuses = false;
      assert.deepEqual(shown(await made(server).batch([], { resume: await run.handle }).results), [[0, "re: row 0"], [1, "re: row 1"]]);
    });

    test("results whose connection breaks are fetched again; nothing is given or billed twice", async () => {
      let fetched = 0;
      const server = await serve({
        async intercept({ method, path }, { files, batches }) {
          if (method !== "GET" || !download.test(path) || fetched++ > 0) return undefined;
          const text = name === "anthropic" ? [...batches.values()][0].results.map((line) => `${JSON.stringify(line)}\n`).join("") : files.get(/files\/([^/]+)/.exec(path)[1]);
          return { cut: text.slice(0, Math.floor(text.length * 0.7)) };
        },
      });
      const client = made(server);
      const given = await all(client.batch(rows(6, model), { mode: "provider" }));
      assert.equal(fetched, 2);
      assert.deepEqual(given.map(({ index }) => index).sort(), [0, 1, 2, 3, 4, 5]);
      assert.equal(client.costs.totalUsd, 0.00612);
    });

    test("a last line that is only half there is no result", async () => {
      const server = await serve({ order: (lines) => [...lines.slice(0, -1), JSON.stringify(lines.at(-1)).slice(0, 40)] });
      const items = await made(server).batch(rows(3, model), { mode: "provider" }).results;
      assert.deepEqual(shown(items), [[0, "re: row 0"], [1, "re: row 1"], [2, "truncated"]]);
    });

    test("a redirect is not followed: it would take the key along", async () => {
      const server = await serve({ intercept: ({ path }) => (download.test(path) ? { status: 302, headers: { location: "https://elsewhere.example/x" } } : undefined) });
      const items = await made(server).batch(rows(1, model), { mode: "provider" }).results;
      assert.deepEqual(shown(items), [[0, "config"]]);
      assert.match(items[0].error.message, /redirect to https:\/\/elsewhere\.example/);
    });

    test("what makes a batch is tried again only where nothing was done", async () => {
      for (const [status, times, code] of [[429, 2, undefined], [500, 1, "server"]]) {
        let asked = 0;
        const server = await serve({ intercept: ({ method, path }) => (`${method} ${path}` === create && asked++ === 0 ? { status, body: { error: { message: "no", type: "x" } } } : undefined) });
        const [item] = await made(server).batch(rows(1, model), { mode: "provider" }).results;
        assert.equal(asked, times);
        assert.equal(item.error?.code, code);
        if (code) assert.match(item.error.message, /whether the batch was made is not known/);
      }
    });

    test("leaving the loop cancels what is not over there", async () => {
      const server = await serve({ looks: 1000 });
      for await (const { index, error } of made(server).batch([{ model }, ...rows(1, model)], { mode: "provider" })) {
        // The row that was never sent is told at once.
        assert.deepEqual([index, error.code], [0, "invalid-request"]);
        break;
      }
      assert.equal(count(server, cancelled), 1);
    });
  });
}

describe("a batch at a provider", () => {
  test("carries output, tools and warnings of each row; a schema object validates", async () => {
    const json = '{"city":"Rome","note":null}';
    const server = await serve({ becomes: (text) => ({ answer: text === "json" ? json : text === "wrong" ? '{"city":7,"note":null}' : text }) });
    const schema = z.object({ city: z.string().transform((city) => city.toUpperCase()), note: z.string().optional() });
    const plain = { type: "object", properties: { city: { type: "string" } }, required: ["city"], additionalProperties: false };
    const tools = [{ name: "look_up", input: { type: "object", properties: {} } }];
    const model = "openai/gpt-5.5";
    const run = made(server).batch(
      [{ model, messages: "json", output: schema }, { model, messages: "wrong", output: schema }, { model, messages: "text", tools, topK: 3 }, { model, messages: "json", output: { ...plain, properties: { city: { type: "string" }, note: {} } } }],
      { mode: "provider" },
    );
    const items = await run.results;
    assert.deepEqual(items[0].response.output, { city: "ROME" });
    assert.equal(items[1].error.code, "output-invalid");
    assert.equal(items[2].response.output, undefined);
    assert.deepEqual(items[2].response.warnings.map(({ code, setting }) => [code, setting]), [["dropped-setting", "topK"]]);
    assert.equal(items[3].response.output.city, "Rome");
    // After a reload the schema object is gone; its JSON Schema is not.
    const again = await made(server).batch([], { resume: await run.handle }).results;
    assert.equal(again[0].response.output.city, "Rome");
    assert.deepEqual(again[0].response.warnings.map(({ code }) => code), ["schema-lost"]);
    assert.equal(again[1].error.code, "output-invalid");
  });

  test("goes to the endpoint of the API that its model speaks", async () => {
    const server = await serve();
    const client = made(server, { providers: { openai: { apiKey: "k", baseURL: `${server.origin}/v1`, api: "responses" } }, catalog: undefined });
    const items = await client.batch(rows(2), { mode: "provider" }).results;
    assert.deepEqual(shown(items), [[0, "re: row 0"], [1, "re: row 1"]]);
    assert.equal([...server.batches.values()][0].shown.endpoint, "/v1/responses");
  });

  test("rows of several models go to Anthropic together, and each answer has its own model's price", async () => {
    const server = await serve();
    const client = made(server, { catalog: { "anthropic/claude-sonnet-5-5": { price }, "anthropic/claude-haiku-5-5": { price: { input: 0, output: 0, tiers: { batch: { input: 0.1, output: 0 } } } } } });
    const items = await client.batch([...rows(1, "anthropic/claude-sonnet-5-5"), ...rows(1, "anthropic/claude-haiku-5-5")], { mode: "provider" }).results;
    assert.deepEqual(items.map(({ response }) => response.cost.usd), [0.00102, 0.0001]);
  });

  test("tags of rows are in the ledger, after a reload too", async () => {
    const server = await serve();
    const tagged = rows(2).map((row, at) => ({ ...row, tags: { user: at ? "bob" : "ann" } }));
    const first = made(server);
    const run = first.batch(tagged, { mode: "provider" });
    await run.results;
    const second = made(server);
    await second.batch([], { resume: await run.handle }).results;
    for (const client of [first, second]) {
      const { groups } = await client.costs.summary({ by: ["user"] });
      assert.deepEqual(Object.keys(groups).sort(), ["ann", "bob"]);
    }
  });

  test("a file that OpenAI refuses is told of the lines that are to blame, and of the others", async () => {
    const failure = [{ code: "invalid_json_line", line: 2, message: "This line is not parseable as valid JSON.", param: null }];
    const server = await serve({ end: "failed", failure });
    const items = await made(server).batch([{ model: "openai/gpt-5.5" }, ...rows(3)], { mode: "provider" }).results;
    assert.deepEqual(shown(items), [[0, "invalid-request"], [1, "invalid-request"], [2, "invalid-request"], [3, "invalid-request"]]);
    assert.match(items[2].error.message, /not parseable/);
  });

  test("a batch that expired as a whole gives what it has", async () => {
    const server = await serve({ end: "expired", becomes: (text, index) => (index === 0 ? { answer: text } : null) });
    const items = await made(server).batch(rows(2), { mode: "provider" }).results;
    assert.deepEqual(shown(items), [[0, "row 0"], [1, "timeout"]]);
  });

  test("rows beyond what one file may hold go in further batches, and one handle names them all", async () => {
    const server = await serve({ looks: 1 });
    const run = made(server).batch(rows(50_001), { mode: "provider" });
    const items = await run.results;
    assert.equal(items.length, 50_001);
    assert.ok(items.every(({ ok, index, response }, at) => ok && index === at && response.text === `re: row ${at}`));
    assert.deepEqual(JSON.parse(await run.handle).batches.map(({ from, to }) => [from, to]), [[0, 50_000], [50_000, 50_001]]);
  });

  test("results wait for their reader", async () => {
    const server = await serve({ looks: 1 });
    const client = made(server);
    const items = client.batch(rows(3000), { mode: "provider" })[Symbol.asyncIterator]();
    const seen = new Set();
    for (let next = await items.next(); !next.done; next = await items.next()) seen.add(next.value.index);
    assert.equal(seen.size, 3000);
  });

  test("a file that Azure is not done with is waited for", async () => {
    let looked = 0;
    const server = await serve({
      intercept({ method, path }) {
        if (method === "POST" && path.endsWith("/files")) return { body: { id: "file-9", object: "file", status: "pending", purpose: "batch", bytes: 1, created_at: 1, filename: "f" } };
        if (method === "GET" && path.endsWith("/files/file-9")) return { body: { id: "file-9", object: "file", status: looked++ < 2 ? "running" : "processed", purpose: "batch", bytes: 1, created_at: 1, filename: "f" } };
        return undefined;
      },
    });
    const [item] = await made(server).batch(rows(1, "azure/gpt-5.5"), { mode: "provider" }).results;
    assert.equal(looked, 3);
    assert.equal(item.error.code, "not-found", "the server has no such file");
  });

  test("Azure's classic surface has its files beside the deployments", async () => {
    const server = await serve();
    const client = made(server, { providers: { azure: { apiKey: "k", endpoint: server.origin, apiVersion: "2024-10-21", deployments: { "gpt-5.5": "my-batch" } } } });
    const items = await client.batch(rows(1, "azure/gpt-5.5"), { mode: "provider" }).results;
    assert.deepEqual(shown(items), [[0, "re: row 0"]]);
    assert.ok(server.requests.every(({ query }) => query === "?api-version=2024-10-21"));
    assert.match(server.files.get("file-1"), /"url":"\/chat\/completions","body":\{"model":"my-batch"/);
  });
});

describe("what a batch at a provider cannot do", () => {
  const cases = [
    ["a provider without one", [{ model: "cohere/command-a", messages: "Hi" }], {}, "unsupported", /cohere has no batch API.*mode/],
    ["concurrency", rows(1), { concurrency: 3 }, "unsupported", /concurrency/],
    ["stopOnError", rows(1), { stopOnError: true }, "unsupported", /stopOnError/],
    ["rows of two providers", [...rows(2), ...rows(1, "anthropic/claude-sonnet-5-5")], {}, "invalid-request", /row 2 .*anthropic.*openai/],
    ["rows of two models, at OpenAI", [...rows(1), ...rows(1, "openai/gpt-5.4")], {}, "invalid-request", /row 1 /],
    ["no rows at all to iterate", 7, {}, "invalid-request", /iterated/],
    ["an unknown mode", rows(1), { mode: "cheap" }, "invalid-request", /mode/],
    ["a local mode that is resumed", rows(1), { mode: "local", resume: "x" }, "invalid-request", /resume/],
  ];
  for (const [name, given, options, code, message] of cases) {
    test(`${name} is an error that names it, and nothing is sent`, async () => {
      const server = await serve();
      const error = await failure(made(server).batch(given, { mode: "provider", ...options }).results);
      assert.equal(error.code, code);
      assert.match(error.message, message);
      assert.equal(server.requests.length, 0);
    });
  }

  test("what a row asks for and nobody could see to is that row's error", async () => {
    const server = await serve();
    const base = { model: "openai/gpt-5.5", messages: "Hi" };
    const wrong = [
      [{ tools: [{ name: "f", run: () => "" }] }, /run of a tool/],
      [{ headers: { "x-a": "b" } }, /headers/],
      [{ retry: false }, /retry/],
      [{ timeout: { totalMs: 5 } }, /timeout/],
      [{ priority: 1 }, /priority/],
      [{ cache: true }, /cache/],
      [{ budget: { usd: 1 } }, /budget/],
      [{ signal: new AbortController().signal }, /signal/],
      [{ model: ["openai/gpt-5.5", "openai/gpt-5.4"] }, /list of targets/],
    ];
    const items = await made(server).batch([...wrong.map(([more]) => ({ ...base, ...more })), base], { mode: "provider" }).results;
    for (const [at, [, message]] of wrong.entries()) {
      assert.equal(items[at].error?.code, "unsupported", JSON.stringify(items[at]));
      assert.match(items[at].error.message, message);
    }
    assert.equal(items.at(-1).response.text, "re: Hi");
  });

  test("a client's budget that stops calls refuses them; one that warns counts them", async () => {
    const server = await serve();
    const [item] = await made(server, { budget: { usd: 1 } }).batch(rows(1), { mode: "provider" }).results;
    assert.equal(item.error.code, "unsupported");
    const client = made(server, { budget: { usd: 1, onExceed: "warn" } });
    const told = [];
    client.on("budget", (status) => told.push(status));
    await client.batch(rows(2), { mode: "provider" }).results;
    assert.equal(told.at(-1).spentUsd, 0.00204);
  });

  test("a handle that was changed is refused before anything is asked", async () => {
    const server = await serve();
    const good = JSON.parse(await made(server).batch(rows(2), { mode: "provider" }).handle);
    const before = server.requests.length;
    const changed = [
      "", "null", "[]", "{", '{"modelwire":"batch 2"}', 7,
      { rows: 3 }, { rows: -1 }, { rows: 1e12 }, { rows: "2" }, { kinds: null }, { kinds: [{}] }, { refused: [[0, {}]] }, { refused: [[9, { code: "x", message: "" }]] },
      { batches: [{ id: "../../files", from: 0, to: 2 }] }, { batches: [{ id: "", from: 0, to: 2 }] }, { batches: [{ id: "..", from: 0, to: 2 }] }, { batches: [{ id: "a", from: 1, to: 2 }] }, { batches: [{ id: "a", from: 0, to: 1 }] }, { batches: [] },
      { route: null }, { route: {} },
    ];
    for (const change of changed) {
      const handle = typeof change === "object" ? JSON.stringify({ ...good, ...change }) : change;
      const error = await failure(made(server).batch([], { resume: handle }).results);
      assert.equal(error.code, "invalid-request", `${JSON.stringify(change)}: ${error.message}`);
    }
    for (const [route, code] of [[{ ...good.route, endpoint: "/v1/files" }, "invalid-request"], [{ ...good.route, provider: "nobody" }, "config"], [{ ...good.route, provider: "cohere" }, "invalid-request"]]) {
      const items = await made(server).batch([], { resume: JSON.stringify({ ...good, route }) }).results;
      assert.deepEqual(items.map(({ error }) => error.code), [code, code]);
    }
    assert.equal(server.requests.length, before);
  });
});

describe("the test's server is what the SDKs know", () => {
  test("OpenAI's reads the batch that was made here, and its files", async () => {
    const server = await serve({ becomes: (text, index) => (index === 1 ? "expired" : { answer: text }) });
    const run = made(server).batch(rows(3), { mode: "provider" });
    await run.results;
    const sdk = new OpenAI({ apiKey: "k", baseURL: `${server.origin}/v1` });
    const { batches: [{ id }] } = JSON.parse(await run.handle);
    const batch = await sdk.batches.retrieve(id);
    assert.deepEqual([batch.status, batch.request_counts], ["completed", { total: 3, completed: 2, failed: 1 }]);
    const sent = (await (await sdk.files.content(batch.input_file_id)).text()).split("\n").filter(Boolean).map((line) => JSON.parse(line));
    assert.deepEqual(sent.map(({ custom_id, method, url, body }) => [custom_id, method, url, body.model]), [0, 1, 2].map((at) => [`r${at}-0`, "POST", "/v1/chat/completions", "gpt-5.5"]));
    assert.match(await (await sdk.files.content(batch.error_file_id)).text(), /batch_expired/);
  });

  test("a batch that OpenAI's SDK made is of the same requests to the server as one made here", async () => {
    const server = await serve();
    await made(server).batch(rows(1), { mode: "provider" }).results;
    const own = server.requests.slice(0, 2).map(({ method, path }) => `${method} ${path}`);
    server.requests.length = 0;
    const sdk = new OpenAI({ apiKey: "k", baseURL: `${server.origin}/v1` });
    const file = await sdk.files.create({ purpose: "batch", file: new File(['{"custom_id":"r0-0","method":"POST","url":"/v1/chat/completions","body":{"messages":[{"role":"user","content":"Hi"}]}}\n'], "b.jsonl") });
    const { id } = await sdk.batches.create({ input_file_id: file.id, endpoint: "/v1/chat/completions", completion_window: "24h" });
    assert.deepEqual(server.asked, own);
    assert.equal((await sdk.batches.cancel(id)).status, "cancelling");
  });

  test("Anthropic's reads the batch that was made here, and its results", async () => {
    const server = await serve({ becomes: (text, index) => (index === 1 ? "expired" : { answer: text }) });
    const run = made(server).batch(rows(3, "anthropic/claude-sonnet-5-5"), { mode: "provider" });
    await run.results;
    const sdk = new Anthropic({ apiKey: "k", baseURL: server.origin });
    const { batches: [{ id }] } = JSON.parse(await run.handle);
    const batch = await sdk.messages.batches.retrieve(id);
    assert.deepEqual([batch.processing_status, batch.request_counts.succeeded, batch.request_counts.expired], ["ended", 2, 1]);
    const results = await all(await sdk.messages.batches.results(id));
    assert.deepEqual(results.map(({ custom_id, result }) => [custom_id, result.type]), [["r2-0", "succeeded"], ["r1-0", "expired"], ["r0-0", "succeeded"]]);
  });

  test("a server that nobody here wrote takes and answers a batch: aimock", async () => {
    const mock = new LLMock({ port: 0 });
    await mock.start();
    try {
      const client = createClient({ providers: { openai: { apiKey: "k", baseURL: `${mock.url}/v1`, api: "chat" } }, clock: jumpingClock() });
      const progress = [];
      const run = client.batch(rows(3), { mode: "provider", onProgress: ({ done }) => progress.push(done) });
      assert.deepEqual(shown(await run.results), [0, 1, 2].map((at) => [at, "Mock batch completion"]));
      assert.deepEqual(shown(await client.batch([], { resume: await run.handle }).results), [0, 1, 2].map((at) => [at, "Mock batch completion"]));
    } finally {
      await mock.stop();
    }
  });
});
