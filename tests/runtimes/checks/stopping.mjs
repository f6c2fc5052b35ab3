// Stopping: whoever stops reading stops the provider, at once, and leaves nothing behind.
import { equal, failure, macrotask, ok, readAll } from "../expect.mjs";
import { key, openai, pieces } from "../wires.mjs";

const promptMs = 100;
const ask = { model: openai.model, messages: "Hi" };
/** Two events, and then silence. */
const silent = { body: openai.textStream().slice(0, 2), end: "open" };

/**
 * Starts a stream, reads its first text, stops it as `stop` does, and measures at the server how long it took to notice.
 * The clock starts before the answer that it did has come back here, so that what is measured is more than the truth. One
 * of three tries has to be quick: a machine that is busy for a moment fails one, a client that waits for something all.
 */
async function stopsAtOnce({ createClient }, env, start, stop) {
  const times = [];
  for (let tries = 0; tries < 3; tries++) {
    const server = await env.serve(silent);
    const client = createClient({ providers: openai.provider(server.baseURL, key) });
    const started = await start(client, server);
    await server.mark();
    await stop(started);
    const { requests, open } = await server.seen("closed");
    equal([open, requests.length, requests[0].how], [0, 1, "aborted"], "open requests, requests, and how the last ended");
    times.push(requests[0].closedAfterMarkMs);
    if (times.at(-1) <= promptMs) return;
  }
  throw new Error(`the server saw it after ${times.map(Math.round).join(", ")} ms; at most ${promptMs} are allowed`);
}

async function readText(reader) {
  equal((await reader.read()).value.type, "start", "first event");
  equal((await reader.read()).value.text, pieces[0], "second event");
}

/** The ways to stop: [what, how to start, how to stop]. */
const ways = [
  [
    "cancelling a reader",
    async (client) => {
      const reader = client.stream(ask).getReader();
      await readText(reader);
      return reader;
    },
    (reader) => reader.cancel("enough"),
  ],
  [
    "cancelling in the middle of a read",
    async (client) => {
      const reader = client.stream(ask).getReader();
      await readText(reader);
      return { reader, reading: reader.read() };
    },
    async ({ reader, reading }) => {
      await reader.cancel();
      equal((await reading).done, true, "the read that was waiting");
    },
  ],
  [
    "aborting a stream's signal",
    async (client) => {
      const controller = new AbortController();
      const reader = client.stream({ ...ask, signal: controller.signal }).getReader();
      await readText(reader);
      return { controller, reading: reader.read().catch((error) => error) };
    },
    async ({ controller, reading }) => {
      controller.abort();
      equal((await reading).code, "aborted", "the read that was waiting");
    },
  ],
  [
    "breaking out of a loop",
    async (client) => {
      let proceed;
      const held = new Promise((resolve) => (proceed = resolve));
      const inside = deferred();
      const loop = (async () => {
        for await (const event of client.stream(ask)) {
          if (event.type !== "text-delta") continue;
          inside.resolve();
          await held;
          break;
        }
      })();
      await inside.promise;
      return { proceed, loop };
    },
    ({ proceed, loop }) => (proceed(), loop),
  ],
  [
    "cancelling textStream",
    async (client) => {
      const reader = client.stream(ask).textStream.getReader();
      equal((await reader.read()).value, pieces[0], "text");
      return reader;
    },
    (reader) => reader.cancel(),
  ],
  [
    "cancelling both branches of tee()",
    async (client) => {
      const readers = client.stream(ask).tee().map((branch) => branch.getReader());
      await Promise.all(readers.map(readText));
      return readers;
    },
    (readers) => Promise.all(readers.map((reader) => reader.cancel())),
  ],
  [
    "cancelling the body of toResponse()",
    async (client) => {
      const reader = client.stream(ask).toResponse().body.getReader();
      await reader.read();
      return reader;
    },
    (reader) => reader.cancel(),
  ],
  [
    "cancelling a stream that forEach reads",
    async (client) => {
      const stream = client.stream(ask);
      const first = deferred();
      const done = stream.forEach((piece) => first.resolve(piece));
      equal(await first.promise, pieces[0], "text");
      return { stream, done };
    },
    async ({ stream, done }) => {
      await stream.cancel();
      equal((await done).finishReason, "aborted", "finish reason");
    },
  ],
  [
    "aborting before the head has come",
    async (client, server) => {
      const controller = new AbortController();
      const reading = client.stream({ ...ask, signal: controller.signal }).getReader().read().catch((error) => error);
      await server.seen("arrived");
      return { controller, reading };
    },
    async ({ controller, reading }) => {
      controller.abort();
      equal((await reading).code ?? "nothing", "aborted", "the read that was waiting");
    },
    { hold: "head" },
  ],
  [
    "aborting chat()",
    async (client, server) => {
      const controller = new AbortController();
      const answer = client.chat({ ...ask, signal: controller.signal }).catch((error) => error);
      await server.seen("arrived");
      return { controller, answer };
    },
    async ({ controller, answer }) => {
      controller.abort();
      equal((await answer).code, "aborted", "chat");
    },
    { hold: "head" },
  ],
  [
    "closing the client",
    async (client) => {
      const reader = client.stream(ask).getReader();
      await readText(reader);
      return { client, reading: reader.read().catch((error) => error) };
    },
    async ({ client, reading }) => {
      await client.close();
      await reading;
    },
  ],
];

