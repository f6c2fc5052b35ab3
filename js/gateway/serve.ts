// createGateway: who asks, for what, and what he gets.
import { describe, isLlmError } from "../errors.ts";
import type { Pump } from "../pump.ts";
import type { Encoding } from "../reply.ts";
import type { ChatStream } from "../stream.ts";
import { inside, type Inside } from "../symbols.ts";
import type { Caller, GatewayOptions } from "../types/gateway.ts";
import type { ChatRequest, ChatResponse, Client, EmbedRequest } from "../types.ts";
import { loadWhole } from "../wasm.ts";
import { answerIn, embeddings, figures, streamed, whole } from "./answer.ts";
import { readBody } from "./body.ts";
import { readChat, type ChatAsked } from "./chat_request.ts";
import { readEmbed } from "./embed_request.ts";
import { memoryLimits } from "./memory.ts";
import { checkCaller, readOptions, type Settings } from "./options.ts";
import { Refusal, refusalOf } from "./refusal.ts";
import { readResponses } from "./responses_request.ts";
import { ResponseWriter, streamedResponse, wholeResponse } from "./responses.ts";

/** One request, and who makes it. */
interface Visit {
  request: Request;
  caller: Caller;
  /** What is told when it fails. */
  told(thrown: unknown): Refusal;
}

type Asked = Omit<ChatAsked, "includeUsage">;

/** How an answer is written. */
interface Face {
  whole(response: ChatResponse): Promise<Written> | Written;
  streamed(pump: Pump): Encoding;
}
type Written = ReturnType<typeof whole>;

type Route = (visit: Visit) => Promise<Response> | Response;

/**
 * An OpenAI-shaped HTTP face of a client: POST /v1/chat/completions and POST /v1/responses (whole or as
 * a stream), POST /v1/embeddings, GET /v1/models,
 * GET /v1/models/{name}, and GET /health, which is for everybody. Throws a TypeError for options that are wrong; `fetch` never
 * rejects.
 */
