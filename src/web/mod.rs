//! The only wasm-bindgen code: what `js/wasm.ts` calls.
//!
//! Numbers stand for clients, calls and streams, so that no wasm class reaches a user. Failures
//! leave as the JSON of an [`Error`]; the facade makes an `LlmError` of it. Values are taken out of
//! the tables before they are dropped or awaited: dropping one aborts a fetch, which may call back
//! into this module.

mod alarm;
mod batch;
mod cache;
mod convert;
mod host;
mod money;
mod policies;
pub mod stream;
mod table;
mod tasks;

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Poll, Waker};

use js_sys::{Array, Float32Array, Function, Promise};
use wasm_bindgen::prelude::*;

use crate::call::Call;
use crate::count::Question;
use crate::embed::EmbedRequest;
use crate::engine::{self, Engine, run_step, try_join};
use crate::error::{Error, ErrorKind, Result};
use crate::host::Host;
use crate::json::Json;
use crate::models::ModelInfo;
use crate::open_stream::OpenStream;
use crate::options::ClientOptions;
use convert::{error_json, json, plain};
use host::{JsHost, WebHost};
use table::Table;

/// A client's decisions, and its world.
pub struct Client {
    engine: Engine,
    host: WebHost,
}

thread_local! {
    static CLIENTS: RefCell<Table<Rc<Client>>> = const { RefCell::new(Table::new()) };
    /// By the facade's number. A list: a handful run at once, and a hash table weighs 4 KB.
    static CALLS: RefCell<Vec<(u32, Rc<Stop>)>> = const { RefCell::new(Vec::new()) };
}

/// Checks options and keeps them. `options`: plain data, with `true` in place of keys and functions.
#[wasm_bindgen]
pub fn client_new(options: JsValue, host: JsHost) -> Result<u32, JsValue> {
    let options = plain(&options, ErrorKind::Config).and_then(ClientOptions::read).map_err(error_json)?;
    let client = Rc::new(Client { engine: Engine::new(options), host: WebHost::new(host) });
    Ok(CLIENTS.with_borrow_mut(|clients| clients.insert(client)))
}

/// Forgets a client. What is under way goes on.
#[wasm_bindgen]
pub fn client_free(client: u32) {
    drop(CLIENTS.with_borrow_mut(|clients| clients.remove(client)));
}

/// The whole answer, as JSON. `key`: of a call that may have been tried before, so that providers know it again.
#[wasm_bindgen]
pub fn chat(client: u32, call: u32, request: JsValue, key: Option<String>) -> Promise {
    // Read at once: a getter that throws goes through this module to the caller. In a promise's own
    // turn it would end that turn, and the promise would never settle.
    let request = plain(&request, ErrorKind::InvalidRequest);
    run(client, call, |client, call| {
        client.host.begun(&call);
        Box::pin(async move {
            let plan = client.engine.plan(request?)?;
            call.known_by(key);
            Ok(json(&client.engine.answer(&client.host, &call, plan).await?.to_json()))
        })
    })
}

/// A stream of which nothing was sent yet: its number.
#[wasm_bindgen]
pub fn open(client: u32, request: JsValue) -> Result<u32, JsValue> {
    let request = plain(&request, ErrorKind::InvalidRequest).map_err(error_json)?;
    let client = CLIENTS.with_borrow(|clients| clients.get(client).cloned()).ok_or_else(|| error_json(closed()))?;
    let plan = client.engine.plan(request).map_err(error_json)?;
    let call = client.engine.call(&client.host);
    client.host.begun(&call);
    let turn = client.engine.begin(&client.host, call, plan);
    Ok(stream::keep(OpenStream::new(turn), Some(client)))
}

/// Does what a stream needs to go on: runs the tools that its turn called, waits, sends a request. The
/// body of the response; undefined when it goes on with the one that it has. `progress` is called when there are events to be had without a read: they are
/// in the stream's next batch.
#[wasm_bindgen]
pub fn go_on(client: u32, call: u32, stream: u32, progress: Function) -> Promise {
    run(client, call, move |client, _| {
        Box::pin(async move {
            if let Some(hold) = stream::wanting(stream) {
                client.engine.lease(&client.host, &hold).await;
                return Ok(JsValue::UNDEFINED);
            }
            // What the reader does with it is no reason to stop.
            let progress = move || drop(progress.call0(&JsValue::UNDEFINED));
            let mut runs: Vec<engine::Work<'_, ()>> = Vec::new();
            for (index, step) in stream::steps(stream).into_iter().enumerate() {
                let (client, progress) = (&client, &progress);
                runs.push(Box::pin(async move {
                    let output = run_step(&client.host, &step).await;
                    stream::tool_result(stream, index, output);
                    progress();
                    Ok(())
                }));
            }
            let Some(call) = stream::call(stream) else { return Ok(JsValue::NULL) };
            let ran = if runs.is_empty() { Ok(()) } else { engine::in_time(&client.host, &call, Box::pin(ran(runs))).await };
            let Some(turn) = stream::take_turn(stream) else { return Ok(JsValue::NULL) };
            if let Err(error) = ran {
                return Err(stream::stuck(stream, turn, error, client.host.now()));
            }
            let mut listener = |event: &Json<'_>| {
                stream::event(stream, event);
                progress();
            };
            match client.engine.open_turn(&client.host, turn, &mut listener).await {
                Ok((turn, opened, response, ticket)) => {
                    let body = response.body();
                    stream::go_on(stream, turn, opened, response, ticket);
                    Ok(body)
                }
                Err((turn, error)) => Err(stream::stuck(stream, turn, error, client.host.now())),
            }
        })
    })
}

