// `npm run docs`: docs/api.md out of the package's declarations, and llms.txt out of the README. Both are committed, and a test
// says when they are old.
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { build } from "./build.mjs";
import { fail, isProgram, root } from "./run.mjs";

const dist = join(root, "pkg", "dist");

/** The generated files, by their names in the repository. Needs a built package. */
export const generated = () => ({ "docs/api.md": apiReference(), "llms.txt": llms() });

/** Every public name with its declaration as TypeScript has it, comments included: what an editor shows, in one page. */
export function apiReference() {
  const { exports } = JSON.parse(readFileSync(join(root, "pkg", "package.json"), "utf8"));
  // "./inline" and "./slim" have the types of ".".
  const entries = new Map();
  for (const [path, { types }] of Object.entries(exports)) {
    const file = types?.replace("./dist/", "");
    if (!file || file.startsWith("tokens/") || file.endsWith(".wasm.d.ts") || [...entries.values()].includes(file)) continue;
    entries.set(`modelwire${path.slice(1)}`, file);
  }
  const anchors = new Map();
  const parts = [...entries].map(([specifier, file]) => {
    const names = exportsOf(file).sort((a, b) => Number(isType(a)) - Number(isType(b)) || (a.name < b.name ? -1 : 1));
    // What two entries export is shown with the first of them, and linked from both.
    const shown = names.filter(({ name, from }) => !anchors.has(`${from} ${name}`));
    const link = anchor(specifier, anchors);
    for (const { name, from } of shown) anchors.set(`${from} ${name}`, anchor(name, anchors));
    return { specifier, link, names, shown };
  });
  const contents = parts.map(({ specifier, link, names }) => {
    return `- [\`${specifier}\`](#${link}): ${names.map(({ name, from }) => `[${name}](#${anchors.get(`${from} ${name}`)})`).join(", ")}`;
  });
  const body = parts.flatMap(({ specifier, shown }) => [
    `## ${specifier}`,
    ...shown.flatMap(({ name, statements }) => [`### ${name}`, `\`\`\`ts\n${statements.join("\n")}\n\`\`\``]),
  ]);
  const head = "Generated from the declarations of the package by `npm run docs`. `modelwire/inline` and `modelwire/slim` export what `modelwire` does; `modelwire/tokens/<encoding>` is imported for what it does.";
  return `${["# API reference", head, contents.join("\n"), ...body].join("\n\n")}\n`;
}

/** The pages for models that read: https://llmstxt.org. Its sentences are the README's own. */
export function llms() {
  const readme = readFileSync(join(root, "README.md"), "utf8").replace(/^<!-- .* -->\n/gm, "");
  const [, summary, rest] = /^# modelwire\n\n(.+)\n\n([^]*?)\n## Start/.exec(readme);
  const rows = [...readme.matchAll(/^\| ([^|]+) \| \[([^\]]+)\]\((docs\/[^)]+)\) \|$/gm)];
  const pages = rows.map(([, to, title, path]) => `- [${title}](${path}): ${to}`);
  const more = ["- [README](README.md): installation, a program for each runtime, a tour", "- [Performance](docs/performance.md): measured beside the peers"];
  return `# modelwire\n\n> ${summary}\n\n${rest.trim()}\n\n## Docs\n\n${[more[0], ...pages].join("\n")}\n\n## Optional\n\n${more[1]}\n`;
}

const isType = ({ statements }) => /^export (interface|type) /m.test(statements[0].replace(/^\/\*\*[^]*?\*\/\n/, ""));

// As GitHub makes them of headings: the second "cassette" of a page is "cassette-1". `taken` counts them, by a name of its own.
function anchor(heading, taken) {
  const plain = heading.toLowerCase().replace(/[^\w\- ]/g, "").replaceAll(" ", "-");
  const before = taken.get(plain) ?? 0;
  taken.set(plain, before + 1);
  return before === 0 ? plain : `${plain}-${before}`;
}

const files = new Map();

function exportsOf(file) {
  const found = [];
  for (const statement of statementsOf(file)) {
    const code = statement.replace(/^\/\*\*[^]*?\*\/\n/, "");
    const from = /\sfrom "(\.[^"]+)\.js";$/.exec(code)?.[1];
    const target = from && join(dirname(file), `${from}.d.ts`).replaceAll("\\", "/");
    if (/^export (type )?\*/.test(code)) found.push(...exportsOf(target));
    else if (/^export (type )?\{/.test(code)) {
      for (const name of /\{([^}]*)\}/.exec(code)[1].split(",").map((name) => name.trim().replace(/^type /, "")).filter(Boolean)) {
        const origin = target ?? importedFrom(file, name) ?? file;
        found.push(exportsOf(origin).find((other) => other.name === name) ?? { name, from: origin, statements: named(origin, name) });
      }
    } else {
      const name = /^export (?:declare )?(?:abstract )?(?:class|function|const|interface|type) (\w+)/.exec(code)?.[1];
      const known = found.find((other) => other.name === name && other.from === file);
      if (known) known.statements.push(statement);
      else if (name) found.push({ name, from: file, statements: [statement] });
    }
  }
  // A name that two paths lead to is one name.
  return found.filter(({ name }, at) => found.findIndex((other) => other.name === name) === at);
}

function importedFrom(file, name) {
  for (const statement of statementsOf(file)) {
    const [, names, from] = /^import (?:type )?\{([^}]*)\} from "(\.[^"]+)\.js";$/.exec(statement) ?? [];
    if (names?.split(",").some((other) => other.trim() === name)) return join(dirname(file), `${from}.d.ts`).replaceAll("\\", "/");
  }
}

const named = (file, name) => statementsOf(file).filter((statement) => new RegExp(`(class|function|const|interface|type) ${name}\\b`).test(statement));

// Declarations as tsc prints them: what begins in the first column begins a statement, unless a comment stands before it or it
// closes one.
function statementsOf(file) {
  if (files.has(file)) return files.get(file);
  const text = readFileSync(join(dist, file), "utf8");
  const begins = /^(?:\/\*\*(?:[^*]|\*(?!\/))*\*\/\n)?(?:export|import|declare|interface|type) /gm;
  const starts = [...text.matchAll(begins)].map(({ index }) => index);
  const statements = starts.map((start, at) => text.slice(start, starts[at + 1]).trimEnd());
  files.set(file, statements);
  return statements;
}

if (isProgram(import.meta)) {
  await build()
    .then(() => Object.entries(generated()).forEach(([name, text]) => writeFileSync(join(root, name), text)))
    .catch(fail);
}
