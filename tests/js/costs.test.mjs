// Money: what things cost, what was spent, and what stops before it is spent.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { once } from "node:events";
import test, { describe } from "node:test";
import { createClient, isLlmError } from "modelwire";
import { virtualClock } from "./clock.mjs";
import { all, answer, chunk, respond, scripted, text } from "./wire.mjs";

// 5 dollars a million in, 30 out.
const model = "openai/gpt-5.5";
const usage = (input, output, more) =>
  `data: ${JSON.stringify({ id: "c1", model: "m", choices: [], usage: { prompt_tokens: input, completion_tokens: output, total_tokens: input + output, ...more } })}\n\n`;
const said = (words, input, output, more) => text(words) + chunk({}, "stop") + usage(input, output, more) + "data: [DONE]\n\n";
const whole = (input, output, more) =>
  JSON.stringify({ id: "c1", model: "m", choices: [{ index: 0, finish_reason: "stop", message: { role: "assistant", content: "Hello" } }], usage: { prompt_tokens: input, completion_tokens: output }, ...more });
const json = (body) => () => new Response(body, { headers: { "content-type": "application/json" } });

const bodyOf = (call) => JSON.parse(new TextDecoder().decode(call.init.body));

function made(options, ...script) {
  const { fetch, calls } = scripted(...script);
  const client = createClient({ providers: { openai: { apiKey: "a-key", api: "chat" }, openrouter: { apiKey: "a-key" } }, fetch, retry: false, ...options });
  return { client, calls };
}

describe("cost", () => {
  test("is on the answer, by class of tokens, and the same for a stream", async () => {
    const { client } = made({}, json(whole(1000, 200, { usage: { prompt_tokens: 1000, completion_tokens: 200, prompt_tokens_details: { cached_tokens: 400 } } })), [
      said("Hi", 1000, 200, { prompt_tokens_details: { cached_tokens: 400 } }),
    ]);
    const expected = {
      usd: 0.0092,
      nanoUsd: 9_200_000,
      estimated: false,
      lines: [
        { what: "input", tokens: 600, usdPerMillion: 5, usd: 0.003 },
        { what: "cache read", tokens: 400, usdPerMillion: 0.5, usd: 0.0002 },
        { what: "output", tokens: 200, usdPerMillion: 30, usd: 0.006 },
      ],
    };
    assert.deepEqual((await client.chat({ model, messages: "Hi" })).cost, expected);
    const events = await all(client.stream({ model, messages: "Hi" }));
    assert.deepEqual([events.at(-2).cost, events.at(-1).response.cost], [expected, expected]);
  });

  test("goes by the tier in which the provider served it; one without a price is unknown", async () => {
    const { client } = made({}, json(whole(1000, 0, { service_tier: "flex" })), json(whole(1000, 0, { service_tier: "platinum" })), json(whole(1000, 0, { service_tier: "default" })));
    const costs = [];
    for (let count = 0; count < 3; count++) costs.push((await client.chat({ model, messages: "Hi" })).cost?.usd ?? null);
    assert.deepEqual(costs, [0.0025, null, 0.005]);
  });

  test("is what the provider says that it billed, where it does", async () => {
    const { client } = made({}, json(JSON.stringify({ ...JSON.parse(whole(1000, 10)), usage: { prompt_tokens: 1000, completion_tokens: 10, cost: 0.00123 } })));
    const { cost } = await client.chat({ model: "openrouter/somebody/something", messages: "Hi" });
    assert.deepEqual([cost.usd, cost.nanoUsd, cost.lines[0].what], [0.00123, 1_230_000, "as billed by the provider"]);
  });

  test("of a model that nobody knows is null, and of one that the caller knows is the caller's", async () => {
    const price = { input: 1, output: 2 };
    const { client } = made({ catalog: { "openai/mine": { price } } }, json(whole(1000, 10)));
    assert.equal((await client.chat({ model: "openai/nobody-s", messages: "Hi" })).cost, null);
    assert.equal((await client.chat({ model: "openai/mine", messages: "Hi" })).cost.usd, 0.00102);
  });

  test("of an answer that was aborted is an estimate of what had arrived", async () => {
    const { client } = made({}, [text("word ".repeat(80)), "hang"]);
    const stream = client.stream({ model, messages: "x".repeat(400) });
    for await (const event of stream) if (event.type === "text-delta") break;
    const { cost, usage, finishReason } = await stream.response;
    // 400 bytes are some hundred tokens, either way; a message has four around it.
    assert.deepEqual([finishReason, usage.estimated, cost.estimated, usage.inputTokens, usage.outputTokens], ["aborted", true, true, 104, 100]);
    assert.equal(cost.nanoUsd, 104 * 5_000 + 100 * 30_000);
  });

  test("live usage is told at most every 250 ms, and adds up to the end", async () => {
    const clock = virtualClock(1_000_000);
    const pieces = Array.from({ length: 8 }, () => text("12345678"));
    const { client } = made({ clock }, [...pieces, chunk({}, "stop") + usage(3, 20) + "data: [DONE]\n\n"]);
    const counts = [];
    for await (const event of client.stream({ model, messages: "Hi", liveUsage: true })) {
      if (event.type === "usage") counts.push([event.usage.outputTokens, event.usage.estimated, event.cost !== null]);
      if (event.type === "text-delta") await clock.advance(100);
    }
    assert.deepEqual(counts, [[2, true, true], [8, true, true], [14, true, true], [20, false, true]]);
  });
});

