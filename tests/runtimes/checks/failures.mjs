// Failing: whatever a network, a provider or a caller does, the answer is an LlmError that names what is wrong.
import { equal, failure, ok, readAll, textOf } from "../expect.mjs";
import { key, openai, pieces, text, wires } from "../wires.mjs";

const ask = { model: openai.model, messages: "Hi" };
const json = { "content-type": "application/json" };
const html = { body: "<!DOCTYPE html><html><title>Sign in</title></html>", headers: { "content-type": "text/html" } };

/** A client for one scripted server. */
async function against({ createClient }, env, script, options) {
  const server = await env.serve(script);
  return { server, client: createClient({ providers: openai.provider(server.baseURL, key), ...options }) };
}

/** A client whose fetch is `fetch`. */
const through = ({ createClient }, fetch) => createClient({ providers: openai.provider("http://localhost", key), fetch });

/** Fails in chat() and in stream(): both, with this code, named by `words`. */
async function bothFail(modelwire, client, code, words = []) {
  const errors = [
    await failure(modelwire, client.chat(ask), code),
    await failure(modelwire, client.stream(ask).response, code),
  ];
  for (const { message } of errors) for (const word of words) ok(message.includes(word), `"${message}" does not say "${word}"`);
  return errors;
}

/** [status, headers, body, code, retryable, retryAfterMs] */
const refusals = [
  [401, {}, { error: { message: "Incorrect API key provided", type: "invalid_request_error", code: "invalid_api_key" } }, "authentication", false, null],
  [403, {}, { error: { message: "Not allowed", type: "invalid_request_error", code: null } }, "permission", false, null],
  [404, {}, { error: { message: "The model does not exist", type: "invalid_request_error", code: "model_not_found" } }, "not-found", false, null],
  [429, { "retry-after": "7" }, { error: { message: "Rate limit reached", type: "requests", code: "rate_limit_exceeded" } }, "rate-limit", true, 7000],
  [429, { "retry-after-ms": "1250" }, { error: { message: "Rate limit reached", type: "tokens", code: "rate_limit_exceeded" } }, "rate-limit", true, 1250],
  [429, {}, { error: { message: "You exceeded your current quota", type: "insufficient_quota", code: "insufficient_quota" } }, "quota", false, null],
  [400, {}, { error: { message: "maximum context length", type: "invalid_request_error", code: "context_length_exceeded" } }, "context-length", false, null],
  [500, {}, { error: { message: "The server had an error", type: "server_error", code: null } }, "server", true, null],
  [503, {}, { error: { message: "Overloaded", type: "service_unavailable_error", code: null } }, "overloaded", true, null],
];

