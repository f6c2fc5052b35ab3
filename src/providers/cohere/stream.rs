//! Streams: `message-start`, then plan, content and calls, each of start, delta… and end, then
//! `message-end`, which is the terminator. The `[DONE]` that some gateways add comes after it.

use super::{error, response};
use crate::answer::Answer;
use crate::error::{Error, Result};
use crate::json::{Json, parse_body};
use crate::providers::StreamDecoder;
use crate::scan::{Found, Member, Value};
use crate::sse::{Flow, SseEvent};

/// The state of one stream.
#[derive(Debug, Default)]
pub struct Decoder {
    /// What the last delta was part of: a change begins another part of the answer.
    part: Option<Part>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Plan,
    Thinking,
    Text,
    Tool,
}

/// Places of what a delta holds.
const TYPE: usize = 0;
const TEXT: usize = 1;
const THINKING: usize = 2;
const PLAN: usize = 3;
const ARGUMENTS: usize = 4;
const INDEX: usize = 0;

const DELTA: &[Member] = &[
    Member("type", Value::Text(TYPE)),
    Member("index", Value::Index(INDEX)),
    Member(
        "delta",
        Value::Object(&[Member(
            "message",
            Value::Object(&[
                Member(
                    "content",
                    Value::Object(&[
                        Member("type", Value::Any),
                        Member("text", Value::Text(TEXT)),
                        Member("thinking", Value::Text(THINKING)),
                    ]),
                ),
                Member("tool_plan", Value::Text(PLAN)),
                Member("tool_calls", Value::Object(&[Member("function", Value::Object(&[Member("arguments", Value::Text(ARGUMENTS))]))])),
            ]),
        )]),
    ),
    Member("logprobs", Value::Any),
];

impl StreamDecoder for Decoder {
    fn shape(&self) -> &'static [Member] {
        DELTA
    }

    fn delta(&mut self, event: &Found<'_>, answer: &mut Answer) -> bool {
        self.read(event, answer).is_some()
    }

    fn push(&mut self, event: &SseEvent<'_>, answer: &mut Answer) -> Result<Flow> {
        if event.data == "[DONE]" {
            return Ok(Flow::More);
        }
        let body = event.data.as_bytes();
        let read = parse_body(event.data, "an event of the stream").map_err(|error| error.with_body(body))?;
        if !read.is_object() {
            return Err(Error::malformed("an event of the stream is not an object").with_body(body));
        }
        let delta = read.get("delta");
        let message = delta.get("message");
        let slot = read.get("index").u64().unwrap_or(0);
        let kind = read.get("type").str().unwrap_or(event.name);
        match kind {
            "message-start" => answer.identity(read.get("id").str(), None),
            "content-start" | "content-delta" => self.content(message.get("content"), kind == "content-start", answer),
            "tool-plan-delta" => self.reasoning(Part::Plan, message.get("tool_plan").str(), answer),
            "tool-call-start" | "tool-call-delta" => {
                self.part = Some(Part::Tool);
                tool_call(slot, message.get("tool_calls"), answer);
            }
            "tool-call-end" => answer.tool_end(slot),
            "message-end" => {
                answer.usage.merge(response::usage(delta.get("usage")));
                response::finish(delta.get("finish_reason").str(), delta.get("error").text(), answer)?;
                return Ok(Flow::Done);
            }
            // An error in the shape that it has under a status of its own.
            "" | "error" => return error::of_value(&read, body).map_or(Ok(Flow::More), Err),
            // Citations, ends of content, debug, and what is yet to come.
            _ => {}
        }
        Ok(Flow::More)
    }

    fn finish(&mut self, _: &mut Answer) -> Result<()> {
        Err(Error::truncated("the stream ended before message-end"))
    }
}

impl Decoder {
    /// `None` before the answer is told anything.
    fn read(&mut self, event: &Found<'_>, answer: &mut Answer) -> Option<()> {
        match event.word(TYPE) {
            b"content-delta" => {
                let (thinking, text) = (event.text(THINKING)?, event.text(TEXT)?);
                if thinking.is_none() && text.is_none() {
                    return None;
                }
                self.reasoning(Part::Thinking, thinking.as_deref(), answer);
                self.text(text.as_deref(), answer);
            }
            b"tool-plan-delta" => {
                let plan = event.text(PLAN)??;
                self.reasoning(Part::Plan, Some(&plan), answer);
            }
            b"tool-call-delta" => {
                let arguments = event.text(ARGUMENTS)??;
                self.part = Some(Part::Tool);
                answer.tool_input(event.number(INDEX).unwrap_or(0), &arguments);
            }
            _ => return None,
        }
        Some(())
    }

    /// A delta has no type: it is told by the member that is there.
    fn content(&mut self, content: &Json<'_>, begins: bool, answer: &mut Answer) {
        if begins && !content.is_null() {
            self.part = None;
        }
        self.reasoning(Part::Thinking, content.get("thinking").str(), answer);
        self.text(content.get("text").str(), answer);
    }

    /// Nothing happens when there is none.
    fn text(&mut self, text: Option<&str>, answer: &mut Answer) {
        let Some(text) = text else { return };
        if self.part.replace(Part::Text) != Some(Part::Text) {
            answer.text_start();
        }
        answer.text(text);
    }

    /// Nothing happens when there is none.
    fn reasoning(&mut self, part: Part, text: Option<&str>, answer: &mut Answer) {
        let Some(text) = text else { return };
        if self.part.replace(part) == Some(part) {
            answer.reasoning(text);
        } else {
            answer.reasoning_start(response::reasoning(text));
        }
    }
}

/// `tool_calls` is one object here, and a list in a whole answer. Only its first delta names it.
fn tool_call(slot: u64, call: &Json<'_>, answer: &mut Answer) {
    let function = call.get("function");
    if call.get("id").is_null() && function.get("name").is_null() {
        response::tool_input(slot, function.get("arguments"), answer);
    } else {
        response::tool_call(slot, call, answer);
    }
}
