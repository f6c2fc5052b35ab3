//! What Cohere's errors mean.
//!
//! Their body is flat, `{"message": "…", "id": "…"}`, and has no code: what the status does not say
//! is told from the message, which is not promised to stay. Should the words change, a prompt that
//! is too long becomes "invalid-request" and a month's quota "rate-limit".

use serde_json::Value;

use crate::error::{Error, ErrorKind};
use crate::http::ResponseHead;

/// Of a response that is not 2xx.
pub fn of_response(head: &ResponseHead, body: &[u8]) -> Box<Error> {
    let value: Value = serde_json::from_slice(body).unwrap_or_default();
    let message = message(&value).map(str::to_owned).unwrap_or_else(|| {
        let what = if body.iter().all(u8::is_ascii_whitespace) { "no body" } else { "a body that is not Cohere's" };
        format!("the server answered with status {} and {what}", head.status)
    });
    let lower = message.to_ascii_lowercase();
    let window = window(&lower);
    let kind = match head.status {
        400 | 413 | 422 if window.is_some() => ErrorKind::ContextLength,
        // A text that Cohere's deny-list has, in the prompt or the answer.
        498 => ErrorKind::ContentFilter,
        // "Client closed request", said by something between: not by this client, which is listening.
        499 => ErrorKind::Server,
        429 if is_used_up(&lower) => ErrorKind::Quota,
        status => ErrorKind::of_status(status),
    };
    let mut error = Error::new(kind, message);
    if matches!(head.status, 499 | 501) {
        error.retryable = false;
    }
    if kind == ErrorKind::ContextLength {
        (error.needed, error.limit) = window.unwrap_or_default();
    }
    error.status = Some(head.status).filter(|status| *status != 0);
    error.retry_after_ms = head.retry_after_ms().or_else(|| reset_in_ms(head));
    error.request_id = value.get("id").and_then(Value::as_str).map(str::to_owned);
    error.with_body(body)
}

/// Of a body under status 200, or of an event that is an error; `None` when it is neither.
pub fn of_body(body: &[u8]) -> Option<Box<Error>> {
    let value: Value = serde_json::from_slice(body).ok()?;
    let message = message(&value)?.to_owned();
    let mut error = Error::new(ErrorKind::Server, message).with_body(body);
    error.request_id = value.get("id").and_then(Value::as_str).map(str::to_owned);
    Some(error)
}

/// Cohere's `message`, and the places where gateways put theirs.
fn message(value: &Value) -> Option<&str> {
    let places = [value.get("message"), value.pointer("/error/message"), value.get("error"), value.get("detail")];
    places.into_iter().flatten().filter_map(Value::as_str).find(|text| !text.is_empty())
}

/// A trial key has a limit a minute and one a month. Only the first is worth waiting for.
fn is_used_up(message: &str) -> bool {
    ["/ month", "/month", "per month", "a month", "monthly"].iter().any(|words| message.contains(words))
}

/// How many tokens were asked for and how many fit, of
/// "too many tokens: size limit exceeded by 5 tokens. … The limit for this model is 100 tokens." and
/// "too many tokens: total number of tokens … cannot exceed 100 - received 105. …". The same words
/// begin the complaint about a `max_tokens` above the model's own, which no shorter prompt helps.
fn window(message: &str) -> Option<(Option<u64>, Option<u64>)> {
    if !message.contains("too many tokens") || message.contains("max tokens") || message.contains("maximum output") {
        return None;
    }
    let behind = |words: &str| -> Option<u64> {
        let digits = message.split_once(words)?.1.trim_start();
        let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
        digits[..end].parse().ok()
    };
    let limit = behind("limit for this model is").or_else(|| behind("cannot exceed"));
    let needed = behind("received").or_else(|| Some(behind("exceeded by")?.saturating_add(limit?)));
    Some((needed, limit))
}

/// `X-RateLimit-Reset`: when the limit is whole again, in seconds since 1970.
fn reset_in_ms(head: &ResponseHead) -> Option<u64> {
    let at: f64 = head.header("x-ratelimit-reset")?.trim().parse().ok()?;
    let wait = at * 1000.0 - head.received_at_ms;
    (wait.is_finite() && wait > 0.0).then_some(wait.ceil() as u64)
}
