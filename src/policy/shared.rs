//! What several clients share in a store, limits and budgets: one change of it, inside the store's own
//! transaction. The clock is the store's.

use crate::json::Json;
use crate::policy::{budget, limit};

/// Changes what a store keeps under one key. `change`: the text of a limit's change or of a budget's. Gives
/// the new state, and a number: of a limit the wait in milliseconds, of a budget what is spent now.
pub fn change_shared(state: Option<&[u8]>, now: f64, change: &str) -> (Vec<u8>, f64) {
    let change = Json::parse(change).unwrap_or(Json::Null);
    match change.get("budget") {
        Json::Null => limit::change_shared(state, now, &change),
        budget => budget::change_shared(state, now, budget),
    }
}
