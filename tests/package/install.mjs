// The package as its users get it: packed, and installed from the tarball into apps of their own.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { attempt, Failure, root } from "../../js/build/run.mjs";

// One folder for everything that a test file makes.
const bench = mkdtempSync(join(tmpdir(), "modelwire-package-"));
process.on("exit", () => rmSync(bench, { recursive: true, force: true }));

let packing;

/** The tarball: `{ path, files }`, the files' names as they are inside. Packed once. */
export function pack() {
  packing ??= (async () => {
    const output = await npm(join(root, "pkg"), "pack", "--json", "--pack-destination", bench);
    // Node may have had a warning to give first.
    const [{ filename, files }] = JSON.parse(output.slice(output.search(/^\[$/m)));
    return { path: join(bench, filename), files: files.map(({ path }) => path) };
  })();
  return packing;
}

/** An app of these files (name to text), with the package in its node_modules. Returns its folder. */
export async function installApp(name, files) {
  const app = join(bench, name);
  write(app, { "package.json": JSON.stringify({ name, private: true, type: "module" }), ...files });
  const { path } = await pack();
  // The package has no dependencies, and an offline installation proves it.
  await npm(app, "install", path, "--offline", "--no-audit", "--no-fund");
  return app;
}

async function npm(cwd, ...args) {
  const { code, output } = await attempt("npm", [...args, "--loglevel=error"], { cwd });
  if (code !== 0) throw new Failure(`npm ${args.join(" ")} failed:\n${output}`);
  return output;
}

function write(folder, files) {
  for (const [name, text] of Object.entries(files)) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
}
