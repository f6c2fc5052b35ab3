//! Streams: bytes from JavaScript through one shared area, events back through another.
//!
//! One scratch area and one batch serve all streams (64 KB a stream doubles the cost of a thousand
//! of them, performance.md); a stream owns its half-read line and its answer. One call of [`feed`]
//! a network read.

use std::cell::RefCell;
use std::rc::Rc;

use wasm_bindgen::prelude::*;

use super::Client;
use super::convert::{error_json, json};
use super::host::WebResponse;
use super::table::Table;
use crate::answer::{Answer, Batch, Spent};
use crate::call::Call;
use crate::chat::FinishReason;
use crate::engine::{Outcome, Ticket, Turn};
use crate::error::{Error, ErrorKind, Result};
use crate::json::Json;
use crate::open_stream::{OpenStream, Opened, Progress};
use crate::policy::budget::Hold;
use crate::policy::tools::{Step, ToolOutput};
use crate::providers::openai_face::{encode_answer, encode_chunk};
use crate::relay::Relay;

/// What [`feed`], [`finish`], [`broke`] and [`late`] say.
const MORE: u32 = 0;
const DONE: u32 = 1;
const FAILED: u32 = 2;
const GO_ON: u32 = 3;
const LEASE: u32 = 4;
const STOPPED: u32 = 5;

/// The longest read that is taken at once; the facade cuts longer ones.
const MAX_READ_BYTES: usize = 1024 * 1024;

struct Slot {
    stream: OpenStream,
    /// `None` where the events are this library's own.
    client: Option<Rc<Client>>,
    /// Dropped with the slot, which aborts the request; what it holds of limits is then given back.
    attempt: Option<(WebResponse, Option<Ticket>)>,
    /// Whether this attempt has shown anything.
    began: bool,
    error: Option<Box<Error>>,
}

impl Slot {
    /// Takes the attempt out, to be settled when nothing here is borrowed any more: dropping a response
    /// aborts its fetch, and settling tells listeners; both may call back into this module.
    fn end_attempt(&mut self, end: End) -> Option<Over> {
        let (response, ticket) = self.attempt.take()?;
        Some(Over { client: self.client.clone()?, response, ticket, end, began: self.began, spent: self.stream.spent() })
    }

    fn note_beginning(&mut self, now: f64) {
        if !self.began
            && self.stream.has_started()
            && let (Some(client), Some((_, Some(ticket)))) = (&self.client, &self.attempt)
        {
            self.began = true;
            client.engine.began(ticket, now);
        }
    }
}

/// How an attempt ended.
enum End {
    Answered,
    /// Answered as far as its budget went: the provider would go on.
    Cut,
    Failed(Box<Error>),
    Stopped,
}

/// An attempt that has ended.
struct Over {
    client: Rc<Client>,
    response: WebResponse,
    /// `None`: a tape, which is settled by who recorded it.
    ticket: Option<Ticket>,
    end: End,
    began: bool,
    spent: Spent,
}

impl Over {
    /// Gives back what it held. True when another key is worth another call.
    fn settle(mut self) -> bool {
        match self.end {
            // Nothing but the end of its body is left, and the facade reads that: an abort would close the connection.
            End::Answered => self.response.keep(),
            End::Cut => self.response.told(),
            End::Failed(_) | End::Stopped => {}
        }
        drop(self.response);
        let Some(ticket) = self.ticket else { return false };
        let outcome = match &self.end {
            End::Answered | End::Cut => Outcome::Answered(&self.spent),
            End::Failed(error) => Outcome::Failed(error, self.began.then_some(&self.spent)),
            End::Stopped => Outcome::Stopped(&self.spent),
        };
        self.client.engine.settle(&self.client.host, ticket, &outcome)
    }
}

struct Shared {
    slots: Table<Slot>,
    scratch: Vec<u8>,
    batch: Batch,
    /// Text address and length, marks address and length.
    layout: [u32; 4],
}

thread_local! {
    static SHARED: RefCell<Shared> =
        const { RefCell::new(Shared { slots: Table::new(), scratch: Vec::new(), batch: Batch::new(), layout: [0; 4] }) };
}

/// Keeps an open stream; the number stands for it.
pub fn keep(stream: OpenStream, client: Option<Rc<Client>>) -> u32 {
    SHARED.with_borrow_mut(|shared| shared.slots.insert(Slot { stream, client, attempt: None, began: false, error: None }))
}

