// `client.costs`: what the core says was spent, added up. Prices are the core's; where it is kept is in kept_ledger.ts.
import { Call, watch, type Running, type WholeConnection } from "./call.ts";
import { errorOf, part } from "./errors.ts";
import type { KeptLedger } from "./kept_ledger.ts";
import type { ClientOptions, Cost, CostLedger, LedgerEntry } from "./types.ts";

/** As the core tells it: with the exact sum. */
export type Entry = LedgerEntry & { nanoUsd: number | null };

/** What is kept in memory: some 50 MB. A server that runs for months must not run out of memory over its bills. */
const MOST_ENTRIES = 100_000;

/** What was spent: by one client, or by all that share its store. */
export class Costs {
  #entries: Entry[] = [];
  #nano = 0;
  readonly #open: (() => Promise<KeptLedger>) | undefined;
  #kept: KeptLedger | undefined;
  #opening: Promise<KeptLedger | undefined> | undefined;

  /** `open`: where it is kept; without, in memory. */
  constructor(open?: () => Promise<KeptLedger>) {
    this.#open = open;
  }

  add(entry: Entry): void {
    if (this.#kept) return this.#kept.add(entry);
    // A tenth at a time: moving all the others for each would be quadratic.
    if (this.#entries.length >= MOST_ENTRIES) this.#entries.splice(0, MOST_ENTRIES / 10);
    this.#entries.push(entry);
    this.#nano += entry.nanoUsd ?? 0;
    void this.kept();
  }

  /** Where it is kept, once that is loaded; undefined: in memory. */
  kept(): Promise<KeptLedger | undefined> {
    return (this.#opening ??= (this.#open?.() ?? Promise.resolve(undefined)).then(
      (kept) => {
        if (!kept) return undefined;
        this.#kept = kept;
        for (const entry of this.#entries) kept.add(entry);
        this.#entries = [];
        this.#nano = 0;
        return kept;
      },
      () => {
        // A part of the package that was not to be had: the next call tries again.
        this.#opening = undefined;
        return undefined;
      },
    ));
  }

  async entries(from?: string): Promise<Entry[]> {
    return (await (await this.kept())?.entries(from)) ?? this.#entries;
  }

  /** What counts of a model's tokens were off by. */
  calibrated({ model, ratio }: { model: string; ratio: number }): void {
    if (this.#open) void this.kept().then((kept) => kept?.calibrated(model, ratio));
  }

  async clear(): Promise<void> {
    await (await this.kept())?.clear();
    this.#entries = [];
    this.#nano = 0;
  }

  /** When all is kept that was spent so far. */
  written(): Promise<void> | undefined {
    return this.#opening?.then((kept) => kept?.written());
  }

  /** Whole nano-dollars add up exactly, up to nine million dollars. */
  get totalUsd(): number {
    if (!this.#kept) void this.kept().then((kept) => kept?.nano);
    return (this.#nano + (this.#kept?.nano ?? 0)) / 1e9;
  }
}

/** Where a client keeps its ledger: the option `store`. `page`: whether this is a page or a worker of one. */
export function costsIn(store: ClientOptions["store"], page: boolean): Costs {
  if (store === "memory" || (store === undefined && !(page && globalThis.indexedDB))) return new Costs();
  return new Costs(async () => {
    const { originLedger, storeLedger } = await import("./kept_ledger.ts");
    return typeof store === "object" ? storeLedger(store) : originLedger();
  });
}

export function ledgerOf(costs: Costs, connect: () => Promise<WholeConnection>, running: Set<Running>): CostLedger {
  async function ask(what: "price" | "record", argument: object): Promise<string | null> {
    const call = new Call();
    const result = call.run(connect, ({ core, client }, number) => core.ask(client, number, what, argument));
    const release = watch(call, undefined, running);
    return result.finally(release);
  }
  // A part of the package by itself: who only looks at the total does not load it.
  const reports = () => part(import("./ledger.ts"));
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
      await costs.written();
      return (await reports()).plain(added);
    },
    async summary(filter) {
      const { summary, from } = await reports();
      return summary(await costs.entries(from(filter)), filter);
    },
    async *history(filter) {
      const { history, from } = await reports();
      yield* history(await costs.entries(from(filter)), filter);
    },
    async export(format) {
      return (await reports()).exported(await costs.entries(), format);
    },
    clear: () => costs.clear(),
  };
}
