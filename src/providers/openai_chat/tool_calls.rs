//! Which tool call a fragment belongs to.
//!
//! OpenAI says so with `index`. Others leave it out, give every call the index 0, or send whole
//! calls without ids (openai-compatible.md §1.9–10). An [`Answer`] wants a slot for each call; the
//! slots are given out here.

use serde_json::value::RawValue;
use std::borrow::Cow;

use super::wire::ToolCallPart;
use crate::answer::Answer;

/// The tool calls of one answer, as far as they have come. A call's slot is its place.
#[derive(Debug, Default)]
pub struct ToolCalls(Vec<Call>);

#[derive(Debug, Default)]
struct Call {
    index: Option<u64>,
    id: String,
    name: String,
    /// Whether the answer knows it: it is told with the name, which it needs for its event.
    begun: bool,
    /// The arguments so far, where they are needed: before the call has a name, and without an
    /// index, to see where one call ends and another of the same tool begins.
    arguments: String,
}

impl ToolCalls {
    /// The fragments of one chunk, or the calls of a whole message.
    pub fn read(&mut self, parts: &[ToolCallPart<'_>], answer: &mut Answer) {
        for (position, part) in parts.iter().enumerate() {
            let function = part.function.as_ref().or(part.custom.as_ref());
            let name = function.map(|function| function.name.as_str()).unwrap_or_default();
            let arguments = function.and_then(|function| function.arguments.or(function.input)).map(text_of).unwrap_or_default();
            let slot = match self.find(part, name, position, parts.len() == 1) {
                Some(slot) => slot,
                None => {
                    self.0.push(Call { index: part.index.0, ..Default::default() });
                    self.0.len() - 1
                }
            };
            self.feed(slot, part.id.as_str(), name, &arguments, answer);
        }
    }

    /// All calls are whole. One that never got a name is told without it: a warning on its
    /// arguments is worth more than a call that vanished.
    pub fn end(&mut self, answer: &mut Answer) {
        for slot in 0..self.0.len() {
            self.begin(slot, answer);
        }
        answer.end_tools();
    }

    fn find(&self, part: &ToolCallPart<'_>, name: &str, position: usize, alone: bool) -> Option<usize> {
        let id = part.id.as_str();
        if let Some(index) = part.index.0 {
            let slot = self.0.iter().rposition(|call| call.index == Some(index))?;
            // Another id together with a name is another call, whatever the index says; another
            // id alone is a server that makes up a new one for every fragment.
            let another = !id.is_empty() && !name.is_empty() && !self.0[slot].id.is_empty() && self.0[slot].id != id;
            return if another { self.0.iter().position(|call| call.id == id) } else { Some(slot) };
        }
        if !id.is_empty() {
            return self.0.iter().position(|call| call.id == id);
        }
        let slot = if alone { self.0.len().checked_sub(1)? } else { position };
        let call = self.0.get(slot)?;
        let continues = name.is_empty() || (name == call.name && !is_json(&call.arguments));
        continues.then_some(slot)
    }

    fn feed(&mut self, slot: usize, id: &str, name: &str, arguments: &str, answer: &mut Answer) {
        let Some(call) = self.0.get_mut(slot) else { return };
        if call.id.is_empty() {
            call.id.push_str(id);
        }
        if call.name.is_empty() {
            call.name.push_str(name);
        }
        if !call.begun || call.index.is_none() {
            call.arguments.push_str(arguments);
        }
        if call.begun {
            answer.tool_input(slot as u64, arguments);
        } else if !call.name.is_empty() {
            self.begin(slot, answer);
        }
    }

    fn begin(&mut self, slot: usize, answer: &mut Answer) {
        let Some(call) = self.0.get_mut(slot).filter(|call| !call.begun) else { return };
        call.begun = true;
        answer.tool_start(slot as u64, &call.id, &call.name);
        answer.tool_input(slot as u64, &call.arguments);
    }
}

/// Arguments as text: a string's content; of anything else, the JSON as it stands.
fn text_of(raw: &RawValue) -> Cow<'_, str> {
    let json = raw.get();
    if !json.starts_with('"') {
        return Cow::Borrowed(json);
    }
    // A raw value was checked to be JSON, but `&str` cannot hold an escape: then it is copied.
    match serde_json::from_str::<&str>(json) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(serde_json::from_str(json).unwrap_or_default()),
    }
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<&RawValue>(text).is_ok()
}
