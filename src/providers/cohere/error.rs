//! What Cohere's errors mean.
//!
//! Their body is flat, `{"message": "…", "id": "…"}`, and has no code: what the status does not say
//! is told from the message, which is not promised to stay. Should the words change, a prompt that
//! is too long becomes "invalid-request" and a month's quota "rate-limit".

use crate::error::{Error, ErrorKind};
use crate::http::ResponseHead;
use crate::json::{Json, body_text};
use crate::text::{contains, slice, split_once};

/// Of a response that is not 2xx.
pub fn of_response(head: &ResponseHead, body: &[u8]) -> Box<Error> {
    let text = body_text(body);
    let value = Json::parse(&text).unwrap_or(Json::Null);
    let mut message = message(&value).to_owned();
    if message.is_empty() {
        let what = if text.trim_ascii().is_empty() { "no body" } else { "a body that is not Cohere's" };
        message = format!("the server answered with status {} and {what}", head.status);
    }
    let lower = message.to_ascii_lowercase();
    let kind = match head.status {
        400 | 413 | 422 if is_too_long(&lower) => ErrorKind::ContextLength,
        // A text that Cohere's deny-list has, in the prompt or the answer.
        498 => ErrorKind::ContentFilter,
        // "Client closed request", said by something between: not by this client, which is listening.
        499 => ErrorKind::Server,
        429 if says(&lower, &USED_UP) => ErrorKind::Quota,
        status => ErrorKind::of_status(status),
    };
    let mut error = Error::new(kind, message);
    if matches!(head.status, 499 | 501) {
        error.retryable = false;
    }
    if kind == ErrorKind::ContextLength {
        error.limit = number_behind(&lower, &["limit for this model is", "cannot exceed"]);
        error.needed = number_behind(&lower, &["received"]);
        if let (None, Some(limit), Some(excess)) = (error.needed, error.limit, number_behind(&lower, &["exceeded by"])) {
            error.needed = Some(excess.saturating_add(limit));
        }
    }
    error.status = Some(head.status).filter(|status| *status != 0);
    error.retry_after_ms = head.retry_after_ms().or_else(|| reset_in_ms(head));
    error.request_id = value.get("id").str().map(str::to_owned);
    error.with_body(body)
}

/// Of a body under status 200, or of an event that is an error; `None` when it is neither.
pub fn of_value(value: &Json<'_>, body: &[u8]) -> Option<Box<Error>> {
    let message = message(value);
    if message.is_empty() {
        return None;
    }
    let mut error = Error::new(ErrorKind::Server, message).with_body(body);
    error.request_id = value.get("id").str().map(str::to_owned);
    Some(error)
}

/// Cohere's `message`, and the places where gateways put theirs; empty when there is none.
fn message<'a>(value: &'a Json<'_>) -> &'a str {
    static PLACES: [&[&str]; 4] = [&["message"], &["error", "message"], &["error"], &["detail"]];
    PLACES.iter().map(|place| value.path(place).text()).find(|text| !text.is_empty()).unwrap_or("")
}

/// A trial key has a limit a minute and one a month. Only the first is worth waiting for.
static USED_UP: [&str; 5] = ["/ month", "/month", "per month", "a month", "monthly"];

fn says(message: &str, words: &[&str]) -> bool {
    words.iter().any(|words| contains(message, words))
}

/// "too many tokens: size limit exceeded by 5 tokens. … The limit for this model is 100 tokens." and
/// "too many tokens: total number of tokens … cannot exceed 100 - received 105. …". The same words
/// begin the complaint about a `max_tokens` above the model's own, which no shorter prompt helps.
fn is_too_long(message: &str) -> bool {
    contains(message, "too many tokens") && !says(message, &["max tokens", "maximum output"])
}

/// The number that follows the first of the words that has one.
fn number_behind(message: &str, words: &[&str]) -> Option<u64> {
    words.iter().find_map(|words| {
        let text = split_once(message, words)?.1.trim_ascii_start();
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        slice(text, 0, digits).parse().ok()
    })
}

/// `X-RateLimit-Reset`: when the limit is whole again, in seconds since 1970.
fn reset_in_ms(head: &ResponseHead) -> Option<u64> {
    let at = Json::parse(head.header("x-ratelimit-reset")?).ok()?.f64()?;
    let wait = at * 1000.0 - head.received_at_ms;
    (wait.is_finite() && wait > 0.0).then_some(wait.ceil() as u64)
}
