// Queues: in memory everywhere, and durable in a page's database, in a store of the caller's, and in each store that the runtime has.
import { equal, failure, ok } from "../expect.mjs";
import { key, openai, text } from "../wires.mjs";

const ask = { model: openai.model, messages: "Hi" };
const answering = { body: JSON.stringify(openai.textWhole()), headers: { "content-type": "application/json" } };

function mapStore() {
  const values = new Map();
  return {
    get: async (key) => values.get(key) ?? null,
    set: async (key, value) => void values.set(key, value),
    delete: async (key) => values.delete(key),
    async *list(prefix) {
      for (const key of [...values.keys()]) if (key.startsWith(prefix)) yield key;
    },
  };
}

/** One client leaves jobs behind, one of them half done; the next has their results. */
async function survives({ createClient, isLlmError }, env, options) {
  const server = await env.serve({ replies: [{ ...answering, end: "open", body: [] }, answering] });
  const make = () => createClient({ providers: openai.provider(server.baseURL, key), retry: false, store: "memory" });
  const first = make();
  const queue = first.queue(options);
  const bytes = new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  await queue.enqueue({ ...ask, messages: [{ role: "user", content: [{ type: "text", text: "é🙂" }, { type: "image", image: bytes, mediaType: "image/png" }] }] }, { id: "a/b" });
  await queue.enqueue({ model: "nobody/m", messages: "x" }, { id: "wrong" });
  equal((await queue.enqueue(ask, { id: "a/b" })).request.messages[0].content[0].text, "é🙂", "the job of a known id");
  await failure({ isLlmError }, queue.enqueue({ ...ask, signal: new AbortController().signal }), "unsupported");
  await server.seen("arrived");
  await first.close();
  const told = [];
  const second = make();
  const again = second.queue({ ...options, onResult: ({ id }) => told.push(id) });
  await again.drain();
  const [job, wrong] = await again.list();
  ok(job.response, `${job.id} is ${job.state}: ${job.error?.message}`);
  equal([job.id, job.state, job.attempts, job.response.text, [...job.request.messages[0].content[1].image]], ["a/b", "done", 2, text, [...bytes]], "the job");
  ok(isLlmError(wrong.error, "config") && wrong.state === "failed", `the other one is ${wrong.state}`);
  equal(told, ["a/b"], "who was told");
  const { requests } = await server.seen("arrived", 2);
  const keys = requests.map(({ headers }) => headers["idempotency-key"]);
  if (!env.page) ok(keys[0] && keys[0] === keys[1], `the keys are ${keys}`);
  await second.close();
  const third = make();
  equal((await third.queue(options).list("done")).length, 1, "what a third one reads");
  await third.close();
}

const STORES = ["IndexedDB", "Cache API", "Cloudflare KV", "Durable Object storage", "Durable Object", "Deno KV"];

export const queueChecks = [
  {
    name: "a queue runs jobs by priority, knows their ids, and tells what becomes of them",
    async run({ createClient }, env) {
      const server = await env.serve(answering);
      const client = createClient({ providers: openai.provider(server.baseURL, key), retry: false });
      const queue = client.queue({ autoStart: false, workers: 2 });
      const told = [];
      for (const event of ["result", "error"]) queue.on(event, ({ id, response, error }) => told.push([id, response?.text ?? error.code]));
      await queue.enqueue(ask, { id: "a" });
      await queue.enqueue({ model: "nobody/m", messages: "x" }, { id: "wrong", priority: -5 });
      await queue.enqueue(ask, { id: "late", deadlineMs: 0 });
      await queue.enqueue(ask, { id: "c" });
      equal(await queue.cancel("c"), true, "cancelled");
      await queue.enqueue(ask, { id: "a" });
      queue.start();
      await queue.drain();
      equal(told.sort(), [["a", text], ["late", "timeout"], ["wrong", "config"]], "what was told");
      equal((await queue.list()).map(({ id, state }) => `${id} ${state}`), ["a done", "wrong failed", "late failed", "c cancelled"], "the jobs");
      equal((await server.seen()).requests.length, 1, "requests");
      await queue.stop();
      await client.close();
    },
  },
  {
    name: "a queue ends with its client, and what it ran is aborted",
    async run({ createClient, isLlmError }, env) {
      const server = await env.serve({ body: [], end: "open" });
      const client = createClient({ providers: openai.provider(server.baseURL, key), retry: false });
      const queue = client.queue();
      await queue.enqueue(ask);
      await server.seen("arrived");
      const drained = failure({ isLlmError }, queue.drain(), "aborted");
      await client.close();
      await drained;
      equal((await server.seen("closed")).requests[0].how, "aborted", "how it ended");
      await failure({ isLlmError }, queue.enqueue(ask), "config");
    },
  },
  {
    name: "a durable queue in a store of the caller's goes on in another client",
    run: (modelwire, env) => survives(modelwire, env, { store: mapStore() }),
  },
  {
    name: "a durable queue of two clients is one: each job is run by one of them",
    async run({ createClient }, env) {
      const server = await env.serve(answering);
      const options = env.page ? { durable: true, name: crypto.randomUUID() } : { store: mapStore() };
      const clients = [1, 2].map(() => createClient({ providers: openai.provider(server.baseURL, key), retry: false }));
      const told = [];
      const queues = clients.map((client) => client.queue({ ...options, onResult: ({ id }) => told.push(id) }));
      await Promise.all(Array.from({ length: 10 }, (_, at) => queues[at % 2].enqueue(ask, { id: `${at}` })));
      await Promise.all(queues.map((queue) => queue.drain()));
      equal(told.sort(), Array.from({ length: 10 }, (_, at) => `${at}`), "told once");
      equal((await server.seen()).requests.length, 10, "requests");
      for (const client of clients) await client.close();
    },
  },
  {
    name: "a durable queue needs something that outlives the program",
    where: ({ page }) => !page,
    async run({ createClient, isLlmError }) {
      const queue = createClient({ providers: {} }).queue({ durable: true });
      const { message } = await failure({ isLlmError }, queue.enqueue(ask), "unsupported");
      ok(message.includes("durable") && message.includes("store"), message);
    },
  },
  ...STORES.map((name) => ({
    name: `a durable queue in the store ${name} goes on in another client`,
    where: (env) => env.stores?.includes(name),
    run: (modelwire, env) => survives(modelwire, env, { store: env.made.stores[name](() => Date.now()), name: crypto.randomUUID() }),
  })),
];
