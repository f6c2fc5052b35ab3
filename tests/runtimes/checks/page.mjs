// What is different in a page, or a worker of one: the browser stands between, and says little.
import { equal, failure, ok } from "../expect.mjs";
import { key, openai, text, wires } from "../wires.mjs";

const ask = { model: openai.model, messages: "Hi" };
const answering = { body: JSON.stringify(openai.textWhole()), headers: { "content-type": "application/json" } };
const where = ({ page }) => page;

export const pageChecks = [
  {
    name: "a server that does not allow the page is told apart from one that is not there",
    where,
    async run(modelwire, env) {
      for (const cors of ["none", "refuse-preflight"]) {
        const server = await env.serve({ ...answering, cors });
        const client = modelwire.createClient({ providers: openai.provider(server.baseURL, key) });
        for (const answer of [client.chat(ask), client.stream(ask).response]) {
          const error = await failure(modelwire, answer, "cors");
          ok(error.message.includes(new URL(server.baseURL).origin), `does not name the server: ${error.message}`);
          equal(error.retryable, false, "retryable");
        }
        equal((await client.check("openai")).error.code, "cors", "check()");
        const { requests } = await server.seen();
        ok(requests.every(({ headers }) => !("authorization" in headers)), "the key was sent although CORS forbids it");
      }
      const dead = modelwire.createClient({ providers: openai.provider(env.dead, key) });
      await failure(modelwire, dead.chat(ask), "network");
    },
  },
  {
    name: "a hint to wait that CORS hides is unknown, not 0",
    where,
    async run(modelwire, env) {
      const script = { status: 429, body: '{"error":{"message":"slow down"}}', headers: { "retry-after": "7", "content-type": "application/json" } };
      const hidden = await env.serve({ ...script, cors: "hide" });
      const client = modelwire.createClient({ providers: openai.provider(hidden.baseURL, key) });
      equal((await failure(modelwire, client.chat(ask), "rate-limit")).retryAfterMs, null, "hint");
    },
  },
  {
    name: "Anthropic is told that a page is calling",
    where,
    async run({ createClient }, env) {
      const [anthropic] = wires.filter(({ name }) => name === "Anthropic");
      const server = await env.serve({ body: anthropic.textStream() });
      await createClient({ providers: anthropic.provider(server.baseURL, key) }).stream({ model: anthropic.model, messages: "Hi" }).text();
      const [{ headers }] = (await server.seen("closed")).requests;
      equal(headers["anthropic-dangerous-direct-browser-access"], "true", "the header");
    },
  },
  {
    name: "a relative baseURL is a path of the page's own server",
    where,
    async run(modelwire, env) {
      const client = modelwire.createClient({ providers: { mine: { kind: "openai-compatible", baseURL: "/api/mine" } } });
      equal((await client.chat({ ...ask, model: "mine/x" })).text, text, "answer");
    },
  },
];
