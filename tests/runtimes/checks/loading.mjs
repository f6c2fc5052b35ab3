// When the wasm module is loaded. These come first: what they count happens once.
import { equal, ok } from "../expect.mjs";
import { key, openai, text } from "../wires.mjs";

export const loadingChecks = [
  {
    name: "importing the package and creating clients load no WebAssembly",
    async run({ createClient }, env) {
      const client = createClient({ providers: openai.provider(env.dead, key) });
      ok(typeof client.chat === "function", "createClient returned no client at once");
      client.stream({ model: openai.model, messages: "Hi" });
      createClient({ providers: { unheard: { kind: "of" } } });
      equal(env.loads.count, 0, "instances of WebAssembly");
    },
  },
  {
    name: "calls that start together share one load of the module",
    async run({ createClient }, env) {
      const server = await env.serve({ body: JSON.stringify(openai.textWhole()), headers: { "content-type": "application/json" } });
      const [one, other] = [0, 1].map(() => createClient({ providers: openai.provider(server.baseURL, key) }));
      const request = { model: openai.model, messages: "Hi" };
      const answers = await Promise.all([one.chat(request), one.chat(request), other.chat(request)]);
      equal(answers.map((answer) => answer.text), [text, text, text], "answers");
      equal(env.loads.count, 1, "instances of WebAssembly");
    },
  },
  {
    name: "ready() resolves, and loads nothing a second time",
    async run({ ready }, env) {
      await ready();
      await Promise.all([ready(), ready()]);
      equal(env.loads.count, 1, "instances of WebAssembly");
    },
  },
  {
    name: "createClient throws for options that are not an object, and for nothing else",
    async run({ createClient }) {
      for (const wrong of [undefined, null, 5, "openai"]) {
        let threw = false;
        try {
          createClient(wrong);
        } catch (error) {
          threw = error instanceof Error;
        }
        ok(threw, `createClient(${wrong}) did not throw an Error`);
      }
      createClient({ providers: {} });
      createClient({ providers: { openai: {}, "unheard of": { kind: "nothing" } }, retry: { maxAttempts: 2 } });
    },
  },
];
