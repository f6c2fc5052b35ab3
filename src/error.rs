//! The one error, with a closed [`ErrorKind`].
//!
//! What a provider's own codes mean is said in `providers/<x>.rs`; what an HTTP status means when
//! nothing better is known, and which kinds are worth another try, is said here, once.

use crate::chat::{Attempt, ChatResponse};
use crate::json::{Json, body_text};
use crate::object;
use crate::policy::timeout::Timeout;

/// Boxed, because an error is rare and large, and a `Result` is returned from every decoder.
pub type Result<T, E = Box<Error>> = std::result::Result<T, E>;

/// Why a call failed. The names are the contract's `ErrorCode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names say it; error.md in the docs explains each")]
pub enum ErrorKind {
    Aborted,
    Authentication,
    Permission,
    InvalidRequest,
    Unsupported,
    NotFound,
    ContextLength,
    ContentFilter,
    RateLimit,
    Quota,
    Overloaded,
    Server,
    Network,
    Cors,
    Timeout,
    Truncated,
    Malformed,
    Budget,
    OutputInvalid,
    ToolFailed,
    Config,
    MissingKey,
    Template,
    Storage,
}

impl ErrorKind {
    /// Every kind, for tables and tests.
    pub const ALL: [Self; 24] = [
        Self::Aborted,
        Self::Authentication,
        Self::Permission,
        Self::InvalidRequest,
        Self::Unsupported,
        Self::NotFound,
        Self::ContextLength,
        Self::ContentFilter,
        Self::RateLimit,
        Self::Quota,
        Self::Overloaded,
        Self::Server,
        Self::Network,
        Self::Cors,
        Self::Timeout,
        Self::Truncated,
        Self::Malformed,
        Self::Budget,
        Self::OutputInvalid,
        Self::ToolFailed,
        Self::Config,
        Self::MissingKey,
        Self::Template,
        Self::Storage,
    ];

    /// Of the contract's word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// The contract's word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Aborted => "aborted",
            Self::Authentication => "authentication",
            Self::Permission => "permission",
            Self::InvalidRequest => "invalid-request",
            Self::Unsupported => "unsupported",
            Self::NotFound => "not-found",
            Self::ContextLength => "context-length",
            Self::ContentFilter => "content-filter",
            Self::RateLimit => "rate-limit",
            Self::Quota => "quota",
            Self::Overloaded => "overloaded",
            Self::Server => "server",
            Self::Network => "network",
            Self::Cors => "cors",
            Self::Timeout => "timeout",
            Self::Truncated => "truncated",
            Self::Malformed => "malformed",
            Self::Budget => "budget",
            Self::OutputInvalid => "output-invalid",
            Self::ToolFailed => "tool-failed",
            Self::Config => "config",
            Self::MissingKey => "missing-key",
            Self::Template => "template",
            Self::Storage => "storage",
        }
    }

    /// What a status means when the body says nothing that the provider's dialect knows.
    pub fn of_status(status: u16) -> Self {
        match status {
            401 => Self::Authentication,
            402 => Self::Quota,
            403 => Self::Permission,
            404 => Self::NotFound,
            408 | 504 => Self::Timeout,
            409 => Self::Server,
            429 => Self::RateLimit,
            503 | 529 => Self::Overloaded,
            500.. => Self::Server,
            300..=399 => Self::Config,
            _ => Self::InvalidRequest,
        }
    }

    /// Whether the same request may succeed if it is sent again.
    pub fn is_retryable(self) -> bool {
        matches!(self, Self::RateLimit | Self::Overloaded | Self::Server | Self::Network | Self::Timeout | Self::Truncated)
    }
}

