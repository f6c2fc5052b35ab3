//! What tokens cost: [`Price`], and [`Price::cost`], what a usage comes to.
//!
//! Prices are whole pico-dollars per token (many are fractions of a nano-dollar, and floats would drift),
//! a cost is summed exactly and rounded once.

use std::borrow::Cow;

use crate::chat::Usage;
use crate::json::Json;
use crate::object;

/// Pico-dollars per token; a dollar per million tokens is a million of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the contract's own fields")]
pub struct Prices {
    pub input: u64,
    pub output: u64,
    pub cache_read: Option<u64>,
    pub cache_write: Option<u64>,
    pub cache_write_1h: Option<u64>,
    pub audio_input: Option<u64>,
    pub audio_output: Option<u64>,
}

/// The prices of one way of being served.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Band {
    /// Of an ordinary request.
    pub prices: Prices,
    /// Of a whole request whose input, cache included, is above so many tokens.
    pub long: Option<(u64, Prices)>,
}

/// What a model costs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Price {
    /// As it is served when nothing else is said.
    pub base: Band,
    /// "batch", "flex", "priority", …
    pub tiers: Vec<(String, Band)>,
}

/// What something cost. Costs of several requests add up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// In pico-dollars.
    pub pico: u64,
    /// Whether any of it was counted here and not by the provider.
    pub estimated: bool,
    /// What it is the sum of.
    pub lines: Vec<Line>,
}

/// One class of tokens at one price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// "input", "cache read", "output", …
    pub what: &'static str,
    /// How many.
    pub tokens: u64,
    /// What each costs, in pico-dollars.
    pub each: u64,
    /// What all of them cost, in pico-dollars.
    pub pico: u64,
}

/// What providers call being served as everybody is.
const BASE_TIERS: &[&str] = &["", "default", "standard", "auto", "on_demand"];

impl Price {
    /// The prices of a tier, as the provider names it in its answer; `None` where they are not known.
    pub fn band(&self, tier: &str) -> Option<&Band> {
        match self.tiers.iter().find(|(name, _)| name == tier) {
            Some((_, band)) => Some(band),
            None => BASE_TIERS.contains(&tier).then_some(&self.base),
        }
    }

    /// What a usage costs. `None` when a count or a price of it is unknown: that is not nothing.
    ///
    /// The classes are disjoint: of all input, what was read from and written to the cache and what was
    /// audio have prices of their own (those of text where a model has none for the cache); reasoning is
    /// output like any other.
    pub fn cost(&self, usage: &Usage, tier: &str) -> Option<Cost> {
        let (input, output) = (usage.input_tokens?, usage.output_tokens?);
        let band = self.band(tier)?;
        let prices = match &band.long {
            Some((above, prices)) if input > *above => prices,
            _ => &band.prices,
        };
        let mut cost = Cost { estimated: usage.estimated, ..Cost::default() };
        let (mut fresh, mut said) = (input, output);
        let mut line =
            |what: &'static str, tokens: u64, each: u64| cost.add_line(&Line { what, tokens, each, pico: tokens.saturating_mul(each) });
        // A provider's parts never come to more than its whole; if they do, the whole is what it bills.
        let part = |all: &mut u64, part: Option<u64>| {
            let part = part.unwrap_or(0).min(*all);
            *all -= part;
            part
        };
        let read = part(&mut fresh, usage.cache_read_tokens);
        let hour = usage.cache_write_1h_tokens.unwrap_or(0);
        let written = part(&mut fresh, usage.cache_write_tokens.map(|all| all.saturating_sub(hour)));
        let hour = part(&mut fresh, Some(hour));
        let heard = part(&mut fresh, usage.audio_input_tokens);
        let spoken = part(&mut said, usage.audio_output_tokens);
        let write = prices.cache_write.unwrap_or(prices.input);
        line("input", fresh, prices.input);
        line("cache read", read, prices.cache_read.unwrap_or(prices.input));
        line("cache write", written, write);
        line("cache write 1h", hour, prices.cache_write_1h.unwrap_or(write));
        if heard > 0 {
            line("audio input", heard, prices.audio_input?);
        }
        line("output", said, prices.output);
        if spoken > 0 {
            line("audio output", spoken, prices.audio_output?);
        }
        Some(cost)
    }

