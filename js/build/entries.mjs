// What the package consists of: one row a module that someone can import. Growing the package is a row here and a line in
// the `exports` of pkg/package.json.

/** Files in js/ that become files of the same name in pkg/dist/, sharing chunks. */
export const entries = [
  "entry/node.ts",
  "entry/deno.js",
  "entry/bun.ts",
  "entry/workerd.ts",
  "entry/url.ts",
  "entry/slim.ts",
  "entry/inline.ts",
  "testing.ts",
  "stores/cloudflare.ts",
  "stores/web.ts",
  "stores/deno.ts",
  "gateway.ts",
  ...["node", "bun", "url"].map((runtime) => `tokens/for_${runtime}.ts`),
  "tokens/for_deno.js",
  ...["o200k_base", "cl100k_base", "p50k_base"].map((name) => `tokens/workerd_${name}.ts`),
];

/** Files in js/ whose declarations are public; those that they mention come along. */
export const declarations = ["index.ts", "testing.ts", "stores/cloudflare.ts", "stores/deno.ts", "stores/web.ts", "gateway.ts"];

/** The module's name, in js/wasm/ as in pkg/dist/. */
export const wasmName = "modelwire_bg.wasm";

/** That of the tokenizers, likewise. */
export const tokensName = "modelwire_tokens_bg.wasm";
