// The page's half of the streams' benchmark: the contenders bundled as a page would have them, modelwire as it is served.
import { pause } from "../streams/measure.mjs";
import { reading } from "../streams/reading.mjs";

export async function streams({ only, ...options }) {
  const modelwire = await import("/modelwire/entry/url.js");
  const timed = async (run) => {
    const start = performance.now();
    await run();
    return (performance.now() - start) * 1000;
  };
  // Without "ai": here it takes fifty times as long as the loop, and the rounds take as long as the slowest.
  return reading(modelwire, timed, { ...options, only: (what) => what === only, among: (name) => !name.startsWith("ai"), before: pause });
}
