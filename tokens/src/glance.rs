//! Most pieces of most texts at a glance: an ASCII word with what may stand before it, signs, indentation, told from sixteen bytes at
//! once.
//!
//! The patterns would say the same of each of these, a character at a time: whatever is not plain is left to them.

use crate::split::Pattern;

/// What was seen: where the piece ends, and its bytes, padded with zeros.
#[derive(Clone, Copy)]
pub struct Glance {
    /// How many bytes it has: at most fifteen.
    pub length: usize,
    /// Its bytes.
    pub words: [u64; 2],
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = ONES << 7;

/// What each byte is.
const KINDS: [u8; 256] = {
    let mut table = [BEYOND; 256];
    let mut at = 0;
    while at < 128 {
        table[at] = match at as u8 {
            b'a'..=b'z' => LOWER,
            b'A'..=b'Z' => UPPER,
            b'0'..=b'9' => DIGIT,
            b'\n' => NEWLINE,
            b'\r' | b'\t' | 0x0b | 0x0c => BLANK,
            b'\'' => APOSTROPHE,
            b' ' => SPACE,
            _ => SIGN,
        };
        at += 1;
    }
    table
};
/// Not ASCII.
const BEYOND: u8 = 0;
const LOWER: u8 = 1;
const UPPER: u8 = 2;
const DIGIT: u8 = 3;
/// White space that is rare.
const BLANK: u8 = 4;
const NEWLINE: u8 = 5;
/// A sign, but also the beginning of contractions.
const APOSTROPHE: u8 = 6;
const SPACE: u8 = 7;
const SIGN: u8 = 8;

/// Sixteen bytes of a text.
struct Window<'a> {
    bytes: &'a [u8; 16],
    low: u64,
    high: u64,
}

impl Pattern {
    /// The piece that starts at `start`, if it is plain.
    #[inline(always)]
    pub fn glance(self, text: &[u8], start: usize) -> Option<Glance> {
        let bytes = text.get(start..)?.first_chunk::<16>()?;
        let window = Window { bytes, low: u64::from_le_bytes(*bytes.first_chunk()?), high: u64::from_le_bytes(*bytes.last_chunk()?) };
        let first = KINDS[usize::from(bytes[0])];
        let length = match first {
            LOWER | UPPER => window.word(self, 0),
            SPACE => match KINDS[usize::from(bytes[1])] {
                LOWER | UPPER => window.word(self, 1),
                SPACE => window.spaces(),
                SIGN => window.signs(self, 1),
                _ => return None,
            },
            SIGN => match KINDS[usize::from(bytes[1])] {
                LOWER | UPPER if self != Pattern::P50k => window.word(self, 1),
                BEYOND => return None,
                _ => window.signs(self, 0),
            },
            NEWLINE if self != Pattern::P50k => window.newlines(),
            _ => return None,
        }?;
        let Window { low, high, .. } = window;
        let words = if length <= 8 { [low & (u64::MAX >> (64 - 8 * length)), 0] } else { [low, high & (u64::MAX >> (128 - 8 * length))] };
        Some(Glance { length, words })
    }
}

