// A queue that outlives its client: what is kept, what a crash between any two writes leaves, who leads, what becomes of failures.
import assert from "node:assert/strict";
import test, { after, describe } from "node:test";
import { isLlmError } from "modelwire";
import { z } from "zod";
import { virtualClock } from "./clock.mjs";
import { ask, made, mapStore, model, mortalStore, until } from "./queue_wire.mjs";
import { macrotask } from "./wire.mjs";

const failure = (promise) => promise.then(() => assert.fail("it did not fail"), (error) => (assert.ok(isLlmError(error), error), error));
const idle = async () => {
  for (let turn = 0; turn < 20; turn++) await macrotask();
};
const keyOf = ({ init }) => init.headers["idempotency-key"];
const states = async (queue) => Object.fromEntries((await queue.list()).map(({ id, state }) => [id, state]));

/** Console warnings while it runs. */
async function warnings(work) {
  const { warn } = console;
  const texts = [];
  console.warn = (text) => texts.push(text);
  try {
    await work(texts);
  } finally {
    console.warn = warn;
  }
  return texts;
}

describe("a job is never lost, and told of once at most, where the program is killed", () => {
  const ids = ["a", "b fail", "c", "d", "e"];

  /** A life of a program: enqueues all, as it does each time it starts, and ends at its death or when all is done. */
  async function live(store, told, calls) {
    const life = made();
    const queue = life.client.queue({ store, workers: 2 });
    for (const event of ["result", "error"]) queue.on(event, ({ id }) => told.push(id));
    const work = (async () => {
      for (const id of ids) await queue.enqueue(ask(`job ${id}`), { id });
      await queue.cancel("e");
      await queue.drain();
      return queue;
    })();
    const survivor = await Promise.race([work, store.death ?? new Promise(() => {})]);
    await idle();
    calls.push(...life.calls);
    return survivor;
  }

  const cases = [
    ["after it was kept", false],
    ["before it was kept", true],
  ];
  for (const [when, lost] of cases) {
    test(`at any write, ${when}`, async () => {
      let deaths = 0;
      for (let nth = 1; ; nth++) {
        const values = new Map();
        const told = [];
        const calls = [];
        const first = await live(mortalStore(values, { nth, lost }), told, calls);
        if (!first) deaths++;
        const queue = await live(mapStore(values), told, calls);
        const jobs = await queue.list();
        assert.deepEqual(jobs.map(({ id }) => id).sort(), [...ids].sort(), `write ${nth}`);
        for (const { id, state, response, error, attempts } of jobs) {
          if (id === "e") assert.ok(["cancelled", "done"].includes(state));
          else if (id.includes("fail")) assert.deepEqual([state, error.code], ["failed", "invalid-request"]);
          else assert.deepEqual([state, response.text], ["done", `job ${id}`]);
          const own = calls.filter(({ text }) => text === `job ${id}`);
          assert.ok(new Set(own.map(keyOf)).size <= 1, "each try of a job has one key");
          assert.ok(own.length <= attempts && attempts <= 2, `${own.length} calls in ${attempts} attempts`);
        }
        assert.equal(new Set(told).size, told.length, `twice: ${told}, write ${nth}`);
        // Of what was kept in the moment of death nobody was told: one job a worker, but for the one whose write was lost.
        const over = jobs.filter(({ state }) => state !== "cancelled").length;
        assert.ok(over - told.length <= (first ? 0 : lost ? 1 : 2), `told ${told} of ${over}, write ${nth}`);
        if (first) break;
      }
      assert.ok(deaths >= 12, `${deaths} deaths`);
    });
  }

  test("at each write of the second life too", async () => {
    for (let nth = 1; nth <= 12; nth++) {
      const values = new Map();
      const told = [];
      const calls = [];
      await live(mortalStore(values, { nth: 7 }), told, calls);
      await live(mortalStore(values, { nth }), told, calls);
      const queue = await live(mapStore(values), told, calls);
      assert.deepEqual(Object.keys(await states(queue)).sort(), [...ids].sort());
      assert.ok((await queue.list()).every(({ state }) => ["done", "failed", "cancelled"].includes(state)));
      assert.equal(new Set(told).size, told.length);
    }
  });
});

