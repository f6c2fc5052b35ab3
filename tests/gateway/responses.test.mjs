// POST /v1/responses, event by event: what goes out, what comes back.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createClient } from "modelwire";
import { zodTextFormat } from "openai/helpers/zod";
import { z } from "zod";
import { fn, key, made } from "./responses_made.mjs";

describe("what goes out", () => {
  test("instructions, items, tools and settings are the provider's own", async () => {
    const { post, asked } = made();
    const input = [
      { role: "developer", content: "Be brief." },
      { type: "message", role: "user", content: [{ type: "input_text", text: "Look" }, { type: "input_image", image_url: "https://a.example/a.png", detail: "low" }, { type: "input_file", file_url: "https://a.example/a.pdf?b" }] },
      { type: "message", id: "msg_1", status: "completed", role: "assistant", content: [{ type: "output_text", text: "I look.", annotations: [], logprobs: [] }] },
      { type: "function_call", id: "fc_1", call_id: "call_1", name: "f", arguments: '{"a":1}', status: "completed" },
      { type: "function_call", call_id: "call_2", name: "f", arguments: "" },
      { type: "function_call_output", call_id: "call_1", output: "one" },
      { type: "function_call_output", call_id: "call_2", output: [{ type: "input_text", text: "two" }, { type: "input_image", image_url: "data:image/png;base64,iVBORw0KGgo=" }] },
    ];
    const { status, text } = await post({ instructions: "Be kind.", input, tools: [fn], tool_choice: { type: "function", name: "f" }, max_output_tokens: 77 });
    assert.equal(status, 200, text);
    const [{ system, messages, tools, tool_choice, max_tokens }] = asked;
    assert.match(JSON.stringify(system), /Be kind\.[^]*Be brief\./);
    assert.deepEqual([tools[0].name, tool_choice.name, max_tokens], ["f", "f", 77]);
    assert.deepEqual(messages.map(({ role }) => role), ["user", "assistant", "user"]);
    assert.deepEqual(messages[0].content.map(({ type }) => type), ["text", "image", "document"]);
    assert.deepEqual(messages[1].content.map(({ type, id, input }) => [type, id, input]), [["text", undefined, undefined], ["tool_use", "call_1", { a: 1 }], ["tool_use", "call_2", {}]]);
    assert.deepEqual(messages[2].content.map(({ tool_use_id }) => tool_use_id), ["call_1", "call_2"]);
  });

  test("what only says how the model samples, or caches, is left out with a warning; what says what happens anyway is taken", async () => {
    const { post } = made();
    const { status, json } = await post({
      text: { verbosity: "low" }, prompt_cache_key: "a", prompt_cache_retention: "24h", reasoning: { effort: "xhigh", summary: "auto" },
      store: false, background: false, service_tier: "auto", parallel_tool_calls: true, top_logprobs: 0, truncation: "disabled", include: ["reasoning.encrypted_content"], previous_response_id: null, user: "u", safety_identifier: "s", metadata: { a: "b" },
    });
    assert.equal(status, 200, JSON.stringify(json));
    const warned = json.modelwire.warnings.map(({ setting }) => setting);
    for (const setting of ["text.verbosity", "prompt_cache_key", "prompt_cache_retention", "reasoning.effort", "reasoning.summary"]) assert.ok(warned.includes(setting), setting);
    assert.deepEqual([json.metadata, json.user, json.safety_identifier, json.store, json.previous_response_id], [{ a: "b" }, "u", "s", false, null]);
    assert.equal((await post({ stream: true, stream_options: { include_obfuscation: false } })).status, 200);
  });

  test('truncation "auto" leaves the oldest turns out, where "disabled" refuses', async () => {
    const turn = (at) => [{ role: "user", content: `${at}: ${"word ".repeat(300)}` }, { role: "assistant", content: "ok" }];
    const input = [...[1, 2, 3, 4, 5, 6].flatMap(turn), { role: "user", content: "the last" }];
    const catalog = { "anthropic/claude-haiku-5-5": { contextWindow: 1500 } };
    const { post, asked } = made(undefined, { catalog });
    const refused = await post({ input, max_output_tokens: 100 });
    assert.deepEqual([refused.status, refused.json.error.code, asked.length], [400, "context_length_exceeded", 0]);
    const { status, json } = await post({ input, max_output_tokens: 100, truncation: "auto" });
    assert.deepEqual([status, json.truncation], [200, "auto"]);
    assert.ok(!JSON.stringify(asked[0]).includes("1: word") && JSON.stringify(asked[0]).includes("the last"));
  });
});

