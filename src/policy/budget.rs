//! Budgets: what may be spent, by whom, until when. Money is reserved before a request is sent, and the
//! reservation grows while an answer arrives; what is not granted ends the answer.
//!
//! Sums are pico-dollars. Called by [`crate::engine`]; time is an argument. A budget that is kept in a store
//! is in `shared`: what is reserved of it is spent there at once, and what was not needed is given back.

mod shared;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::error::{Error, ErrorKind, Result};
use crate::http::iso_time;
use crate::json::Json;
use crate::models::price::usd;
use crate::object;
use crate::policy::limit::Scope;
pub use shared::{NO_ROOM, change_shared};

/// What a request may get before anything is known of its answer: output tokens.
pub const RESERVED_OUTPUT: u64 = 256;

/// How long a budget lasts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Per {
    /// One call, with all its attempts and rounds.
    Request,
    /// The life of the client; in a store, of what is kept there.
    #[default]
    Session,
    /// A day of UTC.
    Day,
    /// A month of UTC.
    Month,
}

/// One budget.
#[derive(Clone, Debug, Default)]
pub struct BudgetOptions {
    /// In pico-dollars.
    pub limit: u64,
    /// Until when.
    pub per: Per,
    /// Only for calls with all of these.
    pub tags: Vec<(String, String)>,
    /// Told and not enforced.
    pub warns: bool,
    /// Who shares it.
    pub scope: Scope,
    /// Whose it is, of those who share a store: see [`crate::policy::caller`].
    pub owner: Option<String>,
}

impl BudgetOptions {
    /// The store that it is kept in. What one request may cost is nobody else's matter.
    pub fn store(&self) -> Option<u64> {
        self.scope.store().filter(|_| self.per != Per::Request)
    }
}

/// What was spent of one budget.
#[derive(Debug, Default)]
struct Account {
    period: String,
    spent: u64,
    held: u64,
}

/// The budgets of a client.
#[derive(Debug, Default)]
pub struct Purse {
    budgets: Vec<Rc<(BudgetOptions, RefCell<Account>)>>,
}

/// Gives change to a store (its number, the key, the change), which nobody waits for.
pub type Later = Rc<dyn Fn(u64, &str, String)>;

/// What one attempt may spend. Dropping it gives back what was not spent.
pub struct Hold {
    purse: Rc<Purse>,
    /// The budgets that it is under, in the period in which it began.
    under: Vec<(usize, String)>,
    /// What the call itself may still spend, with this.
    own: Option<u64>,
    held: Cell<u64>,
    refused: Cell<bool>,
    /// What the stores of its budgets have granted.
    leased: Cell<u64>,
    trouble: Cell<Option<Box<Error>>>,
    began_ms: f64,
    later: Later,
}

impl std::fmt::Debug for Hold {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Hold")
    }
}

impl Per {
    /// The name of the period that a time is in.
    fn period(self, now: f64) -> String {
        let length = match self {
            Self::Request | Self::Session => 0,
            Self::Day => 10,
            Self::Month => 7,
        };
        iso_time(now).get(..length).unwrap_or_default().to_owned()
    }

    fn word(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Session => "session",
            Self::Day => "day",
            Self::Month => "month",
        }
    }
}

impl Purse {
    /// Of the client's `budget`.
    pub fn new(budgets: Vec<BudgetOptions>) -> Rc<Self> {
        Rc::new(Self { budgets: budgets.into_iter().map(|budget| Rc::new((budget, RefCell::default()))).collect() })
    }

    /// The same accounts, and one more for a while.
    pub fn with(&self, budget: BudgetOptions) -> Rc<Self> {
        let mut budgets = self.budgets.clone();
        budgets.push(Rc::new((budget, RefCell::default())));
        Rc::new(Self { budgets })
    }

    /// Whether there are no budgets at all.
    pub fn is_empty(&self) -> bool {
        self.budgets.is_empty()
    }

    /// Whether calls with these tags have any.
    pub fn applies(&self, tags: &[(String, String)]) -> bool {
        self.of(tags).next().is_some()
    }

    /// Whether all of them only warn.
    pub fn only_warns(&self, tags: &[(String, String)]) -> bool {
        self.of(tags).all(|index| self.budgets[index].0.warns)
    }

    fn of<'a>(&'a self, tags: &'a [(String, String)]) -> impl Iterator<Item = usize> + 'a {
        let matches = |budget: &BudgetOptions| budget.tags.iter().all(|tag| tags.contains(tag));
        self.budgets.iter().enumerate().filter(move |(_, budget)| matches(&budget.0)).map(|(index, _)| index)
    }

