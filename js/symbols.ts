// Safari has no Symbol.asyncDispose yet. Compilers that lower `await using`, and polyfills, look for this one.
export const asyncDispose: typeof Symbol.asyncDispose = Symbol.asyncDispose ?? (Symbol.for("Symbol.asyncDispose") as never);
