//! The line before a client's limits: who waits, who is next, what he may take.
//!
//! Nothing sleeps here: [`super::Gate`] does, and asks [`Line::step`] when it wakes up.

use std::future::{Future, poll_fn};
use std::rc::Rc;
use std::task::{Poll, Waker};

use super::{Ask, Gate};
use crate::error::{Error, ErrorKind};
use crate::policy::limit::{Amount, Expected, Lanes, Limit, Rank};

/// Limits, and who waits for them.
#[derive(Debug, Default)]
pub struct Line {
    /// In the caller's order.
    pub limits: Vec<Limit>,
    /// By sets of limits.
    pub lanes: Lanes,
    waiters: Vec<Option<Waiter>>,
    free: Vec<u32>,
    /// How long answers get.
    pub expected: Expected,
}

#[derive(Debug)]
struct Waiter {
    amount: Amount,
    runs: bool,
    /// When it will have waited too long; infinite without such a time.
    give_up_ms: f64,
    woken: bool,
    waker: Option<Waker>,
}

/// A call's place in line. Leaves it when it is dropped.
pub struct Place {
    pub gate: Rc<Gate>,
    /// By number.
    pub limits: Vec<usize>,
    /// By number.
    pub lane: usize,
    pub rank: Rank,
    pub who: u32,
}

/// What the next in line is to do.
pub enum Step {
    /// It has what its own client's limits give.
    Granted,
    /// It is not its turn, or somebody else has to finish first.
    Park,
    /// There will be room after this time.
    Sleep(f64),
}

impl Line {
    /// Nobody, before these.
    pub fn before(limits: Vec<Limit>) -> Self {
        Self { limits, ..Self::default() }
    }

    /// Puts somebody in line.
    pub fn enter(&mut self, lane: usize, ask: &Ask<'_>, now: f64, give_up_ms: f64) -> (Rank, u32) {
        let waiter = Waiter { amount: ask.amount, runs: ask.runs, give_up_ms, woken: false, waker: None };
        let who = match self.free.pop() {
            Some(who) => who,
            None => {
                self.waiters.push(None);
                self.waiters.len() as u32 - 1
            }
        };
        self.waiters[who as usize] = Some(waiter);
        (self.lanes.join(lane, who, ask.priority, now), who)
    }

    /// Takes somebody out of the line.
    pub fn leave(&mut self, lane: usize, rank: Rank, who: u32) {
        self.lanes.leave(lane, rank);
        if self.waiters[who as usize].take().is_some() {
            self.free.push(who);
        }
    }

    /// What a place in line means in time, if everybody before it takes what he asked for.
    pub fn expected_ms(&self, limits: &[usize], lane: usize, rank: Rank, amount: &Amount, now: f64) -> f64 {
        let lane = &self.lanes.all()[lane];
        // Of those who wait for the very same limits, only those before it; all of the others.
        let behind = lane.behind(rank).filter_map(|who| self.waiters[who as usize].as_ref());
        let behind = behind.fold(Amount::default(), |sum, waiter| sum.plus(&waiter.amount));
        let wait = |index: &usize| {
            let limit = &self.limits[*index];
            if limit.store().is_some() { 0.0 } else { limit.wait_ms(&limit.ahead.minus(&behind).plus(amount), now).0 }
        };
        limits.iter().map(wait).fold(0.0, f64::max)
    }

    /// What somebody is to do now. What is granted is taken.
    pub fn step(&mut self, place: &Place, now: f64) -> Step {
        let lane = &self.lanes.all()[place.lane];
        let Some(waiter) = self.waiters[place.who as usize].as_ref().filter(|_| lane.head() == Some((place.rank, place.who))) else {
            return Step::Park;
        };
        let (amount, runs) = (waiter.amount, waiter.runs);
        if self.must_yield(place, &amount, now) {
            return Step::Park;
        }
        match self.wait_ms(&place.limits, &amount, runs, now) {
            None => Step::Park,
            Some(wait) => match wait.max(lane.not_before_ms - now) {
                wait if wait > 0.0 => Step::Sleep(wait),
                _ => {
                    for index in &place.limits {
                        let limit = &mut self.limits[*index];
                        if limit.store().is_none() {
                            limit.take(&amount, now);
                        }
                        limit.running += u32::from(runs);
                    }
                    Step::Granted
                }
            },
        }
    }

