// The packed package in Node: imported, and required.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import test, { after, before, describe } from "node:test";
import { installApp } from "./install.mjs";
import { halves, startProvider } from "./provider.mjs";

const program = `const baseURL = process.argv[2];
const client = createClient({ providers: { loopback: { kind: "openai-compatible", baseURL } } });
client.stream({ model: "loopback/tiny", messages: "Greet me." }).forEach((text) => process.stdout.write(text + "\\n"));
`;

let app;
let provider;

before(async () => {
  provider = await startProvider();
  app = await installApp("node-app", {
    "imported.mjs": `import { createClient } from "modelwire";\n${program}`,
    "inlined.mjs": `import { createClient } from "modelwire/inline";\n${program}`,
    "slim.mjs": `import { readFileSync } from "node:fs";
import { createClient, ready } from "modelwire/slim";
await ready(readFileSync(new URL(import.meta.resolve("modelwire/modelwire_bg.wasm"))));
${program}`,
    "required.cjs": `const { createClient } = require("modelwire");\n${program}`,
    "loads-nothing.mjs": `import { createClient, isLlmError } from "modelwire";
const { compile, instantiate, Module } = WebAssembly;
WebAssembly.compile = WebAssembly.instantiate = () => { throw new Error("compiled early"); };
WebAssembly.Module = class { constructor() { throw new Error("compiled early"); } };
createClient({ providers: { openai: { apiKey: "a-key-of-nobody" } } });
console.log(isLlmError(new Error("not one")));
`,
  });
});

after(() => provider?.close());

describe(`Node ${process.versions.node}`, () => {
  for (const file of ["imported.mjs", "inlined.mjs", "slim.mjs"]) {
    test(`${file} streams`, () => assertStreams(file));
  }

  // Since 20.19; before that it is behind a flag.
  const skip = process.features.require_module ? false : "this Node cannot require() a module";
  test("required.cjs streams", { skip }, () => assertStreams("required.cjs"));

  test("importing it and making a client compiles no WebAssembly", async () => {
    const { output, code } = await finish(start("loads-nothing.mjs"));
    assert.deepEqual([output, code], ["false\n", 0]);
  });
});

async function assertStreams(file) {
  const child = start(file);
  let output = "";
  for await (const piece of child.stdout) {
    const before = output;
    output += piece;
    if (!before.includes(halves[0]) && output.includes(halves[0])) {
      assert(!output.includes(halves[1]), "both halves came at once");
      provider.proceed();
    }
  }
  assert.equal(output, halves.map((half) => `${half}\n`).join(""), await child.complaints);
  assert.equal(await child.exited, 0);
}

function start(file) {
  const child = spawn(process.execPath, ["--no-warnings", file, provider.url], { cwd: app, stdio: ["ignore", "pipe", "pipe"] });
  child.stdout.setEncoding("utf8");
  child.complaints = child.stderr.setEncoding("utf8").toArray().then((pieces) => pieces.join(""));
  child.exited = once(child, "close").then(([code]) => code);
  return child;
}

async function finish(child) {
  const output = (await child.stdout.toArray()).join("");
  return { output: output + (await child.complaints), code: await child.exited };
}
