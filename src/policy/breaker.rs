//! Which targets of a chain are left alone for a while because they just failed.

use crate::error::Error;

/// What is known of one target's health. Closed, open until a time, or half open: one probe is out.
#[derive(Clone, Debug, Default)]
pub struct Breaker {}

impl Breaker {
    /// Whether it may be asked now. Half open, one call at a time.
    pub fn allows(&self, _now: f64) -> bool {
        todo!()
    }

    /// When it may be asked again, if it may not now.
    pub fn opens_at(&self) -> f64 {
        todo!()
    }

    /// A call is sent.
    pub fn began(&mut self, _now: f64) {
        todo!()
    }

    /// It went well.
    pub fn succeeded(&mut self) {
        todo!()
    }

    /// It failed. What is the caller's own fault says nothing of the target's health.
    pub fn failed(&mut self, _error: &Error, _now: f64, _cooldown_ms: f64) {
        todo!()
    }

    /// It was given up from this side: nothing is known.
    pub fn abandoned(&mut self) {
        todo!()
    }
}
