// What is left of calls that are over: nothing but their entry in the ledger.
import assert from "node:assert/strict";
import test from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { createClient } from "modelwire";
import { macrotask } from "./wire.mjs";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc");

test("calls that are over leave nothing behind, whatever they had to wait for", async () => {
  const body = JSON.stringify({ id: "c", model: "m", choices: [{ index: 0, finish_reason: "stop", message: { role: "assistant", content: "x" } }], usage: { prompt_tokens: 10, completion_tokens: 5 } });
  const fetch = async () => new Response(body, { headers: { "content-type": "application/json" } });
  const client = createClient({ providers: { openai: { apiKey: "a-key" } }, fetch, retry: false, limits: { openai: { requestsPerMinute: 1e6, burst: 1e6 } }, timeout: { totalMs: 60_000 } });
  const heapAfter = async (calls) => {
    for (let count = 0; count < calls; count++) await client.chat({ model: "openai/gpt-4.1", messages: "Hi" });
    await client.costs.clear();
    for (let round = 0; round < 4; round++) {
      collect();
      await macrotask();
    }
    return process.memoryUsage().heapUsed;
  };
  const before = await heapAfter(500);
  const after = await heapAfter(2000);
  // A promise that never settles costs some 800 bytes of what waited for it: two a call would be three megabytes.
  assert.ok(after - before < 1e6, `${after - before} bytes of 2000 calls`);
});
