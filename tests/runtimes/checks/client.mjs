// What a client is told: keys, headers, fetch, options of its providers.
import { equal, failure, ok, readAll, textOf } from "../expect.mjs";
import { key, openai, text, wires } from "../wires.mjs";

const ask = { model: openai.model, messages: "Hi" };
const answering = { body: JSON.stringify(openai.textWhole()), headers: { "content-type": "application/json" } };
const bodyOf = ({ body }) => JSON.parse(body);

export const clientChecks = [
  {
    name: "an injected fetch is called with a URL and an init, and nothing else reaches the network",
    async run({ createClient }, env) {
      const server = await env.serve(answering);
      const seen = [];
      const fetch = async function (...args) {
        seen.push([this, ...args]);
        return new Response(JSON.stringify(openai.textWhole()), { headers: answering.headers });
      };
      const client = createClient({ providers: openai.provider(server.baseURL, key), fetch });
      equal((await client.chat(ask)).text, text, "answer");
      const [[self, url, init, ...more]] = seen;
      equal([seen.length, more.length, typeof self], [1, 0, "undefined"], "calls, further arguments, and this");
      equal([url, init.method], [`${server.baseURL}/v1/chat/completions`, "POST"], "URL and method");
      equal(new Headers(init.headers).get("authorization"), `Bearer ${key}`, "authorization");
      ok(init.signal instanceof AbortSignal, "no signal");
      equal((await server.seen()).requests.length, 0, "requests on the network");
    },
  },
  {
    name: "the global fetch is looked up at each call",
    async run({ createClient }) {
      const client = createClient({ providers: openai.provider("http://localhost", key) });
      const original = globalThis.fetch;
      try {
        globalThis.fetch = async () => new Response(JSON.stringify(openai.textWhole()), { headers: answering.headers });
        equal((await client.chat(ask)).text, text, "answer");
      } finally {
        globalThis.fetch = original;
      }
    },
  },
  {
    name: "a key is asked for at each call, may be late, and is never in a URL",
    async run({ createClient }, env) {
      for (const wire of wires) {
        const server = await env.serve({ body: wire.textStream() });
        let asked = 0;
        const late = async () => {
          asked += 1;
          await new Promise((resolve) => setTimeout(resolve, 1));
          return `key-number-${asked}-${asked}${asked}${asked}${asked}`;
        };
        const client = createClient({ providers: wire.provider(server.baseURL, late) });
        equal(asked, 0, "times that the key was asked for before a call");
        if (wire.name.includes("token")) continue;
        await client.stream({ model: wire.model, messages: "Hi" }).text();
        await client.stream({ model: wire.model, messages: "Hi" }).text();
        const { requests } = await server.seen("closed", 2);
        const [name] = wire.keyHeader;
        equal(requests.map(({ headers }) => headers[name].slice(-4)), ["1111", "2222"], `${name} of ${wire.name}`);
        ok(requests.every(({ path, body }) => !path.includes("key-number") && !body.includes("key-number")), "a key is in a URL or a body");
      }
    },
  },
  {
    name: "headers of the provider and of the request are sent; the request's win",
    async run({ createClient }, env) {
      const server = await env.serve(answering);
      const providers = openai.provider(server.baseURL, key);
      Object.assign(providers.openai, { headers: { "x-one": "provider", "x-two": "provider" }, organization: "org-1", project: "proj-1" });
      await createClient({ providers }).chat({ ...ask, headers: { "x-two": "request", "X-Three": "request" } });
      const [{ headers }] = (await server.seen("closed")).requests;
      const sent = ["x-one", "x-two", "x-three", "openai-organization", "openai-project"].map((name) => headers[name]);
      equal(sent, ["provider", "request", "request", "org-1", "proj-1"], "headers");
    },
  },
  {
    name: "Anthropic's version and beta, and providerOptions, arrive as they were given",
    async run({ createClient }, env) {
      const [anthropic] = wires.filter(({ name }) => name === "Anthropic");
      const server = await env.serve({ body: anthropic.textStream() });
      const providers = anthropic.provider(server.baseURL, key);
      providers.anthropic.beta = ["one-2026-01-01", "two-2026-01-01"];
      const providerOptions = { anthropic: { service_tier: "auto", metadata: { user_id: "u" } }, openai: { nothing: true } };
      await createClient({ providers }).stream({ model: anthropic.model, messages: "Hi", maxTokens: 77, providerOptions }).text();
      const [request] = (await server.seen("closed")).requests;
      equal(request.headers["anthropic-beta"].split(/,\s*/), providers.anthropic.beta, "beta");
      ok(/^\d{4}-\d\d-\d\d$/.test(request.headers["anthropic-version"]), "no version");
      const { max_tokens, service_tier, metadata, nothing = "absent" } = bodyOf(request);
      equal([max_tokens, service_tier, metadata, nothing], [77, "auto", { user_id: "u" }, "absent"], "body");
    },
  },
  {
    name: "settings become the provider's fields",
    async run({ createClient }, env) {
      const server = await env.serve(answering);
      const client = createClient({ providers: { mine: { kind: "openai-compatible", baseURL: `${server.baseURL}/v1` } }, defaultModel: "mine/some/model" });
      const messages = [{ role: "user", content: [{ type: "text", text: "One" }] }, { role: "assistant", content: "Two" }, { role: "user", content: "Thrée" }];
      await client.chat({ system: "Be brief.", messages, temperature: 0.5, topP: 0.9, maxTokens: 9, stop: ["END"], seed: 7 });
      const [request] = (await server.seen("closed")).requests;
      const { model, temperature, top_p, max_tokens, stop, seed, messages: sent } = bodyOf(request);
      equal([model, temperature, top_p, max_tokens, stop, seed], ["some/model", 0.5, 0.9, 9, ["END"], 7], "settings");
      equal(sent.map(({ role }) => role), ["system", "user", "assistant", "user"], "roles");
      equal(sent.at(-1).content, "Thrée", "the last message");
      ok(!("authorization" in request.headers), "a key was sent although there is none");
    },
  },
  {
    name: "check() says that all is well, or what is not, and never throws",
    async run({ createClient, isLlmError }, env) {
      const models = { object: "list", data: [{ id: "gpt-6-luna", object: "model" }, { id: "gpt-6-sol", object: "model" }] };
      const well = await env.serve({ body: JSON.stringify(models), headers: answering.headers });
      const good = await createClient({ providers: openai.provider(well.baseURL, key) }).check("openai");
      equal([good.ok, good.models, good.error, good.latencyMs >= 0], [true, 2, undefined, true], "a good provider");
      const [request] = (await well.seen("closed")).requests;
      equal([request.method, request.path.replace(/^\/s\d+/, "")], ["GET", "/v1/models"], "what was asked");

      const ill = await env.serve({ status: 401, body: '{"error":{"message":"Incorrect API key provided"}}', headers: answering.headers });
      const client = createClient({ providers: { ...openai.provider(ill.baseURL, key), cohere: {}, anthropic: { apiKey: key, baseURL: env.dead } } });
      for (const [provider, code] of Object.entries({ openai: "authentication", cohere: "missing-key", anthropic: "network", nobody: "config" })) {
        const { ok: isOk, error } = await client.check(provider);
        equal([isOk, isLlmError(error), error?.code], [false, true, code], `check("${provider}")`);
      }
    },
  },
  {
    name: "a client that is closed refuses further calls, and may be closed again",
    async run(modelwire, env) {
      const server = await env.serve(answering);
      const client = modelwire.createClient({ providers: openai.provider(server.baseURL, key) });
      await client.chat(ask);
      await client.close();
      await client.close();
      await failure(modelwire, client.chat(ask), "config");
      await failure(modelwire, client.stream(ask).response, "config");
      equal((await server.seen("all-closed")).requests.length, 1, "requests");
    },
  },
  {
    name: "a batch answers each row in its place, and one row's failure is its own",
    async run({ createClient }, env) {
      const server = await env.serve(answering);
      const client = createClient({ providers: openai.provider(server.baseURL, key) });
      async function* rows() {
        for (let row = 0; row < 20; row++) yield row === 7 ? { model: "nobody/m", messages: "Hi" } : ask;
      }
      const results = await client.batch(rows(), { concurrency: 3 }).results;
      equal(results.map(({ index, ok, response, error }) => [index, ok ? response.text : error.code]), Array.from({ length: 20 }, (_, row) => [row, row === 7 ? "config" : text]), "the results");
      const seen = [];
      for await (const { index } of client.batch([ask, ask, ask])) seen.push(index);
      equal(seen.sort(), [0, 1, 2], "the items");
    },
  },
  {
    name: "a batch goes to a provider's own API as a file, is found again by its handle, and its results are read as a stream",
    async run({ createClient }, env) {
      // aimock's: it takes a minute for nothing, so that this clock has none either.
      const clock = { now: () => Date.now(), setTimeout: (callback, ms) => setTimeout(callback, ms > 60_000 ? ms : 0), clearTimeout: (timer) => clearTimeout(timer) };
      const make = () => createClient({ providers: openai.provider(env.aimock, "aimock-key-0042"), clock });
      const run = make().batch(Array.from({ length: 20 }, () => ask), { mode: "provider" });
      const handle = await run.handle;
      const expected = Array.from({ length: 20 }, (_, row) => [row, "Mock batch completion"]);
      const shown = (items) => items.map(({ index, ok, response, error }) => [index, ok ? response.text : error.message]);
      equal(shown(await run.results), expected, "the results");
      equal(shown(await make().batch([], { resume: handle }).results), expected, "the results in another client");
    },
  },
  {
    name: "methods may be taken off a client",
    async run({ createClient }, env) {
      const server = await env.serve(answering);
      const { chat, stream } = createClient({ providers: openai.provider(server.baseURL, key) });
      equal([(await chat(ask)).text, await stream(ask).text()], [text, text], "answers (a server that ignores stream included)");
    },
  },
  {
    name: "streams that run at once, of four wires and one client, do not mix",
    async run({ createClient }, env) {
      const chosen = wires.filter(({ name }) => !/deployments/.test(name)).slice(0, 4);
      const servers = await Promise.all(
        chosen.map((wire, at) => env.serve({ body: wire.textStream(Array.from({ length: 40 }, (_, n) => `${at}:${n} `)), cut: [1, 50, 51, 333, 1200, 1201] })),
      );
      const providers = Object.assign({}, ...chosen.map((wire, at) => wire.provider(servers[at].baseURL, key)));
      const client = createClient({ providers });
      const streams = chosen.map((wire) => client.stream({ model: wire.model, messages: "Hi" }));
      const texts = (await Promise.all(streams.map(readAll))).map(textOf);
      chosen.forEach((_, at) => equal(texts[at], Array.from({ length: 40 }, (_, n) => `${at}:${n} `).join(""), `stream ${at}`));
    },
  },
];
