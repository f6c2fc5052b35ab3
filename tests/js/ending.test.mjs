// The ends of a stream other than its own: failures, aborts, cancels. None leaves a request, a listener or a loose rejection.
import assert from "node:assert/strict";
import test, { describe } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { isLlmError, LlmError } from "modelwire";
import { all, answer, ask, client, countedSignal, macrotask, streamOf, text } from "./wire.mjs";

const stalled = [text("a") + text("b"), "hang"];

// How to start reading: gives what the reading comes to.
const readers = {
  "a loop": (stream) => all(stream),
  "a reader": async (stream) => {
    const reader = stream.getReader();
    while (!(await reader.read()).done);
  },
  "a branch of tee": (stream) => all(stream.tee()[0]),
  pipeTo: (stream) => stream.pipeTo(new WritableStream()),
  textStream: (stream) => all(stream.textStream),
  text: (stream) => stream.text(),
  forEach: (stream) => stream.forEach(() => {}),
  save: (stream) => stream.save(new WritableStream()),
  display: (stream) => stream.display({ write() {} }),
  response: (stream) => stream.response,
};

/** Until the request stalls. */
async function reading(calls) {
  while (!(calls[0]?.reads > 1)) await macrotask();
}

describe("abort", () => {
  for (const [name, read] of Object.entries(readers)) {
    test(`${name} and response reject with the same LlmError, and the request stops`, async () => {
      const { signal, abort, listeners } = countedSignal();
      const { stream, calls } = streamOf(stalled, { signal });
      const end = read(stream).catch((error) => error);
      await reading(calls);
      abort("enough");
      assert.equal(calls[0].aborted, true);
      assert.equal(listeners(), 0);
      const error = await end;
      assert.ok(isLlmError(error, "aborted"), String(error));
      assert.match(error.message, /enough/);
      assert.equal(error.cause, "enough");
      assert.equal(error.partial.text, "ab");
      assert.equal(error.partial.finishReason, "aborted");
      assert.equal(await stream.response.catch((error) => error), error);
    });
  }
  test("no event comes after it, though some had arrived", async () => {
    const { signal, abort } = countedSignal();
    const { stream } = streamOf([answer("a", "b", "c")], { signal });
    let after = 0;
    let aborted = false;
    const loop = (async () => {
      for await (const event of stream) {
        if (aborted) after++;
        if (event.text === "a") {
          abort();
          aborted = true;
        }
      }
    })();
    await assert.rejects(loop, (error) => error.code === "aborted" && error.partial.text === "abc");
    assert.equal(after, 0);
  });
  test("a reader that waits between reads finds its stream errored", async () => {
    const { signal, abort } = countedSignal();
    const { stream } = streamOf([answer("a", "b")], { signal });
    const reader = stream.getReader();
    await reader.read();
    abort();
    await assert.rejects(reader.closed, { code: "aborted" });
    await assert.rejects(reader.read(), { code: "aborted" });
  });
  test("a signal that is aborted already sends nothing", async () => {
    for (const read of Object.values(readers)) {
      const { stream, calls } = streamOf([answer("a")], { signal: AbortSignal.abort(new Error("gone")) });
      await assert.rejects(read(stream), (error) => isLlmError(error, "aborted") && /gone/.test(error.message) && error.partial === null);
      assert.equal(calls.length, 0);
    }
  });
  test("before the head of the response it stops the request", async () => {
    const { signal, abort, listeners } = countedSignal();
    const { client: made, calls } = client(() => new Promise(() => {}));
    const stream = made.stream(ask({ signal }));
    const end = assert.rejects(all(stream), { code: "aborted" });
    while (!calls.length) await macrotask();
    abort();
    await end;
    assert.equal(calls[0].aborted, true);
    assert.equal(listeners(), 0);
  });
  test("after the end it changes nothing", async () => {
    const { signal, abort, listeners } = countedSignal();
    const { stream } = streamOf([answer("a")], { signal });
    await all(stream);
    assert.equal(listeners(), 0);
    abort();
    assert.equal((await stream.response).finishReason, "stop");
  });
  test("a thousand aborted streams leave no listener and no request", async () => {
    const { signal, abort, listeners } = countedSignal();
    const made = client(stalled);
    const ends = Array.from({ length: 1000 }, () => made.client.stream(ask({ signal })).text().catch(({ code }) => code));
    while (made.calls.length < 1000 || made.calls.some(({ reads }) => reads < 2)) await macrotask();
    assert.equal(listeners(), 1000);
    abort();
    assert.deepEqual(new Set(await Promise.all(ends)), new Set(["aborted"]));
    assert.equal(listeners(), 0);
    assert.ok(made.calls.every(({ aborted }) => aborted));
  });
});

