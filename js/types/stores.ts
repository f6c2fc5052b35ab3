// Where things are kept, and the options of what is not built yet.
import type { ErrorCode } from "./errors.ts";
import type { FinishReason, Usage } from "./response.ts";

export interface Store {
  get(key: string): Promise<Uint8Array | null>;
  set(key: string, value: Uint8Array, options?: { ttlSeconds?: number }): Promise<void>;
  delete(key: string): Promise<boolean>;
  list(prefix: string): AsyncIterable<string>;
}

export type LogSink = (record: LogRecord) => void;

export interface LogRecord {
  at: string;
  event: "request" | "retry" | "fallback" | "response" | "error" | "cache";
  callId: string;
  requestId: string | null;
  provider: string;
  model: string;
  durationMs?: number;
  firstTokenMs?: number;
  usage?: Usage;
  usd?: number | null;
  finishReason?: FinishReason;
  cached?: boolean;
  attempt?: number;
  error?: { code: ErrorCode; message: string; status: number | null };
  request?: unknown;
  response?: unknown;
  tags: Record<string, string>;
}
