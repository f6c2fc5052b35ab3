//! What this client has seen of its targets: which of them just failed, and how fast they begin.

use crate::policy::breaker::Breaker;

/// More targets than a client has; what was not asked for longest is forgotten first.
const MOST: usize = 256;
/// How much the newest time counts.
const SHARE: f64 = 0.3;

/// By "provider/model".
#[derive(Debug, Default)]
pub struct Health {
    targets: Vec<(String, Seen)>,
}

/// Of one target.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Whether it is left alone.
    pub breaker: Breaker,
    /// A moving average of the time from sending to the first delta (of a whole answer: its head).
    pub first_token_ms: Option<f64>,
}

impl Health {
    /// Of a target, if it was ever asked.
    pub fn of(&self, name: &str) -> Option<&Seen> {
        Some(&self.targets.iter().find(|(known, _)| known == name)?.1)
    }

    /// Of a target, to note something.
    pub fn note(&mut self, name: &str) -> &mut Seen {
        let index = self.targets.iter().position(|(known, _)| known == name);
        let entry = match index {
            Some(index) => self.targets.remove(index),
            None => (name.to_owned(), Seen::default()),
        };
        if self.targets.len() >= MOST {
            self.targets.remove(0);
        }
        self.targets.push(entry);
        let last = self.targets.len() - 1;
        &mut self.targets[last].1
    }
}

impl Seen {
    /// It began to answer after this time.
    pub fn began_after(&mut self, ms: f64) {
        self.first_token_ms = Some(self.first_token_ms.map_or(ms, |mean| mean + (ms - mean) * SHARE));
    }
}
