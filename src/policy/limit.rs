//! How much may be sent in a minute: the limits of a client as buckets, and the queue before them.
//!
//! Pure: the clock is an argument, and nothing waits here. Who waits, and where a shared limit is kept,
//! is `engine/limits`. One bucket is in `gcra`, the order of those who wait in `lanes`, what a call will
//! take in `estimate`, a limit that is kept in a store in `shared`.

mod estimate;
mod gcra;
mod lanes;
mod shared;

use crate::http::RateLimits;
use crate::json::Json;
use crate::object;

pub use estimate::{Expected, input_tokens};
pub use gcra::{Bucket, Rate};
pub use lanes::{Lane, Lanes, Rank};
pub use shared::{Change, change_shared};

/// The contract's `LimitOptions`.
#[derive(Clone, Debug, Default, PartialEq)]
#[allow(missing_docs, reason = "the contract's own fields")]
pub struct LimitOptions {
    pub requests_per_minute: Option<f64>,
    pub tokens_per_minute: Option<f64>,
    pub input_tokens_per_minute: Option<f64>,
    pub output_tokens_per_minute: Option<f64>,
    pub burst: Option<f64>,
    pub max_concurrent: Option<u32>,
    pub learn: Option<bool>,
    pub scope: Scope,
    pub max_wait_ms: Option<f64>,
}

/// Who shares a limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    /// This client alone.
    #[default]
    Client,
    /// All tabs and workers of the site: what stands for that store at the host.
    Origin(u64),
    /// A store of the caller's: what stands for it at the host.
    Store(u64),
}

impl Scope {
    /// What stands for its store at the host, if there is one.
    pub fn store(self) -> Option<u64> {
        match self {
            Self::Client => None,
            Self::Origin(store) | Self::Store(store) => Some(store),
        }
    }
}

/// How much a call takes: for chat, an estimate.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[allow(missing_docs, reason = "the names say it")]
pub struct Amount {
    pub requests: f64,
    pub input_tokens: f64,
    pub output_tokens: f64,
}

/// What is counted, in the order of a limit's buckets.
pub const COUNTED: [&str; 4] = ["requests", "tokens", "input", "output"];

impl Amount {
    /// What is taken of each of the [`COUNTED`].
    pub fn of_each(&self) -> [f64; 4] {
        [self.requests, self.input_tokens + self.output_tokens, self.input_tokens, self.output_tokens]
    }

    /// Both together.
    pub fn plus(&self, other: &Self) -> Self {
        Self {
            requests: self.requests + other.requests,
            input_tokens: self.input_tokens + other.input_tokens,
            output_tokens: self.output_tokens + other.output_tokens,
        }
    }

    /// What is left without the other.
    pub fn minus(&self, other: &Self) -> Self {
        Self {
            requests: self.requests - other.requests,
            input_tokens: self.input_tokens - other.input_tokens,
            output_tokens: self.output_tokens - other.output_tokens,
        }
    }
}

/// One limit of the caller's.
#[derive(Debug)]
pub struct Limit {
    /// As the caller wrote it.
    pub key: String,
    /// As given.
    pub options: LimitOptions,
    rates: [Option<Rate>; 4],
    buckets: [Bucket; 4],
    /// How many calls run.
    pub running: u32,
    /// How many wait.
    pub waiting: u32,
    /// What they will take.
    pub ahead: Amount,
}

impl Limit {
    /// A limit nothing of which was used.
    pub fn new(key: String, options: LimitOptions) -> Self {
        let requests = options.requests_per_minute.map(|per_minute| {
            let burst = options.burst.unwrap_or_else(|| (per_minute / 10.0).max(1.0));
            Rate { per_minute, burst, stretches: false }
        });
        // One tenth of a minute's tokens may be less than one long prompt, which is no reason to refuse it.
        let tokens = |per_minute: Option<f64>| per_minute.map(|per_minute| Rate { per_minute, burst: per_minute / 10.0, stretches: true });
        let rates = [
            requests,
            tokens(options.tokens_per_minute),
            tokens(options.input_tokens_per_minute),
            tokens(options.output_tokens_per_minute),
        ];
        Self { key, options, rates, buckets: Default::default(), running: 0, waiting: 0, ahead: Amount::default() }
    }

    /// Whether it is for this "provider/model": it names the provider, the model, or a pattern with `*`.
    pub fn matches(&self, target: &str) -> bool {
        let provider = target.split('/').next().unwrap_or_default();
        self.key == target || self.key == provider || fits_pattern(&self.key, target)
    }

    /// Whether its state is kept in a store.
    pub fn store(&self) -> Option<u64> {
        self.options.scope.store()
    }

    /// Under what name it is kept there.
    pub fn store_key(&self) -> String {
        format!("limit:{}", self.key)
    }

