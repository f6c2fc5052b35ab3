//! ```text
//! [^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?
//! [^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?
//! \p{N}{1,3}
//!  ?[^\s\p{L}\p{N}]+[\r\n/]*
//! \s*[\r\n]+
//! \s+(?!\S)
//! \s+
//! ```

use super::{contraction, run, space};
use crate::classes::Class::{self, *};
use crate::classes::{ascii_run, class_at};

/// `[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]`
fn opens(class: Class) -> bool {
    matches!(class, Upper | Caseless | Mark)
}

/// `[\p{Ll}\p{Lm}\p{Lo}\p{M}]`
fn closes(class: Class) -> bool {
    matches!(class, Lower | Caseless | Mark)
}

#[inline(always)]
pub fn end(text: &[u8], start: usize) -> usize {
    let Some((first, after)) = class_at(text, start) else { return start };
    match first {
        Upper | Lower | Caseless => word(text, start).unwrap_or(after),
        Number => {
            let second = run_one(text, after, Number);
            run_one(text, second, Number)
        }
        Newline => space(text, start, true),
        Mark | Other | Space => match word(text, after) {
            Some(end) => end,
            // Without a prefix: a mark is a word by itself when no word follows it.
            None if first == Mark => contraction(text, after, true),
            None if first == Space && text[start] != b' ' => space(text, start, true),
            None => others(text, start, after, first),
        },
    }
}

fn others(text: &[u8], start: usize, after: usize, first: Class) -> usize {
    let from = if first == Space { after } else { start };
    let end = run(text, from, |class| matches!(class, Other | Mark));
    if end == from {
        return space(text, start, true);
    }
    let tail = text.get(end..).unwrap_or_default().iter().take_while(|byte| matches!(byte, b'\r' | b'\n' | b'/'));
    end + tail.count()
}

fn run_one(text: &[u8], at: usize, wanted: Class) -> usize {
    match class_at(text, at) {
        Some((class, next)) if class == wanted => next,
        _ => at,
    }
}

/// The two alternatives of words from `start`, their prefix left out: None when neither matches.
#[inline(always)]
fn word(text: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    // Where the last character ends that could close the word; a capital cannot.
    let mut closed = None;
    let end = loop {
        match class_at(text, at) {
            Some((Lower, next)) => break lower(text, next),
            Some((class, next)) if opens(class) => {
                if class != Upper {
                    closed = Some(next);
                }
                at = next;
            }
            // The first alternative gives back capitals until it can end; the second takes them when it cannot.
            _ => break closed.unwrap_or(at),
        }
    };
    (end > start).then(|| contraction(text, end, true))
}

#[inline(always)]
fn lower(text: &[u8], mut at: usize) -> usize {
    loop {
        at = ascii_run(text, at, false);
        match class_at(text, at) {
            Some((class, next)) if closes(class) => at = next,
            _ => return at,
        }
    }
}