/// A stream of this library's own events.
#[wasm_bindgen]
pub fn relay(label: &str, now: f64) -> u32 {
    let call = Call::new(label.to_owned(), now);
    keep(OpenStream::relay(Box::new(Relay), Answer::new("", "", true), call), None)
}

/// What the tools of a turn are to be run with.
pub fn steps(stream: u32) -> Vec<Step> {
    SHARED.with_borrow(|shared| shared.slots.get(stream).map(|slot| slot.stream.steps().to_vec()).unwrap_or_default())
}

/// What came of one of them.
pub fn tool_result(stream: u32, index: usize, output: ToolOutput) {
    SHARED.with_borrow_mut(|shared| {
        if let Some(slot) = shared.slots.get_mut(stream) {
            slot.stream.tool_result(index, output);
        }
    });
}

/// The call that a stream is; `None` when it is gone.
pub fn call(stream: u32) -> Option<Call> {
    SHARED.with_borrow(|shared| Some(shared.slots.get(stream)?.stream.call()))
}

/// An event that comes between two reads.
pub fn event(stream: u32, event: &Json<'_>) {
    SHARED.with_borrow_mut(|shared| {
        if let Some(slot) = shared.slots.get_mut(stream) {
            slot.stream.batch().push_json(event);
        }
    });
}

/// The budgets whose stores are to be asked before a stream goes on.
pub fn wanting(stream: u32) -> Option<Rc<Hold>> {
    let hold = SHARED.with_borrow(|shared| shared.slots.get(stream)?.attempt.as_ref()?.1.as_ref()?.hold.clone());
    hold.filter(|hold| hold.wants_lease())
}

/// The turn that a request is to be sent for; `None` when the stream is gone.
pub fn take_turn(stream: u32) -> Option<Turn> {
    SHARED.with_borrow_mut(|shared| shared.slots.get_mut(stream).map(|slot| slot.stream.take_turn()))
}

/// The request was sent.
pub fn go_on(stream: u32, turn: Turn, opened: Opened, response: WebResponse, ticket: Option<Ticket>) {
    let rest = SHARED.with_borrow_mut(|shared| match shared.slots.get_mut(stream) {
        Some(slot) => {
            slot.stream.go_on(turn, opened);
            slot.began = false;
            slot.attempt.replace((response, ticket))
        }
        None => Some((response, ticket)),
    });
    drop(rest);
}

/// It was not.
pub fn stuck(stream: u32, turn: Turn, error: Box<Error>, now: f64) -> Box<Error> {
    match take(stream) {
        Some(mut slot) => slot.stream.stuck(turn, error, now),
        None => error,
    }
}

/// The address of an input area of at least `length` bytes, up to a mebibyte.
#[wasm_bindgen]
pub fn scratch(length: usize) -> usize {
    SHARED.with_borrow_mut(|shared| {
        let length = length.min(MAX_READ_BYTES);
        if shared.scratch.len() < length {
            shared.scratch.resize(length.next_power_of_two(), 0);
        }
        shared.scratch.as_ptr() as usize
    })
}

/// Reads `length` bytes of the scratch area into a stream.
#[wasm_bindgen]
pub fn feed(stream: u32, length: usize, now: f64) -> u32 {
    step(stream, |stream, scratch| stream.feed(&scratch[..length.min(scratch.len())], now), now)
}

/// The body of a stream has ended.
#[wasm_bindgen]
pub fn finish(stream: u32, now: f64) -> u32 {
    step(stream, |stream, _| stream.finish(now), now)
}

/// Reading the body failed.
#[wasm_bindgen]
pub fn broke(stream: u32, reason: &str, now: f64) -> u32 {
    step(stream, |stream, _| stream.broke(reason, now), now)
}

/// When the first of a stream's times is over, in milliseconds since 1970; 0: never. `reading`: since when a
/// read waits; 0 when none does.
#[wasm_bindgen]
pub fn due(stream: u32, reading: f64) -> f64 {
    let reading = (reading > 0.0).then_some(reading);
    SHARED.with_borrow(|shared| Some(shared.slots.get(stream)?.stream.due(reading)?.1)).unwrap_or(0.0)
}

/// Ends a stream's attempt if its time is over.
#[wasm_bindgen]
pub fn late(stream: u32, reading: f64, now: f64) -> u32 {
    let reading = (reading > 0.0).then_some(reading);
    let late = move |stream: &mut OpenStream, _: &[u8]| match stream.due(reading) {
        Some((timeout, at)) if at <= now => stream.late(timeout, now),
        _ => Ok(Progress::More),
    };
    step(stream, late, now)
}

