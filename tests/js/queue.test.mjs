// A queue in memory: who is next, what runs at once, what an id is for, what ends a job, and who hears of it.
import assert from "node:assert/strict";
import test, { after, describe } from "node:test";
import { isLlmError } from "modelwire";
import { virtualClock } from "./clock.mjs";
import { ask, made, model, until } from "./queue_wire.mjs";
import { countedSignal, macrotask } from "./wire.mjs";

const failure = (promise) => promise.then(() => assert.fail("it did not fail"), (error) => (assert.ok(isLlmError(error), error), error));
const thrown = (work) => {
  try {
    work();
  } catch (error) {
    return error;
  }
  assert.fail("it did not throw");
};

describe("a queue", () => {
  test("runs jobs one after the other, in order, and tells each state", async () => {
    const { client, calls, running } = made();
    const queue = client.queue();
    const seen = [];
    queue.on("state", ({ id, state, attempts }) => seen.push(`${id} ${state} ${attempts}`));
    const job = await queue.enqueue(ask("one"), { id: "a" });
    assert.deepEqual({ ...job, enqueuedAt: undefined }, { id: "a", request: ask("one"), state: "waiting", attempts: 0, enqueuedAt: undefined });
    assert.ok(Math.abs(Date.parse(job.enqueuedAt) - Date.now()) < 60_000);
    await queue.enqueue(ask("two"), { id: "b" });
    await queue.drain();
    assert.equal(running.most, 1);
    assert.deepEqual(calls.map(({ text }) => text), ["one", "two"]);
    assert.deepEqual(seen.filter((what) => what.startsWith("a")), ["a waiting 0", "a running 1", "a done 1"]);
    assert.deepEqual(seen.filter((what) => what.startsWith("b")), ["b waiting 0", "b running 1", "b done 1"]);
    const { response, state } = await queue.get("a");
    assert.deepEqual([state, response.text], ["done", "one"]);
    assert.equal(await queue.get("c"), null);
  });

  test("runs as many at once as it has workers", async () => {
    const { client, running, calls } = made();
    const queue = client.queue({ workers: 3 });
    await Promise.all(Array.from({ length: 20 }, (_, at) => queue.enqueue(ask(`job ${at}`))));
    await queue.drain();
    assert.deepEqual([running.most, calls.length], [3, 20]);
    assert.equal((await queue.list("done")).length, 20);
  });

  test("tells results and errors, and a handler that throws breaks nothing", async () => {
    const { client } = made();
    const heard = [];
    const queue = client.queue({ onResult: ({ response }) => heard.push(`given ${response.text}`) });
    const reported = [];
    globalThis.reportError = (error) => reported.push(error.message);
    after(() => delete globalThis.reportError);
    queue.on("result", () => {
      throw new Error("a handler's");
    });
    const off = queue.on("result", ({ response }) => heard.push(`on ${response.text}`));
    queue.on("error", ({ state, error, response }) => heard.push([state, error.code, response]));
    await queue.enqueue(ask("one"));
    await queue.enqueue(ask("fail"));
    await queue.drain();
    assert.deepEqual(reported, ["a handler's"]);
    assert.deepEqual(heard, ["given one", "on one", ["failed", "invalid-request", undefined]]);
    off();
    await queue.enqueue(ask("two"));
    await queue.drain();
    assert.equal(heard.at(-1), "given two");
    assert.throws(() => queue.on("nothing", () => {}), TypeError);
    assert.throws(() => queue.on("result", 5), TypeError);
  });

  test("puts who has more priority first, as far as ten seconds a step go", async () => {
    const clock = virtualClock(1_800_000_000_000);
    const { client, calls } = made({ options: { clock } });
    const queue = client.queue({ autoStart: false });
    await queue.enqueue(ask("old"));
    await clock.advance(15_000);
    await queue.enqueue(ask("a step"), { priority: 1 });
    await queue.enqueue(ask("two steps"), { priority: 2 });
    await queue.enqueue(ask("none"));
    await queue.enqueue(ask("less"), { priority: -0.5 });
    assert.equal(calls.length, 0);
    queue.start();
    await queue.drain();
    assert.deepEqual(calls.map(({ text }) => text), ["two steps", "old", "a step", "none", "less"]);
  });

  test("gives a known id's job back, in whatever state, and enqueues nothing", async () => {
    const { client, calls } = made({ held: true });
    const queue = client.queue();
    await queue.enqueue(ask("one"), { id: "a" });
    await until(() => calls.length === 1);
    assert.equal((await queue.enqueue(ask("other"), { id: "a" })).state, "running");
    const twice = await Promise.all([queue.enqueue(ask("two"), { id: "b" }), queue.enqueue(ask("three"), { id: "b" })]);
    assert.deepEqual(twice.map(({ request }) => request.messages), ["two", "two"]);
    calls[0].answer();
    await until(() => calls.length === 2);
    calls[1].answer();
    await queue.drain();
    const again = await queue.enqueue(ask("other"), { id: "a" });
    assert.deepEqual([again.state, again.response.text], ["done", "one"]);
    assert.equal((await queue.list()).length, 2);
  });

  test("fails what was not started by its deadline, whether it runs anything or not", async () => {
    const clock = virtualClock(1_800_000_000_000);
    const { client, calls } = made({ held: true, options: { clock } });
    const queue = client.queue();
    const errors = [];
    queue.on("error", ({ id, error }) => errors.push([id, error.code]));
    await queue.enqueue(ask("long"));
    await until(() => calls.length === 1);
    await queue.enqueue(ask("late"), { id: "late", deadlineMs: 1000 });
    await queue.enqueue(ask("later"), { id: "later", deadlineMs: 2000 });
    await queue.enqueue(ask("in time"), { id: "in time", deadlineMs: 5000 });
    await clock.advance(999);
    assert.equal((await queue.get("late")).state, "waiting");
    await clock.advance(1001);
    assert.deepEqual(errors, [["late", "timeout"], ["later", "timeout"]]);
    assert.match((await queue.get("late")).error.message, /1000 ms/);
    calls[0].answer();
    await until(() => calls.length === 2);
    await clock.advance(10_000);
    calls[1].answer();
    await queue.drain();
    assert.deepEqual([calls[1].text, (await queue.get("in time")).state], ["in time", "done"]);
    const stopped = client.queue({ name: "stopped", autoStart: false });
    await stopped.enqueue(ask("never"), { id: "n", deadlineMs: 10 });
    const drained = stopped.drain();
    await clock.advance(10);
    await drained;
    assert.equal((await stopped.get("n")).state, "failed");
  });

  test("cancels what waits and what runs, and what is over it does not", async () => {
    const { client, calls } = made({ held: true });
    const queue = client.queue();
    const told = [];
    for (const event of ["result", "error"]) queue.on(event, ({ id }) => told.push(id));
    await queue.enqueue(ask("runs"), { id: "runs" });
    await queue.enqueue(ask("waits"), { id: "waits" });
    await queue.enqueue(ask("last"), { id: "last" });
    await until(() => calls.length === 1);
    assert.deepEqual([await queue.cancel("waits"), await queue.cancel("runs"), await queue.cancel("runs"), await queue.cancel("nobody")], [true, true, false, false]);
    assert.equal(calls[0].aborted, true);
    await until(() => calls.length === 2);
    calls[1].answer();
    await queue.drain();
    assert.deepEqual((await queue.list()).map(({ id, state }) => `${id} ${state}`), ["runs cancelled", "waits cancelled", "last done"]);
    assert.deepEqual([calls[1].text, told], ["last", ["last"]]);
    assert.deepEqual((await queue.list("cancelled")).map(({ id }) => id), ["runs", "waits"]);
    assert.equal((await failure(queue.list("nope"))).code, "invalid-request");
  });

  test("stops: what runs ends, nothing is started, and it goes on when it is started again", async () => {
    const { client, calls } = made({ held: true });
    const queue = client.queue();
    await queue.enqueue(ask("one"));
    await queue.enqueue(ask("two"));
    await until(() => calls.length === 1);
    let stopped = false;
    const stopping = queue.stop().then(() => (stopped = true));
    for (let turn = 0; turn < 10; turn++) await macrotask();
    assert.equal(stopped, false);
    calls[0].answer();
    await stopping;
    for (let turn = 0; turn < 10; turn++) await macrotask();
    assert.equal(calls.length, 1);
    assert.deepEqual((await queue.list()).map(({ state }) => state), ["done", "waiting"]);
    queue.start();
    queue.start();
    await until(() => calls.length === 2);
    calls[1].answer();
    await queue.drain();
    await queue.stop();
    await queue.stop();
  });

  test("is started by the last word, even while it stops", async () => {
    const { client, calls } = made();
    const queue = client.queue({ autoStart: false });
    await queue.enqueue(ask("one"));
    queue.start();
    const stopping = queue.stop();
    queue.start();
    await stopping;
    await queue.drain();
    assert.equal(calls.length, 1);
  });

  test("drains when nothing is in it, and not before a cancelled job has left", async () => {
    const { client } = made();
    const queue = client.queue({ autoStart: false });
    await queue.drain();
    await queue.enqueue(ask("one"), { id: "a" });
    const drained = queue.drain();
    await queue.cancel("a");
    await drained;
  });

  test("takes a signal, which aborts a job wherever it is, and is let go of", async () => {
    const { client, calls } = made({ held: true });
    const queue = client.queue();
    const [runs, waits, ends] = [countedSignal(), countedSignal(), countedSignal()];
    await queue.enqueue({ ...ask("ends"), signal: ends.signal }, { id: "ends" });
    await queue.enqueue({ ...ask("runs"), signal: runs.signal }, { id: "runs" });
    await queue.enqueue({ ...ask("waits"), signal: waits.signal }, { id: "waits" });
    await until(() => calls.length === 1);
    waits.abort(new Error("too long"));
    await until(async () => (await queue.get("waits")).state === "failed");
    const { error } = await queue.get("waits");
    assert.deepEqual([error.code, error.cause.message], ["aborted", "too long"]);
    calls[0].answer();
    await until(() => calls.length === 2);
    runs.abort(new Error("enough"));
    await queue.drain();
    assert.deepEqual([calls[1].aborted, (await queue.get("runs")).error.code], [true, "aborted"]);
    assert.deepEqual([runs.listeners(), waits.listeners(), ends.listeners()], [0, 0, 0]);
    const aborted = await queue.enqueue({ ...ask("x"), signal: AbortSignal.abort() });
    await queue.drain();
    assert.equal((await queue.get(aborted.id)).state, "failed");
    assert.equal(calls.length, 2);
  });

  test("keeps functions and schemas in memory: tools are run", async () => {
    const { client } = made();
    const queue = client.queue();
    const request = { ...ask("hi"), tools: [{ name: "f", input: { type: "object" }, run: () => "1" }] };
    await queue.enqueue(request, { id: "a" });
    await queue.drain();
    const { request: kept, state } = await queue.get("a");
    assert.deepEqual([kept.tools[0].run === request.tools[0].run, state], [true, "done"]);
  });

  test("of a name is one, for clients made with `with` too, whose defaults its jobs have", async () => {
    const { client, calls } = made();
    const terse = client.with({ system: "Be brief.", model });
    const heard = [];
    client.queue({ name: "a", workers: 2 }).on("result", ({ request }) => heard.push(request.system));
    await terse.queue({ name: "a" }).enqueue({ messages: "one" });
    await client.queue({ name: "a" }).drain();
    assert.deepEqual(heard, ["Be brief."]);
    assert.deepEqual(JSON.parse(new TextDecoder().decode(calls[0].init.body)).messages.length, 2);
    assert.deepEqual(await client.queue().list(), []);
    assert.equal((await terse.queue({ name: "a", workers: 2 }).list()).length, 1);
    assert.match(thrown(() => client.queue({ name: "a", workers: 3 })).message, /there already, with another workers/);
  });

  test("refuses options that it does not know or cannot honour, by their names", async () => {
    const { client } = made();
    const store = { get() {}, set() {}, delete() {}, list() {} };
    const wrong = { name: 5, workers: "2", durable: 1, store: null, autoStart: "yes", onResult: {} };
    for (const [name, value] of Object.entries(wrong)) {
      const error = thrown(() => client.queue({ [name]: value }));
      assert.ok(error instanceof TypeError && error.message.includes(name), name);
    }
    assert.ok(thrown(() => client.queue({ store: { get() {} } })) instanceof TypeError);
    for (const options of [{ workers: 0 }, { workers: 1.5 }, { name: "" }, { priority: 1 }, { store, durable: false }]) {
      const error = thrown(() => client.queue(options));
      assert.equal(error.code, "invalid-request", JSON.stringify(options));
      assert.ok(Object.keys(options).some((name) => error.message.includes(name)));
    }
    const queue = client.queue();
    for (const options of [{ id: 5 }, { id: "" }, { id: "x".repeat(201) }, { id: "\ud800" }, { priority: "1" }, { priority: NaN }, { deadlineMs: -1 }, { deadlineMs: Infinity }, { ttl: 5 }]) {
      const { code, message } = await failure(queue.enqueue(ask("x"), options));
      assert.equal(code, "invalid-request");
      assert.ok(message.includes(Object.keys(options)[0]), message);
    }
    assert.equal((await failure(queue.enqueue("hi"))).code, "invalid-request");
    assert.deepEqual(await queue.list(), []);
    const durable = client.queue({ name: "durable", durable: true });
    for (const work of [() => durable.enqueue(ask("x")), () => durable.list(), () => durable.drain()]) {
      const { code, message } = await failure(work());
      assert.deepEqual([code, /durable.*store/.test(message)], ["unsupported", true]);
    }
  });

  test("what no provider can be asked is its job's failure, and no other's", async () => {
    const { client } = made();
    const queue = client.queue();
    await queue.enqueue({ model: "nobody/m", messages: "x" }, { id: "a" });
    await queue.enqueue({ ...ask("x"), temperature: "hot" }, { id: "b" });
    await queue.enqueue(ask("good"), { id: "c" });
    await queue.drain();
    const jobs = await queue.list();
    assert.deepEqual(jobs.map(({ state, error }) => [state, error?.code]), [["failed", "config"], ["failed", "invalid-request"], ["done", undefined]]);
  });

  test("ends with its client: what runs is aborted, and nothing hangs", async () => {
    const { client, calls } = made({ held: true });
    const queue = client.queue();
    await queue.enqueue(ask("one"));
    await until(() => calls.length === 1);
    const drained = failure(queue.drain());
    await client.close();
    assert.equal(calls[0].aborted, true);
    assert.equal((await drained).code, "aborted");
    assert.equal((await failure(queue.enqueue(ask("two")))).code, "config");
    assert.equal((await failure(client.queue().enqueue(ask("two")))).code, "config");
    assert.equal(calls.length, 1);
    queue.start();
    await client.close();
  });

  test("may be disposed of by itself, and made anew", async () => {
    const { client, calls } = made({ held: true });
    const first = client.queue();
    await first.enqueue(ask("one"));
    await until(() => calls.length === 1);
    await first[Symbol.asyncDispose ?? Symbol.for("Symbol.asyncDispose")]();
    assert.equal(calls[0].aborted, true);
    const queue = client.queue();
    assert.deepEqual(await queue.list(), []);
    await queue.enqueue(ask("two"));
    await until(() => calls.length === 2);
    calls[1].answer();
    await queue.drain();
  });

  test("forgets the oldest of ten thousand finished jobs", async () => {
    const { client } = made();
    const queue = client.queue({ autoStart: false });
    for (let at = 0; at < 10_050; at++) await queue.enqueue(ask("x"), { id: `${at}`, deadlineMs: 0 });
    queue.start();
    await queue.drain();
    const kept = await queue.list();
    assert.ok(kept.length <= 10_000 && kept.length >= 9000, `${kept.length}`);
    assert.equal(kept.at(-1).id, "10049");
    assert.equal(await queue.get("0"), null);
  });
});
