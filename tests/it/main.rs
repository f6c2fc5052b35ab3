//! Native tests of the core, from the outside and with recorded data: no browser, no network, no
//! clock but the one that they move.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that fails says where")]

mod aliases;
mod asking;
mod attempts;
mod batches;
mod budgets;
mod caching;
mod callers;
mod contract;
mod costs;
mod counting;
mod crowd;
mod engine;
mod fake_host;
mod fallback;
mod fixtures;
mod framing;
mod histories;
mod history;
mod json;
mod limits;
mod parts;
mod policies;
mod recordings;
mod scanning;
mod schedules;
mod schema;
mod services;
mod sse;
mod telemetry;
mod tidy;
mod tools;
mod valid;
