// Values in a Durable Object: two Workers, isolates of their own, keep one ledger and lose nothing of it.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { absent, bundleWorker, startWorkers } from "./workerd.mjs";

describe("durableObjectStore", { skip: absent }, () => {
  let started;
  before(async () => {
    const { folder, ...bundle } = await bundleWorker(join(import.meta.dirname, "worker_store.mjs"));
    const [LIMITS, PLAIN] = [{ className: "Watched", useSQLite: true }, { className: "Plain", useSQLite: false }];
    started = await startWorkers([
      { name: "first", folder, ...bundle, durableObjects: { LIMITS, PLAIN } },
      { name: "second", ...bundle, durableObjects: { LIMITS: { ...LIMITS, scriptName: "first" }, PLAIN: { ...PLAIN, scriptName: "first" } } },
    ]);
  });
  after(() => started?.close());

  async function ask(worker, what, options) {
    const { fetch } = await started.miniflare.getWorker(worker);
    const response = await fetch("http://worker/", { method: "POST", body: JSON.stringify({ what, ...options }) });
    assert.equal(response.status, 200, response.ok ? "" : await response.text());
    return response.json();
  }
  const steps = (name, steps, more) => ask("first", "store", { name, steps, ...more });

  test("two Workers with two hundred calls at once keep one ledger, exact to the last of them", async () => {
    const asks = Array.from({ length: 50 }, (_, at) => ask(at % 2 ? "second" : "first", "chat", { count: 4 }));
    const told = (await Promise.all(asks)).reduce((sum, usd) => sum + usd, 0);
    const cost = (3 * 1 + 7 * 10) / 1e6;
    for (const worker of ["first", "second"]) {
      const { totalUsd, requests, history, totalTokens } = await ask(worker, "summary");
      assert.deepEqual([requests, history, totalTokens], [200, 200, 2000], worker);
      assert.equal(totalUsd, (200 * cost * 1e9) / 1e9);
    }
    assert.ok(Math.abs(told - 200 * cost) < 1e-12, `told ${told}`);
  });

  test("lists more than ten thousand keys, each once, in order", async () => {
    const [keys] = await steps("many", [["fill", 10_001], ["list", "fill/"]]);
    assert.equal(keys.length, 10_001);
    assert.deepEqual(keys, Array.from({ length: 10_001 }, (_, at) => `fill/${at}`).sort());
  });

  test("keeps 25 MiB, and says so of more, and of a key that is too long", async () => {
    const most = 25 * 1024 * 1024;
    const long = "é".repeat(1024);
    const [, found, , tooLarge, tooLong, , one, listed, , gone] = await steps("large", [
      ["set", "a", most],
      ["get", "a"],
      ["set", "a", 1],
      ["set", "b", most + 1],
      ["set", `${long}x`, 1],
      ["set", long, 5],
      ["get", long],
      ["list", long],
      ["delete", "a"],
      ["get", "a"],
    ]);
    assert.deepEqual(found, { length: most, sum: 7 * most });
    assert.deepEqual([tooLarge.code, tooLong.code], ["storage", "storage"]);
    assert.match(tooLarge.message, /26214401 bytes; durableObjectStore keeps 26214400/);
    assert.match(tooLong.message, /2049 bytes/);
    assert.deepEqual([one, listed, gone], [{ length: 5, sum: 35 }, [long], null]);
  });

  test("lists by any beginning, to the last character that there is", async () => {
    const names = ["p", "p\0", "p\u{10FFFF}", "p\u{10FFFF}z", "pz", "q", "\u{10FFFF}", "😀", "%41", "p%00"];
    const results = await steps("names", [...names.map((name) => ["set", name, 1]), ["list", "p"], ["list", "p\u{10FFFF}"], ["list", ""], ["list", "\u{10FFFF}"]]);
    const [some, last, all, one] = results.slice(names.length);
    const byBytes = (list) => list.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    assert.deepEqual(some, byBytes(names.filter((name) => name.startsWith("p"))));
    assert.deepEqual([last, one], [["p\u{10FFFF}", "p\u{10FFFF}z"], ["\u{10FFFF}"]]);
    assert.deepEqual(all, byBytes(names));
  });

  test("gives values by the megabyte, those of several parts whole", async () => {
    const [, , , , values] = await steps("values", [["set", "v/1", 3_000_000], ["set", "v/2", 0], ["set", "v/3", 2_500_000], ["set", "v/4", 10], ["values", "v/"]]);
    assert.deepEqual(values, [3_000_000, 0, 2_500_000, 10]);
  });

  test("deletes by an alarm what has had its time, and itself when nothing is left", async () => {
    const before = Date.now();
    // An hour ago, by the clock of who wrote it.
    await steps("over", [["set", "short", 3_000_000, { ttlSeconds: 1 }], ["set", "half", 1, { ttlSeconds: 7200 }], ["set", "ever", 1]], { ahead: -3_600_000 });
    const inside = (path) => ask("first", "object", { name: "values/over", path });
    const seen = await inside("seen");
    assert.equal(seen.rows, 5, "three parts, and two");
    assert.ok(seen.alarm >= before + 60_000 && seen.alarm <= Date.now() + 60_000, "one alarm a minute at most");
    const rung = await inside("ring");
    assert.equal(rung.rows, 2);
    assert.ok(rung.alarm > Date.now() + 3_500_000, "the next is that of what is next");
    assert.deepEqual(await steps("over", [["list", ""], ["delete", "ever"], ["delete", "half"]]), [["ever", "half"], true, true]);
    assert.equal((await inside("ring")).rows, 0);
    assert.deepEqual(await steps("over", [["get", "ever"], ["set", "again", 1], ["get", "again"]]), [null, null, { length: 1, sum: 7 }], "and begins anew");
  });

  test("leaves alone what somebody else keeps in the same object", async () => {
    await ask("first", "limit", { name: "values/both" });
    await steps("both", [["set", "short", 1, { ttlSeconds: 1 }]], { ahead: -3_600_000 });
    const { rows, kept } = await ask("first", "object", { name: "values/both", path: "ring" });
    assert.deepEqual([rows, kept], [0, true]);
  });

  test("fails with code storage where there is no SQLite, or no object", async () => {
    const [[set], [get]] = await Promise.all([steps("a", [["set", "a", 1]], { binding: "PLAIN" }), steps("a", [["get", "a"]], { binding: "PLAIN" })]);
    for (const error of [set, get]) {
      assert.equal(error.code, "storage");
      assert.match(error.message, /new_sqlite_classes|SQL/);
    }
  });
});