describe("the catalogue", () => {
  test("knows windows, abilities and prices, and what the caller says goes over it", async () => {
    const { client } = made({ catalog: { "openai/gpt-5.5": { contextWindow: 1000 } } });
    const info = await client.model(model);
    assert.deepEqual([info.id, info.provider, info.contextWindow, info.maxOutputTokens, info.encoding, info.price.input], ["gpt-5.5", "openai", 1000, 128_000, "o200k_base", 5]);
    assert.equal(info.price.longContext.aboveTokens, 272_000);
    assert.equal(await client.model("openai/nobody-s"), null);
    await assert.rejects(client.model("nowhere/x"), (error) => isLlmError(error, "config"));
  });

  test("is updated from an object and from a URL, and refuses what is no catalogue by the name of the field", async () => {
    const { client, calls } = made({}, json(JSON.stringify({ "openai/new": { price: { input: 2, output: 4 } } })), () => new Response("no", { status: 404 }), json("<html>"));
    await client.updateCatalog({ "openai/gpt-5.5": { price: { input: 7, output: 8, cacheRead: 0.000001 } } });
    assert.deepEqual((await client.model(model)).price, { input: 7, output: 8, cacheRead: 0.000001 });
    await client.updateCatalog("https://prices.example/models.json");
    assert.deepEqual([(await client.model("openai/new")).price.output, calls[0].init.redirect], [4, "manual"]);
    await assert.rejects(client.updateCatalog(new URL("https://prices.example/none")), (error) => isLlmError(error, "network") && /404/.test(error.message));
    await assert.rejects(client.updateCatalog("https://prices.example/page"), (error) => isLlmError(error, "malformed"));
    for (const [info, message] of [
      [{ price: { input: 1 } }, /catalog\.openai\/x\.price\.output is required/],
      [{ price: { input: 1, output: -1 } }, /price\.output must be at least 0/],
      [{ price: { input: 0.0000001, output: 1 } }, /price\.input .*six decimals/],
      [{ price: { input: 1, output: 1, longContext: { input: 1, output: 1 } } }, /longContext\.aboveTokens is required/],
      [{ encoding: "abc" }, /encoding must be one of/],
      [{ window: 3 }, /window/],
    ]) {
      await assert.rejects(client.updateCatalog({ "openai/x": info }), (error) => isLlmError(error, "config") && message.test(error.message), JSON.stringify(info));
    }
    assert.equal((await client.model(model)).price.input, 7);
    // What it denies is refused as if the option had said so.
    await client.updateCatalog({ "openai/gpt-5.5": { abilities: { tools: false } } });
    await assert.rejects(client.chat({ model, messages: "Hi", tools: [{ name: "f" }] }), (error) => isLlmError(error, "unsupported"));
  });

  test("what the client knows, given back as its catalog, says the same", async () => {
    const { client } = made({});
    const info = await client.model("openai/gpt-6-luna");
    const again = made({ catalog: { "openai/copy": Object.fromEntries(Object.entries(info).filter(([, value]) => value !== null)) } }).client;
    assert.deepEqual(await again.model("openai/copy"), { ...info, id: "copy" });
  });
});

