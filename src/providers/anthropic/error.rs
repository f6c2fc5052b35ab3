//! What Anthropic's errors mean.
//!
//! `error.type` says what kind it is and `error.details.error_code` what in particular. Two things
//! have no code of their own and are told from the message, which Anthropic does not promise to
//! keep: that the prompt is too long, and that an account has run dry under status 400. Should the
//! words change, both become "invalid-request", which is what their type says.

use crate::error::{Error, ErrorKind};
use crate::http::ResponseHead;
use crate::json::{Json, body_text};
use crate::text::{contains, slice};

/// Of a response that is not 2xx.
pub fn of_response(head: &ResponseHead, body: &[u8]) -> Box<Error> {
    let text = body_text(body);
    let value = Json::parse(&text).unwrap_or(Json::Null);
    let mut message = message(&value).to_owned();
    if message.is_empty() {
        let what = if text.trim_ascii().is_empty() { "no body" } else { "a body that is not Anthropic's" };
        message = format!("the server answered with status {} and {what}", head.status);
    }
    let mut error = classify(&value, message, Some(head.status), body);
    error.status = Some(head.status).filter(|status| *status != 0);
    error.retry_after_ms = head.retry_after_ms();
    // The API's own word on it; an exhausted account does not fill up by asking again.
    match head.header("x-should-retry") {
        Some("true") if error.kind != ErrorKind::Quota => error.retryable = true,
        Some("false") => error.retryable = false,
        _ => {}
    }
    error
}

/// Of an `error` event in a stream.
pub fn of_event(data: &str) -> Box<Error> {
    let value = Json::parse(data).unwrap_or(Json::Null);
    let mut said = message(&value);
    if said.is_empty() {
        said = "the provider reported an error in the stream";
    }
    classify(&value, said.to_owned(), None, data.as_bytes())
}

/// Of a body under status 200, or an event without a type; `None` when it is no error.
pub fn of_value(value: &Json<'_>, body: &[u8]) -> Option<Box<Error>> {
    let message = message(value);
    if value.get("error").is_null() || message.is_empty() {
        return None;
    }
    Some(classify(value, message.to_owned(), None, body))
}

/// Anthropic's `error.message`, and the places where proxies put theirs; empty when there is none.
fn message<'a>(value: &'a Json<'_>) -> &'a str {
    static PLACES: [&[&str]; 4] = [&["error", "message"], &["error"], &["message"], &["detail"]];
    PLACES.iter().map(|place| value.path(place).text()).find(|text| !text.is_empty()).unwrap_or("")
}

/// What the types mean by themselves. `api_error` is not here: proxies use it for everything, and
/// their status is the better word.
static KINDS: [(&str, ErrorKind); 9] = [
    ("authentication_error", ErrorKind::Authentication),
    ("billing_error", ErrorKind::Quota),
    ("permission_error", ErrorKind::Permission),
    ("not_found_error", ErrorKind::NotFound),
    ("timeout_error", ErrorKind::Timeout),
    ("rate_limit_error", ErrorKind::RateLimit),
    ("overloaded_error", ErrorKind::Overloaded),
    ("conflict_error", ErrorKind::Server),
    ("request_too_large", ErrorKind::InvalidRequest),
];

fn classify(value: &Json<'_>, message: String, status: Option<u16>, body: &[u8]) -> Box<Error> {
    let said = value.path(&["error", "type"]).text();
    let window = window(&message);
    // Both `enforced_spend_limit_reached` and `contract_spend_limit_reached`, under 429 or 400.
    let kind = if value.path(&["error", "details", "error_code"]).text().ends_with("spend_limit_reached") {
        ErrorKind::Quota
    } else if let Some((_, kind)) = KINDS.iter().find(|(name, _)| *name == said) {
        *kind
    } else {
        let is_request = said == "invalid_request_error";
        let otherwise = if is_request { ErrorKind::InvalidRequest } else { ErrorKind::Server };
        match status.map_or(otherwise, ErrorKind::of_status) {
            ErrorKind::InvalidRequest if is_request && is_out_of_funds(&message) => ErrorKind::Quota,
            ErrorKind::InvalidRequest if is_request && window.is_some() => ErrorKind::ContextLength,
            other => other,
        }
    };
    let mut error = Error::new(kind, message);
    if kind == ErrorKind::ContextLength {
        (error.needed, error.limit) = window.unwrap_or_default();
    }
    error.request_id = value.get("request_id").str().map(str::to_owned);
    error.with_body(body)
}

fn is_out_of_funds(message: &str) -> bool {
    contains(message, "credit balance is too low") || contains(message, "reached your specified API usage limits")
}

/// How many tokens were asked for and how many fit, of
/// "prompt is too long: 210000 tokens > 200000 maximum" and
/// "input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000, …".
fn window(message: &str) -> Option<(Option<u64>, Option<u64>)> {
    if !contains(message, "prompt is too long") && !contains(message, "exceed context limit") {
        return None;
    }
    let Some(sign) = message.bytes().rposition(|byte| byte == b'>') else { return Some((None, None)) };
    let needed = slice(message, 0, sign);
    // What stands before the colon may have figures too ("messages.0: …").
    let colon = needed.bytes().rposition(|byte| byte == b':').unwrap_or(0);
    Some((figures(slice(needed, colon, sign), usize::MAX), figures(slice(message, sign, message.len()), 1)))
}

/// The sum of the first `most` whole numbers in a text; `None` when there is none.
fn figures(text: &str, most: usize) -> Option<u64> {
    let (mut sum, mut number, mut seen) = (0_u64, None::<u64>, 0);
    for byte in text.bytes().chain([b' ']) {
        if byte.is_ascii_digit() {
            number = Some(number.unwrap_or(0).saturating_mul(10).saturating_add(u64::from(byte - b'0')));
        } else if let Some(whole) = number.take().filter(|_| seen < most) {
            sum = sum.saturating_add(whole);
            seen += 1;
        }
    }
    (seen > 0).then_some(sum)
}
