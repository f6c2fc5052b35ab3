// OpenAI's own SDK and the AI SDK's OpenAI provider, whose default is the Responses API, against a gateway that runs somewhere.
import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, test } from "node:test";
import { createOpenAI } from "@ai-sdk/openai";
import { generateObject, generateText, stepCountIs, streamText, tool } from "ai";
import { createClient } from "modelwire";
import OpenAI from "openai";
import { zodTextFormat } from "openai/helpers/zod";
import { z } from "zod";
import { models, providerKey } from "./app.mjs";

const weather = { type: "function", name: "weather", description: "The weather", strict: false, parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] } };
const place = z.object({ city: z.string(), population: z.number() });
const pixel = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

/** `there`: gives `{ url, apiKey, providers }`, once they are there. */
export function testResponses(runtime, there, { notices }) {
  describe("the Responses API", () => {
    const openai = () => new OpenAI({ apiKey: there().apiKey, baseURL: `${there().url}/v1`, maxRetries: 0 });

    for (const model of models) {
      describe(model, () => {
        test("openai: create, with usage and cost", async () => {
          const { data, response } = await openai().responses.create({ model, instructions: "Be kind.", input: "Hi" }).withResponse();
          assert.equal(data.output_text, "Hello there, friend.");
          assert.deepEqual([data.status, data.object, data.store, data.error, data.instructions], ["completed", "response", false, null, "Be kind."]);
          assert.deepEqual([data.usage.input_tokens, data.usage.output_tokens, data.usage.total_tokens], [12, 5, 17]);
          assert.ok(data.modelwire.cost_usd > 0);
          assert.equal(Number(response.headers.get("x-modelwire-cost-usd")), data.modelwire.cost_usd);
        });

        test("openai: a stream, event by event, and what the SDK's helper makes of it", async () => {
          const events = [];
          for await (const event of await openai().responses.create({ model, input: [{ role: "user", content: "Hi" }], stream: true })) events.push(event);
          assert.deepEqual(events.map(({ sequence_number }) => sequence_number), events.map((_, at) => at));
          const deltas = events.filter(({ type }) => type === "response.output_text.delta");
          assert.ok(deltas.length > 2, "piece by piece");
          assert.equal(deltas.map(({ delta }) => delta).join(""), "Hello there, friend.");
          const order = ["response.created", "response.in_progress", "response.output_item.added", "response.content_part.added", "response.output_text.delta", "response.output_text.done", "response.content_part.done", "response.output_item.done", "response.completed"];
          assert.deepEqual([...new Set(events.map(({ type }) => type))], order);
          assert.ok(events.at(-1).response.modelwire.cost_usd > 0);
          const response = await openai().responses.stream({ model, input: "Hi" }).finalResponse();
          assert.deepEqual([response.output_text, response.usage.output_tokens], ["Hello there, friend.", 5]);
        });

        test("openai: tools, their results and the answer, whole and streamed", async () => {
          for (const ask of [(body) => openai().responses.create(body), (body) => openai().responses.stream(body).finalResponse()]) {
            const input = [{ role: "user", content: "What is the weather?" }];
            const first = await ask({ model, input, tools: [weather] });
            const [call] = first.output.filter(({ type }) => type === "function_call");
            assert.deepEqual([call.name, call.status, JSON.parse(call.arguments), first.output_text], ["weather", "completed", { city: "Rome" }, ""]);
            const second = await ask({ model, tools: [weather], input: [...input, ...first.output, { type: "function_call_output", call_id: call.call_id, output: "sunny" }] });
            assert.equal(second.output_text, "It is sunny.");
          }
        });

        test("openai: structured output, whole and streamed", async () => {
          const body = { model, input: "Rome as JSON", text: { format: zodTextFormat(place, "place") } };
          assert.deepEqual((await openai().responses.parse(body)).output_parsed, { city: "Rome", population: 2800000 });
          assert.deepEqual((await openai().responses.stream(body).finalResponse()).output_parsed, { city: "Rome", population: 2800000 });
          const loose = await openai().responses.create({ model, input: "Rome as JSON", text: { format: { type: "json_object" } } });
          assert.equal(JSON.parse(loose.output_text).city, "Rome");
        });

        test("openai: pictures reach the provider", { skip: model !== "claude" && "this model sees none" }, async () => {
          const input = [{ role: "user", content: [{ type: "input_text", text: "Hi" }, { type: "input_image", image_url: pixel, detail: "auto" }] }];
          assert.equal((await openai().responses.create({ model, input })).output_text, "Hello there, friend.");
          assert.ok(there().providers.events.asked.at(-1).body.includes(pixel.split(",")[1]));
        });

        test("openai: a failure before the first delta is a status, and one in the middle an error of the stream", async () => {
          for (const stream of [false, true]) {
            const limited = await failure(openai().responses.create({ model, input: "fail with rate-limit", stream }));
            assert.ok(limited instanceof OpenAI.RateLimitError, String(limited));
            assert.deepEqual([limited.code, limited.headers.get("retry-after")], ["rate_limit_exceeded", "7"]);
            const refused = await failure(openai().responses.create({ model, input: "fail with authentication", stream }));
            assert.deepEqual([refused.status, refused.code], [502, "upstream_refused"]);
            assert.ok(!JSON.stringify([refused, refused.message]).includes(providerKey));
          }
          const words = [];
          const broken = await failure(
            (async () => {
              for await (const { delta } of await openai().responses.create({ model, input: "break", stream: true })) words.push(delta);
            })(),
          );
          assert.ok(broken instanceof OpenAI.APIError, String(broken));
          assert.ok(words.join("").startsWith("one"));
          const wrong = await failure(openai().responses.create({ model, input: "Hi", store: true }));
          assert.deepEqual([wrong.status, wrong.param, wrong.constructor], [400, "store", OpenAI.BadRequestError]);
        });

        test("openai: an abort in the middle stops the provider's request", async () => {
          const gone = once(there().providers.events, "gone");
          const stream = await openai().responses.create({ model, input: "never end", stream: true });
          for await (const { type } of stream) if (type === "response.output_text.delta") break;
          await gone;
        });

        test("openai: an abort before the first delta, too", { skip: !notices && `${runtime} notices a client that has gone when it writes` }, async () => {
          for (const stream of [true, false]) {
            const [asked, gone] = [once(there().providers.events, "asked"), once(there().providers.events, "gone")];
            const controller = new AbortController();
            const waiting = failure(openai().responses.create({ model, input: "never begin", stream }, { signal: controller.signal }));
            await asked;
            controller.abort();
            assert.ok((await waiting) instanceof OpenAI.APIUserAbortError);
            await gone;
          }
        });

        test("ai: text, stream, tools, object, by the default model of @ai-sdk/openai", async () => {
          const chat = createOpenAI({ apiKey: there().apiKey, baseURL: `${there().url}/v1` })(model);
          const { text, usage } = await generateText({ model: chat, prompt: "Hi" });
          assert.deepEqual([text, usage.inputTokens, usage.outputTokens], ["Hello there, friend.", 12, 5]);
          const streamed = streamText({ model: chat, prompt: "Hi" });
          let joined = "";
          for await (const piece of streamed.textStream) joined += piece;
          assert.deepEqual([joined, (await streamed.usage).outputTokens, await streamed.finishReason], ["Hello there, friend.", 5, "stop"]);
          const tools = { weather: tool({ description: "The weather", inputSchema: z.object({ city: z.string() }), execute: async () => "sunny" }) };
          const asked = { model: chat, prompt: "What is the weather?", tools, stopWhen: stepCountIs(3), providerOptions: { openai: { store: false } } };
          const { text: answer, steps } = await generateText(asked);
          assert.deepEqual([answer, steps.length], ["It is sunny.", 2]);
          const live = streamText(asked);
          assert.deepEqual([await live.text, (await live.steps).length], ["It is sunny.", 2]);
          const { object } = await generateObject({ model: chat, prompt: "Rome as JSON", schema: place });
          assert.deepEqual(object, { city: "Rome", population: 2800000 });
        });
      });
    }

    test('modelwire itself, with `api: "responses"`', async () => {
      const client = createClient({ providers: { home: { kind: "openai-compatible", api: "responses", baseURL: `${there().url}/v1`, apiKey: there().apiKey } } });
      const stream = client.stream({ model: "home/claude", messages: "Hi" });
      assert.equal(await stream.text(), "Hello there, friend.");
      assert.equal((await stream.response).usage.outputTokens, 5);
      assert.equal((await client.chat({ model: "home/claude", messages: "Hi" })).text, "Hello there, friend.");
      await assert.rejects(client.stream({ model: "home/claude", messages: "break" }).text(), { name: "LlmError" });
    });
  });
}

function failure(promise) {
  return Promise.resolve(promise).then(
    () => assert.fail("it did not fail"),
    (error) => error,
  );
}
