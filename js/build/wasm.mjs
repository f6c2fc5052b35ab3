// Rust to js/wasm: wasm-pack compiles, binds and optimises. Nothing is done when nothing of it has changed.
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { quickStrings } from "./glue.mjs";
import { shortenNames } from "./names.mjs";
import { silenced } from "./panics.mjs";
import { split, stripped } from "./split.mjs";
import { root, run } from "./run.mjs";
import { toolsEnv, toolsFolder } from "./tools.mjs";
import { halves, lateExports, lateFunctions, wasmName } from "./entries.mjs";

const out = join(root, "js", "wasm");
// Of its own: wasm-pack optimises every module that it finds in its folder, and would make the tokenizers' small and slow.
const packed = join(root, "target", "wasm-pack");
const stamp = join(out, ".built-from");

/** Makes js/wasm agree with the Rust sources. */
export async function buildWasm({ force = false } = {}) {
  const sources = fingerprint(["src", "scan/src", "tokens/src"]);
  const current = [wasmName, halves.page, halves.rest].every((name) => existsSync(join(out, name))) && existsSync(stamp) && readFileSync(stamp, "utf8") === sources;
  if (current && !force) return;
  mkdirSync(out, { recursive: true });
  rmSync(stamp, { force: true });
  const options = ["--mode", "no-install", "--no-pack", "--target", "web", "--release", "--out-dir", packed, "--out-name", "modelwire"];
  // The relocations say what leads where: see split.mjs.
  const env = toolsEnv(anonymous(["-Clink-arg=--emit-relocs"]));
  await run("wasm-pack", ["build", ...options], { title: "compiling the Rust core to WebAssembly", env });
  copyFileSync(join(packed, `${wasmName}.d.ts`), join(out, `${wasmName}.d.ts`));
  const linked = readFileSync(join(root, "target", "wasm32-unknown-unknown", "release", "modelwire.wasm"));
  const bound = silenced(readFileSync(join(packed, wasmName)), linked);
  const { early, late } = split(bound, linked, { exports: lateExports, functions: lateFunctions });
  const given = { [wasmName]: stripped(bound), [halves.page]: early, [halves.rest]: late };
  const made = await Promise.all(Object.entries(given).map(optimised));
  // The second half imports what the first does.
  const bare = `${quickStrings(readFileSync(join(packed, "modelwire.js"), "utf8"))}\nexport { __wbg_get_imports as imports };\n`;
  const [glue, ...shortened] = shortenNames(bare, ...made);
  writeFileSync(join(out, "modelwire.d.ts"), `${readFileSync(join(packed, "modelwire.d.ts"), "utf8")}\nexport function imports(): WebAssembly.Imports;\n`);
  for (const [index, name] of Object.keys(given).entries()) writeFileSync(join(out, name), shortened[index]);
  writeFileSync(join(out, "modelwire.js"), glue);
  writeFileSync(stamp, sources);
}

// -Oz is what the size budget is held with, and the second one finds what the first has laid open. Low memory: the end of the stack,
// at no address of which anything with a known offset begins. The features are those of the wasm-bindgen output.
async function optimised([name, wasm]) {
  const features = ["bulk-memory", "nontrapping-float-to-int", "sign-ext", "mutable-globals", "reference-types", "multivalue"];
  const options = ["-Oz", "-Oz", "--low-memory-unused", "--strip-debug", "--strip-producers", "--strip-target-features", ...features.map((name) => `--enable-${name}`)];
  const [given, made] = ["given", "made"].map((state) => join(packed, `${state}-${name}`));
  writeFileSync(given, wasm);
  await run("wasm-opt", [...options, given, "-o", made], { env: toolsEnv() });
  return readFileSync(made);
}

// A panic names its source file. Without this it names folders of the machine that built the package, to everyone.
export function anonymous(more = []) {
  const crates = join(process.env.CARGO_HOME || join(homedir(), ".cargo"), "registry", "src");
  // Rust's own sources, where somebody has installed them.
  const rust = join(process.env.RUSTUP_HOME || join(homedir(), ".rustup"), "toolchains");
  const names = Object.entries({ [crates]: "crates", [rust]: "rust", [root]: "modelwire" });
  const own = (process.env.RUSTFLAGS ?? "").split(/\s+/).filter(Boolean);
  const flags = [...own, ...more, ...names.map(([folder, name]) => `--remap-path-prefix=${folder}=${name}`)];
  return { CARGO_ENCODED_RUSTFLAGS: flags.join("\x1f") };
}

// By content: a checkout or a copy changes times, and a branch that is switched to and back changes nothing.
export function fingerprint(folders) {
  const steps = ["glue", "names", "panics", "reach", "split", "wasm", "wasm_file"].map((name) => readFileSync(join(import.meta.dirname, `${name}.mjs`)));
  const hash = steps.reduce((hash, step) => hash.update(step), createHash("sha256").update(toolsFolder).update([...lateExports, ...lateFunctions].join()));
  const sources = folders
    .flatMap((folder) => readdirSync(join(root, folder), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();
  const settings = ["Cargo.toml", "Cargo.lock", "rust-toolchain.toml", "package-lock.json"].map((name) => join(root, name));
  for (const file of [...sources, ...settings]) {
    if (existsSync(file)) hash.update(`\0${file.slice(root.length)}\0`).update(readFileSync(file));
  }
  return hash.digest("hex");
}
