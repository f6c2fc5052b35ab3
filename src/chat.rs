//! The vocabulary: what a chat request, an answer and its events are, as plain data.
//!
//! No provider's names and no behaviour beyond what the data itself says. The shapes on the outside
//! are the contract's (`js/types.ts`); `tests/it/contract.rs` holds the two equal.

use std::borrow::Cow;

use crate::json::Json;
use crate::object;

/// One chat call, checked and normalised (see [`crate::request`]).
#[derive(Clone, Debug, Default)]
pub struct ChatRequest {
    /// `"provider/model"`; the client's default when absent.
    pub model: Option<String>,
    /// At least one.
    pub messages: Vec<Message>,
    /// Comes before any system message in `messages`.
    pub system: Option<String>,
    /// Upper bound of the output in tokens, reasoning included.
    pub max_tokens: Option<u64>,
    /// 0 to 2.
    pub temperature: Option<f64>,
    /// 0 to 1.
    pub top_p: Option<f64>,
    /// At least 1.
    pub top_k: Option<u64>,
    /// −2 to 2.
    pub frequency_penalty: Option<f64>,
    /// −2 to 2.
    pub presence_penalty: Option<f64>,
    /// For repeatable sampling, where a provider has it.
    pub seed: Option<i64>,
    /// Texts that end the answer.
    pub stop: Vec<String>,
    /// What the model may call.
    pub tools: Vec<Tool>,
    /// Whether it must.
    pub tool_choice: Option<ToolChoice>,
    /// How much the model may think.
    pub reasoning: Option<Reasoning>,
    /// Sent as they are on top of the encoded body, by provider name.
    pub provider_options: Vec<(String, Json<'static>)>,
    /// Added to the request's headers; they win over the provider's.
    pub headers: Vec<(String, String)>,
}

/// One turn or part of one.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "the contract's own fields")]
pub enum Message {
    System { content: String },
    User { content: Vec<UserPart>, name: Option<String> },
    Assistant { content: Vec<AssistantPart> },
    Tool { call_id: String, content: Vec<UserPart>, is_error: bool },
}

/// What a user (or a tool) may say. Images, files and audio are refused while reading a request
/// until the dialects can carry them.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "the contract's own fields")]
pub enum UserPart {
    Text(String),
}

impl UserPart {
    /// The text of a run of parts, joined without anything between.
    pub fn text(parts: &[Self]) -> String {
        parts.iter().map(|Self::Text(text)| text.as_str()).collect()
    }
}

/// What an assistant turn is made of, in the order in which it came.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "the contract's own fields")]
pub enum AssistantPart {
    Text {
        text: String,
    },
    Reasoning(ReasoningPart),
    Refusal {
        text: String,
    },
    /// Writes its own `type`.
    ToolCall(ToolCall),
}

/// A stretch of reasoning.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReasoningPart {
    /// Empty when the provider keeps it to itself and sends a signature only.
    pub text: String,
    /// Opaque; valid at the provider that made it only.
    pub signature: Option<String>,
    /// Who made it: the configured kind ("anthropic"). It goes back to nobody else.
    pub provider: Option<String>,
    /// Anthropic's redacted thinking: `signature` holds its encrypted data.
    pub redacted: bool,
}

impl AssistantPart {
    /// As the contract has it.
    pub fn to_json(&self) -> Json<'_> {
        match self {
            Self::Text { text } => object! { "type": "text", "text": text },
            Self::Refusal { text } => object! { "type": "refusal", "text": text },
            Self::ToolCall(call) => call.to_json(),
            Self::Reasoning(part) => {
                let mut out = object! { "type": "reasoning", "text": &part.text };
                out.set_some("signature", part.signature.as_deref());
                out.set_some("provider", part.provider.as_deref());
                out.set_some("redacted", part.redacted.then_some(true));
                out
            }
        }
    }
}

/// A call of a tool by the model.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolCall {
    /// The provider's id, or one made here when it sent none.
    pub id: String,
    /// The tool's name.
    pub name: String,
    /// The arguments as sent: JSON, unless the answer was cut short.
    pub input_text: String,
}

impl ToolCall {
    /// The arguments as JSON text: `{}` when empty or `null` (Cohere sends either for a tool
    /// without arguments), `None` when they are not JSON.
    pub fn input(&self) -> Option<&str> {
        match self.input_text.trim() {
            "" | "null" => Some("{}"),
            text => Json::parse(text).ok().map(|_| text),
        }
    }

