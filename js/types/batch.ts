// Many calls.
import type { LlmError } from "../errors.ts";
import type { ChatResponse } from "./response.ts";

export interface BatchOptions {
  /** Calls at a time. Default 8. In mode "provider" it is "unsupported": the provider says what runs when. */
  concurrency?: number;
  /** Ends it: what runs is aborted (items with code "aborted"), nothing more is read. In mode "provider" as `cancel()`. */
  signal?: AbortSignal;
  /** The first failure ends the rest. Default false. "unsupported" in mode "provider". */
  stopOnError?: boolean;
  /**
   * After each item. `total`: null while it is not known; `usd`: of the answers whose cost is known. In mode "provider" also
   * after each look: `done` and `failed` are then as the provider counts (Anthropic counts at the end only).
   */
  onProgress?: (p: { done: number; failed: number; total: number | null; usd: number }) => void;
  /**
   * "local", the default: calls of this client. "provider": all rows are read, and handed over to the batch API of OpenAI,
   * Azure or Anthropic, which answers within a day at its batch price; "unsupported" elsewhere. They have one provider and one
   * endpoint, with OpenAI and Azure one model too, or nothing is sent ("invalid-request", which names the row). More rows than a
   * batch may hold (50,000 at OpenAI, 100,000 at the others; 200 MB, 256 MB at Anthropic) become several. A row that asks for
   * what nobody could see to there (`run` of a tool, `headers`, `retry`, `timeout`, `priority`, `cache`, `signal`, several
   * targets, a budget that stops calls) fails by itself with "unsupported". A row that expired has code "timeout", one that was cancelled
   * "aborted". The client's own cache is neither asked nor filled.
   */
  mode?: "local" | "provider";
  /**
   * A handle of a run in mode "provider", from `BatchRun.handle`: its results are given, of all rows, and `requests` is not read.
   * The client needs the same provider under the same name. "invalid-request" if it is none. An `output` is then held to the
   * JSON Schema in the handle, with a warning "schema-lost". Results that are read again are in the ledger again.
   */
  resume?: string;
}

export interface BatchRun extends AsyncIterable<BatchItem> {
  /** In the order of the rows. Rejects when reading the rows fails, never for one item's failure. */
  readonly results: Promise<BatchItem[]>;
  /**
   * Nothing more is read, and what runs is aborted. In mode "provider" the provider is asked to end its batch, which may take it
   * ten minutes; rows that it had answered by then are given, and are billed. Leaving the loop does the same and does not wait.
   * `client.close()` does not: what was handed over goes on, and can be resumed.
   */
  cancel(): void;
  /** null in mode "local", and where nothing was handed over. Text without a key, but with tags and schemas of the rows. */
  readonly handle: Promise<string | null>;
}

export type BatchItem = { index: number; ok: true; response: ChatResponse } | { index: number; ok: false; error: LlmError };