export const stoppingChecks = [
  ...ways.map(([what, start, stop, more]) => ({
    name: `${what} is seen by the server within ${promptMs} ms`,
    run: (modelwire, env) =>
      stopsAtOnce(modelwire, more ? { ...env, serve: (script) => env.serve({ ...script, ...more }) } : env, start, stop),
  })),
  {
    name: `disposing a stream is seen by the server within ${promptMs} ms`,
    run: (modelwire, env) =>
      stopsAtOnce(
        modelwire,
        env,
        async (client) => {
          const stream = client.stream(ask);
          const reader = stream.getReader();
          await readText(reader);
          reader.releaseLock();
          return stream;
        },
        // The second is what compilers and polyfills use where the first is missing.
        (stream) => stream[Symbol.asyncDispose ?? Symbol.for("Symbol.asyncDispose")](),
      ),
  },
  {
    name: "stopping is quiet: response resolves with what had arrived",
    async run({ createClient }, env) {
      const server = await env.serve(silent);
      const client = createClient({ providers: openai.provider(server.baseURL, key) });
      const stream = client.stream(ask);
      const { response } = stream;
      for await (const event of stream) if (event.type === "text-delta") break;
      const { text, finishReason, usage } = await response;
      equal([text, finishReason, usage.estimated], [pieces[0], "aborted", true], "response");
    },
  },
  {
    name: "aborting is loud: stream and response fail with what had arrived, and nothing comes after",
    async run(modelwire, env) {
      const server = await env.serve({ body: openai.textStream(), hold: [2] });
      const client = modelwire.createClient({ providers: openai.provider(server.baseURL, key) });
      const controller = new AbortController();
      const stream = client.stream({ ...ask, signal: controller.signal });
      const { response } = stream;
      const events = [];
      const reading = (async () => {
        for await (const event of stream) {
          events.push(event);
          if (event.type === "text-delta") {
            await server.seen("paused");
            controller.abort(new Error("the user left"));
            await server.release(10);
          }
        }
      })();
      const error = await failure(modelwire, reading, "aborted");
      equal([error.partial.text, error.partial.finishReason], [pieces[0], "aborted"], "partial");
      equal(error.cause?.message, "the user left", "cause");
      equal(await failure(modelwire, response, "aborted") === error, true, "response rejects with the same error");
      equal(events.map(({ type }) => type), ["start", "text-delta"], "events");
    },
  },
  {
    name: "a signal that is already aborted sends nothing",
    async run(modelwire, env) {
      const server = await env.serve(silent);
      const client = modelwire.createClient({ providers: openai.provider(server.baseURL, key) });
      const signal = AbortSignal.abort();
      await failure(modelwire, client.chat({ ...ask, signal }), "aborted");
      await failure(modelwire, client.stream({ ...ask, signal }).response, "aborted");
      const controller = new AbortController();
      const stream = client.stream({ ...ask, signal: controller.signal });
      controller.abort();
      await failure(modelwire, readAll(stream), "aborted");
      const unread = client.stream(ask);
      await unread.cancel();
      await macrotask();
      equal((await server.seen()).requests.length, 0, "requests");
    },
  },
  {
    name: "a fetch that never answers can still be aborted",
    async run(modelwire) {
      let signal;
      const fetch = (_, init) => {
        ({ signal } = init);
        return new Promise(() => {});
      };
      const client = modelwire.createClient({ providers: openai.provider("http://localhost", key), fetch });
      const controller = new AbortController();
      const answer = client.chat({ ...ask, signal: controller.signal });
      while (!signal) await macrotask();
      controller.abort();
      await failure(modelwire, answer, "aborted");
      equal(signal.aborted, true, "the fetch's own signal");
    },
  },
  {
    name: "1,000 aborted streams leave no open request and no listener",
    async run(modelwire, env) {
      const server = await env.serve(silent);
      const client = modelwire.createClient({ providers: openai.provider(server.baseURL, key) });
      const total = 1000;
      // A browser opens six connections to an origin; more streams than that would wait for one another.
      const together = env.page ? 5 : 50;
      for (let begun = 0; begun < total; begun += together) {
        const controller = new AbortController();
        const signal = counted(controller.signal);
        const readers = Array.from({ length: together }, () => client.stream({ ...ask, signal }).getReader());
        const events = await Promise.all(readers.map((reader) => reader.read()));
        ok(events.every(({ value }) => value.type === "start"), "a stream did not start");
        ok(listeners(signal) > 0, "no listener while streams run: the count counts nothing");
        controller.abort();
        const ends = await Promise.all(readers.map((reader) => reader.closed.then(() => "closed", ({ code }) => code)));
        ok(ends.every((end) => end === "aborted"), `streams ended with ${[...new Set(ends)]}`);
        equal(listeners(signal), 0, "listeners on the signal");
      }
      const { requests, open } = await server.seen("closed", total);
      equal([requests.length, open], [total, 0], "requests, and those still open");
    },
  },
  {
    name: "calls that end by themselves leave no listener on a signal that they share",
    async run(modelwire, env) {
      const server = await env.serve({ body: openai.textStream() });
      const client = modelwire.createClient({ providers: openai.provider(server.baseURL, key) });
      const signal = counted(new AbortController().signal);
      const broken = await env.serve({ body: openai.textStream().slice(0, 2) });
      const other = modelwire.createClient({ providers: openai.provider(broken.baseURL, key) });
      for (let turn = 0; turn < 20; turn++) {
        await client.stream({ ...ask, signal }).text();
        for await (const event of client.stream({ ...ask, signal })) if (event.type === "text-delta") break;
        await failure(modelwire, other.stream({ ...ask, signal }).response, "truncated");
        await failure(modelwire, other.chat({ ...ask, signal }), "malformed");
      }
      client.stream({ ...ask, signal });
      equal(listeners(signal), 0, "listeners on the signal");
    },
  },
];

const counts = new WeakMap();
const listeners = (signal) => counts.get(signal).size;

/** The same signal, which from now on knows its listeners. */
function counted(signal) {
  const set = new Set();
  counts.set(signal, set);
  const { addEventListener, removeEventListener } = EventTarget.prototype;
  signal.addEventListener = (type, listener, options) => {
    set.add(listener);
    if (options?.once) addEventListener.call(signal, type, () => set.delete(listener), { once: true });
    options?.signal?.addEventListener("abort", () => set.delete(listener));
    addEventListener.call(signal, type, listener, options);
  };
  signal.removeEventListener = (type, listener, options) => {
    set.delete(listener);
    removeEventListener.call(signal, type, listener, options);
  };
  return signal;
}

function deferred() {
  const made = {};
  made.promise = new Promise((resolve, reject) => Object.assign(made, { resolve, reject }));
  return made;
}
