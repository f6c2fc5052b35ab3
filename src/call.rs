//! What is known of one call besides its answer: who was asked, when, and how each attempt went.
//!
//! Completes responses and errors with it. The clock comes in as an argument.

use std::cell::RefCell;
use std::rc::Rc;

use crate::chat::{Attempt, ChatResponse, ErrorInfo, Timing};
use crate::error::{Error, ErrorKind};
use crate::http::{ResponseHead, iso_time};
use crate::json::Json;
use crate::options::ProviderOptions;
use crate::policy::timeout::{Timeout, TimeoutOptions};
use crate::providers::Row;
use crate::secret::{Secret, credentials};

/// One call, from the request to the last event. A handle: whoever drives the call and whoever ends
/// it from outside see the same attempts.
#[derive(Clone, Debug)]
pub struct Call(Rc<RefCell<State>>);

#[derive(Debug)]
struct State {
    id: String,
    /// What providers know its turns by, if not by its id.
    key: Option<String>,
    started_ms: f64,
    /// Of the whole call, in milliseconds.
    total_ms: Option<f64>,
    /// In pico-dollars.
    spent: u64,
    /// Whether it was counted under the limits of whom it is for.
    admitted: bool,
    waited_ms: f64,
    first_token_ms: Option<f64>,
    attempts: Vec<Attempt>,
    /// The attempt that is under way, or was last.
    now: Try,
}

#[derive(Debug, Default)]
struct Try {
    provider: String,
    model: String,
    key_index: usize,
    secrets: Vec<Secret>,
    begun_ms: f64,
    waited_ms: f64,
    sent: bool,
    status: Option<u16>,
    request_id: Option<String>,
    /// Whether it has neither succeeded nor failed.
    open: bool,
}

impl Call {
    /// A call that begins now. `id`: anything unique.
    pub fn new(id: String, now: f64) -> Self {
        Self(Rc::new(RefCell::new(State {
            id,
            key: None,
            started_ms: now,
            total_ms: None,
            spent: 0,
            admitted: false,
            waited_ms: 0.0,
            first_token_ms: None,
            attempts: Vec::new(),
            now: Try::default(),
        })))
    }

    /// Makes it a part of another call: one of several requests that are under way at once, told in the log as one call.
    pub fn part_of(&self, whole: &Call) {
        self.0.borrow_mut().id = whole.id();
    }

    /// Ours, as in logs.
    pub fn id(&self) -> String {
        self.0.borrow().id.clone()
    }

    /// It may be another try of one that was made before: providers are to know both by this key.
    pub fn known_by(&self, key: Option<String>) {
        self.0.borrow_mut().key = key;
    }

    /// The idempotency key of a turn that sends so many messages: the same for each of its attempts, so that a request that did
    /// arrive is not answered (and billed) twice.
    pub fn turn_key(&self, messages: usize) -> String {
        let state = self.0.borrow();
        format!("{}-{messages}", state.key.as_ref().unwrap_or(&state.id))
    }

    /// How long the whole call may take, from its beginning.
    pub fn may_take(&self, total_ms: Option<f64>) {
        self.0.borrow_mut().total_ms = total_ms;
    }

    /// What its attempts have cost so far, in pico-dollars.
    pub fn spent(&self) -> u64 {
        self.0.borrow().spent
    }

    /// One of them did.
    pub fn spend(&self, pico: u64) {
        let mut state = self.0.borrow_mut();
        state.spent = state.spent.saturating_add(pico);
    }

    /// Whether it was counted under the limits of whom it is for.
    pub fn is_admitted(&self) -> bool {
        self.0.borrow().admitted
    }

    /// It was.
    pub fn admitted(&self) {
        self.0.borrow_mut().admitted = true;
    }

    /// When its time is over, in milliseconds since 1970.
    pub fn deadline(&self) -> Option<f64> {
        let state = self.0.borrow();
        state.total_ms.map(|ms| state.started_ms + ms)
    }

    /// The error when that time is over.
    pub fn late(&self) -> Box<Error> {
        let total_ms = self.0.borrow().total_ms;
        TimeoutOptions { total_ms, ..TimeoutOptions::default() }.error(Timeout::Total)
    }

    /// When it began.
    pub fn started_ms(&self) -> f64 {
        self.0.borrow().started_ms
    }

    /// How long it has taken.
    pub fn elapsed_ms(&self, now: f64) -> f64 {
        now - self.0.borrow().started_ms
    }

    /// An attempt begins, at this target. `model` is empty where none is asked (a list of models).
    pub fn target(&self, provider: &str, model: &str, now: f64) {
        let state = &mut *self.0.borrow_mut();
        // What was waited for since the last attempt was waited for this one.
        let waited_ms = if state.now.open { 0.0 } else { state.now.waited_ms };
        state.now = Try { provider: provider.to_owned(), model: model.to_owned(), begun_ms: now, waited_ms, open: true, ..Try::default() };
    }

    /// With this key, and with what else the provider and this request's headers hold that no error may repeat.
    pub fn key(&self, index: usize, secret: Option<&Secret>, provider: &ProviderOptions, headers: &[(String, String)]) {
        let state = &mut *self.0.borrow_mut();
        state.now.key_index = index;
        state.now.secrets = secret.into_iter().chain(&provider.secrets).cloned().collect();
        credentials("", headers, &mut state.now.secrets);
    }