export function createGateway(client: Client, options: GatewayOptions): { fetch(request: Request): Promise<Response> } {
  const settings = readOptions(options);
  const door = (client as Partial<Inside> | null)?.[inside];
  if (!door) throw new TypeError("createGateway takes a client that createClient made");
  const scope = { $store: door.keep(settings.store ?? memoryLimits(door.now)) };
  const running = new Map<string, number>();

  /** What the core reads of a caller: his budget and limits, in this gateway's store. */
  function underOf({ id, budget, limits, tags }: Caller): object {
    const { maxConcurrent: _, ...rest } = limits ?? {};
    return {
      id,
      ...(budget && { budget: { ...budget, scope } }),
      ...(limits && { limits: { maxWaitMs: 0, ...rest, scope } }),
      ...(tags && { tags }),
    };
  }

  /** Takes one of a caller's places; gives what gives it back. */
  function place({ id, limits }: Caller): () => void {
    const most = limits?.maxConcurrent;
    if (most === undefined) return () => {};
    if (settings.store) throw new TypeError("a caller's maxConcurrent cannot be kept in a store: one that crashes would never give its place back");
    const count = running.get(id) ?? 0;
    if (count >= most) throw new Refusal(429, `at most ${most} requests at once`, { type: "rate_limit_error", code: "rate_limit_exceeded", headers: { "retry-after": "1" } });
    running.set(id, count + 1);
    let given = false;
    return () => {
      if (given) return;
      given = true;
      const left = running.get(id)! - 1;
      if (left > 0) running.set(id, left);
      else running.delete(id);
    };
  }

  async function chat(visit: Visit): Promise<Response> {
    const { includeUsage, ...asked } = readChat(await bodyOf(visit.request), settings);
    return answered(visit, asked, {
      whole: async (response) => whole(await loadWhole(), response, asked.warnings),
      streamed: (pump) => streamed(pump, includeUsage, asked.warnings, visit.told),
    });
  }

  async function responses(visit: Visit): Promise<Response> {
    const { echo, ...asked } = readResponses(await bodyOf(visit.request), settings);
    const writer = new ResponseWriter(echo, asked.warnings);
    return answered(visit, asked, { whole: (response) => wholeResponse(writer, response), streamed: () => streamedResponse(writer, visit.told) });
  }

  async function answered({ request, caller, told }: Visit, { model, request: asked, stream }: Asked, face: Face): Promise<Response> {
    allow(caller, model);
    const given = {
      ...asked,
      model,
      tags: { ...(asked.tags as object), ...traceOf(request), ...caller.tags },
      headers: forwarded(request, settings),
      timeout: { totalMs: settings.timeoutMs },
      signal: request.signal,
      $caller: underOf(caller),
    } as unknown as ChatRequest;
    const leave = place(caller);
    if (stream) {
      let source: Pump;
      const encoding = (pump: Pump) => {
        source = pump;
        pump.onEnd(leave);
        return face.streamed(pump);
      };
      // Once it begins: until then a failure is a status.
      const response = await (client.stream(given) as ChatStream).toResponse(encoding);
      return response.ok ? response : refused(told(source!.failure));
    }
    try {
      const { body, headers } = await face.whole(await client.chat(given).catch(orAnswer));
      return new Response(body, { headers: { ...headers, "content-type": "application/json" } });
    } finally {
      leave();
    }
  }

  async function embed({ request, caller }: Visit): Promise<Response> {
    const { base64, ...asked } = readEmbed(await bodyOf(request));
    allow(caller, asked.model);
    const leave = place(caller);
    const time = AbortSignal.timeout(settings.timeoutMs);
    try {
      // Embeddings have no tags of their own.
      const tagged = { ...caller, tags: { ...traceOf(request), ...caller.tags } };
      const given = { ...asked, signal: AbortSignal.any([request.signal, time]), $caller: underOf(tagged) } as unknown as EmbedRequest;
      const response = await client.embed(given);
      return Response.json(embeddings(response, base64), { headers: figures(response) });
    } catch (thrown) {
      throw time.aborted ? new Refusal(504, "the answer took too long", { type: "server_error", code: "timeout" }) : thrown;
    } finally {
      leave();
    }
  }

  const bodyOf = (request: Request) => readBody(request, settings.maxBodyBytes, settings.bodyTimeoutMs);
  const mayUse = ({ allow }: Caller, model: string) => settings.allow.has(model) && (allow?.includes(model) ?? true);

  /** In the same words whether it exists or not. */
  function allow(caller: Caller, model: string): void {
    if (!mayUse(caller, model)) throw new Refusal(404, `the model "${model.slice(0, 100)}" does not exist, or is not for you`, { code: "model_not_found", param: "model" });
  }

  const described = (id: string) => ({ id, object: "model", created: 0, owned_by: "modelwire" });
  const routes: Record<string, { method: string; route: Route }> = {
    "/v1/chat/completions": { method: "POST", route: chat },
    "/v1/responses": { method: "POST", route: responses },
    "/v1/embeddings": { method: "POST", route: embed },
    "/v1/models": {
      method: "GET",
      route: ({ caller }) => Response.json({ object: "list", data: [...settings.allow].filter((model) => mayUse(caller, model)).map(described) }),
    },
  };

  function routeOf(path: string): { method: string; route: Route } {
    if (Object.hasOwn(routes, path)) return routes[path]!;
    const name = /^\/v1\/models\/(.+)$/.exec(path)?.[1];
    if (name === undefined) throw new Refusal(404, "there is nothing here", { code: "not_found" });
    return {
      method: "GET",
      route({ caller }) {
        const model = decoded(name);
        allow(caller, model);
        return Response.json(described(model));
      },
    };
  }

  async function answer(request: Request, told: (thrown: unknown, caller?: Caller) => Refusal): Promise<Response> {
    const { pathname } = new URL(request.url);
    const path = pathname.startsWith(`${settings.basePath}/`) ? pathname.slice(settings.basePath.length) : "";
    if (path === "/health" && (request.method === "GET" || request.method === "HEAD")) return Response.json({ status: "ok" });
    const caller = await options.authorize(request);
    if (caller === null) {
      const message = "this key is not valid here, or no longer";
      throw new Refusal(401, message, { type: "authentication_error", code: "invalid_api_key", headers: { "www-authenticate": "Bearer" } });
    }
    checkCaller(caller);
    const { method, route } = routeOf(path);
    if (request.method !== method) throw new Refusal(405, `this takes ${method}`, { headers: { allow: method } });
    try {
      return await route({ request, caller, told: (thrown) => told(thrown, caller) });
    } catch (thrown) {
      return refused(told(thrown, caller));
    }
  }

  return {
    async fetch(request) {
      const id = `req_${crypto.randomUUID()}`;
      const told = (thrown: unknown, caller?: Caller): Refusal => {
        const refusal = refusalOf(thrown);
        if (refusal.status >= 500 && !(thrown instanceof Refusal)) hear(options.onError, thrown, { requestId: id, callerId: caller?.id ?? null });
        return refusal;
      };
      const cross = crossOrigin(request, settings);
      let response: Response;
      try {
        if (request.method === "OPTIONS") return preflight(request, cross);
        response = await answer(request, told);
      } catch (thrown) {
        response = refused(told(thrown));
      }
      response.headers.set("x-request-id", id);
      response.headers.set("cache-control", "no-store");
      response.headers.set("x-content-type-options", "nosniff");
      for (const [name, value] of Object.entries(cross)) response.headers.set(name, value);
      return response;
    },
  };
}

