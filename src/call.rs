//! What is known of one call besides its answer: who was asked, when, and how each attempt went.
//!
//! Completes responses and errors with it. The clock comes in as an argument.

use crate::chat::{Attempt, ChatResponse, ErrorInfo, Timing};
use crate::error::{Error, ErrorKind};
use crate::http::{ResponseHead, iso_time};
use crate::json::Json;
use crate::providers::Row;
use crate::secret::Secret;

/// One call, from the request to the last event.
#[derive(Clone, Debug)]
pub struct Call {
    /// Ours, as in logs.
    pub id: String,
    provider: String,
    model: String,
    started_ms: f64,
    sent_ms: f64,
    first_token_ms: Option<f64>,
    status: Option<u16>,
    request_id: Option<String>,
    attempts: Vec<Attempt>,
    secret: Option<Secret>,
}

impl Call {
    /// A call that begins now. `id`: anything unique.
    pub fn new(id: String, now: f64) -> Self {
        Self {
            id,
            provider: String::new(),
            model: String::new(),
            started_ms: now,
            sent_ms: now,
            first_token_ms: None,
            status: None,
            request_id: None,
            attempts: Vec::new(),
            secret: None,
        }
    }

    /// Who is asked from here on. `model` is empty where none is asked (a list of models).
    pub fn target(&mut self, provider: &str, model: &str, secret: Option<Secret>) {
        self.provider = provider.to_owned();
        self.model = model.to_owned();
        self.secret = secret;
    }

    /// An attempt is sent.
    pub fn sent(&mut self, now: f64) {
        self.sent_ms = now;
        self.status = None;
        self.request_id = None;
    }

    /// Its response has a head.
    pub fn answered(&mut self, head: &ResponseHead, row: &Row) {
        self.status = (head.status != 0).then_some(head.status);
        self.request_id = row.request_id_headers.iter().find_map(|name| head.header(name)).map(str::to_owned);
    }

    /// The first delta was shown at `now`, unless one was before.
    pub fn first_token(&mut self, now: f64) {
        self.first_token_ms.get_or_insert(now - self.started_ms);
    }

    /// The attempt ended well.
    pub fn succeeded(&mut self, now: f64) {
        self.attempt(now, None);
    }

    /// The attempt failed: the error says who was asked and what was tried, and repeats no key.
    pub fn failed(&mut self, mut error: Box<Error>, now: f64) -> Box<Error> {
        if !self.provider.is_empty() {
            error.provider.get_or_insert_with(|| self.provider.clone());
        }
        if !self.model.is_empty() {
            error.model.get_or_insert_with(|| self.model.clone());
        }
        error.request_id = error.request_id.take().or_else(|| self.request_id.clone());
        if let Some(secret) = &self.secret {
            redact(&mut error, secret);
        }
        self.attempt(now, Some(ErrorInfo::from(&*error)));
        error.attempts = self.attempts.clone();
        error
    }

    fn attempt(&mut self, now: f64, error: Option<ErrorInfo>) {
        // Nobody was chosen yet: a request that names no provider is not an attempt.
        if self.provider.is_empty() {
            return;
        }
        self.attempts.push(Attempt {
            provider: self.provider.clone(),
            model: self.model.clone(),
            key_index: 0,
            started_at: iso_time(self.sent_ms),
            waited_ms: 0.0,
            duration_ms: now - self.sent_ms,
            status: self.status,
            error,
        });
    }

    /// Adds to a response what only the call knows.
    pub fn dress(&self, mut response: ChatResponse, now: f64) -> ChatResponse {
        if response.id.is_empty() {
            response.id = self.id.clone();
        }
        response.call_id = self.id.clone();
        response.request_id = self.request_id.clone();
        response.attempts = self.attempts.clone();
        response.timing = Timing {
            started_at: iso_time(self.started_ms),
            waited_ms: 0.0,
            first_token_ms: self.first_token_ms,
            total_ms: now - self.started_ms,
        };
        response
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
