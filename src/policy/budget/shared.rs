//! A budget that is kept in a store: what was spent of it in its period, what is reserved included.
//!
//! A call that crashed between reserving and settling has spent what it reserved, until the period ends:
//! nobody else can tell whether its request was served.

use super::{BudgetOptions, Per};
use crate::json::{Json, body_text};
use crate::object;

/// Of the format; a state of another one is none.
const VERSION: u64 = 1;

/// What [`change_shared`] gives when there is no room.
pub const NO_ROOM: f64 = f64::INFINITY;

impl BudgetOptions {
    /// Under what name it is kept. Not by its limit: who raises that goes on counting.
    pub fn store_key(&self) -> String {
        // With its length: a name may hold anything, and two of them must not come to one key.
        let mut key = self.owner.as_ref().map(|owner| format!("caller:{}:{owner}:", owner.len())).unwrap_or_default();
        key += "budget:";
        key += self.per.word();
        if self.warns {
            key += ":warn";
        }
        let mut tags: Vec<String> = self.tags.iter().map(|(name, value)| format!(":{name}={value}")).collect();
        // In which order they are written says nothing. (Few: a sort of the library's weighs a kilobyte.)
        while let Some(least) = (0..tags.len()).min_by(|a, b| tags[*a].cmp(&tags[*b])) {
            key += &tags.swap_remove(least);
        }
        key
    }

    /// The change that spends `pico`, if there is room; without `bounded`, in any case.
    pub fn spending(&self, pico: u64, bounded: bool) -> String {
        let limit = (bounded && !self.warns).then_some(self.limit);
        object! { "budget": object! { "per": self.per.word(), "spend": pico, "limit": limit } }.to_text()
    }

    /// The change that gives `pico` back, of what was reserved at a time (in milliseconds).
    pub fn giving_back(&self, pico: u64, at: f64) -> String {
        object! { "budget": object! { "per": self.per.word(), "back": pico, "at": at } }.to_text()
    }
}

/// Gives the new state, and what is spent now in pico-dollars, or [`NO_ROOM`].
pub fn change_shared(state: Option<&[u8]>, now: f64, change: &Json<'_>) -> (Vec<u8>, f64) {
    let per = [Per::Day, Per::Month].into_iter().find(|per| Some(per.word()) == change.get("per").str()).unwrap_or(Per::Session);
    let period = per.period(now);
    let text = body_text(state.unwrap_or_default());
    let kept = Json::parse(&text).unwrap_or(Json::Null);
    let current = kept.get("v").u64() == Some(VERSION) && kept.get("period").str() == Some(&period);
    let before = kept.get("spent").u64().filter(|_| current).unwrap_or(0);
    let amount = |name: &str| change.get(name).u64().unwrap_or(0);
    // What is left of yesterday's reservation is yesterday's.
    let back = if per.period(change.get("at").f64().unwrap_or(now)) == period { amount("back") } else { 0 };
    let after = before.saturating_sub(back).saturating_add(amount("spend"));
    let refused = change.get("limit").u64().is_some_and(|limit| after > limit);
    let spent = if refused { before } else { after };
    let state = object! { "v": VERSION, "period": period, "spent": spent }.to_text().into_bytes();
    (state, if refused { NO_ROOM } else { spent as f64 })
}
