//! Reading a stream, chunk by chunk.

use super::tool_calls::ToolCalls;
use super::{error, response};
use crate::answer::Answer;
use crate::error::{Error, Result};
use crate::json::Json;
use crate::providers::{Row, StreamDecoder};
use crate::scan::{Found, Member, Value};
use crate::sse::{Flow, SseEvent};

/// The state of one stream: which tool calls are open.
pub struct Decoder {
    row: &'static Row,
    calls: ToolCalls,
}

/// Places of what a chunk holds.
const OBJECT: usize = 0;
const CONTENT: usize = 1;
const REASONING_CONTENT: usize = 2;
const REASONING: usize = 3;
const ARGUMENTS: usize = 4;
const TIER: usize = 5;
const CALL: usize = 0;

const CHUNK: &[Member] = &[
    Member("id", Value::Any),
    Member("object", Value::Text(OBJECT)),
    Member("created", Value::Any),
    Member("model", Value::Any),
    Member("service_tier", Value::Text(TIER)),
    Member("system_fingerprint", Value::Any),
    Member("provider", Value::Any),
    Member("choices", Value::Single(CHOICE)),
    Member("usage", Value::Null),
    Member("error", Value::Null),
    Member("obfuscation", Value::Any),
    Member("p", Value::Any),
];

const CHOICE: &[Member] = &[
    Member("index", Value::Zero),
    Member("delta", Value::Object(DELTA)),
    Member("text", Value::Any),
    Member("logprobs", Value::Any),
    Member("content_filter_results", Value::Any),
    Member("finish_reason", Value::Nothing),
    Member("native_finish_reason", Value::Any),
    Member("stop_reason", Value::Any),
    Member("matched_stop", Value::Any),
    Member("token_ids", Value::Any),
    Member("seed", Value::Any),
    Member("error", Value::Null),
];

const DELTA: &[Member] = &[
    Member("role", Value::Any),
    Member("token_id", Value::Any),
    Member("content", Value::Text(CONTENT)),
    Member("reasoning_content", Value::Text(REASONING_CONTENT)),
    Member("reasoning", Value::Text(REASONING)),
    Member("refusal", Value::Nothing),
    Member("function_call", Value::Null),
    Member("tool_calls", Value::Single(FRAGMENT)),
];

const FRAGMENT: &[Member] = &[
    Member("index", Value::Index(CALL)),
    Member("id", Value::Nothing),
    Member("type", Value::Any),
    Member("function", Value::Object(&[Member("name", Value::Nothing), Member("arguments", Value::Text(ARGUMENTS))])),
];

impl StreamDecoder for Decoder {
    fn shape(&self) -> &'static [Member] {
        CHUNK
    }

    fn delta(&mut self, event: &Found<'_>, answer: &mut Answer) -> bool {
        self.read(event, answer).is_some()
    }

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
        response::read_head(&body, data, answer)?;
        // Chunks without choices are common: Azure's first, the one with the usage, moderation's.
        if let Some(choice) = response::choice(&body) {
            if response::is_truthy(choice.get("error")) {
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
    /// At the beginning of a stream of this server's.
    pub fn new(row: &'static Row) -> Self {
        Self { row, calls: ToolCalls::default() }
    }

    /// `None` before the answer is told anything. In the order in which [`response::read_message`] reads.
    fn read(&mut self, event: &Found<'_>, answer: &mut Answer) -> Option<()> {
        // Until then a chunk says who answers.
        if !answer.is_under_way() || !matches!(event.word(OBJECT), b"chat.completion.chunk" | b"") {
            return None;
        }
        let (content, arguments, tier) = (event.text(CONTENT)?, event.text(ARGUMENTS)?, event.text(TIER)?);
        let call = match (&arguments, event.number(CALL)) {
            (None, None) => None,
            (Some(_), Some(index)) => Some(self.calls.going_on(index)?),
            _ => return None,
        };
        let mut reasoning = None;
        for field in self.row.quirks.reasoning_fields {
            let place = match *field {
                "reasoning_content" => REASONING_CONTENT,
                "reasoning" => REASONING,
                _ => return None,
            };
            let text = event.text(place)?.filter(|text| !text.is_empty());
            reasoning = reasoning.or(text);
        }
        if content.is_none() && arguments.is_none() && reasoning.is_none() {
            return None;
        }
        answer.served_as(tier.as_deref());
        answer.reasoning(reasoning.as_deref().unwrap_or_default());
        answer.text(content.as_deref().unwrap_or_default());
        if let (Some(slot), Some(arguments)) = (call, arguments) {
            answer.tool_input(slot, &arguments);
        }
        Some(())
    }

    fn choice(&mut self, choice: &Json<'_>, answer: &mut Answer) -> Result<()> {
        let delta = choice.get("delta");
        // A server that only pretends to stream sends a message. Beside deltas, it repeats them all;
        // Azure's asynchronous filter reports with neither.
        if delta.is_object() {
            response::read_message(delta, self.row, &mut self.calls, answer);
        } else if !answer.has_started() {
            response::read_message(choice.get("message"), self.row, &mut self.calls, answer);
        }
        let reason = choice.get("finish_reason").text();
        response::finish(reason, answer)?;
        if !reason.is_empty() {
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
    use crate::providers::{Kind, row_of_kind};

    /// Not a fixture: cut after its first finish reason, this stream is whole and another answer.
    #[test]
    fn a_late_content_filter_takes_back_an_earlier_stop() {
        let mut decoder = Decoder::new(row_of_kind(Kind::Azure).unwrap());
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
