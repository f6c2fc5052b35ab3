//! Waiting for room under the limits: who goes first, who sleeps, what is given back.
//!
//! What a limit grants, and in which order, is decided in [`crate::policy::limit`]; here is only what
//! waits. Of all who wait for one set of limits, the first alone has a timer, and asks the store if there
//! is one; the others are woken when it is their turn.

use std::any::Any;
use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::rc::Rc;
use std::task::{Poll, Waker};

use super::within::within;
use crate::chat::ChatRequest;
use crate::error::{Error, ErrorKind, Result};
use crate::host::Host;
use crate::http::{RateLimits, ResponseHead};
use crate::json::Json;
pub use crate::policy::limit::Amount;
use crate::policy::limit::{Change, Expected, Lanes, Limit, LimitOptions, Rank, input_tokens};

/// All limits of a client.
#[derive(Debug)]
pub struct Gate {
    inner: RefCell<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    limits: Vec<Limit>,
    lanes: Lanes,
    waiters: Vec<Option<Waiter>>,
    free: Vec<u32>,
    expected: Expected,
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

/// Who asks for room.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// "provider/model", or whatever key the caller of `limits.acquire` names.
    pub key: &'a str,
    /// What it takes.
    pub amount: Amount,
    /// Higher goes first.
    pub priority: f64,
    /// Beside the limits' own.
    pub max_wait_ms: Option<f64>,
    /// Whether it is a call with an end, which counts for `maxConcurrent` while it runs.
    pub runs: bool,
}

/// Room that was granted. Dropping it gives the place of a running call back, and what it took of this
/// client's own limits if [`Permit::settle`] did not say what was used; a store gets that back with the
/// minute.
#[derive(Default)]
pub struct Permit {
    gate: Option<Rc<Gate>>,
    key: String,
    limits: Vec<usize>,
    amount: Amount,
    runs: bool,
    settled: bool,
    /// Of limits that all tabs share.
    places: Vec<Box<dyn Any>>,
}

/// A call's place in line. Leaves it when it is dropped.
struct Place {
    gate: Rc<Gate>,
    limits: Vec<usize>,
    lane: usize,
    rank: Rank,
    who: u32,
}

/// What the next in line is to do.
enum Step {
    /// It has what its own client's limits give.
    Granted,
    /// It is not its turn, or somebody else has to finish first.
    Park,
    /// There will be room after this time.
    Sleep(f64),
}

impl Gate {
    /// Of the client's `limits`.
    pub fn new(limits: Vec<(String, LimitOptions)>) -> Rc<Self> {
        let limits = limits.into_iter().map(|(key, options)| Limit::new(key, options)).collect();
        Rc::new(Self { inner: RefCell::new(Inner { limits, ..Inner::default() }) })
    }

    /// About what a call will take.
    pub fn amount(&self, key: &str, request: &ChatRequest) -> Amount {
        let usual = self.inner.borrow().expected.output_tokens(key);
        let output_tokens = request.max_tokens.map_or(usual, |most| usual.min(most as f64));
        Amount { requests: 1.0, input_tokens: input_tokens(request).ceil(), output_tokens: output_tokens.ceil() }
    }