    /// It waited: for its turn under a limit, or before it was tried again.
    pub fn waited(&self, ms: f64) {
        let state = &mut *self.0.borrow_mut();
        state.waited_ms += ms;
        state.now.waited_ms += ms;
    }

    /// It is sent.
    pub fn sent(&self, now: f64) {
        let state = &mut *self.0.borrow_mut();
        state.now.begun_ms = now;
        state.now.sent = true;
    }

    /// When the attempt was sent.
    pub fn sent_ms(&self) -> f64 {
        self.0.borrow().now.begun_ms
    }

    /// Its response has a head.
    pub fn answered(&self, head: &ResponseHead, row: &Row) {
        let state = &mut *self.0.borrow_mut();
        state.now.status = (head.status != 0).then_some(head.status);
        state.now.request_id = row.request_id_headers.iter().find_map(|name| head.header(name)).map(str::to_owned);
    }

    /// The first delta was shown at `now`, unless one was before.
    pub fn first_token(&self, now: f64) {
        let state = &mut *self.0.borrow_mut();
        state.first_token_ms.get_or_insert(now - state.started_ms);
    }

    /// The attempt ended well.
    pub fn succeeded(&self, now: f64) {
        self.0.borrow_mut().end(now, None);
    }

    /// The attempt failed: the error says who was asked and what was tried, and repeats no key.
    pub fn failed(&self, mut error: Box<Error>, now: f64) -> Box<Error> {
        let state = &mut *self.0.borrow_mut();
        let asked = &state.now;
        if !asked.provider.is_empty() {
            error.provider.get_or_insert_with(|| asked.provider.clone());
        }
        if !asked.model.is_empty() {
            error.model.get_or_insert_with(|| asked.model.clone());
        }
        error.request_id = error.request_id.take().or_else(|| asked.request_id.clone());
        for secret in &asked.secrets {
            redact(&mut error, secret);
        }
        state.end(now, Some(ErrorInfo::from(&*error)));
        error.attempts = state.attempts.clone();
        error.call_id = Some(state.id.clone());
        error
    }

    /// The call was ended from outside.
    pub fn aborted(&self, now: f64) -> Box<Error> {
        self.failed(Error::new(ErrorKind::Aborted, "the call was aborted"), now)
    }

    /// The last attempt that ended.
    pub fn last_attempt(&self) -> Option<Attempt> {
        self.0.borrow().attempts.last().cloned()
    }

    /// How many attempts have ended.
    pub fn attempts(&self) -> u64 {
        self.0.borrow().attempts.len() as u64
    }

    /// "provider/model" of the attempt that is under way, or was last.
    pub fn asked(&self) -> String {
        let state = self.0.borrow();
        format!("{}/{}", state.now.provider, state.now.model)
    }

    /// The provider's id of the last request.
    pub fn request_id(&self) -> Option<String> {
        self.0.borrow().now.request_id.clone()
    }

    /// Adds to a response what only the call knows.
    pub fn dress(&self, mut response: ChatResponse, now: f64) -> ChatResponse {
        let state = self.0.borrow();
        if response.id.is_empty() {
            response.id = state.id.clone();
        }
        response.call_id = state.id.clone();
        response.request_id = state.now.request_id.clone();
        response.attempts = state.attempts.clone();
        response.timing = Timing {
            started_at: iso_time(state.started_ms),
            waited_ms: state.waited_ms,
            first_token_ms: state.first_token_ms,
            total_ms: now - state.started_ms,
        };
        response
    }
}

impl State {
    fn end(&mut self, now: f64, error: Option<ErrorInfo>) {
        let asked = &mut self.now;
        // Nobody was chosen yet: a request that names no provider is not an attempt. Nor is what goes
        // wrong between two of them.
        if asked.provider.is_empty() || !std::mem::take(&mut asked.open) {
            return;
        }
        self.attempts.push(Attempt {
            provider: asked.provider.clone(),
            model: asked.model.clone(),
            key_index: asked.key_index,
            started_at: iso_time(asked.begun_ms),
            waited_ms: std::mem::take(&mut asked.waited_ms),
            duration_ms: if asked.sent { now - asked.begun_ms } else { 0.0 },
            status: asked.status,
            error,
        });
    }
}

fn redact(error: &mut Error, secret: &Secret) {
    if let Some(message) = secret.redact(&error.message) {
        error.message = message;
    }
    if let Some(body) = &mut error.body
        && let Some(clean) = secret.redact(&body.to_text())
    {
        *body = Json::Raw(clean.into());
    }
}

/// Whether a body is a web page: a proxy's, a login's, or that of a base URL which is not an API's.
pub fn is_html(body: &[u8]) -> bool {
    body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'<')
}

/// The error for a 2xx body that cannot be this provider's.
pub fn not_the_api(body: &[u8]) -> Box<Error> {
    let what = if is_html(body) { "a web page" } else { "something that is not this API's answer" };
    Error::new(ErrorKind::Malformed, format!("the server answered with {what}; is the baseURL right?")).with_body(body)
}
