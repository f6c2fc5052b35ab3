//! ```text
//! '(?:[sdmt]|ll|ve|re)
//!  ?\p{L}++
//!  ?\p{N}++
//!  ?[^\s\p{L}\p{N}]++
//! \s++$
//! \s+(?!\S)
//! \s
//! ```

use super::{contraction, run, space};
use crate::classes::Class::{self, *};
use crate::classes::class_at;

pub fn end(text: &[u8], start: usize) -> usize {
    let short = contraction(text, start, false);
    if short > start {
        return short;
    }
    let from = if text.get(start) == Some(&b' ') { start + 1 } else { start };
    let Some((class, _)) = class_at(text, from) else { return from };
    match class {
        Upper | Lower | Caseless => run(text, from, Class::is_letter),
        Number => run(text, from, |class| class == Number),
        Mark | Other => run(text, from, |class| matches!(class, Other | Mark)),
        Space | Newline => space(text, start, false),
    }
}
