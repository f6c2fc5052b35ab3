// The Durable Object behind limits and budgets cleans up after itself: there is one for each limit of each caller.
import assert from "node:assert/strict";
import { describe, mock, test } from "node:test";
import "modelwire";
import { LimitObject } from "modelwire/stores/cloudflare";

const DAY_MS = 86_400_000;
const NOON = Date.UTC(2026, 10, 30, 12);

function made() {
  const kept = new Map();
  const alarms = [];
  const storage = {
    get: async (key) => kept.get(key),
    put: async (key, value) => void kept.set(key, value),
    delete: async (key) => kept.delete(key),
    deleteAll: async () => kept.clear(),
    getAlarm: async () => alarms.at(-1) ?? null,
    setAlarm: async (timeMs) => void alarms.push(timeMs),
    // As where the class is not among new_sqlite_classes.
    get sql() {
      throw new Error("SQL is not enabled for this Durable Object class");
    },
  };
  const object = new LimitObject({ storage });
  const change = async (change) => Number(await (await object.fetch(new Request("https://limits.invalid/change", { method: "POST", body: JSON.stringify(change) }))).text());
  return { object, change, kept, alarms };
}

const take = { take: [{ bucket: "requests", amount: 1, perMinute: 60, burst: 1 }] };
const spend = (per) => ({ budget: { per, spend: 10, limit: 100 } });

describe("a LimitObject", () => {
  test("forgets a limit a week after it was last asked, and sets one alarm for all changes", async () => {
    mock.timers.enable({ apis: ["Date"], now: NOON });
    try {
      const { object, change, kept, alarms } = made();
      assert.equal(await change(take), 0);
      mock.timers.setTime(NOON + 6 * DAY_MS);
      assert.equal(await change(take), 0);
      assert.deepEqual(alarms, [NOON + 7 * DAY_MS]);
      mock.timers.setTime(NOON + 7 * DAY_MS);
      await object.alarm();
      assert.deepEqual([alarms.at(-1), kept.size], [NOON + 13 * DAY_MS, 1], "asked since: later");
      mock.timers.setTime(NOON + 13 * DAY_MS);
      await object.alarm();
      assert.equal(kept.size, 0);
      assert.equal(await change(take), 0, "and begins anew");
    } finally {
      mock.timers.reset();
    }
  });

  test("forgets a budget after its day or month, and never one that is for good", async () => {
    for (const [per, days] of [["day", 3], ["month", 33]]) {
      mock.timers.enable({ apis: ["Date"], now: NOON });
      try {
        const { object, change, kept, alarms } = made();
        assert.equal(await change(spend(per)), 10);
        assert.deepEqual(alarms, [NOON + days * DAY_MS]);
        mock.timers.setTime(alarms[0]);
        await object.alarm();
        assert.equal(kept.size, 0);
      } finally {
        mock.timers.reset();
      }
    }
    const { object, change, kept, alarms } = made();
    await change(spend("session"));
    await object.alarm();
    assert.deepEqual([alarms, kept.size], [[], 1]);
  });

  test("keeps for good what was put into it by others", async () => {
    const { object, change, kept } = made();
    await change(take);
    const swapped = await object.fetch(new Request("https://limits.invalid/swap", { method: "POST", body: "state", headers: { "x-version": "1" } }));
    assert.equal(swapped.status, 200);
    await object.alarm();
    assert.equal(kept.size, 1);
  });
});
