// Workers in workerd, through Miniflare, bundled as wrangler bundles them.
import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { Miniflare } from "miniflare";
import { installed } from "../runtimes/command.mjs";

export const absent = installed("workerd") ? false : "the package workerd is not installed";
const compatibility = { compatibilityDate: "2026-07-01", compatibilityFlags: ["enable_request_signal"] };

/** A Worker's modules, in a folder; `nodePaths`: where packages are found. */
export async function bundleWorker(entry, more) {
  const folder = await mkdtemp(join(tmpdir(), "modelwire-worker-"));
  await build({
    entryPoints: [entry],
    outfile: join(folder, "worker.mjs"),
    bundle: true,
    format: "esm",
    target: "es2022",
    conditions: ["workerd", "worker", "browser"],
    loader: { ".wasm": "copy", ".bin": "copy" },
    logLevel: "error",
    nodePaths: [join(import.meta.dirname, "..", "node_modules")],
    ...more,
  });
  const typed = async (type, ending) => (await readdir(folder)).filter((name) => name.endsWith(ending)).map((name) => ({ type, path: join(folder, name) }));
  const modules = [{ type: "ESModule", path: join(folder, "worker.mjs") }, ...(await typed("CompiledWasm", ".wasm")), ...(await typed("Data", ".bin"))];
  return { modulesRoot: folder, modules, ...compatibility, folder };
}

export const durableObjects = { LIMITS: { className: "LimitObject", useSQLite: true } };

/** Starts Workers; `url` is that of the first. */
export async function startWorkers(workers, options) {
  const folders = workers.map(({ folder }) => folder);
  const miniflare = new Miniflare({ workers: workers.map(({ folder: _, ...worker }) => worker), cf: false, ...options });
  const url = (await miniflare.ready).href.replace(/\/$/, "");
  return {
    miniflare,
    url,
    async close() {
      await miniflare.dispose();
      for (const folder of folders) if (folder && existsSync(folder)) await rm(folder, { recursive: true });
    },
  };
}
