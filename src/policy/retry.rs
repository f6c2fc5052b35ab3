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

/// The contract's defaults.
const MAX_ATTEMPTS: u32 = 3;
const BASE_DELAY_MS: f64 = 500.0;
const MAX_DELAY_MS: f64 = 8_000.0;
const FACTOR: f64 = 2.0;

impl RetryOptions {
    /// These, and what they leave open from `base`.
    pub fn over(&self, base: &Self) -> Self {
        Self {
            max_attempts: self.max_attempts.or(base.max_attempts),
            base_delay_ms: self.base_delay_ms.or(base.base_delay_ms),
            max_delay_ms: self.max_delay_ms.or(base.max_delay_ms),
            factor: self.factor.or(base.factor),
            jitter: self.jitter.or(base.jitter),
            max_total_ms: self.max_total_ms.or(base.max_total_ms),
            when: self.when.or(base.when),
        }
    }

    /// Whether to ask again. `said`: by `when`, if there is one.
    ///
    /// `when` is asked about errors; how often, and until when, stays as the options say.
    pub fn verdict(&self, error: &Error, moment: &Moment, said: Option<Said>) -> Verdict {
        if moment.attempt >= self.max_attempts.unwrap_or(MAX_ATTEMPTS) {
            return Verdict::No;
        }
        let delay_ms = match said {
            Some(Said::No) => return Verdict::No,
            Some(Said::AfterMs(ms)) => ms,
            // The request may still be worked on, and be billed: asked again, it would be worked on twice.
            None if error.timeout.is_some() || !error.retryable => return Verdict::No,
            Some(Said::Yes) | None => self.delay_ms(error, moment),
        };
        let left_ms = self.max_total_ms.map(|total| total - moment.elapsed_ms);
        let late = [left_ms, moment.left_ms].into_iter().flatten().any(|left| delay_ms >= left);
        if late { Verdict::TooLate } else { Verdict::Again(delay_ms) }
    }

    /// The provider's hint, else the back-off.
    fn delay_ms(&self, error: &Error, moment: &Moment) -> f64 {
        let back_off = self.back_off_ms(moment);
        match error.retry_after_ms {
            // "At once" from every answer of a server that is down would be a loop without a pause.
            Some(0) | None => back_off,
            Some(hint) => hint as f64,
        }
    }

    /// Full jitter: anything between nothing and the bound, so that those who failed together do not come
    /// back together.
    fn back_off_ms(&self, moment: &Moment) -> f64 {
        let base = self.base_delay_ms.unwrap_or(BASE_DELAY_MS);
        let factor = self.factor.unwrap_or(FACTOR);
        let most = self.max_delay_ms.unwrap_or(MAX_DELAY_MS);
        let mut bound = base;
        for _ in 1..moment.attempt {
            if bound >= most {
                break;
            }
            bound *= factor;
        }
        let bound = bound.min(most);
        if self.jitter == Some(false) { bound } else { bound * moment.random }
    }
}

/// How many retries a minute are free, however few calls there are.
const FREE_RETRIES: u32 = 10;
/// Of the calls of the last minute, beyond those: one in so many.
const ONE_IN: u32 = 10;
/// A minute in slots of five seconds: what the figures are off by at most, and all that is kept.
const SLOTS: usize = 12;
const SLOT_MS: f64 = 5_000.0;

/// Keeps retries from making an outage worse: client-wide, at most 10 a minute and then no more than a
/// tenth of the calls of the last minute.
#[derive(Debug, Default)]
pub struct RetryBudget {
    /// Calls and retries by slot.
    slots: [(u32, u32); SLOTS],
    /// The number of the newest slot, since 1970.
    newest: u64,
}

impl RetryBudget {
    /// A call begins.
    pub fn call(&mut self, now: f64) {
        self.slot(now).0 += 1;
    }

    /// Whether there is room for one more retry; if so it is spent.
    pub fn spend(&mut self, now: f64) -> bool {
        self.slot(now);
        let (calls, retries) = self.slots.iter().fold((0, 0), |(calls, retries), slot| (calls + slot.0, retries + slot.1));
        let room = retries < FREE_RETRIES || retries < calls / ONE_IN;
        if room {
            self.slot(now).1 += 1;
        }
        room
    }

    /// The slot of this moment; those that are older than a minute are emptied. A clock that goes back
    /// counts on in the newest.
    fn slot(&mut self, now: f64) -> &mut (u32, u32) {
        let number = ((now / SLOT_MS) as u64).max(self.newest);
        for passed in (self.newest + 1..=number).rev().take(SLOTS) {
            self.slots[passed as usize % SLOTS] = (0, 0);
        }
        self.newest = number;
        &mut self.slots[number as usize % SLOTS]
    }
}
