// The tokenizers: their own WebAssembly, made for speed, into js/wasm; and their vocabularies, packed, into target/vocabularies.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { tokensName } from "./entries.mjs";
import { root, run } from "./run.mjs";
import { toolsEnv } from "./tools.mjs";
import { anonymous, fingerprint } from "./wasm.mjs";

/** Where the packed vocabularies are. */
export const vocabularies = join(root, "target", "vocabularies");

/** Makes both agree with their sources. */
export async function buildTokens({ force = false } = {}) {
  const module = join(root, "js", "wasm", tokensName);
  await whenChanged(join(root, "js", "wasm", ".tokens-built-from"), fingerprint(["tokens"]), force, buildModule, module);
  const sources = createHash("sha256");
  for (const name of ["tokens/src/pack.rs", "tokens/src/unpack.rs", "xtask/src/vocabularies.rs"]) sources.update(readFileSync(join(root, name)));
  await whenChanged(join(root, "target", ".vocabularies-packed-from"), sources.digest("hex"), false, packVocabularies);
}

// The stamp knows the file that was made as well: one that something else has written over is made again.
async function whenChanged(stamp, sources, force, make, made) {
  const state = () => (made && existsSync(made) ? `${sources} ${createHash("sha256").update(readFileSync(made)).digest("hex")}` : sources);
  if (!force && existsSync(stamp) && readFileSync(stamp, "utf8") === state()) return;
  rmSync(stamp, { force: true });
  await make();
  writeFileSync(stamp, state());
}

async function buildModule() {
  // A folder of its own: with other flags everything would be compiled anew each time.
  const target = join(root, "target", "tokens");
  // Counting is fast or it is nothing; its module is loaded with a vocabulary a hundred times its size.
  const env = toolsEnv({ ...anonymous(["-Ctarget-feature=+simd128"]), CARGO_PROFILE_RELEASE_OPT_LEVEL: "3" });
  const options = ["--release", "--package", "modelwire-tokens", "--features", "exports", "--target", "wasm32-unknown-unknown", "--target-dir", target];
  await run("cargo", ["build", "--quiet", ...options], { title: "compiling the tokenizers to WebAssembly", env });
  const built = join(target, "wasm32-unknown-unknown", "release", "modelwire_tokens.wasm");
  const features = ["bulk-memory", "nontrapping-float-to-int", "sign-ext", "mutable-globals", "reference-types", "multivalue", "simd"].map((name) => `--enable-${name}`);
  mkdirSync(join(root, "js", "wasm"), { recursive: true });
  await run("wasm-opt", ["-O3", ...features, "--strip-debug", "--strip-producers", built, "-o", join(root, "js", "wasm", tokensName)], { env: toolsEnv() });
}

async function packVocabularies() {
  rmSync(vocabularies, { recursive: true, force: true });
  const command = ["run", "--quiet", "--package", "xtask", "--features", "vocabularies", "--", "vocabularies", vocabularies];
  await run("cargo", command, { title: "packing the vocabularies", env: toolsEnv() });
}
