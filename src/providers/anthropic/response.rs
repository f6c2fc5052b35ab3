//! Whole answers, and what streams share with them: content blocks, usage, the reason of the end.

use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

use super::{KIND, error};
use crate::answer::Answer;
use crate::chat::{FinishReason, ReasoningPart, Usage};
use crate::error::{Error, Result};
use crate::providers::lenient::{count, or_default};

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(rename = "type", default)]
    kind: Option<String>,
    id: Option<String>,
    model: Option<String>,
    #[serde(borrow)]
    content: Option<Vec<&'a RawValue>>,
    stop_reason: Option<String>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
}

/// Reads the body of a 2xx answer.
pub fn read(body: &[u8], answer: &mut Answer) -> Result<()> {
    let message: Message<'_> = match serde_json::from_slice(body) {
        Ok(message) => message,
        Err(cause) => return Err(Error::malformed(format!("the answer is not a message of Anthropic's: {cause}")).with_body(body)),
    };
    let Some(content) = message.content.filter(|_| message.kind.as_deref() != Some("error")) else {
        // Proxies put an error under status 200.
        return Err(error::of_body(body).unwrap_or_else(|| Error::malformed("the answer has no \"content\"").with_body(body)));
    };
    answer.identity(message.id.as_deref(), message.model.as_deref());
    let mut blocks = Blocks::default();
    for (index, block) in content.into_iter().enumerate() {
        blocks.start(index as u64, block, answer)?;
        blocks.stop(index as u64, answer);
    }
    if let Some(reason) = message.stop_reason {
        answer.finish(finish_reason(&reason), Some(&reason));
    }
    answer.usage.merge(or_default::<WireUsage>(message.usage).usage());
    Ok(())
}

/// Why it ended. `pause_turn`, `compaction` and what comes after them are told by the raw reason.
pub fn finish_reason(raw: &str) -> FinishReason {
    match raw {
        "end_turn" | "stop_sequence" => FinishReason::Stop,
        "max_tokens" | "model_context_window_exceeded" => FinishReason::Length,
        "tool_use" => FinishReason::ToolCalls,
        "refusal" => FinishReason::Refusal,
        _ => FinishReason::Other,
    }
}

// ─────────────────────────────────────────── usage

/// Usage as sent. `input_tokens` leaves out what was read from and written to the cache.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub struct WireUsage {
    #[serde(deserialize_with = "count")]
    input_tokens: Option<u64>,
    #[serde(deserialize_with = "count")]
    cache_creation_input_tokens: Option<u64>,
    #[serde(deserialize_with = "count")]
    cache_read_input_tokens: Option<u64>,
    #[serde(deserialize_with = "count")]
    output_tokens: Option<u64>,
    #[serde(deserialize_with = "details")]
    output_tokens_details: Option<OutputDetails>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
struct OutputDetails {
    #[serde(deserialize_with = "count")]
    thinking_tokens: Option<u64>,
}

/// Unknown when they have another shape: the counts beside them are good all the same.
fn details<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<OutputDetails>, D::Error> {
    Ok(OutputDetails::deserialize(Value::deserialize(deserializer)?).ok())
}

impl WireUsage {
    /// Takes over what a later report knows: its figures are totals, and those that it leaves out
    /// still hold. Done on the wire's fields, because the sum of the input needs all three.
    pub fn update(&mut self, newer: Self) {
        self.input_tokens = newer.input_tokens.or(self.input_tokens);
        self.cache_creation_input_tokens = newer.cache_creation_input_tokens.or(self.cache_creation_input_tokens);
        self.cache_read_input_tokens = newer.cache_read_input_tokens.or(self.cache_read_input_tokens);
        self.output_tokens = newer.output_tokens.or(self.output_tokens);
        self.output_tokens_details = newer.output_tokens_details.or(self.output_tokens_details);
    }

    /// In the contract's arithmetic.
    pub fn usage(self) -> Usage {
        let cached = self.cache_creation_input_tokens.unwrap_or(0).saturating_add(self.cache_read_input_tokens.unwrap_or(0));
        Usage {
            input_tokens: self.input_tokens.map(|fresh| fresh.saturating_add(cached)),
            output_tokens: self.output_tokens,
            cache_read_tokens: self.cache_read_input_tokens,
            cache_write_tokens: self.cache_creation_input_tokens,
            reasoning_tokens: self.output_tokens_details.and_then(|details| details.thinking_tokens),
            ..Usage::default()
        }
    }
}

