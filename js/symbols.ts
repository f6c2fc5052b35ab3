// Safari has no Symbol.asyncDispose yet. Compilers that lower `await using`, and polyfills, look for this one.
export const asyncDispose: typeof Symbol.asyncDispose = Symbol.asyncDispose ?? (Symbol.for("Symbol.asyncDispose") as never);

/** Where the gateway finds what it needs of a client. Not for others: it may change. */
export const inside: unique symbol = Symbol.for("modelwire.inside") as never;
export interface Inside {
  [inside]: {
    /** A number that stands for a store in a scope. */
    keep(store: unknown): number;
    now(): number;
  };
}
