//! Which key of a provider's pool is used, and for how long one that failed is not.

use crate::error::Error;

/// One key's health.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct KeyHealth {
    /// Not used before; infinite until it is replaced.
    pub cooldown_until_ms: f64,
    /// A function gives it, perhaps another one the next time.
    pub lazy: bool,
}

/// The keys of one provider, by number.
#[derive(Clone, Debug, Default)]
pub struct KeyPool {
    keys: Vec<KeyHealth>,
}

impl KeyPool {
    /// A pool of healthy keys. `lazy`: for each, whether a function gives it.
    pub fn new(_lazy: &[bool]) -> Self {
        todo!()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The key to use now: the last one that worked while it is healthy, then the next healthy one, then
    /// the one whose time is nearest. 0 for an empty pool.
    pub fn pick(&self, _now: f64) -> usize {
        todo!()
    }

    /// A call with this key failed. True when it was the key's fault and another healthy key is there
    /// (or the key is lazy and was refused for the first time since it last worked): worth another call at once.
    pub fn failed(&mut self, _index: usize, _error: &Error, _now: f64) -> bool {
        todo!()
    }

    /// A call with this key went well.
    pub fn succeeded(&mut self, _index: usize) {
        todo!()
    }

    /// stub
    pub fn replace(&mut self, _lazy: &[bool]) {
        todo!()
    }

    /// Their health, in order.
    pub fn health(&self) -> &[KeyHealth] {
        &self.keys
    }
}