describe("ending quietly", () => {
  const ways = {
    "breaking out": async (stream, calls) => {
      for await (const event of stream) if (event.text === "a") break;
    },
    "a reader's cancel": async (stream, calls) => {
      const reader = stream.getReader();
      for (let index = 0; index < 2; index++) await reader.read();
      await reader.cancel();
    },
    "cancel() of a stream that a loop reads": async (stream, calls) => {
      const end = all(stream);
      await reading(calls);
      await stream.cancel();
      assert.deepEqual((await end).length, 3);
    },
    "cancel() of a stream that text() reads": async (stream, calls) => {
      const end = stream.text();
      await reading(calls);
      await stream.cancel();
      assert.equal(await end, "ab");
    },
    "cancel() of a stream that response reads": async (stream, calls) => {
      void stream.response;
      await reading(calls);
      await stream.cancel();
    },
    "disposing under another reader": async (stream, calls) => {
      const reader = stream.getReader();
      const end = (async () => {
        while (!(await reader.read()).done);
      })();
      await reading(calls);
      await stream[Symbol.asyncDispose]();
      await end;
    },
    "return() while next() waits": async (stream, calls) => {
      const iterator = stream.values();
      for (let index = 0; index < 3; index++) await iterator.next();
      const waiting = iterator.next();
      await reading(calls);
      await iterator.return();
      assert.equal((await waiting).done, true);
    },
    "cancelling textStream": async (stream, calls) => {
      for await (const _ of stream.textStream) break;
    },
  };
  for (const [name, end] of Object.entries(ways)) {
    test(`${name} stops the request; response is what had arrived`, async () => {
      const { signal, listeners } = countedSignal();
      const { stream, calls } = streamOf(stalled, { signal });
      await end(stream, calls);
      assert.equal(calls[0].aborted, true);
      const response = await stream.response;
      assert.equal(response.finishReason, "aborted");
      assert.equal(response.text, "ab");
      assert.equal(response.usage.estimated, true);
      assert.equal(listeners(), 0);
    });
  }
  test("breaking out of an answer that had arrived whole keeps its end", async () => {
    const { stream } = streamOf([answer("a", "b")]);
    for await (const _ of stream) break;
    const response = await stream.response;
    assert.deepEqual([response.text, response.finishReason], ["ab", "stop"]);
  });
  test("cancelling before the first read sends nothing, ever", async () => {
    const { stream, calls } = streamOf([answer("a")]);
    await stream.cancel();
    assert.deepEqual(await all(stream), []);
    assert.equal((await stream.response).finishReason, "aborted");
    assert.equal(calls.length, 0);
  });
  test("cancelling before the head of the response stops the request", async () => {
    const { client: made, calls } = client(() => new Promise(() => {}));
    const stream = made.stream(ask());
    const end = all(stream);
    while (!calls.length) await macrotask();
    await stream.cancel();
    assert.deepEqual(await end, []);
    assert.equal((await stream.response).finishReason, "aborted");
    assert.equal(calls[0].aborted, true);
  });
  test("cancel() of a stream that somebody else reads is refused, as of any ReadableStream", async () => {
    const { stream } = streamOf([answer("a")]);
    stream.getReader();
    await assert.rejects(stream.cancel(), TypeError);
  });
  test("cancelling one branch of tee goes on for the other", async () => {
    const { stream } = streamOf([answer("a")]);
    const [left, right] = stream.tee();
    void left.cancel();
    assert.equal((await all(right)).at(-1).type, "end");
  });
  test("a fetch that does not listen to its signal has its body cancelled", async () => {
    const { client: made, calls } = client((call) => {
      call.init.signal = undefined;
      let count = 0;
      const body = new ReadableStream({
        pull: (controller) => (count++ ? new Promise(() => {}) : controller.enqueue(new TextEncoder().encode(text("a")))),
        cancel: () => void (call.cancelled = true),
      });
      return new Response(body, { headers: { "content-type": "text/event-stream" } });
    });
    const stream = made.stream(ask());
    for await (const event of stream) if (event.text) break;
    assert.equal(calls[0].cancelled, true);
  });
});

