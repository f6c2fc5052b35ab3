// `jsonlLog` and `otlpLog`: sinks whose insides are loaded when one is made. A page without them carries these lines only.
import { describe, part } from "./errors.ts";
import type { OwnSink } from "./events.ts";
import { pageBase } from "./page.ts";
import { Told } from "./told.ts";
import type { FileHandle, FlushingLog, JsonlOptions, LogRecord, OtlpOptions } from "./types.ts";

/** What is kept until the insides are there. */
const MOST_WAITING = 1000;

/**
 * One JSON object a line: to a `WritableStream` (bytes), to the end of a file (File System Access or OPFS), or to a function,
 * which is called with each line, without its line break. Streams and files are written once a second, after 64 KB, when the
 * page is hidden, and by `flush()`; what comes faster than they take it is dropped above 1 MiB, and a line says how much was.
 * Throws a TypeError for another target and for a wrong option. A write that fails is a warning on the console, and `flush()`
 * rejects with it.
 */
export function jsonlLog(target: WritableStream | FileHandle | ((line: string) => void), options: JsonlOptions = {}): FlushingLog {
  const any = target as Partial<FileHandle & WritableStream> | null;
  if (typeof target !== "function" && typeof (any?.createWritable ?? any?.getWriter) !== "function") {
    throw new TypeError("jsonlLog takes a WritableStream, a file handle or a function");
  }
  check("jsonlLog", options, ["maxBytes", "sample"]);
  const { maxBytes } = options;
  demand(maxBytes === undefined || (Number.isFinite(maxBytes) && maxBytes > 0), "jsonlLog: maxBytes must be a number above 0");
  demand(maxBytes === undefined || any?.createWritable, "jsonlLog: maxBytes is for files: streams and functions have no older half to leave out");
  return lazily(part(import("./logs/jsonl.ts")).then(({ jsonl }) => jsonl(target, options)));
}

/**
 * OpenTelemetry spans and metrics in the conventions for generative AI, sent to a collector as OTLP/HTTP JSON, without the
 * OpenTelemetry SDK: every five seconds, after 256 calls, when the page is hidden, and by `flush()`. Throws a TypeError for a
 * wrong option. A collector that fails is a warning on the console and breaks nothing.
 */
export function otlpLog(options: OtlpOptions): FlushingLog {
  check("otlpLog", options, ["url", "fetch", "headers", "service", "sample", "propagate"]);
  const { url, fetch, headers, service, propagate } = options;
  demand(isBase(url), "otlpLog: url must be the collector's: http or https, without a query; in a page, or a path of its origin");
  demand(!/^\w+:\/*[^/]*@/.test(url), "otlpLog: url must hold no password: fetch refuses it; a key goes into headers");
  demand(fetch === undefined || typeof fetch === "function", "otlpLog: fetch must be a function");
  demand(service === undefined || typeof service === "string", "otlpLog: service must be a string");
  demand(propagate === undefined || (Array.isArray(propagate) && propagate.every((name) => typeof name === "string")), "otlpLog: propagate must be a list of names of providers");
  demand(headers === undefined || (typeof headers === "object" && headers), "otlpLog: headers must be an object");
  for (const [name, value] of Object.entries(headers ?? {})) {
    // The runtime's own error would show the value, which may be a key.
    demand(typeof value === "string" && isHeader(name, value), `otlpLog: headers.${name} cannot be sent: it is no header's name, or its value is none's`);
  }
  return lazily(part(import("./logs/otlp.ts")).then(({ otlp }) => otlp(options)), true);
}

function demand(holds: unknown, otherwise: string): asserts holds {
  if (!holds) throw new TypeError(otherwise);
}

function check(who: string, options: object & { sample?: number }, known: string[]): void {
  demand(typeof options === "object" && options, `${who}: the options must be an object`);
  for (const name in options) demand(known.includes(name), `${who}: there is no option ${name}; there is ${known.join(", ")}`);
  const { sample } = options;
  demand(sample === undefined || (typeof sample === "number" && sample >= 0 && sample <= 1), `${who}: sample must be a number from 0 to 1`);
}

function isBase(url: unknown): boolean {
  if (typeof url !== "string" || /[?#]/.test(url)) return false;
  try {
    // A path is one of the page's; where there is no page it leads nowhere.
    return /^https?:\/\/[^/]/.test(url) ? !!new URL(url) : /^\/(?!\/)/.test(url) && !!new URL(url, pageBase());
  } catch {
    return false;
  }
}

function isHeader(name: string, value: string): boolean {
  try {
    return !!new Headers({ [name]: value });
  } catch {
    return false;
  }
}

/** Of a sink. */
export type Inside = Pick<OwnSink, "traceparent" | "gaps"> & { take(told: Told): void; flush(): Promise<void> };

/** A sink that waits for its insides. */
function lazily(making: Promise<Inside>, timing = false): FlushingLog & OwnSink {
  let inside: Inside | undefined;
  const waiting: Told[] = [];
  const loading = making.then((made) => {
    inside = made;
    for (const told of waiting) made.take(told);
    const { flush: _, ...hearing } = made;
    Object.assign(sink, { ready: undefined }, hearing);
  });
  loading.catch((thrown: unknown) => console.warn(`modelwire: nothing is logged: ${describe(thrown)}`));
  const sink = Object.assign((record: LogRecord) => sink.take(Told.of(record)), {
    take: (told: Told): unknown => waiting.length < MOST_WAITING && waiting.push(told),
    async flush() {
      // Not awaited unless it must be: in workerd a promise of one request must not be waited for by another.
      if (!inside) await loading;
      await inside!.flush();
    },
    // A client asks at once whether it is to take the time of the pieces of streams, and sends nothing before it can be told of a trace.
    ...(timing && { gaps: () => {}, ready: loading.catch(() => {}) }),
  }) as FlushingLog & OwnSink & { take(told: Told): unknown };
  return sink;
}
