//! After a failure: another key, another try, another target, or the end.
//!
//! Whether each of them helps is decided in `policy`; here is the order in which they are thought of.

use super::Engine;
use super::route::{Stop, Turn};
use crate::error::{Error, ErrorKind, Result};
use crate::host::{Host, Told};
use crate::json::Json;
use crate::object;
use crate::policy::fallback::{Candidate, Order, Place, can_mend, falls_back, order};
use crate::policy::retry::{Moment, RetryOptions, Said, Verdict};
use crate::telemetry;

/// Hears of what is done about a failure: the events of a stream.
pub type Listener<'a> = &'a mut dyn FnMut(&Json<'_>);

/// Why the attempt after a failure is another one.
#[derive(Clone, Copy, PartialEq)]
enum Next {
    Key,
    Retry(f64),
    Target(usize),
}

impl Engine {
    /// Puts the targets of a call in order, and begins with the first that is not known to be down.
    pub(super) fn start<H: Host>(&self, host: &H, turn: &mut Turn) {
        if turn.route.ordered || turn.route.stops.is_empty() {
            return;
        }
        turn.route.ordered = true;
        let candidates: Vec<Candidate> = turn.route.stops.iter().map(|stop| self.candidate(host, stop, turn)).collect();
        let mut left = order(self.options.fallback.order, &candidates, &mut || host.random());
        left.reverse();
        turn.route.left = left;
        if let Some(first) = self.next_target(turn, host.now(), |_| true) {
            turn.turn_to(first);
        }
    }

    fn candidate<H: Host>(&self, host: &H, stop: &Stop, turn: &Turn) -> Candidate {
        let name = stop.request.model.as_deref().unwrap_or_default();
        let seen = self.health.borrow();
        let usd = match self.options.fallback.order {
            Order::Cheapest => self.about(host, name, &turn.request),
            _ => None,
        };
        Candidate { weight: stop.weight, usd, first_token_ms: seen.of(name).and_then(|seen| seen.first_token_ms) }
    }

    /// The next target in order that `suits`, healthy ones before those that just failed; of these, the one
    /// that failed longest ago.
    fn next_target(&self, turn: &Turn, now: f64, suits: impl Fn(usize) -> bool) -> Option<usize> {
        let health = self.health.borrow();
        let mut soonest: Option<(f64, usize)> = None;
        for index in turn.route.left.iter().rev().copied().filter(|index| suits(*index)) {
            let name = turn.route.stops[index].request.model.as_deref().unwrap_or_default();
            let Some(seen) = health.of(name).filter(|seen| !seen.breaker.allows(now)) else { return Some(index) };
            if soonest.is_none_or(|(at, _)| seen.breaker.opens_at() < at) {
                soonest = Some((seen.breaker.opens_at(), index));
            }
        }
        Some(soonest?.1)
    }

    /// Does what can be done about a failed attempt, and waits if that takes time. The error comes back
    /// when there is nothing.
    pub(super) async fn recover<H: Host>(&self, host: &H, turn: &mut Turn, error: Box<Error>, listener: Listener<'_>) -> Result<()> {
        let next = self.next(host, turn, &error).map_err(|wrong| turn.call.failed(wrong, host.now()))?;
        let Some(next) = next else { return Err(error) };
        let delay_ms = if let Next::Retry(delay_ms) = next { delay_ms } else { 0.0 };
        // What the caller hears of: the attempt that failed, and where it goes on.
        let asked = turn.call.asked();
        if let Next::Target(index) = next {
            turn.turn_to(index);
        }
        let target = turn.request.model.clone().unwrap_or_default();
        if let Some(attempt) = turn.call.last_attempt() {
            if host.listens() {
                let (event, of) = if matches!(next, Next::Target(_)) { (Told::Fallback, &target) } else { (Told::Retry, &asked) };
                let tags = self.tags_of(&turn.request.tags);
                host.tell(event, &telemetry::failed(event, &turn.call, of, &tags, &attempt, host.now()));
            }
            if turn.said.is_none() {
                listener(&object! { "type": "retry", "attempt": attempt.to_json(), "delayMs": delay_ms, "next": target.as_str() });
            }
        }
        if next == Next::Key {
            turn.keys_tried += 1;
        }
        if delay_ms > 0.0 {
            host.sleep(delay_ms).await;
            turn.call.waited(delay_ms);
        }
        Ok(())
    }

    fn next<H: Host>(&self, host: &H, turn: &mut Turn, error: &Error) -> Result<Option<Next>> {
        if error.kind == ErrorKind::Aborted {
            return Ok(None);
        }
        let now = host.now();
        // What was shown is not taken back: from here on it is another target or none.
        let fresh = turn.said.is_none();
        if fresh
            && (std::mem::take(&mut turn.another_key) || error.another_key)
            && turn.keys_tried < self.keys_of(error.provider.as_deref())
        {
            return Ok(Some(Next::Key));
        }
        let verdict = if fresh { self.retry(host, turn, error)? } else { Verdict::No };
        let other = self.other_target(host, turn, error)?;
        match (verdict, other) {
            // A long wait that the provider asks for is no use while somebody else is free.
            (Verdict::Again(delay_ms), Some(index)) if delay_ms > MOST_PATIENCE_MS => Ok(Some(Next::Target(index))),
            (Verdict::Again(delay_ms), other) => {
                if self.retries.borrow_mut().spend(now) {
                    return Ok(Some(Next::Retry(delay_ms)));
                }
                Ok(other.map(Next::Target))
            }
            (_, other) => Ok(other.map(Next::Target)),
        }
    }

    fn retry<H: Host>(&self, host: &H, turn: &Turn, error: &Error) -> Result<Verdict> {
        let options = self.retry_options(error.provider.as_deref(), &turn.request.retry);
        let moment = Moment {
            attempt: turn.attempt.saturating_sub(turn.keys_tried as u32),
            elapsed_ms: turn.call.elapsed_ms(host.now()),
            left_ms: turn.call.deadline().map(|deadline| deadline - host.now()),
            random: host.random(),
        };
        let said = match options.when {
            Some(when) => read_said(&host.when(when, error, &Json::from(u64::from(moment.attempt)))?)?,
            None => None,
        };
        Ok(options.verdict(error, &moment, said))
    }

    /// Who else can mend it.
    fn other_target<H: Host>(&self, host: &H, turn: &mut Turn, error: &Error) -> Result<Option<usize>> {
        let said = match (self.options.fallback.when, turn.call.last_attempt()) {
            (Some(when), Some(attempt)) if !turn.route.stops.is_empty() => host.when(when, error, &attempt.to_json())?,
            _ => Json::Null,
        };
        let now = host.now();
        match &said {
            Json::Bool(false) => Ok(None),
            Json::Bool(true) => Ok(self.next_target(turn, now, |_| true)),
            Json::String(name) => self.named_target(turn, name).map(Some),
            Json::Null if falls_back(error) => {
                let here = self.place(host, turn.request.model.as_deref());
                Ok(self.next_target(turn, now, |index| {
                    let there = self.place(host, turn.route.stops[index].request.model.as_deref());
                    here.as_ref().is_none_or(|here| there.is_none_or(|there| can_mend(error, here, &there)))
                }))
            }
            Json::Null => Ok(None),
            other => Err(when_gave("fallback.when", "true, false or the name of a target", other)),
        }
    }

    /// The target that `fallback.when` named, as it stands in the call's list.
    fn named_target(&self, turn: &Turn, name: &str) -> Result<usize> {
        let index = turn.route.stops.iter().position(|stop| stop.name == name || stop.request.model.as_deref() == Some(name));
        index.ok_or_else(|| {
            Error::new(ErrorKind::Config, format!("fallback.when named \"{name}\", which is not among the models of this call"))
        })
    }

    fn place<'a, H: Host>(&'a self, host: &H, model: Option<&'a str>) -> Option<Place<'a>> {
        let (provider, model) = self.named(model).ok()?;
        Some(Place { provider: &provider.name, info: self.info(host, provider, model) })
    }

    pub(super) fn retry_options(&self, provider: Option<&str>, own: &RetryOptions) -> RetryOptions {
        let provider = provider.and_then(|name| self.provider(name).ok()).map(|provider| provider.retry).unwrap_or_default();
        own.over(&provider.over(&self.options.retry))
    }
}

/// The longest wait before a retry while another target is free: as long as the longest back-off.
const MOST_PATIENCE_MS: f64 = 8_000.0;

/// What `retry.when` says, as the policy takes it.
pub fn read_said(said: &Json<'_>) -> Result<Option<Said>> {
    match said {
        Json::Null => Ok(None),
        Json::Bool(true) => Ok(Some(Said::Yes)),
        Json::Bool(false) => Ok(Some(Said::No)),
        other => match other.get("delayMs").f64().filter(|ms| *ms >= 0.0) {
            Some(ms) => Ok(Some(Said::AfterMs(ms))),
            None => Err(when_gave("retry.when", "true, false or { delayMs }", other)),
        },
    }
}

fn when_gave(name: &str, wanted: &str, given: &Json<'_>) -> Box<Error> {
    Error::new(ErrorKind::Config, format!("{name} must give {wanted}, not {}", given.type_name()))
}
