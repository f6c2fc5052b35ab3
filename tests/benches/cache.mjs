// How long a kept answer takes: one of 4 KB, with 10,000 in the store. In Chromium, where it is IndexedDB; and what keeping costs the
// first token.
import puppeteer from "puppeteer-core";
import { chromiumFlags, findBrowsers } from "../../js/build/browsers.mjs";
import { serveProvider } from "../e2e/site.mjs";

const ENTRIES = 10_000;
const ASKED = 300;

/** Runs in a page: fills the store, then asks. Milliseconds. */
async function measure({ entries, asked }) {
  const { createClient } = await import("/modelwire/entry/url.js");
  const providers = { mine: { kind: "openai-compatible", baseURL: `${location.origin}/v1` } };
  const client = createClient({ providers, cache: { maxEntries: entries + 1000, maxBytes: 1e9 }, retry: false });
  const ask = (at) => ({ model: "mine/m", messages: `question ${at}` });
  const answer = await client.chat({ ...ask(0), cache: false });
  const text = "Answers of four kilobytes. ".repeat(152);
  const long = { ...answer, text, message: { role: "assistant", content: [{ type: "text", text }] } };
  for (let start = 0; start < entries; start += 200) {
    await Promise.all(Array.from({ length: Math.min(200, entries - start) }, (_, at) => client.cache.set(ask(start + at), long)));
  }
  const median = (list) => list.sort((one, other) => one - other)[list.length >> 1];
  const time = async (count, work) => {
    const times = [];
    for (let at = 0; at < count; at++) {
      const began = performance.now();
      await work(at);
      times.push(performance.now() - began);
    }
    return median(times);
  };
  const first = async (stream) => {
    for await (const event of stream) if (event.type === "text-delta") break;
  };
  const hit = (at) => ask((at * 7919) % entries);
  await client.chat(hit(1));
  const results = {
    "a hit, chat": await time(asked, (at) => client.chat(hit(at))),
    "a hit, stream to its first delta": await time(asked, (at) => first(client.stream(hit(at)))),
  };
  // What is asked for the first time: with a cache, and without one.
  const plain = createClient({ providers, retry: false });
  await plain.chat(ask("warm"));
  for (const [name, of] of [["first delta without a cache", plain], ["first delta of a miss", client]]) {
    results[name] = await time(asked, (at) => first(of.stream(ask(`${name} ${at}`))));
  }
  return { ...results, entries: (await client.cache.stats()).entries };
}

const site = await serveProvider();
const browser = await puppeteer.launch({ executablePath: findBrowsers().chromium, headless: true, args: chromiumFlags });
try {
  const page = await browser.newPage();
  await page.goto(site.origin);
  const { entries, ...results } = await page.evaluate(measure, { entries: ENTRIES, asked: ASKED });
  console.log(`Kept answers in ${await browser.version()}, IndexedDB, ${entries} entries, medians of ${ASKED}`);
  for (const [name, ms] of Object.entries(results)) console.log(`${name.padEnd(36)}${ms.toFixed(2).padStart(8)} ms`);
} finally {
  await browser.close();
  await site.close();
}