    /// Waits for room under every limit that matches.
    pub async fn acquire<H: Host>(self: &Rc<Self>, host: &H, ask: &Ask<'_>) -> Result<Permit> {
        let Some(place) = self.join(host, ask)? else { return Ok(Permit::default()) };
        let mut places = Vec::new();
        let mut told = false;
        loop {
            let step = self.inner.borrow_mut().step(&place, host.now());
            let sleep_ms = match step {
                Step::Granted => {
                    // From here on what was taken is given back if this is dropped.
                    let mut permit = self.permit(&place, ask);
                    let wait_ms = self.ask_stores(host, &place.limits, ask, &mut places).await?;
                    if wait_ms == 0.0 {
                        permit.places = places;
                        return Ok(permit);
                    }
                    permit.never_sent();
                    self.inner.borrow_mut().lanes.lane(place.lane).not_before_ms = host.now() + wait_ms;
                    wait_ms
                }
                Step::Sleep(ms) => ms,
                Step::Park => f64::INFINITY,
            };
            let patience_ms = place.patience_ms(host.now());
            if patience_ms <= 0.0 {
                return Err(place.gave_up(host.now()));
            }
            if !std::mem::replace(&mut told, true) {
                self.tell(host, &place.limits);
            }
            let ms = sleep_ms.min(patience_ms);
            if ms.is_finite() {
                within(host, ms, place.woken()).await;
            } else {
                place.woken().await;
            }
        }
    }

    /// Takes room, waiting for it: for what has no end of which anybody here hears.
    pub async fn take<H: Host>(self: &Rc<Self>, host: &H, ask: &Ask<'_>) -> Result<()> {
        self.acquire(host, ask).await?.keep();
        Ok(())
    }

