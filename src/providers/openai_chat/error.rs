//! What a failure means: one reading for HTTP errors, for errors in a 200 and for errors in a stream.
//!
//! OpenAI's own shape is the least of it; the others are those of openai-compatible.md §1.11 and
//! azure-openai.md §5. What a bare status means is said in [`crate::error`].

use serde_json::Value;

use crate::error::{Error, ErrorKind};
use crate::http::ResponseHead;

/// A response that is not 2xx.
pub fn of_response(head: &ResponseHead, body: &[u8]) -> Box<Error> {
    let failure = Failure::read(&String::from_utf8_lossy(body));
    let mut error = failure.error(Some(head.status), body);
    error.status = Some(head.status);
    if let Some(hint) = head.retry_after_ms() {
        error.retry_after_ms = Some(hint);
    }
    // The provider knows better than its status, but for an empty account.
    match head.header("x-should-retry") {
        Some("false") => error.retryable = false,
        Some("true") if error.kind != ErrorKind::Quota => error.retryable = true,
        _ => {}
    }
    error
}

/// An error inside a 200: of a whole answer, or of a stream.
pub fn in_body(text: &str) -> Box<Error> {
    Failure::read(text).error(None, text.as_bytes())
}

/// Whether an array holds errors.
pub fn has_error(text: &str) -> bool {
    matches!(serde_json::from_str(text), Ok(Value::Array(items)) if items.iter().any(|item| item.get("error").is_some()))
}

/// What an error body says, whatever its shape.
#[derive(Debug, Default)]
struct Failure {
    message: String,
    /// `code`, `type` and Azure's inner code, in lower case: servers disagree on which is which.
    codes: Vec<String>,
    /// A status that the body names: all there is inside a stream.
    status: Option<u16>,
    flagged: bool,
    needed: Option<u64>,
    limit: Option<u64>,
}

impl Failure {
    fn read(text: &str) -> Self {
        let Ok(body) = serde_json::from_str::<Value>(text) else {
            return Self { message: plain_text(text), ..Self::default() };
        };
        let body = match &body {
            Value::Array(items) => items.first().unwrap_or(&Value::Null),
            body => body,
        };
        let error = body.get("error").filter(|error| !error.is_null());
        // OpenRouter reports a provider's failure on the choice.
        let error = error.or_else(|| body.get("choices")?.get(0)?.get("error")).filter(|error| !error.is_null());
        let inner = error.and_then(|error| error.get("innererror").or_else(|| error.get("inner_error")));
        let metadata = error.and_then(|error| error.get("metadata"));

        let said = error.map(message_of).filter(|message| !message.is_empty()).unwrap_or_else(|| message_of(body));
        let mut failure = Self { message: said, ..Self::default() };
        for place in [error, Some(body), inner].into_iter().flatten() {
            for field in ["code", "type", "status", "statusCode", "status_code"] {
                match place.get(field) {
                    Some(Value::Number(number)) => failure.see_status(number.as_u64()),
                    Some(Value::String(word)) => match word.parse().ok() {
                        Some(number) => failure.see_status(Some(number)),
                        None => failure.codes.push(word.to_ascii_lowercase()),
                    },
                    _ => {}
                }
            }
        }
        // What the provider behind OpenRouter said, which "Provider returned error" does not.
        if let Some(raw) = metadata.and_then(|metadata| metadata.get("raw")) {
            let raw = message_of(raw);
            if !raw.is_empty() && !failure.message.contains(&raw) {
                failure.message = if failure.message.is_empty() { raw } else { format!("{}: {raw}", failure.message) };
            }
        }
        failure.flagged = metadata.is_some_and(|metadata| metadata.get("flagged_input").is_some());
        let count = |field: &str| error.and_then(|error| error.get(field)?.as_u64());
        (failure.needed, failure.limit) = (count("n_prompt_tokens"), count("n_ctx"));
        failure
    }

    fn see_status(&mut self, number: Option<u64>) {
        if let Some(status @ 400..=599) = number {
            self.status = self.status.or(Some(status as u16));
        }
    }

    fn has(&self, codes: &[&str]) -> bool {
        self.codes.iter().any(|code| codes.contains(&code.as_str()))
    }

