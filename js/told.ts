// A record of a log before it is looked at. A call leaves it as it came, the core's text or the facade's values: to read or to write JSON in the
// middle of a call costs ten times what it does for a batch of them, when the code for it is at hand.
import type { LogRecord } from "./types.ts";

export class Told {
  readonly event: LogRecord["event"];
  readonly callId: string;
  #text: string | undefined;
  #record: LogRecord | undefined;
  #rest: Rest | undefined;

  private constructor(event: LogRecord["event"], callId: string, text: string | undefined, record: LogRecord | undefined, rest?: Rest) {
    this.event = event;
    this.callId = callId;
    this.#text = text;
    this.#record = record;
    this.#rest = rest;
  }

  static ofText(event: string, text: string): Told {
    // The core writes it ahead of all that is a caller's.
    const start = text.indexOf(callIdKey) + callIdKey.length;
    return new Told(event as LogRecord["event"], text.slice(start, text.indexOf('"', start)), text, undefined);
  }

  /** `rest`: what is added to it when it is looked at. */
  static of(record: LogRecord, rest?: Rest): Told {
    return new Told(record.event, record.callId, undefined, record, rest);
  }

  /** Not to be changed, but by `change`. */
  get record(): LogRecord {
    const record = (this.#record ??= JSON.parse(this.#text!) as LogRecord);
    if (this.#rest) {
      const { atMs, last, isOfLast } = this.#rest;
      this.#rest = undefined;
      record.at = isoTime(atMs);
      if (last) {
        const { tags, operation, provider, model } = last.record;
        record.tags = tags;
        if (operation) record.operation = operation;
        // As asked for, not as the provider calls it: so that the records of a call can be told to be of one model.
        if (isOfLast) [record.provider, record.model] = [provider, model];
      }
    }
    return record;
  }

  get json(): string {
    return (this.#text ??= JSON.stringify(this.record));
  }

  change(how: (record: LogRecord) => void): void {
    how(this.record);
    this.#text = undefined;
  }
}

/** What the end of a call says besides: when it was, and what was told last of the call. */
interface Rest {
  atMs: number;
  last: Told | undefined;
  /** It is the end of the attempt that `last` is of. */
  isOfLast: boolean;
}

/** The second that was written last: a Date costs as much as all else of a record, and in a busy second there are many. */
let second = NaN;
let written = "";

/** As `toISOString` writes it. */
export function isoTime(ms: number): string {
  const whole = Math.floor(ms / 1000);
  if (whole !== second) {
    written = new Date(whole * 1000).toISOString().slice(0, -4);
    second = whole;
  }
  return `${written}${String(Math.floor(ms) - whole * 1000).padStart(3, "0")}Z`;
}

const callIdKey = '"callId":"';
