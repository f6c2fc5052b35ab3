// Structured output on every wire: asked for by its schema, parsed, validated, and shown as it grows.
import { equal, failure, ok } from "../expect.mjs";
import { rounds, sentTo, whole } from "../rounds.mjs";
import { openai, wires } from "../wires.mjs";

const schema = {
  type: "object",
  properties: { city: { type: "string" }, degrees: { type: "integer" } },
  required: ["city", "degrees"],
  additionalProperties: false,
};
const output = { city: "Tromsø", degrees: -3 };
const pieces = ['{"ci', 'ty":"Tro', 'msø","degr', 'ees":-', "3}"];

export const outputChecks = [
  ...wires.flatMap(checksOf),
  {
    name: "a Standard Schema validates the output and may transform it",
    async run(modelwire, env) {
      const shout = {
        "~standard": {
          version: 1,
          vendor: "a-test",
          validate: async ({ city }) => (city === "Tromsø" ? { value: city.toUpperCase() } : { issues: [{ message: "not Tromsø", path: ["city"] }] }),
          jsonSchema: { input: () => schema },
        },
      };
      const request = { model: openai.model, messages: "Hi", output: shout };
      const { client, bodies } = await rounds(modelwire, env, openai, [whole(openai.textWhole(pieces.join(""))), { body: openai.textStream(['{"city":"Oslo",', '"degrees":1}']) }]);
      equal((await client.chat(request)).output, "TROMSØ", "output");
      equal(Object.keys(sentTo(openai, (await bodies())[0]).schema.properties), ["city", "degrees"], "the schema that was sent");
      const { message } = await failure(modelwire, client.stream(request).response, "output-invalid");
      ok(message.includes("not Tromsø"), `the message lost its reason: ${message}`);
    },
  },
  {
    name: "an answer that was cut, and one that is no JSON, are not output",
    async run(modelwire, env) {
      const request = { model: openai.model, messages: "Hi", output: schema };
      const cut = openai.textWhole('{"city":"Tro');
      cut.choices[0].finish_reason = "length";
      const { client } = await rounds(modelwire, env, openai, [whole(cut), whole(openai.textWhole("It is cold."))]);
      for (const text of ['{"city":"Tro', "It is cold."]) {
        equal((await failure(modelwire, client.chat(request), "output-invalid")).partial.text, text, "partial");
      }
    },
  },
];

function checksOf(wire) {
  const ask = { model: wire.model, messages: "Hi", maxTokens: 100, output: schema };
  return [
    {
      name: `${wire.name} streams JSON, which grows value by value`,
      async run(modelwire, env) {
        const body = wire.textStream(pieces);
        // The rest comes once the beginning was seen: how a network cuts a body is nobody's to say.
        const hold = [body.findIndex((piece) => piece.includes("msø"))];
        const { client, bodies, release } = await rounds(modelwire, env, wire, [{ body, hold }, { body, cut: "bytes" }]);
        const values = [];
        for await (const value of client.stream(ask).partialOutput) {
          values.push(structuredClone(value));
          if (value.city === "Tro") await release();
        }
        equal(values.at(-1), output, "the last value");
        for (const { city = "" } of values) ok("Tromsø".startsWith(city), `a city that is not growing: ${city}`);
        ok(values.some(({ city }) => city === "Tro"), "the beginning was not seen");
        equal((await client.stream(ask).response).output, output, "output of the response");
        const sent = sentTo(wire, (await bodies())[0]).schema;
        equal([Object.keys(sent.properties), [...sent.required].sort()], [["city", "degrees"], ["city", "degrees"]], "the schema that was sent");
      },
    },
    {
      name: `${wire.name} answers with JSON, valid or not`,
      async run(modelwire, env) {
        const { client } = await rounds(modelwire, env, wire, [whole(wire.textWhole(pieces.join(""))), whole(wire.textWhole('{"city":7,"degrees":-3}'))]);
        const answer = await client.chat(ask);
        equal([answer.output, answer.finishReason], [output, "stop"], "answer");
        const error = await failure(modelwire, client.chat(ask), "output-invalid");
        ok(error.message.includes("city"), `the message does not say where: ${error.message}`);
        equal(error.partial.text, '{"city":7,"degrees":-3}', "what had come");
      },
    },
    {
      name: `${wire.name} as aimock speaks it: JSON, whole and as a stream`,
      async run({ createClient }, env) {
        const client = createClient({ providers: wire.provider(env.aimock, "aimock-key-0042") });
        const request = { ...ask, messages: "the temperature as JSON" };
        const expected = { city: "Oslo", degrees: -3 };
        equal((await client.chat(request)).output, expected, "output");
        equal((await client.stream(request).response).output, expected, "output of the stream");
      },
    },
  ];
}