    fn error(self, status: Option<u16>, body: &[u8]) -> Box<Error> {
        let text = self.message.to_ascii_lowercase();
        let kind = self.kind(status.or(self.status), &text);
        let message = match (self.message.as_str(), status) {
            ("", Some(404)) => "the server answered 404 and does not say why: is the base URL right?".to_owned(),
            ("", Some(status)) => format!("the server answered {status} and does not say why"),
            ("", None) => "the server reported an error and does not say which".to_owned(),
            (message, _) => message.to_owned(),
        };
        let mut error = Error::new(kind, message).with_body(body);
        if kind == ErrorKind::ContextLength {
            (error.needed, error.limit) = match (self.needed, self.limit) {
                (None, None) => token_counts(&text),
                known => known,
            };
        }
        if matches!(kind, ErrorKind::RateLimit | ErrorKind::Overloaded) {
            error.retry_after_ms = spoken_delay_ms(&text);
        }
        error
    }

    fn kind(&self, status: Option<u16>, text: &str) -> ErrorKind {
        let says = |phrases: &[&str]| phrases.iter().any(|phrase| text.contains(phrase));
        let refused = matches!(status, None | Some(400 | 403 | 413 | 422));
        if self.flagged || self.has(FILTER_CODES) || (refused && says(FILTER_PHRASES)) {
            return ErrorKind::ContentFilter;
        }
        if self.has(LENGTH_CODES) || (matches!(status, None | Some(400 | 413 | 422 | 500)) && says(LENGTH_PHRASES)) {
            return ErrorKind::ContextLength;
        }
        // A 429 that waiting does not cure.
        if self.has(QUOTA_CODES) {
            return ErrorKind::Quota;
        }
        // OpenAI also says model_not_found, with 403, of a model that exists and is not allowed.
        if status != Some(403) && self.has(NOT_FOUND_CODES) {
            return ErrorKind::NotFound;
        }
        match status {
            // xAI and Gemini answer a wrong key with 400.
            Some(400) if self.has(&["invalid_api_key"]) || says(KEY_PHRASES) => ErrorKind::Authentication,
            // Groq: no capacity left for flex.
            Some(498) => ErrorKind::Overloaded,
            Some(500) if self.has(OVERLOADED_CODES) => ErrorKind::Overloaded,
            Some(status) => ErrorKind::of_status(status),
            None => self.kind_of_words(),
        }
    }

    /// Inside a stream there is no status. What is not the caller's fault may pass.
    fn kind_of_words(&self) -> ErrorKind {
        const WORDS: &[(&[&str], ErrorKind)] = &[
            (OVERLOADED_CODES, ErrorKind::Overloaded),
            (&["rate_limit_exceeded", "rate_limit_error", "ratelimitreached", "too_many_requests"], ErrorKind::RateLimit),
            (&["invalid_api_key", "authentication_error"], ErrorKind::Authentication),
            (&["permission_error", "permission_denied"], ErrorKind::Permission),
            (&["not_found_error"], ErrorKind::NotFound),
            (&["timeout", "timeout_error"], ErrorKind::Timeout),
            (&["invalid_request_error", "invalid-argument", "invalid_argument", "badrequesterror"], ErrorKind::InvalidRequest),
        ];
        WORDS.iter().find(|(codes, _)| self.has(codes)).map_or(ErrorKind::Server, |(_, kind)| *kind)
    }
}

const FILTER_CODES: &[&str] =
    &["content_filter", "content_policy_violation", "responsibleaipolicyviolation", "bio_policy", "misalignment_policy_violation"];
const FILTER_PHRASES: &[&str] = &["content management policy", "violating our usage policy", "flagged as potentially violating"];
const LENGTH_CODES: &[&str] = &["context_length_exceeded", "exceed_context_size_error"];
const LENGTH_PHRASES: &[&str] = &[
    "maximum context length",
    "maximum prompt length",
    "context window",
    "available context size",
    "prompt is too long",
    "input tokens exceed",
    "reduce the length of the messages",
];
const QUOTA_CODES: &[&str] = &[
    "insufficient_quota",
    "credit_balance_exhausted",
    "organization_spend_limit_exceeded",
    "project_spend_limit_exceeded",
    "organization_usage_limit_exceeded",
    "billing_not_active",
];
const NOT_FOUND_CODES: &[&str] = &["model_not_found", "deploymentnotfound", "invalid_model"];
const OVERLOADED_CODES: &[&str] =
    &["server_is_overloaded", "service_unavailable_error", "slow_down", "overloaded_error", "overloaded", "capacity_exceeded"];