describe("budgets", () => {
  const failure = (promise) => promise.then(() => assert.fail("it succeeded"), (error) => error);

  test("a stream that would cost a dollar is stopped at a cent, and its server sees it", async () => {
    // Padded, because what lies in the sockets' buffers was sent without a reader.
    const delta = `: ${"x".repeat(16_000)}\n\n${text("word ".repeat(20))}`;
    let written = 0;
    let finished;
    const closed = new Promise((resolve) => (finished = resolve));
    const server = createServer((request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.on("close", () => finished(response.writableFinished));
      const write = () => {
        // A dollar's worth: 33,333 tokens of 4 bytes.
        for (; written < 1334; written++) if (!response.write(delta)) return void (written++, response.once("drain", write));
        response.end(said("", 10, 33_350));
      };
      request.resume().on("end", write);
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    let largest = 0;
    const client = createClient({
      providers: { openai: { apiKey: "a-key", api: "chat", baseURL: `http://127.0.0.1:${server.address().port}/v1` } },
      budget: { usd: 0.01 },
      fetch: async (url, init) => {
        const response = await fetch(url, init);
        const measured = new TransformStream({ transform: (piece, controller) => ((largest = Math.max(largest, piece.length)), controller.enqueue(piece)) });
        return new Response(response.body.pipeThrough(measured), response);
      },
    });
    const heard = [];
    client.on("budget", (status) => heard.push(status));
    const response = await client.stream({ model, messages: "Hi" }).response;
    assert.equal(await closed, false, "the server could not finish");
    assert.ok(written < 1334);
    assert.equal(response.finishReason, "budget");
    assert.ok(response.text.startsWith("word word") && response.usage.estimated && response.cost.estimated);
    // One delta of 25 tokens is what may lie above it, and it is less than one read of the network.
    assert.ok(response.cost.usd > 0.009 && response.cost.usd <= 0.01 + 25 * 30e-6, `${response.cost.usd}`);
    assert.ok(delta.length <= largest, `${largest}`);
    assert.deepEqual(heard, [{ spentUsd: response.cost.usd, limitUsd: 0.01 }]);
    // Nothing is left: the next is not sent.
    const error = await failure(client.chat({ model, messages: "Hi" }));
    assert.deepEqual([error.code, error.retryable], ["budget", false]);
    assert.match(error.message, /\$0\.01 per session/);
    server.close();
    server.closeAllConnections();
  });

  test("chat() under a budget is stopped in the same way, with what had arrived", async () => {
    const { client, calls } = made({}, [...Array.from({ length: 100 }, () => text("word ".repeat(80))), "hang"]);
    const response = await client.chat({ model, messages: "Hi", budget: { usd: 0.01 } });
    assert.deepEqual([response.finishReason, calls.length, bodyOf(calls[0]).stream], ["budget", 1, true]);
    assert.equal(response.text.length % 400, 0);
    assert.equal(calls[0].aborted || calls[0].cancelled, true);
    assert.equal(response.message.content, response.text);
  });

  test("what is held by one call is not there for another, and comes back when it fails", async () => {
    const failing = () => Response.json({ error: { message: "no" } }, { status: 500 });
    // 256 tokens of output are 0.00768 dollars.
    const { client, calls } = made({ budget: { usd: 0.01 } }, failing, [text("Hi"), "hang"]);
    assert.equal((await failure(client.chat({ model, messages: "Hi" }))).code, "server");
    const stream = client.stream({ model, messages: "Hi" });
    const reader = stream.getReader();
    await reader.read();
    assert.equal((await failure(client.chat({ model, messages: "Hi" }))).code, "budget");
    await reader.cancel();
    assert.equal(calls.length, 2);
    assert.ok(client.costs.totalUsd < 0.001);
    await client.costs.record({ model, usage: {}, usd: 0.009 });
    assert.equal((await failure(client.chat({ model, messages: "Hi" }))).code, "budget");
  });

  test("a model without a price is refused under a budget, or warned of", async () => {
    const refusing = made({ budget: { usd: 1 } }, json(whole(1, 1)));
    const error = await failure(refusing.client.chat({ model: "openai/nobody-s", messages: "Hi" }));
    assert.deepEqual([error.code, refusing.calls.length], ["budget", 0]);
    const warned = await made({ budget: { usd: 1, onExceed: "warn" } }, [answer("Hi")]).client.chat({ model: "openai/nobody-s", messages: "Hi" });
    assert.deepEqual(warned.warnings.map(({ code, setting }) => [code, setting]), [["unknown-price", "budget"]]);
  });

  test("tags say whose it is, the client's own too; a day is over at midnight in UTC", async () => {
    const clock = virtualClock(Date.parse("2026-11-24T23:59:00Z"));
    const { client } = made({ clock, tags: { app: "shop" }, budget: [{ usd: 0.008, per: "day", tags: { app: "shop", user: "ann" } }] }, (call) => (bodyOf(call).stream ? respond(call, [said("Hi", 10, 250)]) : json(whole(10, 250))()));
    const ask = (user) => client.chat({ model, messages: "Hi", tags: { user } });
    await ask("ann");
    assert.equal((await failure(ask("ann"))).code, "budget");
    await ask("bob");
    await clock.advance(60_000);
    await ask("ann");
    assert.equal((await client.costs.summary()).requests, 3);
  });

  test("a call's rounds of tools count together", async () => {
    const call = chunk({ tool_calls: [{ index: 0, id: "t1", type: "function", function: { name: "f", arguments: "{}" } }] }) + chunk({}, "tool_calls") + usage(10, 200) + "data: [DONE]\n\n";
    const { client, calls } = made({}, [call]);
    const tools = [{ name: "f", run: () => "again" }];
    const error = await failure(client.chat({ model, messages: "Hi", tools, maxToolRounds: 20, budget: { usd: 0.02 } }));
    // Three rounds of 0.00605 dollars leave less than the fourth would hold.
    assert.deepEqual([error.code, calls.length], ["budget", 3]);
    assert.equal(error.partial.usage.outputTokens, 600);
  });

  test("a server that does not say what it used spends what was reserved, and not nothing", async () => {
    const silent = text("Hi") + chunk({}, "stop") + "data: [DONE]\n\n";
    // 256 tokens of output are 0.00768 dollars: two of them are in it, and not a third.
    const { client, calls } = made({ budget: { usd: 0.02 } }, [silent]);
    assert.equal((await client.chat({ model, messages: "Hi" })).cost, null);
    await client.chat({ model, messages: "Hi" });
    const error = await failure(client.chat({ model, messages: "Hi" }));
    assert.deepEqual([error.code, calls.length], ["budget", 2]);
  });

  test("a tier without a price is metered too", async () => {
    const tier = chunk({ content: "word ".repeat(80) }, null, { service_tier: "platinum" });
    const { client } = made({}, [...Array.from({ length: 100 }, () => tier), "hang"]);
    const response = await client.chat({ model, messages: "Hi", budget: { usd: 0.01 } });
    assert.deepEqual([response.finishReason, response.cost], ["budget", null]);
  });

  test("one for a request that only warns is told of, with what the call has cost", async () => {
    const { client } = made({ budget: { usd: 0.001, per: "request", onExceed: "warn" } }, [said("Hi", 10, 250)]);
    const heard = [];
    client.on("budget", (status) => heard.push(status));
    const { finishReason, cost } = await client.chat({ model, messages: "Hi" });
    assert.deepEqual([finishReason, heard], ["stop", [{ spentUsd: cost.usd, limitUsd: 0.001 }]]);
  });

  test("embeddings are under it too", async () => {
    const { client, calls } = made({ budget: { usd: 0.000001 } }, json("{}"));
    const error = await failure(client.embed({ model: "openai/text-embedding-3-small", input: "word ".repeat(1000) }));
    assert.deepEqual([error.code, calls.length], ["budget", 0]);
  });

  test("options that are none are errors that name the field", async () => {
    for (const [budget, code, message] of [
      [{}, "config", /budget\.usd is required/],
      [[{ usd: 1 }, { usd: -1 }], "config", /budget\[1\]\.usd must be at least 0/],
      [{ usd: 1, per: "week" }, "config", /budget\.per must be one of/],
      [{ usd: 1, onExceed: "shout" }, "config", /budget\.onExceed must be/],
      [{ usd: 1, scope: "origin" }, "unsupported", /budget\.scope/],
      [{ usd: 1, limit: 2 }, "config", /limit/],
    ]) {
      const error = await failure(made({ budget }).client.chat({ model, messages: "Hi" }));
      assert.equal(error.code, code, JSON.stringify(budget));
      assert.match(error.message, message);
    }
    const error = await failure(made({}).client.chat({ model, messages: "Hi", budget: { usd: "1" } }));
    assert.deepEqual([error.code, /budget\.usd must be a number/.test(error.message)], ["invalid-request", true]);
  });
});

describe("the ledger", () => {
  test("adds up by provider, model, day and tag, and says what is unknown", async () => {
    const clock = virtualClock(Date.parse("2026-11-24T12:00:00Z"));
    const { client } = made({ clock, tags: { app: "shop" } }, json(whole(1000, 100)));
    await client.chat({ model, messages: "Hi", tags: { user: "ann" } });
    await client.chat({ model: "openai/nobody-s", messages: "Hi", tags: { user: "bob" } });
    await clock.advance(86_400_000);
    await client.chat({ model, messages: "Hi", tags: { user: "ann" } });
    const group = (usd, tokens, requests) => ({ usd, tokens, requests });
    assert.deepEqual(await client.costs.summary({ by: ["day", "user"] }), {
      totalUsd: 0.016,
      totalTokens: 3300,
      requests: 3,
      unknownCost: 1,
      byProvider: { openai: group(0.016, 3300, 3) },
      byModel: { "openai/gpt-5.5": group(0.016, 2200, 2), "openai/nobody-s": group(0, 1100, 1) },
      groups: { "2026-11-24 / ann": group(0.008, 1100, 1), "2026-11-24 / bob": group(0, 1100, 1), "2026-11-25 / ann": group(0.008, 1100, 1) },
    });
    assert.equal((await client.costs.summary({ since: new Date("2026-11-25T00:00:00Z") })).requests, 1);
    const history = [];
    for await (const entry of client.costs.history({ limit: 2 })) history.push([entry.at, entry.usd, entry.tags]);
    assert.deepEqual(history, [["2026-11-24T12:00:00.000Z", null, { app: "shop", user: "bob" }], ["2026-11-25T12:00:00.000Z", 0.008, { app: "shop", user: "ann" }]]);
    await client.costs.clear();
    assert.deepEqual([(await client.costs.summary()).requests, client.costs.totalUsd], [0, 0]);
  });

  test("takes what was spent elsewhere, and prices what is asked", async () => {
    const { client } = made({});
    assert.equal(client.costs.totalUsd, 0);
    const entry = await client.costs.record({ model, usage: { inputTokens: 1000, outputTokens: 10 }, tags: { a: "b" }, at: new Date("2020-01-01T00:00:00Z") });
    assert.deepEqual([entry.usd, entry.at, entry.provider, entry.model, entry.tags, "nanoUsd" in entry], [0.0053, "2020-01-01T00:00:00.000Z", "openai", "gpt-5.5", { a: "b" }, false]);
    assert.equal((await client.costs.price(model, { inputTokens: 1, outputTokens: 0 })).nanoUsd, 5000);
    assert.equal(await client.costs.price("openai/nobody-s", { inputTokens: 1, outputTokens: 0 }), null);
    assert.equal(await client.costs.price(model, { inputTokens: 1 }), null);
    await assert.rejects(client.costs.price(model, { inputTokens: -1 }), (error) => isLlmError(error, "invalid-request") && /usage\.inputTokens/.test(error.message));
    await assert.rejects(client.costs.record({ model, usage: {}, usd: 1, at: new Date("never") }), (error) => isLlmError(error, "invalid-request"));
    await assert.rejects(client.costs.summary({ since: "yesterday" }), (error) => isLlmError(error, "invalid-request"));
    await assert.rejects(client.costs.record({ usage: {} }), (error) => /model is required/.test(error.message));
    assert.equal(client.costs.totalUsd, 0.0053);
    const many = await Promise.all([1, 2, 3].map((usd) => client.costs.record({ model, usage: {}, usd, at: new Date(usd) })));
    assert.deepEqual(many.map(({ usd, at }) => [usd, at]), [1, 2, 3].map((usd) => [usd, new Date(usd).toISOString()]));
  });

  test("keeps the newest of very many, and counts them all", async () => {
    const { client } = made({});
    for (let count = 0; count < 100_001; count += 1000) {
      await Promise.all(Array.from({ length: Math.min(1000, 100_001 - count) }, (_, at) => client.costs.record({ model, usage: {}, usd: 0.001, tags: { n: String(count + at) } })));
    }
    const { requests } = await client.costs.summary();
    assert.deepEqual([requests, client.costs.totalUsd], [90_001, 100.001]);
    for await (const entry of client.costs.history({ limit: 1 })) assert.equal(entry.tags.n, "100000");
  });

  test("is exported as JSON, lines of it, and CSV that no spreadsheet runs", async () => {
    const { client } = made({});
    await client.costs.record({ model, usage: { inputTokens: 1000, outputTokens: 10 }, tags: { note: 'say "hi", then\ngo' } });
    await client.costs.record({ model: "openai/=1+1", usage: { inputTokens: 1 } });
    const read = async (format) => (await client.costs.export(format)).text();
    const list = JSON.parse(await read("json"));
    assert.deepEqual(list.map(({ usd }) => usd), [0.0053, null]);
    assert.deepEqual((await read("jsonl")).trimEnd().split("\n").map((line) => JSON.parse(line)), list);
    const csv = await read("csv");
    assert.ok(csv.includes(',openai,gpt-5.5,0.0053,1000,10,,,,false,false,"{""note"":""say \\""hi\\"", then\\ngo""}"\r\n'), csv);
    assert.ok(csv.includes(",'=1+1,"), csv);
    await assert.rejects(client.costs.export("xml"), (error) => isLlmError(error, "invalid-request"));
  });
});

describe("output that the provider has not counted", () => {
  test("is counted by the model's tokenizer once that is loaded", async () => {
    const { loadTokenizer } = await import("modelwire");
    const words = ["Ein Satz, der lang genug ist, um mehr als einen Block zu füllen. ".repeat(30), "とても短い文。"];
    const stop = () => {
      const { client } = made({}, [text(words[0]), text(words[1]), "hang"]);
      const stream = client.stream({ model: "openai/gpt-4.1", messages: "Hallo" });
      return (async () => {
        for await (const event of stream) if (event.type === "text-delta" && event.text === words[1]) await stream.cancel();
        return (await stream.response).usage;
      })();
    };
    const bytes = new TextEncoder().encode(words.join("")).length;
    assert.equal((await stop()).outputTokens, Math.ceil(bytes / 4), "by its bytes");
    const tokenizer = await loadTokenizer("gpt-4.1");
    const usage = await stop();
    assert.deepEqual([usage.outputTokens, usage.estimated], [tokenizer.count(words.join("")), true], "by its tokens");
    assert.ok(usage.inputTokens >= tokenizer.count("Hallo"), "the input too");
  });
});
