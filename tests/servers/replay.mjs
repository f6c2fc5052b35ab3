// A byte-exact HTTP server for tests: it sends what a script says, when it says so, and remembers what happened.
//
// Two ports on the loopback, both chosen by the system. The data port answers as the script that the first part of the
// path names; the control port takes scripts and tells what was seen, so that a test in another process (a browser, a
// worker) can ask. They are apart because a browser opens six connections to an origin and no more: a test that holds
// six streams open could not ask anything. `replay-client.mjs` is the other end. No test waits by the clock: pauses end
// by `release`, and questions are answered when what they ask for has happened.
//
// A script, all of it JSON:
//   body      text, or a list of texts (the pieces), or { endless: text, first?: text }: until the client goes away
//   fixture   "openai/chat-text": tests/fixtures/openai/chat-text/stream.txt, in place of `body`
//   cut       how the body is cut into writes: "pieces" (as listed; default), "whole", "bytes", "events", or offsets
//   hold      which writes wait for a release: "each", or a list of indices (that after the last: the end); "head": nothing
//             is answered before one
//   end       "close" (default), "drop" (the connection breaks without the body's end), "open" (nothing more comes)
//   status, headers
//   replies   a list of scripts in place of all this: one for each request, the last one for all that follow
//   redirect  a URL (status 307)
//   cors      "allow" (default), "hide" (allowed, but no header is exposed), "none", "refuse-preflight"
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { setImmediate } from "node:timers/promises";

const host = "127.0.0.1";
const answerMs = 10_000;

/** Starts one: { origin, elsewhere (a second origin with the same scripts), control, script(), close() }. */
export async function startReplay() {
  const state = new State();
  const servers = [
    await listen((request, response) => state.serve(request, response, "main")),
    await listen((request, response) => state.serve(request, response, "elsewhere")),
    await listen((request, response) => control(state, request, response)),
  ];
  const [origin, elsewhere, controlOrigin] = servers.map((server) => `http://${host}:${server.address().port}`);
  return {
    origin,
    elsewhere,
    control: controlOrigin,
    script: (script) => state.add(script),
    async close() {
      for (const server of servers) server.closeAllConnections();
      await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
    },
  };
}

class State {
  scripts = new Map();

  add(script) {
    const id = `s${this.scripts.size + 1}`;
    this.scripts.set(id, new Script(script));
    return id;
  }

  async serve(request, response, at) {
    request.socket.setNoDelay(true);
    const [, id] = new URL(request.url, "http://x").pathname.split("/");
    const script = this.scripts.get(id);
    if (!script) return response.writeHead(404, cors("allow", request)).end("no such script");
    await script.answer(request, response, at);
  }
}

class Script {
  requests = [];
  preflights = 0;
  marked = null;
  #permits = 0;
  #waiting = [];
  #watchers = new Set();

  constructor(script) {
    this.script = script;
  }

  async answer(request, response, at) {
    const { replies } = this.script;
    const script = replies ? replies[Math.min(this.requests.length, replies.length - 1)] : this.script;
    if (request.method === "OPTIONS") {
      this.preflights += 1;
      return response.writeHead(script.cors === "refuse-preflight" ? 403 : 204, cors(script.cors, request)).end();
    }
    const exchange = new Exchange(request, at);
    this.requests.push(exchange);
    response.on("close", () => {
      exchange.close(response.writableFinished ? "finished" : "aborted");
      this.#waiting = this.#waiting.filter((waiter) => waiter.exchange !== exchange || waiter.go());
      this.#changed();
    });
    // A client that goes away is no news here: "close" follows.
    response.on("error", () => {});
    request.on("error", () => {});
    exchange.body = await text(request).catch(() => null);
    exchange.arrivedMs = performance.now();
    this.#changed();
    await this.#play(request, response, exchange, script);
  }

