// `npm run release`: the tarball that is published, and the proof that anybody can make the same one.
//   --quick   without the suites, which have just run
//
// It publishes nothing. What it leaves is in target/release-package/: the tarball, SHA256SUMS, and the hashes for pages (integrity.json).
import { createHash } from "node:crypto";
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { build } from "./build.mjs";
import { halves, wasmName } from "./entries.mjs";
import { attempt, fail, Failure, isProgram, root, run, seconds } from "./run.mjs";

const out = join(root, "target", "release-package");
const hash = (algorithm, bytes, encoding) => createHash(algorithm).update(bytes).digest(encoding);

/** Every place that says the version, by its file. They must say the same: npm, Cargo and people read different ones. */
export function versions() {
  const read = (name) => readFileSync(join(root, name), "utf8");
  const inToml = (text) => /^version = "([^"]+)"/m.exec(text)?.[1];
  return {
    "pkg/package.json": JSON.parse(read("pkg/package.json")).version,
    "Cargo.toml": inToml(read("Cargo.toml")),
    "Cargo.lock": inToml(read("Cargo.lock").split('name = "modelwire"\n')[1] ?? ""),
    "tests/package-lock.json": JSON.parse(read("tests/package-lock.json")).packages["../pkg"].version,
    "CHANGELOG.md": /^## (\d\S*)/m.exec(read("CHANGELOG.md"))?.[1],
  };
}

/** What a page without a bundler may ask of these files: `integrity` of a script or an import map, by the file's name in the package. */
export function integrity(folder = join(root, "pkg")) {
  const { exports } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const entries = ["browser", "default"].map((condition) => exports["."][condition]);
  const names = new Set([...entries, exports["./inline"].default, exports["./slim"].default, ...[wasmName, halves.page, halves.rest].map((name) => `./dist/${name}`)]);
  // An entry is three lines that import chunks: a hash of the entry alone would vouch for its chunks' names only.
  for (const name of names) {
    for (const [, path] of readFileSync(join(folder, name), "utf8").matchAll(/(?:from|import)\s*"(\.[^"]+\.js)"/g)) {
      names.add(`./${join(dirname(name), path).replaceAll("\\", "/")}`);
    }
  }
  return Object.fromEntries([...names].sort().map((name) => [name, `sha384-${hash("sha384", readFileSync(join(folder, name)), "base64")}`]));
}

/** Packs a checkout's pkg/ into a folder and returns the tarball's path. */
export async function packInto(folder, checkout = root) {
  mkdirSync(folder, { recursive: true });
  const options = ["--json", "--ignore-scripts", "--pack-destination", folder, "--loglevel=error"];
  const { code, output } = await attempt("npm", ["pack", ...options], { cwd: join(checkout, "pkg") });
  if (code !== 0) throw new Failure(`npm pack failed:\n${output}`);
  // Node may have had a warning to give first.
  return join(folder, JSON.parse(output.slice(output.search(/^\[$/m)))[0].filename);
}

/** Copies what git knows or would know of this checkout: what a clone has, and what is being written. */
export async function copySources(folder) {
  const { code, output } = await attempt("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
  if (code !== 0) throw new Failure(`a second build is made of what git knows, and git says:\n${output}`);
  for (const name of output.split("\0").filter(Boolean)) {
    if (existsSync(join(root, name))) cpSync(join(root, name), join(folder, name));
  }
}

async function release({ quick }) {
  const start = performance.now();
  const said = versions();
  const [version, ...others] = new Set(Object.values(said));
  if (!version || others.length > 0) throw new Failure(`the version is not the same everywhere: ${JSON.stringify(said, null, 2)}`);
  await build();
  // The command as people give it: it gets what its suites need.
  if (!quick) await run("node", ["js/build/test.mjs", "--only", "fmt,doc,sizes,types,js,package"]);
  rmSync(out, { recursive: true, force: true });
  const tarball = await packInto(out);
  const sum = hash("sha256", readFileSync(tarball), "hex");
  await buildAgain(sum);
  writeFileSync(join(out, "SHA256SUMS"), `${sum}  modelwire-${version}.tgz\n`);
  writeFileSync(join(out, "integrity.json"), `${JSON.stringify(integrity(), null, 2)}\n`);
  report(version, tarball, sum);
  console.log(`\nmade in ${seconds(start)}; to publish it: npm publish ${tarball}`);
  // Which build of which commit made it is attested by where it is built: npm knows some CI services, and wants their repository.
  console.log("from a CI service with an identity, and with its repository in pkg/package.json; elsewhere with --provenance=false");
}

// In an empty folder of another name and length: nothing of the first build is there to help, and a path that gets into a
// file shows.
async function buildAgain(expected) {
  const folder = mkdtempSync(join(tmpdir(), "modelwire-built-a-second-time-"));
  try {
    await copySources(folder);
    await run("node", ["js/build/build.mjs", "--force"], { cwd: folder, title: "building everything again in another folder" });
    const tarball = await packInto(join(folder, "packed"), folder);
    if (hash("sha256", readFileSync(tarball), "hex") === expected) return console.log("the second build gave the same bytes");
    copyFileSync(tarball, join(out, "second-build.tgz"));
    throw new Failure(`two builds differ:\n${(await differences(folder)).join("\n")}\nthe second one is ${join(out, "second-build.tgz")}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function differences(folder) {
  const { output } = await attempt("diff", ["-rq", join(root, "pkg"), join(folder, "pkg")]);
  return output.trim().split("\n");
}

function report(version, tarball, sum) {
  const wanted = ["./dist/entry/url.js", "./dist/entry/inline.js", ...[wasmName, halves.page, halves.rest].map((name) => `./dist/${name}`)];
  const hashes = integrity();
  console.log(`\nmodelwire ${version}: ${tarball}, ${readFileSync(tarball).length} bytes\nsha256 ${sum}`);
  for (const name of wanted) console.log(`${name.padEnd(28)} ${hashes[name]}`);
  console.log(`${Object.keys(hashes).length} files that a page loads: ${join(out, "integrity.json")}`);
  if (/^## \S+ \(unreleased\)/m.test(readFileSync(join(root, "CHANGELOG.md"), "utf8"))) {
    console.log("CHANGELOG.md still calls it unreleased: give it its date before it is published");
  }
}

if (isProgram(import.meta)) await release({ quick: process.argv.includes("--quick") }).catch(fail);
