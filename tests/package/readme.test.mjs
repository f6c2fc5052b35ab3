// The examples of the README and of docs/: whoever copies one has something that compiles and runs.
import assert from "node:assert/strict";
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import test, { before, describe } from "node:test";
import { transform } from "esbuild";
import { generated } from "../../js/build/docs.mjs";
import { attempt, root } from "../../js/build/run.mjs";
import { documents, examplesOf } from "./examples.mjs";
import { installApp } from "./install.mjs";

const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
const answer = "An answer from nowhere.";

// Loaded before the example: whatever it asks, in whichever provider's format, is answered here. Who wants JSON gets it, and
// who has tools is asked to use them first.
const offline = `import { mockProviders } from "modelwire/testing";
const reply = ({ body }) => {
  const said = JSON.stringify(body);
  if (said?.includes("json_schema")) return '{"city":"Rome","population":2750000}';
  if (said?.includes('"tools"') && !/call_output|"role":"tool"|tool_result/.test(said)) return { toolCalls: [{ name: "weather", input: { city: "Rome" } }] };
  return ${JSON.stringify(answer)};
};
const { fetch } = mockProviders(reply);
globalThis.Deno = { env: { get: (name) => process.env[name] } };
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

// What Node's and Deno's own types would say: they are not installed.
const node = `declare const process: { env: Record<string, string | undefined>; stdout: { write(text: string): boolean } };
declare const Deno: { env: { get(name: string): string | undefined } };
declare module "node:fs/promises" { export function readFile(file: URL): Promise<Uint8Array<ArrayBuffer>>; }
`;

const examples = documents().flatMap((document) => examplesOf(document).map((example) => ({
  ...example,
  document,
  place: `${document}:${example.line}`,
  file: `${document.replace(/\W/g, "-")}-${example.line}`,
})));

let app;

before(async () => {
  const files = Object.fromEntries(examples.map(({ file, code }) => [`${file}.ts`, code]));
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
  const modules = join(root, "tests", "node_modules");
  cpSync(join(modules, "zod"), join(app, "node_modules", "zod"), { recursive: true });
  mkdirSync(join(app, "node_modules", "@ai-sdk"));
  for (const name of ["ai", "openai", "@ai-sdk/openai-compatible"]) symlinkSync(join(modules, name), join(app, "node_modules", name), "junction");
});

describe("the examples", () => {
  test("of the README begin with one of seven lines", () => {
    const lines = examplesOf("README.md")[0].code.split("\n").filter((line) => line.trim() !== "");
    assert(lines.length <= 7, `${lines.length} lines`);
  });

  test("all say what they print", () => {
    const silent = examples.filter(({ prints }) => prints === undefined);
    assert.deepEqual(silent.map(({ place }) => place), [], "behind the fence: <!-- prints: … --> or <!-- runs -->");
  });

  test("compile", async () => {
    const { code, output } = await attempt(process.execPath, [tsc, "-p", app]);
    assert.equal(code, 0, output);
  });

  // What is said of other libraries has to be what they are: their examples compile against the versions in tests/package.json.
  test("of other libraries compile too", async () => {
    const page = readFileSync(join(root, "docs", "coming-from.md"), "utf8");
    const others = [...page.matchAll(/^```ts\n([^]*?)^```/gm)].map(([, code]) => code).filter((code) => !code.includes('"modelwire'));
    assert.equal(others.length, 2);
    others.forEach((code, at) => writeFileSync(join(app, `other-${at}.ts`), code));
    const options = ["--ignoreConfig", "--strict", "--noEmit", "--skipLibCheck", "--target", "es2022", "--module", "nodenext", "--lib", "es2022,dom,dom.iterable,dom.asynciterable", "--types", ""];
    const { code, output } = await attempt(process.execPath, [tsc, ...options, ...others.map((_, at) => `other-${at}.ts`)], { cwd: app });
    assert.equal(code, 0, output);
  });

  for (const document of new Set(examples.map((example) => example.document))) {
    test(`of ${document} run, and print what they should`, async () => {
      for (const example of examples.filter((other) => other.document === document)) await assertRuns(example);
    });
  }
});

describe("the documents", () => {
  test("are in the package", () => {
    for (const name of documents()) {
      const packed = readFileSync(join(app, "node_modules", "modelwire", name), "utf8");
      assert(packed === readFileSync(join(root, name), "utf8"), `${name} is another one in the package`);
    }
  });

  test("that are generated are current", () => {
    for (const [name, text] of Object.entries(generated())) {
      assert(readFileSync(join(root, name), "utf8") === text, `${name} is old: npm run docs`);
    }
  });

  test("have no link that leads nowhere", () => {
    for (const name of [...documents(), "docs/api.md", "llms.txt"]) {
      const text = readFileSync(join(root, name), "utf8").replace(/^```[^]*?^```/gm, "");
      for (const [, target] of text.matchAll(/\]\((?!https?:)([^)\s]+)\)/g)) {
        const [path, fragment] = target.split("#");
        const file = path ? join(root, dirname(name), path) : join(root, name);
        assert(existsSync(file), `${name} links to ${target}`);
        if (fragment) assert(anchors(file).has(fragment), `${name} links to ${target}, where there is no such heading`);
      }
    }
  });
});

async function assertRuns({ code: source, file, place, prints = [] }) {
  const { code: script } = await transform(source, { loader: "ts", format: "esm" });
  writeFileSync(join(app, `${file}.mjs`), script);
  const env = { ...process.env, OPENAI_API_KEY: "a-key-of-nobody", ANTHROPIC_API_KEY: "a-key-of-nobody" };
  const { code, output } = await attempt(process.execPath, ["--import", "./offline.mjs", `${file}.mjs`], { cwd: app, env });
  assert.equal(code, 0, `${place}: ${output}`);
  for (const text of prints) assert(output.includes(text), `${place} printed, without "${text}": ${output}`);
}

// As GitHub makes them of headings.
function anchors(file) {
  const headings = readFileSync(file, "utf8").matchAll(/^#+ (.*)$/gm);
  const found = new Map();
  for (const [, text] of headings) {
    const plain = text.toLowerCase().replace(/[^\w\- ]/g, "").replaceAll(" ", "-");
    found.set(plain, (found.get(plain) ?? 0) + 1);
  }
  // The second heading of a name has a number.
  return new Set([...found].flatMap(([plain, count]) => [plain, ...Array.from({ length: count - 1 }, (_, at) => `${plain}-${at + 1}`)]));
}
