//! ```text
//! '(?i:[sdmt]|ll|ve|re)
//! [^\r\n\p{L}\p{N}]?+\p{L}++
//! \p{N}{1,3}+
//!  ?[^\s\p{L}\p{N}]++[\r\n]*+
//! \s++$
//! \s*[\r\n]
//! \s+(?!\S)
//! \s
//! ```

use super::{contraction, run, space};
use crate::classes::Class::{self, *};
use crate::classes::{ascii_run, class_at};

#[inline(always)]
pub fn end(text: &[u8], start: usize) -> usize {
    let Some((first, after)) = class_at(text, start) else { return start };
    match first {
        Upper | Lower | Caseless => letters(text, after),
        Number => {
            let mut at = after;
            for _ in 0..2 {
                match class_at(text, at) {
                    Some((Number, next)) => at = next,
                    _ => break,
                }
            }
            at
        }
        Newline => space_to_the_end(text, start),
        Mark | Other | Space => {
            let short = contraction(text, start, true);
            if short > start {
                return short;
            }
            let end = letters(text, after);
            if end > after {
                return end;
            }
            if first == Space && text[start] != b' ' {
                return space_to_the_end(text, start);
            }
            others(text, start, after, first)
        }
    }
}

fn others(text: &[u8], start: usize, after: usize, first: Class) -> usize {
    let from = if first == Space { after } else { start };
    let end = run(text, from, |class| matches!(class, Other | Mark));
    if end == from {
        return space_to_the_end(text, start);
    }
    let tail = text.get(end..).unwrap_or_default().iter().take_while(|byte| matches!(byte, b'\r' | b'\n'));
    end + tail.count()
}

/// Here white space that ends the text is one piece, even with a newline in it.
fn space_to_the_end(text: &[u8], start: usize) -> usize {
    match run(text, start, Class::is_space) {
        end if end == text.len() => end,
        _ => space(text, start, true),
    }
}

#[inline(always)]
fn letters(text: &[u8], mut at: usize) -> usize {
    loop {
        at = ascii_run(text, at, true);
        match class_at(text, at) {
            Some((class, next)) if class.is_letter() => at = next,
            _ => return at,
        }
    }
}
