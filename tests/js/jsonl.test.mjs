// jsonlLog: lines, to whatever takes them.
import assert from "node:assert/strict";
import test, { describe } from "node:test";
import { createClient, jsonlLog } from "modelwire";
import { mockProviders } from "modelwire/testing";

const record = (more) => ({ at: "2026-01-01T00:00:00.000Z", event: "response", callId: "c", requestId: null, provider: "p", model: "m", tags: {}, ...more });
const parsed = (text) => text.trimEnd().split("\n").map((line) => JSON.parse(line));

/** A WritableStream that shows what came, and takes it when it is let. */
function target() {
  const seen = { writes: [], text: "", fail: undefined, gate: undefined };
  const decoder = new TextDecoder();
  seen.stream = new WritableStream({
    async write(chunk) {
      await seen.gate;
      seen.writes.push(chunk);
      seen.text += decoder.decode(chunk);
    },
  });
  return seen;
}

/** A handle with a file in memory, as File System Access has it. */
function fileHandle(name, text = "") {
  const handle = { name, text, opened: 0, fail: undefined, locked: 0 };
  handle.getFile = async () => new File([handle.text], name);
  handle.createWritable = async ({ keepExistingData } = {}) => {
    if (handle.fail) throw handle.fail;
    handle.opened++;
    let [content, at] = [keepExistingData ? await new Blob([handle.text]).arrayBuffer() : new ArrayBuffer(0), 0];
    content = new Uint8Array(content);
    return new WritableStream({
      async write(chunk) {
        if (chunk.type === "seek") return void (at = chunk.position);
        const bytes = new Uint8Array(chunk instanceof Blob ? await chunk.arrayBuffer() : chunk);
        const grown = new Uint8Array(Math.max(content.length, at + bytes.length));
        grown.set(content);
        grown.set(bytes, at);
        [content, at] = [grown, at + bytes.length];
      },
      close: () => void (handle.text = new TextDecoder().decode(content)),
    });
  };
  return handle;
}

