//! What is known of models: [`ModelInfo`], as a provider's own list, the catalogue ([`catalogue`]) or the
//! caller says it; what they cost ([`price`]); and one fact of one family, how long Anthropic's answers
//! may get, because its API refuses a request that does not say `max_tokens` and the catalogue may not be
//! loaded yet.

pub mod catalogue;
pub mod price;

use crate::json::Json;
use crate::object;
use crate::text::split_once;
use price::Price;

/// One model. `None` is "not said", never "no" and never 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ModelInfo {
    /// As it is asked for, without the provider's name.
    pub id: String,
    /// As configured.
    pub provider: String,
    /// Input and output together, in tokens.
    pub context_window: Option<u64>,
    /// Where the input has a limit of its own.
    pub max_input_tokens: Option<u64>,
    /// The longest answer.
    pub max_output_tokens: Option<u64>,
    /// A date: "2026-10-23".
    pub deprecated_on: Option<String>,
    /// What it can do.
    pub abilities: Abilities,
    /// Its tokenizer, where that is published.
    pub encoding: Option<String>,
    /// What it costs. `None` is unknown, never free.
    pub price: Option<Price>,
}

/// What a model can do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the contract's own fields")]
pub struct Abilities {
    pub tools: Option<bool>,
    pub vision: Option<bool>,
    pub files: Option<bool>,
    pub json_schema: Option<bool>,
    pub reasoning: Option<bool>,
}

impl ModelInfo {
    /// Takes what `newer` knows, and keeps the rest. A price is taken whole: half of one and half of
    /// another would be nobody's.
    pub fn overlay(&mut self, newer: &Self) {
        fn take<T: Clone>(old: &mut Option<T>, new: &Option<T>) {
            if new.is_some() {
                old.clone_from(new);
            }
        }
        take(&mut self.context_window, &newer.context_window);
        take(&mut self.max_input_tokens, &newer.max_input_tokens);
        take(&mut self.max_output_tokens, &newer.max_output_tokens);
        take(&mut self.deprecated_on, &newer.deprecated_on);
        take(&mut self.encoding, &newer.encoding);
        take(&mut self.price, &newer.price);
        let (old, new) = (&mut self.abilities, &newer.abilities);
        take(&mut old.tools, &new.tools);
        take(&mut old.vision, &new.vision);
        take(&mut old.files, &new.files);
        take(&mut old.json_schema, &new.json_schema);
        take(&mut old.reasoning, &new.reasoning);
    }

    /// As the contract has it.
    pub fn to_json(&self) -> Json<'_> {
        let Abilities { tools, vision, files, json_schema, reasoning } = self.abilities;
        object! {
            "id": &self.id,
            "provider": &self.provider,
            "contextWindow": self.context_window,
            "maxInputTokens": self.max_input_tokens,
            "maxOutputTokens": self.max_output_tokens,
            "encoding": self.encoding.as_deref(),
            "deprecatedOn": self.deprecated_on.as_deref(),
            "abilities": object! {
                "tools": tools,
                "vision": vision,
                "files": files,
                "jsonSchema": json_schema,
                "reasoning": reasoning,
            },
            "price": self.price.as_ref().map(Price::to_json),
        }
    }
}

/// What a Claude's name begins with → longest output in tokens. The first match counts.
static MAX_OUTPUT_TOKENS: [(&str, u64); 12] = [
    ("fable-5", 128_000),
    ("mythos-5", 128_000),
    ("opus-5", 128_000),
    ("sonnet-5", 128_000),
    ("haiku-5", 128_000),
    ("opus-4-8", 128_000),
    ("opus-4-7", 128_000),
    ("opus-4-6", 128_000),
    ("sonnet-4-6", 128_000),
    ("opus-4-5", 64_000),
    ("sonnet-4-5", 64_000),
    ("haiku-4-5", 64_000),
];

/// The longest answer that a model can give; `None` when the model is not known here.
pub fn max_output_tokens(model: &str) -> Option<u64> {
    let name = claude_name(model)?;
    MAX_OUTPUT_TOKENS.iter().find(|(prefix, _)| begins_with(name, prefix)).map(|(_, tokens)| *tokens)
}

/// What stands behind "claude-" in a Claude model's id, with or without a vendor in front
/// ("anthropic/claude-sonnet-4.5", "us.anthropic.claude-…"). `None` for other families.
pub fn claude_name(model: &str) -> Option<&str> {
    Some(split_once(model, "claude-")?.1)
}

/// Whether a name begins with a prefix in Anthropic's spelling: gateways write versions with a dot.
pub fn begins_with(name: &str, prefix: &str) -> bool {
    let same = |(given, wanted): (u8, u8)| given == wanted || (given == b'.' && wanted == b'-');
    name.len() >= prefix.len() && name.bytes().zip(prefix.bytes()).all(same)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_found_by_prefix_behind_a_vendor_and_with_dots() {
        assert_eq!(max_output_tokens("claude-sonnet-5-5"), Some(128_000));
        assert_eq!(max_output_tokens("claude-haiku-4-5-20251001"), Some(64_000));
        assert_eq!(max_output_tokens("anthropic/claude-sonnet-4.5"), Some(64_000));
        assert_eq!(max_output_tokens("claude-opus-9"), None);
        assert_eq!(max_output_tokens("glm-4.6"), None);
    }
}
