// A connection is kept for the next call: the end of a body is read, though the answer was whole before it; and given up where it does not end.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import test, { describe } from "node:test";
import { createClient } from "modelwire";
import { virtualClock } from "./clock.mjs";
import { answer, ask, chunk, macrotask, respond, scripted, text } from "./wire.mjs";

/** A stream whose body is the script's, on a clock that stands still. */
function streamOf(pieces, more) {
  const { fetch, calls } = scripted((call) => respond(call, pieces));
  const clock = virtualClock(1_000_000);
  const client = createClient({ providers: { openai: { apiKey: "a-key", api: "chat" } }, retry: false, fetch, clock });
  return { stream: client.stream(ask(more)), calls, clock };
}

describe("a body after the last event", () => {
  test("is read to its end, and neither cancelled nor aborted", async () => {
    const { stream, calls, clock } = streamOf([answer("Hello"), ": and that was it\n\n"]);
    assert.equal(await stream.text(), "Hello");
    await clock.advance(60_000);
    assert.deepEqual([calls[0].reads, calls[0].cancelled, calls[0].aborted], [3, false, false]);
  });

  test("is read to its end between the turns of a call with tools", async () => {
    const call = chunk({ tool_calls: [{ index: 0, id: "t1", type: "function", function: { name: "now", arguments: "{}" } }] }) + chunk({}, "tool_calls");
    const { fetch, calls } = scripted([`${call}data: [DONE]\n\n`, ": the end\n\n"], [answer("Noon")]);
    const client = createClient({ providers: { openai: { apiKey: "a-key", api: "chat" } }, retry: false, fetch });
    const now = { name: "now", description: "The time.", input: { type: "object", properties: {} }, run: () => "noon" };
    assert.equal(await client.stream(ask({ tools: [now] })).text(), "Noon");
    assert.deepEqual([calls[0].reads, calls[0].cancelled, calls[0].aborted], [3, false, false]);
  });

  test("is given up where it does not end in a second", async () => {
    const body = { cancelled: false };
    const bytes = new TextEncoder().encode(answer("Hello"));
    const fetch = async () =>
      new Response(new ReadableStream({ start: (controller) => controller.enqueue(bytes), cancel: () => void (body.cancelled = true) }), { headers: { "content-type": "text/event-stream" } });
    const clock = virtualClock(1_000_000);
    const client = createClient({ providers: { openai: { apiKey: "a-key", api: "chat" } }, retry: false, fetch, clock });
    assert.equal(await client.stream(ask()).text(), "Hello");
    await clock.advance(999);
    assert.equal(body.cancelled, false);
    await clock.advance(1);
    assert.equal(body.cancelled, true);
  });

  test("is given up where it goes on and on, and leaves time for nothing else", async () => {
    const encoder = new TextEncoder();
    const pieces = [answer("Hello")];
    const body = { cancelled: false };
    const endless = new ReadableStream({ pull: (controller) => controller.enqueue(encoder.encode(pieces.shift() ?? ": more\n\n")), cancel: () => void (body.cancelled = true) }, { highWaterMark: 0 });
    const fetch = async () => new Response(endless, { headers: { "content-type": "text/event-stream" } });
    const client = createClient({ providers: { openai: { apiKey: "a-key", api: "chat" } }, retry: false, fetch });
    assert.equal(await client.stream(ask()).text(), "Hello");
    await macrotask();
    assert.equal(body.cancelled, true);
  });

  test("is stopped at once where the answer was stopped", async () => {
    const { stream, calls } = streamOf([text("Hello"), "hang"]);
    for await (const event of stream) if (event.type === "text-delta") break;
    await macrotask();
    assert.ok(calls[0].cancelled || calls[0].aborted);
  });
});

test("streams and whole answers share one connection", async () => {
  let connections = 0;
  const clock = virtualClock(1_000_000);
  // What is waited for by the clock that stands still is the end of a body; and Node takes one more turn to have its connection back.
  const idle = async () => {
    do await macrotask();
    while (clock.waiting > 0);
  };
  const server = createServer(async (request, response) => {
    const asked = JSON.parse(Buffer.concat(await request.toArray()).toString());
    if (!asked.stream) return response.end(JSON.stringify({ id: "c1", choices: [{ message: { role: "assistant", content: "Hello" }, finish_reason: "stop" }] }));
    response.writeHead(200, { "content-type": "text/event-stream" });
    // Its end goes out by itself, once the last event has gone.
    response.write(answer("Hello"), () => setImmediate(() => response.end()));
  });
  server.on("connection", () => connections++);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const client = createClient({ providers: { home: { kind: "openai-compatible", baseURL: `http://127.0.0.1:${server.address().port}/v1`, apiKey: "a-key" } }, clock });
  try {
    const request = { model: "home/m", messages: "Hi" };
    for (const run of [() => client.stream(request).text(), () => client.chat(request), () => client.stream(request).text(), () => client.stream(request).text()]) {
      const said = await run();
      assert.match(said.text ?? said, /Hello/);
      await idle();
    }
    assert.equal(connections, 1);
  } finally {
    client.close();
    server.closeAllConnections();
    server.close();
  }
});
