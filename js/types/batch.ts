// Many calls.
import type { LlmError } from "../errors.ts";
import type { ChatResponse } from "./response.ts";

export interface BatchOptions {
  /** Calls at a time. Default 8. */
  concurrency?: number;
  /** Ends it: what runs is aborted (items with code "aborted"), nothing more is read. */
  signal?: AbortSignal;
  /** The first failure ends the rest. Default false. */
  stopOnError?: boolean;
  /** After each item. `total`: null while it is not known; `usd`: of the answers whose cost is known. */
  onProgress?: (p: { done: number; failed: number; total: number | null; usd: number }) => void;
  /** Only "local" so far: "provider" is "unsupported". */
  mode?: "local" | "provider";
  /** "unsupported" so far. */
  resume?: string;
}

export interface BatchRun extends AsyncIterable<BatchItem> {
  /** In the order of the rows. Rejects when reading the rows fails, never for one item's failure. */
  readonly results: Promise<BatchItem[]>;
  cancel(): void;
  /** null in mode "local". */
  readonly handle: Promise<string | null>;
}

export type BatchItem = { index: number; ok: true; response: ChatResponse } | { index: number; ok: false; error: LlmError };
