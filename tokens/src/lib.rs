//! Byte pair encoding with OpenAI's published vocabularies: counts, encodes, decodes and cuts text as tiktoken does, and faster.
//!
//! ```text
//! text ──► split (by hand, one state machine a pattern) ──► pieces
//! piece ──► vocabulary: is it one token? ──► else merge (short) or backtrack (long: linear in the worst case)
//! ```
//!
//! It knows no file and no network: a vocabulary comes in as bytes that `xtask vocabularies` packed. What an encoding is called
//! and which model has which is in [`encodings`], which the core uses too. Nothing here panics on any text or vocabulary.

pub mod encodings;

mod backtrack;
mod classes;
mod counter;
#[cfg(feature = "exports")]
mod exports;
mod glance;
mod merge;
pub mod pack;
mod recent;
mod runs;
mod specials;
mod split;
mod tokenizer;
mod unpack;
mod vocabulary;

pub use counter::Counter;
pub use tokenizer::{Keep, Tokenizer};
pub use unpack::Invalid;