describe("what comes back", () => {
  const thinking = { reasoning: "I think so.", text: "Done.", toolCalls: [{ name: "f", input: { a: 1 } }, { name: "f", input: {} }] };

  for (const model of ["claude", "command", "chat", "luna"]) {
    test(`${model}: events and their sum are the same answer, and the same as the whole one`, async () => {
      const body = { model, tools: [fn], reasoning: { effort: "low" }, max_output_tokens: 4000 };
      // Before its calls, Cohere's model has a plan and no text.
      const script = [model === "command" ? { ...thinking, text: undefined } : thinking];
      const all = await made(script).events(body);
      const built = [];
      for (const event of all) {
        const { output_index: at, item, delta } = event;
        if (event.type === "response.output_item.added") assert.equal(built.push({ id: item.id, text: "" }) - 1, at);
        if (delta !== undefined) {
          assert.equal(event.item_id, built[at].id);
          built[at].text += delta;
        }
        if (event.type === "response.output_item.done") built[at].item = item;
        if (event.type.endsWith(".done") && typeof (event.text ?? event.arguments) === "string") assert.equal(event.text ?? event.arguments, built[at].text);
      }
      const last = all.at(-1);
      assert.deepEqual([last.type, last.response.status], ["response.completed", "completed"]);
      assert.deepEqual(last.response.output, built.map(({ item }) => item));
      const { json } = await made(script).post(body);
      const plain = ({ output }) => output.map(({ type, summary, content, arguments: text, name, status }) => ({ type, summary, content, text, name, status }));
      assert.deepEqual(plain(json), plain(last.response));
      assert.deepEqual(Object.keys(json).sort(), Object.keys(last.response).sort());
      assert.deepEqual(json.output.filter(({ type }) => type === "function_call").map((call) => call.arguments), ['{"a":1}', "{}"]);
      assert.equal(new Set(json.output.map(({ id }) => id)).size, json.output.length);
    });
  }

  test("what a provider signs comes back to it: the items of an answer are the next request's, whole, streamed and through the SDK's helper", async () => {
    for (const model of ["claude", "luna"]) {
      const body = { model, tools: [fn], reasoning: { effort: "low" }, max_output_tokens: 4000 };
      const ways = { whole: async ({ post }) => (await post(body)).json.output, streamed: async ({ events }) => (await events(body)).filter(({ type }) => type === "response.output_item.done").map(({ item }) => item), sdk: async ({ openai }) => (await openai.responses.stream({ ...body, input: "Hi" }).finalResponse()).output };
      for (const [way, ask] of Object.entries(ways)) {
        const there = made([thinking, "Good."]);
        const output = await ask(there);
        const thought = output.find(({ type }) => type === "reasoning");
        assert.ok(thought?.encrypted_content, `${model}, ${way}`);
        const results = output.filter(({ type }) => type === "function_call").map(({ call_id }) => ({ type: "function_call_output", call_id, output: "1" }));
        const { status, json } = await there.post({ ...body, input: [{ role: "user", content: "Hi" }, ...output, ...results] });
        assert.equal(status, 200, JSON.stringify(json));
        const sent = JSON.stringify(there.asked[1]);
        const signature = thought.encrypted_content.split(":").pop();
        assert.ok(sent.includes(signature), `${model}, ${way}: ${sent}`);
        assert.ok(!sent.includes("mw1:"), "as it was, and not as it was carried");
        assert.deepEqual(json.modelwire.warnings.filter(({ code }) => code === "repaired-history"), [], `${model}, ${way}`);
        // Nobody else is shown it.
        await there.post({ ...body, model: "command", input: [{ role: "user", content: "Hi" }, ...output, ...results] });
        assert.ok(!JSON.stringify(there.asked[2]).includes(signature));
      }
    }
  });

  test("thoughts that a provider keeps to itself make the round as well, streamed or not", async () => {
    const block = { type: "redacted_thinking", data: "c2VjcmV0:bHk=" };
    const message = { id: "msg_1", type: "message", role: "assistant", model: "m", content: [], stop_reason: null, usage: { input_tokens: 1, output_tokens: 1 } };
    const live = [{ type: "message_start", message }, { type: "content_block_start", index: 0, content_block: block }, { type: "content_block_stop", index: 0 }, { type: "content_block_start", index: 1, content_block: { type: "text", text: "" } }, { type: "content_block_delta", index: 1, delta: { type: "text_delta", text: "Yes." } }, { type: "content_block_stop", index: 1 }, { type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 9 } }, { type: "message_stop" }];
    const there = made([], {
      reply: (_, { body }) => {
        if (!JSON.parse(Buffer.from(body)).stream) return Response.json({ ...message, content: [block, { type: "text", text: "Yes." }], stop_reason: "end_turn" });
        return new Response(live.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join(""), { headers: { "content-type": "text/event-stream" } });
      },
    });
    for (const output of [(await there.post({})).json.output, (await there.events()).at(-1).response.output]) {
      assert.deepEqual(output.map(({ type }) => type), ["reasoning", "message"]);
      await there.post({ input: [{ role: "user", content: "Hi" }, ...output, { role: "user", content: "And?" }] });
      assert.deepEqual(there.asked.at(-1).messages[1].content[0], block);
    }
  });

  test("what somebody else sealed is left out with a warning", async () => {
    const { post, asked } = made();
    for (const encrypted_content of ["gAAAAABo", "mw1:::", "mw1:%ff:m::sig", "mw2:anthropic:m::sig"]) {
      const { status, json } = await post({ input: [{ role: "user", content: "Hi" }, { type: "reasoning", id: "rs_1", summary: [], encrypted_content }, { role: "assistant", content: "Yes" }, { role: "user", content: "And?" }] });
      assert.equal(status, 200);
      assert.ok(json.modelwire.warnings.some(({ setting }) => setting === "input[1].encrypted_content"), encrypted_content);
      assert.ok(!JSON.stringify(asked.at(-1)).includes("sig"));
    }
  });

  test("a refusal is a refusal, whole and streamed, and no JSON to a client that parses", async () => {
    const chunk = (delta, finish_reason = null) => `data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", created: 1, model: "m", choices: [{ index: 0, delta, finish_reason }] })}\n\n`;
    const live = [chunk({ role: "assistant", content: null, refusal: "" }), chunk({ refusal: "I can" }), chunk({ refusal: "not." }), chunk({}, "stop"), "data: [DONE]\n\n"].join("");
    const whole = { id: "c", object: "chat.completion", created: 1, model: "m", choices: [{ index: 0, finish_reason: "stop", message: { role: "assistant", content: null, refusal: "I cannot." } }] };
    const { openai, events } = made([], { reply: (_, { body }) => (JSON.parse(Buffer.from(body)).stream ? new Response(live, { headers: { "content-type": "text/event-stream" } }) : Response.json(whole)) });
    const body = { model: "chat", input: "Hi", text: { format: zodTextFormat(z.object({ a: z.string() }), "a") } };
    for (const response of [await openai.responses.parse(body), await openai.responses.stream(body).finalResponse()]) {
      assert.deepEqual([response.status, response.output[0].content[0].type, response.output[0].content[0].refusal, response.output_parsed], ["completed", "refusal", "I cannot.", null]);
    }
    assert.deepEqual((await events(body)).filter(({ type }) => type.startsWith("response.refusal")).map(({ delta, refusal }) => delta ?? refusal), ["I can", "not.", "I cannot."]);
  });

  for (const [finishReason, reason] of Object.entries({ length: "max_output_tokens", "content-filter": "content_filter", refusal: "content_filter" })) {
    test(`an answer that ends with ${finishReason} is incomplete`, async () => {
      const script = [{ text: "Hello there", finishReason }];
      const { json } = await made(script).post({});
      const last = (await made(script).events()).at(-1);
      assert.equal(last.type, "response.incomplete");
      for (const response of [json, last.response]) assert.deepEqual([response.status, response.incomplete_details, response.completed_at, response.output[0].status], ["incomplete", { reason }, null, "incomplete"]);
      const final = await made(script).openai.responses.stream({ model: "claude", input: "Hi" }).finalResponse();
      assert.equal(final.output_text, "Hello there");
    });
  }

  test("a caller's budget ends an answer in the middle", async () => {
    const catalog = { "anthropic/claude-haiku-5-5": { price: { input: 0, output: 10 } } };
    const { events } = made([{ text: "word ".repeat(4000), usage: { inputTokens: 10, outputTokens: 4000 } }], { catalog, caller: { budget: { usd: 0.01 } } });
    const { response } = (await events({ max_output_tokens: 10_000 })).at(-1);
    assert.deepEqual([response.status, response.incomplete_details.reason, response.modelwire.finish_reason], ["incomplete", "max_output_tokens", "budget"]);
  });

  test("a failure after the first delta is the stream's last word, without a key, and told to the operator once", async () => {
    const { events, told } = made([{ text: "one two three four five", errorAfterEvents: 5 }]);
    const all = await events();
    const [error, failed] = all.slice(-2);
    assert.deepEqual([error.type, error.error.code, Object.keys(error.error)], ["error", "overloaded", ["message", "type", "param", "code"]]);
    assert.deepEqual([failed.type, failed.response.status, failed.response.error.code, failed.response.output[0].status], ["response.failed", "failed", "overloaded", "incomplete"]);
    assert.deepEqual(all.map(({ sequence_number }) => sequence_number), all.map((_, at) => at));
    assert.equal(told.length, 1);
    assert.ok(!JSON.stringify(all).includes(key));
  });

  test("an empty answer is a response without output", async () => {
    const { json } = await made([{ text: "" }]).post({});
    const all = await made([{ text: "" }]).events();
    assert.deepEqual([json.status, json.output], ["completed", []]);
    assert.deepEqual(all.map(({ type }) => type), ["response.created", "response.in_progress", "response.completed"]);
  });
});

test("this package's own client reads every stream of it, and tools and thoughts make the round", async () => {
  const there = made([{ reasoning: "Hm.", text: "Well.", toolCalls: [{ name: "f", input: { a: 1 } }] }, "It is 1."]);
  const client = createClient({ providers: { home: { kind: "openai-compatible", api: "responses", baseURL: "http://gateway/v1", apiKey: "a" } }, fetch: (url, init) => there.gateway.fetch(new Request(url, init)) });
  const stream = client.stream({ model: "home/claude", messages: "Hi", reasoning: "low", maxTokens: 4000, tools: [{ name: "f", input: { type: "object", properties: { a: { type: "number" } } }, run: ({ a }) => String(a) }] });
  assert.equal(await stream.text(), "It is 1.");
  const { newMessages } = await stream.response;
  assert.deepEqual(newMessages[0].content.map(({ type }) => type), ["reasoning", "text", "tool-call"]);
  assert.deepEqual(there.asked[1].messages[1].content.map(({ type }) => type), ["thinking", "text", "tool_use"]);
});
