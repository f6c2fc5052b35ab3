//! What in a request costs tokens.
//!
//! Chat framing as OpenAI's cookbook counts it: tokens for each message, for a name, and for the answer that is begun. Tools are written out
//! for the model in a form of its own, which nobody publishes; what is known are constants that drift with the models.

use modelwire_tokens::encodings::Counting;

use super::images;
use crate::chat::{AssistantPart, ChatRequest, Message, UserPart};
use crate::json::Json;

/// Tokens by what they are for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    /// The texts of messages, and the system text.
    pub messages: u64,
    /// Tools and the schema of the output.
    pub tools: u64,
    /// Images, files and sound.
    pub images: u64,
    /// What is put between them.
    pub framing: u64,
    /// How far what is no text may be off.
    pub unsure: u64,
}

impl Parts {
    /// All of it.
    pub fn sum(&self) -> u64 {
        self.messages + self.tools + self.images + self.framing
    }
}

/// A family's constants: what its models' names start with; for the request, for each message, for having tools, for each tool.
/// OpenAI's as measured against its reported usage, Claude's as published for the older tokenizer.
const FRAMING: &[(&str, [u64; 4])] = &[("gpt-4o", [6, 3, 16, 0]), ("gpt-5", [5, 4, 24, 0]), ("claude", [3, 3, 549, 53])];
const USUAL: [u64; 4] = [3, 3, 16, 0];

fn framing_of(model: &str) -> [u64; 4] {
    let name = model.rsplit('/').next().unwrap_or(model);
    FRAMING.iter().find(|(start, _)| name.starts_with(start)).map_or(USUAL, |(_, framing)| *framing)
}

/// The tokens of a request at a model, and of each message alone, its framing included. `text` counts a text.
pub fn count_parts(request: &ChatRequest, model: &str, counting: Counting, text: &mut dyn FnMut(&str) -> u64) -> (Parts, Vec<u64>) {
    let [base, each, with_tools, each_tool] = framing_of(model);
    let mut scaled = |words: &str| (text(words) * u64::from(counting.percent)).div_ceil(100);
    let mut parts = Parts { framing: base, ..Parts::default() };
    let sizes = request.messages.iter().map(|message| {
        let before = parts.sum();
        message_parts(message, model, &mut scaled, &mut parts);
        parts.framing += each;
        parts.sum() - before
    });
    let sizes = sizes.collect();
    if let Some(system) = &request.system {
        parts.messages += scaled(system);
        parts.framing += each;
    }
    for tool in &request.tools {
        parts.tools += each_tool + scaled(&written_out(&tool.name, tool.description.as_deref(), &tool.input));
    }
    if !request.tools.is_empty() {
        parts.tools += with_tools;
    }
    if let Some(schema) = &request.output {
        parts.tools += scaled(&schema.to_text());
    }
    (parts, sizes)
}

fn message_parts(message: &Message, model: &str, text: &mut dyn FnMut(&str) -> u64, parts: &mut Parts) {
    match message {
        Message::System { content } => parts.messages += text(content),
        Message::User { content, name } => {
            user_parts(content, model, text, parts);
            parts.framing += name.as_ref().map_or(0, |name| 1 + text(name));
        }
        Message::Tool { content, .. } => user_parts(content, model, text, parts),
        Message::Assistant { content } => {
            for part in content {
                parts.messages += match part {
                    AssistantPart::Text { text: words } | AssistantPart::Refusal { text: words } => text(words),
                    AssistantPart::Reasoning(part) => text(&part.text),
                    AssistantPart::ToolCall(call) => text(&call.name) + text(&call.input_text) + 6,
                };
            }
        }
    }
}

fn user_parts(content: &[UserPart], model: &str, text: &mut dyn FnMut(&str) -> u64, parts: &mut Parts) {
    for part in content {
        let (tokens, unsure) = match part {
            UserPart::Text(words) => {
                parts.messages += text(words);
                continue;
            }
            UserPart::Image { image, detail } => images::tokens(model, image, *detail),
            // A page is about as much as an image, and nobody here reads how many there are.
            UserPart::File { .. } | UserPart::Audio { .. } => (1_000, 1_000),
        };
        parts.images += tokens;
        parts.unsure += unsure;
    }
}

/// A tool the way that models are shown one: its description as a comment, its arguments as a type.
fn written_out(name: &str, description: Option<&str>, input: &Json) -> String {
    let mut out = String::new();
    for line in description.iter().flat_map(|text| text.split('\n')) {
        out.push_str("// ");
        out.push_str(line);
        out.push('\n');
    }
    out.push_str("type ");
    out.push_str(name);
    out.push_str(" = (_: ");
    write_type(input, 0, &mut out);
    out.push_str(") => any;\n\n");
    out
}

/// How deep types are written; deeper ones are `any`.
const DEEPEST: usize = 12;

fn write_type(schema: &Json, depth: usize, out: &mut String) {
    let values = schema.get("enum").items();
    if !values.is_empty() {
        join(values, " | ", out, |value, out| value.write(out));
    } else if depth > DEEPEST {
        out.push_str("any");
    } else if schema.get("properties").is_object() {
        out.push_str("{\n");
        let required = schema.get("required").items();
        for (name, property) in schema.get("properties").members() {
            if let Some(description) = property.get("description").str() {
                out.push_str("// ");
                out.push_str(description);
                out.push('\n');
            }
            out.push_str(name);
            out.push_str(if required.iter().any(|one| one.str() == Some(name)) { ": " } else { "?: " });
            write_type(property, depth + 1, out);
            out.push_str(",\n");
        }
        out.push('}');
    } else if schema.get("items").is_object() {
        write_type(schema.get("items"), depth + 1, out);
        out.push_str("[]");
    } else if !schema.get("anyOf").items().is_empty() {
        join(schema.get("anyOf").items(), " | ", out, |one, out| write_type(one, depth + 1, out));
    } else {
        out.push_str(match schema.get("type").str() {
            Some("integer") => "number",
            Some(name) => name,
            None => "any",
        });
    }
}

fn join(items: &[Json], between: &str, out: &mut String, write: impl Fn(&Json, &mut String)) {
    for (place, item) in items.iter().enumerate() {
        if place > 0 {
            out.push_str(between);
        }
        write(item, out);
    }
}

/// No encoding has fewer bytes than tokens: the most that a request can have, without counting it.
pub fn byte_bound(request: &ChatRequest, model: &str, counting: Counting) -> u64 {
    let (parts, _) = count_parts(request, model, counting, &mut |text| text.len() as u64);
    parts.sum() + parts.unsure
}
