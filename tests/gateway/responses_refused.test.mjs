// POST /v1/responses: what no model behind it might honour is a 400 that names it.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fn, made, user } from "./responses_made.mjs";

describe("what is refused by its name, and never ignored", () => {
  const rows = {
    store: { store: true }, previous_response_id: { previous_response_id: "resp_1" }, conversation: { conversation: "conv_1" }, background: { background: true },
    prompt: { prompt: { id: "p" } }, parallel_tool_calls: { parallel_tool_calls: false }, max_tool_calls: { max_tool_calls: 2 }, top_logprobs: { top_logprobs: 3 },
    service_tier: { service_tier: "flex" }, moderation: { moderation: { model: "m" } }, context_management: { context_management: [{ type: "compaction" }] }, access_programs: { access_programs: {} }, image: { image: {} },
    "include[1]": { include: ["reasoning.encrypted_content", "message.output_text.logprobs"] }, "include[0]": { include: ["web_search_call.action.sources"] },
    stream_options: { stream_options: {} }, "stream_options.include_usage": { stream: true, stream_options: { include_usage: true } },
    truncation: { truncation: "some" }, instructions: { instructions: ["a"] }, temperature: { temperature: 9 }, top_p: { top_p: 2 }, max_output_tokens: { max_output_tokens: 0 }, metadata: { metadata: { a: 1 } },
    "reasoning.effort": { reasoning: { effort: "huge" } }, "reasoning.context": { reasoning: { context: "all_turns" } }, "reasoning.mode": { reasoning: { mode: "pro" } }, "reasoning.max_tokens": { reasoning: { max_tokens: 1 } },
    "text.format.type": { text: { format: { type: "xml" } } }, "text.format.name": { text: { format: { type: "json_schema", schema: {} } } }, "text.format.schema": { text: { format: { type: "json_schema", name: "a" } } },
    "text.format.json_schema": { text: { format: { type: "json_schema", name: "a", schema: {}, json_schema: {} } } }, "text.stop": { text: { stop: "a" } },
    "tools[0].function": { tools: [{ ...fn, function: {} }] }, "tools[0].name": { tools: [{ type: "function" }] }, "tools[0].defer_loading": { tools: [{ ...fn, defer_loading: true }] }, "tools[0].run": { tools: [{ ...fn, run: 1 }] },
    "tools[0].parameters": { tools: [{ ...fn, parameters: { "~standard": {} } }] }, "tool_choice.type": { tools: [fn], tool_choice: { type: "allowed_tools", mode: "auto", tools: [] } }, "tool_choice.name": { tools: [fn], tool_choice: { type: "function" } },
    tool_choice: { tools: [fn], tool_choice: "some" },
    input: { input: [] }, "input[0]": { input: ["a"] }, "input[0].role": { input: [{ role: "tool", content: "a" }] }, "input[0].content": { input: [{ role: "user" }] }, "input[0].tool_calls": { input: [{ role: "assistant", content: "a", tool_calls: [] }] },
    "input[0].content[0].type": { input: user({ type: "text", text: "a" }) }, "input[0].content[0].file_id": { input: user({ type: "input_image", file_id: "file-1" }) }, "input[0].content[0].detail": { input: user({ type: "input_image", image_url: "https://a.example/a.png", detail: "all" }) },
    "input[0].content[0].file_data": { input: user({ type: "input_file", filename: "a.pdf", file_data: "https://a.example/a.pdf" }) }, "input[0].content[0].text": { input: user({ type: "input_text" }) },
    "input[0].call_id": { input: [{ type: "function_call_output", output: "a" }] }, "input[0].output": { input: [{ type: "function_call_output", call_id: "a" }] }, "input[0].name": { input: [{ type: "function_call", call_id: "a", arguments: "{}" }] },
    "input[0].namespace": { input: [{ type: "function_call", call_id: "a", name: "f", arguments: "{}", namespace: "n" }] }, "input[0].summary[0].text": { input: [{ type: "reasoning", id: "a", summary: [{ type: "summary_text" }] }] },
    // Of chat completions, or nobody's.
    messages: { messages: [] }, n: { n: 1 }, stop: { stop: "a" }, seed: { seed: 1 }, max_tokens: { max_tokens: 1 }, response_format: { response_format: { type: "text" } }, reasoning_effort: { reasoning_effort: "low" }, verbosity: { verbosity: "low" }, frequency_penalty: { frequency_penalty: 0 },
    $caller: { $caller: { id: "root" } }, context: { context: "send" }, system: { system: "a" }, providerOptions: { providerOptions: {} },
  };
  for (const [param, body] of Object.entries(rows)) {
    test(`${param}: ${JSON.stringify(body).slice(0, 80)}`, async () => {
      const { post, asked } = made();
      const { status, json } = await post(body);
      assert.deepEqual([status, json.error?.param], [400, param], JSON.stringify(json));
      assert.ok(json.error.message.includes(param));
      assert.deepEqual(asked, []);
    });
  }

  for (const type of ["web_search", "web_search_preview", "file_search", "computer", "computer_use_preview", "mcp", "code_interpreter", "image_generation", "local_shell", "shell", "apply_patch", "custom", "tool_search", "namespace"]) {
    test(`the tool ${type}`, async () => {
      const { status, json } = await made().post({ tools: [{ type, name: "a" }] });
      assert.deepEqual([status, json.error.param, json.error.code], [400, "tools[0].type", "unsupported_parameter"]);
    });
  }

  for (const item of [{ type: "item_reference", id: "msg_1" }, { id: "msg_1" }, { type: "computer_call_output" }, { type: "web_search_call", id: "a" }, { type: "custom_tool_call" }, { type: "compaction" }, { type: "mcp_call" }, { type: "configuration_update" }]) {
    test(`the item ${JSON.stringify(item)}`, async () => {
      const { status, json } = await made().post({ input: [{ role: "user", content: "a" }, item] });
      assert.deepEqual([status, json.error.param, json.error.code], [400, "input[1].type", "unsupported_parameter"]);
    });
  }

  test("addresses that are not https: nobody goes there", async () => {
    const { post, asked } = made();
    for (const url of ["http://169.254.169.254/", "file:///etc/passwd", "//a.example/a", " https://a.example", ""]) {
      assert.equal((await post({ input: user({ type: "input_image", image_url: url }) })).json.error.param, "input[0].content[0].image_url");
      assert.equal((await post({ input: user({ type: "input_file", file_url: url }) })).json.error.param, "input[0].content[0].file_url");
    }
    assert.deepEqual(asked, []);
  });

  test("names that are prototypes', bodies that are none, models that are not allowed, more items than there may be", async () => {
    const { post, asked } = made();
    for (const body of ['{"__proto__":{"model":"claude","input":"Hi"}}', '{"model":"claude","input":"Hi","constructor":{}}', "[]", '{"model":"claude","input":[[]]}']) assert.equal((await post(body)).status, 400);
    for (const model of ["other", "anthropic/claude-haiku-5-5", "__proto__"]) assert.deepEqual([(await post({ model })).status, (await post({ model })).json.error.code], [404, "model_not_found"]);
    assert.equal((await post({ input: Array(1001).fill({ role: "user", content: "a" }) })).json.error.param, "input");
    assert.deepEqual(asked, []);
  });
});
