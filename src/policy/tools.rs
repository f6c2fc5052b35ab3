//! The tool loop's decisions: whether a turn's calls are run here, and what the next turn is told.
//!
//! Performs nothing: the engine (or the facade, for streams) runs what [`Rounds::plan`] says.

use std::rc::Rc;

use crate::answer::Spent;
use crate::chat::{ChatRequest, ChatResponse, FinishReason, Message, Tool, ToolCall, ToolChoice, Usage, UserPart, Warning};
use crate::error::Error;
use crate::json::Json;
use crate::models::price::Cost;
use crate::object;
use crate::schema::without_added_nulls;
use crate::text::listed;

/// Rounds when the caller does not say: enough for a chain of lookups, few enough that a model that
/// calls in circles is stopped (the contract's figure).
const DEFAULT_ROUNDS: u64 = 8;

/// What is done about one call.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// The host runs it.
    Run {
        /// What stands for `run` at the host.
        handle: u64,
        /// The id of the call.
        call_id: String,
        /// The arguments, as JSON, without the nulls that only the provider's schema allows.
        input: String,
        /// How long it may take.
        timeout_ms: Option<u64>,
    },
    /// The model is told what is wrong with its call.
    Refuse(String),
}

/// What a tool gave.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolOutput {
    /// For the model.
    pub content: Vec<UserPart>,
    /// For the reader of the stream: JSON text.
    pub result: String,
    /// Whether it failed; `content` says how.
    pub is_error: bool,
}

impl ToolOutput {
    /// A failure, in words for the model.
    pub fn failed(message: String) -> Self {
        let result = Json::from(message.as_str()).to_text();
        Self { content: vec![UserPart::Text(message)], result, is_error: true }
    }

    /// The `tool-result` event.
    pub fn event<'a>(&'a self, call_id: &'a str) -> Json<'a> {
        let result = Json::Raw(self.result.as_str().into());
        object! { "type": "tool-result", "callId": call_id, "result": result, "isError": self.is_error }
    }
}

/// A call through its rounds: what is asked next, and what the turns so far came to.
#[derive(Clone, Debug)]
pub struct Rounds {
    /// The request of the present turn.
    pub request: Rc<ChatRequest>,
    /// Whether this is one turn of a call whose rounds are counted elsewhere.
    alone: bool,
    left: u64,
    earlier: Vec<Message>,
    /// Of the turns so far, with its cost where that is known.
    usage: Option<(Usage, Option<Cost>)>,
    warnings: Vec<Warning>,
    /// Whether none of the turns so far was asked of a provider.
    cached: bool,
}

impl Rounds {
    /// Before the first turn.
    pub fn new(request: Rc<ChatRequest>) -> Self {
        let runs = request.tools.iter().any(|tool| tool.run.is_some());
        let left = request.max_tool_rounds.unwrap_or(if runs { DEFAULT_ROUNDS } else { 0 });
        Self { request, alone: false, left, earlier: Vec::new(), usage: None, warnings: Vec::new(), cached: true }
    }

    /// A single turn: its calls are not run here.
    pub fn alone() -> Self {
        let request = ChatRequest { max_tool_rounds: Some(0), ..ChatRequest::default() };
        Self { alone: true, ..Self::new(Rc::new(request)) }
    }

    /// The request as another target gets it.
    pub fn retarget(&mut self, request: Rc<ChatRequest>) {
        if !self.alone {
            self.request = request;
        }
    }

    /// What is done about the calls of a turn, in their order; `None`: nothing, the call ends here,
    /// because no tool is wanted, the rounds are used up, or a called tool has no `run`. In that case
    /// none is run: whose turn is half-answered would have to find out which half.
    pub fn plan(&self, turn: &ChatResponse) -> Option<Vec<Step>> {
        if turn.finish_reason != FinishReason::ToolCalls || self.left == 0 {
            return None;
        }
        let mut steps = Vec::new();
        for call in &turn.tool_calls {
            steps.push(self.step(call)?);
        }
        Some(steps)
    }

