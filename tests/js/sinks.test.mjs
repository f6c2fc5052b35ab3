// save and display: every kind of target gets the whole text, at its own pace.
import assert from "node:assert/strict";
import { createWriteStream, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import test, { describe } from "node:test";
import { answer, countedSignal, macrotask, streamOf, text } from "./wire.mjs";

const story = ["Grüße ", "😀", "!"];
const pieces = story.map(text);
const saved = story.join("");
const told = [...pieces, answer()];
const bytes = new TextEncoder().encode(saved).length;

describe("save", () => {
  test("to a stream of bytes", async () => {
    const got = [];
    let closed = false;
    const progress = [];
    const { stream } = streamOf(told);
    const response = await stream.save(new WritableStream({ write: (chunk) => void got.push(...chunk), close: () => void (closed = true) }), { onProgress: (count) => progress.push(count) });
    assert.equal(new TextDecoder().decode(Uint8Array.from(got)), saved);
    assert.equal(closed, true);
    assert.deepEqual(progress, [8, 12, 13]);
    assert.equal(progress.at(-1), bytes);
    assert.equal(response.finishReason, "stop");
  });
  test("to a stream of strings", async () => {
    let got = "";
    await streamOf(told).stream.save(new WritableStream({ write: (chunk) => void (got += chunk) }));
    assert.equal(got, saved);
    const { readable, writable } = new TextEncoderStream();
    const read = new Response(readable).text();
    await streamOf(told).stream.save(writable);
    assert.equal(await read, saved);
  });
  test("to a file handle", async () => {
    const got = [];
    const handle = { createWritable: async () => new WritableStream({ write: (chunk) => void got.push(...chunk) }) };
    await streamOf(told).stream.save(handle);
    assert.equal(new TextDecoder().decode(Uint8Array.from(got)), saved);
  });
  test("to a file of Node's", async () => {
    const folder = mkdtempSync(join(tmpdir(), "modelwire-"));
    try {
      const path = join(folder, "story.txt");
      await streamOf(told).stream.save(createWriteStream(path));
      assert.equal(readFileSync(path, "utf8"), saved);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
  test("a file that cannot be opened is the error, and takes nothing down", async () => {
    const { stream, calls } = streamOf([text("a"), "hang"]);
    await assert.rejects(stream.save(createWriteStream("/nowhere/at/all")), { code: "ENOENT" });
    await macrotask();
    assert.ok(calls.every(({ aborted }) => aborted));
  });
  test("what a target cannot keep up with is not read", async () => {
    for (const slow of [
      (written) => new WritableStream({ write: (chunk) => new Promise((resolve) => written.push(resolve)) }),
      (written) => new Writable({ write: (chunk, _, done) => void written.push(done) }),
    ]) {
      const written = [];
      const { stream, calls } = streamOf(told);
      const end = stream.save(slow(written));
      for (let count = 1; count <= pieces.length; count++) {
        while (written.length < count) await macrotask();
        await macrotask();
        assert.equal(calls[0].reads, count);
        written.at(-1)();
      }
      await end;
    }
  });
  test("a failure aborts the target", async () => {
    let reason;
    const error = await streamOf([text("a")]).stream.save(new WritableStream({ abort: (why) => void (reason = why) })).catch((error) => error);
    assert.equal(error.code, "truncated");
    assert.equal(reason, error);
    const node = new Writable({ write: (chunk, _, done) => done() });
    await assert.rejects(streamOf([text("a")]).stream.save(node), { code: "truncated" });
    assert.equal(node.destroyed, true);
  });
  test("a cancel closes the target with what had arrived", async () => {
    const { stream, calls } = streamOf([text("a"), "hang"]);
    let closed = false;
    const end = stream.save(new WritableStream({ close: () => void (closed = true) }));
    while (!(calls[0]?.reads > 1)) await macrotask();
    await stream.cancel();
    assert.equal((await end).finishReason, "aborted");
    assert.equal(closed, true);
  });
  test("what is no target, is locked, or does not open sends nothing", async () => {
    const locked = new WritableStream();
    locked.getWriter();
    const refusing = { createWritable: () => Promise.reject(new Error("not allowed")) };
    for (const target of [undefined, null, 5, {}, { write() {} }, locked, refusing]) {
      const { stream, calls } = streamOf(told);
      await assert.rejects(stream.save(target));
      await macrotask();
      assert.equal(calls.length, 0);
    }
  });
});

describe("display", () => {
  test("anything with write, at its pace", async () => {
    const got = [];
    const { stream, calls } = streamOf(told);
    await stream.display({
      async write(piece) {
        await macrotask();
        got.push([piece, calls[0].reads]);
      },
    });
    assert.deepEqual(got, [["Grüße ", 1], ["😀", 2], ["!", 3]]);
  });
  test("anything with append", async () => {
    const got = [];
    await streamOf(told).stream.display({ append: (piece) => void got.push(piece) });
    assert.deepEqual(got, story);
  });
  test("an element: one text node that grows, and another when that is gone", async () => {
    const nodes = [];
    const element = {
      nodeType: 1,
      append: (node) => nodes.push(Object.assign(node, { parentNode: element })),
      ownerDocument: {
        createTextNode: (data) => ({
          data,
          appendData(more) {
            this.data += more;
            if (this.data.includes("😀")) this.parentNode = null; // somebody emptied the element
          },
        }),
      },
    };
    await streamOf(told).stream.display(element);
    assert.deepEqual(nodes.map(({ data }) => data), ["Grüße 😀", "!"]);
  });
  test("what is no target sends nothing", async () => {
    const { stream, calls } = streamOf(told);
    await assert.rejects(stream.display({}), TypeError);
    await macrotask();
    assert.equal(calls.length, 0);
  });
  test("an abort shows nothing more", async () => {
    const { signal, abort } = countedSignal();
    const { stream } = streamOf([story.map(text).join(""), "hang"], { signal });
    const got = [];
    await assert.rejects(stream.display({ write: (piece) => (got.push(piece), abort()) }), { code: "aborted" });
    assert.deepEqual(got, ["Grüße "]);
  });
});