/// What went wrong, as plain data. The facade makes an `LlmError` of it.
#[derive(Clone, Debug)]
pub struct Error {
    /// The kind; `code` on the outside.
    pub kind: ErrorKind,
    /// For people. Names the field, the limit, or what to do.
    pub message: String,
    /// As configured ("openai"), once known.
    pub provider: Option<String>,
    /// As asked for, once known.
    pub model: Option<String>,
    /// Of the HTTP response; `None` when there was none or the failure came inside a stream.
    pub status: Option<u16>,
    /// The provider's id of the request.
    pub request_id: Option<String>,
    /// Ours, of the call that failed.
    pub call_id: Option<String>,
    /// Whether sending the same again may help.
    pub retryable: bool,
    /// The provider's own hint, in milliseconds.
    pub retry_after_ms: Option<u64>,
    /// Which of this library's own timeouts it was, if it was one: the request may still be worked on
    /// there, so the same target is not asked again.
    pub timeout: Option<Timeout>,
    /// Whether it was a key's fault and there is another: told by whoever made the attempt for several callers.
    pub another_key: bool,
    /// Every attempt of the call, this failure's last.
    pub attempts: Vec<Attempt>,
    /// What had arrived before it failed.
    pub partial: Option<Box<ChatResponse>>,
    /// Context length: how many tokens were asked for.
    pub needed: Option<u64>,
    /// Context length: how many fit.
    pub limit: Option<u64>,
    /// The provider's body: parsed when it was JSON, else its first kilobytes as text.
    pub body: Option<Json<'static>>,
}

impl Error {
    /// An error of a kind, with nothing else known.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Box<Self> {
        Self::with_message(kind, message.into())
    }

    fn with_message(kind: ErrorKind, message: String) -> Box<Self> {
        Box::new(Self {
            kind,
            message,
            provider: None,
            model: None,
            status: None,
            request_id: None,
            call_id: None,
            retryable: kind.is_retryable(),
            retry_after_ms: None,
            timeout: None,
            another_key: false,
            attempts: Vec::new(),
            partial: None,
            needed: None,
            limit: None,
            body: None,
        })
    }

    /// Bytes that are not what the provider's format allows.
    pub fn malformed(message: impl Into<String>) -> Box<Self> {
        Self::new(ErrorKind::Malformed, message)
    }

    /// A stream that ended before its provider's terminator.
    pub fn truncated(message: impl Into<String>) -> Box<Self> {
        Self::new(ErrorKind::Truncated, message)
    }

    /// The same with what an in-stream or HTTP error body said.
    pub fn with_body(mut self: Box<Self>, body: &[u8]) -> Box<Self> {
        self.body = Some(readable_body(body));
        self
    }

    /// As the facade makes an `LlmError` of it.
    pub fn to_json(&self) -> Json<'_> {
        let mut out = object! {
            "code": self.kind.word(),
            "message": &self.message,
            "provider": self.provider.as_deref(),
            "model": self.model.as_deref(),
            "status": self.status,
            "requestId": self.request_id.as_deref(),
            "retryable": self.retryable,
            "retryAfterMs": self.retry_after_ms,
            "attempts": self.attempts.iter().map(Attempt::to_json).collect::<Vec<_>>(),
            "partial": self.partial.as_ref().map(|partial| partial.to_json()),
            "body": self.body.clone(),
        };
        out.set_some("callId", self.call_id.as_deref());
        out.set_some("needed", self.needed);
        out.set_some("limit", self.limit);
        out
    }

    /// Changes the kind and, with it, whether another try makes sense.
    pub fn set_kind(&mut self, kind: ErrorKind) {
        self.kind = kind;
        self.retryable = kind.is_retryable();
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

/// How much of a body that is not JSON an error keeps: enough to recognise a proxy's page, not a
/// copy of a megabyte of it in every log line.
const TEXT_BODY_BYTES: usize = 4096;

/// A body for people and logs: JSON as JSON, anything else as its first kilobytes of text.
pub fn readable_body(body: &[u8]) -> Json<'static> {
    match Json::parse(&body_text(body)) {
        Ok(json) => json.into_owned(),
        Err(_) => Json::from(body_text(&body[..body.len().min(TEXT_BODY_BYTES)]).into_owned()),
    }
}
