// A stream's own reader takes values past the platform's machinery: it behaves as the platform's does all the same.
import assert from "node:assert/strict";
import test from "node:test";
import { last, macrotask, streamOf, text, typesOf } from "./wire.mjs";

test("a reader is the platform's", () => {
  const reader = streamOf([last]).stream.getReader();
  assert.ok(reader instanceof ReadableStreamDefaultReader);
  assert.throws(() => streamOf([last]).stream.getReader({ mode: "byob" }), TypeError);
});

test("reads that are asked for at once are answered in order, and those behind the end are done", async () => {
  const reader = streamOf([text("a"), text("b"), last]).stream.getReader();
  const read = await Promise.all(Array.from({ length: 7 }, () => reader.read()));
  assert.deepEqual(typesOf(read.map(({ value }) => value).filter(Boolean)), ["start", "text-delta", "text-delta", "usage", "end"]);
  assert.deepEqual(read.map(({ done }) => done), [false, false, false, false, false, true, true]);
});

test("a reader that is released leaves its reads, and the next one misses nothing", async () => {
  const { stream } = streamOf([text("a"), text("b"), last]);
  const first = stream.getReader();
  assert.equal((await first.read()).value.type, "start");
  assert.equal((await first.read()).value.text, "a");
  const pending = first.read();
  first.releaseLock();
  await assert.rejects(pending, TypeError);
  await assert.rejects(first.read(), TypeError);
  await assert.rejects(first.closed, TypeError);
  first.releaseLock();
  const second = stream.getReader();
  assert.equal((await second.read()).value.text, "b");
  second.releaseLock();
  const rest = [];
  await stream.pipeTo(new WritableStream({ write: (event) => void rest.push(event) }));
  assert.deepEqual(typesOf(rest), ["usage", "end"]);
});

test("a failure is told to every read", async () => {
  const reader = streamOf([text("a"), new Error("cut")]).stream.getReader();
  const read = await Promise.allSettled(Array.from({ length: 4 }, () => reader.read()));
  assert.deepEqual(read.map(({ value, reason }) => value?.value.type ?? reason.code), ["start", "text-delta", "network", "network"]);
  await assert.rejects(reader.read(), { code: "network" });
  await assert.rejects(reader.closed, { code: "network" });
});

test("cancel ends the reads that wait, and the request", async () => {
  const { stream, calls } = streamOf([text("a"), "hang"]);
  const reader = stream.getReader();
  for (let index = 0; index < 2; index++) await reader.read();
  const pending = reader.read();
  await macrotask();
  await reader.cancel();
  assert.deepEqual(await pending, { value: undefined, done: true });
  await reader.closed;
  assert.equal(calls[0].aborted || calls[0].cancelled, true);
});
