// TypeScript finds the package's types however a project has it resolve modules.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { before, describe } from "node:test";
import { attempt, root } from "../../js/build/run.mjs";
import { installApp } from "./install.mjs";

const tsc = join(root, "node_modules", "typescript", "bin", "tsc");

const source = `import { createClient, isLlmError, ready } from "modelwire";
import type { ChatEvent, ChatResponse, ClientOptions, LlmError } from "modelwire";
import { createClient as createInline } from "modelwire/inline";
import { ready as readySlim } from "modelwire/slim";
import { cassette, mockProviders, virtualClock } from "modelwire/testing";
import { durableObjectLimits, type KvNamespace, kvStore } from "modelwire/stores/cloudflare";
import { kvLimits } from "modelwire/stores/deno";
import { indexedDbStore } from "modelwire/stores/web";
import "modelwire/tokens/o200k_base";
import "modelwire/tokens/cl100k_base";
import "modelwire/tokens/p50k_base";
import wasm from "modelwire/modelwire_bg.wasm";

const options: ClientOptions = { providers: { openai: { apiKey: "a-key-of-nobody" } }, fetch: mockProviders(["Hello."]).fetch };
const client = createClient(options);
export const response: Promise<ChatResponse> = client.chat({ model: "openai/gpt-6-luna", messages: "Hello" });
export const text: Promise<string> = response.then((answer) => answer.text);
export const made = [cassette, virtualClock, durableObjectLimits, kvLimits, indexedDbStore].map((make: Function) => make.name);
export const kept = (namespace: KvNamespace) => createClient({ providers: {}, store: kvStore(namespace) });
export const same: typeof createClient = createInline;
export const loaded: Promise<void> = ready().then(() => readySlim(wasm));

export async function run(error: unknown): Promise<void> {
  for await (const event of client.stream({ model: "openai/gpt-6-luna", messages: [{ role: "user", content: "Hello" }] })) {
    if (event.type === "text-delta") event.text.toUpperCase();
  }
  for await (const piece of client.stream({ messages: "Hello" }).textStream) piece.toUpperCase();
  if (isLlmError(error, "rate-limit")) error.retryAfterMs?.toFixed();
}

export type Text = Extract<ChatEvent, { type: "text-delta" }>["text"];
export type Code = LlmError["code"];

// A type that had become \`any\` would take these.
// @ts-expect-error
client.chat({ model: "openai/gpt-6-luna" });
// @ts-expect-error
createClient({ providers: { openai: { apiKey: 1 } } });
// @ts-expect-error
response.then((answer) => answer.txt);
`;

// A page's project, and one of Node's (the libraries are those that its own types would bring).
const strict = { strict: true, noEmit: true, skipLibCheck: false, types: [], target: "ES2022" };
const libraries = ["ES2022", "DOM", "DOM.Iterable"];
const projects = {
  "a bundler's project": { moduleResolution: "bundler", module: "esnext", lib: libraries },
  "a bundler's project with every strictness": {
    moduleResolution: "bundler", module: "preserve", lib: libraries,
    exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, noPropertyAccessFromIndexSignature: true,
    verbatimModuleSyntax: true, isolatedModules: true,
  },
  "a project of Node 16's rules": { moduleResolution: "node16", module: "node16", lib: libraries },
  "a project of Node's newest rules": { moduleResolution: "nodenext", module: "nodenext", lib: libraries },
  "a project of a worker": { moduleResolution: "bundler", module: "esnext", lib: ["ES2022", "WebWorker"] },
  "a project of the newest libraries": {
    moduleResolution: "bundler", module: "esnext", lib: ["ESNext", "DOM", "DOM.Iterable", "DOM.AsyncIterable"],
  },
};

// In Node's newest rules a CommonJS file may import a module: it then require()s it.
const required = `import { createClient, type Client } from "modelwire";
export const client: Client = createClient({ providers: {} });
`;

let app;

before(async () => {
  app = await installApp("types", { "main.ts": source, "required.cts": required });
});

describe("the types resolve and check", () => {
  for (const [what, options] of Object.entries(projects)) {
    test(`in ${what}`, async () => {
      const config = join(app, `tsconfig.${what.replace(/\W/g, "-")}.json`);
      const files = options.module === "nodenext" ? ["main.ts", "required.cts"] : ["main.ts"];
      writeFileSync(config, JSON.stringify({ compilerOptions: { ...strict, ...options }, files }));
      const { code, output } = await attempt(process.execPath, [tsc, "-p", config], { cwd: app });
      assert.equal(code, 0, output);
    });
  }
});
