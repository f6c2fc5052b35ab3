//! The catalogue: `models.json`, one model a line, read only where it is asked for.
//!
//! It is not part of the module: it weighs more than a page should load for a first message, and comes in
//! as text. Made by `cargo run -p xtask -- catalogue`, which says what it is made from.

use super::price::{Band, Price, Prices};
use super::{Abilities, ModelInfo};
use crate::json::Json;
use crate::text::find;

/// All known models.
#[derive(Debug, Default)]
pub struct Catalogue {
    text: String,
}

impl Catalogue {
    /// Of the text of `models.json`.
    pub fn new(text: String) -> Self {
        Self { text }
    }

    /// What is known of a model of a provider. A dated snapshot that has no line of its own is what its
    /// name without the date is.
    pub fn find(&self, provider: &str, model: &str) -> Option<ModelInfo> {
        let name = |model: &str| {
            let mut name = provider.to_owned();
            name.push('/');
            name.push_str(model);
            name
        };
        let line = self.line(&name(model)).or_else(|| self.line(&name(without_date(model)?)))?;
        let other = line.get("as").str().and_then(|other| self.line(other));
        let mut info = read(other.as_ref().unwrap_or(&line));
        (info.id, info.provider) = (model.to_owned(), provider.to_owned());
        Some(info)
    }

    fn line(&self, name: &str) -> Option<Json<'_>> {
        let mut start = String::from("\n{\"id\":");
        crate::json::write_string(name, &mut start);
        let at = find(&self.text, &start)? + 1;
        let rest = self.text.get(at..)?;
        let end = rest.find('\n').unwrap_or(rest.len());
        Json::parse(rest.get(..end)?.trim_end_matches(',')).ok()
    }
}

/// "gpt-4.1-2025-04-14", "claude-haiku-4-5-20251001": what stands before the date.
fn without_date(model: &str) -> Option<&str> {
    let dashed = |digits: usize| {
        let (name, date) = model.split_at_checked(model.len().checked_sub(digits + 1)?)?;
        let rest = date.strip_prefix('-')?;
        let is_date = rest.bytes().enumerate().all(|(at, byte)| match (digits, at) {
            (10, 4 | 7) => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
        (is_date && !name.is_empty()).then_some(name)
    };
    dashed(10).or_else(|| dashed(8))
}

fn read(line: &Json<'_>) -> ModelInfo {
    let text = |field| line.get(field).str().map(str::to_owned);
    let says = |ability: &str| {
        let holds = |field| line.get(field).text().split(' ').any(|word| word == ability);
        if holds("can") { Some(true) } else { holds("cannot").then_some(false) }
    };
    ModelInfo {
        context_window: line.get("window").u64(),
        max_input_tokens: line.get("input").u64(),
        max_output_tokens: line.get("output").u64(),
        deprecated_on: text("retired"),
        encoding: text("encoding"),
        abilities: Abilities {
            tools: says("tools"),
            vision: says("vision"),
            files: says("files"),
            json_schema: says("json"),
            reasoning: says("reasoning"),
        },
        price: price(line.get("price")),
        ..ModelInfo::default()
    }
}

fn price(sent: &Json<'_>) -> Option<Price> {
    let tiers = sent.get("tiers").members();
    let tiers = tiers.iter().filter_map(|(name, tier)| Some((name.to_string(), band(tier)?))).collect();
    Some(Price { base: band(sent)?, tiers })
}

fn band(sent: &Json<'_>) -> Option<Band> {
    let long = sent.get("long");
    Some(Band { prices: prices(sent)?, long: long.get("above").u64().zip(prices(long)) })
}

fn prices(sent: &Json<'_>) -> Option<Prices> {
    let price = |field| sent.get(field).u64();
    Some(Prices {
        input: price("in")?,
        output: price("out")?,
        cache_read: price("read"),
        cache_write: price("write"),
        cache_write_1h: price("write1h"),
        audio_input: price("audioIn"),
        audio_output: price("audioOut"),
    })
}
