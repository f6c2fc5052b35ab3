// A provider without a network. What it is not: a model, or a server. It sends the bytes that the real services send, in
// their order and framing, refuses what they refuse, and breaks where it is told to.
import { readCall, record, type Call } from "./call.ts";
import { realClock, rest, type Clock } from "./clock.ts";
import { brokenWhole, paced, withFaults } from "./body.ts";
import type { MockReply, MockRequest } from "./reply.ts";
import { readReply, type Reply } from "./script.ts";
import { answerOf } from "./answer.ts";
import { respond, type Refusal, type Wire } from "./wire.ts";
import { wireOf } from "./wires.ts";

export interface MockProviders {
  /** In place of the global one: `createClient({ fetch, … })`, or any SDK's own option of that name. */
  fetch: typeof fetch;
  /** What was asked, in order: chats, embeddings and lists of models. Headers are not kept and keys in a URL are masked. */
  requests: { provider: string; url: string; body: unknown }[];
}

/**
 * A provider without a network: queued answers, delays, faults. Works as `fetch`, and speaks all four wire formats: which
 * one is told by the URL, and for a host of your own by its path and headers.
 *
 * A list is a queue, one reply a chat; the last one stays for all that follow. A function is asked for each request. Without
 * either, or where a reply has neither `text` nor `toolCalls`, it answers with a few sentences about the prompt. Embeddings
 * (a vector of its own for each text, always the same) and lists of models are answered beside the queue; a function is asked
 * for them too, and its faults count.
 *
 * `clock`: what delays and paces go by (`virtualClock()`); the real time unless given.
 */
export function mockProviders(script?: MockReply[] | ((request: MockRequest) => MockReply), { clock = realClock }: { clock?: Clock } = {}): MockProviders {
  const next = scripted(script);
  const requests: MockProviders["requests"] = [];
  let calls = 0;
  const mockFetch = async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const call = await readCall(input, init, ++calls);
    const wire = wireOf(call);
    const entry = { provider: wire.provider, ...record(call) };
    requests.push(entry);
    const refusal = refusalOf(wire, call);
    if (refusal) return respond(wire, call, refusal);
    const reply = readReply(next({ ...entry, prompt: call.prompt }, wire.route(call) === "chat"));
    await rest(reply.delayMs, call.signal, clock);
    // The message is the browsers' most common one; no runtime promises any.
    if (reply.networkError) throw new TypeError("Failed to fetch");
    if (wire.route(call) === "chat") return chat(wire, call, reply, clock);
    return whole(wire, call, reply, wire.route(call) === "models" ? wire.models() : wire.embeddings?.whole(call));
  };
  return { fetch: mockFetch as typeof fetch, requests };
}

function scripted(script: Parameters<typeof mockProviders>[0]): (request: MockRequest, isChat: boolean) => MockReply {
  if (typeof script === "function") return (request) => script(request);
  if (script !== undefined && !Array.isArray(script)) throw new TypeError("mockProviders takes a list of replies or a function");
  const queue = [...(script ?? [])];
  // A reply that is misspelt is found where it is written, not inside a client that calls it a dead network.
  queue.forEach(readReply);
  return (_request, isChat) => (!isChat || queue.length === 0 ? {} : queue.length > 1 ? queue.shift()! : queue[0]!);
}

function refusalOf(wire: Wire, call: Call): Refusal | null {
  const route = wire.route(call);
  if (route === null) return { kind: "not-found", message: `There is nothing at ${call.method} ${call.url.pathname}.` };
  if (wire.needsKey && !wire.key(call)) return { kind: "authentication", message: "No API key was sent." };
  if (route === "models") return null;
  if (call.body === null) return { kind: "invalid-request", message: "The body of the request is not a JSON object." };
  try {
    return (route === "embeddings" ? wire.embeddings! : wire).check(call);
  } catch {
    // A shape that no rule foresaw is a wrong shape.
    return { kind: "invalid-request", message: "The body of the request does not have the shape that it must have." };
  }
}

/** What is not made by a model: it is there at once, and the same whatever the script. */
function whole(wire: Wire, call: Call, reply: Reply, body: unknown): Response {
  if (reply.refusal) return respond(wire, call, reply.refusal);
  return new Response(JSON.stringify(body), { headers: { ...wire.headers(call), "content-type": "application/json" } });
}

async function chat(wire: Wire, call: Call, reply: Reply, clock: Clock): Promise<Response> {
  const streams = call.body?.["stream"] === true;
  // An error that comes after some events needs events: a whole answer fails with its status instead.
  const late = streams && reply.errorAfterEvents !== undefined;
  if (reply.refusal && !late) return respond(wire, call, reply.refusal);
  const answer = answerOf(reply, call, wire.provider);
  const headers = { ...wire.headers(call), "content-type": streams ? wire.streamType : "application/json" };
  if (streams) {
    const frames = withFaults(wire.frames(answer, call), reply, (sent) => wire.failure(reply.refusal ?? { kind: "overloaded" }, call, sent));
    return new Response(paced(frames, reply.tokensPerSecond, call.signal, clock), { headers });
  }
  if (reply.tokensPerSecond) await rest((answer.usage.outputTokens * 1000) / reply.tokensPerSecond, call.signal, clock);
  const body = brokenWhole(JSON.stringify(wire.whole(answer, call)), reply);
  return new Response(paced(body, undefined, call.signal, clock), { headers });
}
