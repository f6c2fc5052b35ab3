//! Everything that is asked of the outside world.
//!
//! The engine is generic over a [`Host`]: `web/host.rs` is the one that runs in JavaScript;
//! `tests/it` has one with scripted replies and a clock that only it moves. Dropping a future or a
//! response stops what it stands for: there is no separate cancel.

#![allow(async_fn_in_trait, reason = "one thread everywhere: nothing is ever Send, and nobody else implements these")]

use std::any::Any;
use std::rc::Rc;

use crate::count::Counter;
use crate::engine::Flight;
use crate::error::{Error, Result};
use crate::http::{HttpRequest, ResponseHead};
use crate::json::Json;
use crate::models::catalogue::Catalogue;
use crate::policy::budget::Later;
use crate::policy::tools::ToolOutput;
use crate::secret::Secret;

/// What happened. In this order in js/host.ts, too: a number crosses to JavaScript faster than a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// An attempt is sent.
    Request,
    /// It failed, and its target is asked again.
    Retry,
    /// It failed, and another target is asked.
    Fallback,
    /// What a limit has left.
    Limit,
    /// What a budget has left.
    Budget,
    /// An entry of the ledger.
    Cost,
    /// What counts of a model's tokens were off by.
    Calibrated,
}

impl Told {
    /// As listeners know it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Retry => "retry",
            Self::Fallback => "fallback",
            Self::Limit => "limit",
            Self::Budget => "budget",
            Self::Cost => "cost",
            Self::Calibrated => "calibrated",
        }
    }
}

/// The outside world.
pub trait Host {
    /// What a request gives.
    type Response: HostResponse;

    /// Milliseconds since 1970.
    fn now(&self) -> f64;

    /// At least 0, below 1.
    fn random(&self) -> f64;

    /// The catalogue of models, once it is loaded.
    fn catalogue(&self) -> Option<Rc<Catalogue>>;

    /// Looks for the tape of an answer that was kept, or is being recorded, by what `lookup` says of its request. Where there is
    /// none, whoever performs things makes one: [`crate::engine::Engine::fly`] with this flight.
    async fn recall(&self, lookup: &Json<'_>, flight: Flight) -> Recalled<Self::Response>;

    /// A flight has recorded this.
    fn taped(&self, flight: u32, piece: &str);

    /// Resolves when somebody wants more of a flight's answer.
    async fn wanted(&self, flight: u32);

    /// Waits until it is loaded, or could not be.
    async fn load_catalogue(&self);

    /// How many tokens a text has; `None` while the encoding's vocabulary is not loaded.
    fn count_tokens(&self, encoding: &str, text: &str) -> Option<u64>;

    /// The same for a text so long that a page would freeze: in slices, between which others get their turn.
    async fn count_slowly(&self, encoding: &str, text: &str) -> Option<u64>;

    /// The same, to be kept by who counts while no host is at hand.
    fn counter(&self, encoding: &'static str) -> Counter;

    /// Loads an encoding's vocabulary.
    async fn load_tokenizer(&self, encoding: &str) -> Result<()>;

    /// Waits until all of the module is loaded. In pages it comes in two files; what stands in the second (`lateFunctions` in
    /// js/build/entries.mjs) must not be called before.
    async fn whole(&self) -> Result<()>;

    /// Whether this runs in a web page, or a worker of one.
    fn in_page(&self) -> bool;

    /// The key (or token) of a configured provider, by its place in the pool, asked for anew for each
    /// attempt. `None` when the caller's function gave nothing.
    async fn key(&self, provider: &str, index: usize) -> Result<Option<Secret>>;

    /// What a function of the caller's (`when`) says of a failure: null, true, false, a string or
    /// `{delayMs}`. `detail`: the number of the attempt, or the attempt. An error if it throws.
    fn when(&self, handle: u64, error: &Error, detail: &Json<'_>) -> Result<Json<'static>>;

    /// Whether anybody listens to what is told of a call (a log, a listener): records are made only then.
    fn listens(&self) -> bool;

    /// Something happened that the caller may listen to, with its record as the contract has it: JSON text.
    fn tell(&self, event: Told, record: &str);

    /// Changes a limit or a budget that is kept in a store, as [`crate::policy::shared::change_shared`]
    /// says. Gives what that gave.
    async fn change_limit(&self, store: u64, key: &str, change: &str) -> Result<f64>;

    /// The same, when nobody waits for it, also after the call. What goes wrong is told nobody: the limit
    /// is then too strict by what one call did not use.
    fn later(&self) -> Later;

    /// One of `count` places that all tabs and workers of the site share; waits for it. Dropping what
    /// it gives gives the place back; so does a crash.
    async fn place(&self, store: u64, key: &str, count: u32) -> Result<Box<dyn Any>>;

    /// Sends a request. The error is what the platform said, in its own words.
    async fn fetch(&self, request: &HttpRequest) -> Result<Self::Response, String>;

    /// Resolves after a time.
    async fn sleep(&self, ms: f64);

    /// How long a call may wait for another's without a timer of its own.
    fn rest_ms(&self) -> f64 {
        f64::INFINITY
    }

    /// Runs the `run` of a tool on its arguments (JSON text), which are validated there if the tool
    /// has a schema. Dropping it aborts the signal that `run` was given. The error is for the model.
    async fn tool(&self, handle: u64, call_id: &str, input: &str) -> Result<ToolOutput, String>;

    /// After a fetch failed: whether the server of this URL answers anything at all. `None` where
    /// it cannot be told (not a page, an injected fetch).
    async fn reaches(&self, url: &str) -> Option<bool>;
}

/// What there is of an answer.
pub enum Recalled<Response> {
    /// No place to keep one: it is asked for as if there were no cache. Why, if something is wrong.
    Nothing(Option<String>),
    /// A response whose body is a [`crate::tape`].
    Tape {
        /// Dropping it gives it up; what nobody wants any more is stopped.
        response: Response,
        /// Whether it was there, or under way for somebody else.
        cached: bool,
        /// What is wrong with the place where it is kept.
        trouble: Option<String>,
    },
}

/// A response whose body has not been read. Dropping it stops the request.
pub trait HostResponse {
    /// Status and headers.
    fn head(&self) -> &ResponseHead;

    /// The next piece of the body; `None` at its end.
    async fn chunk(&mut self) -> Result<Option<Vec<u8>>, String>;
}
