//! What is known of models. For now one fact of one family: how long Anthropic's answers may get,
//! because its API refuses a request that does not say `max_tokens`.
//!
//! This is a stop-gap with a handful of rows, not the model catalogue: that one (windows, prices,
//! abilities, all providers) will take this module's place. Called by [`crate::providers`].

/// Id prefix without its vendor → longest output in tokens. The first match counts.
const MAX_OUTPUT_TOKENS: &[(&str, u64)] = &[
    ("claude-fable-5", 128_000),
    ("claude-mythos-5", 128_000),
    ("claude-opus-5", 128_000),
    ("claude-sonnet-5", 128_000),
    ("claude-haiku-5", 128_000),
    ("claude-opus-4-8", 128_000),
    ("claude-opus-4-7", 128_000),
    ("claude-opus-4-6", 128_000),
    ("claude-sonnet-4-6", 128_000),
    ("claude-opus-4-5", 64_000),
    ("claude-sonnet-4-5", 64_000),
    ("claude-haiku-4-5", 64_000),
];

/// The longest answer that a model can give; `None` when the model is not known here.
pub fn max_output_tokens(model: &str) -> Option<u64> {
    let id = claude_id(model)?;
    MAX_OUTPUT_TOKENS.iter().find(|(prefix, _)| id.starts_with(prefix)).map(|(_, tokens)| *tokens)
}

/// A Claude model's id as Anthropic spells it: gateways put a vendor in front
/// ("anthropic/claude-sonnet-4.5", "us.anthropic.claude-…") and write versions with a dot.
/// `None` for other families.
pub fn claude_id(model: &str) -> Option<String> {
    let start = model.find("claude-")?;
    Some(model[start..].replace('.', "-"))
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
