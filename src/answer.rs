//! An answer while it arrives.
//!
//! Dialects tell an [`Answer`] what they read, delta by delta or all at once; it keeps the answer's
//! parts once, decides what becomes an event, and makes the [`ChatResponse`] at the end. Streams and
//! whole bodies go through the same calls, so that both give the same answer.
//!
//! It knows no provider's JSON and no time: timing and attempts are added by the engine.

mod batch;
mod meter;
mod parts;
mod spending;

use std::rc::Rc;

use crate::chat::{AssistantPart, ChatResponse, FinishReason, ReasoningPart, Timing, ToolCall, Usage, Warning};
use crate::count::Counter;
use crate::models::ModelInfo;
use crate::models::price::Cost;
use crate::object;
use crate::policy::budget::Hold;
use crate::policy::seam::Seam;
use crate::tape::Tape;
pub use batch::{Batch, Kind};
use meter::Meter;

#[derive(Debug)]
struct OpenTool {
    /// The provider's index of the call (OpenAI's `index`, Anthropic's block index).
    slot: u64,
    /// Where it stands in `parts`.
    part: usize,
    ended: bool,
}

/// What one attempt came to.
#[derive(Clone, Debug, Default)]
pub struct Spent {
    /// Tokens.
    pub usage: Usage,
    /// Money; `None`: unknown.
    pub cost: Option<Cost>,
}

/// An answer being built.
#[derive(Debug)]
pub struct Answer {
    /// The configured name of the provider.
    pub provider: String,
    /// The provider's id of the answer; empty until it is known.
    pub id: String,
    /// The model as the provider named it; as asked for until it is known.
    pub model: String,
    /// What was reported so far.
    pub usage: Usage,
    /// Warnings, in order.
    pub warnings: Vec<Warning>,
    /// Events not yet handed over. Empty, and never filled, for whole bodies.
    pub batch: Batch,
    /// Whether events are wanted at all.
    live: bool,
    /// Whether its reader is also told what a part is besides its text. See [`Answer::tell_parts`].
    parted: bool,
    /// Whether this turn has shown anything.
    started: bool,
    /// Whether the stream's `start` was sent, by this turn or one before.
    announced: bool,
    parts: Vec<AssistantPart>,
    tools: Vec<OpenTool>,
    finish: Option<(FinishReason, Option<String>)>,
    /// The model that was asked.
    asked: String,
    /// The tool whose arguments are the answer's text (see [`Answer::present_as_text`]).
    text_tool: Option<&'static str>,
    /// The slot of its call, once that has begun.
    text_slot: Option<u64>,
    /// How many calls the turns before this one had: an index means one call of a stream.
    first_tool: usize,
    /// What the targets used that broke off before this one.
    earlier: Option<(Usage, Option<Cost>)>,
    /// Between what they said and what this one says.
    seam: Option<Seam>,
    /// It goes on, and has said nothing yet.
    resumed: bool,
    /// What is known of the model: its price.
    known: Option<Rc<ModelInfo>>,
    /// How the provider says that it served this.
    tier: String,
    /// About how many input tokens it was asked with.
    asked_tokens: u64,
    /// Of output so far.
    meter: Meter,
    /// What it may cost, if that is limited.
    hold: Option<Rc<Hold>>,
    over_budget: bool,
    /// What it is told is recorded here.
    tape: Option<Box<Tape>>,
    /// Whether nobody bills for it: it was answered before, or is for somebody else.
    cached: bool,
}

impl Answer {
    /// An empty answer of `provider`, asked of `model`. `live`: a stream, whose events are wanted.
    pub fn new(provider: &str, model: &str, live: bool) -> Self {
        Self {
            provider: provider.to_owned(),
            id: String::new(),
            model: model.to_owned(),
            usage: Usage::default(),
            warnings: Vec::new(),
            batch: Batch::default(),
            live,
            parted: false,
            started: false,
            announced: false,
            parts: Vec::new(),
            tools: Vec::new(),
            finish: None,
            asked: model.to_owned(),
            text_tool: None,
            text_slot: None,
            first_tool: 0,
            earlier: None,
            seam: None,
            resumed: false,
            known: None,
            tier: String::new(),
            asked_tokens: 0,
            meter: Meter::default(),
            hold: None,
            over_budget: false,
            tape: None,
            cached: false,
        }
    }

