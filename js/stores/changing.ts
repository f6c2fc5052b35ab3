// Stores of this package's own that change what they keep by themselves.

/** By the core's own text of a change: one round trip in place of two. */
export interface ChangingStore {
  [CHANGE](key: string, change: string): Promise<number>;
}
export const CHANGE = Symbol.for("modelwire.change");
