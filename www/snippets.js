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
