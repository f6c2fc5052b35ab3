// Nothing fails that need not: another try, another key, another target, and what is given up on in time.
import { equal, failure, ok, readAll, textOf } from "../expect.mjs";
import { key, openai, pieces, text, wires } from "../wires.mjs";

const quick = { baseDelayMs: 1, maxDelayMs: 2 };
const failing = { status: 500, body: JSON.stringify({ error: { message: "The server had an error", type: "server_error" } }), headers: { "content-type": "application/json" } };
const whole = { body: openai.textStream() };
const silent = { hold: "head", body: "" };
const ask = { model: "first/m", messages: "Hi" };

/** A server of OpenAI's format for each script, as the providers "first", "second" and "third". */
async function serveAll(env, ...scripts) {
  const servers = await Promise.all(scripts.map((script) => env.serve(script)));
  const names = ["first", "second", "third"];
  const providers = Object.fromEntries(
    servers.map((server, index) => [names[index], { kind: "openai-compatible", apiKey: `${key}-${index}`, baseURL: `${server.baseURL}/v1` }]),
  );
  return { servers, providers, chain: servers.map((_, index) => `${names[index]}/m`) };
}

const typesOf = (events) => events.map(({ type }) => type).filter((type, index, all) => type !== all[index - 1]);
const story = (attempts) => attempts.map(({ provider, status, error }) => `${provider} ${status} ${error?.code ?? "ok"}`);

