// What a request comes to before it is sent, and what is sent when it is too long.
import assert from "node:assert/strict";
import test, { describe } from "node:test";
import { createClient, isLlmError, loadTokenizer } from "modelwire";
import { virtualClock } from "./clock.mjs";
import { scripted } from "./wire.mjs";

const whole = (input = 10) =>
  JSON.stringify({ id: "c1", model: "m", choices: [{ index: 0, finish_reason: "stop", message: { role: "assistant", content: "Hello" } }], usage: { prompt_tokens: input, completion_tokens: 5 } });
const json = (body) => () => new Response(body, { headers: { "content-type": "application/json" } });
const bodyOf = (call) => JSON.parse(new TextDecoder().decode(call.init.body));

function made(options, ...script) {
  const { fetch, calls } = scripted(...script);
  const client = createClient({ providers: { openai: { apiKey: "a-key", api: "chat" }, anthropic: { apiKey: "a-key" } }, fetch, retry: false, ...options });
  return { client, calls };
}

const small = { "openai/gpt-5-small": { contextWindow: 200, price: { input: 1, output: 10 } } };
const model = "openai/gpt-5-small";
const turn = (number, words) => [
  { role: "user", content: `Question ${number}: ${"word ".repeat(words)}` },
  { role: "assistant", content: `Answer ${number}` },
];

describe("countTokens", () => {
  test("here, with the model's own tokenizer, by parts", async () => {
    const { client, calls } = made();
    const tokenizer = await loadTokenizer("gpt-5");
    const tool = { name: "weather", description: "What the weather is", input: { type: "object", properties: { city: { type: "string" } }, required: ["city"] }, run: () => 1 };
    const count = await client.countTokens({ model: "openai/gpt-5", system: "Be brief.", messages: "How are you?", tools: [tool] });
    assert.equal(count.method, "local");
    assert.equal(count.parts.messages, tokenizer.count("Be brief.") + tokenizer.count("How are you?"));
    // Five for the request, four for each message.
    assert.equal(count.parts.framing, 5 + 2 * 4);
    assert.ok(count.parts.tools > 24 + tokenizer.count("weather") && count.parts.tools < 80, `${count.parts.tools}`);
    assert.equal(count.inputTokens, Object.values(count.parts).reduce((sum, part) => sum + part));
    assert.ok(count.margin > 0 && count.margin < count.inputTokens / 2);
    assert.equal(calls.length, 0);
  });

  test("is an estimate with a margin where the tokenizer is not public", async () => {
    const { client } = made();
    const messages = "word ".repeat(1000);
    const tokens = (await loadTokenizer("o200k_base")).count(messages);
    const [old, young, luna] = await Promise.all(["anthropic/claude-sonnet-4-5", "anthropic/claude-opus-4-7", "openai/gpt-6-luna"].map((model) => client.countTokens({ model, messages })));
    assert.deepEqual([old.method, young.method, luna.method], ["estimate", "estimate", "estimate"]);
    assert.equal(old.parts.messages, Math.ceil(tokens * 1.1));
    assert.equal(young.parts.messages, Math.ceil(tokens * 1.43));
    assert.equal(luna.parts.messages, tokens);
    assert.ok(old.margin >= old.parts.messages / 5);
  });

  test("an encoding in the caller's catalog is the model's own", async () => {
    const { client } = made({ catalog: { "openai/house-model": { encoding: "cl100k_base" } } });
    const count = await client.countTokens({ model: "openai/house-model", messages: "naïve café" });
    assert.deepEqual([count.method, count.parts.messages], ["local", (await loadTokenizer("cl100k_base")).count("naïve café")]);
  });

  test("learns from what the provider reports, for that model", async () => {
    const { client } = made({}, json(whole(300)), json(whole(300)));
    const request = { model: "openai/gpt-5", messages: "word ".repeat(200) };
    const before = await client.countTokens(request);
    await client.chat(request);
    const after = await client.countTokens(request);
    assert.equal(after.inputTokens, 300);
    assert.ok(before.inputTokens < 220);
    assert.deepEqual(after.parts, before.parts);
    assert.equal((await client.countTokens({ ...request, model: "openai/gpt-5-mini" })).inputTokens, before.inputTokens);
  });
});

