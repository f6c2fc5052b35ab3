// Waiting, in virtual time: what a stream does about silence, and what is left behind.
import assert from "node:assert/strict";
import test, { describe } from "node:test";
import { createClient, isLlmError } from "modelwire";
import { virtualClock } from "./clock.mjs";
import { all, answer, ask, chunk, last, respond, scripted, text, typesOf } from "./wire.mjs";

function setup(script, options) {
  const clock = virtualClock(1_000_000);
  const { fetch, calls } = scripted(...script);
  const client = createClient({ providers: { openai: { apiKey: "a-key", api: "chat" }, groq: { apiKey: "a-key" } }, fetch, clock, ...options });
  return { clock, calls, client };
}
const chunkOfCall = (name) =>
  chunk({ tool_calls: [{ index: 0, id: "t1", type: "function", function: { name, arguments: "{}" } }] }) + chunk({}, "tool_calls") + "data: [DONE]\n\n";
const failing = () => Response.json({ error: { message: "no" } }, { status: 503 });
const failure = (promise) => promise.then(() => assert.fail("it succeeded"), (error) => error);

describe("time", () => {
  test("idleMs counts from the read that waits, and the timer is gone afterwards", async () => {
    const { clock, calls, client } = setup([(call) => respond(call, [text("Hel"), "hang"])], { timeout: { idleMs: 1000 } });
    const reader = client.stream(ask()).getReader();
    assert.equal((await reader.read()).value.type, "start");
    assert.equal((await reader.read()).value.text, "Hel");
    await clock.advance(5000);
    const reading = failure(reader.read());
    await clock.idle();
    await clock.advance(999);
    assert.equal(calls[0].aborted, false);
    await clock.advance(1);
    const error = await reading;
    assert.deepEqual([error.code, error.partial.text, error.retryable, calls[0].aborted], ["timeout", "Hel", true, true]);
    assert.match(error.message, /timeout\.idleMs \(1000 ms\)/);
    assert.equal(clock.waiting, 0);
  });

  test("what comes in time puts it off", async () => {
    let body;
    const send = (piece) => body.enqueue(new TextEncoder().encode(piece));
    const answer = () => new Response(new ReadableStream({ start: (controller) => (body = controller) }), { headers: { "content-type": "text/event-stream" } });
    const { clock, client } = setup([answer], { timeout: { idleMs: 1000 } });
    const events = all(client.stream(ask()));
    await clock.idle();
    for (let count = 0; count < 5; count++) {
      send(text("x"));
      await clock.idle();
      await clock.advance(900);
    }
    send(last);
    body.close();
    assert.equal((await events).at(-1).response.text, "xxxxx");
    await clock.idle();
    assert.equal(clock.waiting, 0);
  });

  test("totalMs ends a stream that nobody reads, at its next read", async () => {
    const { clock, calls, client } = setup([(call) => respond(call, [text("Hel"), "hang"])], { timeout: { totalMs: 3000 } });
    const reader = client.stream(ask()).getReader();
    await reader.read();
    await reader.read();
    await clock.advance(3000);
    assert.equal(calls[0].aborted, true);
    const error = await failure(reader.read());
    assert.match(error.message, /timeout\.totalMs \(3000 ms\)/);
    assert.equal(error.partial.text, "Hel");
  });

  test("totalMs holds for the tools of a stream, and what was done is kept", async () => {
    const calls = chunkOfCall("slow");
    const { clock, client } = setup([(call) => respond(call, [calls])], { timeout: { totalMs: 2000 } });
    let signal;
    const tools = [{ name: "slow", run: (_, context) => ((signal = context.signal), new Promise(() => {})) }];
    const error = failure(client.stream(ask({ tools })).text());
    while (!signal) await clock.idle();
    await clock.advance(2000);
    assert.match((await error).message, /timeout\.totalMs \(2000 ms\)/);
    assert.equal(signal.aborted, true);
    assert.deepEqual((await error).partial?.newMessages.map(({ role }) => role), ["assistant", "tool"]);
  });

  test("a request's own times win over the provider's, and these over the client's", async () => {
    const { clock, client } = setup([() => new Promise(() => {})], {
      timeout: { firstTokenMs: 5000, totalMs: 60_000 },
      providers: { openai: { apiKey: "k", timeout: { firstTokenMs: 3000 } } },
      retry: false,
    });
    for (const [more, ms] of [[{}, 3000], [{ timeout: { firstTokenMs: 1000 } }, 1000], [{ timeout: { firstTokenMs: 70_000 } }, 60_000]]) {
      const error = failure(client.chat(ask(more)));
      await clock.idle();
      await clock.advance(ms - 1);
      assert.equal(await Promise.race([error, "still waiting"]), "still waiting");
      await clock.advance(1);
      assert.equal((await error).code, "timeout");
      assert.equal(clock.waiting, 0);
    }
  });
});

