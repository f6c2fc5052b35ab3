//! JSON Schema in the dialect of a provider: what it lacks is rewritten where that keeps the meaning,
//! else said in words (`description`), for the model to read and the validator to check.
//!
//! Which keywords a provider takes is said by its dialect, as [`SchemaRules`]; this knows no provider.
//! Rewriting only ever narrows: what fits the rewritten schema fits the caller's, but for what was put
//! in words, and for the nulls that [`without_added_nulls`] takes out again.

mod definitions;
mod level;
mod merge;
mod nulls;
mod overlap;
mod reference;
mod types;
mod words;

use crate::json::Json;
pub use level::level;
pub use nulls::without_added_nulls;

/// What a provider's schemas may hold. Data.
#[derive(Clone, Copy, Debug)]
pub struct SchemaRules {
    /// Keywords that are kept, with spaces between them.
    pub keywords: &'static str,
    /// Values of `format` that are kept, with spaces between them.
    pub formats: &'static str,
    /// Whether each object must say `additionalProperties: false`.
    pub closed: bool,
    /// Whether every property must be listed in `required`: one that is optional may then be null.
    pub all_required: bool,
    /// Whether each object must have a required property: where there is none, the first may be null.
    pub some_required: bool,
    /// The most that `minItems` may be, where it is among the keywords.
    pub most_min_items: u64,
    /// Whether a schema may refer to itself.
    pub recursion: bool,
    /// Whether the root may be something else than an object without `anyOf`.
    pub any_root: bool,
}

impl SchemaRules {
    fn keeps(&self, keyword: &str) -> bool {
        lists(self.keywords, keyword)
    }
}

/// A schema as a provider takes it.
#[derive(Debug)]
pub struct Leveled {
    /// To be sent.
    pub schema: Json<'static>,
    /// Whether it fits: `false` where it holds something that has no equivalent and that the
    /// provider's grammar cannot leave to words: an object whose members are not known, a place that
    /// may hold anything, recursion, a root that is an array, a `$ref` to somewhere else.
    pub fits: bool,
    /// What was put in words, for a warning: "minLength of /name", …
    pub worded: Vec<String>,
}

/// A name for a schema as the wires want one (`[A-Za-z0-9_-]{1,64}`): its `title`, else "output".
pub fn name_of(schema: &Json<'_>) -> String {
    let mut name = String::new();
    for c in schema.get("title").text().chars().take(64) {
        name.push(if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' });
    }
    if name.is_empty() {
        name.push_str("output");
    }
    name
}

/// Whether a word is in a list with spaces between its words.
fn lists(words: &str, word: &str) -> bool {
    words.split(' ').any(|one| one == word)
}

/// Whether a `type`, which is a name or a list of them, has this name.
fn has_type(types: &Json<'_>, name: &str) -> bool {
    types.str() == Some(name) || types.items().iter().any(|one| one.str() == Some(name))
}

/// Whether an object must have this member.
fn requires(schema: &Json<'_>, name: &str) -> bool {
    schema.get("required").items().iter().any(|one| one.text() == name)
}

/// The values that a `const` or an `enum` leaves, if there is one of them.
fn choices<'s, 'a>(schema: &'s Json<'a>) -> Option<&'s [Json<'a>]> {
    let found = |key| schema.members().iter().find(|(name, _)| name == key).map(|(_, value)| value);
    match (found("const"), found("enum")) {
        (Some(value), _) => Some(std::slice::from_ref(value)),
        (None, Some(Json::Array(values))) => Some(values),
        _ => None,
    }
}
