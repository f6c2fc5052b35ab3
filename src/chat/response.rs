//! Answers: why they end, what they used, what was tried.

use super::message::{AssistantPart, Message, ToolCall, assistant_json, raw};
use crate::json::Json;
use crate::models::price::Cost;
use crate::object;

/// Why the answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the contract's own values")]
pub enum FinishReason {
    Stop,
    Length,
    ToolCalls,
    ContentFilter,
    Refusal,
    Aborted,
    Budget,
    Other,
}

impl FinishReason {
    /// Every reason, for tables and tests.
    pub const ALL: [Self; 8] =
        [Self::Stop, Self::Length, Self::ToolCalls, Self::ContentFilter, Self::Refusal, Self::Aborted, Self::Budget, Self::Other];

    /// Of the contract's word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.word() == word)
    }

    /// The contract's word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Length => "length",
            Self::ToolCalls => "tool-calls",
            Self::ContentFilter => "content-filter",
            Self::Refusal => "refusal",
            Self::Aborted => "aborted",
            Self::Budget => "budget",
            Self::Other => "other",
        }
    }
}

/// Tokens as billed; `None` is "not reported", never 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// All input, cache reads and writes included.
    pub input_tokens: Option<u64>,
    /// All output, reasoning included.
    pub output_tokens: Option<u64>,
    /// As sent, else the sum.
    pub total_tokens: Option<u64>,
    /// Of the input.
    pub cache_read_tokens: Option<u64>,
    /// Of the input.
    pub cache_write_tokens: Option<u64>,
    /// Of what was written to the cache: what stays there for an hour, which has a price of its own.
    pub cache_write_1h_tokens: Option<u64>,
    /// Of the input.
    pub audio_input_tokens: Option<u64>,
    /// Of the output.
    pub audio_output_tokens: Option<u64>,
    /// Of the output.
    pub reasoning_tokens: Option<u64>,
    /// What the provider says that it billed, in nano-dollars.
    pub billed_nano: Option<u64>,
    /// Counted here, because the provider did not say.
    pub estimated: bool,
}

impl Usage {
    /// As the contract has it.
    pub fn to_json(&self) -> Json<'static> {
        let mut out = object! {
            "inputTokens": self.input_tokens,
            "outputTokens": self.output_tokens,
            "totalTokens": self.total_tokens,
            "cacheReadTokens": self.cache_read_tokens,
            "cacheWriteTokens": self.cache_write_tokens,
            "reasoningTokens": self.reasoning_tokens,
            "estimated": self.estimated,
        };
        // Beyond the contract, and rare: only where there are any.
        let mut some = |field, count: Option<u64>| out.set_some(field, count.filter(|count| *count > 0));
        some("cacheWrite1hTokens", self.cache_write_1h_tokens);
        some("audioInputTokens", self.audio_input_tokens);
        some("audioOutputTokens", self.audio_output_tokens);
        out
    }

    /// Adds what another turn of the same call used. A figure that one of them lacks makes the sum a
    /// lower bound, which is said.
    pub fn add(&mut self, other: Usage) {
        self.estimated |= other.estimated || self.output_tokens.is_none() != other.output_tokens.is_none();
        let sum = |mine: &mut Option<u64>, other: Option<u64>| {
            if let Some(other) = other {
                *mine = Some(mine.unwrap_or(0) + other);
            }
        };
        sum(&mut self.input_tokens, other.input_tokens);
        sum(&mut self.output_tokens, other.output_tokens);
        // A total of one part alone would be none.
        self.total_tokens = self.total_tokens.zip(other.total_tokens).map(|(mine, other)| mine + other);
        sum(&mut self.cache_read_tokens, other.cache_read_tokens);
        sum(&mut self.cache_write_tokens, other.cache_write_tokens);
        sum(&mut self.cache_write_1h_tokens, other.cache_write_1h_tokens);
        sum(&mut self.audio_input_tokens, other.audio_input_tokens);
        sum(&mut self.audio_output_tokens, other.audio_output_tokens);
        sum(&mut self.reasoning_tokens, other.reasoning_tokens);
        sum(&mut self.billed_nano, other.billed_nano);
    }

    /// Takes what `newer` knows and keeps the rest: usage in a stream is cumulative, so a later
    /// figure replaces an earlier one and is never added to it.
    pub fn merge(&mut self, newer: Usage) {
        let take = |old: &mut Option<u64>, new: Option<u64>| {
            if new.is_some() {
                *old = new;
            }
        };
        take(&mut self.input_tokens, newer.input_tokens);
        take(&mut self.output_tokens, newer.output_tokens);
        take(&mut self.total_tokens, newer.total_tokens);
        take(&mut self.cache_read_tokens, newer.cache_read_tokens);
        take(&mut self.cache_write_tokens, newer.cache_write_tokens);
        take(&mut self.cache_write_1h_tokens, newer.cache_write_1h_tokens);
        take(&mut self.audio_input_tokens, newer.audio_input_tokens);
        take(&mut self.audio_output_tokens, newer.audio_output_tokens);
        take(&mut self.reasoning_tokens, newer.reasoning_tokens);
        take(&mut self.billed_nano, newer.billed_nano);
    }
}

