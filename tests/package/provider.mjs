// A provider on this machine. It sends the first half of its answer, and the second when the test has seen the first: what
// shows the one before the other has streamed.
import { EventEmitter, once } from "node:events";
import { createServer } from "node:http";

export const halves = ["Hello, ", "world."];

/**
 * Starts it: `url` for `baseURL`, `proceed()` to have the oldest waiting answer finished,
 * `asked()` for when one is waiting, `close()`.
 */
export async function startProvider() {
  const waiting = [];
  const arrived = new EventEmitter();
  const server = createServer(async (request, response) => {
    response.setHeader("access-control-allow-origin", "*");
    if (request.method === "OPTIONS") {
      response.setHeader("access-control-allow-headers", request.headers["access-control-request-headers"] ?? "");
      return response.writeHead(204).end();
    }
    if (request.method !== "POST" || request.url !== "/v1/chat/completions") return response.writeHead(404).end();
    for await (const _ of request);
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(event({ choices: [{ index: 0, delta: { role: "assistant", content: halves[0] } }] }));
    waiting.push(() => {
      response.write(event({ choices: [{ index: 0, delta: { content: halves[1] } }] }));
      response.write(event({ choices: [{ index: 0, delta: {}, finish_reason: "stop" }] }));
      response.write(event({ choices: [], usage: { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 } }));
      response.end("data: [DONE]\n\n");
    });
    arrived.emit("asked");
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}/v1`,
    asked: async () => waiting.length > 0 || once(arrived, "asked"),
    proceed: () => waiting.shift()(),
    close: () => new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    }),
  };
}

function event(chunk) {
  return `data: ${JSON.stringify({ id: "c1", object: "chat.completion.chunk", created: 1, model: "tiny", ...chunk })}\n\n`;
}
