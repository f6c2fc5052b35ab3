//! Streams: `message_start`, blocks of `start`, `delta`… and `stop`, `message_delta`, `message_stop`.
//!
//! There is no `[DONE]`; a body that ends before `message_stop` was cut. Events, deltas and blocks
//! that are not known are skipped: the API adds new ones under the same version.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::error;
use super::response::{Blocks, WireUsage, finish_reason};
use crate::answer::Answer;
use crate::error::{Error, Result};
use crate::providers::StreamDecoder;
use crate::providers::lenient::{Text, or_default};
use crate::sse::{Flow, SseEvent};

/// The state of one stream.
#[derive(Debug, Default)]
pub struct Decoder {
    id: Option<String>,
    blocks: Blocks,
    usage: WireUsage,
}

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(rename = "type", borrow)]
    kind: Option<Text<'a>>,
    #[serde(default)]
    index: u64,
    #[serde(borrow)]
    message: Option<MessageStart<'a>>,
    #[serde(borrow)]
    content_block: Option<&'a RawValue>,
    #[serde(borrow)]
    delta: Option<Delta<'a>>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct MessageStart<'a> {
    id: Option<String>,
    model: Option<String>,
    #[serde(borrow, default)]
    content: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
struct Delta<'a> {
    #[serde(rename = "type", borrow)]
    kind: Option<Text<'a>>,
    #[serde(borrow)]
    text: Option<Text<'a>>,
    #[serde(borrow)]
    thinking: Option<Text<'a>>,
    #[serde(borrow)]
    partial_json: Option<Text<'a>>,
    #[serde(borrow)]
    signature: Option<Text<'a>>,
    #[serde(borrow)]
    stop_reason: Option<Text<'a>>,
}

const EVENTS: [&str; 6] =
    ["message_start", "content_block_start", "content_block_delta", "content_block_stop", "message_delta", "message_stop"];
const DELTAS: [&str; 4] = ["text_delta", "thinking_delta", "signature_delta", "input_json_delta"];

impl StreamDecoder for Decoder {
    fn push(&mut self, event: &SseEvent<'_>, answer: &mut Answer) -> Result<Flow> {
        if event.name == "error" {
            return Err(error::of_event(event.data));
        }
        // Proxies in front of several APIs add OpenAI's terminator. It ends nothing here.
        if event.data == "[DONE]" {
            return Ok(Flow::More);
        }
        let read: Event<'_> = match serde_json::from_str(event.data) {
            Ok(read) => read,
            Err(_) if is_foreign(event) => return Ok(Flow::More),
            Err(cause) => {
                let message = format!("an event of the stream is not one of Anthropic's: {cause}");
                return Err(Error::malformed(message).with_body(event.data.as_bytes()));
            }
        };
        match read.kind.as_deref().unwrap_or(event.name) {
            "message_start" => self.message_start(read, answer)?,
            "content_block_start" => {
                if let Some(block) = read.content_block {
                    self.blocks.start(read.index, block, answer)?;
                }
            }
            "content_block_delta" => self.delta(read.index, &read.delta.unwrap_or_default(), answer),
            "content_block_stop" => self.blocks.stop(read.index, answer),
            "message_delta" => {
                self.report(read.usage, answer);
                if let Some(reason) = read.delta.and_then(|delta| delta.stop_reason) {
                    answer.finish(finish_reason(&reason), Some(&reason));
                }
            }
            "message_stop" => {
                self.blocks.stop_all(answer);
                return Ok(Flow::Done);
            }
            "error" => return Err(error::of_event(event.data)),
            // Proxies send errors of their own shape, without a type.
            "" if let Some(error) = error::of_body(event.data.as_bytes()) => return Err(error),
            _ => {}
        }
        Ok(Flow::More)
    }

    fn finish(&mut self, _: &mut Answer) -> Result<()> {
        Err(Error::truncated("the stream ended before message_stop"))
    }
}

impl Decoder {
    fn message_start(&mut self, read: Event<'_>, answer: &mut Answer) -> Result<()> {
        let Some(message) = read.message else { return Ok(()) };
        // Proxies that reconnect repeat the start of the same message, which changes nothing, or
        // begin another one: joined to the first, its text and arguments would be nobody's answer.
        if self.id.is_some() && message.id != self.id && self.blocks.has_content(answer) {
            return Err(Error::truncated("the stream broke off and another message began in its place"));
        }
        self.report(message.usage.or(read.usage), answer);
        answer.identity(message.id.as_deref(), message.model.as_deref());
        let repeated = self.id.is_some() && self.id == message.id;
        self.id = message.id.or(self.id.take());
        // Turns that go on after a server's tool may start with blocks that are already whole.
        for (index, block) in message.content.into_iter().flatten().enumerate().filter(|_| !repeated) {
            self.blocks.start(index as u64, block, answer)?;
            self.blocks.stop(index as u64, answer);
        }
        Ok(())
    }

    fn delta(&mut self, index: u64, delta: &Delta<'_>, answer: &mut Answer) {
        if self.blocks.is_skipped(index) {
            return;
        }
        match (delta.kind.as_deref(), delta) {
            (Some("text_delta"), Delta { text: Some(text), .. }) => answer.text(text),
            (Some("thinking_delta"), Delta { thinking: Some(thinking), .. }) => answer.reasoning(thinking),
            (Some("signature_delta"), Delta { signature: Some(signature), .. }) => answer.signature(signature, super::KIND),
            (Some("input_json_delta"), Delta { partial_json: Some(json), .. }) => self.blocks.input(index, json, answer),
            _ => {}
        }
    }

    fn report(&mut self, usage: Option<&RawValue>, answer: &mut Answer) {
        self.usage.update(or_default(usage));
        answer.usage.merge(self.usage.usage());
    }
}

/// Whether an event that could not be read is of a kind that we do not know, and may look as it likes.
fn is_foreign(event: &SseEvent<'_>) -> bool {
    let Ok(value) = serde_json::from_str::<Value>(event.data) else { return event.name == "ping" };
    let kind = value.get("type").and_then(Value::as_str).unwrap_or(event.name);
    let delta = value.pointer("/delta/type").and_then(Value::as_str);
    !EVENTS.contains(&kind) || delta.is_some_and(|delta| !DELTAS.contains(&delta))
}
