// Templates: text in, text out, before any WebAssembly.
import { equal, ok } from "../expect.mjs";

export const promptChecks = [
  {
    name: "a template is rendered at once, whatever braces are in it and in its values",
    run({ chatTemplate, isLlmError, promptTemplate }) {
      const prompt = promptTemplate('{"k":{größe}} {{größe}} {x | x ∈ ℝ} {} {größe}');
      equal(prompt.variables, ["größe"], "variables");
      equal(prompt.render({ größe: "{größe} $& {{x}}" }), '{"k":{größe} $& {{x}}} {größe} {x | x ∈ ℝ} {} {größe} $& {{x}}', "text");
      equal(chatTemplate([{ role: "user", content: "{list}" }]).render({ list: [1, { a: "b" }] }), [{ role: "user", content: '1\n{"a":"b"}' }], "messages");
      let error;
      try {
        prompt.render({});
      } catch (thrown) {
        error = thrown;
      }
      ok(isLlmError(error, "template") && error.message.includes('"größe"'), String(error));
    },
  },
  {
    name: "a library loads files and addresses, and names the place of what is wrong",
    async run({ isLlmError, PromptLibrary }, { serve }) {
      const text = '{\n  "a": "{x}",\n}';
      const file = new File([text], "prompts.json");
      const wrong = await new PromptLibrary().load(file).catch((thrown) => thrown);
      ok(isLlmError(wrong, "template") && wrong.message.startsWith("prompts.json:3:1: "), String(wrong));
      const library = await new PromptLibrary().load(new Response('{"a":"{x}"}'));
      const server = await serve({ body: JSON.stringify({ ...library.toJSON(), b: "B" }) });
      await library.load(server.baseURL);
      equal([library.render("a", { x: 1 }), library.render("b", {})], ["1", "B"], "texts");
      const moved = await serve({ redirect: server.baseURL });
      const redirected = await library.load(moved.baseURL).catch((thrown) => thrown);
      ok(isLlmError(redirected, "config"), `a redirect: ${redirected}`);
    },
  },
];