describe("a durable queue", () => {
  test("goes on where another client left off, with the attempts counted and one key for all of them", async () => {
    const store = mapStore();
    const first = made({ held: true });
    const queue = first.client.queue({ store, name: "a/b" });
    for (const id of ["one", "two"]) await queue.enqueue(ask(id), { id });
    await until(() => first.calls.length === 1);
    await first.client.close();
    assert.equal(first.calls[0].aborted, true);
    const second = made();
    const again = second.client.queue({ durable: true, store, name: "a/b" });
    await again.drain();
    const jobs = await again.list();
    assert.deepEqual(jobs.map(({ id, state, attempts }) => [id, state, attempts]), [["one", "done", 2], ["two", "done", 1]]);
    assert.deepEqual(second.calls.map(({ text }) => text), ["one", "two"]);
    assert.equal(keyOf(first.calls[0]), keyOf(second.calls[0]));
    assert.notEqual(keyOf(second.calls[0]), keyOf(second.calls[1]));
    assert.deepEqual(await second.client.queue({ store, name: "a" }).list(), []);
    await second.client.close();
  });

  test("is kept in the client's store unless it has its own", async () => {
    const values = new Map();
    const { client } = made({ options: { store: mapStore(values) } });
    await client.queue({ durable: true, autoStart: false }).enqueue(ask("x"), { id: "a" });
    assert.ok([...values.keys()].some((key) => key === "modelwire/queue/default/a"), [...values.keys()].join());
    await client.close();
  });

  test("keeps requests as they were: bytes, the contents of blobs, addresses, and any text", async () => {
    const values = new Map();
    const first = made({ options: { defaultModel: model } });
    const bytes = Uint8Array.from({ length: 70_000 }, (_, at) => (at * 7) % 256);
    bytes.set([0x89, 0x50, 0x4e, 0x47]);
    const content = [
      { type: "text", text: "é🙂\u2028\ud800" },
      { type: "image", image: bytes, mediaType: "image/png" },
      { type: "image", image: new Blob([bytes.slice(0, 10)], { type: "image/png" }) },
      { type: "image", image: new URL("https://example.com/a.png") },
    ];
    const request = { messages: [{ role: "user", content }], tags: { __proto__: null, a: "1" }, maxTokens: 5, signal: undefined };
    await first.client.queue({ store: mapStore(values), autoStart: false }).enqueue(request, { id: "a" });
    await first.client.close();
    const second = made({ options: { defaultModel: model } });
    const queue = second.client.queue({ store: mapStore(values) });
    await queue.drain();
    const job = await queue.get("a");
    const png = (image) => ({ type: "image", image, mediaType: "image/png" });
    assert.deepEqual(job.request, {
      messages: [{ role: "user", content: [content[0], png(bytes), png(bytes.slice(0, 10)), { type: "image", image: "https://example.com/a.png" }] }],
      tags: { a: "1" },
      maxTokens: 5,
    });
    assert.equal(job.state, "done");
    const sent = JSON.parse(new TextDecoder().decode(second.calls[0].init.body)).messages[0].content;
    assert.equal(sent[1].image_url.url, `data:image/png;base64,${Buffer.from(bytes).toString("base64")}`);
    assert.equal(sent[3].image_url.url, "https://example.com/a.png");
    await second.client.close();
  });

  test("refuses what cannot be kept, and names it", async () => {
    const { client, calls } = made();
    const store = mapStore();
    const queue = client.queue({ store });
    const circle = {};
    circle.circle = circle;
    const cases = {
      signal: { signal: new AbortController().signal },
      "tools[0].run": { tools: [{ name: "f", run: () => 1 }] },
      "tools[1].input": { tools: [{ name: "f", input: { type: "object" } }, { name: "g", input: z.object({}) }] },
      output: { output: z.object({ a: z.string() }) },
      "retry.when": { retry: { when: () => true } },
      "model[1].request.output": { model: [model, { model, request: { output: z.string() } }] },
      "providerOptions.openai.at": { providerOptions: { openai: { at: new Date() } } },
      "providerOptions.openai.blob": { providerOptions: { openai: { blob: new Blob([]) } } },
      "providerOptions.openai.map": { providerOptions: { openai: { map: new Map() } } },
      "providerOptions.openai.big": { providerOptions: { openai: { big: 5n } } },
      "providerOptions.openai.numbers": { providerOptions: { openai: { numbers: new Float32Array(1) } } },
      "providerOptions.openai.$bytes": { providerOptions: { openai: { $bytes: "AAAA" } } },
      "providerOptions.openai.circle": { providerOptions: { openai: circle } },
    };
    for (const [name, more] of Object.entries(cases)) {
      const { code, message } = await failure(queue.enqueue({ ...ask("x"), ...more }));
      assert.deepEqual([code, message.includes(` ${name}`)], ["unsupported", true], `${name}: ${message}`);
    }
    const { code, message } = await failure(queue.enqueue({ ...ask("x"), temperature: NaN }));
    assert.deepEqual([code, message.includes("temperature")], ["invalid-request", true]);
    assert.deepEqual([await queue.list(), store.writes, calls.length], [[], 0, 0]);
    // The defaults of `with` are the job's.
    assert.match((await failure(client.with({ output: z.string() }).queue({ store }).enqueue(ask("x")))).message, / output/);
    await client.close();
  });

  test("what a model says comes back as it was, whatever it looks like", async () => {
    const values = new Map();
    const text = JSON.stringify({ $bytes: "AAAA", a: "\u2028" });
    const { client } = made();
    const queue = client.queue({ store: mapStore(values) });
    await queue.enqueue({ ...ask(text), output: { type: "object" } }, { id: "a" });
    await queue.drain();
    const live = await queue.get("a");
    await client.close();
    const other = made();
    const read = await other.client.queue({ store: mapStore(values) }).get("a");
    assert.deepEqual(read, live);
    assert.deepEqual([read.response.output, read.response.text], [{ $bytes: "AAAA", a: "\u2028" }, text]);
    await other.client.close();
  });

  test("an error survives as an LlmError", async () => {
    const values = new Map();
    const first = made();
    const queue = first.client.queue({ store: mapStore(values) });
    await queue.enqueue(ask("fail"), { id: "a" });
    await queue.enqueue({ ...ask("no JSON"), output: { type: "object" } }, { id: "b" });
    await queue.drain();
    await first.client.close();
    const second = made();
    const [a, b] = await second.client.queue({ store: mapStore(values) }).list("failed");
    assert.ok(isLlmError(a.error, "invalid-request") && a.error instanceof Error);
    assert.deepEqual([a.error.provider, a.error.status, a.error.attempts.length, a.error.body, a.response], ["openai", 400, 1, { error: { message: "no" } }, undefined]);
    assert.ok(isLlmError(b.error, "output-invalid"));
    assert.equal(b.error.partial.text, "no JSON");
    await second.client.close();
  });

  test("what nobody heard of is told to the first who listens, in a later life too, and to no second one", async () => {
    const values = new Map();
    const first = made();
    const queue = first.client.queue({ store: mapStore(values) });
    for (const id of ["a", "b fail", "c"]) await queue.enqueue(ask(id), { id });
    await queue.drain();
    const told = [];
    queue.on("result", ({ id, response }) => told.push(["first", id, response.text]));
    await until(() => told.length === 2);
    await idle();
    await first.client.close();
    const second = made();
    const again = second.client.queue({ store: mapStore(values), onResult: ({ id }) => told.push(["second", id]) });
    await again.enqueue(ask("d"), { id: "d" });
    await again.drain();
    again.on("error", ({ id, error }) => told.push(["second", id, error.code]));
    await until(() => told.length === 4);
    again.on("result", ({ id }) => told.push(["third", id]));
    await idle();
    assert.deepEqual(told, [["first", "a", "a"], ["first", "c", "c"], ["second", "d"], ["second", "b fail", "invalid-request"]]);
    await second.client.close();
  });

  test("leaves alone what is damaged or another version's", async () => {
    const values = new Map();
    const text = (value) => new TextEncoder().encode(value);
    values.set("modelwire/queue/default/torn", text('{"version":1,"id":"torn"'));
    values.set("modelwire/queue/default/newer", text('{"version":99,"id":"newer","state":"waiting"}'));
    values.set("modelwire/queue/default/null", text("null"));
    const { client } = made();
    const queue = client.queue({ store: mapStore(values) });
    await queue.enqueue(ask("x"), { id: "x" });
    await queue.drain();
    assert.deepEqual(await states(queue), { x: "done" });
    assert.equal(values.size, 4);
    await client.close();
  });

  test("says when its store fails, and keeps no call from its result: that waits until it can be stored", async () => {
    const clock = virtualClock(1_800_000_000_000);
    const store = mapStore();
    const { set } = store;
    const { client, calls } = made({ held: true, options: { clock } });
    const told = [];
    const queue = client.queue({ store, onResult: ({ id }) => told.push(id) });
    await queue.enqueue(ask("a"), { id: "a" });
    await until(() => calls.length === 1);
    const said = await warnings(async () => {
      store.set = () => Promise.reject(new Error("the disk is full"));
      const error = await failure(queue.enqueue(ask("b"), { id: "b" }));
      assert.deepEqual([error.code, /"default".*the disk is full/.test(error.message)], ["storage", true]);
      calls[0].answer();
      await clock.advance(1000);
      await clock.advance(2000);
      assert.deepEqual([told, (await queue.get("a")).state], [[], "running"]);
      store.set = set;
      await clock.advance(4000);
      await until(() => told.length > 0);
    });
    assert.deepEqual([told, calls.length, (await queue.get("a")).state], [["a"], 1, "done"]);
    assert.equal(said.length, 1);
    assert.match(said[0], /the disk is full/);
    store.get = () => Promise.reject(new Error("gone"));
    assert.equal((await failure(queue.get("a"))).code, "storage");
    await client.close();
  });

  test("stops also while its store fails", async () => {
    const store = mapStore();
    const { client, calls } = made();
    const queue = client.queue({ store });
    const said = await warnings(async () => {
      const { set } = store;
      let writes = 0;
      store.set = (...given) => (++writes > 2 ? Promise.reject(new Error("full")) : set.apply(store, given));
      await queue.enqueue(ask("a"), { id: "a" });
      await until(() => calls.length === 1 && writes > 2);
      await queue.stop();
      store.set = set;
    });
    assert.equal(said.length, 1);
    assert.equal((await queue.get("a")).state, "running");
    queue.start();
    await queue.drain();
    const { state, attempts } = await queue.get("a");
    assert.deepEqual([state, attempts, calls.length, keyOf(calls[0]) === keyOf(calls[1])], ["done", 2, 2, true]);
    await client.close();
  });
});

