// Who is next and who is forgotten: properties of functions of values. They are a part of the package that nobody can import: built here.
import assert from "node:assert/strict";
import test, { describe } from "node:test";
import { build } from "esbuild";
import fc from "fast-check";
import { fileURLToPath } from "node:url";

const { outputFiles } = await build({
  entryPoints: [fileURLToPath(new URL("../../js/queue/order.ts", import.meta.url))],
  bundle: true,
  format: "esm",
  write: false,
});
const { afterCrash, byArrival, isLate, isOver, Line, placeOf, toForget } = await import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString("base64")}`);

const STEP_MS = 10_000;
const jobs = fc
  .array(fc.record({ at: fc.integer({ min: 0, max: 1_000_000 }), priority: fc.oneof(fc.integer({ min: -9, max: 9 }), fc.double({ min: -5, max: 5, noNaN: true })) }), { maxLength: 60 })
  .map((list) => list.map((one, nth) => ({ id: `job ${nth}`, nth, ...one })));

const taken = (line) => {
  const ids = [];
  for (let id; (id = line.next()) !== undefined; ) ids.push(id);
  return ids;
};

describe("the line of a queue", () => {
  test("lets each go once, whoever came twice", () => {
    fc.assert(
      fc.property(jobs, (list) => {
        const line = new Line();
        for (const job of [...list, ...list]) line.join(placeOf(job));
        assert.equal(line.length, list.length);
        assert.ok(list.every(({ id }) => line.has(id)));
        assert.deepEqual(taken(line).sort(), list.map(({ id }) => id).sort());
        assert.ok(list.every(({ id }) => !line.has(id)));
      }),
    );
  });

  test("goes by arrival where priority is the same, and is the same in whatever order one joins", () => {
    fc.assert(
      fc.property(jobs, fc.integer({ min: -5, max: 5 }), (list, priority) => {
        const same = list.map((job) => ({ ...job, priority }));
        const [line, reversed] = [new Line(), new Line()];
        for (const job of same) line.join(placeOf(job));
        for (const job of [...same].reverse()) reversed.join(placeOf(job));
        const order = taken(line);
        assert.deepEqual(order, [...same].sort(byArrival).map(({ id }) => id));
        assert.deepEqual(taken(reversed), order);
      }),
    );
  });

  test("of two at the same time the higher priority goes first, and nobody is passed by who comes later than his steps are worth", () => {
    fc.assert(
      fc.property(jobs, (list) => {
        const line = new Line();
        for (const job of list) line.join(placeOf(job));
        const order = taken(line);
        for (const one of list) {
          for (const other of list) {
            if (one.at === other.at && one.priority > other.priority + 1e-6) assert.ok(order.indexOf(one.id) < order.indexOf(other.id));
            const head = other.at - one.at - (other.priority - one.priority) * STEP_MS;
            if (head > 1) assert.ok(order.indexOf(one.id) < order.indexOf(other.id), "nobody waits for ever");
          }
        }
      }),
    );
  });

  test("lets somebody go in the middle of others' coming as if all had been there before", () => {
    fc.assert(
      fc.property(jobs, fc.array(fc.boolean()), (list, takes) => {
        const line = new Line();
        const here = [];
        list.forEach((job, at) => {
          line.join(placeOf(job));
          here.push(job);
          if (!takes[at]) return;
          const first = here.map((job) => ({ job, place: placeOf(job) })).sort((one, other) => one.place.rank - other.place.rank || one.place.nth - other.place.nth)[0].job;
          assert.equal(line.next(), first.id);
          here.splice(here.indexOf(first), 1);
        });
      }),
    );
  });
});

test("a deadline is met by the first start, and past by its own moment", () => {
  fc.assert(
    fc.property(fc.nat(), fc.nat(), fc.nat({ max: 3 }), (deadline, now, attempts) => {
      assert.equal(isLate({ attempts, deadline }, now), attempts === 0 && now >= deadline);
      assert.equal(isLate({ attempts }, now), false);
    }),
  );
});

test("a crash puts back what ran, and leaves the rest as it is", () => {
  const after = Object.fromEntries(["waiting", "running", "done", "failed", "cancelled"].map((state) => [state, [afterCrash(state), isOver(state)]]));
  assert.deepEqual(after, { waiting: ["waiting", false], running: ["waiting", false], done: ["done", true], failed: ["failed", true], cancelled: ["cancelled", true] });
});

test("the oldest are forgotten, no more than must be, and never what nobody has heard of", () => {
  const finished = fc.array(fc.record({ finished: fc.nat(), bytes: fc.nat({ max: 1000 }), told: fc.boolean() }), { maxLength: 50 }).map((list) => list.map((one, at) => ({ id: `${at}`, ...one })));
  fc.assert(
    fc.property(finished, fc.nat({ max: 40 }), fc.nat({ max: 20_000 }), (list, most, mostBytes) => {
      const gone = toForget(list, { most, mostBytes });
      const by = new Map(list.map((one) => [one.id, one]));
      const left = list.filter(({ id }) => !gone.includes(id));
      const fits = (rest) => rest.length <= most && rest.reduce((sum, { bytes }) => sum + bytes, 0) <= mostBytes;
      assert.ok(gone.every((id) => by.get(id).told));
      assert.ok(fits(left) || left.every(({ told }) => !told));
      for (const id of gone) assert.ok(left.filter(({ told }) => told).every((one) => one.finished >= by.get(id).finished));
      // With the last one back it would be too much.
      if (gone.length > 0) assert.ok(!fits([...left, by.get(gone.at(-1))]));
    }),
  );
});