describe("estimate", () => {
  test("says tokens, cost, window and whether it fits, and sends nothing", async () => {
    const { client, calls } = made({ catalog: small });
    const { input, output, usd, contextWindow, fits, waitMs } = await client.estimate({ model, messages: "Hi", maxTokens: 50 });
    assert.deepEqual(output, { expected: 50, max: 50 });
    assert.deepEqual([contextWindow, fits, waitMs], [200, true, 0]);
    assert.equal(usd.expected, (input.inputTokens * 1 + 50 * 10) / 1e6);
    assert.equal(usd.max, ((input.inputTokens + input.margin) * 1 + 50 * 10) / 1e6);
    assert.equal(usd.min, (input.inputTokens - input.margin) / 1e6);
    assert.equal((await client.estimate({ model, messages: "Hi", maxTokens: 195 })).fits, false);
    assert.equal(calls.length, 0);
  });

  test("null is what is not known", async () => {
    const { client } = made({ catalog: { "openai/nobody-knows": {} } });
    const { usd, contextWindow, fits } = await client.estimate({ model: "openai/nobody-knows", messages: "Hi" });
    assert.deepEqual([usd, contextWindow, fits], [null, null, null]);
  });

  test("says how long the limits would hold it", async () => {
    const clock = virtualClock(1e12);
    const { client } = made({ clock, limits: { openai: { requestsPerMinute: 1 } } }, json(whole()));
    await client.chat({ model: "openai/gpt-5", messages: "Hi" });
    assert.equal((await client.estimate({ model: "openai/gpt-5", messages: "Hi" })).waitMs, 60_000);
  });
});

describe("fit", () => {
  const messages = [{ role: "system", content: "Rules" }, ...turn(1, 50), ...turn(2, 50), ...turn(3, 50), { role: "user", content: "And now?" }];

  test("drops whole turns, oldest first, until it fits", async () => {
    const { client, calls } = made({ catalog: small });
    const result = await client.fit({ model, messages });
    assert.deepEqual(result.dropped, messages.slice(1, 3));
    assert.deepEqual(result.messages, [messages[0], ...messages.slice(3)]);
    assert.ok(result.fits && result.inputTokens <= 150);
    // The caller's own objects.
    assert.equal(result.messages[0], messages[0]);
    assert.equal((await client.countTokens({ model, messages: result.messages })).inputTokens, result.inputTokens);
    assert.equal(calls.length, 0);
  });

  test("keeps what it is told to, and says when that is too much", async () => {
    const { client } = made({ catalog: small });
    const kept = await client.fit({ model, messages }, { keepFirst: 1, maxTokens: 100 });
    assert.deepEqual(kept.dropped, messages.slice(3, 7));
    const { fits, dropped } = await client.fit({ model, messages }, { maxTokens: 10 });
    assert.deepEqual([fits, dropped.length], [false, 6]);
    assert.deepEqual((await client.fit({ model, messages: "Hi" })).messages, [{ role: "user", content: "Hi" }]);
  });

  test("cuts the longest", async () => {
    const { client } = made({ catalog: small });
    const result = await client.fit({ model, messages: [{ role: "user", content: "word ".repeat(500) }, { role: "user", content: [{ type: "text", text: "short" }] }] }, { strategy: "truncate-longest" });
    assert.ok(result.fits && result.messages[0].content.startsWith("word word") && result.messages[0].content.length < 800);
    assert.deepEqual([result.messages[1].content[0].text, result.dropped], ["short", []]);
    assert.ok((await client.countTokens({ model, messages: result.messages })).inputTokens <= 150);
  });

  test("says what is left after a cut, not what was hoped for", async () => {
    const { client } = made({ catalog: small });
    // Each of its texts is short: cutting the longest of them is not enough.
    const content = Array.from({ length: 8 }, () => ({ type: "text", text: "word ".repeat(40) }));
    const result = await client.fit({ model, messages: [{ role: "user", content }] }, { strategy: "truncate-longest" });
    assert.equal(result.fits, false);
    assert.equal(result.inputTokens, (await client.countTokens({ model, messages: result.messages })).inputTokens);
  });

  test("puts a summary in the place of what it drops", async () => {
    const { client } = made({ catalog: small });
    const summed = [];
    const result = await client.fit({ model, messages }, { strategy: "summarize", summarize: async (dropped) => (summed.push(...dropped), "They asked twice.") });
    assert.deepEqual(summed.slice(0, 2), messages.slice(1, 3));
    assert.match(result.messages[1].content, /They asked twice\./);
    assert.ok(result.fits);
    assert.equal((await client.countTokens({ model, messages: result.messages })).inputTokens, result.inputTokens);
    await assert.rejects(client.fit({ model, messages }, { strategy: "summarize" }), { code: "invalid-request", message: /summarize/ });
  });

  test("wrong options are refused by name", async () => {
    const { client } = made({ catalog: small });
    await assert.rejects(client.fit({ model, messages }, { keepLast: -1 }), { code: "invalid-request", message: /keepLast/ });
    await assert.rejects(client.fit({ model, messages }, { strategy: "forget" }), { code: "invalid-request", message: /strategy/ });
    await assert.rejects(client.fit({ model, messages }, { keepTurns: 1 }), { code: "invalid-request", message: /keepTurns/ });
    await assert.rejects(client.fit({ model: "openai/nobody-knows", messages }), { code: "invalid-request", message: /window/ });
  });
});