describe("jsonlLog", () => {
  test("a function gets each record as a line", async () => {
    const lines = [];
    const log = jsonlLog((line) => lines.push(line));
    await log.flush();
    const client = createClient({ providers: { openai: { apiKey: "a-key" } }, fetch: mockProviders(["Hello"]).fetch, log });
    await client.chat({ model: "openai/m", messages: "Hi" });
    assert.deepEqual(lines.map((line) => JSON.parse(line).event), ["request", "response"]);
    assert.ok(lines.every((line) => !line.includes("\n")));
  });

  test("a stream gets lines when it is flushed, and stays open", async () => {
    const seen = target();
    const log = jsonlLog(seen.stream);
    log(record({ attempt: 1 }));
    log(record({ attempt: 2 }));
    await log.flush();
    log(record({ attempt: 3 }));
    await log.flush();
    assert.deepEqual(parsed(seen.text).map(({ attempt }) => attempt), [1, 2, 3]);
    assert.equal(seen.writes.length, 2);
    assert.ok(seen.writes[0] instanceof Uint8Array);
  });

  test("many records are written without a flush", async () => {
    const seen = target();
    const log = jsonlLog(seen.stream);
    await log.flush();
    const written = new Promise((resolve) => {
      const { push } = seen.writes;
      seen.writes.push = (chunk) => (push.call(seen.writes, chunk), resolve());
    });
    for (let count = 0; count < 1000; count++) log(record({ attempt: count }));
    await written;
    await log.flush();
    assert.deepEqual(parsed(seen.text).map(({ attempt }) => attempt), Array.from({ length: 1000 }, (_, count) => count));
  });

  test("what comes faster than it is taken is dropped above a mebibyte, and counted", async () => {
    const seen = target();
    let open;
    seen.gate = new Promise((resolve) => (open = resolve));
    const log = jsonlLog(seen.stream);
    await log.flush();
    const long = { model: "x".repeat(10_000) };
    for (let count = 0; count < 400; count++) log(record(long));
    open();
    await log.flush();
    const records = parsed(seen.text);
    const kept = records.filter(({ event }) => event === "response").length;
    const [dropped] = records.filter(({ event }) => event === "dropped");
    assert.equal(kept + dropped.count, 400);
    assert.ok(kept > 90 && kept < 200, `${kept} were kept`);
  });

  test("a file is appended to, and not written over", async () => {
    const handle = fileHandle("log.jsonl", '{"old":1}\n');
    const log = jsonlLog(handle);
    log(record({ model: "é" }));
    await log.flush();
    log(record());
    await log.flush();
    assert.deepEqual(parsed(handle.text).map(({ old, model }) => old ?? model), [1, "é", "m"]);
  });

  test("a file that is full loses its older half, at a line's end", async () => {
    const handle = fileHandle("log.jsonl");
    const log = jsonlLog(handle, { maxBytes: 2000 });
    for (let count = 0; count < 60; count++) {
      log(record({ attempt: count }));
      await log.flush();
      assert.ok(new Blob([handle.text]).size <= 2000);
    }
    const attempts = parsed(handle.text).map(({ attempt }) => attempt);
    assert.equal(attempts.at(-1), 59);
    assert.deepEqual(attempts, attempts.map((_, index) => attempts[0] + index), "without a gap");
    assert.ok(attempts.length > 5);
  });

  test("a file that cannot be written is tried again, and nothing is lost", async (t) => {
    const warned = t.mock.method(console, "warn", () => {});
    const handle = fileHandle("log.jsonl");
    handle.fail = new Error("quota");
    const log = jsonlLog(handle);
    log(record({ attempt: 1 }));
    await assert.rejects(log.flush(), /quota/);
    await assert.rejects(log.flush(), /quota/);
    assert.equal(warned.mock.callCount(), 1);
    handle.fail = undefined;
    log(record({ attempt: 2 }));
    await log.flush();
    assert.deepEqual(parsed(handle.text).map(({ attempt }) => attempt), [1, 2]);
  });

  test("what has no JSON in it is named in its place", async () => {
    const lines = [];
    const log = jsonlLog((line) => lines.push(JSON.parse(line)));
    await log.flush();
    const cycle = { name: "c" };
    cycle.self = cycle;
    const hostile = { get secret() { throw new Error("no"); } };
    log(record({ request: { cycle, big: 2n ** 70n, twice: [cycle.name, cycle.name], hostile } }));
    assert.deepEqual(lines[0].request, { cycle: { name: "c", self: "(contains itself)" }, big: String(2n ** 70n), twice: ["c", "c"], hostile: "(could not be read: no)" });
  });

  test("a sample is of whole calls, the same ones each time", async () => {
    const runs = [[], []];
    for (const seen of runs) {
      const log = jsonlLog((line) => seen.push(JSON.parse(line).callId), { sample: 0.25 });
      await log.flush();
      for (let count = 0; count < 2000; count++) for (const event of ["request", "response"]) log(record({ callId: `call_${count.toString(16).padStart(16, "0")}`, event }));
    }
    assert.deepEqual(runs[0], runs[1]);
    const calls = new Set(runs[0]);
    assert.equal(runs[0].length, calls.size * 2);
    assert.ok(calls.size > 400 && calls.size < 600, `${calls.size} of 2000`);
  });

  test("another target, or a wrong option, is told at once, by its name", () => {
    for (const target of [undefined, null, "log.txt", {}, { write() {} }]) assert.throws(() => jsonlLog(target), TypeError);
    const wrong = [
      [() => {}, { sample: 2 }, /sample/], [() => {}, { sample: "0.5" }, /sample/], [() => {}, { sample: NaN }, /sample/],
      [() => {}, { maxBytes: 5 }, /maxBytes/], [target().stream, { maxBytes: 5 }, /maxBytes/], [() => {}, { maxbytes: 5 }, /maxbytes/],
      ...[0, -1, NaN, Infinity, "5"].map((maxBytes) => [fileHandle("x"), { maxBytes }, /maxBytes/]),
      [() => {}, null, /options/], [() => {}, 5, /options/],
    ];
    for (const [target, options, named] of wrong) assert.throws(() => jsonlLog(target, options), (error) => error instanceof TypeError && named.test(error.message), JSON.stringify(options));
  });
});
