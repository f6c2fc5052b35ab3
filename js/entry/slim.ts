// The caller brings the module: `await ready(module)` before anything else.
export * from "../index.ts";
