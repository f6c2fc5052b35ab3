//! Room that was granted, until it is known what was used of it.

use std::any::Any;
use std::rc::Rc;

use super::Gate;
use crate::host::Host;
use crate::policy::limit::{Amount, Change};

/// Room that was granted. Dropping it gives the place of a running call back, and what it took of this
/// client's own limits if [`Permit::settle`] did not say what was used; a store gets that back with the
/// minute.
#[derive(Default)]
pub struct Permit {
    pub(super) gate: Option<Rc<Gate>>,
    pub(super) key: String,
    pub(super) limits: Vec<usize>,
    pub(super) amount: Amount,
    pub(super) runs: bool,
    pub(super) settled: bool,
    /// Of limits that all tabs share.
    pub(super) places: Vec<Box<dyn Any>>,
}

impl Permit {
    /// What it really came to; what the provider did not say stays as estimated.
    pub fn settle<H: Host>(&mut self, host: &H, input_tokens: Option<u64>, output_tokens: Option<u64>) {
        if let Some(gate) = self.gate.clone().filter(|_| !self.settled) {
            self.settle_in(host, &gate, input_tokens, output_tokens);
        }
    }

    #[inline(never)]
    fn settle_in<H: Host>(&mut self, host: &H, gate: &Gate, input_tokens: Option<u64>, output_tokens: Option<u64>) {
        self.settled = true;
        let more = Amount {
            requests: 0.0,
            input_tokens: input_tokens.map_or(0.0, |used| used as f64 - self.amount.input_tokens),
            output_tokens: output_tokens.map_or(0.0, |used| used as f64 - self.amount.output_tokens),
        };
        if let Some(tokens) = output_tokens.filter(|tokens| *tokens > 0) {
            gate.line.borrow_mut().expected.saw(&self.key, tokens as f64);
        }
        let mut changes = Vec::new();
        for index in &self.limits {
            let limit = &gate.line.borrow().limits[*index];
            if let Some(store) = limit.store() {
                changes.push((store, limit.store_key(), Change::Settle.to_text(limit.costs(&more))));
            }
        }
        for (store, key, change) in changes {
            host.later()(store, &key, change);
        }
        gate.add(&self.limits, &more);
    }

    /// It was not used at all.
    pub(super) fn never_sent(mut self) {
        self.settled = true;
        if let Some(gate) = &self.gate {
            gate.add(&self.limits, &Amount::default().minus(&self.amount));
        }
    }

    /// What it took is used.
    pub fn keep(mut self) {
        self.settled = true;
    }

    #[inline(never)]
    fn give_back(&self, gate: &Gate) {
        if self.runs {
            for index in &self.limits {
                gate.line.borrow_mut().limits[*index].running -= 1;
            }
        }
        // Of a call that was dropped nobody knows what it used; its request was sent.
        let unused = if self.settled { Amount::default() } else { Amount { requests: 0.0, ..Amount::default().minus(&self.amount) } };
        gate.add(&self.limits, &unused);
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(gate) = self.gate.take() {
            self.give_back(&gate);
        }
    }
}
