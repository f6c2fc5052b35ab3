// `jsonlLog` and `otlpLog`: sinks whose insides are loaded when one is made. A page without them carries these lines only.
import { describe, part } from "./errors.ts";
import type { TracingSink } from "./events.ts";
import type { FileHandle, FlushingLog, JsonlOptions, LogRecord, OtlpOptions } from "./types.ts";

/** What is kept until the insides are there. */
const MOST_WAITING = 1000;

/**
 * One JSON object a line: to a `WritableStream` (bytes), to the end of a file (File System Access or OPFS), or to a function,
 * which is called with each line, without its line break. Streams and files are written once a second, after 64 KB, when the
 * page is hidden, and by `flush()`; what comes faster than they take it is dropped above 1 MiB, and a line says how much was.
 * Throws a TypeError for another target. A write that fails is a warning on the console, and `flush()` rejects with it; so is a wrong option.
 */
export function jsonlLog(target: WritableStream | FileHandle | ((line: string) => void), options?: JsonlOptions): FlushingLog {
  const any = target as Partial<FileHandle & WritableStream> | null;
  if (typeof target !== "function" && typeof (any?.createWritable ?? any?.getWriter) !== "function") {
    throw new TypeError("jsonlLog takes a WritableStream, a file handle or a function");
  }
  return lazily(part(import("./logs/jsonl.ts")).then(({ jsonl }) => jsonl(target, options)));
}

/**
 * OpenTelemetry spans and metrics in the conventions for generative AI, sent to a collector as OTLP/HTTP JSON, without the
 * OpenTelemetry SDK: every five seconds, after 256 spans, when the page is hidden, and by `flush()`. Throws a TypeError without a
 * URL. A collector that fails is a warning on the console and breaks nothing; a wrong option is too, and `flush()` rejects with it.
 */
export function otlpLog(options: OtlpOptions): FlushingLog {
  if (typeof options?.url !== "string") throw new TypeError("otlpLog: url must be the collector's URL");
  return lazily(part(import("./logs/otlp.ts")).then(({ otlp }) => otlp(options)));
}

/** A sink that waits for its insides. */
function lazily(making: Promise<TracingSink & FlushingLog>): FlushingLog {
  let inside: (TracingSink & FlushingLog) | undefined;
  let waiting: LogRecord[] = [];
  const loading = making.then((made) => {
    inside = made;
    waiting.forEach(made);
    waiting = [];
  });
  loading.catch((thrown: unknown) => console.warn(`modelwire: nothing is logged: ${describe(thrown)}`));
  const sink = (record: LogRecord): void => {
    if (inside) inside(record);
    else if (waiting.length < MOST_WAITING) waiting.push(record);
  };
  return Object.assign(sink, {
    async flush() {
      // Not awaited unless it must be: in workerd a promise of one request must not be waited for by another.
      if (!inside) await loading;
      await inside!.flush();
    },
    traceparent: (record: LogRecord) => inside?.traceparent?.(record),
    chunks: (callId: string, ms: number[]) => inside?.chunks?.(callId, ms),
  });
}
