//! Text into pieces: the patterns of the encodings, as state machines.
//!
//! Each file holds the pattern that it is, as tiktoken publishes it (`tiktoken_ext/openai_public.py`). A token never crosses
//! the end of a piece. What the patterns share is here: contractions, and white space.

mod cl100k;
mod o200k;
mod p50k;

use crate::classes::{Class, class_at};

/// Which pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// Of o200k_base and o200k_harmony.
    O200k,
    /// Of cl100k_base.
    Cl100k,
    /// Of p50k_base, and of GPT-2.
    P50k,
}

impl Pattern {
    /// Where the piece that starts at `start` ends. `start` is before the end of the text; so is no piece empty.
    #[inline(always)]
    pub fn end(self, text: &[u8], start: usize) -> usize {
        match self {
            Pattern::O200k => o200k::end(text, start),
            Pattern::Cl100k => cl100k::end(text, start),
            Pattern::P50k => p50k::end(text, start),
        }
    }
}

/// The end of the run of characters for which `more` holds.
#[inline(always)]
fn run(text: &[u8], mut at: usize, more: impl Fn(Class) -> bool) -> usize {
    while let Some((class, next)) = class_at(text, at) {
        if !more(class) {
            break;
        }
        at = next;
    }
    at
}

/// `'(?i:[sdmt]|ll|ve|re)` at `at`: its end, or `at`. With case ignored, s is `ſ` too (U+017F; no other letter here has a third form).
fn contraction(text: &[u8], at: usize, ignore_case: bool) -> usize {
    let Some((b'\'', rest)) = text.get(at..).and_then(<[u8]>::split_first) else { return at };
    let letter = |place: usize| rest.get(place).map(|byte| if ignore_case { byte.to_ascii_lowercase() } else { *byte });
    match (letter(0), letter(1)) {
        (Some(b's' | b'd' | b'm' | b't'), _) => at + 2,
        (Some(b'l'), Some(b'l')) | (Some(b'v' | b'r'), Some(b'e')) => at + 3,
        _ if ignore_case && rest.starts_with("ſ".as_bytes()) => at + 3,
        _ => at,
    }
}

/// The end of a piece of white space, which starts at `start`: all of it at the end of the text; else, when `newlines` is set,
/// up to its last newline (`\s*[\r\n]+`); else all but its last character, which belongs to what follows, unless it is the only one.
fn space(text: &[u8], start: usize, newlines: bool) -> usize {
    let (mut at, mut last, mut after_newline) = (start, start, start);
    while let Some((class, next)) = class_at(text, at)
        && class.is_space()
    {
        last = at;
        at = next;
        if class == Class::Newline {
            after_newline = at;
        }
    }
    match at {
        _ if newlines && after_newline > start => after_newline,
        end if end == text.len() || last == start => end,
        _ => last,
    }
}
