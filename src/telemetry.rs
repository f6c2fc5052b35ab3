//! What a log is told while a call is under way: the contract's `LogRecord`.
//!
//! Made only while somebody listens ([`crate::host::Host::listens`]). The end of a call is told by the
//! facade, which alone knows how it came out for the caller (an output that his schema refused, an abort
//! and its reason). No key, header, path or query of a URL, and no content ever stands in a record.

use crate::call::Call;
use crate::chat::{Attempt, ChatRequest, ErrorInfo};
use crate::http::{iso_time, origin};
use crate::json::Json;
use crate::object;
use crate::providers::Row;

/// What all records say. `target`: "provider/model". The caller adds what its event has besides.
pub fn record<'a>(event: &'a str, call: &Call, target: &'a str, tags: &'a [(String, String)], now: f64) -> Json<'a> {
    let (provider, model) = target.split_once('/').unwrap_or((target, ""));
    object! {
        "at": iso_time(now),
        "event": event,
        "callId": call.id(),
        "requestId": call.request_id(),
        "provider": provider,
        "model": model,
        "tags": marks(tags),
    }
}

/// An attempt that is sent now, to this URL.
pub fn attempt<'a>(
    (operation, stream): (&'a str, bool),
    call: &Call,
    target: &'a str,
    (row, url): (&'static Row, &str),
    tags: &'a [(String, String)],
    now: f64,
) -> Json<'a> {
    let mut record = record("request", call, target, tags, now);
    record.add("attempt", Json::from(call.attempts() + 1));
    record.add("operation", operation.into());
    record.add("stream", stream.into());
    record.add("kind", row.kind.word().into());
    record.set_some("server", origin(url));
    record
}

/// What is done after an attempt that failed: "retry" at this target, or "fallback" to it.
pub fn failed<'a>(event: &'a str, call: &Call, target: &'a str, tags: &'a [(String, String)], attempt: &'a Attempt, now: f64) -> Json<'a> {
    let mut record = record(event, call, target, tags, now);
    record.add("durationMs", attempt.duration_ms.into());
    record.add("attempt", call.attempts().into());
    let failure = |error: &'a ErrorInfo| object! { "code": error.code.word(), "message": &error.message, "status": error.status };
    record.add("error", attempt.error.as_ref().map(failure).into());
    record
}

/// How the model is asked to sample, as the request has it.
pub fn settings(request: &ChatRequest) -> Json<'_> {
    let mut out = Json::object();
    out.set_some("maxTokens", request.max_tokens);
    out.set_some("temperature", request.temperature);
    out.set_some("topP", request.top_p);
    out.set_some("topK", request.top_k);
    out.set_some("frequencyPenalty", request.frequency_penalty);
    out.set_some("presencePenalty", request.presence_penalty);
    out.set_some("seed", request.seed);
    out
}

/// Tags, as an object.
pub fn marks(tags: &[(String, String)]) -> Json<'_> {
    let mut marks = Json::object();
    for (name, value) in tags {
        marks.set(name.as_str(), value.as_str());
    }
    marks
}
