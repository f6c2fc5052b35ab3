//! Streams: `message-start`, then plan, content and calls, each of start, delta… and end, then
//! `message-end`, which is the terminator. The `[DONE]` that some gateways add comes after it.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::response::{self, WireUsage};
use super::{error, names};
use crate::answer::Answer;
use crate::error::{Error, Result};
use crate::providers::StreamDecoder;
use crate::providers::lenient::{Text, or_default};
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

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(rename = "type", borrow)]
    kind: Option<Text<'a>>,
    #[serde(default)]
    index: u64,
    id: Option<String>,
    /// Its shape depends on the type: `content` is a list in `message-start` and an object after.
    #[serde(borrow)]
    delta: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Delta<'a> {
    #[serde(borrow)]
    message: Option<Message<'a>>,
}

#[derive(Default, Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    tool_plan: Option<Text<'a>>,
    #[serde(borrow)]
    content: Option<Content<'a>>,
    #[serde(borrow)]
    tool_calls: Option<ToolCall<'a>>,
}

#[derive(Default, Deserialize)]
struct Content<'a> {
    #[serde(borrow)]
    text: Option<Text<'a>>,
    #[serde(borrow)]
    thinking: Option<Text<'a>>,
}

#[derive(Default, Deserialize)]
struct ToolCall<'a> {
    id: Option<String>,
    #[serde(borrow)]
    function: Option<Function<'a>>,
}

#[derive(Default, Deserialize)]
struct Function<'a> {
    name: Option<String>,
    #[serde(borrow)]
    arguments: Option<Text<'a>>,
}

#[derive(Default, Deserialize)]
struct End<'a> {
    finish_reason: Option<String>,
    error: Option<String>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
}

impl StreamDecoder for Decoder {
    fn push(&mut self, event: &SseEvent<'_>, answer: &mut Answer) -> Result<Flow> {
        if event.data == "[DONE]" {
            return Ok(Flow::More);
        }
        let read: Event<'_> = read(event.data)?;
        match (read.kind.as_deref().unwrap_or(event.name), read.delta) {
            ("message-start", _) => answer.identity(read.id.as_deref(), None),
            ("content-start", Some(delta)) => self.content(&message(delta)?, true, answer),
            ("content-delta", Some(delta)) => self.content(&message(delta)?, false, answer),
            ("tool-plan-delta", Some(delta)) => {
                if let Some(plan) = message(delta)?.tool_plan {
                    self.reasoning(Part::Plan, &plan, answer);
                }
            }
            ("tool-call-start" | "tool-call-delta", Some(delta)) => {
                self.part = Some(Part::Tool);
                tool_call(read.index, message(delta)?.tool_calls.unwrap_or_default(), answer);
            }
            ("tool-call-end", _) => answer.tool_end(read.index),
            ("message-end", delta) => {
                let end: End<'_> = delta.map(|delta| self::read(delta.get())).transpose()?.unwrap_or_default();
                answer.usage.merge(or_default::<WireUsage>(end.usage).usage());
                response::finish(end.finish_reason.as_deref(), end.error.as_deref(), answer)?;
                return Ok(Flow::Done);
            }
            // An error in the shape that it has under a status of its own.
            ("" | "error", _) => return error::of_body(event.data.as_bytes()).map_or(Ok(Flow::More), Err),
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
    /// A delta has no type: it is told by the member that is there.
    fn content(&mut self, message: &Message<'_>, begins: bool, answer: &mut Answer) {
        let Some(content) = &message.content else { return };
        if begins {
            self.part = None;
        }
        if let Some(thinking) = &content.thinking {
            self.reasoning(Part::Thinking, thinking, answer);
        }
        if let Some(text) = &content.text {
            if self.part.replace(Part::Text) != Some(Part::Text) {
                answer.text_start();
            }
            answer.text(text);
        }
    }

    fn reasoning(&mut self, part: Part, text: &str, answer: &mut Answer) {
        if self.part.replace(part) == Some(part) {
            answer.reasoning(text);
        } else {
            answer.reasoning_start(response::reasoning(text.to_owned()));
        }
    }
}

fn tool_call(slot: u64, call: ToolCall<'_>, answer: &mut Answer) {
    let function = call.function.unwrap_or_default();
    if call.id.is_some() || function.name.is_some() {
        answer.tool_start(slot, &call.id.unwrap_or_default(), &names::decode(&function.name.unwrap_or_default()));
    }
    if let Some(arguments) = function.arguments {
        answer.tool_input(slot, &arguments);
    }
}

fn message(delta: &RawValue) -> Result<Message<'_>> {
    Ok(read::<Delta<'_>>(delta.get())?.message.unwrap_or_default())
}

fn read<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T> {
    serde_json::from_str(text)
        .map_err(|cause| Error::malformed(format!("an event of the stream is not one of Cohere's: {cause}")).with_body(text.as_bytes()))
}
