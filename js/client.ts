// createClient: options checked, the core connected at the first call.
import { cacheOf } from "./cache.ts";
import { Call, watch, type Connection, type Running, type WholeConnection } from "./call.ts";
import { catalogue, isLoaded } from "./catalogue.ts";
import { costsIn, ledgerOf } from "./costs.ts";
import { LlmError, describe, errorFrom, errorOf, part, type ErrorData } from "./errors.ts";
import { Events } from "./events.ts";
import { onCollected } from "./finalize.ts";
import { Handles } from "./handles.ts";
import { bindHost } from "./host.ts";
import { keyRing, Keys } from "./keys.ts";
import { limitsOf } from "./limits.ts";
import { plain, readOptions, readRequest, unreadable } from "./options.ts";
import { checkOutput } from "./output.ts";
import { pageBase } from "./page.ts";
import { prepare, prepareModels } from "./prepare.ts";
import { Pump } from "./pump.ts";
import { Queues } from "./queue.ts";
import { reviveResponse } from "./revive.ts";
import { ChatStream } from "./stream.ts";
import { asyncDispose, inside, type Inside } from "./symbols.ts";
import { Trail } from "./trail.ts";
import type { ChatRequest, ChatResponse, Client, ClientOptions, EmbedResponse } from "./types.ts";
import { loadCore, loadWhole, type Core } from "./wasm.ts";
import { withDefaults } from "./with.ts";

/**
 * Makes a client. Synchronous and cheap: the WebAssembly module is loaded by the first call. Throws a TypeError for options
 * of the wrong type; everything else (unknown provider, missing key, …) rejects the calls with an `LlmError`.
 */
