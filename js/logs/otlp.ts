// The insides of `otlpLog`: calls become spans and points of histograms, in batches.
import type { TracingSink } from "../events.ts";
import type { FlushingLog, LogRecord, OtlpOptions } from "../types.ts";
import { Alarm, onHidden } from "./hidden.ts";
import { Histograms } from "./otlp_metrics.ts";
import { Collector } from "./otlp_send.ts";
import { sampler } from "./sample.ts";
import { attributes, shared, spanOf, type Followed } from "./otlp_span.ts";

const AFTER_MS = 5000;
const AFTER_SPANS = 256;
const MOST_SPANS = 2048;
/** Calls that never end are forgotten, oldest first. */
const MOST_CALLS = 10_000;
/** What browsers let a page that is leaving send in all. */
const KEPT_ALIVE_BYTES = 60 * 1024;
const MOST_BYTES = 1024 * 1024;

const scope = { name: "modelwire" };

export function otlp({ url, fetch, headers, service = "modelwire", sample, propagate = [] }: OtlpOptions): TracingSink & FlushingLog {
  if (!/^(https?:\/\/|\/(?!\/))/.test(url)) throw new TypeError("otlpLog: url must be an http or https URL, or a path");
  const isSampled = sampler(sample);
  const collector = new Collector(url.replace(/\/+$/, ""), fetch, headers);
  const resource = { attributes: attributes({ "service.name": service, "telemetry.sdk.name": "modelwire", "telemetry.sdk.language": "webjs" }) };
  const calls = new Map<string, Followed>();
  const histograms = new Histograms();
  const alarm = new Alarm();
  /** As JSON already: what waits holds nothing of the caller's. */
  let spans: string[] = [];

  function follow(record: LogRecord): Followed {
    let call = calls.get(record.callId);
    if (!call) {
      const parent = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})/.exec(record.tags.traceparent ?? "");
      // Who begins a trace decides whether it is kept; of those that are, this is a share.
      const sampled = isSampled(record.callId) && (!parent || (parseInt(parent[3]!, 16) & 1) === 1);
      call = { traceId: parent?.[1] ?? hex(16), spanId: hex(8), parentSpanId: parent?.[2], sampled, events: [], chunks: [] };
      calls.set(record.callId, call);
      if (calls.size > MOST_CALLS) calls.delete(calls.keys().next().value!);
    }
    return call;
  }

  function sink(record: LogRecord): void {
    const call = follow(record);
    if (record.event === "request") {
      call.request = { ...call.request, ...record };
      return;
    }
    if (record.event !== "response" && record.event !== "error") {
      call.events.push(record);
      return;
    }
    calls.delete(record.callId);
    const common = shared(call, record);
    histograms.add(call, record, common);
    if (call.sampled && spans.length < MOST_SPANS) spans.push(JSON.stringify(spanOf(call, record, common)));
    if (spans.length >= AFTER_SPANS) send(MOST_BYTES);
    else alarm.set(AFTER_MS, () => send(MOST_BYTES));
  }

  /** Hands to the collector what has gathered. */
  function send(most: number, leaving = false): void {
    alarm.stop();
    const ready = spans;
    spans = [];
    for (let start = 0; start < ready.length; ) {
      let [end, size] = [start, 0];
      while (end < ready.length && (end === start || size + ready[end]!.length < most)) size += ready[end++]!.length + 1;
      const body = `{"resourceSpans":[{"resource":${JSON.stringify(resource)},"scopeSpans":[{"scope":${JSON.stringify(scope)},"spans":[${ready.slice(start, end).join()}]}]}]}`;
      collector.post("/v1/traces", body, leaving);
      start = end;
    }
    const metrics = histograms.take();
    if (metrics.length > 0) {
      collector.post("/v1/metrics", JSON.stringify({ resourceMetrics: [{ resource, scopeMetrics: [{ scope, metrics }] }] }), leaving);
    }
  }

  onHidden(() => send(KEPT_ALIVE_BYTES / 2, true));
  return Object.assign(sink, {
    async flush() {
      send(MOST_BYTES);
      await collector.settled();
    },
    traceparent(record: LogRecord) {
      const call = calls.get(record.callId);
      const here = (globalThis as { document?: unknown }).document && globalThis.location?.origin === record.server;
      const named = record.kind === "openai-compatible" && propagate.includes(record.provider);
      return call && (here || named) ? `00-${call.traceId}-${call.spanId}-0${Number(call.sampled)}` : undefined;
    },
    chunks(callId: string, ms: number[]) {
      const call = calls.get(callId);
      if (call) call.chunks = ms;
    },
  });
}

/** Random bytes are drawn for many ids at once: asking for sixteen costs as much. */
let pool = new Uint8Array(0);
let drawn = 0;

function hex(bytes: number): string {
  if (drawn + bytes > pool.length) [pool, drawn] = [crypto.getRandomValues(new Uint8Array(2400)), 0];
  let text = "";
  for (const end = drawn + bytes; drawn < end; drawn++) text += (pool[drawn]! + 256).toString(16).slice(1);
  return text;
}
