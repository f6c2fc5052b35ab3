// Type checking, and the declarations of pkg/dist.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { declarations, wasmName } from "./entries.mjs";
import { Failure, root, run } from "./run.mjs";
import { toolsEnv } from "./tools.mjs";

const dist = join(root, "pkg", "dist");

/** Checks js/ and writes the declarations that the package's users see: the public ones and what they mention. */
export async function buildDeclarations() {
  const all = join(root, "target", "declarations");
  rmSync(all, { recursive: true, force: true });
  await run("tsc", ["-p", ".", "--outDir", all], { env: toolsEnv() });
  const texts = new Map();
  for (const entry of declarations) collect(all, entry.replace(/\.ts$/, ".d.ts"), texts);
  texts.set(`${wasmName}.d.ts`, "declare const module: WebAssembly.Module;\nexport default module;\n");
  // `import "modelwire/tokens/o200k_base"` is for what it does.
  texts.set("tokens/vocabulary.d.ts", "export {};\n");
  for (const name of readdirSync(dist, { recursive: true })) {
    if (name.endsWith(".d.ts") && !texts.has(name)) rmSync(join(dist, name));
  }
  for (const [name, text] of texts) {
    mkdirSync(dirname(join(dist, name)), { recursive: true });
    writeFileSync(join(dist, name), text);
  }
}

function collect(all, name, texts) {
  if (texts.has(name)) return;
  const file = join(all, name);
  if (!existsSync(file)) throw new Failure(`the public types mention ${name}, which has no declarations of its own`);
  // TypeScript leaves "./x.ts" as it is in declarations; outside of this repository there is only x.js.
  const text = readFileSync(file, "utf8").replace(/((?:from|import\()\s*["'])(\.[^"']+)\.ts(?=["'])/g, "$1$2.js");
  texts.set(name, text);
  for (const [, path] of text.matchAll(/(?:from|import\()\s*["'](\.[^"']+)\.js["']/g)) {
    collect(all, join(dirname(name), `${path}.d.ts`), texts);
  }
}
