// A recording of real traffic: made once with a key, replayed for ever without one, in any runtime.
import { realClock, rest, type Clock } from "./clock.ts";
import { identity, whyNot } from "./match.ts";
import { Secrets } from "./secrets.ts";
import { read, written, type Exchange } from "./tape.ts";

export interface CassetteOptions {
  /** What records go through. Default: the global fetch. */
  fetch?: typeof fetch;
  /** More that must not be in the recording, from 8 characters. Keys in headers, addresses and cookies are found by themselves. */
  secrets?: string[];
  /** Replay as slowly as it was recorded. Default: at once. */
  paced?: boolean;
  /** What recorded times and paces go by. */
  clock?: Clock;
}

export interface Cassette {
  fetch: typeof fetch;
  /** Every request that had no recording, and why. */
  readonly unmatched: string[];
  /** When all that has ended is saved: after the last answer of a recording, before the program ends. Rejects when it could not be. */
  saved(): Promise<void>;
}

/** A recording is held in memory. */
const MOST_BYTES = 64 * 1024 * 1024;

/** Who reads up to the last event stops there, and the end of the body is on its way: so long it may take. */
const END_MS = 100;

/**
 * Records real traffic once, byte for byte and chunk for chunk, with keys and cookies removed; replays it for ever.
 *
 * - "replay": nothing goes out. A request without a recording is answered with status 400 and a text that says which recorded request is the closest
 *   and how it differs (`unmatched` has it, too).
 * - "record": everything goes out, and a new recording takes the place of the old one.
 * - "auto" (default): what is recorded is replayed, and anything else goes out and is added.
 *
 * Requests are the same by method, address and body (JSON whatever the order of its members), not by headers. The same request several times gets its recordings in their order,
 * and the last one again after that. It is saved whenever a body ended, before its reader hears of the end, and when its reader stops, soon after (`saved()`). A request that
 * failed without an answer is not recorded.
 */
