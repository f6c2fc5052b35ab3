//! Reading a stream, chunk by chunk.

use super::tool_calls::ToolCalls;
use super::wire::Choice;
use super::{error, response};
use crate::answer::Answer;
use crate::error::{Error, Result};
use crate::providers::StreamDecoder;
use crate::sse::{Flow, SseEvent};

/// The state of one stream: which tool calls are open.
#[derive(Debug, Default)]
pub struct Decoder {
    calls: ToolCalls,
}

impl StreamDecoder for Decoder {
    fn push(&mut self, event: &SseEvent<'_>, answer: &mut Answer) -> Result<Flow> {
        let data = event.data.trim();
        if data == "[DONE]" {
            self.calls.end(answer);
            return Ok(Flow::Done);
        }
        if event.name == "error" {
            return Err(error::in_body(data));
        }
        let body = response::parse(data)?;
        response::read_head(&body, answer);
        response::fail_on_error(&body, data)?;
        // Chunks without choices are common: Azure's first, the one with the usage, moderation's.
        let choices = body.choices.unwrap_or_default();
        if let Some(choice) = choices.iter().find(|choice| choice.index.0.unwrap_or(0) == 0) {
            if response::is_truthy(choice.error) {
                return Err(error::in_body(data));
            }
            self.choice(choice, answer)?;
        }
        Ok(Flow::More)
    }

    /// Perplexity and others close without `[DONE]`: the finish reason is enough.
    fn finish(&mut self, answer: &mut Answer) -> Result<()> {
        if answer.is_finished() {
            self.calls.end(answer);
            return Ok(());
        }
        Err(Error::truncated("the stream ended without a finish_reason and without [DONE]"))
    }
}

impl Decoder {
    fn choice(&mut self, choice: &Choice<'_>, answer: &mut Answer) -> Result<()> {
        match (&choice.delta, choice.message) {
            (Some(delta), _) => response::read_message(delta, &mut self.calls, answer),
            // A server that only pretends to stream. Beside deltas, `message` repeats them all.
            (None, Some(raw)) if !answer.has_started() => {
                response::read_message(&response::message(raw)?, &mut self.calls, answer);
            }
            // Azure's asynchronous filter reports without a delta.
            _ => {}
        }
        if let Some(reason) = choice.finish_reason.some() {
            response::finish(reason, answer)?;
            // After the delta: whole calls come in the chunk that ends the answer.
            self.calls.end(answer);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::FinishReason;

    /// Not a fixture: cut after its first finish reason, this stream is whole and another answer.
    #[test]
    fn a_late_content_filter_takes_back_an_earlier_stop() {
        let mut decoder = Decoder::default();
        let mut answer = Answer::new("azure", "m", true);
        for data in [
            r#"{"choices":[{"index":0,"delta":{"content":"Bad"},"finish_reason":"stop"}]}"#,
            r#"{"choices":[{"index":0,"content_filter_offsets":{},"finish_reason":"content_filter"}]}"#,
            r#"{"choices":[{"index":0,"content_filter_offsets":{},"finish_reason":null}]}"#,
        ] {
            assert_eq!(decoder.push(&SseEvent { name: "", data }, &mut answer).unwrap(), Flow::More);
        }
        decoder.finish(&mut answer).unwrap();
        assert_eq!(answer.response(None, None).finish_reason, FinishReason::ContentFilter);
    }
}
