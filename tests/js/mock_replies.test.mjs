// Every member of a mock's reply, in every wire, whole and streamed: read by the client, timed by a clock that stands still.
import assert from "node:assert/strict";
import test, { before, describe } from "node:test";
import { createClient, isLlmError, ready } from "modelwire";
import { mockProviders, virtualClock } from "modelwire/testing";

/** By name: the options of the provider, and whether it shows its reasoning unasked. */
const wires = {
  "OpenAI chat": { kind: "openai", api: "chat" },
  "OpenAI responses": { kind: "openai", api: "responses" },
  Anthropic: { kind: "anthropic", shows: true },
  "Azure chat": { kind: "azure", endpoint: "https://r.openai.azure.com", api: "chat" },
  "Azure responses": { kind: "azure", endpoint: "https://r.openai.azure.com", api: "responses" },
  Cohere: { kind: "cohere", shows: true },
  "compatible chat": { kind: "openai-compatible", baseURL: "https://x.example/v1", shows: true },
  "compatible responses": { kind: "openai-compatible", baseURL: "https://x.example/v1", api: "responses", shows: true },
};

const usage = { inputTokens: 120, outputTokens: 45, cacheReadTokens: 100, reasoningTokens: 7 };
const toolCalls = [{ name: "get_weather", input: { city: "Zürich" } }, { name: "now", input: {} }];
const tools = [{ name: "get_weather", input: { type: "object", properties: { city: { type: "string" } } } }, { name: "now", input: { type: "object", properties: {} } }];

before(() => ready());

