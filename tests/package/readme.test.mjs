// The examples of the README: whoever copies one has something that compiles and runs.
import assert from "node:assert/strict";
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { before, describe } from "node:test";
import { transform } from "esbuild";
import { attempt, root } from "../../js/build/run.mjs";
import { installApp } from "./install.mjs";

const answer = "An answer from nowhere.";

// Loaded before the example: whatever it asks, in whichever provider's format, is answered here. Who wants JSON gets it, and
// who has tools is asked to use them first.
const offline = `import { mockProviders } from "modelwire/testing";
const reply = ({ body }) => {
  const said = JSON.stringify(body);
  if (said?.includes("json_schema")) return '{"city":"Rome","population":2750000}';
  if (said?.includes('"tools"') && !said.includes("call_output")) return { toolCalls: [{ name: "weather", input: { city: "Rome" } }] };
  return ${JSON.stringify(answer)};
};
const { fetch } = mockProviders(reply);
const batches = [];
globalThis.fetch = async (url, init) => {
  const [, id, results] = /\\/messages\\/batches(?:\\/(\\d+)(\\/results)?)?$/.exec(url) ?? [];
  if (!url.includes("/messages/batches")) return fetch(url, init);
  if (init.method === "POST") batches.push(JSON.parse(await init.body.text()).requests);
  if (!results) return Response.json({ id: String(id ?? batches.length - 1), processing_status: "ended", request_counts: {} });
  const message = { id: "m", type: "message", role: "assistant", model: "m", content: [{ type: "text", text: ${JSON.stringify(answer)} }], stop_reason: "end_turn", usage: { input_tokens: 1000, output_tokens: 100 } };
  return new Response(batches[id].map(({ custom_id }) => JSON.stringify({ custom_id, result: { type: "succeeded", message } }) + "\\n").join(""));
};
`;

// What Node's own types would say: they are not installed.
const node = "declare const process: { env: Record<string, string | undefined>; stdout: { write(text: string): boolean } };\n";

let app;
let examples;

before(async () => {
  examples = examplesOf(readFileSync(join(root, "README.md"), "utf8"));
  const files = Object.fromEntries(examples.map((code, at) => [`example-${at + 1}.ts`, code]));
  app = await installApp("readme", {
    ...files,
    "node.d.ts": node,
    "offline.mjs": offline,
    "tsconfig.json": JSON.stringify({
      compilerOptions: {
        strict: true, noEmit: true, target: "ES2022", module: "nodenext", types: [],
        lib: ["ES2022", "DOM", "DOM.Iterable", "DOM.AsyncIterable"],
      },
      files: [...Object.keys(files), "node.d.ts"],
    }),
  });
  // The examples' own, from among the test dependencies.
  cpSync(join(root, "tests", "node_modules", "zod"), join(app, "node_modules", "zod"), { recursive: true });
});

describe("the README", () => {
  test("begins with an example of seven lines", () => {
    const lines = examples[0].split("\n").filter((line) => line.trim() !== "");
    assert(lines.length <= 7, `${lines.length} lines`);
  });

  test("has no example that does not compile", async () => {
    const { code, output } = await attempt(process.execPath, [join(root, "node_modules", "typescript", "bin", "tsc"), "-p", app]);
    assert.equal(code, 0, output);
  });

  test("has no example that does not run", async () => {
    // Those with an answer to show, by what they must print; the server's example only defines what a framework calls.
    const shows = [
      answer, answer, answer, answer, `${answer} 3`, "Rome 2750000", answer, answer, `(${answer})`, "2 256 ", answer, "",
      `${answer} 1`, answer, `2 ${answer}`, "1 0.0015", `chapter-1 ${answer}`, "rows: [ 1, 2, 3 ]", "input: 0.1", "[ 'budget:month' ]", "4 local true true true 2", "false true true 0", "", `"event":"response"`, answer, answer, "", "Hello from the mock rate-limit 2", "After half a minute 32000", 'recorded "Hi", asked "Ho"',
    ];
    assert.equal(shows.length, examples.length, "an example more or less: what does it print?");
    const env = { ...process.env, OPENAI_API_KEY: "a-key-of-nobody", ANTHROPIC_API_KEY: "a-key-of-nobody" };
    for (const [at, example] of examples.entries()) {
      const { code: script } = await transform(example, { loader: "ts", format: "esm" });
      const name = `example-${at + 1}.mjs`;
      writeFileSync(join(app, name), script);
      const { code, output } = await attempt(process.execPath, ["--import", "./offline.mjs", name], { cwd: app, env });
      assert.equal(code, 0, `${name}: ${output}`);
      assert(output.includes(shows[at]), `${name} printed: ${output}`);
    }
  });

  test("is in the package", () => {
    const packed = readFileSync(join(app, "node_modules", "modelwire", "README.md"), "utf8");
    assert.equal(packed, readFileSync(join(root, "README.md"), "utf8"));
  });
});

function examplesOf(text) {
  const fenced = [...text.matchAll(/^```ts\n([^]*?)^```$/gm)].map(([, code]) => code);
  const found = fenced.filter((code) => /^import .* from "modelwire/m.test(code));
  assert(found.length > 0, "README.md has no ```ts example that imports modelwire");
  return found;
}
