//! Which encoding a model has, and how well that is known.
//!
//! The names are those of `tiktoken/model.py` of tiktoken 0.14, without the encodings that this package does not carry. What tiktoken
//! does not map has no published tokenizer, or none here: o200k_base then, times a ratio of the family, and `exact: false`.

/// An encoding by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Of gpt-4o and what came after it.
    O200kBase,
    /// o200k_base with more special tokens; of gpt-oss.
    O200kHarmony,
    /// Of gpt-4, gpt-3.5 and the embedding models.
    Cl100kBase,
    /// Of the last models for completions.
    P50kBase,
}

use Encoding::*;

impl Encoding {
    /// Every encoding.
    pub const ALL: [Encoding; 4] = [O200kBase, O200kHarmony, Cl100kBase, P50kBase];

    /// As tiktoken calls it.
    pub fn name(self) -> &'static str {
        match self {
            O200kBase => "o200k_base",
            O200kHarmony => "o200k_harmony",
            Cl100kBase => "cl100k_base",
            P50kBase => "p50k_base",
        }
    }

    /// By its name.
    pub fn from_name(name: &str) -> Option<Encoding> {
        Encoding::ALL.into_iter().find(|encoding| encoding.name() == name)
    }

    /// The encoding whose vocabulary it has: harmony has that of o200k_base.
    pub fn vocabulary(self) -> Encoding {
        if self == O200kHarmony { O200kBase } else { self }
    }
}

/// How a model's tokens are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counting {
    /// What counts.
    pub encoding: Encoding,
    /// Whether the model has this very encoding.
    pub exact: bool,
    /// The model's tokens for a hundred that are counted.
    pub percent: u32,
    /// How far that may be off, in percent.
    pub margin: u32,
}

/// What a name starts with. A name matches when it ends there or goes on with "-", and any way when it says `*`.
const EXACT: &[(&str, Encoding)] = &[
    ("gpt-5*", O200kBase),
    ("gpt-4o", O200kBase),
    ("gpt-4.1", O200kBase),
    ("gpt-4.5", O200kBase),
    ("chatgpt-4o", O200kBase),
    ("o1", O200kBase),
    ("o3", O200kBase),
    ("o4-mini", O200kBase),
    ("codex-mini", O200kBase),
    ("gpt-oss", O200kHarmony),
    ("gpt-4", Cl100kBase),
    ("gpt-3.5", Cl100kBase),
    ("gpt-35-turbo", Cl100kBase),
    ("text-embedding-3", Cl100kBase),
    ("text-embedding-ada-002", Cl100kBase),
    ("davinci-002", Cl100kBase),
    ("babbage-002", Cl100kBase),
    ("text-davinci-002", P50kBase),
    ("text-davinci-003", P50kBase),
    ("code-davinci-001", P50kBase),
    ("code-davinci-002", P50kBase),
    ("code-cushman-001", P50kBase),
    ("code-cushman-002", P50kBase),
    ("davinci-codex", P50kBase),
    ("cushman-codex", P50kBase),
];

/// Families without a published tokenizer: their tokens for a hundred of o200k_base, and the margin, in percent. Claude's: Anthropic's
/// published constant of the older tokenizer (1.1), and 30 % more from Opus 4.7, Sonnet 5, Fable 5 and Mythos on. Where nothing is
/// published the ratio is one and the margin says so.
const FAMILIES: &[(&str, u32, u32)] = &[
    ("gpt-6*", 100, 10),
    ("gpt-*", 100, 15),
    ("claude-opus-4-7*", 143, 20),
    ("claude-opus-4-8*", 143, 20),
    ("claude-opus-4-9*", 143, 20),
    ("claude-opus-5*", 143, 20),
    ("claude-sonnet-5*", 143, 20),
    ("claude-fable*", 143, 20),
    ("claude-mythos*", 143, 20),
    ("claude*", 110, 20),
];

/// How the tokens of a model are counted. `model`: "provider/model", a model's name, or an encoding's.
pub fn of(model: &str) -> Counting {
    let name = model.rsplit('/').next().unwrap_or(model);
    let name = name.strip_prefix("ft:").unwrap_or(name);
    let name = name.split(':').next().unwrap_or(name);
    // Bedrock and its like say "anthropic.claude-…" and "us.anthropic.claude-…". By hand: a search for a text weighs 2 KB in the core.
    let vendor = b"anthropic.";
    let name =
        name.as_bytes().windows(vendor.len()).rposition(|part| part == vendor).and_then(|at| name.get(at + vendor.len()..)).unwrap_or(name);
    let exact = |encoding| Counting { encoding, exact: true, percent: 100, margin: 0 };
    if let Some(encoding) = Encoding::from_name(name) {
        return exact(encoding);
    }
    if let Some((_, encoding)) = EXACT.iter().find(|(pattern, _)| matches(name, pattern)) {
        return exact(*encoding);
    }
    let family = FAMILIES.iter().find(|(pattern, ..)| matches(name, pattern));
    let (percent, margin) = family.map_or((100, 30), |(_, percent, margin)| (*percent, *margin));
    Counting { encoding: O200kBase, exact: false, percent, margin }
}

fn matches(name: &str, pattern: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name.strip_prefix(pattern).is_some_and(|rest| rest.is_empty() || rest.starts_with('-')),
    }
}