export const resilienceChecks = [
  ...wires.map((wire) => ({
    name: `${wire.name} is asked again after a failure, whole and as a stream, and tells of it`,
    async run({ createClient }, env) {
      const broken = { ...failing, body: "" };
      for (const stream of [false, true]) {
        const answer = stream ? { body: wire.textStream() } : { body: JSON.stringify(wire.textWhole()), headers: { "content-type": "application/json" } };
        const server = await env.serve({ replies: [broken, { ...broken, status: 503 }, answer] });
        const client = createClient({ providers: wire.provider(server.baseURL, key), retry: quick });
        const heard = [];
        client.on("retry", (record) => heard.push([record.event, record.provider, record.attempt, record.error.status]));
        const request = { model: wire.model, messages: "Hi" };
        const events = stream ? await readAll(client.stream(request)) : [];
        const response = stream ? events.at(-1).response : await client.chat(request);
        equal([response.text, response.attempts.map(({ status }) => status)], [text, [500, 503, 200]], "text and attempts");
        const [provider] = wire.model.split("/");
        equal(heard, [["retry", provider, 1, 500], ["retry", provider, 2, 503]], "what was heard");
        if (!stream) continue;
        equal(typesOf(events), ["retry", "start", "text-delta", "usage", "end"], "types of events");
        equal(textOf(events), text, "its text");
        equal(events.filter(({ type }) => type === "retry").map(({ next }) => next), [wire.model, wire.model], "who is asked next");
      }
    },
  })),
  {
    name: "the provider's own hint is obeyed, and one that comes too late is told at once",
    async run(modelwire, env) {
      const limited = (headers) => ({ status: 429, headers: { "content-type": "application/json", "access-control-expose-headers": "*", ...headers }, body: "{}" });
      const soon = await env.serve({ replies: [limited({ "retry-after-ms": "30" }), whole] });
      const provider = (server) => ({ first: { kind: "openai-compatible", apiKey: key, baseURL: `${server.baseURL}/v1` } });
      const response = await modelwire.createClient({ providers: provider(soon), retry: {} }).stream(ask).response;
      ok(response.timing.waitedMs >= 29 && response.attempts[1].waitedMs === response.timing.waitedMs, `waited ${response.timing.waitedMs} ms`);
      const late = await env.serve(limited({ "retry-after": "3600" }));
      const error = await failure(modelwire, modelwire.createClient({ providers: provider(late), retry: { maxTotalMs: 60_000 } }).chat(ask), "rate-limit");
      equal([error.retryAfterMs, error.attempts.length], [3_600_000, 1], "when to come back, and attempts");
    },
  },
  {
    name: "an error before any content falls back silently, whatever it is",
    async run({ createClient }, env) {
      const before = [
        failing,
        { status: 200, body: "" },
        { body: openai.textStream().slice(0, 1), end: "drop" },
        { body: 'data: {"error":{"message":"Overloaded","code":"server_is_overloaded"}}\n\n' },
        { body: "<html>Sign in</html>", headers: { "content-type": "text/html" } },
      ];
      for (const [index, script] of before.entries()) {
        const { providers, chain } = await serveAll(env, script, whole);
        const events = await readAll(createClient({ providers }).stream({ ...ask, model: chain }));
        equal(typesOf(events), ["retry", "start", "text-delta", "usage", "end"], `types of events (${index})`);
        equal([textOf(events), events.at(-1).response.provider, events.filter(({ type }) => type === "start").length], [text, "second", 1], `answer (${index})`);
      }
    },
  },
  {
    name: "an answer that breaks off goes on at the next target, once, with the seam marked",
    async run({ createClient }, env) {
      const stream = openai.textStream();
      // The role, the first two pieces, and the connection breaks; the next one begins with a repetition.
      // Not before they were read: browsers throw away what had arrived of a body that breaks.
      const broken = { body: stream.slice(0, 3), hold: [3], end: "drop" };
      const repeats = { body: openai.textStream([pieces[0] + pieces[1], pieces[2], pieces[3]]) };
      const { providers, chain, servers } = await serveAll(env, broken, repeats);
      const client = createClient({ providers, fallback: { midStream: true } });
      const told = [];
      client.on("fallback", ({ provider, error }) => told.push([provider, error.code]));
      const events = [];
      for await (const event of client.stream({ ...ask, model: chain })) {
        events.push(event);
        if (textOf(events) === pieces[0] + pieces[1] && event.type === "text-delta") await servers[0].release();
      }
      equal(textOf(events), text, "both parts");
      equal(events.find(({ type }) => type === "continue"), { type: "continue", from: "first/m", to: "second/m", text: pieces[0] + pieces[1] }, "the seam");
      const { response } = events.at(-1);
      equal([response.text, response.usage.estimated, story(response.attempts)], [text, true, ["first 200 network", "second 200 ok"]], "the response");
      equal(told, [["second", "network"]], "what was told");
      const { requests } = await servers[1].seen("closed");
      ok(JSON.parse(requests[0].body).messages[1].content === pieces[0] + pieces[1], "what was said was not sent along");
    },
  },
  {
    name: "silence is given up on, the request is stopped, and the next target answers",
    async run({ createClient }, env) {
      const { providers, chain, servers } = await serveAll(env, silent, whole);
      const client = createClient({ providers });
      const [first, second] = chain;
      const response = await client.stream({ ...ask, model: [{ model: first, request: { timeout: { firstTokenMs: 150 } } }, second] }).response;
      equal(story(response.attempts), ["first null timeout", "second 200 ok"], "attempts");
      const { requests } = await servers[0].seen("closed");
      equal(requests[0].how, "aborted", "what became of the first request");
    },
  },
  {
    name: "each of the three timeouts has its own message and keeps what had arrived",
    async run(modelwire, env) {
      const table = [
        [{ firstTokenMs: 100 }, silent, "", false],
        [{ firstTokenMs: 100 }, { body: openai.textStream().slice(0, 1), end: "open" }, "", false],
        [{ idleMs: 700 }, { body: openai.textStream().slice(0, 2), end: "open" }, pieces[0], false],
        [{ totalMs: 900 }, { body: { endless: openai.textStream()[1] } }, pieces[0], false],
        [{ totalMs: 100 }, silent, "", true],
        [{ firstTokenMs: 100 }, silent, "", true],
        [{ idleMs: 100 }, { body: "{", headers: { "content-type": "application/json" }, end: "open" }, "", true],
      ];
      for (const [timeout, script, arrived, chat] of table) {
        const { providers, servers } = await serveAll(env, script);
        const client = modelwire.createClient({ providers, retry: quick });
        const request = { ...ask, timeout };
        const error = await failure(modelwire, chat ? client.chat(request) : client.stream(request).response, "timeout");
        const [[name, ms]] = Object.entries(timeout);
        ok(error.message.includes(`timeout.${name} (${ms} ms)`), `"${error.message}" does not say timeout.${name}`);
        equal(error.attempts.length, 1, `attempts (${name})`);
        ok((error.partial?.text ?? "").startsWith(arrived), `what had arrived (${name}): "${error.partial?.text}"`);
        const { open } = await servers[0].seen("all-closed");
        equal(open, 0, `open requests (${name})`);
      }
    },
  },
  {
    name: "time in which nobody reads is not the provider's",
    async run({ createClient }, env) {
      const { providers } = await serveAll(env, whole);
      const reader = createClient({ providers }).stream({ ...ask, timeout: { idleMs: 700 } }).getReader();
      let read = "";
      for (let count = 0; ; count++) {
        if (count === 2) await new Promise((resolve) => setTimeout(resolve, 900));
        const { done, value } = await reader.read();
        if (done) break;
        if (value.type === "text-delta") read += value.text;
      }
      equal(read, text, "the text");
    },
  },
  {
    name: "an abort while it waits to try again, or for its turn, is heard, and the error tells the story",
    async run(modelwire, env) {
      const { providers, servers } = await serveAll(env, failing);
      const slow = { retry: { baseDelayMs: 60_000, jitter: false, maxDelayMs: 60_000 } };
      for (const start of [(client, signal) => client.chat({ ...ask, signal }), (client, signal) => client.stream({ ...ask, signal }).response]) {
        const client = modelwire.createClient({ providers, ...slow });
        const controller = new AbortController();
        client.on("retry", () => setTimeout(() => controller.abort()));
        const error = await failure(modelwire, start(client, controller.signal), "aborted");
        equal(story(error.attempts), ["first 500 server"], "attempts");
      }
      const client = modelwire.createClient({ providers, retry: false, limits: { first: { requestsPerMinute: 1 } } });
      await failure(modelwire, client.chat(ask), "server");
      const controller = new AbortController();
      client.on("limit", ({ waiting }) => waiting > 0 && setTimeout(() => controller.abort()));
      await failure(modelwire, client.chat({ ...ask, signal: controller.signal }), "aborted");
      equal((await client.limits.status())[0].waiting, 0, "who still waits");
      equal((await servers[0].seen()).requests.length, 3, "requests");
    },
  },
  {
    name: "a pool of keys: the next one is used when one is refused, and none of them shows",
    async run(modelwire, env) {
      const refused = { status: 401, body: JSON.stringify({ error: { message: `no: ${key}-a` } }), headers: { "content-type": "application/json" } };
      const server = await env.serve({ replies: [refused, whole, whole] });
      const providers = { first: { kind: "openai-compatible", apiKey: [`${key}-a`, async () => `${key}-b`], baseURL: `${server.baseURL}/v1` } };
      const client = modelwire.createClient({ providers });
      const response = await client.stream(ask).response;
      equal(response.attempts.map(({ keyIndex, status }) => [keyIndex, status]), [[0, 401], [1, 200]], "keys and statuses");
      ok(!JSON.stringify(response).includes(key), "a key is in the response");
      equal(client.keys.status("first").map(({ healthy, masked }) => [healthy, masked]), [[false, "…42-a"], [true, "(function)"]], "status");
      equal(await client.keys.get("first"), `${key}-b`, "the key that would be used");
      client.keys.rotate("first", `${key}-c`);
      equal((await client.stream(ask).response).attempts.length, 1, "attempts with the new key");
      const { requests } = await server.seen("closed", 3);
      equal(new Set(requests.map(({ headers }) => headers.authorization)).size > 0, true, "a key was sent");
    },
  },
  {
    name: "limits hold calls back, let them go in order, and can be used without a call",
    async run(modelwire, env) {
      const { providers, servers } = await serveAll(env, { body: openai.textStream().slice(0, 2), end: "open" });
      const client = modelwire.createClient({ providers, limits: { first: { maxConcurrent: 1 }, "second/*": { requestsPerMinute: 1, burst: 2 } } });
      const [one, other] = [client.stream(ask).getReader(), client.stream(ask).getReader()];
      await one.read();
      const waiting = other.read();
      await servers[0].seen("arrived");
      equal((await client.limits.status()).map(({ key: name, running, waiting: count }) => [name, running, count]), [["first", 1, 1], ["second/*", 0, 0]], "status");
      await one.cancel();
      equal((await waiting).value.type, "start", "the next one's first event");
      await other.cancel();
      equal([await client.limits.tryAcquire("second/m"), await client.limits.tryAcquire("second/m"), await client.limits.tryAcquire("second/m")], [true, true, false], "taken");
      const error = await failure(modelwire, client.limits.acquire("second/m", {}, { maxWaitMs: 10 }), "rate-limit");
      ok(error.status === null && error.retryAfterMs > 10, `retryAfterMs is ${error.retryAfterMs}`);
      await failure(modelwire, client.limits.acquire("second/m", { requests: 3 }), "invalid-request");
      await failure(modelwire, client.limits.acquire("second/m", {}, { signal: AbortSignal.abort() }), "aborted");
    },
  },
  {
    name: "a limit for all tabs: kept in a page or a worker of one, refused elsewhere with what to use",
    async run(modelwire, env) {
      const { providers } = await serveAll(env, whole);
      const client = modelwire.createClient({ providers, limits: { first: { requestsPerMinute: 6000, maxConcurrent: 2, scope: "origin" } } });
      if (env.page) {
        equal((await client.stream(ask).response).text, text, "the text");
        return;
      }
      const { message } = await failure(modelwire, client.chat(ask), "unsupported");
      ok(message.includes("limits.first.scope") && message.includes("LimitStore"), `"${message}" does not say what to use`);
    },
  },
  {
    name: "a budget for all tabs: kept in a page or a worker of one, refused elsewhere with what to use",
    async run(modelwire, env) {
      const { providers } = await serveAll(env, whole);
      const catalog = Object.fromEntries(["first", "second"].map((name) => [`${name}/m`, { price: { input: 1, output: 2 } }]));
      // A name of its own: what other checks spend is in other budgets of this origin.
      const tags = { check: "a budget for all tabs" };
      const make = () => modelwire.createClient({ providers, catalog, tags, budget: { usd: 0.0006, per: "month", scope: "origin", tags } });
      if (!env.page) {
        const { message } = await failure(modelwire, make().chat(ask), "unsupported");
        ok(message.includes("budget.scope") && message.includes("LimitStore"), `"${message}" does not say what to use`);
        return;
      }
      equal((await make().chat(ask)).text, text, "the text");
      await make().costs.record({ model: "first/m", usage: {}, usd: 0.0003 });
      await failure(modelwire, make().chat(ask), "budget");
    },
  },
  {
    name: "a limit in a store of one's own is shared by all who use the store",
    async run(modelwire, env) {
      const states = new Map();
      const store = {
        async update(name, change) {
          const { state, result } = change(states.get(name) ?? null, Date.now());
          states.set(name, state);
          return result;
        },
      };
      const { providers } = await serveAll(env, whole);
      const limits = { first: { requestsPerMinute: 1, burst: 1, maxWaitMs: 0, scope: store } };
      const [one, other] = [modelwire.createClient({ providers, limits }), modelwire.createClient({ providers, limits })];
      equal((await one.stream(ask).response).text, text, "the first");
      const error = await failure(modelwire, other.chat(ask), "rate-limit");
      ok(error.retryAfterMs > 0 && error.retryAfterMs <= 60_000, `retryAfterMs is ${error.retryAfterMs}`);
      equal([...states.keys()], ["limit:first"], "what is kept");
      const broken = modelwire.createClient({ providers, limits: { first: { requestsPerMinute: 60, scope: { update: async () => { throw new Error("no disk"); } } } } });
      ok((await failure(modelwire, broken.chat(ask), "storage")).message.includes("no disk"), "why it failed");
    },
  },
  {
    name: "withRetry tries any call again by the same rules",
    async run(modelwire, env) {
      const { withRetry } = modelwire;
      const { providers, servers } = await serveAll(env, failing);
      const client = modelwire.createClient({ providers });
      const error = await failure(modelwire, withRetry(() => client.chat(ask), quick), "server");
      equal([error.attempts.length, (await servers[0].seen()).requests.length], [1, 3], "attempts of the last call, and calls");
      equal(await withRetry(async (attempt) => (attempt < 3 ? Promise.reject(new Error("no")) : attempt), { ...quick, when: () => true }), 3, "the third");
      let calls = 0;
      await withRetry(() => (calls++, Promise.reject(new TypeError("mine"))), quick).then(() => ok(false, "it rejects"), (thrown) => equal(thrown.message, "mine", "what it threw"));
      equal(calls, 1, "calls after an error of one's own");
      const controller = new AbortController();
      const waits = withRetry(() => client.chat(ask), { baseDelayMs: 60_000, jitter: false, maxDelayMs: 60_000, signal: controller.signal });
      await servers[0].seen("closed", 4);
      setTimeout(() => controller.abort(), 20);
      await failure(modelwire, waits, "aborted");
    },
  },
];
