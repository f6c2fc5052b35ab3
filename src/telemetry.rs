//! What a log is told while a call is under way: the contract's `LogRecord`.
//!
//! Made only while somebody listens ([`crate::host::Host::listens`]). The end of a call is told by the
//! facade, which alone knows how it came out for the caller (an output that his schema refused, an abort
//! and its reason). No key, header, path or query of a URL, and no content ever stands in a record.

use crate::call::Call;
use crate::chat::{Attempt, ChatRequest, ErrorInfo};
use crate::host::Told;
use crate::http::{iso_time, origin};
use crate::json::{Json, ObjectText};
use crate::object;
use crate::providers::Row;

/// What all records say. `target`: "provider/model". The caller adds what its event has besides.
pub fn record(event: &str, call: &Call, target: &str, tags: &[(String, String)], now: f64) -> ObjectText {
    let (provider, model) = target.split_once('/').unwrap_or((target, ""));
    let mut record = ObjectText::new();
    record.add("at", iso_time(now));
    record.add("event", event);
    record.add("callId", call.id());
    record.add("requestId", call.request_id());
    record.add("provider", provider);
    record.add("model", model);
    record.add("tags", marks(tags));
    record
}

/// An attempt that is sent now, to this URL.
pub fn attempt(
    (operation, stream): (&str, bool),
    call: &Call,
    target: &str,
    (row, url): (&'static Row, &str),
    tags: &[(String, String)],
    now: f64,
) -> ObjectText {
    let mut record = record(Told::Request.word(), call, target, tags, now);
    record.add("attempt", call.attempts() + 1);
    record.add("operation", operation);
    record.add("stream", stream);
    record.add("kind", row.kind.word());
    record.add_some("server", origin(url));
    record
}

/// What is done after an attempt that failed: it is tried again at this target, or another.
pub fn failed(event: Told, call: &Call, target: &str, tags: &[(String, String)], attempt: &Attempt, now: f64) -> String {
    let mut record = record(event.word(), call, target, tags, now);
    record.add("durationMs", attempt.duration_ms);
    record.add("attempt", call.attempts());
    record.add("error", attempt.error.as_ref().map(failure));
    record.finish()
}

fn failure(error: &ErrorInfo) -> Json<'_> {
    object! { "code": error.code.word(), "message": &error.message, "status": error.status }
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
