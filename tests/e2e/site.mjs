// What the page's tests share: the page on a web server, in a folder as on any static host, and what a person sees of it.
import { mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { defaultMounts, serve } from "../../js/build/serve.mjs";

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