describe("clients that share a store", () => {
  test("have one queue: one leads, all see what happens, and each result is told once", async () => {
    const store = mapStore();
    const both = [made(), made()];
    const told = [];
    const seen = [[], []];
    const queues = both.map(({ client }, at) => {
      const queue = client.queue({ store, workers: 2, onResult: ({ id }) => told.push(id) });
      queue.on("state", ({ id, state, response }) => seen[at].push([id, state, response?.text]));
      return queue;
    });
    await Promise.all(Array.from({ length: 20 }, (_, at) => queues[at % 2].enqueue(ask(`job ${at}`), { id: `${at}` })));
    // The same id, from both at once.
    const [one, other] = await Promise.all(queues.map((queue, at) => queue.enqueue(ask(`from ${at}`), { id: "same" })));
    assert.equal(one.request.messages, other.request.messages);
    await Promise.all(queues.map((queue) => queue.drain()));
    await idle();
    assert.deepEqual([...told].sort(), ["same", ...Array.from({ length: 20 }, (_, at) => `${at}`)].sort());
    assert.deepEqual(both.map(({ calls }) => calls.length), [21, 0]);
    assert.equal(both[0].running.most, 2);
    for (const list of seen) {
      assert.equal(list.filter(([, state]) => state === "done").length, 21);
      assert.deepEqual(list.filter(([id]) => id === "7").map(([, ...rest]) => rest), [["waiting", undefined], ["running", undefined], ["done", "job 7"]]);
    }
    for (const { client } of both) await client.close();
  });

  test("take over from one another: from who stops, and from who is closed in the middle of a job", async () => {
    const store = mapStore();
    const [first, second, third] = [made({ held: true }), made({ held: true }), made()];
    const queue = first.client.queue({ store });
    for (const id of ["a", "b", "c"]) await queue.enqueue(ask(id), { id });
    await until(() => first.calls.length === 1);
    const other = second.client.queue({ store });
    const last = third.client.queue({ store });
    const drained = Promise.all([other.drain().catch(({ code }) => code), last.drain()]);
    const stopping = queue.stop();
    first.calls[0].answer();
    await stopping;
    await until(() => second.calls.length === 1);
    assert.equal((await queue.get("b")).state, "running");
    await second.client.close();
    assert.deepEqual(await drained, ["aborted", undefined]);
    assert.deepEqual((await last.list()).map(({ id, state, attempts }) => [id, state, attempts]), [["a", "done", 1], ["b", "done", 2], ["c", "done", 1]]);
    assert.deepEqual(third.calls.map(({ text }) => text), ["b", "c"]);
    assert.equal(keyOf(second.calls[0]), keyOf(third.calls[0]));
    for (const { client } of [first, third]) await client.close();
  });

  test("cancel what another one runs", async () => {
    const store = mapStore();
    const [first, second] = [made({ held: true }), made()];
    const queue = first.client.queue({ store });
    await queue.enqueue(ask("a"), { id: "a" });
    await until(() => first.calls.length === 1);
    assert.equal(await second.client.queue({ store }).cancel("a"), true);
    await until(() => first.calls[0].aborted);
    await queue.drain();
    assert.deepEqual(await states(queue), { a: "cancelled" });
    for (const { client } of [first, second]) await client.close();
  });
});

