// A bad day: a mock that somebody else wrote drops, garbles, limits and cuts at 30 % each, and every call ends whole or in an
// error that says why.
import assert from "node:assert/strict";
import { test } from "node:test";
import { LLMock } from "@copilotkit/aimock";
import { createClient, isLlmError } from "modelwire";
import { all } from "../js/wire.mjs";

const CALLS = 1000;
const AT_ONCE = 40;
const says = "The quick brown fox jumps over the lazy dog, and the dog does not mind at all.";

/** Waits are fifty times as short, and counted. */
function quickClock() {
  const timers = new Set();
  return {
    timers,
    now: () => performance.timeOrigin + performance.now(),
    setTimeout(callback, ms) {
      const timer = setTimeout(() => (timers.delete(timer), callback()), ms / 50);
      timers.add(timer);
      return timer;
    },
    clearTimeout(timer) {
      timers.delete(timer);
      clearTimeout(timer);
    },
  };
}

test("a thousand calls through four providers that fail at every turn", { timeout: 120_000 }, async (t) => {
  const rate = 0.3;
  const mock = new LLMock({ port: 0, chaos: { dropRate: rate, malformedRate: rate, disconnectRate: rate, rateLimitRate: rate } });
  // Some answers, those that are cut in the middle, begin well.
  mock.onMessage("cut short", { content: says }, { chunkSize: 9, latency: 2, truncateAfterChunks: 4, chaos: { dropRate: 0.3, disconnectRate: 0 } });
  mock.onMessage("Your answer was cut off", { content: says }, { chunkSize: 9 });
  mock.onMessage("say it", { content: says }, { chunkSize: 9 });
  await mock.start();
  t.after(() => mock.stop());
  const unhandled = [];
  const heard = (reason) => unhandled.push(reason);
  process.on("unhandledRejection", heard);
  t.after(() => process.off("unhandledRejection", heard));

  const clock = quickClock();
  const key = "a-key-of-chaos-0042";
  const client = createClient({
    providers: {
      openai: { apiKey: [key, `${key}-2`], baseURL: `${mock.url}/v1`, api: "chat" },
      anthropic: { apiKey: key, baseURL: mock.url },
      cohere: { apiKey: key, baseURL: mock.url },
      mine: { kind: "openai-compatible", apiKey: key, baseURL: `${mock.url}/v1` },
    },
    models: { any: ["openai/gpt-4o", "anthropic/claude-haiku-4-5", "cohere/command-a-03-2025", "mine/m"] },
    fallback: { midStream: true, order: "weighted", cooldownMs: 500 },
    timeout: { totalMs: 20 * 60_000 },
    limits: { openai: { maxConcurrent: 10 } },
    clock,
  });

  const ends = { whole: 0, continued: 0, failed: {} };
  const ids = new Set();
  async function call(number) {
    const request = { model: "any", messages: number % 4 === 3 ? "cut short" : "say it" };
    try {
      let response;
      if (number % 2 === 0) {
        response = await client.chat(request);
      } else {
        const events = await all(client.stream(request));
        response = events.at(-1).response;
        const count = (type) => events.filter((event) => event.type === type).length;
        assert.deepEqual([count("start"), count("usage"), count("end")], [1, 1, 1]);
        const text = events.filter(({ type }) => type === "text-delta").map((event) => event.text).join("");
        assert.equal(text, response.text, "nothing was delivered twice");
        assert.ok(events.findLastIndex(({ type }) => type === "retry") < events.findIndex(({ type }) => type === "start"));
      }
      assert.equal(response.attempts.at(-1).error, null);
      assert.ok(response.attempts.slice(0, -1).every(({ error }) => error !== null));
      // Who goes on says all of it again here, and what is repeated is left out.
      assert.equal(response.text, says);
      const seams = response.attempts.filter(({ error, status }) => status === 200 && ["network", "truncated"].includes(error?.code)).length;
      ends.whole++;
      if (seams > 0) ends.continued++;
      ids.add(response.callId);
    } catch (error) {
      if (!isLlmError(error)) throw error;
      assert.ok(error.attempts.length >= 1 && error.attempts.length <= 14, `${error.attempts.length} attempts`);
      assert.ok(!JSON.stringify(error).includes(key));
      ends.failed[error.code] = (ends.failed[error.code] ?? 0) + 1;
      ids.add(`failed ${number}`);
    }
  }
  let next = 0;
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    while (next < CALLS) await call(next++);
  }));
  const failed = Object.values(ends.failed).reduce((sum, count) => sum + count, 0);
  t.diagnostic(`${ends.whole} whole, ${ends.continued} of them continued; failed: ${JSON.stringify(ends.failed)}`);
  assert.equal(ends.whole + failed, CALLS);
  assert.equal(ids.size, CALLS, "every call ended once");
  // One attempt in four comes through, and there are four providers: two thirds, less what a budget of retries does not make up
  // for. What is asserted is far below: it is not chance that is tested here.
  assert.ok(ends.whole > CALLS / 3 && ends.continued > 0, `${ends.whole} came through, ${ends.continued} of them continued`);
  assert.deepEqual(unhandled, []);
  assert.equal(clock.timers.size, 0, "no timer is left");
  const [limit] = await client.limits.status();
  assert.deepEqual([limit.running, limit.waiting], [0, 0]);
  await client.close();
});
