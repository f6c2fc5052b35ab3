//! What a call will take, before it is sent: input from its length, output from what the model's answers
//! came to.
//!
//! An estimate for the limits alone; what it really came to settles them.

use crate::chat::{AssistantPart, ChatRequest, Message, UserPart};

/// English in the current vocabularies has four to five.
const BYTES_PER_TOKEN: f64 = 4.0;
/// What frames a message (tokens.md: three and a role).
const TOKENS_PER_MESSAGE: f64 = 4.0;
/// An image of usual size at the providers that count tiles or patches; a page of a file is about as much.
const TOKENS_PER_MEDIUM: f64 = 1_000.0;
/// Of an answer, before any was seen.
const USUAL_OUTPUT: f64 = 1_024.0;
/// Models whose answers are remembered.
const MOST_MODELS: usize = 64;

/// About how many input tokens a request has.
pub fn input_tokens(request: &ChatRequest) -> f64 {
    let mut bytes = request.system.as_ref().map_or(0, String::len);
    let mut media = 0;
    let mut user = |parts: &[UserPart]| {
        for part in parts {
            match part {
                UserPart::Text(text) => bytes += text.len(),
                _ => media += 1,
            }
        }
    };
    let mut said = 0;
    for message in &request.messages {
        match message {
            Message::System { content } => said += content.len(),
            Message::User { content, .. } | Message::Tool { content, .. } => user(content),
            Message::Assistant { content } => {
                for part in content {
                    said += match part {
                        AssistantPart::Text { text } | AssistantPart::Refusal { text } => text.len(),
                        AssistantPart::Reasoning(part) => part.text.len(),
                        AssistantPart::ToolCall(call) => call.name.len() + call.input_text.len(),
                    };
                }
            }
        }
    }
    for tool in &request.tools {
        bytes += tool.name.len() + tool.description.as_ref().map_or(0, String::len) + tool.input.to_text().len();
    }
    bytes += request.output.as_ref().map_or(0, |schema| schema.to_text().len());
    (bytes + said) as f64 / BYTES_PER_TOKEN + request.messages.len() as f64 * TOKENS_PER_MESSAGE + f64::from(media) * TOKENS_PER_MEDIUM
}

/// How long a model's answers get: a running 95th percentile for each.
#[derive(Debug, Default)]
pub struct Expected {
    models: Vec<(String, f64)>,
}

impl Expected {
    /// Of the next answer.
    pub fn output_tokens(&self, model: &str) -> f64 {
        self.models.iter().find(|(known, _)| known == model).map_or(USUAL_OUTPUT, |(_, tokens)| *tokens)
    }

    /// One came to this. The estimate moves by a share of itself, nineteen times as far up as down, and so
    /// comes to rest where one in twenty is longer.
    pub fn saw(&mut self, model: &str, tokens: f64) {
        if !self.models.iter().any(|(known, _)| known == model) {
            if self.models.len() >= MOST_MODELS {
                self.models.remove(0);
            }
            self.models.push((model.to_owned(), USUAL_OUTPUT));
        }
        for (known, estimate) in &mut self.models {
            if known == model {
                *estimate = if tokens > *estimate { (*estimate * 1.38).min(tokens) } else { (*estimate * 0.98).max(tokens).max(1.0) };
            }
        }
    }
}
