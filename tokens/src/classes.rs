//! What a character is to the splitters.

use std::sync::OnceLock;

/// The kinds of character that the patterns tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Class {
    /// None of the others: punctuation, symbols, controls, what is not assigned.
    Other,
    /// `\p{Lu}`, `\p{Lt}`
    Upper,
    /// `\p{Ll}`
    Lower,
    /// `\p{Lm}`, `\p{Lo}`: letters without case.
    Caseless,
    /// `\p{M}`
    Mark,
    /// `\p{N}`
    Number,
    /// `\s` without the next.
    Space,
    /// `\r`, `\n`
    Newline,
}

use Class::*;

impl Class {
    /// `\p{L}`
    pub fn is_letter(self) -> bool {
        matches!(self, Upper | Lower | Caseless)
    }

    /// `\s`
    pub fn is_space(self) -> bool {
        matches!(self, Space | Newline)
    }
}

const ALL: [Class; 8] = [Other, Upper, Lower, Caseless, Mark, Number, Space, Newline];
static PACKED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/classes.bin"));
static TABLE: OnceLock<Box<[Class]>> = OnceLock::new();

/// The classes of ASCII, at compile time: most text needs no other.
const ASCII: [Class; 128] = {
    let mut table = [Other; 128];
    let mut at = 0;
    while at < 128 {
        table[at] = match at as u8 {
            b'A'..=b'Z' => Upper,
            b'a'..=b'z' => Lower,
            b'0'..=b'9' => Number,
            b'\r' | b'\n' => Newline,
            b'\t' | 0x0b | 0x0c | b' ' => Space,
            _ => Other,
        };
        at += 1;
    }
    table
};

/// Unpacked at the first use, 205 KB: a look-up in the packed runs would be a search for every character.
fn table() -> &'static [Class] {
    TABLE.get_or_init(|| {
        let mut table = Vec::new();
        let (mut number, mut shift) = (0_usize, 0);
        for byte in PACKED {
            number |= usize::from(byte & 0x7f) << shift;
            shift += 7;
            if *byte < 0x80 {
                table.resize(table.len() + (number >> 3), ALL[number & 7]);
                (number, shift) = (0, 0);
            }
        }
        table.into_boxed_slice()
    })
}

fn of(code: u32) -> Class {
    match table().get(code as usize) {
        Some(class) => *class,
        // The variation selectors; build.rs checks that there is nothing else so far up.
        None if (0xE_0100..=0xE_01EF).contains(&code) => Mark,
        None => Other,
    }
}

/// The class of the character at `at`, and where the next one is. None at the end. Bytes that are not UTF-8 are characters
/// of their own, without a class: the caller's text is UTF-8, but nothing may break if it is not.
#[inline(always)]
pub fn class_at(text: &[u8], at: usize) -> Option<(Class, usize)> {
    let first = *text.get(at)?;
    if first < 0x80 {
        return Some((ASCII[usize::from(first)], at + 1));
    }
    Some(beyond_ascii(text, at, first))
}

#[inline(never)]
fn beyond_ascii(text: &[u8], at: usize, first: u8) -> (Class, usize) {
    let rest = |place: usize| text.get(at + place).map_or(0, |byte| u32::from(byte & 0x3f));
    let (code, length) = match first {
        0xc2..=0xdf => (u32::from(first & 0x1f) << 6 | rest(1), 2),
        0xe0..=0xef => (u32::from(first & 0x0f) << 12 | rest(1) << 6 | rest(2), 3),
        0xf0..=0xf4 => (u32::from(first & 0x07) << 18 | rest(1) << 12 | rest(2) << 6 | rest(3), 4),
        _ => return (Other, at + 1),
    };
    (of(code), (at + length).min(text.len()))
}

/// Where the run of ASCII letters (of ASCII lower-case letters) that starts at `at` ends: eight at a time.
#[inline(always)]
pub fn ascii_run(text: &[u8], mut at: usize, fold: bool) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = ONES << 7;
    while let Some(eight) = text.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let word = u64::from_le_bytes(*eight);
        let folded = if fold { word | ONES << 5 } else { word };
        let low = folded & !HIGH;
        // The high bit of each byte: set where it is at least "a", and where it is above "z".
        let letter = (low + ONES * (0x80 - b'a' as u64)) & !(low + ONES * (0x80 - (b'z' as u64 + 1))) & !folded & HIGH;
        let others = letter ^ HIGH;
        if others != 0 {
            return at + (others.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    while text.get(at).is_some_and(|&byte| if fold { byte.is_ascii_alphabetic() } else { byte.is_ascii_lowercase() }) {
        at += 1;
    }
    at
}