for (const [name, { shows, ...provider }] of Object.entries(wires)) {
  describe(name, () => {
    /** A client of one reply, and its clock. */
    function make(reply, options) {
      const clock = virtualClock(1_800_000_000_000);
      const mock = mockProviders([reply], { clock });
      const client = createClient({ providers: { it: { apiKey: "k", ...provider } }, fetch: mock.fetch, clock, retry: false, ...options });
      return { client, clock };
    }

    const hows = {
      whole: (client, more) => client.chat({ model: "it/some-model", messages: "Hi", tools, ...more }),
      streamed: (client, more) => client.stream({ model: "it/some-model", messages: "Hi", tools, ...more }).response,
    };
    for (const [how, ask] of Object.entries(hows)) {
      const failing = async (reply, options) => {
        const { client, clock } = make(reply, options);
        const asked = ask(client).then(() => assert.fail("an answer came"), (error) => error);
        await clock.advance(600_000);
        const error = await asked;
        assert.ok(isLlmError(error), String(error));
        return error;
      };

      test(`${how}: text, reasoning, usage and a reason`, async () => {
        const { client } = make({ text: "Grüße, 🌍 twice.", reasoning: "A greeting is asked for.", usage, finishReason: "length" });
        const answer = await ask(client);
        assert.deepEqual([answer.text, answer.finishReason], ["Grüße, 🌍 twice.", "length"]);
        if (shows) assert.equal(answer.reasoning, "A greeting is asked for.");
        const { inputTokens, outputTokens, cacheReadTokens, reasoningTokens, estimated } = answer.usage;
        assert.deepEqual([inputTokens, outputTokens, cacheReadTokens, estimated], [120, 45, 100, false]);
        assert.equal(reasoningTokens, 7);
      });

      test(`${how}: tool calls`, async () => {
        const answer = await ask(make({ text: "I look.", toolCalls }).client);
        assert.equal(answer.finishReason, "tool-calls");
        // Cohere calls it the model's plan.
        assert.equal(name === "Cohere" ? answer.reasoning : answer.text, "I look.");
        assert.deepEqual(answer.toolCalls.map(({ name, input }) => ({ name, input })), toolCalls);
      });

      for (const finishReason of ["stop", "length", "content-filter", "refusal", "other"]) {
        test(`${how}: the reason "${finishReason}"`, async () => {
          const answer = await ask(make({ text: "No.", finishReason }).client);
          const has = reasons[finishReason]?.[name.split(" ")[0]] ?? finishReason;
          assert.equal(answer.finishReason, has);
        });
      }

      test(`${how}: statuses, errors and how long to wait`, async () => {
        const limited = await failing({ status: 429, retryAfterSeconds: 2.5 });
        assert.deepEqual([limited.code, limited.status, limited.retryAfterMs], ["rate-limit", 429, 2500]);
        const alone = await failing({ retryAfterSeconds: 3 });
        assert.deepEqual([alone.code, alone.retryAfterMs], ["rate-limit", 3000]);
        for (const error of ["authentication", "permission", "not-found", "context-length", "quota", "server"]) assert.equal((await failing({ error })).code, error);
        const own = await failing({ status: 503, error: "The tide is out." });
        assert.equal(own.status, 503);
        assert.match(own.message, /The tide is out\./);
        assert.equal((await failing({ error: "Something else." })).status, 500);
      });

      test(`${how}: a dead network, a cut, an error inside, broken JSON, silence`, async () => {
        assert.equal((await failing({ networkError: true })).code, "network");
        const cut = await failing({ text: "one two three four five six", cutAfterEvents: 6 });
        assert.ok((how === "streamed" ? ["truncated"] : ["network", "truncated"]).includes(cut.code), cut.code);
        if (how === "streamed") assert.ok("one two three four five six".startsWith(cut.partial.text), cut.partial.text);
        // Within a stream Cohere has one word for all that fails.
        assert.equal((await failing({ text: "x", errorAfterEvents: 3 })).code, name === "Cohere" && how === "streamed" ? "server" : "overloaded");
        assert.equal((await failing({ text: "x", errorAfterEvents: 3, error: "server" })).code, "server");
        assert.equal((await failing({ text: "x y z", malformedAfterEvents: 3 })).code, "malformed");
        assert.equal((await failing({ text: "x y z", stallAfterEvents: 2 }, { timeout: { idleMs: 1000, totalMs: 5000 } })).code, "timeout");
      });

      test(`${how}: its delay and its pace, to the millisecond`, async () => {
        const { client, clock } = make({ text: "one two three four", delayMs: 700, tokensPerSecond: 2, usage: { inputTokens: 1, outputTokens: 4 } });
        let done = false;
        const asked = ask(client).finally(() => (done = true));
        await clock.advance(2699);
        assert.equal(done, false);
        await clock.advance(1);
        assert.equal((await asked).timing.totalMs, 2700);
        assert.equal(clock.waiting, 0, "a timer is left");
      });
    }

    test("silence, and an error, after the last event", async () => {
      let asked;
      const client = createClient({ providers: { it: { apiKey: "k", ...provider } }, fetch: (...args) => ((asked = args), mockProviders(["x"]).fetch(...args)) });
      await client.stream({ model: "it/some-model", messages: "Hi" }).text();
      const [url, { signal: _, ...init }] = asked;
      const chunks = async (reply, signal) => {
        const list = [];
        const reader = (await mockProviders([reply]).fetch(url, { ...init, signal })).body.getReader();
        for (;;) {
          const { done, value } = await reader.read().catch(() => ({ done: true, value: "aborted" }));
          if (done) return value ? [...list, value] : list;
          list.push(new TextDecoder().decode(value));
          // Silence, else: nothing would come, and nothing end.
          if (signal && list.length === all.length) setImmediate(() => controller.abort());
        }
      };
      const controller = new AbortController();
      const all = await chunks("x");
      assert.ok(all.length > 2);
      assert.deepEqual(await chunks({ text: "x", stallAfterEvents: all.length }, controller.signal), [...all, "aborted"]);
      const failed = await chunks({ text: "x", errorAfterEvents: all.length });
      assert.deepEqual([failed.length, failed.slice(0, -1)], [all.length + 1, all]);
    });
  });
}

/** Where a wire has no word of its own: what it comes to. */
const reasons = {
  refusal: { Cohere: "stop" },
  other: {},
  "content-filter": { Anthropic: "refusal", Cohere: "other" },
};

for (const [reply, says] of [
  [{ usage: { inputTokens: 5, outputTokens: 5, cacheReadTokens: 6 } }, /usage of a mock reply must be counts of tokens/],
  [{ usage: { inputTokens: 5, outputTokens: 5, reasoningTokens: 6 } }, /the last two within the first/],
]) {
  test(`the reply ${JSON.stringify(reply)} is refused where it is written`, () => assert.throws(() => mockProviders([reply]), (error) => error instanceof TypeError && says.test(error.message)));
}
