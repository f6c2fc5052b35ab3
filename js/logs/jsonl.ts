// The insides of `jsonlLog`: lines, gathered and written.
import { describe } from "../errors.ts";
import { openSink } from "../sinks.ts";
import type { FileHandle, FlushingLog, JsonlOptions, LogRecord } from "../types.ts";
import { appendTo } from "./file.ts";
import { Alarm, onHidden } from "./hidden.ts";
import { sampler } from "./sample.ts";

const AFTER_MS = 1000;
const AFTER_CHARACTERS = 64 * 1024;
const MOST_CHARACTERS = 1024 * 1024;

export function jsonl(target: WritableStream | FileHandle | ((line: string) => void), { maxBytes, sample }: JsonlOptions = {}): FlushingLog {
  const isSampled = sampler(sample);
  const isFile = "createWritable" in target;
  if (maxBytes !== undefined && !(isFile && maxBytes > 0)) throw new TypeError("jsonlLog: maxBytes is a number above 0, and for files");
  if (typeof target === "function") {
    return Object.assign((record: LogRecord) => isSampled(record.callId) && target(lineOf(record)), { flush: async () => {} });
  }
  const lines = new Lines(isFile ? appendTo(target, maxBytes) : writerOf(target));
  return Object.assign((record: LogRecord) => isSampled(record.callId) && lines.add(lineOf(record)), { flush: () => lines.flush() });
}

/** A record as one line. What has no JSON in it (a cycle, a BigInt, a getter that throws) is named in its place. */
export function lineOf(record: LogRecord): string {
  try {
    return JSON.stringify(record);
  } catch {
    // Rare: only who calls a sink himself can bring one.
  }
  const path: unknown[] = [];
  const plain = (value: unknown): unknown => {
    if (typeof value === "bigint") return String(value);
    if (typeof value !== "object" || value === null) return value;
    if (path.includes(value)) return "(contains itself)";
    path.push(value);
    try {
      if (Array.isArray(value)) return value.map(plain);
      return Object.fromEntries(Object.keys(value).map((name) => [name, plain((value as Record<string, unknown>)[name])]));
    } catch (thrown) {
      return `(could not be read: ${describe(thrown)})`;
    } finally {
      path.pop();
    }
  };
  return JSON.stringify(plain(record)) ?? "null";
}

/** Lines on their way to a file or a stream: one write at a time, the rest waits. */
class Lines {
  readonly #write: (text: string) => Promise<unknown>;
  readonly #alarm = new Alarm();
  #waiting: string[] = [];
  #size = 0;
  #dropped = 0;
  #writing: Promise<void> | undefined;
  #failed = false;

  constructor(write: (text: string) => Promise<unknown>) {
    this.#write = write;
    onHidden(() => this.#quietly());
  }

  add(line: string): void {
    if (this.#size + line.length > MOST_CHARACTERS) {
      this.#dropped++;
      return;
    }
    this.#waiting.push(line + "\n");
    this.#size += line.length + 1;
    if (this.#size >= AFTER_CHARACTERS && !this.#failed) this.#quietly();
    else this.#wind();
  }

  async flush(): Promise<void> {
    // What came while something was written, too.
    while (this.#waiting.length > 0 || this.#writing) await this.#start();
  }

  #wind(): void {
    this.#alarm.set(AFTER_MS, () => this.#quietly());
  }

  #quietly(): void {
    this.#start().catch(() => {});
  }

  #start(): Promise<void> {
    return (this.#writing ??= this.#empty().finally(() => {
      this.#writing = undefined;
      if (this.#waiting.length > 0) this.#wind();
    }));
  }

  async #empty(): Promise<void> {
    this.#alarm.stop();
    if (this.#waiting.length === 0) return;
    const lines = this.#waiting;
    const [size, dropped] = [this.#size, this.#dropped];
    if (dropped) lines.push(`${JSON.stringify({ at: new Date().toISOString(), event: "dropped", count: dropped })}\n`);
    this.#waiting = [];
    this.#size = this.#dropped = 0;
    try {
      await this.#write(lines.join(""));
      this.#failed = false;
    } catch (thrown) {
      // They are tried again with the next ones; beyond the bound they are lost, and counted.
      if (dropped) lines.pop();
      this.#waiting = lines.concat(this.#waiting);
      this.#size += size;
      this.#dropped += dropped;
      if (!this.#failed) console.warn(`modelwire: jsonlLog could not write: ${describe(thrown)}`);
      this.#failed = true;
      throw thrown;
    }
  }
}

function writerOf(target: WritableStream): (text: string) => Promise<unknown> {
  // Once: a stream has one writer. It is never closed here.
  const sink = openSink(target);
  sink.catch(() => {});
  return async (text) => (await sink).write(text);
}
