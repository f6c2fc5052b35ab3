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

/// The secrets among what a caller has sent with his requests besides the key: some proxies take theirs in headers of their own,
/// some in the address.
///
/// Of a header or query whose name says that it is one, everything from eight bytes; of others, what looks like one. Those by
/// which a provider is told what to do are left: an error about one of these has to name it.
pub fn credentials(base_url: &str, headers: &[(String, String)], found: &mut Vec<Secret>) {
    for (name, value) in headers {
        let name = name.to_ascii_lowercase();
        if OPEN.iter().any(|open| name.starts_with(open)) {
            continue;
        }
        let is_secret = is_secret_name(&name);
        // "Bearer …", "a=…; b=…": servers quote a part of it, too.
        let parts = value.split([' ', ';', ',']).flat_map(|part| [part, part.split_once('=').map_or("", |(_, value)| value)]);
        found.extend([value.as_str()].into_iter().chain(parts).filter(|part| is_secret || looks_secret(part)).map(Secret::new));
    }
    let (path, query) = base_url.split_once('?').unwrap_or((base_url, ""));
    found.extend(path.split('/').skip(3).filter(|part| looks_secret(part)).map(Secret::new));
    for (name, value) in query.split(['&', '#']).filter_map(|pair| pair.split_once('=')) {
        if is_secret_name(&name.to_ascii_lowercase()) || looks_secret(value) {
            found.push(Secret::new(value));
        }
    }
}

/// Beginnings of the names of headers that hold none.
const OPEN: [&str; 9] =
    ["accept", "anthropic-", "content-", "http-referer", "idempotency-key", "openai-", "traceparent", "user-agent", "x-stainless-"];

fn is_secret_name(name: &str) -> bool {
    ["key", "token", "secret", "auth", "pass", "cookie", "credential", "sig", "session"].iter().any(|word| contains(name, word))
}

/// Twelve letters and digits in a row, with both among them: no word, date or version is that.
fn looks_secret(text: &str) -> bool {
    text.as_bytes()
        .split(|byte| !byte.is_ascii_alphanumeric())
        .any(|run| run.len() >= 12 && run.iter().any(u8::is_ascii_digit) && run.iter().any(u8::is_ascii_alphabetic))
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
