// The insides of `otlpLog`: calls become spans and points of histograms, in batches.
import { report } from "../errors.ts";
import type { Inside } from "../logs.ts";
import type { Told } from "../told.ts";
import type { Gaps } from "../trail.ts";
import type { LogRecord, OtlpOptions } from "../types.ts";
import { Alarm, onHidden } from "./hidden.ts";
import { Histograms } from "./otlp_metrics.ts";
import { Collector } from "./otlp_send.ts";
import { commonOf, spanOf, type Identity } from "./otlp_span.ts";
import { list, text } from "./otlp_text.ts";
import { sampler } from "./sample.ts";

const AFTER_MS = 5000;
const AFTER_CALLS = 256;
/** Calls that never end are forgotten, oldest first. */
const MOST_CALLS = 10_000;
/** What browsers let a page that is leaving send in all. */
const KEPT_ALIVE_BYTES = 60 * 1024;
const MOST_BYTES = 1024 * 1024;

/** Its options are checked by who makes it (js/logs.ts). */
export function otlp({ url, fetch, headers, service = "modelwire", sample, propagate = [] }: OtlpOptions): Inside {
  const isSampled = sampler(sample);
  const collector = new Collector(url.replace(/\/+$/, ""), fetch, headers);
  const resource = `"resource":{"attributes":${list(text("service.name")(service) + text("telemetry.sdk.name")("modelwire") + text("telemetry.sdk.language")("webjs"))}}`;
  const [traces, metrics] = ["Spans", "Metrics"].map((what) => [`{"resource${what}":[{${resource},"scope${what}":[{"scope":{"name":"modelwire"},"${what.toLowerCase()}":[`, "]}]}]}"]) as [string[], string[]];
  const calls = new Map<string, Followed>();
  const histograms = new Histograms();
  const alarm = new Alarm();
  /** Calls that are over. What becomes of them is written when they are sent: a call is not kept waiting for its log. */
  let ended: Followed[] = [];

  function take(told: Told): void {
    const { callId, event } = told;
    let call = calls.get(callId);
    if (!call) {
      calls.set(callId, (call = { told: [], identity: undefined, gaps: undefined }));
      if (calls.size > MOST_CALLS) calls.delete(calls.keys().next().value!);
    }
    call.told.push(told);
    if (event !== "response" && event !== "error") return;
    calls.delete(callId);
    ended.push(call);
    if (ended.length >= AFTER_CALLS) send(MOST_BYTES);
    else alarm.set(AFTER_MS, () => send(MOST_BYTES));
  }

  function identityOf(call: Followed): Identity {
    return (call.identity ??= identify(call.told[0]!.record));
  }

  function identify({ callId, tags: { traceparent } }: LogRecord): Identity {
    const parent = traceparent === undefined ? null : /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})/.exec(traceparent);
    // Who begins a trace decides whether it is kept; of those that are, this is a share.
    const isSampledToo = isSampled(callId) && (!parent || (parseInt(parent[3]!, 16) & 1) === 1);
    return { traceId: parent?.[1] ?? hex(16), spanId: hex(8), parentSpanId: parent?.[2], sampled: isSampledToo };
  }

  /** The spans of the calls that are over; their histograms have grown. */
  function spans(): string[] {
    const over = ended;
    ended = [];
    const spans: string[] = [];
    for (const call of over) {
      try {
        const records = call.told.map(({ record }) => record);
        const end = records.pop()!;
        const request = requestOf(records);
        const common = commonOf(request, end);
        histograms.add(end, common, call.gaps);
        const identity = identityOf(call);
        if (identity.sampled) spans.push(spanOf(identity, request, records.filter(({ event }) => event !== "request"), end, common));
      } catch (thrown) {
        // Only who calls a sink himself can bring one that cannot be written.
        report(thrown);
      }
    }
    return spans;
  }

  /** Hands to the collector what has gathered. */
  function send(most: number, leaving = false): void {
    alarm.stop();
    const ready = spans();
    for (let start = 0; start < ready.length; ) {
      let [end, size] = [start, 0];
      while (end < ready.length && (end === start || size + ready[end]!.length < most)) size += ready[end++]!.length + 1;
      collector.post("/v1/traces", traces[0]! + ready.slice(start, end).join() + traces[1]!, leaving);
      start = end;
    }
    const grown = histograms.take();
    if (grown.length > 0) collector.post("/v1/metrics", metrics[0]! + grown.join() + metrics[1]!, leaving);
  }

  onHidden(() => send(KEPT_ALIVE_BYTES / 2, true));
  return {
    take,
    async flush() {
      send(MOST_BYTES);
      await collector.settled();
    },
    traceparent(told: Told) {
      const call = calls.get(told.callId);
      const page = "document" in globalThis ? globalThis.location?.origin : undefined;
      // It is seldom the page's own, and then the record need not be read for it.
      if (!call || !(propagate.length > 0 || (page && told.json.includes(page)))) return undefined;
      const { server, kind, provider } = told.record;
      if (server !== page && !(kind === "openai-compatible" && propagate.includes(provider))) return undefined;
      const { traceId, spanId, sampled } = identityOf(call);
      return `00-${traceId}-${spanId}-0${Number(sampled)}`;
    },
    gaps(callId: string, gaps: Gaps) {
      const call = calls.get(callId);
      if (call) call.gaps = gaps;
    },
  };
}

/** A call as it was told of. */
interface Followed {
  told: Told[];
  identity: Identity | undefined;
  /** Between the pieces of a stream. */
  gaps: Gaps | undefined;
}

/** The last attempt, with the content of the first. */
function requestOf(records: LogRecord[]): LogRecord | undefined {
  return records.filter(({ event }) => event === "request").reduce<LogRecord | undefined>((all, one) => (all ? { ...all, ...one } : one), undefined);
}

const digits = Array.from({ length: 256 }, (_, byte) => (byte + 256).toString(16).slice(1));

/** Random bytes are drawn for many ids at once: asking for sixteen costs as much. */
let pool = "";
let drawn = 0;

function hex(bytes: number): string {
  if (drawn + 2 * bytes > pool.length) {
    pool = "";
    for (const byte of crypto.getRandomValues(new Uint8Array(2400))) pool += digits[byte]!;
    drawn = 0;
  }
  return pool.slice(drawn, (drawn += 2 * bytes));
}
