//! Which tool call a fragment belongs to.
//!
//! OpenAI says so with `index`. Others leave it out, give every call the index 0, or send whole
//! calls without ids (openai-compatible.md §1.9–10). An [`Answer`] wants a slot for each call; the
//! slots are given out here.

use std::borrow::Cow;

use super::either;
use crate::answer::Answer;
use crate::json::Json;

/// The tool calls of one answer, as far as they have come. A call's slot is its place.
#[derive(Default)]
pub struct ToolCalls(Vec<Call>);

#[derive(Default)]
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
    pub fn read(&mut self, parts: &[Json<'_>], answer: &mut Answer) {
        for (position, part) in parts.iter().enumerate() {
            // A custom tool has another member for the same, and in it plain text.
            let function = either(part.get("function"), part.get("custom"));
            let name = function.get("name").text();
            let arguments = match either(function.get("arguments"), function.get("input")) {
                Json::Null => Cow::Borrowed(""),
                Json::String(text) => Cow::Borrowed(text.as_ref()),
                // Some servers send the JSON itself rather than a string of it.
                json => Cow::Owned(json.to_text()),
            };
            let fallback = if parts.len() == 1 { self.0.len().wrapping_sub(1) } else { position };
            let slot = self.find(part, name, fallback).unwrap_or(self.0.len());
            if slot == self.0.len() {
                self.0.push(Call { index: part.get("index").u64(), ..Default::default() });
            }
            self.feed(slot, part.get("id").text(), name, &arguments, answer);
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

    /// The slot of a call that has begun and that a fragment continues which says nothing but this index.
    pub fn going_on(&self, index: u64) -> Option<u64> {
        let slot = self.0.iter().rposition(|call| call.index == Some(index))?;
        self.0.get(slot)?.begun.then_some(slot as u64)
    }

    /// The call that a fragment continues. `fallback`: the slot of one that says nothing itself.
    fn find(&self, part: &Json<'_>, name: &str, fallback: usize) -> Option<usize> {
        let id = part.get("id").text();
        let index = part.get("index").u64();
        if index.is_some() {
            let slot = self.0.iter().rposition(|call| call.index == index)?;
            let call = self.0.get(slot)?;
            // Another id together with a name is another call, whatever the index says; another
            // id alone is a server that makes up a new one for every fragment.
            let another = !id.is_empty() && !name.is_empty() && !call.id.is_empty() && call.id != id;
            return if another { self.slot_of_id(id) } else { Some(slot) };
        }
        if !id.is_empty() {
            return self.slot_of_id(id);
        }
        let call = self.0.get(fallback)?;
        let continues = name.is_empty() || (name == call.name && Json::parse(&call.arguments).is_err());
        continues.then_some(fallback)
    }

    fn slot_of_id(&self, id: &str) -> Option<usize> {
        self.0.iter().position(|call| call.id == id)
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
