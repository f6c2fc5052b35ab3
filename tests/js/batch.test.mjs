// Many calls: how many run at once, in which order their answers are, what one failure is to the others, and what is read when.
import assert from "node:assert/strict";
import test, { describe } from "node:test";
import { createClient, isLlmError } from "modelwire";
import { all, countedSignal, macrotask } from "./wire.mjs";

const model = "openai/gpt-5.5";
const usage = { prompt_tokens: 1000, completion_tokens: 0, total_tokens: 1000 };

/** A provider that answers each request with its own text, when it is let; `fail` in a request fails it. */
function made({ held = false, options } = {}) {
  const calls = [];
  const running = { now: 0, most: 0 };
  const fetch = (url, init) =>
    new Promise((resolve, reject) => {
      const text = JSON.parse(new TextDecoder().decode(init.body)).messages.at(-1).content;
      running.most = Math.max(running.most, ++running.now);
      const call = { text };
      const over = (settle, value) => {
        if (call.over) return;
        call.over = true;
        running.now--;
        settle(value);
      };
      init.signal.addEventListener("abort", () => ((call.aborted = true), over(reject, init.signal.reason)));
      const body = text.includes("fail")
        ? [JSON.stringify({ error: { message: "no" } }), 400]
        : [JSON.stringify({ id: "c", model: "m", choices: [{ index: 0, finish_reason: "stop", message: { role: "assistant", content: text } }], usage }), 200];
      call.answer = () => over(resolve, new Response(body[0], { status: body[1], headers: { "content-type": "application/json" } }));
      calls.push(call);
      if (!held) setImmediate(call.answer);
    });
  return { client: createClient({ providers: { openai: { apiKey: "a-key", api: "chat" } }, fetch, retry: false, ...options }), calls, running };
}

const rows = (count, text = (at) => `row ${at}`) => Array.from({ length: count }, (_, at) => ({ model, messages: text(at) }));
const failure = (promise) => promise.then(() => assert.fail("it did not fail"), (error) => (assert.ok(isLlmError(error), error), error));
const until = async (holds) => {
  while (!holds()) await macrotask();
};

