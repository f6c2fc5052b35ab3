// A web server for this machine only: the demo page, and the built package under /modelwire/.
import { createReadStream, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, resolve, sep } from "node:path";
import { Failure, root } from "./run.mjs";

const types = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".ico": "image/x-icon",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".map": "application/json; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=utf-8",
  ".bin": "application/octet-stream",
  ".wasm": "application/wasm",
  ".webmanifest": "application/manifest+json",
};

/** What is served where, the longest prefix first. Tests mount more. */
export const defaultMounts = {
  "/modelwire/": join(root, "pkg", "dist"),
  "/": join(root, "www"),
};

/** Starts to serve. Port 0 is one that the system chooses; `close()` ends open connections too. */
export async function serve({ port = 0, mounts = defaultMounts } = {}) {
  const server = createServer((request, response) => answer(request, response, mounts));
  await new Promise((resolve, reject) => {
    server.once("error", (error) => reject(new Failure(`cannot serve on port ${port}: ${error.message}`)));
    server.listen(port, "127.0.0.1", resolve);
  });
  const close = () => new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${server.address().port}/`, close };
}

function answer(request, response, mounts) {
  if (request.method !== "GET" && request.method !== "HEAD") return refuse(response, 405, "only GET and HEAD");
  const file = locate(request.url, mounts);
  if (!file) return refuse(response, 404, "not found");
  response.writeHead(200, {
    "content-type": types[extname(file.path)] ?? "application/octet-stream",
    "content-length": file.size,
    // What was built a second ago is what the next load shows.
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
  });
  if (request.method === "HEAD") return response.end();
  createReadStream(file.path).on("error", () => response.destroy()).pipe(response);
}

function locate(url, mounts) {
  let path;
  try {
    path = decodeURIComponent(url.split(/[?#]/, 1)[0]);
  } catch {
    return undefined; // %-sequences that are no text
  }
  if (path.includes("\0") || path.includes("\\")) return undefined;
  const prefix = Object.keys(mounts).filter((key) => path.startsWith(key)).sort((a, b) => b.length - a.length)[0];
  if (!prefix) return undefined;
  const folder = resolve(mounts[prefix]);
  const target = resolve(folder, `.${sep}${path.slice(prefix.length)}`);
  // "..", however it is spelled, has been resolved by now.
  if (target !== folder && !target.startsWith(folder + sep)) return undefined;
  const found = stat(target);
  if (found?.isDirectory()) return path.endsWith("/") ? regular(join(target, "index.html")) : undefined;
  return regular(target);
}

function regular(path) {
  const found = stat(path);
  return found?.isFile() ? { path, size: found.size } : undefined;
}

const stat = (path) => statSync(path, { throwIfNoEntry: false });

function refuse(response, status, text) {
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8" }).end(`${text}\n`);
}
