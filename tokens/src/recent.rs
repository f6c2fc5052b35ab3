//! The pieces that were just counted. Natural text says the same words again; without this, each that is not one token is merged again.

use crate::vocabulary::eight;

const ENTRIES: usize = 1 << 12;
/// The longest piece that is kept.
pub const LONGEST: usize = 24;

/// The bytes of a piece, and how many: exact, so that a wrong count cannot be found.
type Key = [u64; 4];

/// Counts of recent pieces, one for each hash.
pub struct Recent {
    entries: Vec<(Key, u32)>,
}

impl Recent {
    /// Of nothing yet.
    pub fn new() -> Recent {
        Recent { entries: vec![([0; 4], 0); ENTRIES] }
    }

    /// The count of `text[start..end]`, of at most `LONGEST` bytes; `count` when it is not known.
    #[inline(always)]
    pub fn count(&mut self, text: &[u8], start: usize, end: usize, count: impl FnOnce() -> u32) -> u32 {
        let length = end - start;
        let part = |from: usize| match length.checked_sub(from) {
            None | Some(0) => 0,
            Some(rest) => eight(text, start + from, rest.min(8)),
        };
        let key = [part(0), part(8), part(16), length as u64];
        let mixed = (key[0] ^ key[1].rotate_left(21) ^ key[2].rotate_left(42) ^ key[3]).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let entry = &mut self.entries[(mixed >> 52) as usize % ENTRIES];
        if entry.0 != key {
            *entry = (key, count());
        }
        entry.1
    }
}