/** The trace that a caller's request belongs to goes on here, where the client has an `otlpLog`: see https://www.w3.org/TR/trace-context/. */
function traceOf({ headers }: Request): Record<string, string> {
  const traceparent = headers.get("traceparent");
  return traceparent !== null && /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/.test(traceparent) ? { traceparent } : {};
}

function hear(onError: GatewayOptions["onError"], thrown: unknown, detail: { requestId: string; callerId: string | null }): void {
  if (onError) return onError(thrown, detail);
  const what = isLlmError(thrown) ? `${thrown.code}: ${thrown.message}` : describe(thrown);
  console.error(`modelwire gateway, ${detail.requestId}: ${what}`);
}

function orAnswer(thrown: unknown) {
  const answer = answerIn(thrown);
  if (answer) return answer;
  throw thrown;
}

function refused(refusal: Refusal): Response {
  return Response.json(refusal.body(), { status: refusal.status, headers: refusal.headers });
}

/** Those that were listed; values that came in a request can go out in one. */
function forwarded({ headers }: Request, { forwardHeaders }: Settings): Record<string, string> {
  const some: [string, string][] = [];
  for (const name of forwardHeaders) {
    const value = headers.get(name);
    if (value !== null) some.push([name, value]);
  }
  return Object.fromEntries(some);
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    throw new Refusal(404, "there is nothing here", { code: "not_found" });
  }
}

const exposed = "x-request-id, retry-after, retry-after-ms, x-should-retry, x-modelwire-provider, x-modelwire-input-tokens, x-modelwire-output-tokens, x-modelwire-cost-usd";

/** The headers for a page of another origin; none if it may not. */
function crossOrigin(request: Request, { origins }: Settings): Record<string, string> {
  if (origins === null) return {};
  const origin = request.headers.get("origin");
  const vary = { vary: "origin" };
  if (origin === null || !(origins === "*" || origins.has(origin))) return vary;
  return { ...vary, "access-control-allow-origin": origin, "access-control-expose-headers": exposed };
}

function preflight(request: Request, cross: Record<string, string>): Response {
  if (!("access-control-allow-origin" in cross)) return new Response(null, { status: 403, headers: cross });
  // OpenAI's client has a dozen of its own, which say what it runs on.
  const asked = (request.headers.get("access-control-request-headers") ?? "").toLowerCase().split(",").map((name) => name.trim());
  const allowed = asked.filter((name) => /^[\w-]{1,64}$/.test(name)).join(", ");
  return new Response(null, {
    status: 204,
    headers: { ...cross, "access-control-allow-methods": "GET, POST", "access-control-allow-headers": allowed, "access-control-max-age": "7200" },
  });
}
