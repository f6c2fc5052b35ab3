// The conventions' four histograms, as what was added since they were last sent (delta): a page that closes loses nothing by it.
import type { Gaps } from "../trail.ts";
import type { LogRecord } from "../types.ts";
import { list, nanoseconds, number, text } from "./otlp_text.ts";

/** As the conventions have them. */
const seconds = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];
const tokens = [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864];

const known = {
  duration: { name: "gen_ai.client.operation.duration", unit: "s", bounds: seconds, description: "GenAI operation duration." },
  tokens: { name: "gen_ai.client.token.usage", unit: "{token}", bounds: tokens, description: "Number of input and output tokens used." },
  first: { name: "gen_ai.client.operation.time_to_first_chunk", unit: "s", bounds: seconds, description: "Time to receive the first chunk of a stream." },
  chunk: { name: "gen_ai.client.operation.time_per_output_chunk", unit: "s", bounds: seconds, description: "Time from one chunk of a stream to the next." },
};
const names = Object.keys(known) as (keyof typeof known)[];

const failure = text("error.type");
const input = text("gen_ai.token.type")("input");
const output = text("gen_ai.token.type")("output");

/** One series of a histogram: it grows in place. */
class Point {
  readonly #attributes: string;
  readonly #bounds: readonly number[];
  readonly #counts: number[];
  #count = 0;
  #sum = 0;
  #min = Infinity;
  #max = -Infinity;

  constructor(attributes: string, bounds: readonly number[]) {
    this.#attributes = list(attributes);
    this.#bounds = bounds;
    this.#counts = new Array(bounds.length + 1).fill(0);
  }

  add(value: number, times = 1): void {
    if (times === 0) return;
    const bounds = this.#bounds;
    let bucket = 0;
    while (bucket < bounds.length && value > bounds[bucket]!) bucket++;
    this.#counts[bucket]! += times;
    this.#count += times;
    this.#sum += value * times;
    if (value < this.#min) this.#min = value;
    if (value > this.#max) this.#max = value;
  }

  text(times: string): string {
    const [counts, bounds] = [this.#counts.map((count) => `"${count}"`), this.#bounds.join()];
    const numbers = `"count":"${this.#count}","sum":${number(this.#sum)},"min":${number(this.#min)},"max":${number(this.#max)}`;
    return `{"attributes":${this.#attributes},${times},${numbers},"bucketCounts":[${counts.join()}],"explicitBounds":[${bounds}]}`;
  }
}

/** The points of the calls whose attributes (`common`) are the same. */
interface Series {
  /** By what failed; "": nothing did. */
  duration: Map<string, Point>;
  input?: Point;
  output?: Point;
  first?: Point;
  chunk?: Point;
}

export class Histograms {
  #series = new Map<string, Series>();
  #points = new Map<keyof typeof known, Point[]>();
  #since = Date.now();

  /** Counts a call that ended. What a cache answered is no operation of a model's. */
  add({ cached, durationMs = 0, usage, firstTokenMs, error }: LogRecord, common: string, gaps: Gaps | undefined): void {
    if (cached) return;
    let series = this.#series.get(common);
    if (!series) this.#series.set(common, (series = { duration: new Map() }));
    const code = error?.code ?? "";
    let duration = series.duration.get(code);
    if (!duration) series.duration.set(code, (duration = this.#point("duration", common + failure(code || undefined))));
    duration.add(durationMs / 1000);
    if (usage?.inputTokens != null) (series.input ??= this.#point("tokens", common + input)).add(usage.inputTokens);
    if (usage?.outputTokens != null) (series.output ??= this.#point("tokens", common + output)).add(usage.outputTokens);
    if (firstTokenMs !== undefined) (series.first ??= this.#point("first", common)).add(firstTokenMs / 1000);
    if (!gaps || gaps.ms.length + gaps.none === 0) return;
    const chunk = (series.chunk ??= this.#point("chunk", common));
    chunk.add(0, gaps.none);
    for (const ms of gaps.ms) chunk.add(ms / 1000);
  }

  #point(name: keyof typeof known, attributes: string): Point {
    const point = new Point(attributes, known[name].bounds);
    const points = this.#points.get(name);
    if (points) points.push(point);
    else this.#points.set(name, [point]);
    return point;
  }

  /** All of them as the texts of OTLP's metrics; they begin anew. */
  take(): string[] {
    const now = Date.now();
    const times = `"startTimeUnixNano":${nanoseconds(this.#since)},"timeUnixNano":${nanoseconds(now)}`;
    const metrics = names.flatMap((which) => {
      const points = this.#points.get(which);
      if (!points) return [];
      const { name, unit, description } = known[which];
      return `{"name":"${name}","unit":"${unit}","description":"${description}","histogram":{"aggregationTemporality":1,"dataPoints":[${points.map((point) => point.text(times)).join()}]}}`;
    });
    this.#series = new Map();
    this.#points = new Map();
    this.#since = now;
    return metrics;
  }
}
