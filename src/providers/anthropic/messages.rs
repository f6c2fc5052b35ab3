//! A conversation as Anthropic wants it: `system` apart, turns that alternate, every tool result in
//! the user turn right behind its call.

use serde_json::{Value, json};

use super::KIND;
use super::abilities::Abilities;
use crate::chat::{AssistantPart, ChatRequest, Message, ReasoningPart, UserPart, Warning};
use crate::error::{Error, ErrorKind, Result};
use crate::providers::tool_ids::ToolIds;

/// The encoded conversation.
pub struct Conversation {
    /// All system text ahead of the first turn.
    pub system: Option<String>,
    /// The `messages`.
    pub turns: Vec<Value>,
}

/// Encodes the messages of a request.
pub fn encode(model: &str, request: &ChatRequest, abilities: Abilities, warnings: &mut Vec<Warning>) -> Result<Conversation> {
    let mut system: Vec<&str> = request.system.iter().map(String::as_str).collect();
    let mut turns = Turns(Vec::new());
    let mut ids = ToolIds::new(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    for (index, message) in request.messages.iter().enumerate() {
        match message {
            Message::System { content } if turns.0.is_empty() => system.push(content),
            Message::System { content } if abilities.system_turns => turns.add(Role::System, text_block(content)),
            Message::System { content } => turns.add(Role::User, text_block(content)),
            Message::User { content, name } => {
                if name.is_some() {
                    warnings.push(Warning::dropped(&format!("messages[{index}].name"), "Anthropic does not tell users apart"));
                }
                for UserPart::Text(text) in content {
                    turns.add(Role::User, text_block(text));
                }
            }
            Message::Assistant { content } => {
                for part in content {
                    turns.add(Role::Assistant, assistant_block(part, &mut ids));
                }
            }
            Message::Tool { call_id, content, is_error } => {
                let mut result = json!({ "type": "tool_result", "tool_use_id": ids.result(call_id) });
                let text = UserPart::text(content);
                if !text.is_empty() {
                    result["content"] = text.into();
                }
                if *is_error {
                    result["is_error"] = true.into();
                }
                turns.add_result(result);
            }
        }
    }
    system.retain(|text| !text.trim().is_empty());
    let system = (!system.is_empty()).then(|| system.join("\n\n"));
    Ok(Conversation { system, turns: turns.finish(model, abilities)? })
}

/// `None` for text that the API refuses as empty.
fn text_block(text: &str) -> Option<Value> {
    (!text.trim().is_empty()).then(|| json!({ "type": "text", "text": text }))
}

fn assistant_block(part: &AssistantPart, ids: &mut ToolIds) -> Option<Value> {
    match part {
        AssistantPart::Text { text } | AssistantPart::Refusal { text } => text_block(text),
        AssistantPart::ToolCall(call) => {
            Some(json!({ "type": "tool_use", "id": ids.call(&call.id), "name": call.name, "input": call.input_object() }))
        }
        AssistantPart::Reasoning(ReasoningPart { text, signature: Some(signature), provider, redacted })
            if provider.as_deref() == Some(KIND) =>
        {
            Some(match redacted {
                true => json!({ "type": "redacted_thinking", "data": signature }),
                false => json!({ "type": "thinking", "thinking": text, "signature": signature }),
            })
        }
        // Thinking of another maker, or unsigned, is refused: the model does without it.
        AssistantPart::Reasoning(_) => None,
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    System,
    User,
    Assistant,
}

struct Turn {
    role: Role,
    /// Come first in their turn, or the API does not see the calls answered.
    results: Vec<Value>,
    blocks: Vec<Value>,
}

struct Turns(Vec<Turn>);

impl Turns {
    /// Adds a block to the last turn if it is the same role's, else to a new one.
    fn add(&mut self, role: Role, block: Option<Value>) {
        let Some(block) = block else { return };
        match self.0.last_mut() {
            Some(turn) if turn.role == role => turn.blocks.push(block),
            _ => self.0.push(Turn { role, results: Vec::new(), blocks: vec![block] }),
        }
    }

    /// Adds a tool result to the user turn behind the assistant's, ahead of system turns that were
    /// put between a call and its result.
    fn add_result(&mut self, result: Value) {
        let at = self.0.iter().rposition(|turn| turn.role != Role::System).map_or(0, |last| last + 1);
        if at > 0 && self.0[at - 1].role == Role::User {
            self.0[at - 1].results.push(result);
        } else {
            self.0.insert(at, Turn { role: Role::User, results: vec![result], blocks: Vec::new() });
        }
    }

    fn finish(mut self, model: &str, abilities: Abilities) -> Result<Vec<Value>> {
        for turn in self.0.iter_mut().filter(|turn| turn.role == Role::Assistant) {
            // An answer cut short while it was thinking: a turn must not end with a thought.
            while turn.blocks.last().is_some_and(is_thinking) {
                turn.blocks.pop();
            }
        }
        self.0.retain(|turn| !turn.blocks.is_empty() || !turn.results.is_empty());
        let unsupported = |why: String| Err(Error::new(ErrorKind::Unsupported, why));
        if self.0.first().is_none_or(|turn| turn.role != Role::User) {
            return unsupported("messages: the first that is not a system message must be a user's, with text, for Anthropic".to_owned());
        }
        if let Some(last) = self.0.last_mut().filter(|turn| turn.role == Role::Assistant) {
            if !abilities.prefill {
                return unsupported(format!("messages: the last is the assistant's, and {model} does not continue its own text"));
            }
            if let Some(Value::String(text)) = last.blocks.last_mut().and_then(|block| block.get_mut("text")) {
                text.truncate(text.trim_end().len());
            }
        }
        // Dropping an empty turn may have put two of one role side by side.
        let mut merged: Vec<Turn> = Vec::with_capacity(self.0.len());
        for turn in self.0 {
            match merged.last_mut() {
                Some(last) if last.role == turn.role => {
                    last.results.extend(turn.results);
                    last.blocks.extend(turn.blocks);
                }
                _ => merged.push(turn),
            }
        }
        Ok(merged.into_iter().map(Turn::encode).collect())
    }
}

impl Turn {
    fn encode(self) -> Value {
        let role = match self.role {
            Role::System => "system",
            Role::User => "user",
            Role::Assistant => "assistant",
        };
        let mut blocks = self.results;
        blocks.extend(self.blocks);
        // One plain text is a string: shorter, and every compatible server takes it.
        let content = match blocks.as_slice() {
            [block] if block["type"] == "text" => block["text"].clone(),
            _ => blocks.into(),
        };
        json!({ "role": role, "content": content })
    }
}

fn is_thinking(block: &Value) -> bool {
    matches!(block["type"].as_str(), Some("thinking" | "redacted_thinking"))
}