    /// The answer of the next turn of the same stream: no second `start`, and calls are counted on.
    pub fn next_turn(&mut self, provider: &str, model: &str) -> Self {
        Self {
            batch: std::mem::take(&mut self.batch),
            announced: self.announced,
            first_tool: self.first_tool + self.tools.len(),
            ..Self::new(provider, model, self.live)
        }
    }

    /// What is known of the model, its price above all, and about how many input tokens it was asked with.
    pub fn priced(&mut self, model: Option<Rc<ModelInfo>>, asked_tokens: u64) {
        (self.known, self.asked_tokens) = (model, asked_tokens);
    }

    /// Records what it is told from now on.
    pub fn record(&mut self) {
        self.tape = Some(Box::default());
    }

    /// What was recorded since this was last asked for; `ms`: how long after its request was sent.
    pub fn take_tape(&mut self, ms: f64) -> String {
        let Some(tape) = &mut self.tape else { return String::new() };
        tape.usage(&self.usage);
        if tape.is_empty() {
            return String::new();
        }
        let told = tape.take();
        tape.at(ms);
        tape.take() + &told
    }

    /// It costs nothing: it was answered before, or for somebody else.
    pub fn from_cache(&mut self) {
        self.cached = true;
    }

    /// Whether it costs nothing.
    pub fn is_from_cache(&self) -> bool {
        self.cached
    }

    /// Counts its output with a tokenizer, of whose tokens the model has so many in a hundred.
    pub fn count_with(&mut self, counter: Option<(Counter, u32)>) {
        self.meter.count_with(counter);
    }

    /// The tier in which the provider served it, which has prices of its own. Said early and again at the
    /// end: the last one counts.
    pub fn served_as(&mut self, tier: Option<&str>) {
        if let Some(tier) = tier {
            tier.clone_into(&mut self.tier);
            self.tell("tier", &[tier]);
        }
    }

    /// The answer of this attempt, in the same stream: `next` says who gives it.
    pub fn begin(&mut self, next: Self) -> Self {
        Self {
            text_tool: next.text_tool,
            warnings: next.warnings,
            known: next.known,
            parted: next.parted,
            asked_tokens: next.asked_tokens,
            meter: next.meter,
            hold: next.hold,
            tape: next.tape,
            cached: next.cached,
            ..self.next_turn(&next.provider, &next.model)
        }
    }

    /// Another target goes on behind what this one said.
    pub fn go_on_as(&mut self, next: Self) {
        (self.provider, self.model, self.asked) = (next.provider, next.model, next.asked);
        self.id.clear();
        self.warnings.extend(next.warnings);
        let so_far = self.response(None, None);
        self.earlier = Some((so_far.usage, so_far.cost));
        self.usage = Usage::default();
        (self.known, self.asked_tokens, self.meter, self.hold) = (next.known, next.asked_tokens, next.meter, next.hold);
        self.tier.clear();
        self.cached = next.cached;
        self.finish = None;
        self.seam = Some(Seam::new(&so_far.text));
        self.resumed = true;
    }

    /// It broke off again. What was held back looked like a repetition: who goes on now says it, if it was none.
    pub fn drop_seam(&mut self) {
        self.seam = None;
    }

    /// What may have been a repetition, and was not.
    pub fn end_seam(&mut self) {
        if let Some(mut seam) = self.seam.take() {
            self.add_text(&seam.finish());
        }
    }

    /// The model that was asked.
    pub fn asked(&self) -> &str {
        &self.asked
    }

    /// A call of this tool is the answer itself: its arguments are text, and it is no call to the
    /// reader. For structured output where a provider knows tools only.
    pub fn present_as_text(&mut self, tool: Option<&'static str>) {
        self.text_tool = tool;
    }

