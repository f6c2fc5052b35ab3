//! What the facade asks of policies by themselves: keys, limits, retries of other calls.

use js_sys::{Array, Promise, Uint8Array};
use wasm_bindgen::prelude::*;

use super::convert::{error_json, json, plain};
use super::{CLIENTS, Client, run};
use crate::engine::limits::{Amount, Ask};
use crate::engine::read_said;
use crate::error::{Error, ErrorKind, Result};
use crate::host::Host;
use crate::input::{Fields, Subject, Value};
use crate::json::Json;
use crate::object;
use crate::policy::retry::{Moment, RetryOptions, Verdict};
use crate::policy::shared::change_shared;
use std::rc::Rc;

fn client(number: u32) -> Option<Rc<Client>> {
    CLIENTS.with_borrow(|clients| clients.get(number).cloned())
}

/// The keys of a provider were replaced. `lazy`: JSON, for each whether a function gives it.
#[wasm_bindgen]
pub fn keys_set(number: u32, provider: &str, lazy: &str) {
    let lazy = Json::parse(lazy).unwrap_or(Json::Null);
    let lazy: Vec<bool> = lazy.items().iter().map(|lazy| lazy.bool() == Some(true)).collect();
    if let Some(client) = client(number) {
        client.engine.pool(provider, |pool| pool.replace(&lazy));
    }
}

/// JSON: the health of each key of a provider.
#[wasm_bindgen]
pub fn key_health(number: u32, provider: &str) -> JsValue {
    let Some(client) = client(number) else { return json(&Json::Array(Vec::new())) };
    let now = client.host.now();
    let health = client.engine.pool(provider, |pool| {
        let one = |key: &crate::policy::keys::KeyHealth| {
            let until = key.cooldown_until_ms;
            object! { "healthy": until <= now, "cooldownUntilMs": (until > now && until.is_finite()).then_some(until) }
        };
        Json::Array(pool.health().iter().map(one).collect())
    });
    json(&health.unwrap_or(Json::Array(Vec::new())))
}

/// Which key of a provider would be used now.
#[wasm_bindgen]
pub fn key_pick(number: u32, provider: &str) -> usize {
    client(number).and_then(|client| client.engine.pool(provider, |pool| pool.pick(client.host.now()))).unwrap_or(0)
}

/// JSON of the contract's `LimitStatus[]`.
#[wasm_bindgen]
pub fn limits_status(number: u32) -> JsValue {
    json(&client(number).map_or(Json::Array(Vec::new()), |client| client.engine.gate().status(client.host.now())))
}

/// Takes room under the limits of `key`: whether there was some. `wait`: until there is.
#[wasm_bindgen]
pub fn limits_acquire(number: u32, call: u32, key: String, options: JsValue, wait: bool) -> Promise {
    let options = plain(&options, ErrorKind::InvalidRequest);
    run(number, call, move |client, _| {
        Box::pin(async move {
            let ask = read_ask(&key, options?)?;
            let gate = client.engine.gate();
            Ok(if wait { gate.take(&client.host, &ask).await.map(|()| true) } else { gate.try_acquire(&client.host, &ask).await }?.into())
        })
    })
}

fn read_ask(key: &str, options: Value) -> Result<Ask<'_>> {
    let mut fields = Fields::new(Subject::Request, "limits.acquire".into(), options)?;
    let amount = Amount {
        requests: fields.amount("requests", 0)?.unwrap_or(1.0),
        input_tokens: fields.amount("tokens", 0)?.unwrap_or(0.0),
        output_tokens: 0.0,
    };
    let (max_wait_ms, priority) = (fields.amount("maxWaitMs", 0)?, fields.amount("priority", i8::MIN)?.unwrap_or_default());
    fields.finish()?;
    Ok(Ask { key, amount, priority, max_wait_ms, runs: false })
}

/// Whether a call of the caller's own is to be made again: the wait in milliseconds; -1: no, -2: not before
/// its time is over. `error`: JSON of an error. `said`: what `when` gave.
#[wasm_bindgen]
pub fn retry_verdict(options: JsValue, error: &str, attempt: u32, elapsed_ms: f64, random: f64, said: JsValue) -> Result<f64, JsValue> {
    let verdict = || -> Result<f64> {
        let mut fields = Fields::new(Subject::Options, "retry".into(), plain(&options, ErrorKind::Config)?)?;
        let options = RetryOptions::read_members(&mut fields)?;
        fields.finish()?;
        let said = read_said(&plain(&said, ErrorKind::Config)?)?;
        let moment = Moment { attempt, elapsed_ms, left_ms: None, random };
        Ok(match options.verdict(&read_error(error), &moment, said) {
            Verdict::Again(delay_ms) => delay_ms,
            Verdict::No => -1.0,
            Verdict::TooLate => -2.0,
        })
    };
    verdict().map_err(error_json)
}

/// As much of an error as the policy looks at.
fn read_error(text: &str) -> Box<Error> {
    let read = Json::parse(text).unwrap_or(Json::Null);
    let kind = read.get("code").str().and_then(ErrorKind::parse);
    let mut error = Error::new(kind.unwrap_or(ErrorKind::InvalidRequest), "");
    error.status = read.get("status").u64().and_then(|status| u16::try_from(status).ok());
    error.retryable = read.get("retryable").bool().unwrap_or(false);
    error.retry_after_ms = read.get("retryAfterMs").u64();
    error
}

/// Changes the state of a shared limit or budget, inside its store's transaction: `[state, number]`.
#[wasm_bindgen]
pub fn limit_change(state: Option<Vec<u8>>, now: f64, change: &str) -> Array {
    let (state, wait) = change_shared(state.as_deref(), now, change);
    Array::of2(&Uint8Array::from(state.as_slice()), &wait.into())
}
