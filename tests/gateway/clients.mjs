// OpenAI's own SDK and the AI SDK's OpenAI-compatible provider against a gateway that runs somewhere: every answer is one of an
// Anthropic or a Cohere model.
import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, describe, test } from "node:test";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { embedMany, generateObject, generateText, stepCountIs, streamText, tool } from "ai";
import { createClient } from "modelwire";
import { pageTokens } from "modelwire/gateway";
import OpenAI from "openai";
import { zodResponseFormat } from "openai/helpers/zod";
import { z } from "zod";
import { embedder, models, providerKey, secret } from "./app.mjs";
import { startProviders } from "./providers.mjs";
import { testResponses } from "./responses_clients.mjs";

const user = (content) => [{ role: "user", content }];
const weather = { type: "function", function: { name: "weather", description: "The weather", parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] } } };
const place = z.object({ city: z.string(), population: z.number() });

/**
 * `launch`: gives `{ url, close }` of a gateway before the providers at this URL. `notices`: whether the server notices that a
 * client has gone before anything is written.
 */
export function testClients(runtime, launch, { absent = false, notices = true } = {}) {
  describe(`a gateway in ${runtime}`, { skip: absent }, () => {
    let server, providers, openai, compatible, apiKey;

    before(async () => {
      providers = await startProviders();
      server = await launch(providers.url);
      apiKey = await pageTokens(secret).mint({ id: "somebody", expiresInSeconds: 600 });
      openai = new OpenAI({ apiKey, baseURL: `${server.url}/v1`, maxRetries: 0 });
      compatible = createOpenAICompatible({ name: "gateway", apiKey, baseURL: `${server.url}/v1`, supportsStructuredOutputs: true, includeUsage: true });
    });
    after(async () => {
      await server?.close();
      providers.close();
    });

    for (const model of models) {
      describe(model, () => {
        test("openai: chat, with usage and cost", async () => {
          const { data, response, request_id } = await openai.chat.completions.create({ model, messages: [{ role: "system", content: "Be kind." }, ...user("Hi")] }).withResponse();
          assert.equal(data.choices[0].message.content, "Hello there, friend.");
          assert.deepEqual([data.choices[0].finish_reason, data.usage.prompt_tokens, data.usage.completion_tokens], ["stop", 12, 5]);
          assert.ok(data.modelwire.cost_usd > 0);
          assert.equal(Number(response.headers.get("x-modelwire-cost-usd")), data.modelwire.cost_usd);
          assert.match(request_id, /^req_/);
        });

        test("openai: a stream, with its usage at the end when asked for", async () => {
          const chunks = [];
          for await (const chunk of await openai.chat.completions.create({ model, messages: user("Hi"), stream: true, stream_options: { include_usage: true } })) chunks.push(chunk);
          assert.equal(chunks.map(({ choices }) => choices[0]?.delta.content ?? "").join(""), "Hello there, friend.");
          assert.ok(chunks.length > 4, "piece by piece");
          assert.deepEqual([chunks.at(-1).usage.prompt_tokens, chunks.at(-1).choices], [12, []]);
          assert.equal(chunks.at(-2).choices[0].finish_reason, "stop");
          assert.ok(chunks.at(-2).modelwire.cost_usd > 0);
          const silent = [];
          for await (const chunk of await openai.chat.completions.create({ model, messages: user("Hi"), stream: true })) silent.push(chunk);
          assert.ok(silent.every(({ usage }) => !usage), "no usage that nobody asked for");
        });

        test("openai: tools, their results, and the answer; also by the SDK's own runner in a stream", async () => {
          const messages = user("What is the weather?");
          const first = (await openai.chat.completions.create({ model, messages, tools: [weather], tool_choice: "auto" })).choices[0];
          assert.deepEqual([first.finish_reason, first.message.content, JSON.parse(first.message.tool_calls[0].function.arguments)], ["tool_calls", null, { city: "Rome" }]);
          const results = first.message.tool_calls.map(({ id }) => ({ role: "tool", tool_call_id: id, content: "sunny" }));
          const second = await openai.chat.completions.create({ model, messages: [...messages, first.message, ...results], tools: [weather] });
          assert.equal(second.choices[0].message.content, "It is sunny.");
          const asked = [];
          const runner = openai.chat.completions.runTools({ model, messages, stream: true, tools: [{ ...weather, function: { ...weather.function, parse: JSON.parse, function: (input) => (asked.push(input), "sunny") } }] });
          assert.equal(await runner.finalContent(), "It is sunny.");
          assert.deepEqual(asked, [{ city: "Rome" }]);
        });

        test("openai: structured output", async () => {
          const { choices } = await openai.chat.completions.parse({ model, messages: user("Rome as JSON"), response_format: zodResponseFormat(place, "place") });
          assert.deepEqual(choices[0].message.parsed, { city: "Rome", population: 2800000 });
          const loose = await openai.chat.completions.create({ model, messages: user("Rome as JSON"), response_format: { type: "json_object" } });
          assert.equal(JSON.parse(loose.choices[0].message.content).city, "Rome");
        });

        test("openai: a failure before the first delta is a status, and one in the middle an error of the stream", async () => {
          for (const stream of [false, true]) {
            const limited = await failure(openai.chat.completions.create({ model, messages: user("fail with rate-limit"), stream }));
            assert.ok(limited instanceof OpenAI.RateLimitError, String(limited));
            assert.deepEqual([limited.code, limited.headers.get("retry-after")], ["rate_limit_exceeded", "7"]);
            const refused = await failure(openai.chat.completions.create({ model, messages: user("fail with authentication"), stream }));
            assert.deepEqual([refused.status, refused.code], [502, "upstream_refused"]);
            assert.ok(!JSON.stringify([refused, refused.message]).includes(providerKey));
          }
          const words = [];
          const broken = await failure(
            (async () => {
              for await (const { choices } of await openai.chat.completions.create({ model, messages: user("break"), stream: true })) words.push(choices[0].delta.content);
            })(),
          );
          assert.ok(broken instanceof OpenAI.APIError, String(broken));
          assert.ok(words.join("").startsWith("one"));
          const wrong = await failure(openai.chat.completions.create({ model, messages: user("Hi"), temperature: 9 }));
          assert.deepEqual([wrong.status, wrong.param, wrong.constructor], [400, "temperature", OpenAI.BadRequestError]);
        });

        test("openai: an abort in the middle stops the provider's request", async () => {
          const gone = once(providers.events, "gone");
          const stream = await openai.chat.completions.create({ model, messages: user("never end"), stream: true });
          for await (const { choices } of stream) if (choices[0].delta.content) break;
          await gone;
        });

        test("openai: an abort before the first delta, too", { skip: !notices && `${runtime} notices a client that has gone when it writes` }, async () => {
          for (const stream of [true, false]) {
            const [asked, gone] = [once(providers.events, "asked"), once(providers.events, "gone")];
            const controller = new AbortController();
            const waiting = failure(openai.chat.completions.create({ model, messages: user("never begin"), stream }, { signal: controller.signal }));
            await asked;
            controller.abort();
            assert.ok((await waiting) instanceof OpenAI.APIUserAbortError);
            await gone;
          }
        });

        test("a provider that redirects, answers with HTML or echoes the key is an error that gives nothing away, and is not followed", async () => {
          for (const how of ["redirect", "html", "echo"]) {
            for (const stream of [false, true]) {
              const error = await failure(openai.chat.completions.create({ model, messages: user(`answer with ${how}`), stream }));
              assert.ok(error instanceof OpenAI.APIError && error.status >= 500, `${how}: ${error}`);
              const all = JSON.stringify([error, error.message, [...error.headers]]);
              for (const secretly of [providerKey, "internal", "elsewhere", "html"]) assert.ok(!all.includes(secretly), all);
            }
          }
          assert.ok(providers.events.asked.every(({ url }) => !url.includes("elsewhere")));
        });

        test("headers of the caller's end here, and a body that is too large does not get in", async () => {
          const evil = { "x-api-key": "evil", "api-key": "evil", forwarded: "for=evil", "x-forwarded-host": "evil", cookie: "a=evil", "anthropic-beta": "evil", "user-agent": "evil" };
          await openai.chat.completions.create({ model, messages: user("Hi") }, { headers: evil });
          const { headers } = providers.events.asked.at(-1);
          for (const [name, value] of Object.entries(headers)) assert.ok(!value.includes("evil") && !value.includes("mw1."), `${name}: ${value}`);
          const before = providers.events.asked.length;
          const tooLarge = await failure(openai.chat.completions.create({ model, messages: user("a".repeat(5 * 1024 * 1024)) }));
          // It is answered before it is read: whoever is still sending may hear of a connection that was closed.
          assert.ok(tooLarge.status === 413 || tooLarge instanceof OpenAI.APIConnectionError, String(tooLarge));
          assert.equal(providers.events.asked.length, before);
        });

        test("ai: text, stream, tools, object", async () => {
          const chat = compatible(model);
          const { text, usage } = await generateText({ model: chat, prompt: "Hi" });
          assert.deepEqual([text, usage.inputTokens, usage.outputTokens], ["Hello there, friend.", 12, 5]);
          const streamed = streamText({ model: chat, prompt: "Hi" });
          let joined = "";
          for await (const piece of streamed.textStream) joined += piece;
          assert.deepEqual([joined, (await streamed.usage).outputTokens], ["Hello there, friend.", 5]);
          const tools = { weather: tool({ description: "The weather", inputSchema: z.object({ city: z.string() }), execute: async () => "sunny" }) };
          const { text: answer, steps } = await generateText({ model: chat, prompt: "What is the weather?", tools, stopWhen: stepCountIs(3) });
          assert.deepEqual([answer, steps.length], ["It is sunny.", 2]);
          const { object } = await generateObject({ model: chat, prompt: "Rome as JSON", schema: place });
          assert.deepEqual(object, { city: "Rome", population: 2800000 });
        });
      });
    }

    testResponses(runtime, () => ({ url: server.url, apiKey, providers }), { notices });

    test("openai and ai: embeddings, as numbers and as base64", async () => {
      const floats = await openai.embeddings.create({ model: embedder, input: ["a", "b"], encoding_format: "float" });
      const packed = await openai.embeddings.create({ model: embedder, input: ["a", "b"] });
      assert.equal(floats.data.length, 2);
      assert.deepEqual(packed.data.map(({ embedding }) => [...embedding].map(Math.fround)), floats.data.map(({ embedding }) => embedding.map(Math.fround)));
      const { embeddings } = await embedMany({ model: compatible.embeddingModel(embedder), values: ["a", "b"] });
      assert.deepEqual(embeddings.map(({ length }) => length), floats.data.map(({ embedding }) => embedding.length));
    });

    test("openai: models, all of them and one", async () => {
      assert.deepEqual((await openai.models.list()).data.map(({ id }) => id), [...models, embedder]);
      assert.equal((await openai.models.retrieve(models[1])).id, models[1]);
      assert.ok((await failure(openai.models.retrieve("openai/gpt-6-luna"))) instanceof OpenAI.NotFoundError);
    });

    test("modelwire itself, with a page token for its key", async () => {
      const client = createClient({ providers: { home: { kind: "openai-compatible", baseURL: `${server.url}/v1`, apiKey } } });
      const stream = client.stream({ model: "home/claude", messages: "Hi" });
      assert.equal(await stream.text(), "Hello there, friend.");
      assert.equal((await stream.response).usage.outputTokens, 5);
    });

    test("who has no token is told so, in OpenAI's words; health is for everybody", async () => {
      const error = await failure(new OpenAI({ apiKey: "sk-nothing", baseURL: `${server.url}/v1`, maxRetries: 0 }).models.list());
      assert.ok(error instanceof OpenAI.AuthenticationError);
      assert.equal((await fetch(`${server.url}/health`)).status, 200);
    });
  });
}

function failure(promise) {
  return Promise.resolve(promise).then(
    () => assert.fail("it did not fail"),
    (error) => error,
  );
}
