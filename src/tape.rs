//! A recorded answer: what an [`Answer`] was told, in order, to be told to another one.
//!
//! Everything that reads a provider's answer tells it to an [`Answer`]; so an answer that is told the same gives the same
//! events, to the byte, and the same response. A tape is server-sent events, one call of the answer each, so that whoever
//! follows an answer that is still arriving reads it as he reads a provider's. It knows no request, and no time but marks
//! of the recording's own.

use crate::answer::Answer;
use crate::chat::{AssistantPart, ChatResponse, FinishReason, ReasoningPart, Usage};
use crate::error::{Error, Result};
use crate::json::{Json, write_string};
use crate::object;
use crate::providers::StreamDecoder;
use crate::relay::read_error;
use crate::sse::{Flow, SseEvent};

/// What was told since it was last taken.
#[derive(Debug, Default)]
pub struct Tape {
    text: String,
    usage: Usage,
}

impl Tape {
    /// A call with texts only.
    pub fn say(&mut self, call: &str, texts: &[&str]) {
        self.text.push_str("data: [");
        write_string(call, &mut self.text);
        for text in texts {
            self.text.push(',');
            write_string(text, &mut self.text);
        }
        self.text.push_str("]\n\n");
    }

    /// A call about one of the answer's tools.
    pub fn tool(&mut self, call: &str, slot: u64, texts: &[&str]) {
        let mut values = vec![Json::from(call), Json::from(slot)];
        values.extend(texts.iter().map(|text| Json::from(*text)));
        self.write(&values.into());
    }

    /// A reasoning part begins.
    pub fn reasoning_start(&mut self, part: &ReasoningPart) {
        let part = object! { "text": part.text.as_str(), "signature": part.signature.as_deref(), "redacted": part.redacted };
        self.write(&vec![Json::from("reasoning-start"), part].into());
    }

    /// What was reported so far, if it has changed.
    pub fn usage(&mut self, usage: &Usage) {
        if *usage != self.usage {
            self.usage = *usage;
            self.write(&vec![Json::from("usage"), kept_usage(usage)].into());
        }
    }

    /// How long after its request was sent what comes next arrived.
    pub fn at(&mut self, ms: f64) {
        self.write(&vec![Json::from("at"), Json::from(ms.max(0.0) as u64)].into());
    }

    /// The provider's own body, where that was not a stream.
    pub fn raw(&mut self, body: &str) {
        self.say("raw", &[body]);
    }

    /// The answer is whole.
    pub fn end(&mut self, answer: &ChatResponse) {
        let end = object! { "reason": answer.finish_reason.word(), "raw": answer.raw_finish_reason.as_deref(), "usage": kept_usage(&answer.usage) };
        self.write(&vec![Json::from("end"), end].into());
    }

    /// It failed.
    pub fn fail(&mut self, error: &Error) {
        let mut told = error.to_json();
        told.remove("attempts");
        told.remove("partial");
        // What is this library's own and no part of the contract.
        told.set("timedOut", error.timeout.is_some());
        told.set("anotherKey", error.another_key);
        self.write(&vec![Json::from("error"), told].into());
    }

    /// What has come since this was last asked for.
    pub fn take(&mut self) -> String {
        std::mem::take(&mut self.text)
    }

    /// Whether nothing has.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    fn write(&mut self, event: &Json<'_>) {
        self.text.push_str("data: ");
        event.write(&mut self.text);
        self.text.push_str("\n\n");
    }

    /// A tape of an answer that was not recorded: part by part.
    pub fn of(answer: &ChatResponse) -> String {
        let mut tape = Self::default();
        tape.say("identity", &[&answer.id, &answer.model]);
        for (slot, part) in (0..).zip(&answer.message) {
            match part {
                AssistantPart::Text { text } => {
                    tape.say("text-start", &[]);
                    tape.say("text", &[text]);
                }
                AssistantPart::Refusal { text } => tape.say("refusal", &[text]),
                AssistantPart::Reasoning(part) => tape.reasoning_start(part),
                AssistantPart::ToolCall(call) => {
                    tape.tool("tool", slot, &[&call.id, &call.name]);
                    if !call.input_text.is_empty() {
                        tape.tool("input", slot, &[&call.input_text]);
                    }
                    tape.tool("tool-end", slot, &[]);
                }
            }
        }
        tape.end(answer);
        tape.text
    }
}

/// With what the contract's shape leaves out.
fn kept_usage(usage: &Usage) -> Json<'static> {
    let mut out = usage.to_json();
    out.set_some("billedNano", usage.billed_nano);
    out
}

/// A usage as [`Usage::to_json`] writes it.
pub fn read_usage(json: &Json<'_>) -> Usage {
    let count = |name: &str| json.get(name).u64();
    Usage {
        input_tokens: count("inputTokens"),
        output_tokens: count("outputTokens"),
        total_tokens: count("totalTokens"),
        cache_read_tokens: count("cacheReadTokens"),
        cache_write_tokens: count("cacheWriteTokens"),
        cache_write_1h_tokens: count("cacheWrite1hTokens"),
        audio_input_tokens: count("audioInputTokens"),
        audio_output_tokens: count("audioOutputTokens"),
        reasoning_tokens: count("reasoningTokens"),
        billed_nano: count("billedNano"),
        estimated: json.get("estimated").bool() == Some(true),
    }
}

/// Tells an answer what a tape holds.
#[derive(Debug, Default)]
pub struct Player {
    /// The provider's own body, where the tape has it.
    pub raw: Option<String>,
}

impl StreamDecoder for Player {
    fn push(&mut self, event: &SseEvent<'_>, answer: &mut Answer) -> Result<Flow> {
        let read = Json::parse(event.data)?;
        let text = |index: usize| read.at(index).text();
        let slot = || read.at(1).u64().unwrap_or_default();
        match text(0) {
            "text" => answer.text(text(1)),
            "reasoning" => answer.reasoning(text(1)),
            "input" => answer.tool_input(slot(), text(2)),
            "tool" => answer.tool_start(slot(), text(2), text(3)),
            "tool-end" => answer.tool_end(slot()),
            "identity" => answer.identity(Some(text(1)), Some(text(2))),
            "text-start" => answer.text_start(),
            "refusal" => answer.refusal(text(1)),
            "signature" => answer.signature(text(1)),
            "unsign" => answer.unsign(),
            "tier" => answer.served_as(Some(text(1))),
            "reasoning-start" => {
                let part = read.at(1);
                answer.reasoning_start(ReasoningPart {
                    text: part.get("text").text().to_owned(),
                    signature: part.get("signature").str().map(str::to_owned),
                    redacted: part.get("redacted").bool() == Some(true),
                    ..ReasoningPart::default()
                });
            }
            "usage" => answer.usage = read_usage(read.at(1)),
            "end" => {
                let end = read.at(1);
                answer.usage = read_usage(end.get("usage"));
                let reason = FinishReason::parse(end.get("reason").text()).unwrap_or(FinishReason::Other);
                answer.finish(reason, end.get("raw").str());
                return Ok(Flow::Done);
            }
            "raw" => self.raw = Some(text(1).to_owned()),
            "error" => return Err(read_error(read.at(1))),
            _ => {}
        }
        Ok(Flow::More)
    }

    fn finish(&mut self, _: &mut Answer) -> Result<()> {
        Err(Error::truncated("the recorded answer ended before its end"))
    }
}