export function createClient(options: ClientOptions): Client {
  const handles = new Handles();
  const keys = new Keys();
  const { data, models } = readOptions(options, pageBase(), keys, handles);
  const events = new Events(options);
  const costs = costsIn(options.store, pageBase() !== undefined);
  const host = bindHost(options, keys, handles, events, costs, () => held.connection!);
  const running = new Set<Running>();
  // Apart from the client, so that it can outlive it by a moment: who forgets to close a client leaks nothing.
  const held: { connection?: Connection } = {};
  let named: Promise<unknown> | undefined;
  let remembers = false;
  let closed = false;
  const queues = new Queues({ chat, store: options.store, page: host.page, now: host.now, wake: host.wake, sleep: host.pause });

  const kept = cacheOf(host.cache, connectWhole, async (request, held) => (await connectWith(request, held)).given, (held) => handles.release(held), running);

  async function connect(): Promise<Connection> {
    // What reads a catalogue is with what few pages need.
    const core = await (options.catalog ? loadWhole() : loadCore());
    const { loading } = events;
    if (loading) await Promise.all(loading);
    if (options.capture?.content) events.capture ??= (await part(import("./logs/content.ts"))).capturing(options.capture.redact);
    if (options.store === "indexeddb" && !globalThis.indexedDB) {
      throw errorOf("unsupported", 'store "indexeddb" is for pages and their workers; use "memory", or a Store of your own');
    }
    if (models && !held.connection) data.models = plain(await (named ??= naming(models)), 4);
    if (closed) throw errorOf("config", "this client is closed");
    if (held.connection) return held.connection;
    // They may have been replaced since.
    for (const [name, provider] of Object.entries(data.providers)) {
      const pool = keys.pool(name);
      if (pool) provider[pool.field] = keys.lazy(name);
    }
    return (held.connection = { core, client: core.client_new(data, host) });
  }

  /** For what few pages call. */
  async function connectWhole(): Promise<WholeConnection> {
    const core = await loadWhole();
    return { ...(await connect()), core };
  }

  function naming(models: Record<string, unknown>): Promise<unknown> {
    const prepared = Promise.resolve(prepareModels(models, handles));
    // What was not to be had, a part of the package, may be there for the next call.
    prepared.catch(() => (named = undefined));
    return prepared;
  }

  /** A call from its signal to its end. */
  async function run<T, C extends Connection>(
    signal: AbortSignal | undefined,
    connect: () => Promise<C>,
    start: (connection: C, call: number) => Promise<T>,
  ): Promise<T> {
    const call = new Call();
    const result = call.run(connect, start);
    const release = watch(call, signal, running);
    try {
      return await result;
    } finally {
      release();
    }
  }

  /** Connects, and makes the request what the core reads. */
  async function connectWith(request: Record<string, unknown>, kept: number[]): Promise<Connection & { given: object }> {
    const connection = await connect();
    if (options.fallback?.order === "cheapest") {
      if (!isLoaded) await catalogue().catch(() => {});
      await (await loadWhole()).ask(connection.client, 0, "catalog", {});
    }
    try {
      return { ...connection, given: plain(await prepare(request, handles, kept), 3) as object };
    } catch (thrown) {
      throw thrown instanceof LlmError ? thrown : unreadable(thrown);
    }
  }

  /** `key`: what providers know it by, if it may have been tried before. */
  async function chat(request: Partial<ChatRequest<any>>, key?: string): Promise<ChatResponse> {
    const trail = new Trail(events, request);
    try {
      const response = await asked(request, ({ core, client, given }, call) => trail.begin(() => core.chat(client, call, given, key)), async (json) => {
        const response = reviveResponse(JSON.parse(json) as ChatResponse);
        const checked = checkOutput(response, handles);
        if (checked) await forgetting(request, checked);
        await written();
        return response;
      });
      trail.ended(response);
      return response;
    } catch (thrown) {
      trail.failed(thrown);
      throw thrown;
    }
  }

  /** Gives a request to the core. What it holds that cannot cross is kept until `read` is done with the answer. */
  async function asked<T>(
    request: Partial<ChatRequest<any>>,
    ask: (given: Connection & { given: object }, call: number) => Promise<string>,
    read: (json: string) => T | Promise<T>,
  ): Promise<T> {
    const { data, signal } = readRequest(request);
    const kept: number[] = [];
    try {
      return await read(
        await run(
          signal,
          () => connectWith(data, kept),
          (given, call) => reading(() => ask(given, call)),
        ),
      );
    } finally {
      handles.release(kept);
    }
  }

  function stream(request: Partial<ChatRequest<any>>): Pump {
    // What is wrong with it is told by the first read: a stream that nobody reads does nothing.
    const { data, signal, error } = tryRead(request);
    const kept: number[] = [];
    let call = new Call();
    const followed: { trail?: Trail } = {};
    const pump = new Pump({
      signal,
      running,
      now: host.now,
      cancel: (stop) => call.abort(stop),
      wake: host.wake,
      arrived: (now) => followed.trail!.arrived(now),
      forgotten: abandoning(followed, host.now),
      open() {
        const trail = (followed.trail = new Trail(events, request));
        return call.run(
          async () => {
            if (data) return connectWith(data, kept);
            await connect();
            throw error;
          },
          async ({ core, client, given }) => ({ core, stream: reading(() => trail.begin(() => core.open(client, given))) }),
        );
      },
      goOn(stream, progress) {
        call = new Call();
        return call.run(connect, ({ core, client }, number) => core.go_on(client, number, stream, progress));
      },
      complete(response) {
        const checked = checkOutput(response, handles);
        return checked ? forgetting(request, checked).then(written) : written();
      },
    });
    pump.onEnd(() => handles.release(kept));
    // What was never read was never asked.
    pump.response.then((response) => followed.trail?.ended(response), (error: unknown) => followed.trail?.failed(error));
    return pump;
  }

  /**
   * A store of the caller's has what was spent before he has the answer: at the edge everything ends with the response. A page
   * does not wait for its own.
   */
  function written(): Promise<void> | undefined {
    return typeof options.store === "object" ? costs.written() : undefined;
  }

  /** An answer that its schema refuses is not given again. */
  async function forgetting(request: Partial<ChatRequest<any>>, checked: Promise<void>): Promise<void> {
    try {
      await checked;
    } catch (error) {
      // Not with the call's signal: that may be over.
      const { signal: _, ...data } = request;
      if (host.cache.now) await kept.delete(data as ChatRequest).catch(() => {});
      throw error;
    }
  }

  /** What a batch at a provider needs of this client. */
  const batching = {
    ask: (step: string, argument: object) =>
      run(undefined, connectWhole, ({ core, client }, call) => core.ask(client, call, `batch-${step}`, argument)),
    check: (response: ChatResponse) => checkOutput(response, handles),
    written,
    handles,
    running,
    now: host.now,
    sleep: host.pause,
  };

  /** A row of such a batch, as the core reads it. */
  async function rowOf(request: Partial<ChatRequest<any>>, kept: number[]): Promise<object> {
    const { data, signal } = readRequest(request);
    if (signal) throw errorOf("unsupported", 'batch: signal of a row has no effect in mode "provider": leave it out');
    return (await connectWith(data, kept)).given;
  }

  /** Counts are as good as what responses told of them, in earlier visits too. */
  async function remember(): Promise<void> {
    const learned = await costs.kept().then((kept) => kept?.calibration());
    if (!learned) return;
    const { core, client } = await connectWhole();
    await core.ask(client, 0, "calibration", learned);
  }

  /** What a request comes to before it is sent. */
  async function question<T>(request: ChatRequest, what: { what: "count" | "estimate" | "fit" }): Promise<T> {
    const core = await loadWhole();
    // Not waited for while another one does it: see `awhile`.
    if (!remembers) await remember();
    remembers = true;
    return asked(request, ({ client, given }, call) => core.count_tokens(client, call, given, what), (json) => JSON.parse(json) as T);
  }

  /** The client whose requests begin with these. */
  function clientWith(defaults: Partial<ChatRequest>): Client {
    const client: Client & Inside = {
      [inside]: { keep: (store) => handles.keep(store), now: host.now },

      chat: <T>(request: ChatRequest<T>) => chat(withDefaults(defaults, request)) as Promise<ChatResponse<T>>,
      stream: <T>(request: ChatRequest<T>) => new ChatStream<T>(stream(withDefaults(defaults, request))),

      batch(requests, options) {
        // A part of the package by itself; what is wrong with its arguments is told by whoever waits for it.
        const driver = { ...batching, chat: (request: ChatRequest) => client.chat(request), prepare: (request: ChatRequest, kept: number[]) => rowOf(withDefaults(defaults, request), kept) };
        const made = part(import("./batch.ts")).then(({ begin }) => begin(driver, requests, options));
        const handle = made.then((batch) => batch.handle);
        handle.catch(() => {});
        return {
          handle,
          get results() {
            const results = made.then((batch) => batch.results);
            results.catch(() => {});
            return results;
          },
          cancel: () => void made.then((batch) => batch.cancel()).catch(() => {}),
          async *[Symbol.asyncIterator]() {
            yield* await made;
          },
        };
      },

      queue: (options = {}) => queues.named(options, defaults),

      async embed(request) {
        const trail = new Trail(events, request);
        try {
          const { data, signal } = readRequest(request);
          const [json, embeddings] = await run(signal, connectWhole, ({ core, client }, call) =>
            trail.begin(() => reading(() => core.embed(client, call, data))),
          );
          const { callId, ...told } = JSON.parse(json) as Omit<EmbedResponse, "embeddings"> & { callId: string };
          const response = { embeddings, ...told };
          trail.callId = callId;
          await written();
          trail.ended(response);
          return response;
        } catch (thrown) {
          trail.failed(thrown);
          throw thrown;
        }
      },

      async listModels(provider) {
        return JSON.parse(await run(undefined, connectWhole, ({ core, client }, call) => core.list_models(client, call, String(provider))));
      },

      countTokens: (request, options) => question(withDefaults(defaults, request), { ...options, what: "count" }),

      estimate: (request) => question(withDefaults(defaults, request), { what: "estimate" }),

      async fit(request, options) {
        const { fitWith } = await part(import("./fit.ts"));
        return fitWith((asked, how) => question(asked, { ...how, what: "fit" }), withDefaults(defaults, request), options);
      },

      async check(provider) {
        const start = host.now();
        try {
          const json = await run(undefined, connectWhole, ({ core, client }, call) => core.check(client, call, String(provider)));
          const { error, ...result } = JSON.parse(json) as { ok: boolean; models?: number; latencyMs: number; error?: ErrorData };
          return error ? { ...result, error: LlmError.of(error) } : result;
        } catch (thrown) {
          return { ok: false, latencyMs: host.now() - start, error: errorFrom(thrown) };
        }
      },

      async model(ref) {
        return JSON.parse((await run(undefined, connectWhole, ({ core, client }, call) => core.ask(client, call, "model", { model: String(ref) }))) ?? "null");
      },

      async updateCatalog(source) {
        const models = await modelsOf(source, options.fetch);
        await run(undefined, connectWhole, ({ core, client }, call) => core.ask(client, call, "catalog", models));
      },

      costs: ledgerOf(costs, connectWhole, running),
      cache: {
        ...kept,
        get: (request) => kept.get(withDefaults(defaults, request)),
        set: (request, response) => kept.set(withDefaults(defaults, request), response),
        delete: (request) => kept.delete(withDefaults(defaults, request)),
      },
      keys: keyRing(keys, new Set(Object.keys(data.providers)), () => held.connection, host.now),
      limits: limitsOf(connectWhole, running),
      on: (event, handler) => events.on(event, handler),

      with: (more) => clientWith(withDefaults(defaults, more)),

      async close() {
        closed = true;
        const given = queues.close();
        for (const one of [...running]) one.abort({ message: "the call was aborted: its client was closed" });
        await given;
        await host.cache.now?.written();
        await costs.written();
        host.cache.now?.close();
        free(held);
      },

      [asyncDispose]: () => client.close(),
    };
    return client;
  }

  const client = clientWith({});
  // What all clients made with `with`, and their streams, hold; the core, which holds the host, does not.
  onCollected(running, freeing(held));
  return client;
}

