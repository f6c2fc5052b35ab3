// The examples of the README and of docs/: what is in their fences, and what each must print.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../js/build/run.mjs";

/** The documents whose examples run, by their names in the repository. The API reference is generated and has none. */
export function documents() {
  const folder = join(root, "docs");
  const pages = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".md") && name !== "api.md") : [];
  return ["README.md", ...pages.sort().map((name) => `docs/${name}`)];
}

/**
 * A document's examples: every TypeScript fence that imports the package, as `{ code, line, prints }`. Behind such a fence stands
 * an HTML comment, which no reader sees: `<!-- prints: Rome 2750000 -->`, of which each line must be in the output, or
 * `<!-- runs -->` where an example only defines what a framework calls.
 */
export function examplesOf(name) {
  const text = readFileSync(join(root, name), "utf8");
  const fences = text.matchAll(/^```ts\n([^]*?)^```\n(?:<!-- (?:prints:([^]*?)|(runs)) -->)?/gm);
  return [...fences]
    .filter(([, code]) => /^(import|export) .*"modelwire/m.test(code))
    .map(({ index, 1: code, 2: prints, 3: runs }) => ({
      code,
      line: text.slice(0, index).split("\n").length,
      prints: runs ? [] : prints?.trim().split("\n"),
    }));
}

/** The first fence in any document that has this text in it. */
export function fenceWith(text, language = "ts") {
  for (const name of documents()) {
    const fences = readFileSync(join(root, name), "utf8").matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\``, "gm"));
    for (const [, code] of fences) if (code.includes(text)) return code;
  }
  throw new Error(`no document has a fence of ${language} with ${text}`);
}
