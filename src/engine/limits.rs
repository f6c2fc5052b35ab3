//! Waiting for room under the limits: who goes first, who sleeps, what is given back.
//!
//! What a limit grants, and in which order, is decided in [`crate::policy::limit`]; here is only what
//! waits. Of all who wait for one set of limits, the first alone has a timer, and asks the store if there
//! is one; the others are woken when it is their turn. Who is next is in `line`, what is held in `permit`.

mod line;
mod permit;

use std::any::Any;
use std::cell::RefCell;
use std::rc::Rc;

use super::within::within;
use crate::chat::ChatRequest;
use crate::error::{Error, ErrorKind, Result};
use crate::host::{Host, Told};
use crate::http::{RateLimits, ResponseHead};
use crate::json::Json;
pub use crate::policy::limit::Amount;
use crate::policy::limit::{Change, Limit, LimitOptions, input_tokens};
use line::{Line, Place, Step, too_long};
pub use permit::Permit;

/// All limits of a client.
#[derive(Debug)]
pub struct Gate {
    line: RefCell<Line>,
}

/// What it takes to find out that a place is free: who will not wait at all is still told.
const ASKING_MS: f64 = 1_000.0;

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

impl Gate {
    /// Of the client's `limits`.
    pub fn new(limits: Vec<(String, LimitOptions)>) -> Rc<Self> {
        let limits = limits.into_iter().map(|(key, options)| Limit::new(key, options)).collect();
        Rc::new(Self { line: RefCell::new(Line::before(limits)) })
    }

    /// About what a call will take.
    pub fn amount(&self, key: &str, request: &ChatRequest) -> Amount {
        let usual = self.line.borrow().expected.output_tokens(key);
        let output_tokens = request.max_tokens.map_or(usual, |most| usual.min(most as f64));
        Amount { requests: 1.0, input_tokens: input_tokens(request).ceil(), output_tokens: output_tokens.ceil() }
    }

    /// Whether there are limits at all.
    pub fn is_limited(&self) -> bool {
        !self.line.borrow().limits.is_empty()
    }