  async #play(request, response, exchange, script) {
    if (script.hold === "head") await this.#pause(exchange);
    if (exchange.closed) return;
    const headers = { "content-type": "text/event-stream", ...cors(script.cors, request), ...script.headers };
    if (script.redirect) return response.writeHead(307, { ...headers, location: script.redirect }).end();
    response.writeHead(script.status ?? 200, headers);
    response.flushHeaders();
    const holds = (index) => script.hold === "each" || (Array.isArray(script.hold) && script.hold.includes(index));
    let index = 0;
    for await (const piece of pieces(script)) {
      if (holds(index)) await this.#pause(exchange);
      if (exchange.closed) return;
      await write(response, piece, exchange);
      index += 1;
      exchange.sent = index;
      this.#changed();
    }
    if (holds(index)) await this.#pause(exchange);
    if (exchange.closed || script.end === "open") return;
    if (script.end === "drop") return request.socket.resetAndDestroy();
    response.end();
  }

  #pause(exchange) {
    if (this.#permits > 0) {
      this.#permits -= 1;
      return;
    }
    exchange.paused = true;
    this.#changed();
    return new Promise((go) => {
      this.#waiting.push({ exchange, go: () => ((exchange.paused = false), go(), false) });
    });
  }

  /** Lets so many held writes go: those that wait, then those to come. */
  release(count) {
    for (const waiter of this.#waiting.splice(0, count)) {
      waiter.go();
      count -= 1;
    }
    this.#permits += count;
  }

  /** Resolves when `until` holds of `count` requests, or after ten seconds: the test then sees what is missing. */
  async settled(until, count) {
    const holds = {
      arrived: (exchange) => exchange.arrivedMs !== null,
      paused: (exchange) => exchange.paused,
      closed: (exchange) => exchange.closed,
      "all-closed": () => this.requests.every((exchange) => exchange.closed),
    }[until];
    const met = () => !holds || this.requests.filter(holds).length >= count;
    if (met()) return;
    await new Promise((resolve) => {
      const watcher = () => {
        if (!met()) return;
        this.#watchers.delete(watcher);
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => (this.#watchers.delete(watcher), resolve()), answerMs);
      this.#watchers.add(watcher);
    });
  }

  #changed() {
    for (const watcher of this.#watchers) watcher();
  }

  report() {
    const open = this.requests.filter((exchange) => !exchange.closed).length;
    return { preflights: this.preflights, open, requests: this.requests.map((exchange) => exchange.report(this.marked)) };
  }
}

/** One request, and what became of it. */
class Exchange {
  arrivedMs = null;
  closedMs = null;
  how = null;
  body = null;
  sent = 0;
  paused = false;
  #leave;

  constructor(request, at) {
    this.gone = new Promise((resolve) => (this.#leave = resolve));
    const { method, url, headers } = request;
    this.head = { method, path: url, at, headers: masked(headers) };
  }

  get closed() {
    return this.how !== null;
  }

  close(how) {
    this.how = how;
    this.closedMs = performance.now();
    this.#leave();
  }

  report(marked) {
    const closedAfterMarkMs = this.closed && marked !== null ? this.closedMs - marked : null;
    return { ...this.head, body: this.body, how: this.how, sent: this.sent, paused: this.paused, closedAfterMarkMs };
  }
}

// Enough of a key to tell which it was.
function masked(headers) {
  const secret = /^(authorization|x-api-key|api-key)$/;
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, secret.test(name) ? value.replace(/\S+(?=\S{4}$)/, "***") : value]),
  );
}

function cors(mode = "allow", request) {
  if (mode === "none") return {};
  return {
    "access-control-allow-origin": "*",
    "access-control-allow-methods": "GET, POST",
    // By name: "*" does not cover authorization.
    "access-control-allow-headers": request.headers["access-control-request-headers"] ?? "*",
    "access-control-max-age": "600",
    ...(mode === "hide" ? {} : { "access-control-expose-headers": "*" }),
  };
}

async function* pieces(script) {
  const { body = "", fixture, cut = "pieces" } = script;
  if (typeof body === "object" && "endless" in body) {
    if (body.first) yield Buffer.from(body.first);
    for (const piece = Buffer.from(body.endless); ; ) yield piece;
  }
  if (!fixture && cut === "pieces") return yield* [body].flat().map((piece) => Buffer.from(piece));
  const whole = fixture ? await readFile(new URL(`../fixtures/${fixture}/stream.txt`, import.meta.url)) : Buffer.from([body].flat().join(""));
  if (cut === "bytes") for (const byte of whole) yield Buffer.of(byte);
  else if (cut === "events") yield* whole.toString("latin1").split(/(?<=\n\n|\r\n\r\n)/).map((event) => Buffer.from(event, "latin1"));
  else if (Array.isArray(cut)) yield* [0, ...cut].map((from, index) => whole.subarray(from, cut[index]));
  else yield whole;
}

// Done when the system has taken it; the turn of the loop keeps two writes from leaving as one.
async function write(response, piece, exchange) {
  await Promise.race([new Promise((resolve) => response.write(piece, resolve)), exchange.gone]);
  await setImmediate();
}

// ── control

async function control(state, request, response) {
  const url = new URL(request.url, "http://x");
  const [, what, id, action] = url.pathname.split("/");
  const answer = (value) => {
    response.writeHead(200, { "content-type": "application/json", "access-control-allow-origin": "*", "cache-control": "no-store" });
    response.end(JSON.stringify(value));
  };
  if (what !== "scripts") return response.writeHead(404).end();
  if (!id) return answer({ id: state.add(JSON.parse(await text(request))) });
  const script = state.scripts.get(id);
  if (!script) return response.writeHead(404).end();
  const count = Number(url.searchParams.get("count") ?? 1);
  if (action === "release") script.release(count);
  if (action === "mark") script.marked = performance.now();
  if (action === "seen") await script.settled(url.searchParams.get("until"), count);
  answer(script.report());
}

async function text(request) {
  const list = [];
  for await (const piece of request) list.push(piece);
  return Buffer.concat(list).toString();
}

async function listen(handler) {
  const server = createServer((request, response) => {
    Promise.resolve(handler(request, response)).catch((error) => response.destroy(error));
  });
  // A thousand requests that break off in a row are what this is for.
  server.maxConnections = 10_000;
  server.keepAliveTimeout = 60_000;
  await new Promise((resolve) => server.listen(0, host, resolve));
  return server;
}
