// Recordings, and time that stands still: what was recorded once in Node is the same everywhere, chunk for chunk and event for event.
import { equal, failure, macrotask, ok } from "../expect.mjs";

export const models = ["openai/gpt-4o", "anthropic/claude-haiku-5-5", "cohere/command-a-03-2025", "azure/gpt-4o"];

/** A session with the mock: everything that is seen of it. */
export async function askAll({ createClient }, fetch, { origin, key }) {
  const providers = {
    openai: { apiKey: key, baseURL: `${origin}/v1` },
    anthropic: { apiKey: key, baseURL: origin },
    cohere: { apiKey: key, baseURL: origin },
    azure: { apiKey: key, endpoint: origin, apiVersion: "2024-10-21" },
  };
  /** What each body consisted of, in numbers. */
  const bodies = [];
  const watched = async (url, init) => {
    const response = await fetch(url, init);
    const chunks = [];
    bodies.push(chunks);
    const reader = response.body.getReader();
    // By hand: workerd reports it as unhandled when what pipeThrough reads is aborted.
    const body = new ReadableStream(
      {
        async pull(controller) {
          const { done, value } = await reader.read();
          if (done) return controller.close();
          let sum = 0;
          for (const byte of value) sum = (sum * 31 + byte) % 1_000_000_007;
          chunks.push([value.length, sum]);
          controller.enqueue(value);
        },
        cancel: (reason) => reader.cancel(reason),
      },
      { highWaterMark: 0 },
    );
    return new Response(body, { status: response.status, headers: response.headers });
  };
  const client = createClient({ providers, retry: false, store: "memory", fetch: watched });
  const seen = [];
  for (const model of models) {
    const events = [];
    for (const reader = client.stream({ model, messages: "say it slowly" }).getReader(); ; ) {
      const { done, value } = await reader.read();
      if (done) break;
      const { type, text, finishReason, response } = value;
      events.push({ type, text, finishReason, usage: response?.usage });
    }
    seen.push({ model, events, chunks: bodies.at(-1) });
    const { text, usage } = await client.chat({ model, messages: "say it slowly" });
    seen.push({ model, text, usage, chunks: bodies.at(-1) });
  }
  const { code, status, retryAfterMs } = await client.chat({ model: models[0], messages: "hit the limit" }).catch((error) => error);
  seen.push({ code, status, retryAfterMs, chunks: bodies.at(-1) });
  return seen;
}

export const cassetteChecks = [
  {
    name: "a session that was recorded in Node replays the same, chunk for chunk and event for event, without a network",
    async run(modelwire, { session, made }) {
      const nobody = () => {
        throw new Error("something went out");
      };
      const { fetch, unmatched } = made.testing.cassette({ load: async () => session.jsonl, save: async () => nobody() }, "replay", { fetch: nobody });
      ok(!session.jsonl.includes("aimock-key-0042"), "the key is in the recording");
      ok(session.seen[0].chunks.length > 3 && session.seen[0].events.length > 3, "there is little to compare");
      const seen = await askAll(modelwire, fetch, { origin: session.origin, key: "another-key-77" });
      equal(unmatched, [], "without a recording");
      for (const [at, one] of session.seen.entries()) equal(JSON.parse(JSON.stringify(seen[at])), one, `number ${at}`);
      const client = modelwire.createClient({ providers: { openai: { apiKey: "another-key-77", baseURL: `${session.origin}/v1` } }, fetch });
      const { message } = await failure(modelwire, client.chat({ model: models[0], messages: "say nothing" }), "invalid-request");
      ok(message.includes('body.messages[0].content: recorded "say it slowly", asked "say nothing"'), message);
    },
  },
  {
    name: "a session is recorded here, and replays here",
    async run(modelwire, { aimock, made }) {
      let jsonl = "";
      const recording = made.testing.cassette({ load: async () => null, save: async (text) => void (jsonl = text) }, "record");
      const recorded = await askAll(modelwire, recording.fetch, { origin: aimock, key: "aimock-key-0042" });
      await recording.saved();
      ok(!jsonl.includes("aimock-key-0042"), "the key is in the recording");
      const tape = made.testing.cassette({ load: async () => jsonl, save: async () => {} }, "replay");
      equal(await askAll(modelwire, tape.fetch, { origin: aimock, key: "another-key-77" }), recorded, "what was seen");
    },
  },
  {
    name: "retries, limits and timeouts go by a clock that only advance moves",
    async run(modelwire, { made }) {
      await modelwire.ready();
      const { mockProviders, virtualClock } = made.testing;
      const clock = virtualClock(Date.UTC(2026, 0, 1));
      const mock = mockProviders([{ status: 429, retryAfterSeconds: 30 }, { text: "one two three", tokensPerSecond: 1, delayMs: 5000 }, { stallAfterEvents: 0 }], { clock });
      const client = modelwire.createClient({ providers: { openai: { apiKey: "k" } }, store: "memory", fetch: mock.fetch, clock, retry: { maxAttempts: 2, maxDelayMs: 60_000 }, timeout: { idleMs: 60_000 } });
      const asked = client.chat({ model: "openai/gpt-4o", messages: "Hi" });
      let answer;
      asked.then((response) => (answer = response));
      // A call gets to its provider in real time: parts of the package are loaded.
      const sent = async (count) => {
        while (mock.requests.length < count) await macrotask();
      };
      await sent(1);
      await clock.advance(37_900);
      ok(!answer, "nothing comes before its time");
      await clock.advance(101);
      ok(answer, "everything comes at its time");
      equal([answer.text, answer.timing.totalMs, answer.attempts.length], ["one two three", 38_000, 2], "an answer after 30, 5 and 3 seconds");
      const stalled = client.stream({ model: "openai/gpt-4o", messages: "Hi", retry: false }).text().catch((error) => error.code);
      await sent(3);
      await clock.advance(60_000);
      equal(await stalled, "timeout", "what a silence ends in");
    },
  },
];