/// A setting that could not be honoured, or something that was repaired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// For programs: "dropped-setting", "clamped-setting", "incomplete-tool-input", …
    pub code: &'static str,
    /// For people.
    pub message: String,
    /// The request's field, in its own spelling ("topK").
    pub setting: Option<String>,
}

impl Warning {
    /// As the contract has it.
    pub fn to_json(&self) -> Json<'_> {
        let mut out = object! { "code": self.code, "message": &self.message };
        out.set_some("setting", self.setting.as_deref());
        out
    }

    /// A sampling setting that this model cannot take, left out.
    pub fn dropped(setting: &str, why: &str) -> Self {
        Self { code: "dropped-setting", message: format!("{setting} was not sent: {why}"), setting: Some(setting.to_owned()) }
    }

    /// A message that the provider would have refused, made acceptable. `message` says what was
    /// done to it.
    pub fn repaired(index: usize, message: String) -> Self {
        Self { code: "repaired-history", message, setting: Some(format!("messages[{index}]")) }
    }

    /// A sampling setting moved to the nearest value that this provider accepts.
    pub fn clamped(setting: &str, to: &str, why: &str) -> Self {
        Self { code: "clamped-setting", message: format!("{setting} was sent as {to}: {why}"), setting: Some(setting.to_owned()) }
    }
}

/// One try at one target.
#[derive(Clone, Debug, PartialEq)]
pub struct Attempt {
    /// As configured.
    pub provider: String,
    /// As asked for.
    pub model: String,
    /// Which of the provider's keys.
    pub key_index: usize,
    /// ISO 8601.
    pub started_at: String,
    /// Before it was sent.
    pub waited_ms: f64,
    /// From sending to its end.
    pub duration_ms: f64,
    /// `None` when no response came.
    pub status: Option<u16>,
    /// `None` when it succeeded.
    pub error: Option<ErrorInfo>,
}

impl Attempt {
    /// As the contract has it.
    pub fn to_json(&self) -> Json<'_> {
        object! {
            "provider": &self.provider,
            "model": &self.model,
            "keyIndex": self.key_index,
            "startedAt": &self.started_at,
            "waitedMs": self.waited_ms,
            "durationMs": self.duration_ms,
            "status": self.status,
            "error": self.error.as_ref().map(ErrorInfo::to_json),
        }
    }
}

/// An error as it stands in an [`Attempt`].
#[derive(Clone, Debug, PartialEq)]
pub struct ErrorInfo {
    /// The kind.
    pub code: crate::error::ErrorKind,
    /// For people.
    pub message: String,
    /// Of the response.
    pub status: Option<u16>,
    /// Whether sending the same again may help.
    pub retryable: bool,
    /// The provider's hint.
    pub retry_after_ms: Option<u64>,
}

