// What checks say with: these run where there is no node:assert.

/** Fails unless `holds`. */
export function ok(holds, what) {
  if (!holds) throw new Error(what);
}

/** Fails unless both are the same plain data. */
export function equal(actual, expected, what) {
  const [is, should] = [canonical(actual), canonical(expected)];
  if (is !== should) throw new Error(`${what}: expected ${should}, got ${is}`);
}

/** The LlmError that a promise must reject with. */
export async function failure({ isLlmError }, promise, code) {
  let value;
  try {
    value = await promise;
  } catch (error) {
    if (isLlmError(error, code)) return error;
    throw new Error(`expected an LlmError "${code}", got ${isLlmError(error) ? `"${error.code}": ${error.message}` : describe(error)}`);
  }
  throw new Error(`expected an LlmError "${code}", got an answer: ${canonical(value)?.slice(0, 300)}`);
}

/** Everything a stream gives, by a reader. */
export async function readAll(stream) {
  const list = [];
  for (const reader = stream.getReader(); ; ) {
    const { done, value } = await reader.read();
    if (done) return list;
    list.push(value);
  }
}

/** The text in a list of events. */
export const textOf = (events) => events.filter(({ type }) => type === "text-delta").map((event) => event.text).join("");

/** One turn of the event loop, timers included. */
export const macrotask = () => new Promise((resolve) => setTimeout(resolve, 0));

export const describe = (error) => (error instanceof Error ? `${error.name}: ${error.message}` : String(error));

function canonical(value) {
  if (value === undefined) return "undefined";
  return JSON.stringify(value, (_, inner) => {
    if (inner === null || typeof inner !== "object" || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
