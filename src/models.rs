//! What is known of models. For now one fact of one family: how long Anthropic's answers may get,
//! because its API refuses a request that does not say `max_tokens`.
//!
//! This is a stop-gap with a handful of rows, not the model catalogue: that one (windows, prices,
//! abilities, all providers) will take this module's place. Called by [`crate::providers`].

use crate::text::split_once;

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
