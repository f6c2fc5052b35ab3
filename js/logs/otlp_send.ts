// To the collector: one request after the other, as the OTLP specification has it.
import { describe } from "../errors.ts";

/** Bodies that wait. More are dropped, the oldest first. */
const MOST_WAITING = 64;
const MOST_ATTEMPTS = 5;
const FIRST_DELAY_MS = 1000;
const LONGEST_DELAY_MS = 60_000;
const TIMEOUT_MS = 10_000;
/** The specification's, for answers that another attempt may mend. */
const again = [429, 502, 503, 504];

interface Letter {
  path: string;
  body: string;
}

export class Collector {
  readonly #url: string;
  readonly #fetch: typeof fetch | undefined;
  readonly #headers: Record<string, string> | undefined;
  #waiting: Letter[] = [];
  #working: Promise<void> | undefined;
  #since = 0;
  #warned = false;

  constructor(url: string, injected: typeof fetch | undefined, headers: Record<string, string> | undefined) {
    this.#url = url;
    this.#fetch = injected;
    this.#headers = headers;
  }

  /** `leaving`: the page may be gone in a moment. */
  post(path: string, body: string, leaving: boolean): void {
    const letter = { path, body };
    if (leaving) return this.#throw(letter);
    this.#waiting.push(letter);
    if (this.#waiting.length > MOST_WAITING) {
      this.#waiting.shift();
      this.#warn("it does not keep up, and some was dropped");
    }
    // One whose request went away in the middle of it (a Worker's) never comes to an end.
    if (this.#working && Date.now() < this.#since + TIMEOUT_MS + LONGEST_DELAY_MS) return;
    this.#since = Date.now();
    this.#working = this.#work().finally(() => (this.#working = undefined));
  }

  /** All that was posted is sent or given up. */
  async settled(): Promise<void> {
    // Whoever waits for this is not to be ended by Node for having nothing to do before the next attempt.
    const hold = setInterval(() => {}, LONGEST_DELAY_MS);
    try {
      while (this.#working) await this.#working;
    } finally {
      clearInterval(hold);
    }
  }

  async #work(): Promise<void> {
    for (let letter; (letter = this.#waiting.shift()); ) {
      for (let attempt = 1; ; attempt++) {
        this.#since = Date.now();
        const { delayMs, why } = await this.#send(letter);
        if (why === undefined) this.#warned = false;
        if (why !== undefined && (delayMs === undefined || attempt === MOST_ATTEMPTS)) this.#warn(why);
        if (delayMs === undefined || attempt === MOST_ATTEMPTS) break;
        const backoff = FIRST_DELAY_MS * 2 ** (attempt - 1) * (0.5 + Math.random() / 2);
        await rest(Math.min(LONGEST_DELAY_MS, Math.max(delayMs, backoff)));
      }
    }
  }

  /** Sends once. `why` it failed, and with `delayMs` that it is worth another try after that. */
  async #send({ path, body }: Letter, keepalive = false): Promise<{ why?: string; delayMs?: number }> {
    let response: Response;
    const { signal, stop } = timeout();
    try {
      response = await (this.#fetch ?? globalThis.fetch)(this.#url + path, {
        method: "POST",
        headers: { "content-type": "application/json", ...this.#headers },
        body,
        // The headers may hold a key: it goes where it was meant to go.
        redirect: "manual",
        signal,
        ...(keepalive && { keepalive }),
      });
      // To its end, so that the connection is free again.
      const text = await response.text();
      if (response.ok) return { ...rejected(text) };
    } catch (thrown) {
      return { why: `${path} could not be reached: ${describe(thrown)}`, delayMs: 0 };
    } finally {
      stop();
    }
    const why = `${path} answered with status ${response.status}`;
    return again.includes(response.status) ? { why, delayMs: retryAfter(response.headers.get("retry-after")) } : { why };
  }

  /** Without waiting for an answer. */
  #throw({ path, body }: Letter): void {
    const { navigator } = globalThis as { navigator?: Navigator };
    // A beacon has no headers of ours, but is kept by browsers that do not know `keepalive`.
    const plain = !this.#headers && !this.#fetch;
    if (plain && navigator?.sendBeacon?.(this.#url + path, new Blob([body], { type: "application/json" }))) return;
    void this.#send({ path, body }, true);
  }

  #warn(why: string): void {
    if (!this.#warned) console.warn(`modelwire: otlpLog: ${why}`);
    this.#warned = true;
  }
}

function rejected(text: string): { why?: string } {
  try {
    const { partialSuccess } = JSON.parse(text) as { partialSuccess?: Record<string, unknown> };
    const count = partialSuccess?.rejectedSpans ?? partialSuccess?.rejectedDataPoints;
    if (Number(count) > 0) return { why: `the collector refused ${count} of them: ${partialSuccess!.errorMessage ?? ""}` };
  } catch {
    // An empty body is what the protocol's own receivers send; others send what they like.
  }
  return {};
}

/** Seconds or a date, in milliseconds. */
function retryAfter(header: string | null): number {
  if (!header) return 0;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return ms > 0 ? ms : 0;
}

function rest(ms: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms) as { unref?(): void } | number;
    (timer as { unref?(): void }).unref?.();
  });
}

// `AbortSignal.timeout` would do, but its timer cannot be stopped.
function timeout(): { signal: AbortSignal; stop(): void } {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(new Error(`no answer in ${TIMEOUT_MS / 1000} seconds`)), TIMEOUT_MS) as unknown;
  (timer as { unref?(): void }).unref?.();
  return { signal: controller.signal, stop: () => clearTimeout(timer as number) };
}
