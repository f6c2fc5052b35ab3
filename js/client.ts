// createClient: options checked, the core connected at the first call.
import { Call, watch, type Connection, type Running } from "./call.ts";
import { LlmError, errorFrom, errorOf, type ErrorData } from "./errors.ts";
import { onCollected } from "./finalize.ts";
import { bindHost, pageBase } from "./host.ts";
import { readOptions, readRequest } from "./options.ts";
import { Pump } from "./pump.ts";
import { reviveResponse } from "./revive.ts";
import { ChatStream } from "./stream.ts";
import { asyncDispose } from "./symbols.ts";
import type { ChatRequest, ChatResponse, Client, ClientOptions } from "./types.ts";
import { loadCore } from "./wasm.ts";

/**
 * Makes a client. Synchronous and cheap: the WebAssembly module is loaded by the first call. Throws a TypeError for options
 * of the wrong type; everything else (unknown provider, missing key, …) rejects the calls with an `LlmError`.
 */
export function createClient(options: ClientOptions): Client {
  const { data, keys, refused } = readOptions(options, pageBase());
  const host = bindHost(options, keys);
  const running = new Set<Running>();
  // Apart from the client, so that it can outlive it by a moment: who forgets to close a client leaks nothing.
  const held: { connection?: Connection } = {};
  let closed = false;

  async function connect(): Promise<Connection> {
    const core = await loadCore();
    if (closed) throw errorOf("config", "this client is closed");
    if (refused) throw refused;
    return (held.connection ??= { core, client: core.client_new(data, host) });
  }

  /** A call from its signal to its end. */
  async function run(signal: AbortSignal | undefined, start: (connection: Connection, call: number) => Promise<string>): Promise<string> {
    const call = new Call();
    const result = call.run(connect, start);
    const release = watch(call, signal, running);
    try {
      return await result;
    } finally {
      release();
    }
  }

  const client: Client = {
    async chat<T>(request: ChatRequest<T>) {
      const { data, signal } = readRequest(request);
      const json = await run(signal, ({ core, client }, call) => core.chat(client, call, data));
      return reviveResponse(JSON.parse(json) as ChatResponse) as ChatResponse<T>;
    },

    stream<T>(request: ChatRequest<T>) {
      // What is wrong with it is told by the first read: a stream that nobody reads does nothing.
      const { data, signal, error } = tryRead(request);
      const call = new Call();
      const pump = new Pump({
        signal,
        running,
        now: host.now,
        cancel: (stop) => call.abort(stop),
        open: () =>
          call.run(connect, async ({ core, client }, number) => {
            if (!data) throw error;
            const [stream, body] = await core.open(client, number, data);
            return { core, stream, body };
          }),
      });
      return new ChatStream<T>(pump);
    },

    async check(provider) {
      const start = host.now();
      try {
        const json = await run(undefined, ({ core, client }, call) => core.check(client, call, String(provider)));
        const { error, ...result } = JSON.parse(json) as { ok: boolean; models?: number; latencyMs: number; error?: ErrorData };
        return error ? { ...result, error: LlmError.of(error) } : result;
      } catch (thrown) {
        return { ok: false, latencyMs: host.now() - start, error: errorFrom(thrown) };
      }
    },

    async close() {
      closed = true;
      for (const one of [...running]) one.abort({ message: "the call was aborted: its client was closed" });
      free(held);
    },

    [asyncDispose]: () => client.close(),
  };
  onCollected(client, freeing(held));
  return client;
}

function tryRead(request: ChatRequest<any>): Partial<ReturnType<typeof readRequest>> & { error?: unknown } {
  try {
    return readRequest(request);
  } catch (error) {
    return { error };
  }
}

// Made out here: a function made in there would keep the client alive.
const freeing = (held: { connection?: Connection }) => () => free(held);

function free(held: { connection?: Connection }): void {
  held.connection?.core.client_free(held.connection.client);
  delete held.connection;
}