impl ErrorInfo {
    /// As the contract has it.
    pub fn to_json(&self) -> Json<'_> {
        object! {
            "code": self.code.word(),
            "message": &self.message,
            "status": self.status,
            "retryable": self.retryable,
            "retryAfterMs": self.retry_after_ms,
        }
    }
}

impl From<&crate::error::Error> for ErrorInfo {
    fn from(error: &crate::error::Error) -> Self {
        Self {
            code: error.kind,
            message: error.message.clone(),
            status: error.status,
            retryable: error.retryable,
            retry_after_ms: error.retry_after_ms,
        }
    }
}

/// When things happened, in milliseconds of the host's clock.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Timing {
    /// ISO 8601.
    pub started_at: String,
    /// In limits, budgets and back-off.
    pub waited_ms: f64,
    /// From the call to its first delta; `None` when none came.
    pub first_token_ms: Option<f64>,
    /// The whole call.
    pub total_ms: f64,
}

/// The answer. Field for field the contract's `ChatResponse`; `output` is validated where the
/// schema is, in JavaScript.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "the contract's own fields")]
pub struct ChatResponse {
    pub id: String,
    pub provider: String,
    pub model: String,
    pub text: String,
    pub reasoning: String,
    pub tool_calls: Vec<ToolCall>,
    /// The last assistant turn.
    pub message: Vec<AssistantPart>,
    /// What came before it in this call: assistant turns and tool results.
    pub earlier: Vec<Message>,
    /// JSON text, where the request asked for an `output` and it is JSON.
    pub output: Option<String>,
    /// What stands for the schema that validates it.
    pub output_handle: Option<u64>,
    pub finish_reason: FinishReason,
    pub raw_finish_reason: Option<String>,
    pub usage: Usage,
    /// `None`: unknown, not free.
    pub cost: Option<Cost>,
    /// Whether all of it came from the cache, or from a call that somebody else had under way.
    pub cached: bool,
    pub attempts: Vec<Attempt>,
    pub timing: Timing,
    pub warnings: Vec<Warning>,
    pub request_id: Option<String>,
    pub call_id: String,
    pub raw: Option<String>,
}

impl ChatResponse {
    /// As the contract has it.
    pub fn to_json(&self) -> Json<'_> {
        let message = assistant_json(&self.message);
        let mut new_messages: Vec<Json<'_>> = self.earlier.iter().map(Message::to_json).collect();
        // A turn that failed before its first word is no message.
        if new_messages.is_empty() || !self.message.is_empty() {
            new_messages.push(message.clone());
        }
        let mut out = object! {
            "id": &self.id,
            "provider": &self.provider,
            "model": &self.model,
            "text": &self.text,
            "reasoning": &self.reasoning,
            "toolCalls": self.tool_calls.iter().map(ToolCall::to_json).collect::<Vec<_>>(),
            "newMessages": new_messages,
            "message": message,
            "finishReason": self.finish_reason.word(),
            "rawFinishReason": self.raw_finish_reason.as_deref(),
            "usage": self.usage.to_json(),
            "cost": self.cost.as_ref().map(Cost::to_json),
            "cached": self.cached,
            "attempts": self.attempts.iter().map(Attempt::to_json).collect::<Vec<_>>(),
            "timing": object! {
                "startedAt": &self.timing.started_at,
                "waitedMs": self.timing.waited_ms,
                "firstTokenMs": self.timing.first_token_ms,
                "totalMs": self.timing.total_ms,
            },
            "warnings": self.warnings.iter().map(Warning::to_json).collect::<Vec<_>>(),
            "requestId": self.request_id.as_deref(),
            "callId": &self.call_id,
            "raw": self.raw.as_deref().map(raw),
        };
        out.set_some("output", self.output.as_deref().map(raw));
        out.set_some("outputHandle", self.output_handle);
        out
    }
}
