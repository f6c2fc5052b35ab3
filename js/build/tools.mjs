// What building needs, got when it is missing. The machine is expected to have Rust (through rustup) and Node, no more.
//
// wasm-bindgen, its test runner and wasm-pack are compiled from crates (xtask, feature "tools"): their prebuilt binaries
// come from hosts that not every machine reaches. They are kept per user, so that a second clone does not compile them.
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { attempt, fail, Failure, isProgram, root, run } from "./run.mjs";

const exe = process.platform === "win32" ? ".exe" : "";
const wasmTarget = "wasm32-unknown-unknown";

/** Where tools are kept between clones. */
export const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "modelwire");

/** The folder of this checkout's compiled tools: named after their versions, so that an update never meets an old one. */
export const toolsFolder = join(cache, `tools-${fingerprint()}`);

/** The environment in which the tools are found before others of the same name. */
export function toolsEnv(more = {}, path = process.env.PATH) {
  return { ...process.env, PATH: [toolsFolder, join(root, "node_modules", ".bin"), path].join(delimiter), ...more };
}

/** Everything that `build.mjs` needs. */
export async function ensureBuildTools() {
  await ensureRust();
  await ensureNodeModules(root, "the bundler, the type checker and the wasm optimiser");
  await ensureCompiledTools();
}

/** Installs a folder's npm packages, unless they are exactly those of its lock file. Returns whether it was necessary. */
export async function ensureNodeModules(folder, what) {
  const lock = createHash("sha256").update(readFileSync(join(folder, "package-lock.json"))).digest("hex");
  const stamp = join(folder, "node_modules", ".modelwire");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === lock) return false;
  // No install scripts: those of the packages that we use would only verify or move binaries that npm has fetched already.
  // Not `npm ci`: it refuses a lock file that lacks some other platform's optional binary, and a registry that does not
  // carry those for every platform makes such lock files. This obeys the lock file too, and does not write it.
  const npm = ["install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  await run("npm", npm, { cwd: folder, title: `installing ${what} from npm` });
  writeFileSync(stamp, lock);
  return true;
}

/** A rustup component, for the tests. */
export async function ensureRustComponent(name, ...probe) {
  if ((await attempt("cargo", probe)).code === 0) return;
  await run("rustup", ["component", "add", name], { title: `installing Rust's ${name}` });
}

async function ensureRust() {
  let probe = await attempt("rustc", ["--print", "target-libdir", "--target", wasmTarget]);
  if (probe.code !== 0) {
    // rustup is there, but not the version that rust-toolchain.toml asks for (with no name it installs that one).
    const { code } = await attempt("rustup", ["--version"]);
    if (code !== 0) throw new Failure("Rust is missing: install it from https://rustup.rs, then run this again.");
    await run("rustup", ["toolchain", "install"], { title: "installing the Rust version that rust-toolchain.toml names" });
    probe = await attempt("rustc", ["--print", "target-libdir", "--target", wasmTarget]);
  }
  if (existsSync(probe.output.trim())) return;
  await run("rustup", ["target", "add", wasmTarget], { title: "installing Rust's WebAssembly target" });
}

// What Cargo calls each tool, and what wasm-pack looks for on the PATH.
const compiled = { wbg: "wasm-bindgen", "wbg-test-runner": "wasm-bindgen-test-runner", "wasm-pack": "wasm-pack" };

async function ensureCompiledTools() {
  if (Object.values(compiled).every((name) => existsSync(join(toolsFolder, name + exe)))) return;
  // Below target/ rather than in the cache: an interrupted build goes on where it was, and `cargo clean` finds it.
  const target = join(root, "target", "tools");
  await run("cargo", ["build", "-p", "xtask", "--features", "tools", "--bins", "--target-dir", target], {
    title: "compiling wasm-bindgen and wasm-pack (once per machine, one to three minutes)",
    env: { ...process.env, CARGO_PROFILE_DEV_DEBUG: "false", CARGO_PROFILE_DEV_INCREMENTAL: "false" },
  });
  mkdirSync(toolsFolder, { recursive: true });
  for (const [from, to] of Object.entries(compiled)) install(join(target, "debug", from + exe), to + exe);
  rmSync(target, { recursive: true, force: true });
}

// Copied under another name first: whoever builds at the same time finds a whole file or none.
function install(file, name) {
  const unfinished = join(toolsFolder, `${name}.${process.pid}`);
  copyFileSync(file, unfinished);
  renameSync(unfinished, join(toolsFolder, name));
}

// Their versions are pinned in xtask/Cargo.toml and nowhere else.
function fingerprint() {
  const manifest = readFileSync(join(root, "xtask", "Cargo.toml"), "utf8");
  const versions = ["wasm-bindgen-cli", "wasm-pack"].map((crate) => {
    const version = new RegExp(`^${crate} = .*"=([\\d.]+)"`, "m").exec(manifest)?.[1];
    if (!version) throw new Failure(`xtask/Cargo.toml does not pin ${crate}`);
    return `${crate} ${version}`;
  });
  return createHash("sha256").update([...versions, process.platform, process.arch].join()).digest("hex").slice(0, 12);
}

if (isProgram(import.meta)) await ensureBuildTools().catch(fail);
