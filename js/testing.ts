// modelwire/testing: what a test, a demo or a page without a network needs. JavaScript only: no wasm, no Node, and nothing
// happens until something is called, so that it loads in pages, workers and at the edge.
export { cassette, type Cassette, type CassetteOptions } from "./testing/cassette.ts";
export { virtualClock, type VirtualClock } from "./testing/clock.ts";
export { mockProviders, type MockProviders } from "./testing/mock.ts";
export type { MockReply, MockRequest } from "./testing/reply.ts";
