// The replay server itself: what checks believe of it.
import assert from "node:assert/strict";
import { request } from "node:http";
import { after, before, test } from "node:test";
import { connect } from "../servers/replay-client.mjs";
import { startReplay } from "../servers/replay.mjs";

let replay;
let serve;
before(async () => {
  replay = await startReplay();
  serve = connect(replay);
});
after(() => replay.close());

/** The reads in which a body arrives, without a client library in between. */
function reads(url) {
  return new Promise((resolve, reject) => {
    const list = [];
    const ended = (how) => () => resolve({ list, how });
    request(url, { method: "POST" }, (response) => {
      response.on("data", (piece) => list.push(piece.toString("latin1")));
      response.on("end", ended("whole")).on("error", ended("broken"));
    })
      .on("error", reject)
      .end("{}");
  });
}

test("a body is cut as the script says, and is the same whatever the cut", async () => {
  const body = "data: é\n\ndata: two\r\n\r\n: three";
  const bytes = Buffer.from(body).toString("latin1");
  const cuts = {
    whole: [bytes],
    bytes: [...bytes],
    events: [bytes.slice(0, 10), bytes.slice(10, 23), bytes.slice(23)],
  };
  for (const [cut, expected] of Object.entries(cuts)) {
    const { baseURL } = await serve({ body, cut });
    assert.deepEqual((await reads(`${baseURL}/x`)).list, expected, cut);
  }
  const { baseURL } = await serve({ body, cut: [3, 7] });
  assert.deepEqual((await reads(baseURL)).list, [bytes.slice(0, 3), bytes.slice(3, 7), bytes.slice(7)]);
});

test("a held write waits for its release, and a held head for its own", async () => {
  const server = await serve({ body: ["one", "two"], hold: [1] });
  const answer = await fetch(server.baseURL, { method: "POST", body: "{}" });
  const reader = answer.body.getReader();
  assert.equal(new TextDecoder().decode((await reader.read()).value), "one");
  assert.deepEqual((await server.seen("paused")).requests.map(({ sent, paused }) => [sent, paused]), [[1, true]]);
  await server.release();
  assert.equal(new TextDecoder().decode((await reader.read()).value), "two");
  assert.equal((await server.seen("closed")).requests[0].how, "finished");

  const late = await serve({ body: "late", hold: "head" });
  const pending = fetch(late.baseURL);
  await late.seen("paused");
  await late.release();
  assert.equal(await (await pending).text(), "late");
});

test("a client that goes away is seen, with the time that it took", async () => {
  const server = await serve({ body: "one", end: "open" });
  const controller = new AbortController();
  const answer = await fetch(server.baseURL, { signal: controller.signal });
  await answer.body.getReader().read();
  const before = await server.mark();
  assert.deepEqual([before.open, before.requests[0].closedAfterMarkMs], [1, null]);
  controller.abort();
  const { open, requests } = await server.seen("closed");
  assert.deepEqual([open, requests[0].how], [0, "aborted"]);
  assert.ok(requests[0].closedAfterMarkMs >= 0);
});

test("a connection can break, a redirect lead away, and a request be remembered without its key", async () => {
  const broken = await serve({ body: "half", end: "drop" });
  const { list, how } = await reads(broken.baseURL);
  assert.deepEqual([list, how], [["half"], "broken"]);

  const target = await serve({ body: "there" });
  const moved = await serve({ redirect: `${target.elsewhere}/y` });
  const headers = { authorization: "Bearer sk-secret-1234", "x-api-key": "secret-5678" };
  assert.equal(await (await fetch(`${moved.baseURL}/x?y`, { method: "POST", headers, body: "ünï" })).text(), "there");
  const [request] = (await moved.seen()).requests;
  assert.deepEqual([request.path.replace(/^\/s\d+/, ""), request.method, request.body], ["/x?y", "POST", "ünï"]);
  assert.deepEqual([request.headers.authorization, request.headers["x-api-key"]], ["Bearer ***1234", "***5678"]);
  assert.equal((await target.seen()).requests[0].at, "elsewhere");
});

test("an endless body ends with its reader", async () => {
  const server = await serve({ body: { first: "data: ", endless: "a".repeat(65_536) } });
  const reader = (await fetch(server.baseURL)).body.getReader();
  for (let bytes = 0; bytes < 5_000_000; ) bytes += (await reader.read()).value.length;
  await reader.cancel();
  assert.equal((await server.seen("closed")).requests[0].how, "aborted");
});
