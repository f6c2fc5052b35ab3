//! The tests of `main.rs` in a dedicated worker: another global, the same edge.

#![cfg(target_arch = "wasm32")]
#![allow(missing_docs, clippy::expect_used, clippy::panic)]

use wasm_bindgen_test::wasm_bindgen_test_configure;

mod batches;
mod calls;
mod script;
mod streams;

wasm_bindgen_test_configure!(run_in_dedicated_worker);
