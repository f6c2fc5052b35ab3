//! Token counting: how many tokens a whole request has, who counted, and how far that may be off.
//!
//! Pure: a function that counts a text is an argument ([`crate::engine`] gives the tokenizer's, or bytes). The provider's own
//! count is asked for by [`crate::providers`].

pub mod images;
mod parts;

use std::rc::Rc;

use modelwire_tokens::encodings::{self, Counting, Encoding};

use crate::error::Result;
use crate::input::{Fields, Subject, Value};
use crate::json::Json;
use crate::models::ModelInfo;
use crate::object;
use crate::policy::context::FitOptions;

pub use parts::{Parts, byte_bound, count_parts};

/// Counts the tokens of a text; `None` while the vocabulary is not loaded. The host's, lent to who counts without one.
pub type Counter = Rc<dyn Fn(&str) -> Option<u64>>;

/// Who counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// The model's own encoding, here.
    Local,
    /// Another encoding times a ratio, or bytes.
    Estimate,
    /// The provider.
    Provider,
}

/// How many tokens a request has. Field for field the contract's `TokenCount`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenCount {
    /// Everything that is sent.
    pub input_tokens: u64,
    /// How far that may be off, up or down.
    pub margin: u64,
    /// Who says so.
    pub method: Method,
    /// What it is made of. A provider does not say: all is the messages'.
    pub parts: Parts,
}

impl TokenCount {
    /// What a provider said.
    pub fn by_provider(input_tokens: u64, margin: u64) -> Self {
        Self { input_tokens, margin, method: Method::Provider, parts: Parts { messages: input_tokens, ..Parts::default() } }
    }

    /// As the contract has it.
    pub fn to_json(self) -> Json<'static> {
        let method = match self.method {
            Method::Local => "local",
            Method::Estimate => "estimate",
            Method::Provider => "provider",
        };
        let Parts { messages, tools, images, framing, .. } = self.parts;
        object! {
            "inputTokens": self.input_tokens,
            "margin": self.margin,
            "method": method,
            "parts": object! { "messages": messages, "tools": tools, "images": images, "framing": framing },
        }
    }

    /// The least that it can be.
    pub fn least(self) -> u64 {
        self.input_tokens.saturating_sub(self.margin)
    }
}

/// How a model's tokens are counted: as the caller's catalog says, or its name.
pub fn counting(model: &str, info: Option<&ModelInfo>) -> Counting {
    let said = info.and_then(|info| Encoding::from_name(info.encoding.as_deref()?));
    match said {
        Some(encoding) => encodings::of(encoding.name()),
        None => encodings::of(model),
    }
}

/// What is asked about a request before it is sent.
#[derive(Debug)]
pub enum Question {
    /// `countTokens`.
    Count(Method),
    /// `estimate`.
    Estimate,
    /// `fit`.
    Fit(FitOptions),
}

impl Question {
    /// `{ what: "count", method? }`, `{ what: "estimate" }`, or `{ what: "fit", … }` with the contract's `FitOptions`.
    pub fn read(options: Value) -> Result<Self> {
        let mut fields = Fields::new(Subject::Request, String::new(), options)?;
        let question = match fields.required_string("what")?.as_str() {
            "estimate" => Self::Estimate,
            "fit" => Self::Fit(FitOptions::read(&mut fields)?),
            _ => Self::Count(match fields.string("method")?.as_deref() {
                Some("provider") => Method::Provider,
                None | Some("local") => Method::Local,
                Some(other) => return Err(Subject::Request.error(format!("method is \"{other}\"; it must be local or provider"))),
            }),
        };
        fields.finish()?;
        Ok(question)
    }
}

/// Counts of long texts, so that none of them is counted at a time when everything waits for it, and none twice.
#[derive(Debug, Default)]
pub struct LongCounts {
    /// What stands for the text and the encoding; the tokens. The newest are last.
    counts: Vec<(u64, u64)>,
}

/// From this length on a text is a long one, in bytes: some milliseconds of the slowest that there is.
const LONG_BYTES: usize = 32 * 1024;
/// Long texts whose count is kept: those of some conversations.
const MOST_TEXTS: usize = 64;

impl LongCounts {
    /// Whether a text is a long one.
    pub fn is_long(text: &str) -> bool {
        text.len() >= LONG_BYTES
    }

    /// The count of a long text, if it is known.
    pub fn get(&self, encoding: &str, text: &str) -> Option<u64> {
        let key = key_of(encoding, text);
        self.counts.iter().find(|(known, _)| *known == key).map(|(_, count)| *count)
    }

    /// Keeps a count.
    pub fn keep(&mut self, encoding: &str, text: &str, count: u64) {
        if self.counts.len() >= MOST_TEXTS {
            self.counts.remove(0);
        }
        self.counts.push((key_of(encoding, text), count));
    }
}

/// Sixty-four bits: two of some thousand texts have the same once in a million million.
fn key_of(encoding: &str, text: &str) -> u64 {
    let mut key = text.len() as u64;
    let mut add = |bytes: &[u8]| {
        for eight in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..eight.len()].copy_from_slice(eight);
            key = (key ^ u64::from_le_bytes(word)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            key ^= key >> 29;
        }
    };
    add(encoding.as_bytes());
    add(text.as_bytes());
    key
}

/// How far counts of a model were off: what it reported for what was counted. One number, because what is off (the framing of tools, a
/// tokenizer that is not public) is off in the same direction each time.
#[derive(Debug, Default)]
pub struct Calibration {
    models: Vec<(String, f64)>,
}

/// What is taken for a count of the same thing.
const RATIOS: std::ops::RangeInclusive<f64> = 0.25..=4.0;
/// Models whose ratio is remembered.
const MOST_MODELS: usize = 64;

impl Calibration {
    /// A request that was counted as `counted` had `reported` tokens. The model's ratio, when that changed by more than a
    /// hundredth.
    pub fn saw(&mut self, model: &str, counted: u64, reported: u64) -> Option<f64> {
        // Not a count of the same thing: a provider that reports only what was not cached, say.
        let ratio = reported as f64 / counted.max(1) as f64;
        if !RATIOS.contains(&ratio) {
            return None;
        }
        match self.models.iter_mut().find(|(known, _)| known == model) {
            Some((_, known)) => {
                let before = *known;
                *known += (ratio - before) / 2.0;
                ((*known - before).abs() > 0.01).then_some(*known)
            }
            None => {
                self.remember(model, ratio);
                Some(ratio)
            }
        }
    }

    /// What was seen in an earlier life. What this one saw goes before it.
    pub fn remember(&mut self, model: &str, ratio: f64) {
        if !RATIOS.contains(&ratio) || self.models.iter().any(|(known, _)| known == model) {
            return;
        }
        if self.models.len() >= MOST_MODELS {
            self.models.remove(0);
        }
        self.models.push((model.to_owned(), ratio));
    }

    /// A count with what was learned of its model: the margin is then a twentieth, and what images may be off.
    pub fn apply(&self, model: &str, mut count: TokenCount) -> TokenCount {
        if let Some((_, ratio)) = self.models.iter().find(|(known, _)| known == model) {
            count.input_tokens = (count.input_tokens as f64 * ratio).round() as u64;
            count.margin = count.margin.min(count.input_tokens / 20 + 4 + count.parts.unsure);
        }
        count
    }
}
