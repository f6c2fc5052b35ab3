//! The vocabulary: what a chat request, an answer and its events are, as plain data.
//!
//! No provider's names and no behaviour beyond what the data itself says. The shapes on the outside
//! are the contract's (`js/types.ts`); `tests/it/contract.rs` holds the two equal.

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

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
    pub provider_options: Map<String, Value>,
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
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
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
    #[serde(untagged)]
    ToolCall(ToolCall),
}

/// A stretch of reasoning.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ReasoningPart {
    /// Empty when the provider keeps it to itself and sends a signature only.
    pub text: String,
    /// Opaque; valid at the provider that made it only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
    /// Who made it: the configured kind ("anthropic"). It goes back to nobody else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// Anthropic's redacted thinking: `signature` holds its encrypted data.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub redacted: bool,
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
    pub fn input(&self) -> Option<&RawValue> {
        match self.input_text.trim() {
            "" | "null" => serde_json::from_str("{}").ok(),
            text => serde_json::from_str(text).ok(),
        }
    }

    /// The arguments as a JSON object, for the wires that want one; `{}` when they are anything else.
    pub fn input_object(&self) -> Map<String, Value> {
        serde_json::from_str(&self.input_text).unwrap_or_default()
    }
}

impl Serialize for ToolCall {
    /// With the contract's `type`. `input` is left out when the text is not JSON: its `undefined`.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("ToolCall", 5)?;
        out.serialize_field("type", "tool-call")?;
        out.serialize_field("id", &self.id)?;
        out.serialize_field("name", &self.name)?;
        match self.input() {
            Some(input) => out.serialize_field("input", input)?,
            None => out.skip_field("input")?,
        }
        out.serialize_field("inputText", &self.input_text)?;
        out.end()
    }
}

/// Something that the model may call.
#[derive(Clone, Debug, PartialEq)]
pub struct Tool {
    /// As the model will name it.
    pub name: String,
    /// What it does, for the model.
    pub description: Option<String>,
    /// JSON Schema of its arguments; an object without properties when none was given.
    pub input: Value,
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
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
}

/// Tokens as billed; `None` is "not reported", never 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// For programs: "dropped-setting", "clamped-setting", "incomplete-tool-input", …
    pub code: &'static str,
    /// For people.
    pub message: String,
    /// The request's field, in its own spelling ("topK").
    #[serde(skip_serializing_if = "Option::is_none")]
    pub setting: Option<String>,
}

impl Warning {
    /// A sampling setting that this model cannot take, left out.
    pub fn dropped(setting: &str, why: &str) -> Self {
        Self { code: "dropped-setting", message: format!("{setting} was not sent: {why}"), setting: Some(setting.to_owned()) }
    }

    /// A sampling setting moved to the nearest value that this provider accepts.
    pub fn clamped(setting: &str, to: impl std::fmt::Display, why: &str) -> Self {
        Self { code: "clamped-setting", message: format!("{setting} was sent as {to}: {why}"), setting: Some(setting.to_owned()) }
    }
}

/// One try at one target.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
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

/// An error as it stands in an [`Attempt`].
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
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
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
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
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the contract's own fields")]
pub struct ChatResponse {
    pub id: String,
    pub provider: String,
    pub model: String,
    pub text: String,
    pub reasoning: String,
    pub tool_calls: Vec<ToolCall>,
    pub message: AssistantMessage,
    pub new_messages: Vec<AssistantMessage>,
    pub finish_reason: FinishReason,
    pub raw_finish_reason: Option<String>,
    pub usage: Usage,
    pub cost: Option<Value>,
    pub cached: bool,
    pub attempts: Vec<Attempt>,
    pub timing: Timing,
    pub warnings: Vec<Warning>,
    pub request_id: Option<String>,
    pub call_id: String,
    pub raw: Option<Box<RawValue>>,
}

/// The assistant's turn as a message: a plain string when it is nothing but one text.
#[derive(Clone, Debug, PartialEq)]
pub struct AssistantMessage(pub Vec<AssistantPart>);

impl Serialize for AssistantMessage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("AssistantMessage", 2)?;
        out.serialize_field("role", "assistant")?;
        match self.0.as_slice() {
            [] => out.serialize_field("content", "")?,
            [AssistantPart::Text { text }] => out.serialize_field("content", text)?,
            parts => out.serialize_field("content", parts)?,
        }
        out.end()
    }
}

/// One event of a stream. Deltas do not pass through here on their way to JavaScript (see
/// [`crate::answer::Batch`]); this is their shape for tests and for everything that is rare.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "type", rename_all = "kebab-case", rename_all_fields = "camelCase")]
#[allow(missing_docs, reason = "the contract's own fields")]
pub enum ChatEvent<'a> {
    Start {
        provider: &'a str,
        model: &'a str,
        id: &'a str,
    },
    TextDelta {
        text: &'a str,
    },
    ReasoningDelta {
        text: &'a str,
    },
    ToolCallStart {
        index: usize,
        id: &'a str,
        name: &'a str,
    },
    ToolCallDelta {
        index: usize,
        text: &'a str,
    },
    Usage {
        usage: Usage,
        cost: Option<&'a Value>,
    },
    End {
        finish_reason: FinishReason,
        response: &'a ChatResponse,
    },
    /// The call writes its own `type`.
    #[serde(untagged)]
    ToolCall {
        index: usize,
        #[serde(flatten)]
        call: &'a ToolCall,
    },
}
