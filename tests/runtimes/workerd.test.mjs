// Cloudflare's runtime, through Miniflare. The Worker is bundled as wrangler does it: JavaScript in one file, WebAssembly
// uploaded beside it as a compiled module, vocabularies as data.
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";
import { Miniflare } from "miniflare";
import { checksFor } from "./checks.mjs";
import { installed } from "./command.mjs";
import { testRuntime } from "./lab.mjs";

testRuntime("workerd", {
  stores: ["Cloudflare KV", "Cache API", "Durable Object storage", "Durable Object"],
  limitStores: ["Durable Objects"],
  absent: installed("workerd") ? false : "the package workerd is not installed",
  async launch({ folder, settings }, report) {
    const bundle = join(folder, "bundle");
    await build({
      entryPoints: [join(folder, "runtimes", "agents", "workerd.mjs")],
      outfile: join(bundle, "worker.mjs"),
      bundle: true,
      format: "esm",
      target: "es2022",
      conditions: ["workerd", "worker", "browser"],
      loader: { ".wasm": "copy", ".bin": "copy" },
      logLevel: "error",
    });
    const files = await readdir(bundle);
    const typed = (type, ending) => files.filter((name) => name.endsWith(ending)).map((name) => ({ type, path: join(bundle, name) }));
    const modules = [
      { type: "ESModule", path: join(bundle, "worker.mjs") },
      ...typed("CompiledWasm", ".wasm"),
      ...typed("Data", ".bin"),
    ];
    const worker = { name: "checks", modulesRoot: bundle, modules, compatibilityDate: "2026-07-01", bindings: { SETTINGS: settings } };
    Object.assign(worker, { kvNamespaces: ["VALUES"], durableObjects: { LIMITS: { className: "LimitObject", useSQLite: true }, INSIDE: { className: "Inside", useSQLite: true } } });
    const miniflare = new Miniflare({ workers: [worker], cf: false });
    try {
      for (const [index, { name }] of checksFor(settings).entries()) {
        const answer = await miniflare.dispatchFetch(`http://checks/?check=${index}`);
        report(answer.ok ? await answer.json() : { name, error: `the Worker failed: ${await answer.text()}` });
      }
    } finally {
      await miniflare.dispose();
    }
  },
});