    fn step(&self, call: &ToolCall) -> Option<Step> {
        let tool = self.request.tools.iter().find(|tool| tool.name == call.name);
        Some(match (tool, call.input()) {
            (None, _) => Step::Refuse(unknown(&self.request.tools, &call.name)),
            (Some(Tool { run: None, .. }), _) => return None,
            (Some(_), None) => Step::Refuse(format!("the arguments are not JSON: {}", call.input_text)),
            (Some(Tool { run: Some(handle), timeout_ms, input: schema, .. }), Some(input)) => {
                // The caller's schema never allowed the nulls that a strict provider made the model write.
                let value = Json::parse(input).unwrap_or_else(|_| Json::object());
                let input = without_added_nulls(value.into_owned(), schema).to_text();
                Step::Run { handle: *handle, call_id: call.id.clone(), input, timeout_ms: *timeout_ms }
            }
        })
    }

    /// Goes on to the next turn: what was said and what the tools gave, in the order of the calls, is
    /// appended. A tool that had to be called was: forced again, the model could never answer.
    pub fn advance(&mut self, turn: ChatResponse, outputs: Vec<ToolOutput>) {
        let mut said = vec![Message::Assistant { content: turn.message }];
        for (call, output) in turn.tool_calls.into_iter().zip(outputs) {
            said.push(Message::Tool { call_id: call.id, content: output.content, is_error: output.is_error });
        }
        let request = Rc::make_mut(&mut self.request);
        request.messages.extend(said.iter().cloned());
        self.earlier.extend(said);
        if matches!(request.tool_choice, Some(ToolChoice::Required | ToolChoice::Named(_))) {
            request.tool_choice = Some(ToolChoice::Auto);
        }
        match &mut self.usage {
            Some((usage, cost)) => {
                usage.add(turn.usage);
                *cost = Cost::sum(cost.take(), turn.cost.as_ref());
            }
            None => self.usage = Some((turn.usage, turn.cost)),
        }
        self.warnings = joined(std::mem::take(&mut self.warnings), turn.warnings);
        self.cached &= turn.cached;
        self.left -= 1;
    }

    /// The last turn as the answer of the whole call: with the messages, the usage and the warnings of
    /// the turns before it.
    pub fn complete(&self, mut turn: ChatResponse) -> ChatResponse {
        if let Some((mut usage, cost)) = self.usage.clone() {
            usage.add(turn.usage);
            turn.usage = usage;
            turn.cost = Cost::sum(cost, turn.cost.as_ref());
        }
        turn.cached &= self.cached;
        turn.earlier = self.earlier.clone();
        turn.warnings = joined(self.warnings.clone(), turn.warnings);
        turn
    }

    /// What the turns before this one used, with it.
    pub fn so_far(&self, turn: Spent) -> Spent {
        let Some((mut usage, cost)) = self.usage.clone() else { return turn };
        usage.add(turn.usage);
        Spent { usage, cost: Cost::sum(cost, turn.cost.as_ref()) }
    }

    /// The error of a turn, with what the turns before it came to: their tools have run.
    pub fn failed(&self, mut error: Box<Error>, empty: impl FnOnce() -> ChatResponse) -> Box<Error> {
        if !self.earlier.is_empty() {
            let turn = error.partial.take().map_or_else(empty, |partial| *partial);
            error.partial = Some(Box::new(self.complete(turn)));
        }
        error
    }
}

/// The same warning of several turns is one.
fn joined(mut warnings: Vec<Warning>, more: Vec<Warning>) -> Vec<Warning> {
    for warning in more {
        if !warnings.contains(&warning) {
            warnings.push(warning);
        }
    }
    warnings
}

fn unknown(tools: &[Tool], name: &str) -> String {
    format!("there is no tool \"{name}\"; there is {}", listed(tools.iter().map(|tool| tool.name.as_str())))
}

/// What the model is told of a tool that did not come back.
pub fn timed_out(timeout_ms: u64) -> String {
    format!("the tool gave nothing within {timeout_ms} ms")
}