export const failureChecks = [
  ...wires.map((wire) => ({
    name: `${wire.name}: a stream that ends without its terminator is "truncated", with what had arrived`,
    async run(modelwire, env) {
      // Up to the second piece of text; the pieces of text are what no other event is made of.
      const list = wire.textStream();
      const upTo = list.findIndex((event) => event.includes(JSON.stringify(pieces[1]))) + 1;
      const server = await env.serve({ body: list.slice(0, upTo) });
      const client = modelwire.createClient({ providers: wire.provider(server.baseURL, key) });
      const stream = client.stream({ ...ask, model: wire.model });
      const { response } = stream;
      const events = [];
      const reading = (async () => {
        for await (const event of stream) events.push(event);
      })();
      const error = await failure(modelwire, reading, "truncated");
      equal(error.partial.text, pieces[0] + pieces[1], "text of partial");
      equal([textOf(events), error.retryable, error.partial.usage.estimated], [pieces[0] + pieces[1], true, true], "what else is known");
      equal((await failure(modelwire, response, "truncated")) === error, true, "response rejects with the same error");
    },
  })),
  {
    name: "a connection that breaks in the middle is an error with what had arrived",
    async run(modelwire, env) {
      // After the client has read all: a reset takes along what its system has not handed out yet.
      const { server, client } = await against(modelwire, env, { body: openai.textStream().slice(0, 3), hold: [3], end: "drop" });
      const stream = client.stream(ask);
      const reader = stream.getReader();
      for (const type of ["start", "text-delta", "text-delta"]) equal((await reader.read()).value.type, type, "event");
      await server.release();
      const error = await reader.read().then(
        () => null,
        (caught) => caught,
      );
      ok(modelwire.isLlmError(error), `expected an LlmError, got ${error}`);
      // Runtimes do not agree on whether a broken body failed or just ended.
      ok(["network", "truncated"].includes(error.code), `code ${error.code}: ${error.message}`);
      equal([error.partial.text, error.retryable], [pieces[0] + pieces[1], true], "partial");
    },
  },
  {
    name: "an error inside a stream has the provider's reason, and what had arrived",
    async run(modelwire, env) {
      const fault = 'data: {"error":{"message":"The server is overloaded","type":"server_error","code":"server_is_overloaded"}}\n\n';
      const { client } = await against(modelwire, env, { body: [...openai.textStream().slice(0, 2), fault] });
      const error = await failure(modelwire, readAll(client.stream(ask)), "overloaded");
      ok(error.message.includes("The server is overloaded"), error.message);
      equal([error.partial.text, error.provider, error.model], [pieces[0], "openai", "gpt-6-luna"], "what is known");
    },
  },
  {
    name: "a status 200 with an error inside is that error",
    async run(modelwire, env) {
      const body = '{"error":{"message":"The key has no credit left","type":"insufficient_quota","code":"insufficient_quota"}}';
      const { client } = await against(modelwire, env, { body, headers: json });
      await bothFail(modelwire, client, "quota", ["no credit left"]);
    },
  },
  {
    name: "HTML in place of JSON is said to be that, with any status",
    async run(modelwire, env) {
      const { client } = await against(modelwire, env, html);
      await bothFail(modelwire, client, "malformed", ["web page"]);
      const failing = await against(modelwire, env, { ...html, status: 502 });
      const errors = await bothFail(modelwire, failing.client, "server");
      equal(errors.map(({ status }) => status), [502, 502], "status");
    },
  },
  {
    name: "an endless line has a bound",
    async run(modelwire, env) {
      const { server, client } = await against(modelwire, env, { body: { first: "data: ", endless: "a".repeat(256 * 1024) } });
      const error = await failure(modelwire, readAll(client.stream(ask)), "malformed");
      ok(error.message.length < 2000, "the message holds the line");
      const { requests } = await server.seen("closed");
      equal(requests[0].how, "aborted", "how the request ended");
    },
  },
  {
    name: "an endless answer that is not a stream has a bound",
    async run(modelwire, env) {
      const body = { first: '{"choices":[{"message":{"content":"', endless: "a".repeat(512 * 1024) };
      const { server, client } = await against(modelwire, env, { body, headers: json });
      await failure(modelwire, client.chat(ask), "malformed");
      const { requests } = await server.seen("closed");
      equal(requests[0].how, "aborted", "how the request ended");
    },
  },
  {
    name: "an event that is not JSON, and a body that is not one, are malformed",
    async run(modelwire, env) {
      const { client } = await against(modelwire, env, { body: [...openai.textStream().slice(0, 2), "data: {nonsense\n\n"] });
      const error = await failure(modelwire, readAll(client.stream(ask)), "malformed");
      equal(error.partial.text, pieces[0], "partial");
      for (const body of ["nonsense", '{"half":', "[]", "null", "{}"]) {
        const other = await against(modelwire, env, { body, headers: json });
        await failure(modelwire, other.client.chat(ask), "malformed");
      }
    },
  },
  {
    name: "an empty body is an error, not an empty answer",
    async run(modelwire, env) {
      const { client } = await against(modelwire, env, { body: "" });
      for (const answer of [client.chat(ask), client.stream(ask).response]) {
        const error = await answer.then(
          () => null,
          (caught) => caught,
        );
        ok(modelwire.isLlmError(error) && ["malformed", "truncated"].includes(error.code), `got ${error}`);
      }
    },
  },
  {
    name: "refusals have a code by status and body, and the provider's hint to wait",
    async run(modelwire, env) {
      for (const [status, headers, body, code, retryable, retryAfterMs] of refusals) {
        const script = { status, headers: { ...json, "x-request-id": "req_7", ...headers }, body: JSON.stringify(body) };
        const { client } = await against(modelwire, env, script);
        for (const error of await bothFail(modelwire, client, code, [body.error.message])) {
          equal([error.status, error.retryable, error.retryAfterMs, error.requestId], [status, retryable, retryAfterMs, "req_7"], `${status}`);
          equal([error.body, error.provider, error.attempts.length], [body, "openai", 1], "what else is known");
        }
      }
    },
  },
  {
    name: "aimock's refusals are understood: a wrong key, a rate limit, a body that breaks, a body that is junk",
    async run(modelwire, env) {
      const client = modelwire.createClient({ providers: openai.provider(env.aimock, "aimock-key-0042") });
      const say = (messages) => ({ model: openai.model, messages });
      const stranger = modelwire.createClient({ providers: openai.provider(env.aimock, "somebody-else") });
      equal((await failure(modelwire, stranger.chat(say("say hello")), "authentication")).status, 401, "status");
      await failure(modelwire, client.chat(say("hit the limit")), "rate-limit");
      await failure(modelwire, client.stream(say("hit the limit")).response, "rate-limit");
      await failure(modelwire, client.chat(say("send junk")), "malformed");
      await failure(modelwire, client.stream(say("send junk")).response, "malformed");
      await failure(modelwire, client.stream(say("break off")).response, "network");
      await failure(modelwire, client.chat(say("something without a script")), "not-found");
    },
  },
  {
    name: "a fetch that throws a string, an object, or nothing is a network error with its words",
    async run(modelwire) {
      await bothFail(modelwire, through(modelwire, () => { throw "the cable is out"; }), "network", ["the cable is out"]);
      await bothFail(modelwire, through(modelwire, async () => { throw "the cable is out"; }), "network", ["the cable is out"]);
      await bothFail(modelwire, through(modelwire, async () => { throw new TypeError("no route"); }), "network", ["no route"]);
      for (const thrown of [undefined, null, 5, Symbol("odd"), Object.create(null), { message: 5 }, () => {}]) {
        await bothFail(modelwire, through(modelwire, () => Promise.reject(thrown)), "network");
        await bothFail(modelwire, through(modelwire, () => { throw thrown; }), "network");
      }
    },
  },
  {
    name: "a fetch that gives something else than a Response is an error that says so",
    async run(modelwire) {
      for (const junk of [undefined, null, 5, "text", {}, [], { status: 200 }, { status: "200", headers: new Headers() }]) {
        await bothFail(modelwire, through(modelwire, async () => junk), "network", ["Response"]);
      }
    },
  },
  {
    name: "a body that gives something else than bytes is an error",
    async run(modelwire) {
      for (const chunk of [5, null, { length: 3 }, ["a"]]) {
        const body = new ReadableStream({ start: (controller) => void controller.enqueue(chunk) });
        const fake = { status: 200, ok: true, headers: new Headers(), body };
        const client = through(modelwire, async () => fake);
        const error = await client.stream(ask).response.catch((caught) => caught);
        ok(modelwire.isLlmError(error), `a chunk ${JSON.stringify(chunk)} gave ${error}`);
      }
      const broken = { status: 200, ok: true, headers: new Headers(), body: new ReadableStream({ pull: () => Promise.reject("the disk is full") }) };
      await failure(modelwire, through(modelwire, async () => broken).stream(ask).response, "network");
    },
  },
  {
    name: "an unknown provider, a model without one, and no model at all are named",
    async run(modelwire) {
      const client = modelwire.createClient({ providers: openai.provider("http://localhost", key) });
      const unknown = await failure(modelwire, client.chat({ ...ask, model: "nobody/x" }), "config");
      ok(unknown.message.includes("nobody") && unknown.message.includes("openai"), unknown.message);
      await failure(modelwire, client.stream({ ...ask, model: "nobody/x" }).response, "config");
      ok((await failure(modelwire, client.chat({ ...ask, model: "gpt-6-luna" }), "invalid-request")).message.includes("gpt-6-luna"), "unnamed");
      ok((await failure(modelwire, client.chat({ messages: "Hi" }), "invalid-request")).message.includes("model"), "unnamed");
      const wrong = modelwire.createClient({ providers: { mine: { kind: "of magic" } } });
      ok((await failure(modelwire, wrong.chat(ask), "config")).message.includes("providers.mine.kind"), "unnamed");
    },
  },
  {
    name: "a missing key is said before anything is sent, and what to set",
    async run(modelwire, env) {
      const server = await env.serve({ body: openai.textStream() });
      for (const apiKey of [undefined, "", () => "", async () => undefined, async () => null]) {
        const client = modelwire.createClient({ providers: openai.provider(server.baseURL, apiKey) });
        const errors = await bothFail(modelwire, client, "missing-key", ["providers.openai.apiKey", "OPENAI_API_KEY"]);
        equal(errors.map(({ retryable }) => retryable), [false, false], "retryable");
      }
      const throwing = modelwire.createClient({ providers: openai.provider(server.baseURL, () => { throw new Error("locked vault"); }) });
      await bothFail(modelwire, throwing, "missing-key", ["locked vault"]);
      equal((await server.seen()).requests.length, 0, "requests");
    },
  },
  {
    name: "messages of the wrong shape are refused by the name of the field, and nothing is sent",
    async run(modelwire, env) {
      const { server, client } = await against(modelwire, env, { body: openai.textStream() });
      const cyclic = { role: "user", content: "Hi" };
      cyclic.itself = cyclic;
      const wrong = [
        [undefined, "messages"],
        [null, "messages"],
        [5, "messages"],
        [[], "messages"],
        [{ role: "user", content: "Hi" }, "messages"],
        [["Hi"], "messages[0]"],
        [[{ role: "robot", content: "Hi" }], "messages[0].role"],
        [[{ content: "Hi" }], "messages[0].role"],
        [[{ role: "user" }], "messages[0].content"],
        [[{ role: "user", content: 5 }], "messages[0].content"],
        [[{ role: "user", content: "Hi" }, { role: "user", content: [{ type: "video", video: "x" }] }], "messages[1].content[0].type"],
        [[{ role: "user", content: [{ type: "text" }] }], "messages[0].content[0].text"],
        [[{ role: "tool", content: "3 degrees" }], "messages[0].callId"],
        [[cyclic], "deep"],
      ];
      for (const [messages, field] of wrong) {
        for (const answer of [client.chat({ ...ask, messages }), client.stream({ ...ask, messages }).response]) {
          const { message } = await failure(modelwire, answer, "invalid-request");
          ok(message.includes(field), `"${message}" does not name ${field}`);
        }
      }
      for (const request of [undefined, null, 5, "Hi"]) {
        await failure(modelwire, client.chat(request), "invalid-request");
        await failure(modelwire, client.stream(request).response, "invalid-request");
      }
      equal((await server.seen()).requests.length, 0, "requests");
    },
  },
  {
    name: "a request that throws when it is read is refused, wherever in it that is",
    async run(modelwire, env) {
      const { server, client } = await against(modelwire, env, { body: JSON.stringify(openai.textWhole()), headers: json });
      const revoked = () => {
        const { proxy, revoke } = Proxy.revocable({}, {});
        revoke();
        return proxy;
      };
      const throwing = { get content() { throw "not now"; } };
      const requests = [
        revoked(),
        { ...ask, messages: [revoked()] },
        { ...ask, messages: [throwing] },
        { ...ask, providerOptions: { openai: { a: { b: { c: { d: revoked() } } } } } },
        { ...ask, providerOptions: { openai: { a: { b: { c: { d: throwing } } } } } },
      ];
      for (const request of requests) {
        for (const answer of [() => client.chat(request), () => client.stream(request).response]) {
          const error = await answer().catch((caught) => caught);
          ok(modelwire.isLlmError(error), `not an LlmError: ${String(error)}`);
        }
      }
      equal((await server.seen()).requests.length, 0, "requests");
      equal((await client.chat(ask)).text, text, "an answer to a good one afterwards");
    },
  },
  {
    name: "settings of the wrong kind or out of bounds are refused by name",
    async run(modelwire, env) {
      const { server, client } = await against(modelwire, env, { body: openai.textStream() });
      const wrong = { temperature: "hot", topP: 7, maxTokens: -1, stop: [5], tools: [{}], toolChoice: "perhaps", seed: 0.5, headers: { "x y": "z" } };
      for (const [field, value] of Object.entries(wrong)) {
        const { message } = await failure(modelwire, client.chat({ ...ask, [field]: value }), "invalid-request");
        ok(message.includes(field), `"${message}" does not name ${field}`);
      }
      const { message } = await failure(modelwire, client.chat({ ...ask, temprature: 1 }), "invalid-request");
      ok(message.includes("temprature"), `"${message}" does not name the misspelt field`);
      equal((await server.seen()).requests.length, 0, "requests");
    },
  },
  {
    name: "false asks for nothing",
    async run(modelwire, env) {
      const { client } = await against(modelwire, env, { body: JSON.stringify(openai.textWhole()), headers: json });
      equal((await client.chat({ ...ask, retry: false, cache: false })).text, text, "with options that are off");
      const server = await env.serve({ body: JSON.stringify(openai.textWhole()), headers: json });
      const providers = openai.provider(server.baseURL, key);
      equal((await modelwire.createClient({ providers, retry: false, cache: false }).chat(ask)).text, text, "with options that are off");
    },
  },
  {
    name: "a redirect is not followed, and the key is not seen by where it leads",
    async run(modelwire, env) {
      const other = await env.serve({ body: openai.textStream() });
      const { server, client } = await against(modelwire, env, { redirect: `${other.elsewhere}/v1/chat/completions` });
      await bothFail(modelwire, client, "config", ["redirect"]);
      equal((await server.seen()).requests.length, 2, "requests to the server");
      equal((await other.seen()).requests, [], "requests to where it leads");
    },
  },
  {
    name: "a port where nobody listens is a network error",
    async run(modelwire, env) {
      const client = modelwire.createClient({ providers: openai.provider(env.dead, key) });
      for (const error of await bothFail(modelwire, client, "network", [env.dead])) equal([error.status, error.retryable], [null, true], "what is known");
    },
  },
  {
    name: "errors are LlmErrors, plain in JSON, and hold no key anywhere",
    async run(modelwire, env) {
      const body = JSON.stringify({ error: { message: `Incorrect API key provided: ${key}`, type: "invalid_request_error", code: "invalid_api_key" } });
      const { client } = await against(modelwire, env, { status: 401, headers: json, body });
      const [error] = await bothFail(modelwire, client, "authentication");
      ok(error instanceof Error && error instanceof modelwire.LlmError, "not an instance of Error and LlmError");
      equal([error.name, modelwire.isLlmError(error, "server"), modelwire.isLlmError(new Error("no"))], ["LlmError", false, false], "isLlmError");
      const plain = JSON.parse(JSON.stringify(error));
      equal([plain.name, plain.code, plain.status], ["LlmError", "authentication", 401], "JSON");
      for (const said of [error.message, error.stack, JSON.stringify(error), JSON.stringify(error.attempts)]) {
        ok(!String(said).includes(key), "the key is in what the error says");
      }
    },
  },
];
