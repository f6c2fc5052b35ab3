// Budgets and the ledger.
import type { LimitStore } from "./policies.ts";
import type { Cost, Usage } from "./response.ts";

/**
 * What may be spent. Before sending, the price of the input (estimated) and of min(maxTokens, 256) output tokens is reserved: if
 * that does not fit beside what others hold, the call fails with code "budget" and nothing is sent. A stream is metered, and
 * stopped when it would pass: finishReason "budget", with what had arrived. `chat()` under a budget streams inside. A model
 * without a known price is refused.
 *
 * What cannot be seen while it arrives (reasoning that a provider hides) is counted when the answer ends.
 */
export interface BudgetOptions {
  usd: number;
  /**
   * Default "session": the life of this client. Days and months are those of UTC. A budget of one client begins at nothing in a
   * new client; one that is shared goes on as long as its store remembers ("session" too: for good), by the store's clock.
   */
  per?: "request" | "session" | "day" | "month";
  /**
   * Who shares it: this client (default), all tabs and workers of the site, or whoever shares a store. Shared are those of the
   * same `per`, `tags` and `onExceed`: raising `usd` goes on counting. A store is asked before each request, and again while an
   * answer grows beyond what it granted; one that fails refuses the call (code "storage") or ends the answer, with a warning
   * "budget-store". A tab or server that crashes has spent what it had reserved.
   */
  scope?: "client" | "origin" | LimitStore;
  /** Only for calls that have all of these. */
  tags?: Record<string, string>;
  /** "warn": nothing is refused or stopped; listen to "budget". Default "stop". */
  onExceed?: "stop" | "warn";
}

/**
 * What was spent: by this client, or by all that share its `store`. In pages the default is IndexedDB, one ledger for all tabs
 * and workers of the site, where the newest 100,000 entries are kept (in memory too). What cannot be kept (a full disk, a store
 * that fails) stays in memory until it can be, and is told on the console once: it never fails a call. With a Store of your own,
 * an answer waits at its end until its entry is kept.
 */
export interface CostLedger {
  /**
   * Of all that is in the ledger, as far as it was read: a look at it has the store read, beside, if others may have added to it,
   * and the next look knows. `summary()` waits for that.
   */
  readonly totalUsd: number;
  /** What a usage costs, without a call; null when the price is unknown. */
  price(model: string, usage: Partial<Usage>): Promise<Cost | null>;
  /** Adds spending that happened elsewhere; budgets see it too. `usd`: as billed, else by the catalogue. */
  record(entry: { model: string; usage: Partial<Usage>; usd?: number; tags?: Record<string, string>; at?: Date }): Promise<LedgerEntry>;
  /** `by`: "provider", "model", "day" (of UTC) or the name of a tag; several are joined with " / " in `groups`. */
  summary(filter?: { since?: Date; by?: ("provider" | "model" | "day" | string)[] }): Promise<CostSummary>;
  /** Oldest first; of a limit, the newest are left. */
  history(filter?: { since?: Date; limit?: number }): AsyncIterable<LedgerEntry>;
  export(format: "json" | "jsonl" | "csv"): Promise<Blob>;
  /** Forgets all of it, in all tabs. Budgets do not forget. */
  clear(): Promise<void>;
}

export interface CostSummary {
  totalUsd: number;
  totalTokens: number;
  requests: number;
  /** Requests whose cost is not known, and not in the sums. */
  unknownCost: number;
  byProvider: Record<string, CostGroup>;
  byModel: Record<string, CostGroup>;
  groups?: Record<string, CostGroup>;
}

export interface CostGroup {
  usd: number;
  tokens: number;
  requests: number;
}

/** One attempt that was billed (a call has several when it ran tools or went on elsewhere), or spending that was recorded. */
export interface LedgerEntry {
  /** ISO 8601. */
  at: string;
  provider: string;
  model: string;
  usage: Usage;
  usd: number | null;
  tags: Record<string, string>;
  cached: boolean;
}
