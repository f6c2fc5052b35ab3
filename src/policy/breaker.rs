//! Which targets of a chain are left alone for a while because they just failed.
//!
//! Asked only where there is another target: a client with a single one gains nothing from not asking it.

use crate::error::{Error, ErrorKind};

/// Failures in a row after which a target is left alone.
const FAILURES: u32 = 3;

/// What is known of one target's health. Closed; open until a time; or half open: one probe is out.
#[derive(Clone, Debug, Default)]
pub struct Breaker {
    failures: u32,
    /// 0: closed.
    open_until_ms: f64,
    /// Until when a probe is waited for; 0: none is out. Not for ever: a call that is dropped says nothing.
    probe_until_ms: f64,
}

/// How long the next call waits for a probe of which nothing is heard.
const PROBE_MS: f64 = 30_000.0;

impl Breaker {
    /// Whether it may be asked now. Half open, one call at a time.
    pub fn allows(&self, now: f64) -> bool {
        now >= self.open_until_ms && now >= self.probe_until_ms
    }

    /// When it may be asked again, if it may not now.
    pub fn opens_at(&self) -> f64 {
        self.open_until_ms.max(self.probe_until_ms)
    }

    /// A call is sent.
    pub fn began(&mut self, now: f64) {
        if self.open_until_ms > 0.0 {
            self.probe_until_ms = now + PROBE_MS;
        }
    }

    /// It went well.
    pub fn succeeded(&mut self) {
        *self = Self::default();
    }

    /// It failed. What is the caller's own fault says nothing of the target's health.
    pub fn failed(&mut self, error: &Error, now: f64, cooldown_ms: f64) {
        self.probe_until_ms = 0.0;
        let at_once = match error.kind {
            // Nothing that passes by itself in a moment.
            ErrorKind::Quota | ErrorKind::Authentication | ErrorKind::Permission | ErrorKind::NotFound => true,
            ErrorKind::RateLimit
            | ErrorKind::Overloaded
            | ErrorKind::Server
            | ErrorKind::Network
            | ErrorKind::Timeout
            | ErrorKind::Truncated
            | ErrorKind::Malformed => false,
            _ => return,
        };
        self.failures += 1;
        let hint_ms = error.retry_after_ms.unwrap_or(0) as f64;
        let was_open = self.open_until_ms > 0.0;
        if at_once || was_open || self.failures >= FAILURES {
            self.open_until_ms = now + cooldown_ms.max(hint_ms);
        } else if hint_ms > 0.0 {
            // It says itself when it is to be asked again.
            self.open_until_ms = now + hint_ms;
        }
    }

    /// It was given up from this side: nothing is known.
    pub fn abandoned(&mut self) {
        self.probe_until_ms = 0.0;
    }
}
