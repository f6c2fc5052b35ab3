//! The vocabulary: what a chat request, an answer and its events are, as plain data.
//!
//! No provider's names and no behaviour beyond what the data itself says. The shapes on the outside
//! are the contract's (`js/types/`); `tests/it/contract.rs` holds the two equal.

mod message;
mod response;

use std::rc::Rc;

use crate::json::Json;
use crate::policy::cache::CacheChoice;
use crate::policy::caller::Caller;
use crate::policy::context::Context;
use crate::policy::retry::RetryOptions;
use crate::policy::timeout::TimeoutOptions;

pub use message::*;
pub use response::*;

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
    /// How many rounds of tool results this call may send; `None`: 8 when a tool can be run here.
    pub max_tool_rounds: Option<u64>,
    /// JSON Schema of the answer.
    pub output: Option<Json<'static>>,
    /// What stands at the host for the schema object that it was made of, and that validates.
    pub output_handle: Option<u64>,
    /// How much the model may think.
    pub reasoning: Option<Reasoning>,
    /// Sent as they are on top of the encoded body, by provider name.
    pub provider_options: Vec<(String, Json<'static>)>,
    /// Added to the request's headers; they win over the provider's.
    pub headers: Vec<(String, String)>,
    /// The caller's own marks, for logs and the ledger.
    pub tags: Vec<(String, String)>,
    /// Over the provider's and the client's.
    pub retry: RetryOptions,
    /// Over the provider's and the client's.
    pub timeout: TimeoutOptions,
    /// Ahead of others that wait for the same limit.
    pub priority: f64,
    /// What the whole call may cost, in pico-dollars.
    pub budget: Option<u64>,
    /// Whether usage is told while the answer arrives.
    pub live_usage: bool,
    /// What is done when it is longer than the window.
    pub context: Context,
    /// Whether its answer is looked up and kept.
    pub cache: CacheChoice,
    /// For whom a server makes it.
    pub caller: Option<Rc<Caller>>,
}

impl ChatRequest {
    /// The same request about other messages, without a copy of its own: they may be megabytes.
    pub fn with_messages(&self, messages: Vec<Message>) -> Self {
        Self {
            model: self.model.clone(),
            messages,
            system: self.system.clone(),
            tools: self.tools.clone(),
            tool_choice: self.tool_choice.clone(),
            stop: self.stop.clone(),
            output: self.output.clone(),
            provider_options: self.provider_options.clone(),
            headers: self.headers.clone(),
            tags: self.tags.clone(),
            cache: self.cache.clone(),
            caller: self.caller.clone(),
            ..*self
        }
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
    pub input: Json<'static>,
    /// Whether the provider shall hold the arguments to the schema.
    pub strict: Option<bool>,
    /// What stands for its `run` at the host; `None` when the caller calls it himself.
    pub run: Option<u64>,
    /// How long `run` may take.
    pub timeout_ms: Option<u64>,
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
