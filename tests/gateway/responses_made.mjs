// A gateway in this process, asked by POST /v1/responses.
import assert from "node:assert/strict";
import { createClient } from "modelwire";
import { createGateway } from "modelwire/gateway";
import { mockProviders } from "modelwire/testing";
import OpenAI from "openai";

export const key = "sk-the-gateways-own-key-0123456789abcdef";

/** A gateway before these answers; `reply`: what the provider says, if not the mock. */
export function made(script = ["Hello there."], { reply, caller, ...options } = {}) {
  const asked = [];
  const told = [];
  const mock = mockProviders(script);
  const client = createClient({
    providers: { anthropic: { apiKey: key }, chat: { kind: "openai", apiKey: key, api: "chat" }, openai: { apiKey: key, api: "responses" }, cohere: { apiKey: key } },
    models: { claude: "anthropic/claude-haiku-5-5", chat: "chat/gpt-6-luna", luna: "openai/gpt-6-luna", command: "cohere/command-a-03-2025" },
    retry: false,
    fetch: async (url, init) => {
      asked.push(JSON.parse(Buffer.from(init.body)));
      return reply ? reply(url, init) : mock.fetch(url, init);
    },
    ...options,
  });
  const gateway = createGateway(client, { authorize: () => ({ id: "a", ...caller }), allow: ["claude", "chat", "luna", "command"], onError: (error) => told.push(error) });
  const post = async (body) => {
    const request = new Request("http://gateway/v1/responses", { method: "POST", headers: { "content-type": "application/json" }, body: typeof body === "string" ? body : JSON.stringify({ model: "claude", input: "Hi", ...body }) });
    const response = await gateway.fetch(request);
    const text = await response.text();
    return { status: response.status, text, json: text.startsWith("{") ? JSON.parse(text) : null };
  };
  /** All the events of a stream, each as its name says. */
  const events = async (body) => {
    const { status, text } = await post({ stream: true, ...body });
    assert.equal(status, 200, text);
    return text.trim().split("\n\n").map((frame) => {
      const [, name, data] = /^event: (.*)\ndata: (.*)$/.exec(frame);
      assert.equal(JSON.parse(data).type, name);
      return JSON.parse(data);
    });
  };
  const openai = new OpenAI({ apiKey: "a", baseURL: "http://gateway/v1", maxRetries: 0, fetch: (url, init) => gateway.fetch(new Request(url, init)) });
  return { post, events, asked, told, openai, gateway };
}

export const user = (...content) => [{ role: "user", content }];
export const fn = { type: "function", name: "f", parameters: { type: "object", properties: {} }, strict: false };
