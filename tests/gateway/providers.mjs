// The providers behind a gateway: the package's own mock, which speaks their wire formats, as a server; and what became of each
// request.
import { EventEmitter } from "node:events";
import { mockProviders } from "modelwire/testing";
import { serve } from "../../examples/bun-or-node/serve.mjs";

/** What the models answer. */
function script({ prompt, body }) {
  const text = JSON.stringify(body);
  if (text.includes("What is the weather?")) {
    if (text.includes("tool_result") || text.includes('"role":"tool"')) return { text: "It is sunny." };
    return { toolCalls: [{ name: "weather", input: { city: "Rome" } }] };
  }
  if (prompt.includes("as JSON")) return { text: '{"city":"Rome","population":2800000}' };
  if (prompt.includes("never end")) return { text: "one two three four five six seven eight", stallAfterEvents: 5 };
  if (prompt.includes("never begin")) return { stallAfterEvents: 0 };
  if (prompt.includes("break")) return { text: "one two three four five six", errorAfterEvents: 5 };
  const fault = /fail with ([\w-]+)/.exec(prompt)?.[1];
  if (fault) return { error: fault, ...(fault === "rate-limit" && { retryAfterSeconds: 7 }) };
  return { text: "Hello there, friend.", usage: { inputTokens: 12, outputTokens: 5 } };
}

/** What is no answer at all. */
const strange = {
  redirect: ({ host }) => new Response(null, { status: 302, headers: { location: `http://${host}/elsewhere` } }),
  html: () => new Response("<html>internal</html>", { headers: { "content-type": "text/html" } }),
  echo: (headers) => Response.json({ type: "error", message: JSON.stringify(headers), error: { type: "authentication_error", message: JSON.stringify(headers) } }, { status: 401 }),
};

/** `asked` and `gone`, in order: emitted as "asked" and "gone". `gone`: nobody wanted the rest of the answer. */
export async function startProviders(answer = script) {
  const mock = mockProviders(answer);
  const events = Object.assign(new EventEmitter(), { asked: [], gone: 0 });
  const { url, close } = await serve(async (request) => {
    const headers = Object.fromEntries(request.headers);
    const init = { method: request.method, headers, signal: request.signal, ...(request.method === "POST" && { body: await request.text() }) };
    let whole = false;
    request.signal.addEventListener("abort", () => {
      if (whole) return;
      events.gone++;
      events.emit("gone");
    });
    events.asked.push({ url: request.url, headers, body: init.body });
    events.emit("asked");
    const how = /answer with (\w+)/.exec(init.body ?? "")?.[1];
    const response = Object.hasOwn(strange, how) ? strange[how](headers) : await mock.fetch(request.url, init);
    if (!response.body) return response;
    const watched = response.body.pipeThrough(new TransformStream({ flush: () => void (whole = true) }));
    return new Response(watched, response);
  }, 0);
  return { url, close, events };
}
