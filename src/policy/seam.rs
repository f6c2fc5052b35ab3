//! An answer that broke off and goes on at another target: what that one is asked, and how the two
//! parts become one text.

use crate::chat::{AssistantPart, ChatRequest, Message, ToolChoice, UserPart};
use crate::text::slice;

/// How much of the text a target is shown again where it cannot go on with it (field.md §2).
const QUOTED_BYTES: usize = 200;
/// How far back a repetition may begin.
const TAIL_BYTES: usize = 400;
/// A repetition is at least so long: "ha" behind "ha" is none.
const SHORTEST_BYTES: usize = 8;
const BYTES_PER_TOKEN: u64 = 4;

/// Whether an answer may go on elsewhere: not where a second half can fit no first one.
pub fn can_continue(request: &ChatRequest, calls: bool) -> bool {
    let forced = matches!(request.tool_choice, Some(ToolChoice::Required | ToolChoice::Named(_)));
    !calls && !forced && request.output.is_none()
}

/// The request of an answer that goes on. `said`: the text that arrived. `prefills`: whether the target
/// goes on with a last message of the assistant's; where not, the user asks for it.
pub fn continuation(request: &ChatRequest, said: &str, prefills: bool) -> ChatRequest {
    let mut messages = request.messages.clone();
    if !said.is_empty() {
        messages.push(Message::Assistant { content: vec![AssistantPart::Text { text: said.to_owned() }] });
    }
    if !prefills && !said.is_empty() {
        let quoted = slice(said, floor(said, said.len().saturating_sub(QUOTED_BYTES)), said.len());
        let text = format!(
            "Your answer was cut off. It ended with:\n\n{quoted}\n\nGo on exactly where it stopped, in the middle of the sentence or word if need be. Repeat nothing, and add no introduction. If a space or a line break comes next, begin with it."
        );
        messages.push(Message::User { content: vec![UserPart::Text(text)], name: None });
    }
    let mut going_on = request.with_messages(messages);
    let spent = said.len() as u64 / BYTES_PER_TOKEN;
    going_on.max_tokens = request.max_tokens.map(|most| most.saturating_sub(spent).max(1));
    going_on
}

/// The nearest boundary of a character at or behind a byte.
fn floor(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at += 1;
    }
    at
}

/// Takes out of the second part what it repeats of the first.
#[derive(Debug, Default)]
pub struct Seam {
    /// The end of the first part.
    tail: String,
    /// The beginning of the second, while it may be a repetition.
    held: String,
    /// It has been decided: what comes is passed on.
    closed: bool,
}

impl Seam {
    /// Behind this text.
    pub fn new(said: &str) -> Self {
        let tail = slice(said, floor(said, said.len().saturating_sub(TAIL_BYTES)), said.len()).to_owned();
        Self { closed: tail.is_empty(), tail, held: String::new() }
    }

    /// What of the text so far, this delta included and what was passed on before left out, is new.
    /// Empty while that cannot be told.
    pub fn push(&mut self, delta: &str) -> String {
        if self.closed {
            return delta.to_owned();
        }
        self.held.push_str(delta);
        // While all of it may be the beginning of a repetition that the next delta completes.
        let held = self.held.as_bytes();
        if held.len() < self.tail.len() && self.starts().any(|end| end.len() > held.len() && end.starts_with(held)) {
            return String::new();
        }
        self.finish()
    }

    /// The answer is over, or has turned out to be new: what was held back.
    pub fn finish(&mut self) -> String {
        self.closed = true;
        let held = std::mem::take(&mut self.held);
        let repeats = |end: &&[u8]| end.len() >= SHORTEST_BYTES && held.as_bytes().starts_with(end);
        let repeated = self.starts().find(repeats).map_or(0, <[u8]>::len);
        // White space at the end of the first part is not shown to those who go on with it (Anthropic
        // refuses it), and so comes again.
        let blank = slice(&self.tail, self.tail.trim_end().len(), self.tail.len());
        let repeated = if repeated == 0 && held.starts_with(blank) { blank.len() } else { repeated };
        slice(&held, repeated, held.len()).to_owned()
    }

    /// The ends of the first part, the longest first: each may be what the second begins with.
    fn starts(&self) -> impl Iterator<Item = &[u8]> {
        self.tail.char_indices().map(|(at, _)| &self.tail.as_bytes()[at..])
    }
}
