//! How long what may take, and which of the three timeouts is due.

use crate::error::{Error, ErrorKind};

/// The contract's `TimeoutOptions`. What is not given is what the options below it say, then the
/// default.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[allow(missing_docs, reason = "the contract's own fields")]
pub struct TimeoutOptions {
    pub total_ms: Option<f64>,
    pub first_token_ms: Option<f64>,
    pub idle_ms: Option<f64>,
}

/// Reasoning models are silent for minutes (the contract's figures).
const FIRST_TOKEN_MS: f64 = 600_000.0;
const IDLE_MS: f64 = 300_000.0;

/// Which time was up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timeout {
    /// The whole call's: nothing can mend it.
    Total,
    /// Nothing came.
    FirstToken,
    /// It stopped coming.
    Idle,
}

impl TimeoutOptions {
    /// These, and what they leave open from `base`.
    pub fn over(&self, base: &Self) -> Self {
        Self {
            total_ms: self.total_ms.or(base.total_ms),
            first_token_ms: self.first_token_ms.or(base.first_token_ms),
            idle_ms: self.idle_ms.or(base.idle_ms),
        }
    }

    /// For who reads what somebody else has asked for, whose times are kept there.
    pub fn patient(&self) -> Self {
        Self { total_ms: self.total_ms, first_token_ms: Some(f64::INFINITY), idle_ms: Some(f64::INFINITY) }
    }

    /// How long each may take; `None`: for ever.
    pub fn of(&self, timeout: Timeout) -> Option<f64> {
        match timeout {
            Timeout::Total => self.total_ms,
            Timeout::FirstToken => Some(self.first_token_ms.unwrap_or(FIRST_TOKEN_MS)),
            Timeout::Idle => Some(self.idle_ms.unwrap_or(IDLE_MS)),
        }
    }

    /// The error when it took longer.
    pub fn error(&self, timeout: Timeout) -> Box<Error> {
        let ms = self.of(timeout).unwrap_or_default() as u64;
        let mut error = Error::new(
            ErrorKind::Timeout,
            match timeout {
                Timeout::Total => format!("the call took longer than timeout.totalMs ({ms} ms)"),
                Timeout::FirstToken => format!("nothing had arrived after timeout.firstTokenMs ({ms} ms)"),
                Timeout::Idle => format!("nothing more arrived within timeout.idleMs ({ms} ms)"),
            },
        );
        error.timeout = Some(timeout);
        error
    }
}