    /// Reserves `pico` for an attempt. `own`: what the request itself may spend, `spent`: what its call has
    /// spent already.
    pub fn reserve(
        self: &Rc<Self>,
        tags: &[(String, String)],
        own: Option<u64>,
        spent: u64,
        pico: u64,
        now: f64,
        later: Later,
    ) -> Result<Hold> {
        let under: Vec<(usize, String)> = self.of(tags).map(|index| (index, self.budgets[index].0.per.period(now))).collect();
        let mut own = own;
        for (index, period) in &under {
            let (budget, account) = &*self.budgets[*index];
            if budget.per == Per::Request && !budget.warns {
                own = Some(own.map_or(budget.limit, |own| own.min(budget.limit)));
            }
            let mut account = account.borrow_mut();
            if account.period != *period {
                *account = Account { period: period.clone(), held: account.held, spent: 0 };
            }
        }
        let hold = Hold {
            purse: self.clone(),
            under,
            own: own.map(|own| own.saturating_sub(spent)),
            held: Cell::new(0),
            refused: Cell::new(false),
            leased: Cell::new(0),
            trouble: Cell::new(None),
            began_ms: now,
            later,
        };
        match hold.lacks(pico) {
            None => {
                hold.grow(pico);
                Ok(hold)
            }
            Some((limit, per)) => Err(no_room(limit, per, pico)),
        }
    }

    /// Spending that nobody asked for before. What is kept in stores is theirs: see [`Purse::shared`].
    pub fn spend(self: &Rc<Self>, tags: &[(String, String)], pico: u64, now: f64) {
        for index in self.of(tags) {
            let (budget, account) = &*self.budgets[index];
            let period = budget.per.period(now);
            let mut account = account.borrow_mut();
            if account.period != period {
                *account = Account { period, held: account.held, spent: 0 };
            }
            account.spent = account.spent.saturating_add(pico);
        }
    }

    /// The budgets for these tags that are kept in stores.
    pub fn shared<'a>(&'a self, tags: &'a [(String, String)]) -> impl Iterator<Item = (u64, &'a BudgetOptions)> + 'a {
        self.of(tags).filter_map(|index| Some((self.budgets[index].0.store()?, &self.budgets[index].0)))
    }

    /// What was spent of each budget for these tags, as the contract's event "budget"; of one for a request,
    /// by a call that has `spent` so much.
    pub fn status(&self, tags: &[(String, String)], spent: u64) -> Vec<Json<'static>> {
        self.of(tags)
            .map(|index| {
                let (budget, account) = &*self.budgets[index];
                let spent = if budget.per == Per::Request { spent } else { account.borrow().spent };
                object! { "spentUsd": usd(spent, 12), "limitUsd": usd(budget.limit, 12) }
            })
            .collect()
    }
}

impl Hold {
    /// Whether the attempt may have cost so much by now. Once it may not, it never may again.
    pub fn allows(&self, pico: u64) -> bool {
        if self.refused.get() {
            return false;
        }
        if pico > self.held.get() {
            if self.lacks(pico).is_some() {
                self.refused.set(true);
                return false;
            }
            self.grow(pico);
        }
        true
    }

    /// Whether stores are to be asked before it goes on: more is held than they have granted.
    pub fn wants_lease(&self) -> bool {
        !self.refused.get() && self.held.get() > self.leased.get() && self.shared().next().is_some()
    }

    /// What stores have granted.
    pub fn leased(&self) -> u64 {
        self.leased.get()
    }

    /// The stores have granted `pico` in all.
    pub fn lease(&self, pico: u64) {
        self.leased.set(pico);
    }

    /// A store has not, or (`why`) could not be asked.
    pub fn refuse(&self, why: Option<Box<Error>>) {
        self.refused.set(true);
        self.trouble.set(why);
    }

    /// Why a store could not be asked; once.
    pub fn trouble(&self) -> Option<Box<Error>> {
        self.trouble.take()
    }

    /// Its budgets that are kept in stores: their places in the purse, the stores, the budgets.
    pub fn shared(&self) -> impl Iterator<Item = (usize, u64, &BudgetOptions)> {
        self.under.iter().filter_map(|(index, _)| {
            let budget = &self.purse.budgets[*index].0;
            Some((*index, budget.store()?, budget))
        })
    }

    /// What a store says is spent of a budget by all, this attempt included.
    pub fn heard(&self, index: usize, spent: u64) {
        self.purse.budgets[index].1.borrow_mut().spent = spent;
    }

    /// Gives a store back what it granted, without which another one's grant is of no use.
    pub fn give_back(&self, store: u64, budget: &BudgetOptions, pico: u64) {
        if pico > 0 {
            (self.later)(store, &budget.store_key(), budget.giving_back(pico, self.began_ms));
        }
    }

    /// What is held: what the attempt may have cost by now.
    pub fn held(&self) -> u64 {
        self.held.get()
    }

    /// The attempt is over, and this is what it cost.
    pub fn settle(&self, pico: u64) {
        let held = self.held.replace(0);
        let leased = self.leased.replace(0);
        self.each(|account, same, budget| {
            account.held = account.held.saturating_sub(held);
            let Some(store) = budget.store() else {
                if same {
                    account.spent = account.spent.saturating_add(pico);
                }
                return;
            };
            account.spent = account.spent.saturating_add(pico).saturating_sub(leased);
            if pico > leased {
                (self.later)(store, &budget.store_key(), budget.spending(pico - leased, false));
            } else {
                self.give_back(store, budget, leased - pico);
            }
        });
    }