    /// The tool whose arguments are the answer.
    pub fn text_tool(&self) -> Option<&'static str> {
        self.text_tool
    }

    /// The provider's id and model; the first that is not empty stays (Azure's first chunk has
    /// empty ones, and a spliced second start is not a second answer).
    pub fn identity(&mut self, id: Option<&str>, model: Option<&str>) {
        if self.started && !self.resumed {
            return;
        }
        let mut is_news = false;
        if let Some(id) = id.filter(|id| !id.is_empty() && self.id.is_empty()) {
            self.id = id.to_owned();
            is_news = true;
        }
        if let Some(model) = model.filter(|model| !model.is_empty() && *model != self.model) {
            self.model = model.to_owned();
            is_news = true;
        }
        if is_news && let Some(tape) = &mut self.tape {
            tape.say("identity", &[&self.id, &self.model]);
        }
    }

    /// Begins another text part, so that blocks which the provider keeps apart stay apart.
    pub fn text_start(&mut self) {
        // The block in which another target goes on is the one that broke off.
        if self.resumed && matches!(self.parts.last(), Some(AssistantPart::Text { .. })) {
            return;
        }
        self.tell("text-start", &[]);
        self.parts.push(AssistantPart::Text { text: String::new() });
    }

    /// Text of the answer. Nothing happens for an empty one.
    pub fn text(&mut self, delta: &str) {
        match &mut self.seam {
            Some(seam) => {
                let added = seam.push(delta);
                self.add_text(&added);
            }
            None => self.add_text(delta),
        }
    }

    fn add_text(&mut self, delta: &str) {
        if delta.is_empty() {
            return;
        }
        self.tell("text", &[delta]);
        match self.parts.last_mut() {
            Some(AssistantPart::Text { text }) => text.push_str(delta),
            _ => self.parts.push(AssistantPart::Text { text: delta.to_owned() }),
        }
        self.delta(Kind::Text, 0, delta);
    }

    /// Text with which the model declines. It is text to the reader of the stream, and a part of
    /// its own in the message.
    pub fn refusal(&mut self, delta: &str) {
        if delta.is_empty() {
            return;
        }
        self.tell("refusal", &[delta]);
        match self.parts.last_mut() {
            Some(AssistantPart::Refusal { text }) => text.push_str(delta),
            _ => {
                self.tell_refusal();
                self.parts.push(AssistantPart::Refusal { text: delta.to_owned() });
            }
        }
        self.delta(Kind::Text, 0, delta);
    }

    /// Begins another reasoning part. Who made it is noted here.
    pub fn reasoning_start(&mut self, part: ReasoningPart) {
        if let Some(tape) = &mut self.tape {
            tape.reasoning_start(&part);
        }
        let text = part.text.clone();
        let made = self.made_here(part);
        self.parts.push(AssistantPart::Reasoning(made));
        if !text.is_empty() {
            self.delta(Kind::Reasoning, 0, &text);
        }
        self.tell_signature();
    }

    /// Reasoning text. Nothing happens for an empty one.
    pub fn reasoning(&mut self, delta: &str) {
        if delta.is_empty() {
            return;
        }
        self.tell("reasoning", &[delta]);
        match self.parts.last_mut() {
            Some(AssistantPart::Reasoning(part)) => part.text.push_str(delta),
            _ => {
                let made = self.made_here(ReasoningPart { text: delta.to_owned(), ..Default::default() });
                self.parts.push(AssistantPart::Reasoning(made));
            }
        }
        self.delta(Kind::Reasoning, 0, delta);
    }

    fn made_here(&self, part: ReasoningPart) -> ReasoningPart {
        ReasoningPart { provider: Some(self.provider.clone()), model: Some(self.asked.clone()), ..part }
    }

    /// The signature of the reasoning part that is being read: set, not appended.
    pub fn signature(&mut self, signature: &str) {
        self.tell("signature", &[signature]);
        if !matches!(self.parts.last(), Some(AssistantPart::Reasoning(_))) {
            let made = self.made_here(ReasoningPart::default());
            self.parts.push(AssistantPart::Reasoning(made));
        }
        if let Some(AssistantPart::Reasoning(part)) = self.parts.last_mut() {
            part.signature = Some(signature.to_owned());
        }
        self.tell_signature();
    }

    /// Takes the signature of the reasoning that was read last, if nothing came after it: it is not
    /// sent back.
    pub fn unsign(&mut self) {
        self.tell("unsign", &[]);
        if let Some(AssistantPart::Reasoning(part)) = self.parts.last_mut() {
            part.signature = None;
        }
    }

    /// Whether a tool call of the provider's index `slot` has begun.
    pub fn has_tool(&self, slot: u64) -> bool {
        self.tools.iter().any(|tool| tool.slot == slot)
    }

    /// How many tool calls have begun.
    pub fn tool_count(&self) -> usize {
        self.tools.len()
    }

    /// Begins a tool call. `slot` is the provider's own index of it; a slot that is known already
    /// is not begun twice.
    pub fn tool_start(&mut self, slot: u64, id: &str, name: &str) {
        if self.has_tool(slot) || self.text_slot == Some(slot) {
            return;
        }
        self.end_seam();
        if self.text_tool == Some(name) {
            self.text_slot = Some(slot);
            return self.text_start();
        }
        self.tell_of_tool("tool", slot, &[id, name]);
        let index = self.first_tool + self.tools.len();
        // Some servers send no id; the call must still be answerable.
        let id = if id.is_empty() { format!("call_{index}") } else { id.to_owned() };
        self.tools.push(OpenTool { slot, part: self.parts.len(), ended: false });
        self.meter.add(name);
        let call = ToolCall { id, name: name.to_owned(), input_text: String::new() };
        if self.live {
            self.start();
            self.batch.push_json(&object! { "type": "tool-call-start", "index": index, "id": &call.id, "name": &call.name });
        }
        self.parts.push(AssistantPart::ToolCall(call));
    }

    /// A fragment of a tool call's arguments. Nothing happens for an empty one, or for a slot that
    /// was not begun.
    pub fn tool_input(&mut self, slot: u64, delta: &str) {
        if self.text_slot == Some(slot) {
            return self.text(delta);
        }
        let Some(index) = self.tools.iter().position(|tool| tool.slot == slot) else { return };
        if delta.is_empty() {
            return;
        }
        self.tell_of_tool("input", slot, &[delta]);
        if let Some(AssistantPart::ToolCall(call)) = self.parts.get_mut(self.tools[index].part) {
            call.input_text.push_str(delta);
        }
        self.delta(Kind::ToolInput, self.first_tool + index, delta);
    }

    /// The arguments are whole: the `tool-call` event is due. Ending twice is ending once.
    pub fn tool_end(&mut self, slot: u64) {
        if let Some(index) = self.tools.iter().position(|tool| tool.slot == slot) {
            self.end_tool(index);
        }
    }

    fn end_tool(&mut self, index: usize) {
        if std::mem::replace(&mut self.tools[index].ended, true) {
            return;
        }
        self.tell_of_tool("tool-end", self.tools[index].slot, &[]);
        if let Some(AssistantPart::ToolCall(call)) = self.parts.get(self.tools[index].part) {
            if self.live {
                let mut event = call.to_json();
                event.set("index", self.first_tool + index);
                self.batch.push_json(&event);
            }
            if call.input().is_none() {
                self.warnings.push(Warning {
                    code: "incomplete-tool-input",
                    message: format!("the arguments of the tool call {} ({}) are not JSON", call.name, call.id),
                    setting: None,
                });
            }
        }
    }

    /// Why it ended, in our words and in the provider's. The last one said counts: a late
    /// `content_filter` takes back an earlier `stop`.
    pub fn finish(&mut self, reason: FinishReason, raw: Option<&str>) {
        self.finish = Some((reason, raw.map(str::to_owned)));
    }

    /// Whether the provider said why it ended.
    pub fn is_finished(&self) -> bool {
        self.finish.is_some()
    }

    /// Whether anything was shown: from then on a failure is not silently tried again.
    pub fn has_started(&self) -> bool {
        self.started
    }

    /// Whether what says who answers changes nothing any more: see [`Answer::identity`].
    pub fn is_under_way(&self) -> bool {
        self.started && !self.resumed
    }

    /// Ends every tool call that is still open: for wires that have no end of their own for them.
    pub fn end_tools(&mut self) {
        for index in 0..self.tools.len() {
            self.end_tool(index);
        }
    }

    fn tell(&mut self, call: &str, texts: &[&str]) {
        if let Some(tape) = &mut self.tape {
            tape.say(call, texts);
        }
    }

    fn tell_of_tool(&mut self, call: &str, slot: u64, texts: &[&str]) {
        if let Some(tape) = &mut self.tape {
            tape.tool(call, slot, texts);
        }
    }

    fn delta(&mut self, kind: Kind, index: usize, text: &str) {
        self.meter.add(text);
        if self.live {
            self.start();
            self.batch.push(kind, index, text);
        }
        self.started = true;
        self.resumed = false;
    }

    /// The `start` event, once, ahead of the first delta.
    pub fn start(&mut self) {
        if self.live && !self.announced {
            self.announced = true;
            let event = object! { "type": "start", "provider": &self.provider, "model": &self.model, "id": &self.id };
            self.batch.push_json(&event);
        }
        self.started = true;
    }

    /// An event made elsewhere, passed on as it is.
    pub fn pass_on(&mut self, event: &str) {
        self.batch.push(Kind::Json, 0, event);
    }

    /// What has arrived, as a response. `stopped` overrides the reason: "aborted" or "budget" for
    /// an answer that was ended from this side.
    pub fn response(&self, stopped: Option<FinishReason>, raw: Option<String>) -> ChatResponse {
        let (mut text, mut reasoning) = (String::new(), String::new());
        let mut tool_calls = Vec::new();
        let mut refused = false;
        let mut parts = Vec::with_capacity(self.parts.len());
        for part in &self.parts {
            match part {
                AssistantPart::Text { text: piece } if piece.is_empty() => continue,
                AssistantPart::Text { text: piece } => text.push_str(piece),
                AssistantPart::Refusal { text: piece } => {
                    refused = true;
                    text.push_str(piece);
                }
                AssistantPart::Reasoning(piece) if piece.text.is_empty() && piece.signature.is_none() => continue,
                AssistantPart::Reasoning(piece) => reasoning.push_str(&piece.text),
                AssistantPart::ToolCall(call) => tool_calls.push(call.clone()),
            }
            parts.push(part.clone());
        }
        let (said, raw_finish_reason) = self.finish.clone().unwrap_or((FinishReason::Other, None));
        // Without a byte of arguments, an answer cut at its length cannot show a whole call.
        let cut = |call: &ToolCall| said == FinishReason::Length && call.input_text.trim().is_empty();
        let callable = tool_calls.iter().any(|call| call.input().is_some() && !cut(call));
        let stopped = stopped.or(self.over_budget.then_some(FinishReason::Budget));
        let finish_reason = match (stopped, said) {
            (Some(reason), _) => reason,
            (None, FinishReason::ContentFilter | FinishReason::Refusal) => said,
            (None, _) if callable => FinishReason::ToolCalls,
            (None, FinishReason::ToolCalls) if self.text_slot.is_some() => FinishReason::Stop,
            (None, FinishReason::ToolCalls) => FinishReason::Other,
            (None, FinishReason::Stop | FinishReason::Other) if refused => FinishReason::Refusal,
            (None, _) => said,
        };
        let mut usage = self.usage;
        if usage.total_tokens.is_none()
            && let (Some(input), Some(output)) = (usage.input_tokens, usage.output_tokens)
        {
            usage.total_tokens = Some(input + output);
        }
        let mut cost = self.cost_of(&usage);
        if let Some((mut earlier, earlier_cost)) = self.earlier.clone() {
            earlier.add(usage);
            usage = earlier;
            cost = Cost::sum(earlier_cost, cost.as_ref());
        }
        ChatResponse {
            id: self.id.clone(),
            provider: self.provider.clone(),
            model: self.model.clone(),
            text,
            reasoning,
            tool_calls,
            message: parts,
            earlier: Vec::new(),
            output: None,
            output_handle: None,
            finish_reason,
            raw_finish_reason,
            usage,
            cost,
            cached: self.cached,
            attempts: Vec::new(),
            timing: Timing::default(),
            warnings: self.warnings.clone(),
            request_id: None,
            call_id: String::new(),
            raw,
        }
    }
}