    /// Waits for room under every limit that matches.
    pub async fn acquire<H: Host>(self: &Rc<Self>, host: &H, ask: &Ask<'_>) -> Result<Permit> {
        let Some(place) = self.join(host, ask)? else { return Ok(Permit::default()) };
        let mut places = Vec::new();
        let mut told = false;
        loop {
            let step = self.line.borrow_mut().step(&place, host.now());
            let sleep_ms = match step {
                Step::Granted => {
                    // From here on what was taken is given back if this is dropped.
                    let mut permit = self.permit(&place, ask);
                    let wait_ms = self.ask_stores(host, &place, ask, &mut places).await?;
                    if wait_ms == 0.0 {
                        permit.places = places;
                        return Ok(permit);
                    }
                    permit.never_sent();
                    self.line.borrow_mut().lanes.lane(place.lane).not_before_ms = host.now() + wait_ms;
                    wait_ms
                }
                Step::Sleep(ms) => ms,
                Step::Park => host.rest_ms(),
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
        let line = self.line.borrow();
        let limits = line.limits.iter().filter(|limit| limit.matches(ask.key));
        limits.map(|limit| limit.wait_ms(&limit.ahead.plus(&ask.amount), now).0).fold(0.0, f64::max)
    }

    /// What a response's headers say of the provider's own limits. A 429 stops everything until it is over.
    #[inline(never)]
    pub fn learn<H: Host>(&self, host: &H, key: &str, head: &ResponseHead, retry_after_ms: Option<u64>) {
        let drain_ms = retry_after_ms.filter(|_| head.status == 429).map(|ms| ms as f64);
        let seen = head.rate_limits();
        if drain_ms.is_none() && seen == RateLimits::default() {
            return;
        }
        let now = host.now();
        let mut drained = Vec::new();
        let mut changes = Vec::new();
        for (index, limit) in self.line.borrow_mut().limits.iter_mut().enumerate() {
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
            host.later()(store, &key, change);
        }
        self.tell(host, &drained);
    }

    /// As the contract's `LimitStatus[]`.
    pub fn status(&self, now: f64) -> Json<'static> {
        let line = self.line.borrow();
        Json::Array(line.limits.iter().map(|limit| limit.status(now).into_owned()).collect())
    }

    fn tell<H: Host>(&self, host: &H, limits: &[usize]) {
        let now = host.now();
        let all: Vec<Json<'_>> = limits.iter().map(|index| self.line.borrow().limits[*index].status(now).into_owned()).collect();
        // Nothing is borrowed any more: a listener may ask for the status.
        for status in &all {
            host.tell(Told::Limit, &status.to_text());
        }
    }

    /// Puts a call in line; `None` where no limit is for it.
    fn join<H: Host>(self: &Rc<Self>, host: &H, ask: &Ask<'_>) -> Result<Option<Place>> {
        let now = host.now();
        let line = &mut *self.line.borrow_mut();
        let limits: Vec<usize> = (0..line.limits.len()).filter(|index| line.limits[*index].matches(ask.key)).collect();
        if limits.is_empty() {
            return Ok(None);
        }
        if let Some(why) = limits.iter().find_map(|index| line.limits[*index].never(&ask.amount)) {
            return Err(Error::new(ErrorKind::InvalidRequest, why));
        }
        let patience = |index: &usize| line.limits[*index].options.max_wait_ms;
        let patience_ms = limits.iter().filter_map(patience).chain(ask.max_wait_ms).fold(f64::INFINITY, f64::min);
        let lane = line.lanes.of(&limits);
        let (rank, who) = line.enter(lane, ask, now, now + patience_ms);
        if patience_ms.is_finite() {
            let expected_ms = line.expected_ms(&limits, lane, rank, &ask.amount, now);
            if expected_ms > patience_ms {
                // Waiting would end in the same error, later.
                let error = too_long(&line.limits[limits[0]].key, expected_ms);
                line.leave(lane, rank, who);
                return Err(error);
            }
        }
        for index in &limits {
            let limit = &mut line.limits[*index];
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
    async fn ask_stores<H: Host>(&self, host: &H, place: &Place, ask: &Ask<'_>, places: &mut Vec<Box<dyn Any>>) -> Result<f64> {
        let shared: Vec<Shared> =
            place.limits.iter().filter_map(|index| Shared::of(&self.line.borrow().limits[*index], &ask.amount)).collect();
        // Places first: nobody holds what flows while he waits for one of them.
        let wanted: Vec<(&Shared, u32)> = shared.iter().filter_map(|limit| Some((limit, limit.places?))).filter(|_| ask.runs).collect();
        for (limit, count) in wanted.into_iter().skip(places.len()) {
            let waiting = host.place(limit.store, &limit.key, count);
            let patience_ms = place.patience_ms(host.now());
            let got =
                if patience_ms.is_finite() { within(host, patience_ms.max(0.0) + ASKING_MS, waiting).await } else { Some(waiting.await) };
            places.push(got.unwrap_or_else(|| Err(place.gave_up(host.now())))?);
        }
        for (index, limit) in shared.iter().enumerate() {
            let result = host.change_limit(limit.store, &limit.key, &limit.take).await;
            if matches!(result, Ok(0.0)) {
                continue;
            }
            for taken in &shared[..index] {
                host.later()(taken.store, &taken.key, taken.give_back.clone());
            }
            return result;
        }
        Ok(0.0)
    }

    /// Gives back, or takes, the difference between what was taken and what was used.
    fn add(&self, limits: &[usize], more: &Amount) {
        let line = &mut *self.line.borrow_mut();
        for index in limits {
            line.limits[*index].settle(more);
        }
        line.wake_heads();
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
