//! Streams: `message_start`, blocks of `start`, `delta`… and `stop`, `message_delta`, `message_stop`.
//!
//! There is no `[DONE]`; a body that ends before `message_stop` was cut. Events, deltas and blocks
//! that are not known are skipped: the API adds new ones under the same version.

use super::error;
use super::response::{Blocks, VERBATIM, finish, identity, not_anthropics, string, usage};
use crate::answer::Answer;
use crate::error::{Error, Result};
use crate::json::Json;
use crate::providers::StreamDecoder;
use crate::scan::{Found, Member, Value};
use crate::sse::{Flow, SseEvent};

/// The state of one stream.
#[derive(Debug, Default)]
pub struct Decoder {
    /// Of the message that is being read; empty until one has begun.
    id: String,
    blocks: Blocks,
}

/// Places of what a delta holds.
const EVENT: usize = 0;
const TYPE: usize = 1;
const TEXT: usize = 2;
const THINKING: usize = 3;
const INPUT: usize = 4;
const INDEX: usize = 0;

const DELTA: &[Member] = &[
    Member("type", Value::Text(EVENT)),
    Member("index", Value::Index(INDEX)),
    Member(
        "delta",
        Value::Object(&[
            Member("type", Value::Text(TYPE)),
            Member("text", Value::Text(TEXT)),
            Member("thinking", Value::Text(THINKING)),
            Member("partial_json", Value::Text(INPUT)),
        ]),
    ),
    Member("p", Value::Any),
];

impl StreamDecoder for Decoder {
    fn shape(&self) -> &'static [Member] {
        DELTA
    }

    fn delta(&mut self, event: &Found<'_>, answer: &mut Answer) -> bool {
        let (place, index) = match event.word(TYPE) {
            b"text_delta" => (TEXT, event.number(INDEX).unwrap_or(0)),
            b"thinking_delta" => (THINKING, event.number(INDEX).unwrap_or(0)),
            b"input_json_delta" => (INPUT, event.number(INDEX).unwrap_or(0)),
            _ => return false,
        };
        let Some(Some(text)) = event.text(place).filter(|_| event.word(EVENT) == b"content_block_delta") else { return false };
        if !self.blocks.is_skipped(index) {
            match place {
                TEXT => answer.text(&text),
                THINKING => answer.reasoning(&text),
                _ => self.blocks.input(index, &text, answer),
            }
        }
        true
    }

    fn push(&mut self, event: &SseEvent<'_>, answer: &mut Answer) -> Result<Flow> {
        if event.name == "error" {
            return Err(error::of_event(event.data));
        }
        // Proxies in front of several APIs add OpenAI's terminator. It ends nothing here.
        if event.data == "[DONE]" {
            return Ok(Flow::More);
        }
        let read = match Json::parse_keeping(event.data, VERBATIM) {
            Ok(read) => read,
            Err(_) if event.name == "ping" => return Ok(Flow::More),
            Err(cause) => return Err(not_anthropics("an event of the stream", &cause.message, event.data.as_bytes())),
        };
        let delta = read.get("delta");
        match read.get("type").str().unwrap_or(event.name) {
            "message_start" => self.message_start(&read, answer)?,
            "content_block_start" => {
                let block = read.get("content_block");
                if !block.is_null() {
                    self.blocks.start(index(&read)?, block, answer)?;
                }
            }
            "content_block_delta" => self.delta(index(&read)?, delta, answer)?,
            "content_block_stop" => self.blocks.stop(index(&read)?, answer),
            "message_delta" => {
                usage(read.get("usage"), answer);
                finish(delta, answer)?;
            }
            "message_stop" => {
                self.blocks.stop_all(answer);
                return Ok(Flow::Done);
            }
            "error" => return Err(error::of_event(event.data)),
            // Proxies send errors of their own shape, without a type.
            "" if let Some(error) = error::of_value(&read, event.data.as_bytes()) => return Err(error),
            _ => {}
        }
        Ok(Flow::More)
    }

    fn finish(&mut self, _: &mut Answer) -> Result<()> {
        Err(Error::truncated("the stream ended before message_stop"))
    }
}

impl Decoder {
    fn message_start(&mut self, read: &Json<'_>, answer: &mut Answer) -> Result<()> {
        let message = read.get("message");
        if message.is_null() {
            return Ok(());
        }
        let id = string(message, "id")?;
        let (begun, repeated) = (!self.id.is_empty(), self.id == id);
        // Proxies that reconnect repeat the start of the same message, which changes nothing, or
        // begin another one: joined to the first, its text and arguments would be nobody's answer.
        if begun && !repeated && self.blocks.has_content(answer) {
            return Err(Error::truncated("the stream broke off and another message began in its place"));
        }
        let sent = message.get("usage");
        usage(if sent.is_null() { read.get("usage") } else { sent }, answer);
        identity(message, answer)?;
        if !id.is_empty() {
            id.clone_into(&mut self.id);
        }
        // Turns that go on after a server's tool may start with blocks that are already whole.
        if !(begun && repeated) {
            self.blocks.whole(message.get("content").items(), answer)?;
        }
        Ok(())
    }

    fn delta(&mut self, index: u64, delta: &Json<'_>, answer: &mut Answer) -> Result<()> {
        if self.blocks.is_skipped(index) {
            return Ok(());
        }
        match string(delta, "type")? {
            "text_delta" => answer.text(string(delta, "text")?),
            "thinking_delta" => answer.reasoning(string(delta, "thinking")?),
            "signature_delta" if !delta.get("signature").is_null() => answer.signature(string(delta, "signature")?),
            "input_json_delta" => self.blocks.input(index, string(delta, "partial_json")?, answer),
            _ => {}
        }
        Ok(())
    }
}

/// Which block an event is about; the first when it does not say.
fn index(event: &Json<'_>) -> Result<u64> {
    match event.get("index") {
        Json::Null => Ok(0),
        index => index.u64().ok_or_else(|| not_anthropics("an event of the stream", "index", event.to_text().as_bytes())),
    }
}
