// What stream() returns: a ReadableStream in every respect, with the contract's extras.
import { equal, failure, macrotask, ok, readAll, textOf } from "../expect.mjs";
import { key, openai, pieces, text } from "../wires.mjs";

const ask = { model: openai.model, messages: "Hi" };

/** A stream of a fresh client, and the server that it will read from. */
async function opened({ createClient }, env, script) {
  const server = await env.serve({ body: openai.textStream(), ...script });
  const client = createClient({ providers: openai.provider(server.baseURL, key) });
  return { server, client, stream: client.stream(ask) };
}

export const streamChecks = [
  {
    name: "a stream is a ReadableStream, read by a reader",
    async run(modelwire, env) {
      const { stream } = await opened(modelwire, env);
      ok(stream instanceof ReadableStream, "not an instance of ReadableStream");
      equal(stream.locked, false, "locked");
      const reader = stream.getReader();
      equal(stream.locked, true, "locked by a reader");
      equal((await reader.read()).value.type, "start", "first event");
      reader.releaseLock();
      equal(textOf(await readAll(stream)), text, "text");
    },
  },
  {
    name: "a stream is iterated with for await, everywhere",
    async run(modelwire, env) {
      const { stream, client } = await opened(modelwire, env);
      let seen = "";
      for await (const event of stream) if (event.type === "text-delta") seen += event.text;
      equal(seen, text, "text");
      seen = "";
      for await (const event of client.stream(ask).values({ preventCancel: true })) if (event.type === "text-delta") seen += event.text;
      equal(seen, text, "text of values()");
    },
  },
  {
    name: "tee() gives two streams of the same events",
    async run(modelwire, env) {
      const { stream } = await opened(modelwire, env);
      const [left, right] = await Promise.all(stream.tee().map(readAll));
      equal(left, right, "branches");
      equal(textOf(left), text, "text");
    },
  },
  {
    name: "pipeThrough and pipeTo carry events, and new Response() takes what comes out",
    async run(modelwire, env) {
      const { stream, client } = await opened(modelwire, env);
      const encoder = new TextEncoder();
      const toBytes = new TransformStream({
        transform(event, controller) {
          if (event.type === "text-delta") controller.enqueue(encoder.encode(event.text));
        },
      });
      equal(await new Response(stream.pipeThrough(toBytes)).text(), text, "body of the Response");
      const events = [];
      await client.stream(ask).pipeTo(new WritableStream({ write: (event) => void events.push(event) }));
      equal(textOf(events), text, "what was piped");
    },
  },
  {
    name: "textStream is a ReadableStream of text, iterable too",
    async run(modelwire, env) {
      const { stream, client } = await opened(modelwire, env);
      ok(stream.textStream instanceof ReadableStream, "not an instance of ReadableStream");
      let seen = "";
      for await (const piece of stream.textStream) seen += piece;
      equal(seen, text, "text");
      const bytes = client.stream(ask).textStream.pipeThrough(new TextEncoderStream());
      equal(await new Response(bytes).text(), text, "body of the Response");
    },
  },
  {
    name: "text(), forEach, display, save and response give the whole answer",
    async run(modelwire, env) {
      const { stream, client } = await opened(modelwire, env);
      equal(await stream.text(), text, "text()");
      const parts = [];
      const answer = await client.stream(ask).forEach((piece) => void parts.push(piece));
      equal([parts.join(""), answer.text, answer.finishReason], [text, text, "stop"], "forEach");
      let shown = "";
      equal((await client.stream(ask).display({ write: (piece) => (shown += piece) })).text, text, "response of display");
      equal(shown, text, "display");
      const saved = [];
      const target = new WritableStream({ write: (chunk) => void saved.push(chunk) });
      let progress = 0;
      await client.stream(ask).save(target, { onProgress: (bytes) => (progress = bytes) });
      const bytes = new Uint8Array(await new Blob(saved).arrayBuffer());
      equal([new TextDecoder().decode(bytes), progress], [text, bytes.length], "save");
      equal((await client.stream(ask).response).text, text, "response");
    },
  },
  {
    name: "response follows whoever reads the stream",
    async run(modelwire, env) {
      const { server, stream } = await opened(modelwire, env);
      const reading = readAll(stream);
      const { response } = stream;
      equal(textOf(await reading), text, "text");
      equal((await response).text, text, "text of the response");
      equal((await server.seen("closed")).requests.length, 1, "requests");
    },
  },
  {
    name: "a stream that was taken is refused to the next, with a TypeError",
    async run(modelwire, env) {
      const { stream } = await opened(modelwire, env);
      await stream.text();
      const refused = await stream.text().then(
        () => "nothing",
        (error) => error,
      );
      ok(refused instanceof TypeError, `expected a TypeError, got ${refused}`);
    },
  },
  {
    name: "nothing is sent before the first read",
    async run(modelwire, env) {
      const { server, stream, client } = await opened(modelwire, env);
      const reader = stream.getReader();
      void client.stream(ask).textStream;
      void client.stream(ask).locked;
      await macrotask();
      equal((await server.seen()).requests.length, 0, "requests before a read");
      await reader.read();
      equal((await server.seen("arrived")).requests.length, 1, "requests after it");
      await reader.cancel();
    },
  },
  {
    name: "text is delivered when it arrives, not when more of it does",
    async run(modelwire, env) {
      const { server, stream } = await opened(modelwire, env, { hold: "each" });
      const reader = stream.getReader();
      const next = async () => (await reader.read()).value;
      await server.release(2);
      equal([(await next()).type, (await next()).text], ["start", pieces[0]], "before anything else was sent");
      for (const piece of pieces.slice(1)) {
        await server.release();
        equal(await next(), { type: "text-delta", text: piece }, "the next event");
      }
      const { requests } = await server.seen("paused");
      equal(requests[0].sent, 1 + pieces.length, "pieces that were sent");
      await server.release(10);
      reader.releaseLock();
      equal((await readAll(stream)).at(-1).finishReason, "stop", "finish reason");
    },
  },
  {
    name: "the body is not read ahead of the reader: its high-water mark is 0",
    async run({ createClient }) {
      let pulls = 0;
      const list = openai.textStream();
      const fetch = async () => {
        const encoder = new TextEncoder();
        const pull = (controller) => {
          controller.enqueue(encoder.encode(list[pulls]));
          pulls += 1;
          if (pulls === list.length) controller.close();
        };
        return new Response(new ReadableStream({ pull }, { highWaterMark: 0 }));
      };
      const stream = createClient({ providers: openai.provider("http://localhost", key), fetch }).stream(ask);
      const reader = stream.getReader();
      await macrotask();
      equal(pulls, 0, "reads of the body before the first of the stream");
      equal((await reader.read()).value.type, "start", "first event");
      equal((await reader.read()).value.text, pieces[0], "second event");
      const before = pulls;
      await macrotask();
      await macrotask();
      equal([before, pulls], [2, 2], "reads of the body for the first text");
      await reader.read();
      await macrotask();
      equal(pulls, 3, "reads of the body for the second text");
      await reader.cancel();
    },
  },
  {
    name: "toResponse and readStream are two ends of one stream",
    async run(modelwire, env) {
      const { stream, client } = await opened(modelwire, env);
      const response = stream.toResponse();
      ok(response instanceof Response, "not a Response");
      ok(response.headers.get("content-type").startsWith("text/event-stream"), "not an event stream");
      const relayed = await readAll(modelwire.readStream(response));
      const direct = await readAll(client.stream(ask));
      equal(relayed.map(({ type }) => type), direct.map(({ type }) => type), "types of events");
      equal(relayed.slice(0, -1), direct.slice(0, -1), "events");
      const { text: said, finishReason, usage, message } = direct.at(-1).response;
      const other = relayed.at(-1).response;
      equal([other.text, other.finishReason, other.usage, other.message], [said, finishReason, usage, message], "response");

      const again = modelwire.readStream(client.stream(ask).toResponse());
      equal((await again.response).text, text, "response of a relayed stream");
    },
  },
  {
    name: "a failure travels through toResponse to readStream, as a status or in the stream",
    async run(modelwire, env) {
      const early = await opened(modelwire, env, { status: 429, body: '{"error":{"message":"slow down","type":"requests"}}' });
      const response = await early.stream.toResponse();
      equal(response.status, 429, "status");
      const refused = await failure(modelwire, modelwire.readStream(response).response, "rate-limit");
      ok(refused.message.includes("slow down"), `the message lost its reason: ${refused.message}`);

      const late = await opened(modelwire, env, { body: openai.textStream().slice(0, 3) });
      const cut = await failure(modelwire, modelwire.readStream(late.stream.toResponse()).response, "truncated");
      equal(cut.partial.text, pieces.slice(0, 2).join(""), "partial");
    },
  },
  {
    name: 'toResponse("text") and toResponse("openai") are read by whoever reads those',
    async run(modelwire, env) {
      const { stream, client } = await opened(modelwire, env);
      equal(await stream.toResponse("text").text(), text, "text");
      const fetch = async () => client.stream(ask).toResponse("openai");
      const other = modelwire.createClient({ providers: { mine: { kind: "openai-compatible", baseURL: "http://localhost" } }, fetch });
      const answer = await other.stream({ model: "mine/x", messages: "Hi" }).response;
      equal([answer.text, answer.finishReason], [text, "stop"], "read as OpenAI's");
    },
  },
  {
    name: "a large answer in large reads arrives whole",
    async run(modelwire, env) {
      const texts = Array.from({ length: 3000 }, (_, index) => `Nº ${index} 🙂 ${"x".repeat(index % 97)}`);
      const { stream } = await opened(modelwire, env, { body: openai.textStream(texts), cut: "whole" });
      const events = await readAll(stream);
      equal(textOf(events) === texts.join(""), true, "the text is the same");
      equal(events.filter(({ type }) => type === "text-delta").map((event) => event.text), texts, "deltas");
    },
  },
];