    /// The first budget that has no room for `pico` in all.
    fn lacks(&self, pico: u64) -> Option<(u64, Per)> {
        if let Some(own) = self.own.filter(|own| pico > *own) {
            return Some((own, Per::Request));
        }
        let more = pico - self.held.get().min(pico);
        self.under.iter().find_map(|(index, _)| {
            let (budget, account) = &*self.purse.budgets[*index];
            let account = account.borrow();
            let full = account.spent.saturating_add(account.held).saturating_add(more) > budget.limit;
            (full && !budget.warns && budget.per != Per::Request && budget.store().is_none()).then_some((budget.limit, budget.per))
        })
    }

    fn grow(&self, pico: u64) {
        let more = pico.saturating_sub(self.held.replace(pico));
        self.each(|account, _, _| account.held = account.held.saturating_add(more));
    }

    /// `same`: whether the account is still in the period in which this began; what is left of a hold from
    /// yesterday is yesterday's spending.
    fn each(&self, change: impl Fn(&mut Account, bool, &BudgetOptions)) {
        for (index, period) in &self.under {
            let (budget, account) = &*self.purse.budgets[*index];
            let mut account = account.borrow_mut();
            let same = account.period == *period;
            change(&mut account, same, budget);
        }
    }
}

/// Why an attempt is not made.
pub fn no_room(limit: u64, per: Per, pico: u64) -> Box<Error> {
    Error::new(
        ErrorKind::Budget,
        format!(
            "the budget of ${} per {} has no room for this request, which was reserved ${} for its input and the first of its output",
            usd(limit, 12).to_text(),
            per.word(),
            usd(pico, 12).to_text()
        ),
    )
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.settle(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn purse(limit: u64, per: Per) -> Rc<Purse> {
        Purse::new(vec![BudgetOptions { limit, per, ..BudgetOptions::default() }])
    }

    fn alone() -> Later {
        Rc::new(|_, _, _| panic!("there is no store"))
    }

    const NOON: f64 = 1_795_435_200_000.0;

    #[test]
    fn what_others_hold_is_not_there() {
        let purse = purse(100, Per::Session);
        let first = purse.reserve(&[], None, 0, 60, NOON, alone()).unwrap();
        assert_eq!(purse.reserve(&[], None, 0, 41, NOON, alone()).unwrap_err().kind, ErrorKind::Budget);
        let second = purse.reserve(&[], None, 0, 40, NOON, alone()).unwrap();
        assert!(!first.allows(61));
        second.settle(10);
        assert!(!first.allows(61), "once it may not, it never may again");
        first.settle(60);
        assert!(purse.reserve(&[], None, 0, 30, NOON, alone()).is_ok());
        assert!(purse.reserve(&[], None, 0, 31, NOON, alone()).is_err());
    }

    #[test]
    fn a_hold_that_is_dropped_gives_all_back() {
        let purse = purse(100, Per::Day);
        drop(purse.reserve(&[], None, 0, 100, NOON, alone()).unwrap());
        assert!(purse.reserve(&[], None, 0, 100, NOON, alone()).is_ok());
    }

    #[test]
    fn a_day_and_a_month_begin_anew_in_utc() {
        for (per, later) in [(Per::Day, 86_400_000.0), (Per::Month, 31.0 * 86_400_000.0)] {
            let purse = purse(100, per);
            purse.reserve(&[], None, 0, 100, NOON, alone()).unwrap().settle(100);
            assert!(purse.reserve(&[], None, 0, 1, NOON + 1_000.0, alone()).is_err());
            assert!(purse.reserve(&[], None, 0, 100, NOON + later, alone()).is_ok());
        }
        let session = purse(100, Per::Session);
        session.reserve(&[], None, 0, 100, NOON, alone()).unwrap().settle(100);
        assert!(session.reserve(&[], None, 0, 1, NOON + 1e10, alone()).is_err());
    }

    #[test]
    fn a_budget_of_tags_is_for_those_who_have_them_all() {
        let tag = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let purse = Purse::new(vec![BudgetOptions { limit: 10, tags: vec![tag("team", "a")], ..BudgetOptions::default() }]);
        assert!(purse.reserve(&[tag("team", "b")], None, 0, 11, NOON, alone()).is_ok());
        assert!(purse.reserve(&[tag("x", "y"), tag("team", "a")], None, 0, 11, NOON, alone()).is_err());
    }

    #[test]
    fn the_request_s_own_budget_counts_what_its_call_has_spent() {
        let purse = Purse::new(Vec::new());
        assert!(purse.reserve(&[], Some(100), 40, 60, NOON, alone()).is_ok());
        assert!(purse.reserve(&[], Some(100), 41, 60, NOON, alone()).is_err());
    }

    #[test]
    fn a_budget_that_warns_refuses_nothing() {
        let purse = Purse::new(vec![BudgetOptions { limit: 1, warns: true, ..BudgetOptions::default() }]);
        let hold = purse.reserve(&[], None, 0, 50, NOON, alone()).unwrap();
        assert!(hold.allows(500));
    }
}
