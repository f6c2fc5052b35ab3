// What is promised of a release: one version, the same bytes for whoever builds it, hashes that a browser accepts.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { describe } from "node:test";
import { integrity, copySources, packInto, versions } from "../../js/build/release.mjs";
import { attempt, root } from "../../js/build/run.mjs";
import { serve } from "../../js/build/serve.mjs";
import { installApp, pack } from "./install.mjs";
import { assertStreamsIntoPage, html, launch, main } from "./page.mjs";
import { startProvider } from "./provider.mjs";

const { code } = await attempt("git", ["rev-parse", "--git-dir"]);

describe("a release", () => {
  test("has one version, wherever it is written", () => {
    const said = versions();
    assert.deepEqual(new Set(Object.values(said)), new Set([said["pkg/package.json"]]), JSON.stringify(said));
  });

  // `npm run release` compiles the Rust a second time as well, which takes minutes; everything after that is repeated here.
  test("is the same bytes when it is made in another folder", { skip: code !== 0 && "this copy is not git's" }, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "modelwire-made-elsewhere-"));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    await copySources(folder);
    for (const made of ["node_modules", "js/wasm", "target/vocabularies"]) cpSync(join(root, made), join(folder, made), { recursive: true, verbatimSymlinks: true });
    const steps = 'import { bundle } from "./js/build/bundle.mjs"; import { buildDeclarations } from "./js/build/declarations.mjs"; await bundle(); await buildDeclarations();';
    const built = await attempt(process.execPath, ["--input-type=module", "--eval", steps], { cwd: folder });
    assert.equal(built.code, 0, built.output);
    const sum = (path) => createHash("sha256").update(readFileSync(path)).digest("hex");
    assert.equal(sum(await packInto(join(folder, "packed"), folder)), sum((await pack()).path));
  });

  test("has hashes by which a page without a bundler can hold each script to its bytes", async (t) => {
    const hashes = integrity();
    const modules = Object.fromEntries(
      Object.entries(hashes)
        .filter(([name]) => name.endsWith(".js"))
        .map(([name, hash]) => [name.replace("./", "./node_modules/modelwire/"), hash]),
    );
    const page = (integrity) => {
      const imports = { modelwire: "./node_modules/modelwire/dist/entry/url.js" };
      return html("main.js", `<script type="importmap">${JSON.stringify({ imports, integrity })}</script>`);
    };
    const wrong = Object.fromEntries(Object.keys(modules).map((name) => [name, `sha384-${Buffer.alloc(48).toString("base64")}`]));
    const app = await installApp("held", { "index.html": page(modules), "other.html": page(wrong), "main.js": main() });
    const [browser, provider, site] = await Promise.all([launch(), startProvider(), serve({ mounts: { "/": app } })]);
    t.after(() => Promise.all([browser.close(), provider.close(), site.close()]));
    await assertStreamsIntoPage(browser, site.url, provider);
    // Other bytes than those are not run: the hashes are looked at.
    const blocked = await browser.newPage();
    const complaint = blocked.waitForEvent("console", (message) => /integrity/.test(message.text()));
    await blocked.goto(`${site.url}other.html`);
    await complaint;
  });
});