    /// Takes room if there is some now.
    pub async fn try_acquire<H: Host>(self: &Rc<Self>, host: &H, ask: &Ask<'_>) -> Result<bool> {
        match self.take(host, &Ask { max_wait_ms: Some(0.0), ..*ask }).await {
            Ok(()) => Ok(true),
            Err(error) if error.kind == ErrorKind::RateLimit => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// How long `ask` would wait, as it stands. What stores know is not asked.
    pub fn wait_ms(&self, ask: &Ask<'_>, now: f64) -> f64 {
        let inner = self.inner.borrow();
        let limits = inner.limits.iter().filter(|limit| limit.matches(ask.key));
        limits.map(|limit| limit.wait_ms(&limit.ahead.plus(&ask.amount), now).0).fold(0.0, f64::max)
    }

    /// What a response's headers say of the provider's own limits. A 429 stops everything until it is over.
    pub fn learn<H: Host>(&self, host: &H, key: &str, head: &ResponseHead, retry_after_ms: Option<u64>) {
        let drain_ms = retry_after_ms.filter(|_| head.status == 429).map(|ms| ms as f64);
        let seen = head.rate_limits();
        if drain_ms.is_none() && seen == RateLimits::default() {
            return;
        }
        let now = host.now();
        let mut drained = Vec::new();
        let mut changes = Vec::new();
        for (index, limit) in self.inner.borrow_mut().limits.iter_mut().enumerate() {
            if limit.options.learn == Some(false) || !limit.matches(key) {
                continue;
            }
            if let Some(ms) = drain_ms {
                limit.drain(now + ms);
                drained.push(index);
            }
            limit.learn(&seen, now);
            if let Some(store) = limit.store() {
                changes.push((store, limit.store_key(), Change::Learn.to_text(limit.learned(&seen))));
                if let Some(ms) = drain_ms {
                    changes.push((store, limit.store_key(), Change::Drain.to_text(limit.drained(ms))));
                }
            }
        }
        for (store, key, change) in changes {
            host.change_limit_later(store, &key, change);
        }
        self.tell(host, &drained);
    }

    /// As the contract's `LimitStatus[]`.
    pub fn status(&self, now: f64) -> Json<'static> {
        let inner = self.inner.borrow();
        Json::Array(inner.limits.iter().map(|limit| limit.status(now).into_owned()).collect())
    }

    fn tell<H: Host>(&self, host: &H, limits: &[usize]) {
        let now = host.now();
        let all: Vec<Json<'_>> = limits.iter().map(|index| self.inner.borrow().limits[*index].status(now).into_owned()).collect();
        // Nothing is borrowed any more: a listener may ask for the status.
        for status in &all {
            host.tell("limit", status);
        }
    }

    /// Puts a call in line; `None` where no limit is for it.
    fn join<H: Host>(self: &Rc<Self>, host: &H, ask: &Ask<'_>) -> Result<Option<Place>> {
        let now = host.now();
        let inner = &mut *self.inner.borrow_mut();
        let limits: Vec<usize> = (0..inner.limits.len()).filter(|index| inner.limits[*index].matches(ask.key)).collect();
        if limits.is_empty() {
            return Ok(None);
        }
        if let Some(why) = limits.iter().find_map(|index| inner.limits[*index].never(&ask.amount)) {
            return Err(Error::new(ErrorKind::InvalidRequest, why));
        }
        let patience = |index: &usize| inner.limits[*index].options.max_wait_ms;
        let patience_ms = limits.iter().filter_map(patience).chain(ask.max_wait_ms).fold(f64::INFINITY, f64::min);
        let lane = inner.lanes.of(&limits);
        let (rank, who) = inner.enter(lane, ask, now, now + patience_ms);
        if patience_ms.is_finite() {
            let expected_ms = inner.expected_ms(&limits, lane, rank, &ask.amount, now);
            if expected_ms > patience_ms {
                // Waiting would end in the same error, later.
                let error = too_long(&inner.limits[limits[0]].key, expected_ms);
                inner.leave(lane, rank, who);
                return Err(error);
            }
        }
        for index in &limits {
            let limit = &mut inner.limits[*index];
            limit.waiting += 1;
            limit.ahead = limit.ahead.plus(&ask.amount);
        }
        Ok(Some(Place { gate: self.clone(), limits, lane, rank, who }))
    }

    fn permit(self: &Rc<Self>, place: &Place, ask: &Ask<'_>) -> Permit {
        Permit {
            gate: Some(self.clone()),
            key: ask.key.to_owned(),
            limits: place.limits.clone(),
            amount: ask.amount,
            runs: ask.runs,
            settled: false,
            places: Vec::new(),
        }
    }

    /// Asks the stores of a call's limits, once its own client grants it: 0 when all did, else the wait, and
    /// what was taken meanwhile is given back.
    async fn ask_stores<H: Host>(&self, host: &H, limits: &[usize], ask: &Ask<'_>, places: &mut Vec<Box<dyn Any>>) -> Result<f64> {
        let shared: Vec<Shared> = limits.iter().filter_map(|index| Shared::of(&self.inner.borrow().limits[*index], &ask.amount)).collect();
        // Places first: nobody holds what flows while he waits for one of them.
        let wanted: Vec<(&Shared, u32)> = shared.iter().filter_map(|limit| Some((limit, limit.places?))).filter(|_| ask.runs).collect();
        for (limit, count) in wanted.into_iter().skip(places.len()) {
            places.push(host.place(limit.store, &limit.key, count).await?);
        }
        for (index, limit) in shared.iter().enumerate() {
            let result = host.change_limit(limit.store, &limit.key, &limit.take).await;
            if matches!(result, Ok(0.0)) {
                continue;
            }
            for taken in &shared[..index] {
                host.change_limit_later(taken.store, &taken.key, taken.give_back.clone());
            }
            return result;
        }
        Ok(0.0)
    }

    /// Gives back, or takes, the difference between what was taken and what was used.
    fn add(&self, limits: &[usize], more: &Amount) {
        let inner = &mut *self.inner.borrow_mut();
        for index in limits {
            inner.limits[*index].settle(more);
        }
        inner.wake_heads();
    }
}

/// A limit that is kept in a store, and what is asked of it.
struct Shared {
    store: u64,
    key: String,
    places: Option<u32>,
    take: String,
    give_back: String,
}

impl Shared {
    fn of(limit: &Limit, amount: &Amount) -> Option<Self> {
        Some(Self {
            store: limit.store()?,
            key: limit.store_key(),
            places: limit.options.max_concurrent,
            take: Change::Take.to_text(limit.costs(amount)),
            give_back: Change::Settle.to_text(limit.costs(&Amount::default().minus(amount))),
        })
    }
}

impl Inner {
    fn enter(&mut self, lane: usize, ask: &Ask<'_>, now: f64, give_up_ms: f64) -> (Rank, u32) {
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

    fn leave(&mut self, lane: usize, rank: Rank, who: u32) {
        self.lanes.leave(lane, rank);
        if self.waiters[who as usize].take().is_some() {
            self.free.push(who);
        }
    }

    /// What a place in line means in time, if everybody before it takes what he asked for.
    fn expected_ms(&self, limits: &[usize], lane: usize, rank: Rank, amount: &Amount, now: f64) -> f64 {
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

    fn step(&mut self, place: &Place, now: f64) -> Step {
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
    fn wake_heads(&mut self) {
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
    fn woken(&self) -> impl Future<Output = ()> {
        poll_fn(|context| {
            let mut inner = self.gate.inner.borrow_mut();
            let Some(waiter) = &mut inner.waiters[self.who as usize] else { return Poll::Ready(()) };
            if std::mem::take(&mut waiter.woken) {
                return Poll::Ready(());
            }
            waiter.waker = Some(context.waker().clone());
            Poll::Pending
        })
    }

    /// How long it may go on waiting.
    fn patience_ms(&self, now: f64) -> f64 {
        self.gate.inner.borrow().waiters[self.who as usize].as_ref().map_or(0.0, |waiter| waiter.give_up_ms - now)
    }

    fn gave_up(&self, now: f64) -> Box<Error> {
        let inner = self.gate.inner.borrow();
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
        let inner = &mut *self.gate.inner.borrow_mut();
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

fn too_long(key: &str, wait_ms: f64) -> Box<Error> {
    let wait_ms = wait_ms.max(0.0).ceil() as u64;
    let mut error =
        Error::new(ErrorKind::RateLimit, format!("the limit \"{key}\" would hold this for {wait_ms} ms, which is longer than maxWaitMs"));
    error.retry_after_ms = Some(wait_ms);
    error
}

impl Permit {
    /// What it really came to; what the provider did not say stays as estimated.
    pub fn settle<H: Host>(&mut self, host: &H, input_tokens: Option<u64>, output_tokens: Option<u64>) {
        let Some(gate) = self.gate.clone().filter(|_| !self.settled) else { return };
        self.settled = true;
        let more = Amount {
            requests: 0.0,
            input_tokens: input_tokens.map_or(0.0, |used| used as f64 - self.amount.input_tokens),
            output_tokens: output_tokens.map_or(0.0, |used| used as f64 - self.amount.output_tokens),
        };
        if let Some(tokens) = output_tokens.filter(|tokens| *tokens > 0) {
            gate.inner.borrow_mut().expected.saw(&self.key, tokens as f64);
        }
        let mut changes = Vec::new();
        for index in &self.limits {
            let limit = &gate.inner.borrow().limits[*index];
            if let Some(store) = limit.store() {
                changes.push((store, limit.store_key(), Change::Settle.to_text(limit.costs(&more))));
            }
        }
        for (store, key, change) in changes {
            host.change_limit_later(store, &key, change);
        }
        gate.add(&self.limits, &more);
    }

    /// It was not used at all.
    fn never_sent(mut self) {
        self.settled = true;
        if let Some(gate) = &self.gate {
            gate.add(&self.limits, &Amount::default().minus(&self.amount));
        }
    }

    /// What it took is used.
    pub fn keep(mut self) {
        self.settled = true;
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let Some(gate) = &self.gate else { return };
        if self.runs {
            for index in &self.limits {
                gate.inner.borrow_mut().limits[*index].running -= 1;
            }
        }
        // Of a call that was dropped nobody knows what it used; its request was sent.
        let unused = if self.settled { Amount::default() } else { Amount { requests: 0.0, ..Amount::default().minus(&self.amount) } };
        gate.add(&self.limits, &unused);
    }
}
