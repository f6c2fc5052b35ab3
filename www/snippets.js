// The code that does what the visitor just did. One function a panel; each gives a text that runs as it stands.

const text = (value) => JSON.stringify(value.length > 160 ? `${value.slice(0, 160)}…` : value);

/** One provider of `createClient`, as it would be written. */
function providerLine({ name, options }, kept) {
  const fields = [];
  const address = ["baseURL", "endpoint"].find((field) => options[field]);
  if (address) fields.push(`${address}: ${JSON.stringify(options[address])}`);
  fields.push(kept ? `apiKey: vault.key(${JSON.stringify(name)})` : `apiKey: "your key"`);
  const key = /^\w+$/.test(name) ? name : JSON.stringify(name);
  return `    ${key}: { ${fields.join(", ")} },`;
}

export function chatCode({ provider, options, model, kept, budgetUsd, question, turns, images, tools, cache }) {
  const names = ["createClient", kept && "KeyVault", tools && "tool"].filter(Boolean).join(", ");
  const lines = [
    `import { ${names} } from "modelwire";`,
    "",
    ...(kept ? ["const vault = await KeyVault.open();"] : []),
    "const client = createClient({",
    "  providers: {",
    providerLine({ name: provider, options }, kept),
    "  },",
    ...(budgetUsd ? [`  budget: { usd: ${budgetUsd} },`] : []),
    "});",
    "",
    ...(tools ? localTime : []),
    ...(turns > 0 ? [`// ${turns} ${turns === 1 ? "message" : "messages"} of before: response.newMessages, appended.`] : []),
    "const messages = [",
    ...(turns > 0 ? ["  ...conversation,"] : []),
    images > 0
      ? `  { role: "user", content: [\n    { type: "text", text: ${text(question)} },\n    { type: "image", image: file },\n  ] },`
      : `  {\n    role: "user",\n    content: ${text(question)},\n  },`,
    "];",
    "const stream = client.stream({",
    `  model: ${JSON.stringify(model)},`,
    "  messages,",
    "  liveUsage: true,",
    ...(cache ? ["  cache: true,"] : []),
    ...(tools ? ["  tools: [localTime],"] : []),
    "});",
    "for await (const event of stream) {",
    '  if (event.type === "text-delta") {',
    "    show(event.text);",
    '  } else if (event.type === "usage") {',
    "    meter(event.usage, event.cost);",
    "  }",
    "}",
    "const { usage, cost } = await stream.response;",
  ];
  return lines.join("\n");
}

const localTime = [
  "const localTime = tool({",
  '  name: "local_time",',
  '  description: "The visitor’s local time.",',
  '  input: { type: "object", properties: { style: { type: "string" } } },',
  "  run: () => new Date().toLocaleTimeString(),",
  "});",
  "",
];

export function compareCode({ models, prompt }) {
  return [
    'import { createClient, providersFromEnv } from "modelwire";',
    "",
    "const client = createClient({ providers: providersFromEnv(process.env) });",
    "const models = [",
    ...models.map((model) => `  ${JSON.stringify(model)},`),
    "];",
    `const messages = ${text(prompt)};`,
    "const answers = await Promise.all(",
    "  models.map((model) => client.stream({ model, messages }).response),",
    ");",
    "for (const { model, timing, usage, cost } of answers) {",
    "  console.log(model, timing.firstTokenMs, usage.outputTokens, cost?.usd);",
    "}",
  ].join("\n");
}

export function faultCode({ chain, retry, timeout, limits, midStream, burst }) {
  return [
    "import {",
    "  createClient, providersFromEnv,",
    '} from "modelwire";',
    "",
    "const client = createClient({",
    "  providers: providersFromEnv(process.env),",
    ...(burst ? [] : ["  models: {", "    smart: [", ...chain.map((model) => `      ${JSON.stringify(model)},`), "    ],", "  },"]),
    ...(retry ? [`  retry: ${written(retry)},`] : []),
    ...(timeout ? [`  timeout: ${written(timeout)},`] : []),
    ...(limits ? ["  limits: {", ...Object.entries(limits).flatMap(([key, value]) => [`    ${key}: {`, ...Object.entries(value).map(([name, figure]) => `      ${name}: ${figure},`), "    },"]), "  },"] : []),
    ...(midStream ? ["  fallback: { midStream: true },"] : []),
    "});",
    ...(burst
      ? listener("limit", "{ waiting }", '"waiting:", waiting')
      : [...listener("retry", "{ error }", '"again:", error.code'), ...listener("fallback", "{ model }", '"now:", model')]),
    "",
    ...(burst ? manyCalls(chain[0], burst) : oneStream(midStream)),
  ].join("\n");
}

const listener = (event, detail, shown) => [`client.on("${event}", (${detail}) => {`, `  console.log(${shown});`, "});"];

const oneStream = (midStream) => [
  "const stream = client.stream({",
  '  model: "smart",',
  '  messages: "Why is the sky blue?",',
  "});",
  "for await (const event of stream) {",
  '  if (event.type === "text-delta") {',
  "    show(event.text);",
  ...(midStream ? ['  } else if (event.type === "continue") {', "    mark(event.to);"] : []),
  "  }",
  "}",
  "const { attempts } = await stream.response;",
];

const manyCalls = (model, count) => [
  `const model = ${JSON.stringify(model)};`,
  "const ask = (messages) =>",
  "  client.chat({ model, messages });",
  `const questions = Array(${count}).fill("Hello");`,
  "const answers = await Promise.all(",
  "  questions.map(ask),",
  ");",
  "for (const { timing } of answers) {",
  "  console.log(timing.waitedMs);",
  "}",
];

const written = (options) => Object.keys(options).length > 1 ? `{\n${Object.entries(options).map(([name, value]) => `    ${name}: ${JSON.stringify(value)},\n`).join("")}  }` : `{ ${Object.entries(options).map(([name, value]) => `${name}: ${JSON.stringify(value)}`).join(", ")} }`;

export function costsCode() {
  return [
    'import { createClient, providersFromEnv } from "modelwire";',
    "",
    "const client = createClient({ providers: providersFromEnv(process.env) });",
    "const since = new Date(Date.now() - 14 * 24 * 3600 * 1000);",
    'const { totalUsd, groups } = await client.costs.summary({ since, by: ["day", "model"] });',
    "console.log(totalUsd, groups);",
    "const { hits, savedUsd } = await client.cache.stats();",
    'const csv = await client.costs.export("csv");',
  ].join("\n");
}

export function promptCode({ name, template, values }) {
  return [
    'import { PromptLibrary } from "modelwire";',
    "",
    "const prompts = new PromptLibrary();",
    `prompts.add(${JSON.stringify(name)}, ${JSON.stringify(template)});`,
    `const messages = prompts.render(${JSON.stringify(name)}, ${JSON.stringify(values, null, 2)});`,
    'const { text } = await client.chat({ model: "openai/gpt-6-luna", messages });',
  ].join("\n");
}