describe("a batch", () => {
  test("gives all results in the order of the rows, failures in their places", async () => {
    const { client, running } = made();
    const results = await client.batch(rows(40, (at) => (at % 7 === 3 ? `fail ${at}` : `row ${at}`)), { concurrency: 5 }).results;
    assert.equal(running.most, 5);
    assert.deepEqual(results.map(({ index }) => index), Array.from({ length: 40 }, (_, at) => at));
    for (const { index, ok, response, error } of results) {
      assert.equal(ok, index % 7 !== 3);
      if (ok) assert.equal(response.text, `row ${index}`);
      else assert.equal(error.code, "invalid-request");
    }
  });

  test("gives items as they finish", async () => {
    const { client, calls } = made({ held: true });
    const run = client.batch(rows(3));
    const items = run[Symbol.asyncIterator]();
    await until(() => calls.length === 3);
    for (const at of [2, 0, 1]) {
      calls[at].answer();
      const { value } = await items.next();
      assert.deepEqual([value.index, value.response.text], [at, `row ${at}`]);
    }
    assert.equal((await items.next()).done, true);
  });

  test("starts at once, and reads rows as places become free: what nobody takes holds it up", async () => {
    const { client } = made();
    let read = 0;
    async function* source() {
      for (const row of rows(1000)) {
        read++;
        yield row;
      }
    }
    const run = client.batch(source(), { concurrency: 4 });
    await until(() => read >= 7);
    for (let turn = 0; turn < 20; turn++) await macrotask();
    // Four answers wait, and none more is asked for but what was under way.
    assert.ok(read <= 8, `${read} were read`);
    let taken = 0;
    for await (const item of run) {
      assert.ok(item.ok);
      taken++;
      assert.ok(read <= taken + 8, `${read} were read when ${taken} were taken`);
    }
    assert.deepEqual([taken, read], [1000, 1000]);
  });

  test("leaving the loop ends it: what runs is aborted, the source is closed", async () => {
    const { client, calls, running } = made({ held: true });
    let closed = false;
    function* source() {
      try {
        yield* rows(100);
      } finally {
        closed = true;
      }
    }
    const run = client.batch(source(), { concurrency: 3 });
    await until(() => calls.length === 3);
    calls[1].answer();
    for await (const { index } of run) {
      assert.equal(index, 1);
      break;
    }
    await until(() => running.now === 0);
    assert.equal(closed, true);
    assert.ok(calls.every(({ aborted, over }) => aborted || over));
  });

  test("a signal ends it, and its items say so; no listener stays", async () => {
    const { client, calls } = made({ held: true });
    const { signal, abort, listeners } = countedSignal();
    const results = client.batch(rows(10), { concurrency: 2, signal }).results;
    await until(() => calls.length === 2);
    abort();
    assert.deepEqual((await results).map(({ index, error }) => [index, error.code]), [[0, "aborted"], [1, "aborted"]]);
    assert.equal(listeners(), 0);
    assert.deepEqual(await client.batch(rows(2), { signal }).results, []);
    const one = new AbortController();
    const own = client.batch([{ ...rows(1)[0], signal: one.signal }, ...rows(1)]).results;
    await until(() => calls.length === 4);
    one.abort();
    calls[3].answer();
    assert.deepEqual((await own).map(({ ok }) => ok), [false, true]);
  });

  test("stopOnError ends the rest with the first failure", async () => {
    const { client, calls } = made({ held: true });
    const results = client.batch(rows(10, (at) => (at === 1 ? "fail" : "row")), { concurrency: 3, stopOnError: true }).results;
    await until(() => calls.length === 3);
    calls[1].answer();
    assert.deepEqual((await results).map(({ index, error }) => [index, error.code]), [[0, "aborted"], [1, "invalid-request"], [2, "aborted"]]);
    assert.equal(calls.length, 3);
  });

  test("tells how far it is, and what it has cost", async () => {
    const { client } = made();
    const told = [];
    await client.batch(rows(3, (at) => (at === 1 ? "fail" : "row")), { concurrency: 1, onProgress: (progress) => told.push(progress) }).results;
    assert.deepEqual(told, [{ done: 1, failed: 0, total: 3, usd: 0.005 }, { done: 2, failed: 1, total: 3, usd: 0.005 }, { done: 3, failed: 1, total: 3, usd: 0.01 }]);
    const totals = [];
    function* some() {
      yield* rows(2);
    }
    await client.batch(some(), { concurrency: 1, onProgress: ({ total }) => totals.push(total) }).results;
    assert.equal(totals[0], null);
  });

  test("a source that fails ends it; what was answered is not lost", async () => {
    const { client } = made();
    async function* source() {
      yield* rows(2);
      throw new Error("the disk is gone");
    }
    const seen = [];
    const error = await failure((async () => {
      for await (const { index } of client.batch(source())) seen.push(index);
    })());
    assert.deepEqual([seen.sort(), error.code, /the disk is gone/.test(error.message)], [[0, 1], "invalid-request", true]);
    assert.match((await failure(client.batch(source()).results)).message, /the disk is gone/);
  });

  test("what is no request is that row's failure", async () => {
    const { client } = made();
    const results = await client.batch([null, 7, { model }, ...rows(1)]).results;
    assert.deepEqual(results.map(({ ok, error }) => (ok ? "ok" : error.code)), ["invalid-request", "invalid-request", "invalid-request", "ok"]);
  });

  test("uses the defaults of its client, and ends with it", async () => {
    const { client } = made();
    assert.equal((await client.with({ model }).batch([{ messages: "row" }]).results)[0].response.text, "row");
    const { client: other, calls } = made({ held: true });
    const results = other.batch(rows(5), { concurrency: 2 }).results;
    await until(() => calls.length === 2);
    await other.close();
    assert.deepEqual((await results).map(({ error }) => error.code), ["aborted", "aborted", "config", "config", "config"]);
  });

  test("what cannot be is an error that names it", async () => {
    const { client } = made();
    for (const [given, options, code, message] of [
      ["text", {}, "invalid-request", /can be iterated/],
      [7, {}, "invalid-request", /can be iterated/],
      [rows(1), { concurrency: 0 }, "invalid-request", /concurrency must be/],
      [rows(1), { concurency: 2 }, "invalid-request", /concurency is not known/],
      [rows(1), { onProgress: 1 }, "invalid-request", /onProgress/],
      [rows(1), { mode: "cheap" }, "invalid-request", /mode/],
      [rows(1), { mode: "local", resume: "handle" }, "invalid-request", /resume/],
    ]) {
      const run = client.batch(given, options);
      const error = await failure(run.results);
      assert.deepEqual([error.code, message.test(error.message)], [code, true], error.message);
      assert.equal((await failure(all(run))).code, code);
    }
    const run = client.batch(rows(2));
    for await (const _ of run) break;
    assert.match((await failure(run.results)).message, /before the first item/);
    assert.deepEqual([await run.handle, await client.batch([]).results, await all(client.batch(new Set()))], [null, [], []]);
  });
});