    /// The arguments as a JSON object, for the wires that want one; `{}` when they are anything else.
    pub fn input_object(&self) -> Json<'_> {
        Json::parse(&self.input_text).ok().filter(Json::is_object).unwrap_or_else(Json::object)
    }

    /// As the contract has it. `input` is left out when the text is not JSON: its `undefined`.
    pub fn to_json(&self) -> Json<'_> {
        let mut out = object! { "type": "tool-call", "id": &self.id, "name": &self.name };
        out.set_some("input", self.input().map(raw));
        out.set("inputText", &self.input_text);
        out
    }
}

fn raw(text: &str) -> Json<'_> {
    Json::Raw(Cow::Borrowed(text))
}

/// Something that the model may call.
#[derive(Clone, Debug, PartialEq)]
pub struct Tool {
    /// As the model will name it.
    pub name: String,
    /// What it does, for the model.
    pub description: Option<String>,
    /// JSON Schema of its arguments; an object without properties when none was given.
    pub input: Json<'static>,
    /// Whether the provider shall hold the arguments to the schema.
    pub strict: Option<bool>,
}

/// Whether a tool must be called.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "the contract's own values")]
pub enum ToolChoice {
    Auto,
    None,
    Required,
    Named(String),
}

/// How much the model may think before it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the contract's own values")]
pub enum Reasoning {
    None,
    Minimal,
    Low,
    Medium,
    High,
    Budget(u64),
}

impl Reasoning {
    /// The contract's word, for wires that use the same ones; a budget has none.
    pub fn word(self) -> Option<&'static str> {
        Some(match self {
            Self::None => "none",
            Self::Minimal => "minimal",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Budget(_) => return None,
        })
    }
}

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
    /// Of the output.
    pub reasoning_tokens: Option<u64>,
    /// Counted here, because the provider did not say.
    pub estimated: bool,
}

impl Usage {
    /// As the contract has it.
    pub fn to_json(&self) -> Json<'static> {
        object! {
            "inputTokens": self.input_tokens,
            "outputTokens": self.output_tokens,
            "totalTokens": self.total_tokens,
            "cacheReadTokens": self.cache_read_tokens,
            "cacheWriteTokens": self.cache_write_tokens,
            "reasoningTokens": self.reasoning_tokens,
            "estimated": self.estimated,
        }
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
        take(&mut self.reasoning_tokens, newer.reasoning_tokens);
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

/// The answer. Field for field the contract's `ChatResponse`, but for `output`, which is made
/// where the schema is.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "the contract's own fields")]
pub struct ChatResponse {
    pub id: String,
    pub provider: String,
    pub model: String,
    pub text: String,
    pub reasoning: String,
    pub tool_calls: Vec<ToolCall>,
    pub message: AssistantMessage,
    pub finish_reason: FinishReason,
    pub raw_finish_reason: Option<String>,
    pub usage: Usage,
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
        let message = self.message.to_json();
        object! {
            "id": &self.id,
            "provider": &self.provider,
            "model": &self.model,
            "text": &self.text,
            "reasoning": &self.reasoning,
            "toolCalls": self.tool_calls.iter().map(ToolCall::to_json).collect::<Vec<_>>(),
            "newMessages": vec![message.clone()],
            "message": message,
            "finishReason": self.finish_reason.word(),
            "rawFinishReason": self.raw_finish_reason.as_deref(),
            "usage": self.usage.to_json(),
            // Prices are not known yet: null is "unknown", 0 would be "free".
            "cost": Json::Null,
            "cached": false,
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
        }
    }
}

/// The assistant's turn as a message: a plain string when it is nothing but one text.
#[derive(Clone, Debug, PartialEq)]
pub struct AssistantMessage(pub Vec<AssistantPart>);

impl AssistantMessage {
    /// As the contract has it.
    pub fn to_json(&self) -> Json<'_> {
        let content = match self.0.as_slice() {
            [] => Json::from(""),
            [AssistantPart::Text { text }] => text.into(),
            parts => parts.iter().map(AssistantPart::to_json).collect::<Vec<_>>().into(),
        };
        object! { "role": "assistant", "content": content }
    }
}
