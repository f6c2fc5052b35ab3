//! What a failure means: one reading for HTTP errors, for errors in a 200 and for errors in a stream.
//!
//! OpenAI's own shape is the least of it; the others are those of openai-compatible.md §1.11 and
//! azure-openai.md §5. What a bare status means is said in [`crate::error`].

use super::{either, is_among};
use crate::error::{Error, ErrorKind};
use crate::http::{ResponseHead, duration_ms};
use crate::json::{Json, body_text};
use crate::text::{contains, split_once};

/// A response that is not 2xx.
pub fn of_response(head: &ResponseHead, body: &[u8]) -> Box<Error> {
    let mut error = read(&body_text(body), head.status);
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
    read(text, UNKNOWN)
}

/// In place of a status where there is none.
const UNKNOWN: u16 = 0;

fn read(text: &str, status: u16) -> Box<Error> {
    let mut failure = Failure::default();
    match Json::parse(text) {
        Ok(body) => failure.read(if let [first, ..] = body.items() { first } else { &body }),
        Err(_) => failure.message = plain_text(text),
    }
    let words = failure.message.to_ascii_lowercase();
    let kind = failure.kind(if status == UNKNOWN { failure.status } else { status }, &words);
    let message = match (failure.message, status) {
        (message, _) if !message.is_empty() => message,
        (_, UNKNOWN) => "the server reported an error and does not say which".to_owned(),
        _ => {
            let hint = if status == 404 { ": is the base URL right?" } else { "" };
            format!("the server answered {status} and does not say why{hint}")
        }
    };
    let mut error = Error::new(kind, message).with_body(text.as_bytes());
    match kind {
        ErrorKind::ContextLength if failure.needed.or(failure.limit).is_some() => {
            (error.needed, error.limit) = (failure.needed, failure.limit);
        }
        ErrorKind::ContextLength => {
            error.limit = number_behind(&words, LIMIT_MARKERS);
            // A request whose output alone is too long names an input that would fit.
            error.needed = number_behind(&words, NEEDED_MARKERS).filter(|needed| error.limit.is_none_or(|limit| *needed > limit));
        }
        ErrorKind::RateLimit | ErrorKind::Overloaded => error.retry_after_ms = spoken_delay_ms(&words),
        _ => {}
    }
    error
}

/// What an error body says, whatever its shape.
#[derive(Default)]
struct Failure {
    message: String,
    /// `code`, `type` and Azure's inner code, in lower case: servers disagree on which is which.
    codes: Vec<String>,
    /// A status that the body names: all there is inside a stream.
    status: u16,
    flagged: bool,
    needed: Option<u64>,
    limit: Option<u64>,
}

impl Failure {
    fn read(&mut self, body: &Json<'_>) {
        // OpenRouter reports a provider's failure on the choice.
        let error = either(body.get("error"), body.get("choices").at(0).get("error"));
        let metadata = error.get("metadata");
        self.message = message_of(error);
        if self.message.is_empty() {
            self.message = message_of(body);
        }
        for place in [error, body, either(error.get("innererror"), error.get("inner_error"))] {
            for field in ["code", "type", "status", "statusCode", "status_code"] {
                self.see_code(place.get(field));
            }
        }
        // What the provider behind OpenRouter said, which "Provider returned error" does not.
        let raw = message_of(metadata.get("raw"));
        if !raw.is_empty() && !contains(&self.message, &raw) {
            append(&mut self.message, ": ", &raw);
        }
        self.flagged = !metadata.get("flagged_input").is_null();
        self.needed = error.get("n_prompt_tokens").u64();
        self.limit = error.get("n_ctx").u64();
    }

    fn see_code(&mut self, code: &Json<'_>) {
        let word = code.text();
        match code.u64().or_else(|| word.parse().ok()) {
            Some(status @ 400..=599) if self.status == UNKNOWN => self.status = status as u16,
            None if !word.is_empty() => self.codes.push(word.to_ascii_lowercase()),
            _ => {}
        }
    }

