//! The cache's side of the boundary: flights, and questions about what is kept.

use std::cell::{Cell, RefCell};

use js_sys::Promise;
use wasm_bindgen::prelude::*;

use super::convert::{json, plain};
use super::run;
use crate::engine::Flight;
use crate::error::{Error, ErrorKind};
use crate::request::read_response;
use crate::tape::Tape;

thread_local! {
    /// Those that are not under way yet, by number. Not a `Table`: a number stands for its flight to its end, and must not be another's
    /// once that has begun.
    static FLIGHTS: RefCell<Vec<(u32, Flight)>> = const { RefCell::new(Vec::new()) };
    static LAST: Cell<u32> = const { Cell::new(0) };
}

/// Keeps a flight until somebody begins or forgets it.
pub fn keep(flight: Flight) -> u32 {
    let number = LAST.get().wrapping_add(1);
    LAST.set(number);
    FLIGHTS.with_borrow_mut(|flights| flights.push((number, flight)));
    number
}

fn take(number: u32) -> Option<Flight> {
    FLIGHTS.with_borrow_mut(|flights| {
        let index = flights.iter().position(|(known, _)| *known == number)?;
        Some(flights.swap_remove(index).1)
    })
}

/// Nobody will begin it.
#[wasm_bindgen]
pub fn flight_forget(flight: u32) {
    drop(take(flight));
}

/// Asks what a flight is to ask, and tells the host what comes. JSON of what is to be kept of it.
#[wasm_bindgen]
pub fn fly(client: u32, call: u32, flight: u32) -> Promise {
    let asked = take(flight);
    run(client, call, move |client, _| {
        Box::pin(async move {
            let asked = asked.ok_or_else(|| Error::new(ErrorKind::Aborted, "the flight is gone"))?;
            Ok(json(&client.engine.fly(&client.host, &asked, flight).await))
        })
    })
}

/// What a request is known by, at each of its targets: JSON of a list of lookups.
#[wasm_bindgen]
pub fn cache_lookups(client: u32, call: u32, request: JsValue) -> Promise {
    let request = plain(&request, ErrorKind::InvalidRequest);
    run(client, call, |client, _| {
        Box::pin(async move {
            let plan = client.engine.plan(request?)?;
            Ok(json(&client.engine.lookups(&client.host, plan).await?))
        })
    })
}

/// The response that a tape is at one of a request's targets, as JSON.
#[wasm_bindgen]
pub fn cache_replay(client: u32, call: u32, request: JsValue, target: usize, tape: String) -> Promise {
    let request = plain(&request, ErrorKind::InvalidRequest);
    run(client, call, move |client, _| {
        Box::pin(async move {
            let plan = client.engine.plan(request?)?;
            Ok(json(&client.engine.replayed(&client.host, plan, target, tape.as_bytes())?.to_json()))
        })
    })
}

/// The tape of a response.
#[wasm_bindgen]
pub fn cache_tape(response: JsValue) -> Result<String, JsValue> {
    let read = plain(&response, ErrorKind::InvalidRequest).and_then(read_response).map_err(super::error_json)?;
    Ok(Tape::of(&read))
}
