// What the page's tests share: the page on a web server, in a folder as on any static host, and what a person sees of it.
import { mkdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join, normalize, resolve } from "node:path";
import { root } from "../../js/build/run.mjs";
import { defaultMounts, serve } from "../../js/build/serve.mjs";

const dist = join(root, "pkg", "dist");

/** The page as if somebody had put it below other pages: nothing in it may lean on the root of the host. */
export async function serveInFolder() {
  const mounts = Object.fromEntries(Object.entries(defaultMounts).map(([path, folder]) => [`/some/folder${path}`, folder]));
  const site = await serve({ mounts });
  return { ...site, url: `${site.url}some/folder/` };
}

/** Runs in the page: keeps every state that the text of the newest answer passes through, as it happens. */
export function watchAnswers() {
  globalThis.states = [];
  const look = () => {
    const text = [...document.querySelectorAll(".answer .text")].at(-1)?.textContent ?? "";
    if (text !== globalThis.states.at(-1)) globalThis.states.push(text);
  };
  new MutationObserver(look).observe(document.querySelector("#turns"), { childList: true, subtree: true, characterData: true });
}

/** Runs in the page: whether the newest answer is complete. */
export function isAnswered(count) {
  const answers = document.querySelectorAll(".answer");
  return answers.length >= count && [...answers].every((answer) => answer.ariaBusy === "false");
}

/** Where a screenshot goes, or null: SCREENSHOTS names a folder, below the system's folder for such things. */
export function screenshotPath(name) {
  const { SCREENSHOTS } = process.env;
  if (!SCREENSHOTS) return null;
  const folder = resolve(tmpdir(), SCREENSHOTS);
  mkdirSync(folder, { recursive: true });
  return join(folder, `${name}.png`);
}

const answer = (content) => JSON.stringify({ id: "c1", model: "m", choices: [{ index: 0, message: { role: "assistant", content }, finish_reason: "stop" }], usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 } });

/**
 * A site with the package and nothing else, and a provider on it that says what is said to it. It notes when each request arrives
 * (`x-delay-ms`: and takes its time), and what it answered; and what a page tells it (`POST /told`). `answerer(response, number)`
 * answers in its place.
 */
export async function serveProvider(answerer) {
  const arrivals = [];
  const answered = [];
  const told = [];
  const running = { now: 0, most: 0 };
  const watchers = new Set();
  const changed = () => watchers.forEach((look) => look());
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, "http://x");
    if (pathname === "/v1/chat/completions") {
      arrivals.push(performance.now());
      if (answerer) {
        request.resume();
        return answerer(response, arrivals.length);
      }
      running.most = Math.max(running.most, ++running.now);
      changed();
      const body = await bodyOf(request);
      if (body === "") return running.now--;
      const { content } = JSON.parse(body).messages.at(-1);
      const delay = Number(request.headers["x-delay-ms"] ?? 0);
      setTimeout(() => {
        running.now--;
        answered.push(content);
        response.writeHead(200, { "content-type": "application/json" }).end(answer(content));
        changed();
      }, delay);
      return;
    }
    if (pathname === "/told") {
      const id = await bodyOf(request);
      if (id !== "") told.push(id);
      return response.writeHead(204).end();
    }
    if (pathname === "/") return response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html><title>A tab</title>");
    try {
      const type = pathname.endsWith(".wasm") ? "application/wasm" : "text/javascript";
      const content = await readFile(join(dist, normalize(pathname.replace("/modelwire/", "/"))));
      response.writeHead(200, { "content-type": type }).end(content);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const origin = `http://127.0.0.1:${server.address().port}`;
  /** When this is true of what arrived and what was answered. */
  const until = (holds) =>
    new Promise((resolve) => {
      const look = () => holds() && (watchers.delete(look), resolve());
      watchers.add(look);
      look();
    });
  return { origin, until, arrivals, answered, told, running, close: () => (server.closeAllConnections(), new Promise((resolve) => server.close(resolve))) };
}

/** "" where the client went away before it was whole. */
async function bodyOf(request) {
  const pieces = [];
  try {
    for await (const piece of request) pieces.push(piece);
  } catch {
    return "";
  }
  return Buffer.concat(pieces).toString();
}
