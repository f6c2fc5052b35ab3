//! Waiting for room under the limits: who goes first, who sleeps, what is given back.
//!
//! What a limit grants is decided in [`crate::policy::limit`]; here is only what waits.

use std::rc::Rc;

use crate::error::Result;
use crate::host::Host;
use crate::http::ResponseHead;
use crate::json::Json;
use crate::policy::limit::LimitOptions;

/// All limits of a client.
#[derive(Debug)]
pub struct Gate {}

/// How much a call takes: for chat, an estimate.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[allow(missing_docs, reason = "the names say it")]
pub struct Amount {
    pub requests: f64,
    pub input_tokens: f64,
    pub output_tokens: f64,
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
    /// Over the limits' own.
    pub max_wait_ms: Option<f64>,
    /// Whether it is a call with an end, which counts for `maxConcurrent` while it runs.
    pub runs: bool,
}

/// Room that was granted. Dropping it gives the place of a running call back, and all tokens if
/// [`Permit::settle`] did not say what was used.
pub struct Permit {}

impl Gate {
    /// Of the client's `limits`.
    pub fn new(_limits: Vec<(String, LimitOptions)>) -> Rc<Self> {
        Rc::new(Self {})
    }

    /// stub
    pub fn amount(&self, _key: &str, _request: &crate::chat::ChatRequest) -> Amount {
        Amount::default()
    }

    /// Waits for room under every limit that matches. `waited` is called once if it has to wait.
    pub async fn acquire<H: Host>(self: &Rc<Self>, _host: &H, _ask: &Ask<'_>) -> Result<Permit> {
        Ok(Permit {})
    }

    /// Takes room if there is some now.
    pub async fn try_acquire<H: Host>(self: &Rc<Self>, _host: &H, _ask: &Ask<'_>) -> Result<bool> {
        Ok(true)
    }

    /// How long `ask` would wait, as it stands.
    pub fn wait_ms(&self, _ask: &Ask<'_>, _now: f64) -> f64 {
        0.0
    }

    /// What a response's headers say of the provider's own limits; a 429 drains to its reset.
    pub fn learn<H: Host>(self: &Rc<Self>, _host: &H, _key: &str, _head: &ResponseHead, _retry_after_ms: Option<u64>) {}

    /// As the contract's `LimitStatus[]`.
    pub fn status(&self, _now: f64) -> Json<'static> {
        Json::Array(Vec::new())
    }
}

impl Permit {
    /// stub
    pub fn keep(self) {}

    /// What it really came to; what the provider did not say stays as estimated.
    pub fn settle<H: Host>(&mut self, _host: &H, _input_tokens: Option<u64>, _output_tokens: Option<u64>) {}
}