/** What `updateCatalog` was given: models, or where they are to be had. */
async function modelsOf(source: string | URL | object, injected: typeof fetch | undefined): Promise<object> {
  if (typeof source !== "string" && !(source instanceof URL)) return source;
  let response: Response;
  try {
    response = await (injected ?? globalThis.fetch)(String(source), { redirect: "manual" });
  } catch (thrown) {
    throw errorOf("network", `the catalog ${source} could not be fetched: ${describe(thrown)}`, thrown);
  }
  if (!response.ok) throw errorOf("network", `the catalog ${source} answered with status ${response.status}`);
  try {
    return await response.json();
  } catch (thrown) {
    throw errorOf("malformed", `the catalog ${source} is not JSON: ${describe(thrown)}`, thrown);
  }
}

/** The core walks the request before it gives a promise: what is thrown there is a getter's. */
function reading<T>(start: () => T): T {
  try {
    return start();
  } catch (thrown) {
    throw typeof thrown === "string" || thrown instanceof WebAssembly.RuntimeError ? thrown : unreadable(thrown);
  }
}

function tryRead(request: Partial<ChatRequest<any>>): Partial<ReturnType<typeof readRequest>> & { error?: unknown } {
  try {
    return readRequest(request);
  } catch (error) {
    return { error };
  }
}

// Made out here: a function made in there would keep the client alive.
const freeing = (held: { connection?: Connection }) => () => free(held);

// Likewise.
const abandoning = (followed: { trail?: Trail }, now: () => number) => (core: Core, stream: number) =>
  followed.trail!.ended(JSON.parse(core.stop(stream, "aborted", now())) as ChatResponse);

function free(held: { connection?: Connection }): void {
  held.connection?.core.client_free(held.connection.client);
  delete held.connection;
}
