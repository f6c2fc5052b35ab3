// Promises that somebody else settles. `Promise.withResolvers` is missing in Node 20.

export interface Resolvers<T> {
  promise: Promise<T>;
  resolve(value: T): void;
  reject(error: unknown): void;
}

/** Who waits for it handles a rejection; who does not is not told of it as unhandled. */
export function withResolvers<T>(): Resolvers<T> {
  const made = {} as Resolvers<T>;
  made.promise = new Promise((resolve, reject) => Object.assign(made, { resolve, reject }));
  made.promise.catch(() => {});
  return made;
}

/**
 * Waits for what somebody else has begun, but no longer than that. In workerd what a request began is over with it (its client has gone) and
 * never ends: who waited for it would never answer.
 */
export async function awhile(others: Promise<unknown>, ms: number): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)));
  await Promise.race([others, late]).catch(() => {});
  clearTimeout(timer);
}
