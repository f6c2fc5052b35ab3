// Time that stands still until it is told to go on.
import assert from "node:assert/strict";
import test from "node:test";
import { createClient, ready } from "modelwire";
import { mockProviders, virtualClock } from "modelwire/testing";

test("timers run at their time and in their order, those that timers make included", async () => {
  const clock = virtualClock(1000);
  const ran = [];
  const at = (name) => () => ran.push([name, clock.now()]);
  clock.setTimeout(at("late"), 300);
  clock.setTimeout(at("first"), 100);
  clock.setTimeout(at("second"), 100);
  const given = clock.setTimeout(at("never"), 150);
  clock.setTimeout(() => (at("makes")(), clock.setTimeout(at("made"), 40), clock.setTimeout(at("at once"), 0), clock.clearTimeout(given)), 120);
  assert.deepEqual([clock.now(), clock.waiting], [1000, 5]);
  await clock.advance(250);
  assert.deepEqual(ran, [["first", 1100], ["second", 1100], ["makes", 1120], ["at once", 1120], ["made", 1160]]);
  assert.deepEqual([clock.now(), clock.waiting], [1250, 1]);
  await clock.advance(50);
  assert.deepEqual(ran.at(-1), ["late", 1300]);
});

test("what follows from a timer is there before the next one runs: promises, streams, tasks", async () => {
  const clock = virtualClock();
  const ran = [];
  const next = () => new Promise((resolve) => setTimeout(resolve, 0));
  clock.setTimeout(async () => {
    for (let turn = 0; turn < 50; turn++) await null;
    await new Response(new Blob(["x"]).stream()).text();
    await next();
    ran.push(clock.now());
    clock.setTimeout(() => ran.push(clock.now()), 5);
  }, 10);
  clock.setTimeout(() => ran.push(clock.now()), 20);
  await clock.advance(30);
  assert.deepEqual(ran, [10, 15, 20]);
});

test("moves that are asked for at once follow each other; a callback that throws is told when all have run", async () => {
  const clock = virtualClock();
  const ran = [];
  clock.setTimeout(() => {
    throw new Error("broken");
  }, 5);
  clock.setTimeout(() => ran.push(clock.now()), 6);
  const moves = [clock.advance(10), clock.advance(10)];
  await assert.rejects(moves[0], /broken/);
  await moves[1];
  assert.deepEqual([ran, clock.now()], [[6], 20]);
  await assert.rejects(clock.advance(-1), TypeError);
  await assert.rejects(clock.advance(NaN), TypeError);
  assert.throws(() => virtualClock(NaN), TypeError);
});

test("a timer that sets itself again without a delay does not stop the world", async () => {
  const clock = virtualClock();
  const again = () => clock.setTimeout(again, 0);
  again();
  await assert.rejects(clock.advance(1), /time cannot move/);
});

test("a client's retries, limits and time limits go by it, and nothing sleeps", async () => {
  await ready();
  const clock = virtualClock(Date.UTC(2026, 0, 1));
  const mock = mockProviders([{ status: 503 }, { status: 429, retryAfterSeconds: 20 }, "There."], { clock });
  const client = createClient({ providers: { openai: { apiKey: "k" } }, fetch: mock.fetch, clock, limits: { openai: { requestsPerMinute: 2, burst: 2 } }, timeout: { totalMs: 600_000 } });
  const real = Date.now();
  const start = clock.now();
  const asked = client.chat({ model: "openai/gpt-4o", messages: "Hi" });
  asked.catch(() => {});
  await clock.advance(600_000);
  const { text, attempts, timing } = await asked;
  assert.deepEqual([text, attempts.map(({ status }) => status)], ["There.", [503, 429, 200]]);
  assert.ok(timing.totalMs >= 20_000 && clock.now() - start === 600_000);
  assert.ok(Date.now() - real < 60_000);
});
