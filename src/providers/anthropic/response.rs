//! Whole answers, and what streams share with them: content blocks, usage, the reason of the end.

use super::error;
use crate::answer::Answer;
use crate::chat::{FinishReason, ReasoningPart, Usage};
use crate::error::{Error, Result};
use crate::json::{Json, body_text};
use crate::providers::count;

/// The one member whose text matters: a tool's input is handed on as it was written.
pub const VERBATIM: Option<&str> = Some("input");

/// Reads the body of a 2xx answer.
pub fn read(body: &[u8], answer: &mut Answer) -> Result<()> {
    let text = body_text(body);
    let message = match Json::parse_keeping(&text, VERBATIM) {
        Ok(message) => message,
        Err(cause) => return Err(not_anthropics("the answer", &cause.message, body)),
    };
    let content = message.get("content");
    if !matches!(content, Json::Array(_)) || message.get("type").text() == "error" {
        // Proxies put an error under status 200.
        return Err(error::of_value(&message, body).unwrap_or_else(|| not_anthropics("the answer", "it has no \"content\"", body)));
    }
    identity(&message, answer)?;
    Blocks::default().whole(content.items(), answer)?;
    finish(&message, answer)?;
    usage(message.get("usage"), answer);
    Ok(())
}

/// What cannot be read as what it should be.
pub fn not_anthropics(what: &str, why: &str, body: &[u8]) -> Box<Error> {
    Error::malformed(format!("{what} is not one of Anthropic's: {why}")).with_body(body)
}

/// A string, or an empty one where it is left out: anything else would be an answer with a hole.
pub fn string<'a>(value: &'a Json<'_>, name: &str) -> Result<&'a str> {
    match (value, value.get(name)) {
        (_, Json::String(text)) => Ok(text),
        (Json::Object(_) | Json::Null, Json::Null) => Ok(""),
        _ => Err(not_anthropics("a part of the answer", name, value.to_text().as_bytes())),
    }
}

/// Takes over the id and the model of a message.
pub fn identity(message: &Json<'_>, answer: &mut Answer) -> Result<()> {
    answer.identity(Some(string(message, "id")?), Some(string(message, "model")?));
    Ok(())
}

/// Takes over why it ended, where that is said. `pause_turn`, `compaction` and what comes after them
/// are told by the raw reason.
pub fn finish(holder: &Json<'_>, answer: &mut Answer) -> Result<()> {
    let raw = string(holder, "stop_reason")?;
    let reason = match raw {
        "end_turn" | "stop_sequence" => FinishReason::Stop,
        "max_tokens" | "model_context_window_exceeded" => FinishReason::Length,
        "tool_use" => FinishReason::ToolCalls,
        "refusal" => FinishReason::Refusal,
        _ => FinishReason::Other,
    };
    if !holder.get("stop_reason").is_null() {
        answer.finish(reason, Some(raw));
    }
    Ok(())
}

/// Takes over what a report of usage knows, in the contract's arithmetic: figures are totals, and
/// those that it leaves out still hold. Its `input_tokens` leaves out what was read from and written
/// to the cache, so all three are needed for the sum, whichever report they came in.
pub fn usage(sent: &Json<'_>, answer: &mut Answer) {
    let cached = |usage: &Usage| usage.cache_read_tokens.unwrap_or(0) + usage.cache_write_tokens.unwrap_or(0);
    let known = &mut answer.usage;
    let fresh = known.input_tokens.map(|all| all.saturating_sub(cached(known)));
    known.merge(Usage {
        output_tokens: count(sent.get("output_tokens")),
        cache_read_tokens: count(sent.get("cache_read_input_tokens")),
        cache_write_tokens: count(sent.get("cache_creation_input_tokens")),
        cache_write_1h_tokens: count(sent.path(&["cache_creation", "ephemeral_1h_input_tokens"])),
        reasoning_tokens: count(sent.path(&["output_tokens_details", "thinking_tokens"])),
        ..Usage::default()
    });
    known.input_tokens = count(sent.get("input_tokens")).or(fresh).map(|fresh| fresh + cached(known));
    // Fast and regional answers have prices of their own, which the catalogue does not know: the cost is then unknown.
    let special = |field, word| sent.get(field).str().filter(|said| *said == word);
    answer.served_as(special("speed", "fast").or(special("inference_geo", "us")).or(sent.get("service_tier").str()));
}

