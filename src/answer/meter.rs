//! How many tokens of output have arrived, while the provider has not said.

use std::fmt;

use crate::count::Counter;

/// Text that is kept until it is counted for good. Longer, and each look at the count would cost more; shorter,
/// and more tokens would be cut in two at its ends.
const BLOCK_BYTES: usize = 1024;

/// Counts output as it arrives: by its bytes, or by a tokenizer if there is one.
#[derive(Default)]
pub struct Meter {
    bytes: usize,
    /// And how many of its tokens in a hundred the model has.
    counter: Option<(Counter, u32)>,
    tokens: u64,
    uncounted: String,
}

impl fmt::Debug for Meter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Meter({} bytes)", self.bytes)
    }
}

impl Meter {
    /// Counts with a tokenizer from now on.
    pub fn count_with(&mut self, counter: Option<(Counter, u32)>) {
        self.counter = counter;
    }

    /// More has arrived.
    pub fn add(&mut self, text: &str) {
        self.bytes += text.len();
        if let Some((count, _)) = &self.counter {
            self.uncounted.push_str(text);
            if self.uncounted.len() >= BLOCK_BYTES {
                // Tokens do not reach over the beginning of a word.
                let end = self.uncounted.rfind(' ').filter(|end| *end > 0).unwrap_or(self.uncounted.len());
                let rest = self.uncounted.split_off(end);
                self.tokens += tokens_of(count, &self.uncounted);
                self.uncounted = rest;
            }
        }
    }

    /// The tokens of all that has arrived. Without a tokenizer one for every four bytes, rounded up (English
    /// text in the current vocabularies has four to five).
    pub fn tokens(&self) -> u64 {
        match &self.counter {
            None => self.bytes.div_ceil(4) as u64,
            Some((count, percent)) => ((self.tokens + tokens_of(count, &self.uncounted)) * u64::from(*percent)).div_ceil(100),
        }
    }
}

fn tokens_of(count: &Counter, text: &str) -> u64 {
    count(text).unwrap_or(text.len().div_ceil(4) as u64)
}