async fn ran(runs: Vec<engine::Work<'_, ()>>) -> Result<()> {
    try_join(runs).await.map(drop)
}

/// Whether a provider answers, as JSON; never rejects for what is wrong with it.
#[wasm_bindgen]
pub fn check(client: u32, call: u32, provider: String) -> Promise {
    run(client, call, |client, _| Box::pin(async move { Ok(json(&client.engine.check(&client.host, &provider).await.to_json())) }))
}

/// The vectors of some texts: `[JSON of all else, one Float32Array a text]`. Not as text: a float is
/// four bytes, and nineteen in decimals.
#[wasm_bindgen]
pub fn embed(client: u32, call: u32, request: JsValue) -> Promise {
    let request = plain(&request, ErrorKind::InvalidRequest).and_then(EmbedRequest::read);
    run(client, call, |client, call| {
        client.host.begun(&call);
        Box::pin(async move {
            let response = client.engine.embed(&client.host, &call, &request?).await?;
            let vectors: Array = response.embeddings.iter().map(|vector| Float32Array::from(vector.as_slice())).collect();
            let mut told = response.to_json();
            told.add("callId", call.id().into());
            Ok(Array::of2(&json(&told), &vectors).into())
        })
    })
}

/// What a provider's list says of its models, as JSON.
#[wasm_bindgen]
pub fn list_models(client: u32, call: u32, provider: String) -> Promise {
    run(client, call, |client, _| {
        Box::pin(async move {
            let models = client.engine.list_models(&client.host, &provider).await?;
            Ok(json(&models.iter().map(ModelInfo::to_json).collect::<Vec<_>>().into()))
        })
    })
}

/// What a chat request comes to, as JSON: see `Question`.
#[wasm_bindgen]
pub fn count_tokens(client: u32, call: u32, request: JsValue, options: JsValue) -> Promise {
    let options = plain(&options, ErrorKind::InvalidRequest).and_then(Question::read);
    let request = plain(&request, ErrorKind::InvalidRequest);
    run(client, call, |client, _| {
        Box::pin(async move {
            let question = options?;
            let request = client.engine.read(request?)?;
            let (engine, host) = (&client.engine, &client.host);
            Ok(json(&match question {
                Question::Count(method) => engine.count_tokens(host, &request, method).await?.to_json(),
                Question::Estimate => engine.estimate(host, &request).await?,
                Question::Fit(options) => engine.fit(host, &request, &options).await?,
            }))
        })
    })
}

/// Stops a call: its promise rejects, and what it was doing is dropped.
#[wasm_bindgen]
pub fn cancel(call: u32) {
    if let Some(stop) = take_call(call) {
        stop.now();
    }
}

fn take_call(call: u32) -> Option<Rc<Stop>> {
    CALLS.with_borrow_mut(|calls| {
        let index = calls.iter().position(|(number, _)| *number == call)?;
        Some(calls.swap_remove(index).1)
    })
}

/// Work that is dropped when its call is cancelled. Boxed, so that the machinery of promises is in
/// the module once and not once for every kind of call.
type Work = Pin<Box<dyn Future<Output = Result<JsValue>>>>;

fn closed() -> Box<Error> {
    Error::new(ErrorKind::Config, "the client is closed")
}

fn run(client: u32, number: u32, work: impl FnOnce(Rc<Client>, Call) -> Work) -> Promise {
    let Some(client) = CLIENTS.with_borrow(|clients| clients.get(client).cloned()) else {
        return Promise::reject(&error_json(closed()));
    };
    let call = client.engine.call(&client.host);
    let work = work(client.clone(), call.clone());
    let stop = Rc::<Stop>::default();
    CALLS.with_borrow_mut(|calls| calls.push((number, stop.clone())));
    tasks::promise(async move {
        let result = unless_stopped(&stop, work).await;
        take_call(number);
        result.unwrap_or_else(|| Err(call.aborted(client.host.now()))).map_err(error_json)
    })
}

/// What ends a call from outside.
#[derive(Default)]
struct Stop {
    stopped: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

impl Stop {
    fn now(&self) {
        self.stopped.set(true);
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

/// What the work comes to; `None`, and the work is dropped, once it was stopped.
async fn unless_stopped(stop: &Stop, mut work: Work) -> Option<Result<JsValue>> {
    poll_fn(|context| {
        if stop.stopped.get() {
            return Poll::Ready(None);
        }
        stop.waker.replace(Some(context.waker().clone()));
        work.as_mut().poll(context).map(Some)
    })
    .await
}