// ─────────────────────────────────────────── blocks

#[derive(Default, Deserialize)]
#[serde(default)]
struct Block {
    text: Option<String>,
    thinking: Option<String>,
    signature: Option<String>,
    data: Option<String>,
    id: Option<String>,
    name: Option<String>,
    input: Option<Box<RawValue>>,
}

/// The content blocks that are being read, by their index in the message.
#[derive(Debug, Default)]
pub struct Blocks {
    open: Vec<(u64, Open)>,
    tools: u64,
}

#[derive(Debug)]
enum Open {
    /// Deltas say themselves what they are.
    Known,
    Tool {
        slot: u64,
        /// The whole input, as the start of the block gave it. Deltas replace it.
        given: Option<String>,
    },
    /// A server's own tools, citations' sources, compaction, and what is yet to come.
    Skipped,
}

impl Blocks {
    /// A block begins.
    pub fn start(&mut self, index: u64, raw: &RawValue, answer: &mut Answer) -> Result<()> {
        #[derive(Deserialize)]
        struct Tag {
            #[serde(rename = "type")]
            kind: String,
        }
        let kind = serde_json::from_str::<Tag>(raw.get()).map(|tag| tag.kind).unwrap_or_default();
        if !matches!(kind.as_str(), "text" | "thinking" | "redacted_thinking" | "tool_use") {
            self.set(index, Open::Skipped);
            return Ok(());
        }
        let block: Block = serde_json::from_str(raw.get()).map_err(|cause| {
            Error::malformed(format!("a {kind} block is not one of Anthropic's: {cause}")).with_body(raw.get().as_bytes())
        })?;
        let mine = ReasoningPart { provider: Some(KIND.to_owned()), ..Default::default() };
        let open = match kind.as_str() {
            "thinking" => {
                let signature = block.signature.filter(|signature| !signature.is_empty());
                answer.reasoning_start(ReasoningPart { text: block.thinking.unwrap_or_default(), signature, ..mine });
                Open::Known
            }
            "redacted_thinking" => {
                answer.reasoning_start(ReasoningPart { redacted: true, signature: block.data, ..mine });
                Open::Known
            }
            "tool_use" => {
                // Not the index itself: a second message spliced in by a proxy counts from 0 again.
                let slot = self.tools;
                self.tools += 1;
                answer.tool_start(slot, &block.id.unwrap_or_default(), &block.name.unwrap_or_default());
                Open::Tool { slot, given: block.input.map(|input| input.get().to_owned()) }
            }
            _ => {
                answer.text_start();
                answer.text(&block.text.unwrap_or_default());
                Open::Known
            }
        };
        self.set(index, open);
        Ok(())
    }

    fn set(&mut self, index: u64, open: Open) {
        self.open.retain(|(known, _)| *known != index);
        self.open.push((index, open));
    }

    fn find(&mut self, index: u64) -> Option<&mut Open> {
        self.open.iter_mut().find(|(known, _)| *known == index).map(|(_, open)| open)
    }

    /// Whether deltas of this block mean nothing to us.
    pub fn is_skipped(&mut self, index: u64) -> bool {
        matches!(self.find(index), Some(Open::Skipped))
    }

    /// A fragment of a tool's input.
    pub fn input(&mut self, index: u64, json: &str, answer: &mut Answer) {
        if let Some(Open::Tool { slot, given }) = self.find(index)
            && !json.is_empty()
        {
            *given = None;
            answer.tool_input(*slot, json);
        }
    }

    /// A block ends.
    pub fn stop(&mut self, index: u64, answer: &mut Answer) {
        if let Some(at) = self.open.iter().position(|(known, _)| *known == index) {
            close(self.open.swap_remove(at).1, answer);
        }
    }

    /// The message ends, and with it all blocks that were not ended.
    pub fn stop_all(&mut self, answer: &mut Answer) {
        for (_, open) in self.open.drain(..) {
            close(open, answer);
        }
    }

    /// Whether any content has come.
    pub fn has_content(&self, answer: &Answer) -> bool {
        !self.open.is_empty() || answer.has_started()
    }
}

fn close(open: Open, answer: &mut Answer) {
    if let Open::Tool { slot, given } = open {
        answer.tool_input(slot, given.as_deref().unwrap_or(""));
        answer.tool_end(slot);
    }
}