// ─────────────────────────────────────────── blocks

/// The content blocks that are being read.
#[derive(Debug, Default)]
pub struct Blocks {
    open: Vec<Block>,
    tools: u64,
}

#[derive(Debug)]
struct Block {
    /// In the message.
    index: u64,
    /// A server's own tools, citations' sources, compaction, and what is yet to come.
    skipped: bool,
    /// Of a tool call. Not the index itself: a second message spliced in by a proxy counts from 0
    /// again.
    slot: Option<u64>,
    /// A tool's whole input, as the start of the block gave it. Deltas replace it.
    given: String,
}

impl Blocks {
    /// Blocks that are whole already.
    pub fn whole(&mut self, blocks: &[Json<'_>], answer: &mut Answer) -> Result<()> {
        for (index, block) in blocks.iter().enumerate() {
            self.start(index as u64, block, answer)?;
            self.stop(index as u64, answer);
        }
        Ok(())
    }

    /// A block begins.
    pub fn start(&mut self, index: u64, sent: &Json<'_>, answer: &mut Answer) -> Result<()> {
        let mut block = Block { index, skipped: false, slot: None, given: String::new() };
        let mut thought = ReasoningPart::default();
        match sent.get("type").text() {
            "text" => {
                let text = string(sent, "text")?;
                answer.text_start();
                answer.text(text);
            }
            "thinking" => {
                string(sent, "thinking")?.clone_into(&mut thought.text);
                thought.signature = Some(string(sent, "signature")?.to_owned()).filter(|signature| !signature.is_empty());
                answer.reasoning_start(thought);
            }
            "redacted_thinking" => {
                thought.redacted = true;
                thought.signature = Some(string(sent, "data")?.to_owned()).filter(|_| !sent.get("data").is_null());
                answer.reasoning_start(thought);
            }
            "tool_use" => {
                answer.tool_start(self.tools, string(sent, "id")?, string(sent, "name")?);
                block.slot = Some(self.tools);
                self.tools += 1;
                if !sent.get("input").is_null() {
                    block.given = sent.get("input").to_text();
                }
            }
            _ => block.skipped = true,
        }
        if let Some(at) = self.find(index) {
            self.open.swap_remove(at);
        }
        self.open.push(block);
        Ok(())
    }

    fn find(&self, index: u64) -> Option<usize> {
        self.open.iter().position(|block| block.index == index)
    }

    /// Whether deltas of this block mean nothing to us.
    pub fn is_skipped(&self, index: u64) -> bool {
        self.open.iter().any(|block| block.index == index && block.skipped)
    }

    /// A fragment of a tool's input.
    pub fn input(&mut self, index: u64, json: &str, answer: &mut Answer) {
        if let Some(block) = self.open.iter_mut().find(|block| block.index == index)
            && let Some(slot) = block.slot
            && !json.is_empty()
        {
            block.given.clear();
            answer.tool_input(slot, json);
        }
    }

    /// A block ends.
    pub fn stop(&mut self, index: u64, answer: &mut Answer) {
        if let Some(at) = self.find(index) {
            close(&self.open.swap_remove(at), answer);
        }
    }

    /// The message ends, and with it all blocks that were not ended.
    pub fn stop_all(&mut self, answer: &mut Answer) {
        for block in &self.open {
            close(block, answer);
        }
        self.open.clear();
    }

    /// Whether any content has come.
    pub fn has_content(&self, answer: &Answer) -> bool {
        !self.open.is_empty() || answer.has_started()
    }
}

fn close(block: &Block, answer: &mut Answer) {
    if let Some(slot) = block.slot {
        answer.tool_input(slot, &block.given);
        answer.tool_end(slot);
    }
}
