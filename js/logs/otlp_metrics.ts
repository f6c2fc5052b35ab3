// The conventions' four histograms, as what was added since they were last sent (delta): a page that closes loses nothing by it.
import type { LogRecord } from "../types.ts";
import { attributes, nanoseconds, type Followed, type shared } from "./otlp_span.ts";

/** As the conventions have them. */
const seconds = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];
const tokens = [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864];

const known = {
  "gen_ai.client.operation.duration": { unit: "s", bounds: seconds, description: "GenAI operation duration." },
  "gen_ai.client.token.usage": { unit: "{token}", bounds: tokens, description: "Number of input and output tokens used." },
  "gen_ai.client.operation.time_to_first_chunk": { unit: "s", bounds: seconds, description: "Time to receive the first chunk of a stream." },
  "gen_ai.client.operation.time_per_output_chunk": { unit: "s", bounds: seconds, description: "Time from one chunk of a stream to the next." },
};

interface Point {
  attributes: object;
  counts: number[];
  count: number;
  sum: number;
  min: number;
  max: number;
}

export class Histograms {
  #points = new Map<keyof typeof known, Map<string, Point>>();
  #since = Date.now();

  /** Counts a call that ended. What a cache answered is no operation of a model's. */
  add(call: Followed, record: LogRecord, common: ReturnType<typeof shared>): void {
    if (record.cached) return;
    const { "error.type": failure, ...values } = common;
    this.#count("gen_ai.client.operation.duration", (record.durationMs ?? 0) / 1000, { ...values, "error.type": failure });
    const { usage, firstTokenMs } = record;
    for (const [type, count] of [["input", usage?.inputTokens], ["output", usage?.outputTokens]] as const) {
      if (count != null) this.#count("gen_ai.client.token.usage", count, { ...values, "gen_ai.token.type": type });
    }
    if (firstTokenMs !== undefined) this.#count("gen_ai.client.operation.time_to_first_chunk", firstTokenMs / 1000, values);
    for (const ms of call.chunks) this.#count("gen_ai.client.operation.time_per_output_chunk", ms / 1000, values);
  }

  #count(name: keyof typeof known, value: number, values: Parameters<typeof attributes>[0]): void {
    const key = Object.values(values).join("\n");
    const { bounds } = known[name];
    let points = this.#points.get(name);
    if (!points) this.#points.set(name, (points = new Map()));
    let point = points.get(key);
    if (!point) {
      point = { attributes: attributes(values), counts: new Array(bounds.length + 1).fill(0), count: 0, sum: 0, min: Infinity, max: -Infinity };
      points.set(key, point);
    }
    const bucket = bounds.findIndex((bound) => value <= bound);
    point.counts[bucket < 0 ? bounds.length : bucket]!++;
    point.count++;
    point.sum += value;
    point.min = Math.min(point.min, value);
    point.max = Math.max(point.max, value);
  }

  /** All of them in OTLP's JSON; they begin anew. */
  take(): object[] {
    const now = Date.now();
    const times = { startTimeUnixNano: nanoseconds(this.#since), timeUnixNano: nanoseconds(now) };
    const metrics = [...this.#points].map(([name, points]) => {
      const { unit, bounds, description } = known[name];
      const dataPoints = [...points.values()].map(({ counts, count, ...point }) => ({
        ...point,
        ...times,
        count: String(count),
        bucketCounts: counts.map(String),
        explicitBounds: bounds,
      }));
      return { name, unit, description, histogram: { aggregationTemporality: 1, dataPoints } };
    });
    this.#points = new Map();
    this.#since = now;
    return metrics;
  }
}