    /// How long until all of these have room; `None`: when a call ends.
    fn wait_ms(&self, limits: &[usize], amount: &Amount, runs: bool, now: f64) -> Option<f64> {
        let mut longest = 0.0_f64;
        for index in limits {
            let limit = &self.limits[*index];
            if limit.store().is_some() {
                continue;
            }
            if runs && limit.options.max_concurrent.is_some_and(|most| limit.running >= most) {
                return None;
            }
            longest = longest.max(limit.wait_ms(amount, now).0);
        }
        Some(longest)
    }

    /// Whether somebody who came before, in another lane, waits for something that this one would take: a
    /// large request is not starved by small ones. What he is not short of is free.
    fn must_yield(&self, place: &Place, amount: &Amount, now: f64) -> bool {
        let mine = amount.of_each();
        self.lanes.all().iter().enumerate().any(|(index, lane)| {
            let Some((_, who)) = lane.head().filter(|(rank, _)| index != place.lane && *rank < place.rank) else { return false };
            let Some(other) = &self.waiters[who as usize] else { return false };
            let mut common = place.limits.iter().filter(|limit| lane.limits.contains(limit)).peekable();
            if common.peek().is_none() || lane.not_before_ms > now {
                return false;
            }
            if self.wait_ms(&lane.limits, &other.amount, other.runs, now) == Some(0.0) {
                return true;
            }
            common.any(|limit| {
                let short = self.limits[*limit].wait_ms(&other.amount, now).1;
                short.iter().zip(mine).any(|(short, mine)| *short && mine > 0.0)
            })
        })
    }

    /// Lets the first of each lane look again.
    pub fn wake_heads(&mut self) {
        for lane in self.lanes.all() {
            if let Some(waiter) = lane.head().and_then(|(_, who)| self.waiters[who as usize].as_mut()) {
                waiter.woken = true;
                if let Some(waker) = waiter.waker.take() {
                    waker.wake();
                }
            }
        }
    }
}

impl Place {
    /// Resolves when something has changed for the first in line.
    pub fn woken(&self) -> impl Future<Output = ()> {
        poll_fn(|context| {
            let mut inner = self.gate.line.borrow_mut();
            let Some(waiter) = &mut inner.waiters[self.who as usize] else { return Poll::Ready(()) };
            if std::mem::take(&mut waiter.woken) {
                return Poll::Ready(());
            }
            waiter.waker = Some(context.waker().clone());
            Poll::Pending
        })
    }

    /// How long it may go on waiting.
    pub fn patience_ms(&self, now: f64) -> f64 {
        self.gate.line.borrow().waiters[self.who as usize].as_ref().map_or(0.0, |waiter| waiter.give_up_ms - now)
    }

    /// The error when it waited too long.
    pub fn gave_up(&self, now: f64) -> Box<Error> {
        let inner = self.gate.line.borrow();
        let none = Amount::default();
        let mut wait_ms = inner.expected_ms(&self.limits, self.lane, self.rank, &none, now);
        wait_ms = wait_ms.max(inner.lanes.all()[self.lane].not_before_ms - now);
        for index in &self.limits {
            // What a store holds is not known here; what this client alone waits for there is.
            let limit = &inner.limits[*index];
            if limit.store().is_some() {
                wait_ms = wait_ms.max(limit.flow_ms(&limit.ahead));
            }
        }
        too_long(&inner.limits[self.limits[0]].key, wait_ms.max(1.0))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let inner = &mut *self.gate.line.borrow_mut();
        if let Some(waiter) = &inner.waiters[self.who as usize] {
            let amount = waiter.amount;
            for index in &self.limits {
                let limit = &mut inner.limits[*index];
                limit.waiting -= 1;
                limit.ahead = limit.ahead.minus(&amount);
            }
        }
        inner.leave(self.lane, self.rank, self.who);
        inner.wake_heads();
    }
}

/// The error of a wait that nobody wants.
pub fn too_long(key: &str, wait_ms: f64) -> Box<Error> {
    let wait_ms = wait_ms.max(0.0).ceil() as u64;
    let mut error =
        Error::new(ErrorKind::RateLimit, format!("the limit \"{key}\" would hold this for {wait_ms} ms, which is longer than maxWaitMs"));
    error.retry_after_ms = Some(wait_ms);
    error
}
