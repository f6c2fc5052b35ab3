// Rust to js/wasm: wasm-pack compiles, binds and optimises. Nothing is done when nothing of it has changed.
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { quickStrings } from "./glue.mjs";
import { shortenNames } from "./names.mjs";
import { root, run } from "./run.mjs";
import { toolsEnv, toolsFolder } from "./tools.mjs";
import { wasmName } from "./entries.mjs";

const out = join(root, "js", "wasm");
// Of its own: wasm-pack optimises every module that it finds in its folder, and would make the tokenizers' small and slow.
const packed = join(root, "target", "wasm-pack");
const stamp = join(out, ".built-from");

/** Makes js/wasm agree with the Rust sources. */
export async function buildWasm({ force = false } = {}) {
  const sources = fingerprint(["src", "scan/src", "tokens/src"]);
  const current = existsSync(join(out, wasmName)) && existsSync(stamp) && readFileSync(stamp, "utf8") === sources;
  if (current && !force) return;
  mkdirSync(out, { recursive: true });
  rmSync(stamp, { force: true });
  const options = ["--mode", "no-install", "--no-pack", "--target", "web", "--release", "--out-dir", packed, "--out-name", "modelwire"];
  await run("wasm-pack", ["build", ...options], { title: "compiling the Rust core to WebAssembly", env: toolsEnv(anonymous()) });
  for (const name of ["modelwire.d.ts", `${wasmName}.d.ts`]) copyFileSync(join(packed, name), join(out, name));
  const [wasm, glue] = shortenNames(readFileSync(join(packed, wasmName)), quickStrings(readFileSync(join(packed, "modelwire.js"), "utf8")));
  writeFileSync(join(out, wasmName), wasm);
  writeFileSync(join(out, "modelwire.js"), glue);
  writeFileSync(stamp, sources);
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
  const hash = createHash("sha256").update(toolsFolder).update(shortenNames.toString()).update(quickStrings.toString());
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