impl Window<'_> {
    #[inline(always)]
    fn kind(&self, at: usize) -> u8 {
        KINDS[usize::from(self.bytes[at % 16])]
    }

    /// A word after `before` bytes: a capital at most at its beginning, and after it an ASCII character that cannot belong to it.
    #[inline(always)]
    fn word(&self, pattern: Pattern, before: usize) -> Option<usize> {
        // What comes before the small letters counts as one of them here.
        let head = before + usize::from(self.kind(before) == UPPER);
        let ends = !small(self.low) & HIGH & (u64::MAX << (8 * head));
        let length = match ends {
            0 => match !small(self.high) & HIGH {
                0 => return None,
                ends => 8 + (ends.trailing_zeros() / 8) as usize,
            },
            ends => (ends.trailing_zeros() / 8) as usize,
        };
        match self.kind(length) {
            BEYOND | APOSTROPHE => None,
            // In patterns that do not tell them apart, a capital goes on.
            UPPER if pattern != Pattern::O200k => None,
            // A capital by itself may go on with others.
            _ => (length > head).then_some(length),
        }
    }

    /// Spaces before something else: the last of them is that one's.
    #[inline(always)]
    fn spaces(&self) -> Option<usize> {
        let length = self.after_spaces(0)?;
        matches!(self.kind(length), LOWER | UPPER | DIGIT | SIGN | APOSTROPHE).then(|| length - 1)
    }

    /// Newlines, and after them no more white space than the spaces of what follows.
    #[inline(always)]
    fn newlines(&self) -> Option<usize> {
        let length = 1 + (1..15).take_while(|&at| self.kind(at) == NEWLINE).count();
        let end = self.after_spaces(length)?;
        matches!(self.kind(end), LOWER | UPPER | DIGIT | SIGN | APOSTROPHE).then_some(length)
    }

    /// Where the spaces from `at` on end, within the window.
    #[inline(always)]
    fn after_spaces(&self, at: usize) -> Option<usize> {
        let spaces = u128::from_le_bytes(*self.bytes) ^ (u128::from(ONES << 5) << 64 | u128::from(ONES << 5));
        let end = at + ((spaces >> (8 * at)).trailing_zeros() / 8) as usize;
        (end < 16).then_some(end)
    }

    /// Signs after `before` bytes, and the newlines after them.
    #[inline(always)]
    fn signs(&self, pattern: Pattern, before: usize) -> Option<usize> {
        let mut at = before + 1;
        while at < 15 && matches!(self.kind(at), SIGN | APOSTROPHE) {
            at += 1;
        }
        match self.kind(at) {
            BEYOND | SIGN | APOSTROPHE => None,
            NEWLINE | BLANK if pattern == Pattern::P50k => Some(at),
            NEWLINE => {
                while at < 15 && self.kind(at) == NEWLINE {
                    at += 1;
                }
                // `[\r\n/]*`
                let goes_on = matches!(self.bytes[at], b'\r' | b'\n' | b'/');
                (!goes_on).then_some(at)
            }
            BLANK => None,
            _ => Some(at),
        }
    }
}

/// The high bit of each byte: whether it is a small letter.
#[inline(always)]
fn small(word: u64) -> u64 {
    let low = word & !HIGH;
    (low + ONES * (0x80 - b'a' as u64)) & !(low + ONES * (0x80 - (b'z' as u64 + 1))) & !word & HIGH
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_glance_sees_what_the_pattern_would() {
        let signs = [
            "a", "b", "z", "A", "Z", " ", "'", "s", "ll", "1", "\n", "\t", "(", ".", "/", "   ", "\r", "_", "é", "ß", "字", "{", "`", "@",
            "[", "\0", "\u{7f}",
        ];
        let mut state = 1_u64;
        let mut seen = 0;
        for _ in 0..200_000 {
            let mut text = String::new();
            for _ in 0..24 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                // Small letters more often than not: words have some length.
                let sign = (state >> 33) as usize % (signs.len() * 3);
                text.push_str(signs.get(sign).unwrap_or(&["q", "e", "x"][sign % 3]));
            }
            for pattern in [Pattern::O200k, Pattern::Cl100k, Pattern::P50k] {
                if let Some(Glance { length, words }) = pattern.glance(text.as_bytes(), 0) {
                    seen += 1;
                    assert_eq!(length, pattern.end(text.as_bytes(), 0), "{pattern:?} of {text:?}");
                    let mut bytes = [0; 16];
                    bytes[..length].copy_from_slice(&text.as_bytes()[..length]);
                    assert_eq!([words[0].to_le_bytes(), words[1].to_le_bytes()].concat(), bytes);
                }
            }
        }
        assert!(seen > 100_000, "{seen} were plain");
    }
}