describe("failures", () => {
  const failing = {
    "a body that breaks": [[text("a"), new TypeError("terminated")], { code: "network", partial: "a" }],
    "a body that ends too soon": [[text("a")], { code: "truncated", partial: "a" }],
    "an empty body": [[], { code: "truncated", partial: "" }],
    "an error in the stream": [[text("a") + 'data: {"error":{"message":"sorry","type":"server_error"}}\n\n'], { code: "server", partial: "a" }],
  };
  for (const [name, [pieces, expected]] of Object.entries(failing)) {
    for (const [reader, read] of Object.entries(readers)) {
      test(`${name}: ${reader} and response reject with the same LlmError`, async () => {
        const { signal, listeners } = countedSignal();
        const { stream } = streamOf(pieces, { signal });
        const error = await read(stream).then(() => undefined, (error) => error);
        assert.ok(error instanceof LlmError, String(error));
        assert.equal(error.code, expected.code);
        assert.equal(error.partial.text, expected.partial);
        assert.equal(await stream.response.catch((error) => error), error);
        assert.equal(listeners(), 0);
      });
    }
  }
  test("what broke the body is the cause", async () => {
    const cause = new TypeError("terminated");
    await assert.rejects(streamOf([text("a"), cause]).stream.text(), (error) => error.cause === cause);
  });
  test("events that had arrived before a failure come before it", async () => {
    const { stream } = streamOf([text("a") + 'data: {"error":{"message":"sorry"}}\n\n']);
    const iterator = stream.values();
    assert.equal((await iterator.next()).value.type, "start");
    assert.equal((await iterator.next()).value.text, "a");
    await assert.rejects(iterator.next(), isLlmError);
    assert.deepEqual(await iterator.next(), { value: undefined, done: true });
    assert.equal(stream.locked, false);
    await assert.rejects(stream.getReader().read(), isLlmError);
  });
  test("no body at all", async () => {
    const { client: made } = client(() => new Response(null, { headers: { "content-type": "text/event-stream" } }));
    await assert.rejects(made.stream(ask()).text(), { code: "truncated" });
  });
  test("a body that gives something else than bytes", async () => {
    const { stream, calls } = streamOf([42]);
    await assert.rejects(stream.text(), (error) => isLlmError(error, "network") && /number/.test(error.message));
    assert.equal(calls[0].aborted, true);
  });
  test("a request that is wrong fails at the first read, not before", async () => {
    for (const wrong of [undefined, null, 5, "hi", {}, { messages: 3 }, { ...ask(), signal: "no" }]) {
      const { client: made, calls } = client([answer("a")]);
      const stream = made.stream(wrong);
      await assert.rejects(stream.text(), isLlmError);
      assert.equal(calls.length, 0);
    }
  });
  test("nobody has to listen: a failure without a listener is not an unhandled rejection", async () => {
    // node:test fails a file for any.
    const { stream } = streamOf([text("a")]);
    void stream.response;
    const iterator = streamOf([text("a")]).stream.values();
    for (let index = 0; index < 5; index++) void iterator.next();
    void streamOf([text("a")]).stream.save(new WritableStream());
    void streamOf([text("a")]).stream.display({ write() {} });
    void streamOf([text("a")]).stream.text();
    void streamOf([text("a")]).stream.forEach(() => {});
    for (let index = 0; index < 20; index++) await macrotask();
  });
});

describe("a consumer that throws", () => {
  const thrower = () => {
    throw new Error("mine");
  };
  const ways = {
    "forEach's callback": (stream) => stream.forEach(thrower),
    "forEach's async callback": (stream) => stream.forEach(async () => thrower()),
    "display's target": (stream) => stream.display({ write: thrower }),
    "save's target": (stream) => stream.save(new WritableStream({ write: thrower })),
    "save's onProgress": (stream) => stream.save(new WritableStream(), { onProgress: thrower }),
  };
  for (const [name, use] of Object.entries(ways)) {
    test(`${name} cancels the request, and its error is the result`, async () => {
      const { stream, calls } = streamOf(stalled);
      await assert.rejects(use(stream), /mine/);
      assert.equal(calls[0].aborted, true);
      assert.equal((await stream.response).finishReason, "aborted");
    });
  }
  test("an abort does not wait for a target that is stuck", async () => {
    const { signal, abort } = countedSignal();
    const { stream } = streamOf(stalled, { signal });
    let stuck;
    const started = new Promise((resolve) => (stuck = resolve));
    const end = stream.display({ write: () => (stuck(), new Promise(() => {})) });
    await started;
    abort();
    await assert.rejects(end, { code: "aborted" });
  });
});

test("a stream that is forgotten in the middle is collected: its request stops and its listener goes", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc");
  const { signal, listeners } = countedSignal();
  const { client: made, calls } = client(stalled);
  await (async () => {
    const iterator = made.stream(ask({ signal })).values();
    await iterator.next();
  })();
  assert.equal(listeners(), 1);
  for (let tries = 0; tries < 100 && listeners() > 0; tries++) {
    collect();
    await macrotask();
  }
  assert.equal(listeners(), 0);
  assert.equal(calls[0].aborted, true);
});
