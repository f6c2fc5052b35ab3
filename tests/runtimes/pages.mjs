// The list in a web page and in a module worker: a small web server hands out what is in the lab's folder and takes results.
// Which browser opens the address is the drivers' affair.
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { extname, join, normalize } from "node:path";
import { openai } from "./wires.mjs";

const types = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm", ".bin": "application/octet-stream" };

/** Runs the list where `open(address)` shows a page; `kind` is "page" or "worker". */
export async function runInPage(kind, { folder, settings }, report, open) {
  const server = await servePages(folder, settings, report);
  try {
    await open(`${server.origin}/${kind}.html`);
    await server.done;
  } finally {
    await server.close();
  }
}

async function servePages(folder, settings, report) {
  // What a bundler or a CDN would read, too.
  const { exports } = JSON.parse(await readFile(join(folder, "node_modules", "modelwire", "package.json"), "utf8"));
  const entry = `/node_modules/modelwire/${exports["."].browser.slice(2)}`;
  const pages = {
    "/page.html": `<script type="importmap">{ "imports": { "modelwire": "${entry}" } }</script>
<script type="module" src="/runtimes/agents/page.mjs"></script>`,
    "/worker.html": `<script type="module">
const worker = new Worker("/runtimes/agents/worker.mjs", { type: "module" });
worker.onerror = (event) => fetch("/done", { method: "POST", body: JSON.stringify({ error: event.message ?? "the worker did not start" }) });
</script>`,
  };
  let finish;
  const done = new Promise((resolve, reject) => {
    finish = ({ error }) => (error ? reject(new Error(error)) : resolve());
  });
  done.catch(() => {});

  const routes = {
    "/settings": () => settings,
    "/report": (body) => (report(JSON.parse(body)), {}),
    "/done": (body) => (finish(JSON.parse(body)), {}),
    // A proxy of the page's own, as a relative baseURL names it.
    "/api/mine/chat/completions": () => openai.textWhole(),
  };
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, "http://x");
    try {
      if (routes[pathname]) {
        let body = "";
        for await (const piece of request.setEncoding("utf8")) body += piece;
        return response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(routes[pathname](body)));
      }
      const content = pages[pathname] ?? (await file(pathname));
      const type = types[extname(pathname)] ?? "application/octet-stream";
      response.writeHead(200, { "content-type": type, "cache-control": "no-store" }).end(content);
    } catch {
      response.writeHead(404).end();
    }
  });
  const file = async (pathname) => {
    if (pathname !== "/runtimes/agents/worker.mjs") return readFile(join(folder, normalize(pathname)));
    return (await readFile(join(folder, "runtimes", "agents", "page.mjs"), "utf8")).replace('from "modelwire"', `from "${entry}"`);
  };
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    done,
    close: () => (server.closeAllConnections(), new Promise((resolve) => server.close(resolve))),
  };
}
