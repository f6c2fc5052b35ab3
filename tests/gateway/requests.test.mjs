// In workerd all I/O is of the request that began it, timers too, and ends with it. The requests of one isolate share a client all the
// same: what one of them began must not be what another one waits for.
import assert from "node:assert/strict";
import { once } from "node:events";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { startProviders } from "./providers.mjs";
import { absent, bundleWorker, startWorkers } from "./workerd.mjs";

describe("requests that share a client in workerd", { skip: absent }, () => {
  let started, providers;
  before(async () => {
    const tries = new Map();
    providers = await startProviders(({ prompt }) => {
      tries.set(prompt, (tries.get(prompt) ?? 0) + 1);
      const wait = /wait (\d+) ms/.exec(prompt);
      if (wait && tries.get(prompt) === 1) return { error: "rate-limit", retryAfterSeconds: wait[1] / 1000 };
      // On and on: workerd notices by writing that a client has gone.
      return prompt.includes("never end") ? { text: "word ".repeat(5000), tokensPerSecond: 50 } : { text: "one two three four" };
    });
    started = await startWorkers([{ name: "worker", ...(await bundleWorker(join(import.meta.dirname, "worker_requests.mjs"))), bindings: { PROVIDERS: providers.url } }]);
  });
  after(async () => {
    await started?.close();
    providers?.close();
  });

  const ask = async (what, body) => (await fetch(`${started.url}/${what}`, { method: "POST", body, signal: AbortSignal.timeout(20_000) })).text();

  test("each has timers of its own: a wait goes on when the request is over that began to wait before it", async () => {
    const [first, second, third] = await Promise.all(["wait 300 ms", "wait 600 ms", "wait 450 ms"].map((prompt) => ask("retries", prompt)));
    assert.deepEqual([first, second, third], Array(3).fill("one two three four"));
  });

  for (const what of ["rate", "places"]) {
    test(`each goes on in its own turn: room under a limit (${what}) that another one gives back`, async () => {
      const all = await Promise.all(Array.from({ length: 6 }, (_, at) => ask(what, `${at}`)));
      assert.deepEqual(all, Array(6).fill("one two three four"));
    });
  }

  test("none waits for what a request was writing into the ledger when its client went away", async () => {
    const [leaving, gone] = [new AbortController(), once(providers.events, "gone", { signal: AbortSignal.timeout(15_000) })];
    const response = await fetch(`${started.url}/ledger`, { method: "POST", body: "never end", signal: leaving.signal });
    const reader = response.body.getReader();
    await reader.read();
    leaving.abort();
    await reader.closed.catch(() => {});
    await gone;
    assert.equal(await ask("ledger", "another"), "one two three four");
    assert.equal(Number(await ask("ledger", "summary")), 2, "and what was lost with it is written by the next");
  });

  test("none waits for ever for what another one is writing into the cache", async () => {
    const [stuck, asked] = [new AbortController(), once(providers.events, "asked")];
    const waiting = fetch(`${started.url}/cache`, { method: "POST", body: "first", signal: stuck.signal }).catch(() => {});
    await asked;
    assert.equal(await ask("cache", "another"), "one two three four");
    stuck.abort();
    await waiting;
  });
});