    fn kind(&self, status: u16, words: &str) -> ErrorKind {
        if self.flagged {
            return ErrorKind::ContentFilter;
        }
        for (kind, statuses, clues) in RULES {
            let applies = statuses.is_empty() || statuses.contains(&status);
            let said = match clues {
                Codes(list) => self.codes.iter().any(|code| is_among(code, list)),
                Phrases(list) => list.split('|').any(|phrase| contains(words, phrase)),
            };
            if applies && said {
                return *kind;
            }
        }
        match status {
            // Inside a stream there is no status. What is not the caller's fault may pass.
            UNKNOWN => ErrorKind::Server,
            // Groq: no capacity left for flex.
            498 => ErrorKind::Overloaded,
            _ => ErrorKind::of_status(status),
        }
    }
}

/// What gives a kind away.
enum Clues {
    /// Any of these codes, with spaces between them.
    Codes(&'static str),
    /// Any of these in the message, with bars between them.
    Phrases(&'static str),
}
use Clues::{Codes, Phrases};

/// What tells more than the status does; the first rule that holds counts. Without statuses, a rule
/// holds for each.
static RULES: &[(ErrorKind, &[u16], Clues)] = &[
    (
        ErrorKind::ContentFilter,
        &[],
        Codes(
            "content_filter content_policy_violation image_content_policy_violation responsibleaipolicyviolation bio_policy misalignment_policy_violation",
        ),
    ),
    (
        ErrorKind::ContentFilter,
        &[UNKNOWN, 400, 403, 413, 422],
        Phrases("content management policy|violating our usage policy|flagged as potentially violating"),
    ),
    (ErrorKind::ContextLength, &[], Codes("context_length_exceeded exceed_context_size_error")),
    (
        ErrorKind::ContextLength,
        &[UNKNOWN, 400, 413, 422, 500],
        Phrases(
            "maximum context length|maximum prompt length|context window|available context size|prompt is too long|input tokens exceed|reduce the length of the messages",
        ),
    ),
    // A 429 that waiting does not cure.
    (
        ErrorKind::Quota,
        &[],
        Codes(
            "insufficient_quota credit_balance_exhausted organization_spend_limit_exceeded project_spend_limit_exceeded organization_usage_limit_exceeded billing_not_active",
        ),
    ),
    // OpenAI also says model_not_found, with 403, of a model that exists and is not allowed.
    (ErrorKind::Permission, &[403], Codes(NOT_FOUND)),
    (ErrorKind::NotFound, &[], Codes(NOT_FOUND)),
    // xAI and Gemini answer a wrong key with 400.
    (ErrorKind::Authentication, &[400], Codes("invalid_api_key")),
    (ErrorKind::Authentication, &[400], Phrases("incorrect api key|invalid api key|api key not valid")),
    (
        ErrorKind::Overloaded,
        &[UNKNOWN, 500],
        Codes("server_is_overloaded service_unavailable_error slow_down overloaded_error overloaded capacity_exceeded"),
    ),
    (ErrorKind::RateLimit, &[UNKNOWN], Codes("rate_limit_exceeded rate_limit_error ratelimitreached too_many_requests")),
    (ErrorKind::Authentication, &[UNKNOWN], Codes("invalid_api_key authentication_error")),
    (ErrorKind::Permission, &[UNKNOWN], Codes("permission_error permission_denied")),
    (ErrorKind::NotFound, &[UNKNOWN], Codes("not_found_error")),
    (ErrorKind::Timeout, &[UNKNOWN], Codes("timeout timeout_error")),
    (ErrorKind::InvalidRequest, &[UNKNOWN], Codes("invalid_request_error invalid-argument invalid_argument badrequesterror")),
    // The Responses API fails under status 200 for what Chat refuses with 400.
    (
        ErrorKind::InvalidRequest,
        &[UNKNOWN],
        Codes(
            "invalid_prompt data_residency_mismatch previous_response_not_found invalid_image invalid_image_format invalid_base64_image invalid_image_url image_too_large image_too_small image_parse_error invalid_image_mode image_file_too_large unsupported_image_media_type empty_image_file failed_to_download_image image_file_not_found",
        ),
    ),
];
const NOT_FOUND: &str = "model_not_found deploymentnotfound invalid_model";

/// The words of an error for people, from wherever a server puts them.
fn message_of(value: &Json<'_>) -> String {
    let mut message = String::new();
    match value {
        Json::String(text) => {
            // A provider's own body, passed on as text.
            if let Ok(body @ Json::Object(_)) = Json::parse(text) {
                message = message_of(either(body.get("error"), &body));
            }
            if message.is_empty() {
                message.push_str(text.trim());
            }
        }
        // FastAPI: what is wrong, and where.
        Json::Array(items) => {
            for item in items {
                append(&mut message, "; ", &message_of(item));
            }
        }
        Json::Object(_) => {
            for step in value.get("loc").items() {
                let number = if let Json::Number(text) = step { text } else { "" };
                append(&mut message, ".", step.str().unwrap_or(number));
            }
            for field in ["message", "detail", "msg", "error"] {
                let text = message_of(value.get(field));
                if !text.is_empty() {
                    append(&mut message, ": ", &text);
                    break;
                }
            }
        }
        _ => {}
    }
    message
}

/// Adds a text, if there is one, with something between it and what is there.
fn append(message: &mut String, between: &str, text: &str) {
    if !message.is_empty() && !text.is_empty() {
        message.push_str(between);
    }
    message.push_str(text);
}

/// Of a body that is not JSON: a page's title, or a short text as it is.
fn plain_text(text: &str) -> String {
    const SHORT: usize = 300;
    let text = text.trim();
    let is_page = text.starts_with('<');
    let shown = if is_page { between(text, "<title>", "</title>").trim() } else { text };
    let shown = if shown.len() <= SHORT { shown } else { "" };
    match (is_page, shown) {
        (false, text) => text.to_owned(),
        (true, "") => "the server answered with a page, not with JSON: is the base URL right?".to_owned(),
        (true, title) => format!("the server answered with a page, \"{title}\": is the base URL right?"),
    }
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let rest = split_once(text, start).map_or("", |(_, rest)| rest);
    split_once(rest, end).map_or(rest, |(inner, _)| inner)
}

// How servers say how many tokens were asked for and how many fit.
const LIMIT_MARKERS: &str = "limit is|length is|limit of|context size (|context size of|context window of|model with|tokens >";
const NEEDED_MARKERS: &str = "requested about|you requested|current length is|resulted in|request contains|prompt contains|request has|request (|prompt is too long:";

/// The number behind the first of these markers that has one; commas may group its digits.
fn number_behind(text: &str, markers: &str) -> Option<u64> {
    for marker in markers.split('|') {
        let Some((_, rest)) = split_once(text, marker) else { continue };
        let mut number = None;
        for byte in rest.trim_start().bytes() {
            match byte {
                b'0'..=b'9' => number = Some(number.unwrap_or(0_u64).saturating_mul(10).saturating_add(u64::from(byte - b'0'))),
                b',' => {}
                _ => break,
            }
        }
        if number.is_some() {
            return number;
        }
    }
    None
}

/// "Please retry after 23 seconds", "Please try again in 1m30.5s": the only hint that a page can
/// see, because neither OpenAI nor Azure exposes `Retry-After` to it.
fn spoken_delay_ms(text: &str) -> Option<u64> {
    let markers = "retry after |try again in |retry in ";
    let (_, rest) = markers.split('|').find_map(|marker| split_once(text, marker))?;
    duration_ms(rest).map(|ms| ms.ceil() as u64)
}