describe("without a network", () => {
  const page = Object.assign(new EventTarget(), { onLine: true });
  const before = Object.getOwnPropertyDescriptor(globalThis, "navigator");
  Object.defineProperty(globalThis, "navigator", { value: page, configurable: true });
  globalThis.addEventListener = page.addEventListener.bind(page);
  globalThis.removeEventListener = page.removeEventListener.bind(page);
  after(() => {
    if (before) Object.defineProperty(globalThis, "navigator", before);
    else delete globalThis.navigator;
    delete globalThis.addEventListener;
    delete globalThis.removeEventListener;
  });

  test("nothing is started, what broke is no failure, and it goes on when there is one again", async () => {
    const { client, calls } = made({ held: true });
    const queue = client.queue({ store: mapStore() });
    const errors = [];
    queue.on("error", ({ id }) => errors.push(id));
    for (const id of ["a", "b"]) await queue.enqueue(ask(id), { id });
    await until(() => calls.length === 1);
    page.onLine = false;
    calls[0].breaks();
    await until(async () => (await queue.get("a")).state === "waiting");
    await idle();
    assert.deepEqual([calls.length, (await queue.get("a")).attempts, errors], [1, 1, []]);
    page.onLine = true;
    page.dispatchEvent(new Event("online"));
    await until(() => calls.length === 2);
    calls[1].answer();
    await until(() => calls.length === 3);
    // With a network it is one.
    calls[2].breaks();
    await queue.drain();
    assert.deepEqual((await queue.list()).map(({ id, state, error, attempts }) => [id, state, error?.code, attempts]), [["a", "done", undefined, 2], ["b", "failed", "network", 1]]);
    assert.deepEqual(errors, ["b"]);
    await client.close();
  });
});
