// Reports of the ledger: sums by group, lists, files. Loaded when the first is asked for.
import type { Entry } from "./costs.ts";
import { errorOf } from "./errors.ts";
import type { CostGroup, CostSummary, LedgerEntry } from "./types.ts";

interface Filter {
  since?: Date;
  by?: string[];
  limit?: number;
}

/** As the contract has it: without the exact sum. */
export function plain({ nanoUsd: _, ...entry }: Entry): LedgerEntry {
  return structuredClone(entry);
}

export function summary(entries: Entry[], filter: Filter = {}): CostSummary {
  const { by } = filter;
  const chosen = after(entries, filter);
  const groups = by && collect(chosen, (entry) => by.map((key) => part(entry, key)).join(" / "));
  return {
    totalUsd: dollars(chosen),
    totalTokens: chosen.reduce((sum, entry) => sum + tokens(entry), 0),
    requests: chosen.length,
    unknownCost: chosen.filter((entry) => entry.nanoUsd === null).length,
    byProvider: collect(chosen, (entry) => entry.provider),
    byModel: collect(chosen, (entry) => `${entry.provider}/${entry.model}`),
    ...(groups && { groups }),
  };
}

export function* history(entries: Entry[], filter: Filter = {}): Generator<LedgerEntry> {
  const { limit } = filter;
  // The newest are what a limit leaves.
  const chosen = after(entries, filter);
  for (const entry of limit === undefined ? chosen : chosen.slice(Math.max(0, chosen.length - limit))) yield plain(entry);
}

export function exported(entries: Entry[], format: "json" | "jsonl" | "csv"): Blob {
  const list = entries.map(plain);
  switch (format) {
    case "json":
      return new Blob([JSON.stringify(list)], { type: "application/json" });
    case "jsonl":
      return new Blob([list.map((entry) => `${JSON.stringify(entry)}\n`).join("")], { type: "application/jsonl" });
    case "csv":
      return new Blob([[columns, ...list.map(row)].map((cells) => cells.map(cell).join(",") + "\r\n").join("")], { type: "text/csv" });
    default:
      throw errorOf("invalid-request", `format is "${String(format)}"; it must be json, jsonl or csv`);
  }
}

const columns = ["at", "provider", "model", "usd", "inputTokens", "outputTokens", "cacheReadTokens", "cacheWriteTokens", "reasoningTokens", "estimated", "cached", "tags"];

function row({ at, provider, model, usd, usage, cached, tags }: LedgerEntry): unknown[] {
  const { inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens, reasoningTokens, estimated } = usage;
  return [at, provider, model, usd, inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens, reasoningTokens, estimated, cached, JSON.stringify(tags)];
}

/** RFC 4180; a text that a spreadsheet would take for a formula is kept from it by an apostrophe. */
function cell(value: unknown): string {
  if (value === null || value === undefined) return "";
  const text = typeof value === "string" && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The time that a filter begins with, as entries have it. */
export function from({ since }: Filter = {}): string {
  if (since !== undefined && Number.isNaN(since.getTime?.() ?? NaN)) throw errorOf("invalid-request", "since must be a valid Date");
  return since?.toISOString() ?? "";
}

function after(entries: Entry[], filter: Filter): Entry[] {
  const since = from(filter);
  return entries.filter(({ at }) => at >= since);
}

function part(entry: Entry, key: string): string {
  if (key === "provider") return entry.provider;
  if (key === "model") return `${entry.provider}/${entry.model}`;
  if (key === "day") return entry.at.slice(0, 10);
  return entry.tags[key] ?? "";
}

function collect(entries: Entry[], key: (entry: Entry) => string): Record<string, CostGroup> {
  const groups = new Map<string, Entry[]>();
  for (const entry of entries) {
    const group = groups.get(key(entry));
    if (group) group.push(entry);
    else groups.set(key(entry), [entry]);
  }
  const sum = (group: Entry[]): CostGroup => ({ usd: dollars(group), tokens: group.reduce((all, entry) => all + tokens(entry), 0), requests: group.length });
  return Object.fromEntries([...groups].map(([name, group]) => [name, sum(group)]));
}

function dollars(entries: Entry[]): number {
  return entries.reduce((sum, entry) => sum + (entry.nanoUsd ?? 0), 0) / 1e9;
}

function tokens({ usage }: Entry): number {
  return usage.totalTokens ?? (usage.inputTokens ?? 0) + (usage.outputTokens ?? 0);
}
