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

/** The same in two, for pages: what every page needs, and what few ever call. See split.mjs. */
export const halves = { page: "modelwire_page_bg.wasm", rest: "modelwire_rest_bg.wasm" };

/** The exports that are in the second with all that nothing else needs. In TypeScript: `Whole` in js/wasm.ts. */
export const lateExports = [
  "ask",
  "cache_lookups",
  "cache_replay",
  "cache_tape",
  "check",
  "count_tokens",
  "embed",
  "fly",
  "limit_change",
  "limits_acquire",
  "limits_status",
  "list_models",
  "openai_answer",
];

/** Functions that are in the second too, though the first calls them: who calls one has waited for `Host::whole`. */
export const lateFunctions = [
  "modelwire::engine::cache::look_up",
  "modelwire::engine::cache::opened_tape",
  "modelwire::engine::cache::whole_of_tape",
  "modelwire::engine::count::count_here",
  "modelwire::engine::count::in_window",
  "modelwire::engine::limits::Gate::learn",
  "modelwire::engine::limits::permit::Permit::give_back",
  "modelwire::engine::limits::permit::Permit::settle_in",
  "modelwire::engine::money::lease_held",
  "modelwire::engine::money::reserve_asked",
  "modelwire::engine::send::room_under_limits",
  "modelwire::options::catalog::read_given",
];

/** That of the tokenizers, likewise. */
export const tokensName = "modelwire_tokens_bg.wasm";
