// Two Workers, isolates of their own, that share one Durable Object for each limit and budget: five hundred at once pass neither.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { absent, bundleWorker, durableObjects, startWorkers } from "./workerd.mjs";

/** Of one answer; it is what is reserved for it, too. */
const cost = 0.002;
const CALLERS = {
  limited: { id: "limited", limits: { requestsPerMinute: 1, burst: 100 } },
  poor: { id: "poor", budget: { usd: 0.1, per: "session" } },
  careful: { id: "careful", budget: { usd: 0.1, per: "session" } },
};

/** A Worker's handler, by its text. */
async function crowded(request, { FIRST, SECOND }) {
  const { who, count, most } = await request.json();
  const body = JSON.stringify({ model: "claude", messages: [{ role: "user", content: "Hi" }], max_tokens: most });
  const headers = { authorization: `Bearer ${who}`, "content-type": "application/json" };
  const ask = async (worker) => {
    const response = await worker.fetch("http://gateway/v1/chat/completions", { method: "POST", headers, body });
    const { error, modelwire } = await response.json();
    return { status: response.status, code: error?.code, retryAfter: Number(response.headers.get("retry-after")), usd: modelwire?.cost_usd };
  };
  return Response.json(await Promise.all(Array.from({ length: count }, (_, at) => ask(at % 2 ? SECOND : FIRST))));
}

describe("two Workers that share Durable Objects", { skip: absent }, () => {
  let started;
  before(async () => {
    const bundle = await bundleWorker(join(import.meta.dirname, "worker_shared.mjs"));
    const { folder: _, ...same } = bundle;
    const elsewhere = { LIMITS: { ...durableObjects.LIMITS, scriptName: "first" } };
    // Within workerd: five hundred connections of this process would be a test of something else.
    const crowd = { name: "crowd", modules: true, script: `export default { fetch: ${crowded} }`, compatibilityDate: bundle.compatibilityDate, serviceBindings: { FIRST: "first", SECOND: "second" } };
    started = await startWorkers([
      crowd,
      { name: "first", ...bundle, durableObjects, bindings: { CALLERS } },
      { name: "second", ...same, durableObjects: elsewhere, bindings: { CALLERS } },
    ]);
  });
  after(() => started?.close());

  /** So many of this caller at once, half of them at either Worker. */
  const many = async (who, { count = 500, most = 200 } = {}) => (await started.miniflare.dispatchFetch("http://crowd/", { method: "POST", body: JSON.stringify({ who, count, most }) })).json();

  test("a limit: of five hundred as many as it lets in, and not one more", async () => {
    const began = Date.now();
    const all = await many("limited");
    const served = all.filter(({ status }) => status === 200).length;
    const flowedIn = Math.ceil((Date.now() - began) / 60_000);
    assert.ok(served >= 100 && served <= 100 + flowedIn, `${served} were served`);
    for (const { status, code, retryAfter } of all.filter(({ status }) => status !== 200)) {
      assert.deepEqual([status, code], [429, "rate_limit_exceeded"]);
      assert.ok(retryAfter >= 1, `told to come back in ${retryAfter} s`);
    }
  });

  for (const [who, most, what] of [["poor", 200, "what they cost"], ["careful", 800, "four times as much, which is given back"]]) {
    test(`a budget: five hundred at once that reserve ${what} do not pass it, and it is spent to the last answer that fits`, async () => {
      const all = await many(who, { most });
      const usd = (answers) => answers.reduce((sum, answer) => sum + (answer.usd ?? 0), 0);
      for (const { status, code } of all) assert.ok(status === 200 || (status === 429 && code === "insufficient_quota"), `${status} ${code}`);
      assert.ok(usd(all) > 0 && usd(all) <= 0.1 + 1e-9, `spent ${usd(all)}`);
      for (;;) {
        const [answer] = await many(who, { count: 1 });
        if (answer.status !== 200) break;
        all.push(answer);
      }
      assert.ok(usd(all) <= 0.1 + 1e-9 && usd(all) > 0.1 - cost, `spent ${usd(all)}`);
    });
  }
});
