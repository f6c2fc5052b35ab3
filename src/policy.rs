//! One decision a file. Everything comes in as values, time and randomness too; nothing is done here.

pub mod breaker;
pub mod budget;
pub mod cache;
pub mod caller;
pub mod context;
pub mod fallback;
pub mod history;
pub mod keys;
pub mod limit;
pub mod output;
pub mod retry;
pub mod seam;
pub mod shared;
pub mod timeout;
pub mod tools;
