//! Whether the same target is asked again, and when.
//!
//! Pure: the time that is left and the random number are arguments. What another key or another
//! target can mend is decided in `keys` and `fallback`; which kinds of errors pass by themselves is
//! said in [`crate::error`].

use crate::error::Error;

/// The contract's `RetryOptions`. What is not given is what the options below it say, then the
/// default.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[allow(missing_docs, reason = "the contract's own fields")]
pub struct RetryOptions {
    pub max_attempts: Option<u32>,
    pub base_delay_ms: Option<f64>,
    pub max_delay_ms: Option<f64>,
    pub factor: Option<f64>,
    pub jitter: Option<bool>,
    pub max_total_ms: Option<f64>,
    /// What stands for the function at the host.
    pub when: Option<u64>,
}

/// When an attempt failed.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// How many calls to this target there were, this one included.
    pub attempt: u32,
    /// Since the call began.
    pub elapsed_ms: f64,
    /// Until the call's own deadline (`timeout.totalMs`).
    pub left_ms: Option<f64>,
    /// At least 0, below 1.
    pub random: f64,
}

/// What the caller's `when` said.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(missing_docs, reason = "the contract's own values")]
pub enum Said {
    No,
    Yes,
    AfterMs(f64),
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Verdict {
    /// Ask again after this time.
    Again(f64),
    /// Asking again would not help, or was done often enough.
    No,
    /// It would help, but not before the call's time is over.
    TooLate,
}

impl RetryOptions {
    /// These, and what they leave open from `base`.
    pub fn over(&self, _base: &Self) -> Self {
        todo!()
    }

    /// Whether to ask again. `said`: by `when`, if there is one.
    pub fn verdict(&self, _error: &Error, _moment: &Moment, _said: Option<Said>) -> Verdict {
        todo!()
    }
}

/// Keeps retries from making an outage worse: client-wide, at most 10 and then no more than a tenth of
/// the calls of the last minute.
#[derive(Debug, Default)]
pub struct RetryBudget {}

impl RetryBudget {
    /// A call begins.
    pub fn call(&mut self, _now: f64) {
        todo!()
    }

    /// Whether there is room for one more retry; if so it is spent.
    pub fn spend(&mut self, _now: f64) -> bool {
        todo!()
    }
}
