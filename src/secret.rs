//! A key that prints as `***`, never serialises, and is opened at one call.
//!
//! It is not encryption: it keeps a key out of logs, errors and caches by giving `Debug` and
//! `Display` nothing to print and `serde` nothing to write. The host opens it while it builds the
//! headers of one request; nothing else calls [`Secret::open`].

use std::fmt;

use crate::text::{contains, split_once};

/// A provider's key or bearer token.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes a key over. Surrounding white space is dropped: a line break at the end of a pasted
    /// or mounted key is the commonest reason for a 401, and no header may carry it.
    pub fn new(key: &str) -> Self {
        Self(key.trim().to_owned())
    }

    /// True when there is no key in it (an empty environment variable is none).
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The key itself. Called where headers are built, and by [`Secret::redact`].
    pub fn open(&self) -> &str {
        &self.0
    }

    /// Replaces the key wherever a text repeats it: some servers answer a wrong key by quoting it.
    /// Keys under eight bytes are left: they would blank out ordinary words ("key", "test").
    pub fn redact(&self, text: &str) -> Option<String> {
        if self.0.len() < 8 || !contains(text, &self.0) {
            return None;
        }
        let (mut clean, mut rest) = (String::new(), text);
        while let Some((before, behind)) = split_once(rest, &self.0) {
            clean.push_str(before);
            clean.push_str("***");
            rest = behind;
        }
        clean.push_str(rest);
        Some(clean)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}
