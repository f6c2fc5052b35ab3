//! One attempt that several callers wait for: asked once, recorded, and told to all of them by its tape.
//!
//! It is nobody's own: who has begun it may leave, and it goes on for the others.

use std::rc::Rc;

use super::Engine;
use super::route::{Plan, Turn};
use super::send::{Outcome, Ticket};
use super::within::within;
use crate::answer::Spent;
use crate::call::Call;
use crate::chat::{ChatRequest, ChatResponse};
use crate::error::Result;
use crate::host::{Host, HostResponse};
use crate::json::Json;
use crate::models::price::Cost;
use crate::object;
use crate::open_stream::{OpenStream, Progress};
use crate::policy::cache::is_kept;
use crate::policy::timeout::Timeout;
use crate::providers::Mode;
use crate::tape::Tape;

/// What is to be asked, as the call of whoever came first.
#[derive(Clone, Debug)]
pub struct Flight {
    /// As it is sent.
    pub request: Rc<ChatRequest>,
    /// Its attempts are this call's.
    pub call: Call,
    /// Whether its answer is recorded while it arrives.
    pub mode: Mode,
}

impl Engine {
    /// Asks, and has the host told all that comes. What it gives, as JSON, is the end of the tape, whether the answer is to be kept,
    /// and what it used: the host may keep it before anybody hears of its end.
    pub async fn fly<H: Host>(&self, host: &H, flight: &Flight, number: u32) -> Json<'static> {
        let mut turn = Turn { request: flight.request.clone(), ..Turn::new(flight.call.clone(), Plan::default()) };
        let result = match flight.mode {
            Mode::Whole => self.fly_whole(host, &mut turn, number).await,
            Mode::Stream => self.fly_stream(host, &mut turn, number).await,
        };
        let mut tape = Tape::default();
        match result {
            Ok(answer) => {
                tape.end(&answer);
                let nano = answer.cost.as_ref().map(Cost::nano);
                object! { "end": tape.take(), "kept": is_kept(&answer, &flight.request), "usage": answer.usage.to_json(), "nanoUsd": nano }
            }
            Err(mut error) => {
                error.another_key |= turn.another_key;
                tape.fail(&error);
                object! { "end": tape.take(), "kept": false }
            }
        }
    }

    async fn fly_whole<H: Host>(&self, host: &H, turn: &mut Turn, number: u32) -> Result<ChatResponse> {
        let (answer, said) = self.whole_answer(host, turn, true).await?;
        host.taped(number, &said);
        if let Some(raw) = &answer.raw {
            let mut tape = Tape::default();
            tape.raw(raw);
            host.taped(number, &tape.take());
        }
        Ok(answer)
    }

    async fn fly_stream<H: Host>(&self, host: &H, turn: &mut Turn, number: u32) -> Result<ChatResponse> {
        let (mut response, ticket) = self.send(host, turn, Mode::Stream, &mut Vec::new()).await?;
        let sent_ms = turn.call.sent_ms();
        let mut opened = self.opened(host, turn, &ticket, Vec::new()).await?;
        opened.answer.record();
        let mut stream = OpenStream::for_a_turn(Turn::new(turn.call.clone(), Plan::default()));
        stream.go_on(Turn { request: turn.request.clone(), ..Turn::new(turn.call.clone(), Plan::default()) }, opened);
        let mut flying = Flying { engine: self, host, stream, ticket: Some(ticket) };
        let result = loop {
            let stream = &mut flying.stream;
            stream.batch().clear();
            let (timeout, left_ms) = due(stream, sent_ms, host.now());
            let progress = match within(host, left_ms, response.chunk()).await {
                Some(Ok(Some(bytes))) => stream.feed(&bytes, host.now()),
                Some(Ok(None)) => stream.finish(host.now()),
                Some(Err(reason)) => stream.broke(&reason, host.now()),
                None => stream.late(timeout, host.now()),
            };
            let progress = match progress {
                Ok(Progress::Lease) => self.leased(host, flying.ticket.as_ref(), &mut flying.stream).await,
                other => other,
            };
            let stream = &mut flying.stream;
            if let Some(ticket) = flying.ticket.as_ref().filter(|_| stream.has_started()) {
                self.began(ticket, host.now());
            }
            let piece = stream.take_tape(host.now() - sent_ms);
            if !piece.is_empty() {
                host.taped(number, &piece);
            }
            match progress {
                Ok(Progress::More) => host.wanted(number).await,
                done => break done,
            }
        };
        if let Some(ticket) = flying.ticket.take() {
            self.settle_stream(host, &mut flying.stream, ticket, &result);
        }
        let failure = flying.stream.failure().cloned();
        turn.another_key = flying.stream.take_turn().another_key;
        match (result, failure) {
            (Err(error), _) => Err(error),
            (Ok(_), Some(error)) => Err(Box::new(error)),
            (Ok(_), None) => Ok(flying.stream.response(None, host.now())),
        }
    }
}

/// Which time is over first, and how much of it is left.
fn due(stream: &OpenStream, sent_ms: f64, now: f64) -> (Timeout, f64) {
    let idle_ms = stream.timeout().of(Timeout::Idle).unwrap_or(f64::INFINITY);
    let first_ms = stream.timeout().of(Timeout::FirstToken).unwrap_or(f64::INFINITY) - (now - sent_ms);
    match stream.has_started() {
        false if first_ms < idle_ms => (Timeout::FirstToken, first_ms.max(0.0)),
        _ => (Timeout::Idle, idle_ms),
    }
}

/// A stream under way. Who gives it up drops it: what it has used by then is billed.
struct Flying<'a, H: Host> {
    engine: &'a Engine,
    host: &'a H,
    stream: OpenStream,
    ticket: Option<Ticket>,
}

impl<H: Host> Drop for Flying<'_, H> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            self.stream.estimate_usage();
            let spent: Spent = self.stream.spent();
            self.engine.settle(self.host, ticket, &Outcome::Stopped(&spent));
        }
    }
}
