// The insides of `jsonlLog`: lines, gathered and written.
import { describe } from "../errors.ts";
import type { Inside } from "../logs.ts";
import { openSink } from "../sinks.ts";
import type { Told } from "../told.ts";
import type { FileHandle, JsonlOptions } from "../types.ts";
import { appendTo } from "./file.ts";
import { Alarm, onHidden } from "./hidden.ts";
import { sampler } from "./sample.ts";

const AFTER_MS = 1000;
const AFTER_CHARACTERS = 64 * 1024;
const MOST_CHARACTERS = 1024 * 1024;
const MOST_FRESH = 64;

/** Its options are checked by who makes it (js/logs.ts). */
export function jsonl(target: WritableStream | FileHandle | ((line: string) => void), { maxBytes, sample }: JsonlOptions): Inside {
  const isSampled = sampler(sample);
  if (typeof target === "function") {
    return {
      take: (told) => void (isSampled(told.callId) && target(lineOf(told))),
      flush: async () => {},
    };
  }
  const lines = new Lines("createWritable" in target ? appendTo(target, maxBytes) : writerOf(target));
  return {
    take: (told) => void (isSampled(told.callId) && lines.add(told)),
    flush: () => lines.flush(),
  };
}

/** A record as one line. What has no JSON in it (a cycle, a BigInt, a getter that throws) is named in its place. */
function lineOf(told: Told): string {
  try {
    return told.json;
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
  return JSON.stringify(plain(told.record)) ?? "null";
}

/** Lines on their way to a file or a stream: one write at a time, the rest waits. */
class Lines {
  readonly #write: (text: string) => Promise<unknown>;
  readonly #alarm = new Alarm();
  /** Not yet written as lines: a call is not kept waiting for that. */
  #fresh: Told[] = [];
  #waiting: string[] = [];
  #size = 0;
  #dropped = 0;
  #writing: Promise<void> | undefined;
  #failed = false;

  constructor(write: (text: string) => Promise<unknown>) {
    this.#write = write;
    onHidden(() => this.#quietly());
  }

  add(told: Told): void {
    this.#fresh.push(told);
    if (this.#fresh.length < MOST_FRESH) return this.#wind();
    this.#digest();
    if (this.#size >= AFTER_CHARACTERS && !this.#failed) this.#quietly();
    else this.#wind();
  }

  #digest(): void {
    const fresh = this.#fresh;
    this.#fresh = [];
    for (const told of fresh) {
      const line = lineOf(told) + "\n";
      if (this.#size + line.length > MOST_CHARACTERS) this.#dropped++;
      else {
        this.#waiting.push(line);
        this.#size += line.length;
      }
    }
  }

  async flush(): Promise<void> {
    // What came while something was written, too.
    while (this.#fresh.length > 0 || this.#waiting.length > 0 || this.#writing) await this.#start();
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
      if (this.#fresh.length > 0 || this.#waiting.length > 0) this.#wind();
    }));
  }

  async #empty(): Promise<void> {
    this.#alarm.stop();
    this.#digest();
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
