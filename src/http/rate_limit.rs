//! What response headers say of the provider's own limits.
//!
//! Names: `x-ratelimit-{limit,remaining,reset}-{requests,tokens}` (OpenAI and most compatible servers),
//! `anthropic-ratelimit-{requests,tokens,input-tokens,output-tokens}-{limit,remaining,reset}`,
//! `x-ratelimit-reset` alone (Cohere). In a page most servers hide all of them: then nothing is known.

use super::{ResponseHead, days_from_civil, decimal};
use crate::json::number_value;
use crate::text::{slice, split_once};

/// What is left of each that is counted, and when it is full again.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RateLimits {
    /// Requests, tokens, input tokens, output tokens.
    left: [Option<f64>; 4],
    /// In milliseconds from now.
    reset_ms: [Option<f64>; 4],
}

const KINDS: [&str; 4] = ["requests", "tokens", "input-tokens", "output-tokens"];

impl RateLimits {
    /// What is left, by what is counted.
    pub fn remaining(&self) -> [Option<f64>; 4] {
        self.left
    }
}

impl ResponseHead {
    /// What the headers say.
    pub fn rate_limits(&self) -> RateLimits {
        let mut seen = RateLimits::default();
        for (name, value) in &self.headers {
            let Some((_, rest)) = split_once(name, "ratelimit-") else { continue };
            for (index, kind) in KINDS.into_iter().enumerate() {
                // "remaining-requests" or "requests-remaining".
                let word = rest.strip_suffix(kind).and_then(|rest| rest.strip_suffix('-'));
                let word = word.or_else(|| rest.strip_prefix(kind).and_then(|rest| rest.strip_prefix('-')));
                match word {
                    Some("remaining") => seen.left[index] = decimal(value.trim()),
                    Some("reset") => seen.reset_ms[index] = self.until_ms(value.trim()),
                    _ => {}
                }
            }
        }
        seen
    }

    /// When a provider that refused a request takes one again, in milliseconds: the reset of what nothing is
    /// left of, else the one that is named without a kind.
    pub fn reset_after_ms(&self) -> Option<u64> {
        let seen = self.rate_limits();
        let empty = seen.left.iter().zip(seen.reset_ms).filter(|(left, _)| **left == Some(0.0)).filter_map(|(_, reset)| reset);
        let named = || self.header("x-ratelimit-reset").and_then(|value| self.until_ms(value.trim()));
        let ms = empty.reduce(f64::max).or_else(named)?;
        (ms >= 0.0).then_some(ms.ceil() as u64)
    }

    /// A time as servers write it: a Go duration ("6m0s"), seconds, seconds since 1970 (or milliseconds), an
    /// instant (RFC 3339).
    fn until_ms(&self, text: &str) -> Option<f64> {
        const A_YEAR_S: f64 = 31_536_000.0;
        match decimal(text) {
            Some(ms) if ms > A_YEAR_S * 1000.0 => Some(ms - self.received_at_ms),
            Some(seconds) if seconds > A_YEAR_S => Some(seconds * 1000.0 - self.received_at_ms),
            Some(seconds) => Some(seconds * 1000.0),
            None => duration_ms(text).or_else(|| Some(instant_ms(text)? - self.received_at_ms)),
        }
    }
}

/// A Go duration at the start of a text: "1m30.5s", "12ms"; also in words ("23 seconds").
pub fn duration_ms(text: &str) -> Option<f64> {
    const UNITS: &[(&[&str], f64)] = &[
        (&["ms", "milliseconds"], 1.0),
        (&["s", "second", "seconds"], 1000.0),
        (&["m", "minute", "minutes"], 60_000.0),
        (&["h", "hour", "hours"], 3_600_000.0),
    ];
    let (mut rest, mut total) = (text, None);
    loop {
        let (amount, behind) = run(rest, |byte| byte.is_ascii_digit() || byte == b'.');
        let (unit, behind) = run(behind.trim_start(), |byte| byte.is_ascii_alphabetic());
        let known = UNITS.iter().find(|(names, _)| names.contains(&unit));
        let Some((_, ms)) = known.filter(|_| !amount.is_empty()) else { return total };
        total = Some(total.unwrap_or(0.0) + number_value(amount) * ms);
        rest = behind;
    }
}

/// The bytes at the start that are of a sort, and the rest.
fn run(text: &str, is_part: fn(u8) -> bool) -> (&str, &str) {
    let end = text.bytes().take_while(|byte| is_part(*byte)).count();
    (slice(text, 0, end), slice(text, end, text.len()))
}

/// `2026-11-23T08:00:00.25Z` or with an offset (RFC 3339) in milliseconds since 1970.
fn instant_ms(text: &str) -> Option<f64> {
    let (date, time) = text.split_once(['T', 't', ' '])?;
    let mut date = date.split('-').map(|part| part.parse::<i64>().ok());
    let days = days_from_civil(date.next()??, date.next()??, date.next()??);
    let (clock, offset) = match time.find(['Z', 'z', '+', '-']) {
        Some(at) => (slice(time, 0, at), slice(time, at, time.len())),
        None => return None,
    };
    let mut clock = clock.split(':').map(number_value);
    let seconds = clock.next()? * 3600.0 + clock.next()? * 60.0 + clock.next()?;
    let sign = if offset.starts_with('-') { 1.0 } else { -1.0 };
    let mut offset = slice(offset, 1, offset.len()).split(':').map(number_value);
    let minutes = offset.next().filter(|hours| hours.is_finite()).unwrap_or(0.0) * 60.0 + offset.next().unwrap_or(0.0);
    let ms = (days as f64 * 86_400.0 + seconds + sign * minutes * 60.0) * 1000.0;
    ms.is_finite().then_some(ms)
}
