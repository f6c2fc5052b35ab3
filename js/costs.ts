// `client.costs`: what the core says was spent, kept and added up. Prices are the core's.
import { Call, watch, type Connection, type Running } from "./call.ts";
import { errorOf } from "./errors.ts";
import type { Cost, CostLedger, LedgerEntry } from "./types.ts";

/** As the core tells it: with the exact sum. */
export type Entry = LedgerEntry & { nanoUsd: number | null };

/** What is kept: some 50 MB. A server that runs for months must not run out of memory over its bills. */
const MOST_ENTRIES = 100_000;

/** What one client has spent. */
export class Costs {
  entries: Entry[] = [];
  #nano = 0;

  add(entry: Entry): void {
    // A tenth at a time: moving all the others for each would be quadratic.
    if (this.entries.length >= MOST_ENTRIES) this.entries.splice(0, MOST_ENTRIES / 10);
    this.entries.push(entry);
    this.#nano += entry.nanoUsd ?? 0;
  }

  /** Whole nano-dollars add up exactly, up to nine million dollars. */
  get totalUsd(): number {
    return this.#nano / 1e9;
  }
}

export function ledgerOf(costs: Costs, connect: () => Promise<Connection>, running: Set<Running>): CostLedger {
  async function ask(what: "price" | "record", argument: object): Promise<string | null> {
    const call = new Call();
    const result = call.run(connect, ({ core, client }, number) => core.ask(client, number, what, argument));
    const release = watch(call, undefined, running);
    return result.finally(release);
  }
  // A part of the package by itself: who only looks at the total does not load it.
  const reports = () => import("./ledger.ts");
  return {
    get totalUsd() {
      return costs.totalUsd;
    },
    async price(model, usage) {
      return JSON.parse((await ask("price", { model, usage })) ?? "null") as Cost | null;
    },
    async record({ at, ...entry }) {
      // Before it is counted: afterwards it could not be taken back.
      if (at !== undefined && Number.isNaN(at.getTime?.() ?? NaN)) throw errorOf("invalid-request", "at must be a valid Date");
      const added = JSON.parse((await ask("record", entry))!) as Entry;
      if (at) added.at = at.toISOString();
      costs.add(added);
      return (await reports()).plain(added);
    },
    async summary(filter) {
      return (await reports()).summary(costs.entries, filter);
    },
    async *history(filter) {
      yield* (await reports()).history(costs.entries, filter);
    },
    async export(format) {
      return (await reports()).exported(costs.entries, format);
    },
    async clear() {
      costs.entries = [];
    },
  };
}
