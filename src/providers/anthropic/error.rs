//! What Anthropic's errors mean.
//!
//! `error.type` says what kind it is and `error.details.error_code` what in particular. Two things
//! have no code of their own and are told from the message, which Anthropic does not promise to
//! keep: that the prompt is too long, and that an account has run dry under status 400. Should the
//! words change, both become "invalid-request", which is what their type says.

use serde_json::Value;

use crate::error::{Error, ErrorKind};
use crate::http::ResponseHead;

/// Of a response that is not 2xx.
pub fn of_response(head: &ResponseHead, body: &[u8]) -> Box<Error> {
    let value: Value = serde_json::from_slice(body).unwrap_or_default();
    let message = message(&value).map(str::to_owned).unwrap_or_else(|| {
        let what = if body.iter().all(u8::is_ascii_whitespace) { "no body" } else { "a body that is not Anthropic's" };
        format!("the server answered with status {} and {what}", head.status)
    });
    let mut error = classify(&value, message, Some(head.status));
    error.status = Some(head.status).filter(|status| *status != 0);
    error.retry_after_ms = head.retry_after_ms();
    // The API's own word on it; an exhausted account does not fill up by asking again.
    match head.header("x-should-retry") {
        Some("true") if error.kind != ErrorKind::Quota => error.retryable = true,
        Some("false") => error.retryable = false,
        _ => {}
    }
    error.with_body(body)
}

/// Of an `error` event in a stream.
pub fn of_event(data: &str) -> Box<Error> {
    let value: Value = serde_json::from_str(data).unwrap_or_default();
    let message = message(&value).unwrap_or("the provider reported an error in the stream").to_owned();
    classify(&value, message, None).with_body(data.as_bytes())
}

/// Of a body under status 200; `None` when it is no error.
pub fn of_body(body: &[u8]) -> Option<Box<Error>> {
    let value: Value = serde_json::from_slice(body).ok()?;
    let message = value.get("error").filter(|error| !error.is_null()).and(message(&value))?.to_owned();
    Some(classify(&value, message, None).with_body(body))
}

/// Anthropic's `error.message`, and the places where proxies put theirs.
fn message(value: &Value) -> Option<&str> {
    let places = [value.pointer("/error/message"), value.get("error"), value.get("message"), value.get("detail")];
    places.into_iter().flatten().filter_map(Value::as_str).find(|text| !text.is_empty())
}

fn classify(value: &Value, message: String, status: Option<u16>) -> Box<Error> {
    let kind = value.pointer("/error/type").and_then(Value::as_str).unwrap_or("");
    let code = value.pointer("/error/details/error_code").and_then(Value::as_str).unwrap_or("");
    let by_status = |otherwise| status.map_or(otherwise, ErrorKind::of_status);
    let kind = match kind {
        // Both `enforced_spend_limit_reached` and `contract_spend_limit_reached`, under 429 or 400.
        _ if code.ends_with("spend_limit_reached") => ErrorKind::Quota,
        "authentication_error" => ErrorKind::Authentication,
        "billing_error" => ErrorKind::Quota,
        "permission_error" => ErrorKind::Permission,
        "not_found_error" => ErrorKind::NotFound,
        "timeout_error" => ErrorKind::Timeout,
        "rate_limit_error" => ErrorKind::RateLimit,
        "overloaded_error" => ErrorKind::Overloaded,
        "conflict_error" => ErrorKind::Server,
        "request_too_large" => ErrorKind::InvalidRequest,
        "invalid_request_error" => match by_status(ErrorKind::InvalidRequest) {
            ErrorKind::InvalidRequest if is_out_of_funds(&message) => ErrorKind::Quota,
            ErrorKind::InvalidRequest if window(&message).is_some() => ErrorKind::ContextLength,
            other => other,
        },
        // `api_error` too: proxies use it for everything, and their status is the better word.
        _ => by_status(ErrorKind::Server),
    };
    let mut error = Error::new(kind, message);
    if kind == ErrorKind::ContextLength {
        (error.needed, error.limit) = window(&error.message).unwrap_or_default();
    }
    error.request_id = value.get("request_id").and_then(Value::as_str).map(str::to_owned);
    error
}

fn is_out_of_funds(message: &str) -> bool {
    message.contains("credit balance is too low") || message.contains("reached your specified API usage limits")
}

/// How many tokens were asked for and how many fit, of
/// "prompt is too long: 210000 tokens > 200000 maximum" and
/// "input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000, …".
fn window(message: &str) -> Option<(Option<u64>, Option<u64>)> {
    if !message.contains("prompt is too long") && !message.contains("exceed context limit") {
        return None;
    }
    let figures = |text: &str| -> Vec<u64> { text.split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse().ok()).collect() };
    let Some((needed, limit)) = message.rsplit_once('>') else { return Some((None, None)) };
    // What stands before the colon may have figures too ("messages.0: …").
    let needed = figures(needed.rsplit(':').next().unwrap_or(needed)).into_iter().reduce(u64::saturating_add);
    Some((needed, figures(limit).first().copied()))
}
