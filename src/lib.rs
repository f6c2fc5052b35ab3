//! modelwire's core: everything that decides.
//!
//! A chat call is a value. [`providers`] turn it into an HTTP request and the bytes that come back
//! into an [`answer`]; the [`engine`] says in which order things happen; a [`host`] performs them.
//! Nothing here but `web` knows JavaScript, and nothing but the host has a clock, randomness or a
//! network. ARCHITECTURE.md has the map and the rules.

pub use modelwire_scan as scan;

pub mod answer;
pub mod base64;
pub mod call;
pub mod chat;
pub mod count;
pub mod embed;
pub mod engine;
pub mod error;
pub mod host;
pub mod http;
pub mod input;
pub mod json;
pub mod models;
pub mod open_stream;
pub mod options;
pub mod policy;
pub mod providers;
pub mod relay;
pub mod request;
pub mod schema;
pub mod secret;
pub mod sse;
pub mod tape;
pub mod telemetry;
pub mod text;

// Public for tests/web; on the outside it is what wasm-bindgen exports.
#[cfg(target_arch = "wasm32")]
#[doc(hidden)]
pub mod web;
