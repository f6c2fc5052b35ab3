//! What an answer has used and cost so far, and whether it may go on.

use std::rc::Rc;

use super::{Answer, Spent};
use crate::chat::{Usage, Warning};
use crate::models::price::Cost;
use crate::policy::budget::Hold;

impl Answer {
    /// What it may cost: see [`Answer::is_over_budget`].
    pub fn hold(&mut self, hold: Option<Rc<Hold>>) {
        self.hold = hold;
    }

    /// Whether it may not go on, because what has arrived uses up what it may cost.
    pub fn is_over_budget(&mut self) -> bool {
        if let Some(hold) = self.hold.as_ref().filter(|_| !self.over_budget) {
            let usage = self.usage_so_far();
            // A tier without a price is metered at the plain one: unmetered, it would never be stopped.
            let plain = || self.known.as_ref()?.price.as_ref()?.cost(&usage, "");
            if self.cost_of(&usage).or_else(plain).is_some_and(|cost| !hold.allows(cost.pico)) {
                if let Some(trouble) = hold.trouble() {
                    self.warnings.push(Warning { code: "budget-store", message: trouble.message, setting: Some("budget".to_owned()) });
                }
                self.over_budget = true;
                self.estimate_usage();
            }
        }
        self.over_budget
    }

    /// Whether the stores of its budgets are to be asked before it goes on.
    pub fn wants_lease(&self) -> bool {
        self.hold.as_ref().is_some_and(|hold| hold.wants_lease())
    }

    /// What this attempt has used so far, as far as it is known.
    pub fn spent(&self) -> Spent {
        Spent { usage: self.usage, cost: self.cost_of(&self.usage) }
    }

    /// The usage and the cost of all that this stream has shown, counted here.
    pub fn live_usage(&self) -> Spent {
        let mut usage = self.usage_so_far();
        usage.total_tokens = usage.input_tokens.zip(usage.output_tokens).map(|(input, output)| input + output);
        let cost = self.cost_of(&usage);
        match self.earlier.clone() {
            None => Spent { usage, cost },
            Some((mut earlier, earlier_cost)) => {
                earlier.add(usage);
                Spent { usage: earlier, cost: Cost::sum(earlier_cost, cost.as_ref()) }
            }
        }
    }

    /// What a usage of this answer costs; the provider's own sum where it sent one.
    pub(super) fn cost_of(&self, usage: &Usage) -> Option<Cost> {
        if self.cached {
            return Some(Cost::default());
        }
        match usage.billed_nano {
            Some(nano) => Some(Cost::billed(nano, usage)),
            None => self.known.as_ref()?.price.as_ref()?.cost(usage, &self.tier),
        }
    }

    /// Counts the output here, for an answer whose provider will not say any more.
    pub fn estimate_usage(&mut self) {
        self.usage = self.usage_so_far();
    }

    /// The usage as it would be counted here if nothing more came.
    fn usage_so_far(&self) -> Usage {
        let mut usage = self.usage;
        let counted = self.meter.tokens();
        usage.output_tokens = Some(usage.output_tokens.unwrap_or(0).max(counted));
        // Nothing is known of the input of who was never asked.
        if usage.input_tokens.is_none() && self.asked_tokens > 0 && self.started {
            usage.input_tokens = Some(self.asked_tokens);
        }
        usage.total_tokens = None;
        usage.estimated = true;
        usage
    }
}