describe("context", () => {
  const long = [...turn(1, 100), ...turn(2, 100), { role: "user", content: "And now?" }];

  test("a request that cannot fit fails before it is sent, and says by how much", async () => {
    const { client, calls } = made({ catalog: small });
    for (const context of [undefined, "error"]) {
      await assert.rejects(client.chat({ model, messages: "word ".repeat(400), ...(context && { context }) }), (error) => {
        assert.ok(isLlmError(error, "context-length"));
        assert.ok(error.needed > 400 && error.limit === 200);
        return true;
      });
    }
    assert.equal(calls.length, 0);
  });

  test("fit leaves the oldest turns out, with a warning", async () => {
    const { client, calls } = made({ catalog: small }, json(whole()));
    const { warnings } = await client.chat({ model, messages: long, context: "fit" });
    assert.deepEqual(bodyOf(calls[0]).messages.map(({ content }) => content), [long[2].content, long[3].content, "And now?"].slice(-bodyOf(calls[0]).messages.length));
    assert.ok(bodyOf(calls[0]).messages.length < long.length);
    assert.equal(warnings.find(({ code }) => code === "context-fitted").setting, "context");
  });

  test("send lets the provider judge; so does a window that nobody knows", async () => {
    const { client, calls } = made({ catalog: small }, json(whole()), json(whole()));
    await client.chat({ model, messages: "word ".repeat(400), context: "send" });
    await client.chat({ model: "openai/nobody-knows", messages: "word ".repeat(400) });
    assert.equal(calls.length, 2);
  });

  test("a chain goes on to a wider window", async () => {
    const { client, calls } = made({ catalog: { ...small, "openai/gpt-5-wide": { contextWindow: 100_000 } } }, json(whole()));
    const response = await client.chat({ model: [model, "openai/gpt-5-wide"], messages: "word ".repeat(400) });
    assert.equal(response.model === "m" && calls.length, 1);
    assert.equal(bodyOf(calls[0]).model, "gpt-5-wide");
  });

  test("other words are refused", async () => {
    const { client } = made();
    await assert.rejects(client.chat({ model, messages: "Hi", context: "drop" }), { code: "invalid-request", message: /context/ });
  });
});

describe("a long text", () => {
  test("is counted in turns, as the tokenizer counts it", async () => {
    const tokenizer = await loadTokenizer("gpt-4.1");
    const client = createClient({ providers: { openai: { apiKey: "a-key" } } });
    let state = 1;
    const letters = Array.from({ length: 1e6 }, () => String.fromCharCode(97 + ((state = (state * 48271) % 2147483647) % 26))).join("");
    for (const text of [letters, "我🙂é".repeat(40_000), "=".repeat(210).concat("-").repeat(500), "Words like these. ".repeat(20_000)]) {
      let turns = 0;
      const ticking = setInterval(() => turns++);
      const { parts } = await client.countTokens({ model: "openai/gpt-4.1", messages: text });
      clearInterval(ticking);
      assert.equal(parts.messages, tokenizer.count(text));
      if (text === letters) assert.ok(turns >= 2, `others had ${turns} turns`);
    }
  });
});
