//! This library's own events on the wire: what `toResponse("events")` wrote, read again.
//!
//! A decoder like a provider's, but for the last event, which arrives ready-made.

use serde::Deserialize;
use serde_json::Value;

use crate::answer::Answer;
use crate::error::{Error, ErrorKind, Result};
use crate::providers::StreamDecoder;
use crate::sse::{Flow, SseEvent};

/// Reads events of `modelwire` itself.
#[derive(Debug, Default)]
pub struct Relay;

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
enum Event {
    Start {
        provider: String,
        model: String,
        id: String,
    },
    TextDelta {
        text: String,
    },
    ReasoningDelta {
        text: String,
    },
    ToolCallStart {
        index: u64,
        id: String,
        name: String,
    },
    ToolCallDelta {
        index: u64,
        text: String,
    },
    ToolCall {
        index: u64,
    },
    End,
    #[serde(other)]
    Other,
}

impl StreamDecoder for Relay {
    fn push(&mut self, event: &SseEvent<'_>, answer: &mut Answer) -> Result<Flow> {
        if event.name == "error" {
            return Err(read_error(event.data));
        }
        let read: Event = serde_json::from_str(event.data)
            .map_err(|error| Error::malformed(format!("an event of the stream is not one of modelwire's: {error}")))?;
        match read {
            Event::Start { provider, model, id } => {
                answer.provider = provider;
                answer.identity(Some(&id), Some(&model));
                answer.start();
            }
            Event::TextDelta { text } => answer.text(&text),
            Event::ReasoningDelta { text } => answer.reasoning(&text),
            Event::ToolCallStart { index, id, name } => answer.tool_start(index, &id, &name),
            Event::ToolCallDelta { index, text } => answer.tool_input(index, &text),
            Event::ToolCall { index } => answer.tool_end(index),
            Event::End => {
                answer.pass_on(event.data);
                return Ok(Flow::Done);
            }
            Event::Other => answer.pass_on(event.data),
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
    let kind = value.get("code").and_then(|code| ErrorKind::deserialize(code).ok()).unwrap_or(ErrorKind::Server);
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