const KEY_PHRASES: &[&str] = &["incorrect api key", "invalid api key", "api key not valid"];

/// The words of an error for people, from wherever a server puts them.
fn message_of(value: &Value) -> String {
    match value {
        Value::String(text) => match serde_json::from_str::<Value>(text) {
            // A provider's own body, passed on as text.
            Ok(body @ Value::Object(_)) => Some(message_of(body.get("error").unwrap_or(&body))).filter(|message| !message.is_empty()),
            _ => None,
        }
        .unwrap_or_else(|| text.trim().to_owned()),
        // FastAPI: what is wrong, and where.
        Value::Array(items) => items.iter().map(message_of).filter(|message| !message.is_empty()).collect::<Vec<_>>().join("; "),
        Value::Object(fields) => {
            let text = ["message", "detail", "msg", "error"].iter().filter_map(|field| fields.get(*field)).map(message_of);
            let text = text.into_iter().find(|text| !text.is_empty()).unwrap_or_default();
            match fields.get("loc").and_then(Value::as_array) {
                Some(place) => {
                    let place = place.iter().map(|step| step.as_str().map_or_else(|| step.to_string(), str::to_owned));
                    format!("{}: {text}", place.collect::<Vec<_>>().join("."))
                }
                None => text,
            }
        }
        _ => String::new(),
    }
}

/// Of a body that is not JSON: a page's title, or a short text as it is.
fn plain_text(text: &str) -> String {
    const SHORT: usize = 300;
    let text = text.trim();
    if !text.starts_with('<') {
        return if text.len() <= SHORT { text.to_owned() } else { String::new() };
    }
    let title = text.find("<title>").and_then(|start| text[start + 7..].split("</title>").next()).map(str::trim);
    match title.filter(|title| !title.is_empty() && title.len() <= SHORT) {
        Some(title) => format!("the server answered with a page, \"{title}\": is the base URL right?"),
        None => "the server answered with a page, not with JSON: is the base URL right?".to_owned(),
    }
}

/// How many tokens were asked for and how many fit, from the ways in which servers say it.
fn token_counts(text: &str) -> (Option<u64>, Option<u64>) {
    const LIMIT: &[&str] = &["length is", "limit of", "context size (", "context size of", "context window of", "model with", "tokens >"];
    const NEEDED: &[&str] = &[
        "requested about",
        "you requested",
        "resulted in",
        "request contains",
        "prompt contains",
        "request has",
        "request (",
        "prompt is too long:",
    ];
    let first = |markers: &[&str]| markers.iter().find_map(|marker| number_at(&text[text.find(marker)? + marker.len()..]));
    let limit = first(LIMIT);
    // A request whose output alone is too long names an input that would fit.
    (first(NEEDED).filter(|needed| limit.is_none_or(|limit| *needed > limit)), limit)
}

/// The number with which a text begins; commas may group its digits.
fn number_at(text: &str) -> Option<u64> {
    let text = text.trim_start();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != ',').unwrap_or(text.len());
    text[..end].replace(',', "").parse().ok()
}

/// "Please retry after 23 seconds", "Please try again in 1m30.5s": the only hint that a page can
/// see, because neither OpenAI nor Azure exposes `Retry-After` to it.
fn spoken_delay_ms(text: &str) -> Option<u64> {
    let mut rest =
        ["retry after ", "try again in ", "retry in "].iter().find_map(|marker| Some(&text[text.find(marker)? + marker.len()..]))?;
    let mut total = None;
    loop {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let Ok(amount) = rest[..digits].parse::<f64>() else { break };
        let unit = rest[digits..].trim_start();
        let letters = unit.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(unit.len());
        let ms = match &unit[..letters] {
            "ms" | "milliseconds" => 1.0,
            "s" | "second" | "seconds" => 1000.0,
            "m" | "minute" | "minutes" => 60_000.0,
            "h" | "hour" | "hours" => 3_600_000.0,
            _ => break,
        };
        total = Some(total.unwrap_or(0.0) + amount * ms);
        rest = &unit[letters..];
    }
    total.map(|ms: f64| ms.ceil() as u64)
}
