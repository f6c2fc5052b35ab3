// A thousand streams at once, each at the pace of a model: the client's CPU time, how late its event loop is, and its memory. A process for
// each contender.
import { monitorEventLoopDelay } from "node:perf_hooks";
import { contenders } from "./contenders.mjs";
import { median } from "./measure.mjs";
import { apart, cpu, ours } from "./section.mjs";
import { bodyOf } from "./wires.mjs";

const streams = 1000;
// Without "ai": of a thousand of its streams a round takes minutes.
const who = ["raw", "modelwire, iterator", "openai, create"];

export async function section(name) {
  if (name) return one(name);
  const figures = Object.fromEntries(who.map((name) => [name, []]));
  for (let round = 0; round < 3; round++) {
    for (const name of who) {
      figures[name].push(apart("crowd", name));
    }
  }
  return ["CPU ms", "event loop's lag, p99, ms", "RSS, MB"].map((what, at) => [
    `${streams} streams at once, ${what}`,
    Object.fromEntries(who.map((name) => [name, { median: median(figures[name].map((row) => row[at])), ratio: median(figures[name].map((row, round) => row[at] / figures.raw[round][at])) }])),
  ]);
}

async function one(name) {
  const { run } = (await contenders(await ours()))[name];
  const encoder = new TextEncoder();
  const events = bodyOf("openai", 60).map((event) => encoder.encode(event));
  const ticking = new Set();
  const fetch = async () => {
    let at = 0;
    let tick;
    const body = new ReadableStream({
      start(controller) {
        tick = () => {
          if (at < events.length) return controller.enqueue(events[at++]);
          ticking.delete(tick);
          controller.close();
        };
        ticking.add(tick);
      },
      cancel: () => void ticking.delete(tick),
    });
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  };
  const drive = async (count) => {
    const all = Promise.all(Array.from({ length: count }, () => run("openai", fetch)));
    let turn = 0;
    // Each of them gets an event every 40 ms, a quarter of them at a time.
    const timer = setInterval(() => {
      turn++;
      let place = 0;
      for (const tick of [...ticking]) if ((place++ + turn) % 4 === 0) tick();
    }, 10);
    await all;
    clearInterval(timer);
  };
  // Warm, as a server is; and without a forced collection: see `pause` in measure.mjs.
  await drive(50);
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  let rss = 0;
  const watching = setInterval(() => (rss = Math.max(rss, process.memoryUsage.rss())), 100);
  const spent = await cpu(() => drive(streams));
  clearInterval(watching);
  delay.disable();
  return [spent / 1000, delay.percentile(99) / 1e6, rss / 1e6];
}
