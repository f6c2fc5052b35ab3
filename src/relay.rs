//! This library's own events on the wire: what `toResponse("events")` wrote, read again.
//!
//! A decoder like a provider's, but for the last event, which arrives ready-made.

use serde_json::Value;

use crate::answer::Answer;
use crate::error::{Error, ErrorKind, Result};
use crate::providers::StreamDecoder;
use crate::sse::{Flow, SseEvent};

/// Reads events of `modelwire` itself.
#[derive(Debug, Default)]
pub struct Relay;

impl StreamDecoder for Relay {
    fn push(&mut self, event: &SseEvent<'_>, answer: &mut Answer) -> Result<Flow> {
        if event.name == "error" {
            return Err(read_error(event.data));
        }
        // By `Value`: a derived reader of a tagged union costs 15 KB of wasm, more than any dialect.
        let read: Value = serde_json::from_str(event.data)
            .map_err(|error| Error::malformed(format!("an event of the stream is not one of modelwire's: {error}")))?;
        let text = |field: &str| read.get(field).and_then(Value::as_str).unwrap_or_default();
        let index = || read.get("index").and_then(Value::as_u64).unwrap_or_default();
        match text("type") {
            "start" => {
                answer.provider = text("provider").to_owned();
                answer.identity(Some(text("id")), Some(text("model")));
                answer.start();
            }
            "text-delta" => answer.text(text("text")),
            "reasoning-delta" => answer.reasoning(text("text")),
            "tool-call-start" => answer.tool_start(index(), text("id"), text("name")),
            "tool-call-delta" => answer.tool_input(index(), text("text")),
            "tool-call" => answer.tool_end(index()),
            "end" => {
                answer.pass_on(event.data);
                return Ok(Flow::Done);
            }
            _ => answer.pass_on(event.data),
        }
        Ok(Flow::More)
    }

    fn finish(&mut self, _: &mut Answer) -> Result<()> {
        Err(Error::truncated("the stream ended before its last event"))
    }
}

fn read_error(data: &str) -> Box<Error> {
    let value: Value = serde_json::from_str(data).unwrap_or_default();
    let text = |field: &str| value.get(field).and_then(Value::as_str).map(str::to_owned);
    let kind = value.get("code").and_then(Value::as_str).and_then(ErrorKind::parse).unwrap_or(ErrorKind::Server);
    let mut error = Error::new(kind, text("message").unwrap_or_else(|| "the stream failed".to_owned()));
    error.provider = text("provider");
    error.model = text("model");
    error.request_id = text("requestId");
    error.status = value.get("status").and_then(Value::as_u64).and_then(|status| u16::try_from(status).ok());
    error.retry_after_ms = value.get("retryAfterMs").and_then(Value::as_u64);
    if let Some(retryable) = value.get("retryable").and_then(Value::as_bool) {
        error.retryable = retryable;
    }
    error.body = value.get("body").cloned().filter(|body| !body.is_null());
    error
}
