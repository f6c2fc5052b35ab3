// The first example of the README: whoever copies it has something that compiles and runs.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { before, describe } from "node:test";
import { transform } from "esbuild";
import { attempt, root } from "../../js/build/run.mjs";
import { installApp } from "./install.mjs";

const answer = "An answer from nowhere.";

// Loaded before the example: whatever it asks, in whichever provider's format, is answered here.
const offline = `import { mockProviders } from "modelwire/testing";
globalThis.fetch = mockProviders(() => ${JSON.stringify(answer)}).fetch;
`;

// What Node's own types would say; they are no part of this package's tests.
const node = "declare const process: { env: Record<string, string | undefined>; stdout: { write(text: string): boolean } };\n";

let app;
let example;

before(async () => {
  example = firstExample(readFileSync(join(root, "README.md"), "utf8"));
  app = await installApp("readme", {
    "example.ts": example,
    "node.d.ts": node,
    "offline.mjs": offline,
    "tsconfig.json": JSON.stringify({
      compilerOptions: {
        strict: true, noEmit: true, target: "ES2022", module: "nodenext", types: [],
        lib: ["ES2022", "DOM", "DOM.Iterable", "DOM.AsyncIterable"],
      },
      files: ["example.ts", "node.d.ts"],
    }),
  });
});

describe("the README's first example", () => {
  test("is short", () => {
    const lines = example.split("\n").filter((line) => line.trim() !== "");
    assert(lines.length <= 12, `${lines.length} lines`);
  });

  test("compiles", async () => {
    const { code, output } = await attempt(process.execPath, [join(root, "node_modules", "typescript", "bin", "tsc"), "-p", app]);
    assert.equal(code, 0, output);
  });

  test("runs, and shows the answer", async () => {
    const { code: script } = await transform(example, { loader: "ts", format: "esm" });
    writeFileSync(join(app, "example.mjs"), script);
    const env = { ...process.env, OPENAI_API_KEY: "a-key-of-nobody", ANTHROPIC_API_KEY: "a-key-of-nobody" };
    const { code, output } = await attempt(process.execPath, ["--import", "./offline.mjs", "example.mjs"], { cwd: app, env });
    assert.equal(code, 0, output);
    assert(output.includes(answer), output);
  });

  test("is in the package's own README too", () => {
    assert(readFileSync(join(app, "node_modules", "modelwire", "README.md"), "utf8").includes(example));
  });
});

function firstExample(text) {
  const fenced = [...text.matchAll(/^```ts\n([^]*?)^```$/gm)].map(([, code]) => code);
  const found = fenced.find((code) => /import \{[^}]*\bcreateClient\b[^}]*\} from "modelwire"/.test(code));
  assert(found, "README.md has no ```ts example that imports createClient from \"modelwire\"");
  return found;
}