fn step(number: u32, work: impl FnOnce(&mut OpenStream, &[u8]) -> Result<Progress>, now: f64) -> u32 {
    let (code, over, finished) = SHARED.with_borrow_mut(|shared| {
        shared.batch.clear();
        // A stream that is gone has no events; least of all those of the stream before it.
        shared.layout = [0; 4];
        let Some(slot) = shared.slots.get_mut(number) else { return (DONE, None, None) };
        // Results of tools and retries come between steps and wait in the stream's own batch; else it is
        // lent the shared one, whose memory is there already.
        if slot.stream.batch().marks.is_empty() {
            std::mem::swap(slot.stream.batch(), &mut shared.batch);
        }
        let result = work(&mut slot.stream, &shared.scratch);
        std::mem::swap(slot.stream.batch(), &mut shared.batch);
        let Batch { text, marks, .. } = &shared.batch;
        shared.layout = [text.as_ptr() as u32, text.len() as u32, marks.as_ptr() as u32, marks.len() as u32];
        slot.note_beginning(now);
        let (code, end) = match result {
            Ok(Progress::More) => return (MORE, None, None),
            Ok(Progress::Lease) => return (LEASE, None, None),
            Ok(Progress::Done) if slot.stream.is_over_budget() => (STOPPED, End::Cut),
            Ok(Progress::Done) => (DONE, End::Answered),
            Ok(Progress::GoOn) => (GO_ON, slot.stream.failure().map_or(End::Answered, |error| End::Failed(Box::new(error.clone())))),
            Err(error) => {
                slot.error = Some(error.clone());
                (FAILED, End::Failed(error))
            }
        };
        let over = slot.end_attempt(end);
        (code, over, if matches!(code, DONE | STOPPED) { shared.slots.remove(number) } else { None })
    });
    drop(finished);
    if over.is_some_and(Over::settle) {
        SHARED.with_borrow_mut(|shared| {
            if let Some(slot) = shared.slots.get_mut(number) {
                slot.stream.note_another_key(true);
            }
        });
    }
    code
}

/// The address of four numbers that say where the events of the last step are.
#[wasm_bindgen]
pub fn batch() -> usize {
    SHARED.with_borrow(|shared| shared.layout.as_ptr() as usize)
}

/// Takes a stream out, and settles what it still has under way.
fn take(stream: u32) -> Option<Slot> {
    let mut slot = SHARED.with_borrow_mut(|shared| shared.slots.remove(stream))?;
    if let Some(over) = slot.end_attempt(End::Stopped) {
        over.settle();
    }
    Some(slot)
}

fn closed() -> Box<Error> {
    Error::new(ErrorKind::Aborted, "the stream is closed")
}

/// The error of a failed step; the stream is gone.
#[wasm_bindgen]
pub fn take_error(stream: u32) -> JsValue {
    error_json(take(stream).and_then(|slot| slot.error).unwrap_or_else(closed))
}

/// Ends a stream from this side, quietly: the response as it stands. The request is aborted.
#[wasm_bindgen]
pub fn stop(stream: u32, why: &str, now: f64) -> Result<JsValue, JsValue> {
    let reason = if why == "budget" { FinishReason::Budget } else { FinishReason::Aborted };
    match take(stream) {
        Some(mut slot) => Ok(json(&slot.stream.stop(reason, now).to_json())),
        None => Err(error_json(closed())),
    }
}

/// Ends a stream because its caller aborted: the error with what had arrived. The request is aborted.
#[wasm_bindgen]
pub fn aborted(stream: u32, now: f64) -> JsValue {
    error_json(take(stream).map_or_else(closed, |mut slot| slot.stream.aborted(now)))
}

/// Drops a stream; its request is aborted if it still runs.
#[wasm_bindgen]
pub fn free(stream: u32) {
    drop(take(stream));
}

/// An event's JSON as an OpenAI chunk's; empty when OpenAI has no place for it.
#[wasm_bindgen]
pub fn openai_chunk(event: &str, id: &str, model: &str, created_seconds: f64) -> String {
    let event = Json::parse(event).unwrap_or(Json::Null);
    encode_chunk(&event, id, model, created_seconds as u64).map(|chunk| chunk.to_text()).unwrap_or_default()
}

/// A response's JSON as an OpenAI `chat.completion`.
#[wasm_bindgen]
pub fn openai_answer(response: &str, created_seconds: f64) -> String {
    let response = Json::parse(response).unwrap_or(Json::Null);
    encode_answer(&response, created_seconds as u64).to_text()
}
