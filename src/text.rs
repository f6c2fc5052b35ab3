//! Searching and cutting text, without what the standard library brings along for it.
//!
//! `str::contains` and `str::find` of a string carry a two-way searcher, and `text[a..b]` a panic
//! that can print any text: together nine kilobytes of wasm. What is searched here is short, but for the catalogue, whose lines begin
//! with a byte that is rare in them.

use crate::scan::either;

/// Where `part` begins in `text`.
pub fn find(text: &str, part: &str) -> Option<usize> {
    let (text, Some((first, rest))) = (text.as_bytes(), part.as_bytes().split_first()) else { return Some(0) };
    let mut at = 0;
    loop {
        at += either(text.get(at..)?, *first, *first)?;
        if text.get(at + 1..)?.starts_with(rest) {
            return Some(at);
        }
        at += 1;
    }
}

/// Whether `part` stands in `text`.
pub fn contains(text: &str, part: &str) -> bool {
    find(text, part).is_some()
}

/// What stands before and behind the first `part`.
pub fn split_once<'a>(text: &'a str, part: &str) -> Option<(&'a str, &'a str)> {
    let at = find(text, part)?;
    Some((slice(text, 0, at), slice(text, at + part.len(), text.len())))
}

/// The bytes from `start` to `end`; nothing when they are not whole characters of it.
pub fn slice(text: &str, start: usize, end: usize) -> &str {
    text.get(start..end).unwrap_or("")
}

/// Words in a row, with ", " between them.
pub fn listed<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let mut list = String::new();
    for word in words {
        if !list.is_empty() {
            list.push_str(", ");
        }
        list.push_str(word);
    }
    list
}