    /// Why an amount can never be granted, if it cannot.
    pub fn never(&self, amount: &Amount) -> Option<String> {
        for ((rate, asked), what) in self.rates.iter().zip(amount.of_each()).zip(COUNTED) {
            let Some(rate) = rate.as_ref().filter(|rate| asked > rate.most()) else { continue };
            return Some(format!(
                "this needs {} {what}{}, and the limit \"{}\" never grants more than {} at once",
                asked.ceil() as u64,
                if what == "tokens" || what == "requests" { "" } else { " tokens" },
                self.key,
                rate.most() as u64
            ));
        }
        None
    }

    /// How long until this is granted, if nobody else asks; 0: now. By which buckets, too.
    pub fn wait_ms(&self, amount: &Amount, now: f64) -> (f64, [bool; 4]) {
        let (mut longest, mut short) = (0.0_f64, [false; 4]);
        for (index, asked) in amount.of_each().into_iter().enumerate() {
            if let Some(rate) = &self.rates[index] {
                let wait = self.buckets[index].wait_ms(rate, asked, now);
                short[index] = wait > 0.0;
                longest = longest.max(wait);
            }
        }
        (longest, short)
    }

    /// How long this takes to flow in, from nothing.
    pub fn flow_ms(&self, amount: &Amount) -> f64 {
        let each = self.rates.iter().zip(amount.of_each());
        each.filter_map(|(rate, amount)| Some(amount * 60_000.0 / rate.as_ref()?.per_minute)).fold(0.0, f64::max)
    }

    /// Takes it, whether it is there or not.
    pub fn take(&mut self, amount: &Amount, now: f64) {
        for (index, asked) in amount.of_each().into_iter().enumerate() {
            if let Some(rate) = &self.rates[index] {
                self.buckets[index].take(rate, asked, now);
            }
        }
    }

    /// Adds what was used beyond what was taken; less than nothing gives it back.
    pub fn settle(&mut self, more: &Amount) {
        for (index, more) in more.of_each().into_iter().enumerate() {
            if let Some(rate) = &self.rates[index] {
                self.buckets[index].settle(rate, more);
            }
        }
    }

    /// Follows the provider's own figures downwards.
    pub fn learn(&mut self, seen: &RateLimits, now: f64) {
        for (index, left) in seen.remaining().into_iter().enumerate() {
            if let (Some(rate), Some(left)) = (&self.rates[index], left) {
                self.buckets[index].lower(rate, left, now);
            }
        }
    }

    /// Grants nothing before this time.
    pub fn drain(&mut self, until_ms: f64) {
        for bucket in &mut self.buckets {
            bucket.drain(until_ms);
        }
    }

    /// What a change takes of a store, by bucket.
    pub fn costs(&self, amount: &Amount) -> Json<'static> {
        let mut costs = Vec::new();
        for ((rate, asked), what) in self.rates.iter().zip(amount.of_each()).zip(COUNTED) {
            if let Some(rate) = rate {
                costs.push(object! { "bucket": what, "amount": asked, "perMinute": rate.per_minute, "burst": rate.burst_for(asked) });
            }
        }
        costs.into()
    }

    /// What was learned, for a store: see [`Limit::costs`].
    pub fn learned(&self, seen: &RateLimits) -> Json<'static> {
        let mut costs = Vec::new();
        for ((rate, left), what) in self.rates.iter().zip(seen.remaining()).zip(COUNTED) {
            if let (Some(rate), Some(left)) = (rate, left) {
                costs.push(object! { "bucket": what, "amount": left, "perMinute": rate.per_minute, "burst": rate.burst });
            }
        }
        costs.into()
    }

    /// For how long nothing is granted, for a store.
    pub fn drained(&self, ms: f64) -> Json<'static> {
        let counted = self.rates.iter().zip(COUNTED).filter(|(rate, _)| rate.is_some());
        Json::Array(counted.map(|(_, what)| object! { "bucket": what, "amount": ms, "perMinute": 1.0, "burst": 1.0 }).collect())
    }

    /// The contract's `LimitStatus`. What a store knows is not known here.
    pub fn status(&self, now: f64) -> Json<'_> {
        let here = self.store().is_none();
        let left = |index: usize| self.rates[index].as_ref().filter(|_| here).map(|rate| self.buckets[index].left(rate, now).floor());
        let tokens = [left(1), left(2), left(3)].into_iter().flatten().reduce(f64::min);
        let full = self.rates.iter().zip(&self.buckets).filter(|(rate, _)| rate.is_some()).map(|(_, bucket)| bucket.full_at());
        let full = full.fold(0.0, f64::max);
        object! {
            "key": &self.key,
            "remainingRequests": left(0).map(|left| left as u64),
            "remainingTokens": tokens.map(|left| left as u64),
            "running": u64::from(self.running),
            "waiting": u64::from(self.waiting),
            "resetAt": (here && full > now).then(|| crate::http::iso_time(full)),
        }
    }
}

/// `*` stands for any text.
fn fits_pattern(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let mut last = None;
    for part in parts {
        if let Some(part) = last.replace(part) {
            let Some((_, behind)) = crate::text::split_once(rest, part) else { return false };
            rest = behind;
        }
    }
    last.is_some_and(|last| rest.ends_with(last))
}