describe("waiting to try again", () => {
  test("takes the time that it says and no more", async () => {
    const { clock, calls, client } = setup([failing, failing, (call) => respond(call, [answer("Hi")])], { retry: { jitter: false } });
    const events = all(client.stream(ask()));
    await clock.idle();
    assert.equal(calls.length, 1);
    await clock.advance(499);
    assert.equal(calls.length, 1);
    await clock.advance(1);
    assert.equal(calls.length, 2);
    await clock.advance(1000);
    const list = await events;
    assert.deepEqual(list.filter(({ type }) => type === "retry").map(({ delayMs }) => delayMs), [500, 1000]);
    const { response } = list.at(-1);
    assert.deepEqual([response.timing.waitedMs, response.attempts.map(({ waitedMs }) => waitedMs)], [1500, [0, 500, 1000]]);
    assert.equal(clock.waiting, 0);
  });

  test("the event comes before the wait, not after it", async () => {
    const { clock, client } = setup([failing, (call) => respond(call, [answer("Hi")])], { retry: { jitter: false } });
    const reader = client.stream(ask()).getReader();
    const { value } = await reader.read();
    assert.deepEqual([value.type, value.next, value.attempt.error.code], ["retry", "openai/m", "overloaded"]);
    const next = reader.read();
    await clock.advance(500);
    assert.equal((await next).value.type, "start");
    await reader.cancel();
  });

  test("cancelling meanwhile ends quietly, and closing the client with an error that tells the story", async () => {
    const cancelled = setup([failing], { retry: { jitter: false } });
    const stream = cancelled.client.stream(ask());
    const reader = stream.getReader();
    await reader.read();
    await reader.cancel();
    const response = await stream.response;
    assert.deepEqual([response.finishReason, response.attempts.length, cancelled.clock.waiting], ["aborted", 1, 0]);

    const closed = setup([failing], { retry: { jitter: false } });
    const error = failure(closed.client.chat(ask()));
    await closed.clock.idle();
    await closed.client.close();
    assert.deepEqual([(await error).code, (await error).attempts.length, closed.clock.waiting], ["aborted", 1, 0]);
  });

  test("when gets the error and the number of the attempt, and what it throws is the call's error", async () => {
    const asked = [];
    const when = (error, attempt) => (asked.push([isLlmError(error, "overloaded"), attempt]), attempt < 2 ? { delayMs: 7 } : false);
    const { clock, calls, client } = setup([failing], {});
    const error = failure(client.chat(ask({ retry: { when } })));
    await clock.idle();
    await clock.advance(7);
    assert.equal((await error).code, "overloaded");
    assert.deepEqual([asked, calls.length], [[[true, 1], [true, 2]], 2]);
    const thrown = await failure(client.chat(ask({ retry: { when: () => { throw new Error("mine"); } } })));
    assert.equal(thrown.code, "config");
    assert.match(thrown.message, /when threw: mine/);
  });

  test("fallback.when is told of the attempt and may name the target", async () => {
    const asked = [];
    const when = (error, attempt) => (asked.push(attempt.provider), "groq/b");
    const { client } = setup([failing, (call) => respond(call, [answer("Hi")])], { fallback: { when }, retry: false });
    const events = await all(client.stream(ask({ model: ["openai/a", "openai/c", "groq/b"] })));
    assert.deepEqual([asked, events.at(-1).response.provider, typesOf(events)[0]], [["openai"], "groq", "retry"]);
  });
});

describe("a limit in a store", () => {
  const hello = (call) => respond(call, [answer("Hi")]);

  test("one that offers take is asked by it, in its own units, and told of what was used by update", async () => {
    const asked = [];
    const updated = [];
    let waits = [250, 0];
    const scope = {
      take: async (key, cost) => (asked.push([key, cost]), { waitMs: waits.shift() ?? 0 }),
      update: async (key, change) => (updated.push(key), change(null, 0).result),
    };
    const { clock, calls, client } = setup([hello], { limits: { openai: { requestsPerMinute: 60, burst: 5, tokensPerMinute: 6000, scope } } });
    const text = client.stream(ask({ maxTokens: 100 })).text();
    await clock.idle();
    assert.equal(calls.length, 0);
    await clock.advance(250);
    assert.equal(await text, "Hi");
    const requests = { bucket: "requests", amount: 1, perMinute: 60, burst: 5 };
    assert.deepEqual([asked.length, asked[0][0], asked[0][1][0]], [2, "limit:openai", requests]);
    const { bucket, amount, perMinute } = asked[0][1][1];
    assert.ok(bucket === "tokens" && perMinute === 6000 && amount > 100 && amount < 110, `${amount} ${bucket}`);
    assert.deepEqual(updated, ["limit:openai"]);
  });

  test("one that fails, or gives nonsense, fails the call by name and holds nobody up", async () => {
    const stores = [
      { update: async () => Promise.reject(new Error("no disk")) },
      { update: () => { throw new Error("no disk"); } },
      { update: async () => "soon" },
      { update() {}, take: async () => ({ waitMs: -1 }) },
    ];
    for (const scope of stores) {
      const { calls, client } = setup([hello], { limits: { openai: { requestsPerMinute: 60, scope } } });
      const error = await failure(client.chat(ask()));
      assert.equal(error.code, "storage");
      assert.match(error.message, /the limit "limit:openai"/);
      assert.deepEqual([calls.length, (await client.limits.status())[0].waiting, (await client.limits.status())[0].running], [0, 0, 0]);
    }
  });
});
