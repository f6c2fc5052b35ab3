// The caller brings the module: `await ready({ wasm })` before anything else.
export * from "../index.ts";
