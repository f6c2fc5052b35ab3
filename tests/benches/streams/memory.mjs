// A million deltas in one stream: what stays alive on the JavaScript heap meanwhile, and whether the last of them are as fast as the first. A
// process for each contender.
import { contenders } from "./contenders.mjs";
import { apart, ours } from "./section.mjs";
import { wires } from "./wires.mjs";

const who = ["raw", "modelwire, iterator", "modelwire, ReadableStream", "openai, create", "openai, .stream()", "ai, fullStream"];
// The last two keep every chunk and would take minutes.
const counts = { "openai, .stream()": 200_000, "ai, fullStream": 200_000 };

export async function section(name) {
  if (name) return one(name, counts[name] ?? 1_000_000);
  const rows = [["live JS heap, MB", {}], ["µs a delta, last tenth / first", {}], ["RSS, MB", {}]].map(([what, by]) => [`1,000,000 deltas in one stream, ${what}`, by]);
  for (const name of who) {
    const figures = apart("memory", name);
    figures.forEach((median, at) => (rows[at][1][counts[name] ? `${name} (at ${counts[name].toLocaleString("en")})` : name] = { median, ratio: NaN }));
  }
  return rows;
}

async function one(name, count) {
  const all = await contenders(await ours());
  const wire = wires.openai;
  const encoder = new TextEncoder();
  const parts = 100;
  // The heap before anything was read, and its most while events were; the stream itself is made as it is read.
  let base = 0;
  let most = 0;
  let rss = 0;
  const times = [];
  let last;
  const fetch = async () => {
    let at = -1;
    const body = new ReadableStream(
      {
        pull(controller) {
          if (at === -1) controller.enqueue(encoder.encode(wire.begin()));
          else if (at < parts) {
            if (at % 10 === 0) {
              const now = performance.now();
              if (last !== undefined) times.push(now - last);
              globalThis.gc();
              const { heapUsed } = process.memoryUsage();
              // One warm tenth first: compiled code is no part of a stream.
              if (at === 10) base = heapUsed;
              else if (at > 10) most = Math.max(most, heapUsed - base);
              rss = Math.max(rss, process.memoryUsage.rss());
              last = performance.now();
            }
            const text = Array.from({ length: count / parts }, (_, index) => wire.delta(index)).join("");
            controller.enqueue(encoder.encode(text));
          } else if (at === parts) controller.enqueue(encoder.encode(wire.end("")));
          else controller.close();
          at++;
        },
      },
      { highWaterMark: 0 },
    );
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  };
  await all[name].run("openai", fetch);
  return [most / 1e6, times.at(-1) / times[1], rss / 1e6];
}
