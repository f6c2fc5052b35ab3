//! This library's own events on the wire: what `toResponse("events")` wrote, read again.
//!
//! A decoder like a provider's, but for the last event, which arrives ready-made.

use crate::answer::Answer;
use crate::error::{Error, ErrorKind, Result};
use crate::json::Json;
use crate::policy::timeout::Timeout;
use crate::providers::StreamDecoder;
use crate::sse::{Flow, SseEvent};

/// Reads events of `modelwire` itself.
#[derive(Debug, Default)]
pub struct Relay;

impl StreamDecoder for Relay {
    fn push(&mut self, event: &SseEvent<'_>, answer: &mut Answer) -> Result<Flow> {
        if event.name == "error" {
            return Err(read_error(&Json::parse(event.data).unwrap_or(Json::Null)));
        }
        let read = Json::parse(event.data)?;
        let text = |field: &str| read.get(field).text();
        let index = || read.get("index").u64().unwrap_or_default();
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

/// An error as [`Error::to_json`] writes it.
pub fn read_error(value: &Json<'_>) -> Box<Error> {
    let text = |field: &str| value.get(field).str().map(str::to_owned);
    let kind = value.get("code").str().and_then(ErrorKind::parse).unwrap_or(ErrorKind::Server);
    let mut error = Error::new(kind, text("message").unwrap_or_else(|| "the stream failed".to_owned()));
    error.provider = text("provider");
    error.model = text("model");
    error.request_id = text("requestId");
    error.status = value.get("status").u64().and_then(|status| u16::try_from(status).ok());
    error.retry_after_ms = value.get("retryAfterMs").u64();
    if let Some(retryable) = value.get("retryable").bool() {
        error.retryable = retryable;
    }
    (error.needed, error.limit) = (value.get("needed").u64(), value.get("limit").u64());
    error.timeout = (value.get("timedOut").bool() == Some(true)).then_some(Timeout::FirstToken);
    error.another_key = value.get("anotherKey").bool() == Some(true);
    error.body = Some(value.get("body").clone().into_owned()).filter(|body| !body.is_null());
    error
}
