//! The wasm edge in a page: `src/web` with hosts that are scripted in JavaScript.
//!
//! About what only Rust sees; what a user sees is in tests/runtimes. Compiles to nothing outside of
//! wasm. `worker.rs` runs the same tests in a dedicated worker.

#![cfg(target_arch = "wasm32")]
#![allow(missing_docs, clippy::expect_used, clippy::panic)]

use wasm_bindgen_test::wasm_bindgen_test_configure;

mod batches;
mod calls;
mod script;
mod streams;

wasm_bindgen_test_configure!(run_in_browser);
