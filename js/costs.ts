// `client.costs`: what the core says was spent, kept and added up. Prices are the core's.
import { Call, watch, type Connection, type Running } from "./call.ts";
import type { Cost, CostLedger, LedgerEntry } from "./types.ts";

/** As the core tells it: with the exact sum. */
export type Entry = LedgerEntry & { nanoUsd: number | null };

/** What one client has spent. */
export class Costs {
  entries: Entry[] = [];
  #nano = 0;

  /** `record`: JSON of an Entry. */
  add(record: string): void {
    const entry = JSON.parse(record) as Entry;
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
      const before = costs.entries.length;
      await ask("record", entry);
      const added = costs.entries[before] ?? costs.entries.at(-1)!;
      if (at) added.at = at.toISOString();
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
