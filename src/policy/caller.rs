//! Somebody for whom a server makes a call: what he may spend and send, counted under his name in a store.
//!
//! Nothing of him is remembered between two calls: servers have many callers, and the store has them all.

use crate::policy::budget::BudgetOptions;
use crate::policy::limit::LimitOptions;

/// The gateway's `Caller`.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Unique among all who share the store.
    pub id: String,
    /// Beside the client's own.
    pub budget: Option<BudgetOptions>,
    /// Beside the client's own, of all models together.
    pub limits: Option<LimitOptions>,
    /// On what has no tags of its own.
    pub tags: Vec<(String, String)>,
}

impl Caller {
    /// Whether he may do less than others.
    pub fn is_bounded(&self) -> bool {
        self.budget.is_some() || self.limits.is_some()
    }

    /// The key of his limits.
    pub fn limit_key(&self) -> String {
        format!("caller:{}", self.id)
    }
}
