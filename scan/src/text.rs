//! Strings: where one ends, what its escapes stand for, how long it is in JavaScript.

use std::borrow::Cow;

const ONES: u64 = u64::MAX / 255;
const HIGHS: u64 = ONES * 0x80;

/// How many bytes of a string come before a quote, a backslash or a control character; eight at a time.
pub fn plain(bytes: &[u8]) -> usize {
    let mut at = 0;
    while let Some(eight) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let word = u64::from_le_bytes(*eight);
        let below = |word: u64, least: u64| word.wrapping_sub(ONES * least) & !word;
        let found = (below(word ^ (ONES * u64::from(b'"')), 1) | below(word ^ (ONES * u64::from(b'\\')), 1) | below(word, 0x20)) & HIGHS;
        if found != 0 {
            return at + (found.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    while let Some(byte) = bytes.get(at)
        && !matches!(byte, b'"' | b'\\' | 0..=0x1F)
    {
        at += 1;
    }
    at
}

/// Where the first line feed or carriage return is.
pub fn line_end(bytes: &[u8]) -> Option<usize> {
    either(bytes, b'\n', b'\r')
}

/// Where one of two bytes is first; eight at a time.
#[inline(never)]
pub fn either(bytes: &[u8], one: u8, other: u8) -> Option<usize> {
    let mut at = 0;
    while let Some(eight) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let word = u64::from_le_bytes(*eight);
        let is = |byte: u8| {
            let zero = word ^ (ONES * u64::from(byte));
            zero.wrapping_sub(ONES) & !zero
        };
        let found = (is(one) | is(other)) & HIGHS;
        if found != 0 {
            return Some(at + (found.trailing_zeros() / 8) as usize);
        }
        at += 8;
    }
    let rest = bytes.get(at..)?;
    rest.iter().position(|byte| *byte == one || *byte == other).map(|found| at + found)
}

/// The JSON string whose opening quote stands at a byte of a text, and where it ends. Borrowed when it has no escape.
pub fn string(text: &str, at: usize) -> Option<(Cow<'_, str>, usize)> {
    let bytes = text.as_bytes();
    let (mut start, mut at) = (at + 1, at + 1);
    let mut unescaped = String::new();
    loop {
        at += plain(bytes.get(at..)?);
        match *bytes.get(at)? {
            b'"' => {
                let tail = text.get(start..at)?;
                if unescaped.is_empty() {
                    return Some((Cow::Borrowed(tail), at + 1));
                }
                unescaped.push_str(tail);
                return Some((Cow::Owned(unescaped), at + 1));
            }
            b'\\' => {
                unescaped.push_str(text.get(start..at)?);
                let (letter, end) = escape(bytes, at + 1)?;
                unescaped.push(letter);
                (start, at) = (end, end);
            }
            _ => return None,
        }
    }
}

/// What stands behind a backslash, and where it ends.
fn escape(bytes: &[u8], at: usize) -> Option<(char, usize)> {
    let letter = match *bytes.get(at)? {
        byte @ (b'"' | b'\\' | b'/') => byte as char,
        b'n' => '\n',
        b't' => '\t',
        b'r' => '\r',
        b'b' => '\u{8}',
        b'f' => '\u{C}',
        b'u' => {
            let unit = hex(bytes, at + 1)?;
            let end = at + 5;
            // The other half of a pair follows, or this half stands alone and becomes U+FFFD.
            if (0xD800..0xDC00).contains(&unit) && bytes.get(end..).is_some_and(|rest| rest.starts_with(b"\\u")) {
                let low = hex(bytes, end + 2)?;
                if (0xDC00..0xE000).contains(&low) {
                    return Some((char::from_u32(0x1_0000 + ((unit - 0xD800) << 10) + (low - 0xDC00))?, end + 6));
                }
            }
            return Some((char::from_u32(unit).unwrap_or('\u{FFFD}'), end));
        }
        _ => return None,
    };
    Some((letter, at + 1))
}

fn hex(bytes: &[u8], at: usize) -> Option<u32> {
    let digits = bytes.get(at..at + 4)?;
    digits.iter().try_fold(0, |value, digit| Some(value << 4 | (*digit as char).to_digit(16)?))
}

/// How many UTF-16 units a text has.
pub fn utf16_length(text: &str) -> usize {
    // Continuation bytes have none, and what is outside of the first plane, begun by 0xF0 and above, has two.
    text.bytes().map(|byte| usize::from(byte & 0xC0 != 0x80) + usize::from(byte >= 0xF0)).sum()
}

/// A JSON string, quotes and escapes included. Runs that need no escape are copied whole.
pub fn write_string(text: &str, out: &mut String) {
    out.reserve(text.len() + 2);
    out.push('"');
    let (bytes, mut copied) = (text.as_bytes(), 0);
    loop {
        let at = copied + plain(bytes.get(copied..).unwrap_or_default());
        let Some(byte) = bytes.get(at).copied() else { break };
        let escape = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            _ => "",
        };
        out.push_str(text.get(copied..at).unwrap_or_default());
        copied = at + 1;
        if escape.is_empty() {
            out.push_str("\\u00");
            for nibble in [byte >> 4, byte & 15] {
                out.push(char::from_digit(nibble.into(), 16).unwrap_or('0'));
            }
        } else {
            out.push_str(escape);
        }
    }
    out.push_str(text.get(copied..).unwrap_or_default());
    out.push('"');
}