export function cassette(
  store: { load(): Promise<string | null>; save(jsonl: string): Promise<void> },
  mode: "replay" | "record" | "auto" = "auto",
  { fetch: recorded, secrets: given = [], paced = false, clock = realClock }: CassetteOptions = {},
): Cassette {
  if (!["replay", "record", "auto"].includes(mode)) throw new TypeError('a cassette\'s mode is "replay", "record" or "auto"');
  const secrets = new Secrets(given);
  const unmatched: string[] = [];
  /** In the order in which they were asked; null while the answer is not complete. */
  const tape: (Exchange | null)[] = [];
  /** Of what was loaded: where in it, by identity, and how many of them were used. */
  const places = new Map<string, { list: number[]; used: number }>();
  let loading: Promise<string | undefined> | undefined;
  let saving: Promise<unknown> = Promise.resolve();

  /** What is wrong with the recording, if anything is. */
  const load = () =>
    (loading ??= (async () => {
      if (mode === "record") return undefined;
      try {
        for (const exchange of read((await store.load()) ?? "")) {
          const key = identity(exchange.request);
          const place = places.get(key) ?? { list: [], used: 0 };
          places.set(key, place);
          place.list.push(tape.push(exchange) - 1);
        }
        return undefined;
      } catch (thrown) {
        return `the cassette could not be loaded: ${thrown instanceof Error ? thrown.message : String(thrown)}`;
      }
    })());

  function save(): Promise<void> {
    const next = saving.then(() => store.save(written(tape.filter((exchange) => exchange !== null), secrets)));
    saving = next.catch(() => {});
    return next.catch((thrown: unknown) => {
      throw new Error(`the cassette could not be saved: ${secrets.text(String(thrown))}`, { cause: thrown });
    });
  }

  /** What is still to be waited for, and not by a reader. */
  const stopping = new Set<Promise<void>>();
  function note(work: Promise<void>): void {
    // That it could not be saved is for `saved` to say: the reader is gone.
    const noted = work.finally(() => stopping.delete(noted)).catch((thrown: unknown) => void (failed ??= { thrown }));
    stopping.add(noted);
  }
  let failed: { thrown: unknown } | undefined;

  async function saved(): Promise<void> {
    await Promise.all(stopping);
    await saving;
    if (failed) throw failed.thrown;
  }

  function refuse(message: string): Response {
    unmatched.push(message);
    // A status rather than a failure: those are tried again, and hide what they say. In the shape that each provider's errors have.
    const error = { type: "invalid_request_error", code: "cassette", message };
    return new Response(JSON.stringify({ type: "error", error, message }), { status: 400, headers: { "content-type": "application/json" } });
  }

  const cassetteFetch = async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const { request, url, headers, send } = await readRequest(input, init);
    const signal = init?.signal ?? (typeof input === "object" && "signal" in input ? input.signal : null);
    const problem = await load();
    if (signal?.aborted) throw signal.reason;
    if (problem) return refuse(problem);
    secrets.request(headers);
    request.url = secrets.text(secrets.address(url));
    // As it would be on the tape.
    const asked = { ...request, body: secrets.bytes(request.body) };
    const place = places.get(identity(asked));
    if (place) return replay(tape[place.list[Math.min(place.used++, place.list.length - 1)]!]!, signal);
    if (mode === "replay") return refuse(whyNot(asked, tape.flatMap((exchange) => exchange?.request ?? [])));
    return record(request, (own) => send(recorded ?? globalThis.fetch, own), signal);
  };

  async function record(request: Exchange["request"], send: (signal: AbortSignal) => Promise<Response>, signal: AbortSignal | null): Promise<Response> {
    const at = tape.push(null) - 1;
    const start = clock.now();
    // Of its own: who stops reading at the last event aborts, and the end is still to be heard of.
    const sending = new AbortController();
    let abort = (): void => sending.abort(signal?.reason);
    const onAbort = (): void => abort();
    signal?.addEventListener("abort", onAbort, { once: true });
    let real: Response | undefined;
    try {
      real = await send(sending.signal);
    } finally {
      if (!real) signal?.removeEventListener("abort", onAbort);
    }
    // What a page may not look at (a probe without CORS, a redirect that is not followed) cannot be recorded.
    if (real.status < 200) return real;
    const { status, statusText } = real;
    const response: Exchange["response"] = { status, statusText, headers: secrets.response(real.headers), headMs: clock.now() - start, chunks: [], end: "done" };
    const reader = real.body?.getReader();
    let bytes = 0;
    let isOver = false;

    async function finish(end: Exchange["response"]["end"], error?: unknown): Promise<void> {
      isOver = true;
      signal?.removeEventListener("abort", onAbort);
      tape[at] = { request, response: { ...response, end, ...(error !== undefined && { error: error instanceof Error ? error.message : String(error) }) } };
      await save();
    }

    /** Its reader wants no more. */
    async function stop(reason: unknown): Promise<void> {
      if (isOver) return;
      isOver = true;
      let timer: unknown;
      const late = new Promise<boolean>((resolve) => (timer = realClock.setTimeout(() => resolve(false), END_MS)));
      const ended = await Promise.race([reader!.read().then(({ done }) => done, () => false), late]);
      realClock.clearTimeout(timer);
      if (!ended) {
        void reader!.cancel(reason).catch(() => {});
        sending.abort(reason);
      }
      await finish(ended ? "done" : "cancelled");
    }

    if (!reader) {
      await finish("done");
      return responseOf(null, real, real.url);
    }
    const body = new ReadableStream<Uint8Array>(
      {
        start(controller) {
          abort = () => {
            controller.error(signal?.reason);
            note(stop(signal?.reason));
          };
          if (signal?.aborted) abort();
        },
        async pull(controller) {
          let piece: ReadableStreamReadResult<Uint8Array>;
          try {
            piece = await reader.read();
          } catch (thrown) {
            if (!isOver) await finish("broken", thrown);
            throw thrown;
          }
          if (isOver) return;
          if (piece.done) {
            await finish("done");
            return controller.close();
          }
          bytes += piece.value.length;
          if (bytes > MOST_BYTES) {
            sending.abort();
            throw new Error(`the cassette records bodies of at most ${MOST_BYTES} bytes`);
          }
          response.chunks.push({ atMs: clock.now() - start, bytes: piece.value.slice() });
          controller.enqueue(piece.value);
        },
        cancel: (reason) => note(stop(reason)),
      },
      { highWaterMark: 0 },
    );
    return responseOf(body, real, real.url);
  }

  async function replay({ request, response }: Exchange, signal: AbortSignal | null): Promise<Response> {
    const start = clock.now();
    const until = (ms: number) => (paced ? rest(start + ms - clock.now(), signal, clock) : undefined);
    await until(response.headMs);
    const chunks = response.chunks.values();
    let abort = (): void => {};
    const stop = () => signal?.removeEventListener("abort", abort);
    const body = new ReadableStream<Uint8Array>(
      {
        start(controller) {
          abort = () => controller.error(signal?.reason);
          signal?.addEventListener("abort", abort, { once: true });
        },
        async pull(controller) {
          const { done, value } = chunks.next();
          if (!done) {
            await until(value.atMs);
            if (!signal?.aborted) controller.enqueue(value.bytes.slice());
            return;
          }
          stop();
          if (response.end === "done") return controller.close();
          const why = response.end === "broken" ? (response.error ?? "the connection broke") : "the recording ends here: whoever made it stopped reading";
          controller.error(new TypeError(why));
        },
        cancel: stop,
      },
      { highWaterMark: 0 },
    );
    return responseOf(body, { status: response.status, statusText: response.statusText, headers: new Headers(response.headers) }, request.url);
  }

  return { fetch: cassetteFetch as typeof fetch, unmatched, saved };
}

/** What is asked, without anything having been sent; `send` sends it. */
async function readRequest(input: RequestInfo | URL, init: RequestInit | undefined) {
  const isRequest = typeof input === "object" && "url" in input;
  const url = new URL(isRequest ? input.url : String(input), globalThis.location?.href);
  const headers = new Headers(init?.headers ?? (isRequest ? input.headers : undefined));
  const method = (init?.method ?? (isRequest ? input.method : "GET")).toUpperCase();
  const own = init?.body != null ? new Response(init.body as BodyInit) : isRequest ? input.clone() : new Response(null);
  const body = new Uint8Array(await own.arrayBuffer());
  const contentType = headers.get("content-type") ?? own.headers.get("content-type");
  // A stream was read up: its bytes go out instead.
  const isStream = typeof (init?.body as ReadableStream | undefined)?.getReader === "function";
  const request: Exchange["request"] = { method, url: url.href, contentType, body };
  return { request, url, headers, send: (fetch: typeof globalThis.fetch, signal: AbortSignal) => fetch(input, { ...init, ...(isStream && { body }), signal }) };
}

function responseOf(body: ReadableStream<Uint8Array> | null, { status, statusText, headers }: { status: number; statusText: string; headers: Headers }, url: string): Response {
  const isEmpty = [204, 205, 304].includes(status);
  const plain = new Headers(headers);
  // What comes out of the body is decoded already.
  if (plain.has("content-encoding")) for (const name of ["content-encoding", "content-length"]) plain.delete(name);
  const response = new Response(isEmpty ? null : body, { status, statusText, headers: plain });
  Object.defineProperty(response, "url", { value: url });
  return response;
}
