//! Whole answers, and what streams share with them: usage and the reason of the end.

use serde::Deserialize;
use serde_json::Value;

use super::{KIND, error, names};
use crate::answer::Answer;
use crate::chat::{FinishReason, ReasoningPart, Usage};
use crate::error::{Error, ErrorKind, Result};
use crate::providers::lenient::count;

/// Reads the body of a 2xx answer. It names no model: that stays as asked for.
pub fn read(body: &[u8], answer: &mut Answer) -> Result<()> {
    let value: Value = match serde_json::from_slice(body) {
        Ok(value) => value,
        Err(cause) => return Err(Error::malformed(format!("the answer is not JSON: {cause}")).with_body(body)),
    };
    let Some(message) = value.get("message").filter(|message| message.is_object()) else {
        // An error has a text where an answer has an object.
        return Err(error::of_body(body).unwrap_or_else(|| Error::malformed("the answer has no \"message\"").with_body(body)));
    };
    let text = |value: &Value, field: &str| value.get(field).and_then(Value::as_str).unwrap_or("").to_owned();
    answer.identity(value.get("id").and_then(Value::as_str), None);
    let plan = text(message, "tool_plan");
    if !plan.is_empty() {
        answer.reasoning_start(reasoning(plan));
    }
    for block in message.get("content").and_then(Value::as_array).into_iter().flatten() {
        match block.get("type").and_then(Value::as_str) {
            Some("thinking") => answer.reasoning_start(reasoning(text(block, "thinking"))),
            Some("text") => {
                answer.text_start();
                answer.text(&text(block, "text"));
            }
            _ => {}
        }
    }
    for (slot, call) in message.get("tool_calls").and_then(Value::as_array).into_iter().flatten().enumerate() {
        let function = call.get("function").unwrap_or(&Value::Null);
        answer.tool_start(slot as u64, &text(call, "id"), &names::decode(&text(function, "name")));
        match function.get("arguments") {
            Some(Value::String(arguments)) => answer.tool_input(slot as u64, arguments),
            // Gateways that parsed them.
            Some(arguments) if !arguments.is_null() => answer.tool_input(slot as u64, &arguments.to_string()),
            _ => {}
        }
        answer.tool_end(slot as u64);
    }
    if let Some(usage) = value.get("usage").and_then(|usage| WireUsage::deserialize(usage).ok()) {
        answer.usage.merge(usage.usage());
    }
    finish(value.get("finish_reason").and_then(Value::as_str), None, answer)
}

/// A reasoning part of Cohere's making.
pub fn reasoning(text: String) -> ReasoningPart {
    ReasoningPart { text, provider: Some(KIND.to_owned()), ..Default::default() }
}

/// The end of an answer: an error when Cohere gave up on it, which it says here and not by a status.
pub fn finish(reason: Option<&str>, message: Option<&str>, answer: &mut Answer) -> Result<()> {
    let message = message.filter(|text| !text.is_empty());
    let failed = |kind, otherwise: &str| Err(Error::new(kind, message.unwrap_or(otherwise)));
    let finish = match reason {
        Some("TIMEOUT") => return failed(ErrorKind::Timeout, "Cohere ran out of time while it was answering"),
        Some("ERROR") => return failed(ErrorKind::Server, "Cohere failed while it was answering"),
        _ if message.is_some() => return failed(ErrorKind::Server, ""),
        None => return Ok(()),
        Some("COMPLETE" | "STOP_SEQUENCE") => FinishReason::Stop,
        Some("MAX_TOKENS") => FinishReason::Length,
        Some("TOOL_CALL") => FinishReason::ToolCalls,
        Some(_) => FinishReason::Other,
    };
    answer.finish(finish, reason);
    Ok(())
}

// ─────────────────────────────────────────── usage

/// Usage as sent, twice: as billed, and as the model saw it, with Cohere's own template around.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub struct WireUsage {
    billed_units: Option<Units>,
    tokens: Option<Units>,
    #[serde(deserialize_with = "count")]
    cached_tokens: Option<u64>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
struct Units {
    #[serde(deserialize_with = "count")]
    input_tokens: Option<u64>,
    #[serde(deserialize_with = "count")]
    output_tokens: Option<u64>,
    #[serde(deserialize_with = "count")]
    reasoning_tokens: Option<u64>,
}

impl WireUsage {
    /// In the contract's arithmetic: as billed.
    ///
    /// `cached_tokens` and `reasoning_tokens` count in tokens as the model saw them, and may be more
    /// than what is billed. They are told only where they can be a share of the billed figure: a
    /// part that is larger than its whole would price a cached prompt below nothing, and one cut to
    /// fit would be a number that nobody reported.
    pub fn usage(self) -> Usage {
        let (billed, tokens) = (self.billed_units.unwrap_or_default(), self.tokens.unwrap_or_default());
        let input = billed.input_tokens.or(tokens.input_tokens);
        let output = billed.output_tokens.or(tokens.output_tokens);
        let share = |part: Option<u64>, whole: Option<u64>| part.filter(|part| whole.is_some_and(|whole| *part <= whole));
        Usage {
            input_tokens: input,
            output_tokens: output,
            cache_read_tokens: share(self.cached_tokens, input),
            reasoning_tokens: share(tokens.reasoning_tokens.or(billed.reasoning_tokens), output),
            ..Usage::default()
        }
    }
}
