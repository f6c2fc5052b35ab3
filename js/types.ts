// The public types. By hand, because they are what a developer reads in the editor: plain objects in, plain objects out.
//
// camelCase throughout. Milliseconds end in Ms, seconds in Seconds; money is US dollars. A count that a provider did not
// report is null, never 0. What stands here and is not built yet is refused at run time with code "unsupported" and its
// name; `false` asks for nothing and is accepted.
export type * from "./types/client.ts";
export type * from "./types/request.ts";
export type * from "./types/response.ts";
export type * from "./types/stream.ts";
export type * from "./types/tokens.ts";
export type * from "./types/errors.ts";
export type * from "./types/policies.ts";
export type * from "./types/batch.ts";
export type * from "./types/cache.ts";
export type * from "./types/queue.ts";
export type * from "./types/money.ts";
export type * from "./types/stores.ts";
export type * from "./types/prompts.ts";
export type * from "./types/logs.ts";