    /// As the contract has it.
    pub fn to_json(&self) -> Json<'_> {
        let mut out = self.base.to_json();
        if !self.tiers.is_empty() {
            let mut tiers = Json::object();
            for (name, band) in &self.tiers {
                tiers.set(name.as_str(), band.to_json());
            }
            out.set("tiers", tiers);
        }
        out
    }
}

impl Band {
    fn to_json(self) -> Json<'static> {
        let mut out = self.prices.to_json();
        if let Some((above, prices)) = self.long {
            let mut long = prices.to_json();
            long.set("aboveTokens", above);
            out.set("longContext", long);
        }
        out
    }
}

impl Prices {
    fn to_json(self) -> Json<'static> {
        let mut out = object! { "input": usd(self.input, 6), "output": usd(self.output, 6) };
        let mut some = |field, price: Option<u64>| out.set_some(field, price.map(|price| usd(price, 6)));
        some("cacheRead", self.cache_read);
        some("cacheWrite", self.cache_write);
        some("cacheWrite1h", self.cache_write_1h);
        some("audioInput", self.audio_input);
        some("audioOutput", self.audio_output);
        out
    }
}

impl Cost {
    /// What a provider says that it billed.
    pub fn billed(nano: u64, usage: &Usage) -> Self {
        let tokens = usage.input_tokens.unwrap_or(0) + usage.output_tokens.unwrap_or(0);
        let pico = nano.saturating_mul(1_000);
        let each = (pico + tokens / 2) / tokens.max(1);
        let lines = vec![Line { what: "as billed by the provider", tokens, each, pico }];
        Self { pico, estimated: false, lines }
    }

    /// In nano-dollars, rounded half up.
    pub fn nano(&self) -> u64 {
        self.pico.saturating_add(500) / 1_000
    }

    /// What two requests cost together: unknown if one of them is.
    pub fn sum(one: Option<Self>, other: Option<&Self>) -> Option<Self> {
        let (mut sum, other) = (one?, other?);
        sum.estimated |= other.estimated;
        for line in &other.lines {
            sum.add_line(line);
        }
        Some(sum)
    }

    fn add_line(&mut self, line: &Line) {
        if line.tokens == 0 && line.pico == 0 {
            return;
        }
        self.pico = self.pico.saturating_add(line.pico);
        match self.lines.iter_mut().find(|known| known.what == line.what && known.each == line.each) {
            Some(known) => {
                known.tokens += line.tokens;
                known.pico += line.pico;
            }
            None => self.lines.push(line.clone()),
        }
    }

    /// As the contract has it.
    pub fn to_json(&self) -> Json<'_> {
        let line = |line: &Line| {
            object! { "what": line.what, "tokens": line.tokens, "usdPerMillion": usd(line.each, 6), "usd": usd(line.pico, 12) }
        };
        object! {
            "usd": usd(self.nano(), 9),
            "nanoUsd": self.nano(),
            "estimated": self.estimated,
            "lines": self.lines.iter().map(line).collect::<Vec<_>>(),
        }
    }
}

/// A whole number with its point moved `places` to the left: exact, and read by JavaScript as the nearest
/// double, which a division there would not always give.
pub fn usd(value: u64, places: usize) -> Json<'static> {
    let mut digits = value.to_string();
    while digits.len() <= places {
        digits.insert(0, '0');
    }
    digits.insert(digits.len() - places, '.');
    let short = digits.trim_end_matches('0').trim_end_matches('.').len();
    digits.truncate(short);
    Json::Number(Cow::Owned(digits))
}

/// A sum of US dollars as nano-dollars, rounded half up; `None` where it is less than nothing or absurd.
pub fn nano_of(usd: f64) -> Option<u64> {
    (0.0..9e6).contains(&usd).then_some((usd * 1e9 + 0.5) as u64)
}
