// What is stored of a batch at a provider: enough to find every row again, and no key.
import { errorOf, type ErrorData } from "../errors.ts";

export interface Handle {
  modelwire: typeof FORM;
  /** Provider, endpoint and, where a batch has one only, model: the core's. */
  route: { provider: string };
  rows: number;
  /** What rows have in common: the model, how their output is read, tags, warnings. A row's id names one. */
  kinds: { model: string; output?: object | null; tags?: object; warnings?: object[] }[];
  /** Rows that were never sent. */
  refused: [index: number, error: ErrorData][];
  batches: Made[];
}

/** A batch at the provider: its rows, those that were refused excepted. One that could not be made has its error. */
export interface Made {
  id?: string;
  error?: ErrorData;
  from: number;
  to: number;
}

export const FORM = "batch 1";

/** Of which a byte is kept for each. */
const MOST_ROWS = 100_000_000;

/** Reads what was stored: anybody could have changed it, or cut it short. */
export function readHandle(text: unknown): Handle {
  if (typeof text !== "string") throw refused("it must be the text that run.handle gave");
  let handle: Handle;
  try {
    handle = JSON.parse(text);
  } catch {
    throw refused("it is not JSON");
  }
  if (!isObject(handle) || handle.modelwire !== FORM) throw refused(`it does not say "modelwire": "${FORM}"`);
  const { route, rows, kinds, refused: not, batches } = handle;
  const check = (holds: boolean, field: string) => {
    if (!holds) throw refused(`${field} is not as it was`);
  };
  const isRow = (index: unknown) => Number.isInteger(index) && (index as number) >= 0 && (index as number) < rows;
  check(isObject(route) && typeof route.provider === "string", "route");
  check(Number.isInteger(rows) && rows >= 0 && rows <= MOST_ROWS, "rows");
  check(Array.isArray(kinds) && kinds.every(isKind), "kinds");
  check(Array.isArray(not) && not.every((one) => Array.isArray(one) && isRow(one[0]) && isError(one[1])) && new Set(not.map(([index]) => index)).size === not.length, "refused");
  check(Array.isArray(batches) && batches.every(isMade), "batches");
  let end = 0;
  for (const { from, to } of batches) {
    check(from === end && isRow(to - 1) && to > from, "batches");
    end = to;
  }
  // Behind the last that was sent are only such as were not.
  check(not.filter(([index]) => index >= end).length === rows - end, "batches");
  return handle;
}

const isKind = (kind: Handle["kinds"][number]) =>
  isObject(kind) && typeof kind.model === "string" && (kind.output == null || isObject(kind.output)) && (kind.tags === undefined || isObject(kind.tags)) && (kind.warnings === undefined || Array.isArray(kind.warnings));

const isError = (error: ErrorData) => isObject(error) && typeof error.code === "string" && typeof error.message === "string";

// It becomes a part of an address.
const isMade = (made: Made) => isObject(made) && (made.id === undefined ? isError(made.error!) : typeof made.id === "string" && /^[\w.-]{1,256}$/.test(made.id) && /\w/.test(made.id));

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function refused(why: string) {
  return errorOf("invalid-request", `batch: resume is not the handle of a batch: ${why}`);
}
