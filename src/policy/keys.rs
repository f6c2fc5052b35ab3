//! Which key of a provider's pool is used, and for how long one that failed is not.

use crate::error::{Error, ErrorKind};

/// A limit is by the minute, where nothing else is said.
const RATE_LIMIT_MS: f64 = 60_000.0;
/// A 403 is as often about the model as about the key.
const PERMISSION_MS: f64 = 60_000.0;
/// An empty account is filled by a person.
const QUOTA_MS: f64 = 3_600_000.0;
/// A function that gave a wrong key twice is asked again after a while: it may know a new one by then.
const REFUSED_MS: f64 = 60_000.0;

/// One key's health.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct KeyHealth {
    /// Not used before; infinite until it is replaced.
    pub cooldown_until_ms: f64,
    /// A function gives it, perhaps another one the next time.
    pub lazy: bool,
    /// It was refused since it last worked.
    refused: bool,
}

/// The keys of one provider, by number.
#[derive(Clone, Debug, Default)]
pub struct KeyPool {
    keys: Vec<KeyHealth>,
    /// The last that worked, or was turned to.
    current: usize,
}

impl KeyPool {
    /// A pool of healthy keys. `lazy`: for each, whether a function gives it.
    pub fn new(lazy: &[bool]) -> Self {
        let healthy = |lazy: &bool| KeyHealth { lazy: *lazy, ..KeyHealth::default() };
        Self { keys: lazy.iter().map(healthy).collect(), current: 0 }
    }

    /// Other keys: nothing is known of them.
    pub fn replace(&mut self, lazy: &[bool]) {
        *self = Self::new(lazy);
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The key to use now: the last one that worked while it is healthy, then the next healthy one, then
    /// the one whose time is nearest. 0 for an empty pool.
    pub fn pick(&self, now: f64) -> usize {
        let mut best = self.current;
        for step in 0..self.keys.len() {
            let index = (self.current + step) % self.keys.len();
            let until = self.keys[index].cooldown_until_ms;
            if until <= now {
                return index;
            }
            if until < self.keys[best].cooldown_until_ms {
                best = index;
            }
        }
        best
    }

    /// A call with this key failed. True when it was the key's fault and another healthy key is there
    /// (or the key is lazy and was refused for the first time since it last worked): worth another call at
    /// once.
    pub fn failed(&mut self, index: usize, error: &Error, now: f64) -> bool {
        let Some(key) = self.keys.get_mut(index) else { return false };
        let cooldown_ms = match error.kind {
            ErrorKind::Authentication if key.lazy => {
                if !std::mem::replace(&mut key.refused, true) {
                    return true;
                }
                REFUSED_MS
            }
            ErrorKind::Authentication => f64::INFINITY,
            ErrorKind::Permission => PERMISSION_MS,
            ErrorKind::RateLimit => error.retry_after_ms.map_or(RATE_LIMIT_MS, |hint| hint as f64),
            ErrorKind::Quota => QUOTA_MS,
            _ => return false,
        };
        key.cooldown_until_ms = now + cooldown_ms;
        let next = self.pick(now);
        let another = next != index && self.keys[next].cooldown_until_ms <= now;
        if another {
            self.current = next;
        }
        another
    }

    /// A call with this key went well.
    pub fn succeeded(&mut self, index: usize) {
        if let Some(key) = self.keys.get_mut(index) {
            (key.cooldown_until_ms, key.refused) = (0.0, false);
        }
    }

    /// Their health, in order.
    pub fn health(&self) -> &[KeyHealth] {
        &self.keys
    }
}
