//! The hot path: what is done for every few letters of a stream. A crate by itself, because it is compiled for speed and everything
//! else for size.
//!
//! Nine thousand nine hundred of ten thousand events bring a few letters of text in a frame that never changes. A dialect says what
//! that frame is ([`Member`]s, by level) and where in it the letters are; [`Frame::read`] walks it once and gives them. Whatever differs in
//! any way (a member that is not in the table or is there twice, another kind of value, JSON that is not quite JSON) is not read: the
//! dialect's full decoder gets the same bytes, and nothing has happened yet. Both must tell an answer the same: tests/it/scanning.rs.

mod frame;
mod text;

use std::borrow::Cow;

pub use frame::Frame;
use frame::Hole;
pub use text::{either, line_end, plain, string, utf16_length, write_string};

/// What a member's value has to be, and where it goes.
#[derive(Clone, Copy, Debug)]
pub enum Value {
    /// Any, as far as it nests no deeper than this reads; of no interest.
    Any,
    /// `null`.
    Null,
    /// `null` or an empty string.
    Nothing,
    /// Zero.
    Zero,
    /// A string for one of [`Found`]'s places; or `null`, which is as good as absent.
    Text(usize),
    /// A whole number for one of its places.
    Index(usize),
    /// An object with some of these members.
    Object(&'static [Member]),
    /// An array of one object with some of these members.
    Single(&'static [Member]),
}

/// A member that may be there, once: its name and its value.
#[derive(Clone, Copy, Debug)]
pub struct Member(pub &'static str, pub Value);

/// What stood in the places of an event.
#[derive(Debug, Default)]
pub struct Found<'a> {
    /// Strings as they are written, quotes included.
    texts: [&'a [u8]; 6],
    numbers: [Option<u64>; 3],
}

impl<'a> Found<'a> {
    /// A string. The inner `None`: there is none. The outer: it is not UTF-8.
    pub fn text(&self, place: usize) -> Option<Option<Cow<'a, str>>> {
        match self.texts.get(place).copied().unwrap_or_default() {
            [] => Some(None),
            quoted => {
                let (text, end) = string(std::str::from_utf8(quoted).ok()?, 0)?;
                (end == quoted.len()).then_some(Some(text))
            }
        }
    }

    /// A string that is compared with words: as it is written, without its quotes; empty where there is none.
    pub fn word(&self, place: usize) -> &'a [u8] {
        match self.texts.get(place) {
            Some([_, word @ .., _]) => word,
            _ => b"",
        }
    }

    /// A number.
    pub fn number(&self, place: usize) -> Option<u64> {
        self.numbers.get(place).copied().flatten()
    }
}

/// How deep a value of no interest may nest.
const MAX_SKIPPED_DEPTH: usize = 4;

struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
    found: Found<'a>,
    /// What may differ in the next event.
    holes: Vec<Hole>,
}

impl<'a> Scan<'a> {
    /// The next byte behind blanks. Line ends do not stand in the line of an event.
    #[inline]
    fn peek(&mut self) -> Option<u8> {
        loop {
            match *self.bytes.get(self.at)? {
                b' ' => self.at += 1,
                byte => return Some(byte),
            }
        }
    }

    #[inline]
    fn expect(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    fn object(&mut self, shape: &'static [Member]) -> Option<()> {
        self.expect(b'{')?;
        // Members come in the same order each time, and a table is written in it.
        let (mut next, mut seen) = (0, 0_u32);
        loop {
            let key = self.string()?;
            let is = |member: &Member| key.len() == member.0.len() + 2 && &key[1..key.len() - 1] == member.0.as_bytes();
            let place = match shape.get(next) {
                Some(member) if is(member) => next,
                _ => shape.iter().position(is)?,
            };
            if seen >> place & 1 == 1 {
                return None;
            }
            seen |= 1 << place;
            next = place + 1;
            self.expect(b':')?;
            self.value(shape.get(place)?.1)?;
            match self.peek()? {
                b',' => self.at += 1,
                b'}' => {
                    self.at += 1;
                    return Some(());
                }
                _ => return None,
            }
        }
    }

    fn value(&mut self, value: Value) -> Option<()> {
        let first = self.peek()?;
        match value {
            Value::Any if first == b'"' || first.is_ascii_digit() => self.hole(value, first == b'"'),
            Value::Any => self.skip(MAX_SKIPPED_DEPTH),
            Value::Null => self.word(b"null"),
            Value::Nothing if first == b'"' => (self.string()?.len() == 2).then_some(()),
            Value::Nothing => self.word(b"null"),
            Value::Zero => (self.number()? == 0).then_some(()),
            Value::Text(_) if first == b'n' => self.word(b"null"),
            Value::Text(_) => self.hole(value, true),
            Value::Index(_) => self.hole(value, false),
            Value::Object(shape) => self.object(shape),
            Value::Single(shape) => {
                self.expect(b'[')?;
                self.peek()?;
                self.object(shape)?;
                self.expect(b']')
            }
        }
    }

    fn hole(&mut self, value: Value, is_text: bool) -> Option<()> {
        self.peek()?;
        let start = self.at;
        let read = self.token(is_text)?;
        self.holes.push(Hole { value, is_text, start, end: self.at, constant: true });
        self.put(value, read);
        Some(())
    }

    /// A string or a number, as it is written.
    #[inline]
    fn token(&mut self, is_text: bool) -> Option<&'a [u8]> {
        if is_text {
            return self.string();
        }
        let start = self.at;
        self.number()?;
        self.bytes.get(start..self.at)
    }

    /// Puts it into its place, if it has one.
    #[inline]
    fn put(&mut self, value: Value, read: &'a [u8]) {
        match value {
            Value::Text(place) => {
                if let Some(text) = self.found.texts.get_mut(place) {
                    *text = read;
                }
            }
            Value::Index(place) => {
                if let Some(number) = self.found.numbers.get_mut(place) {
                    // What is constant is put here before it is compared.
                    let digit = |digit: &u8| u64::from(digit & 0xF);
                    *number = Some(read.iter().fold(0, |number: u64, next| number.wrapping_mul(10) + digit(next)));
                }
            }
            _ => {}
        }
    }

    fn word(&mut self, word: &[u8]) -> Option<()> {
        let end = self.at + word.len();
        (self.bytes.get(self.at..end)? == word).then(|| self.at = end)
    }

    /// With its quotes. Escapes are checked, and read later where the text is wanted.
    // What is inlined into each of its callers is in the module as often.
    #[inline(never)]
    fn string(&mut self) -> Option<&'a [u8]> {
        self.expect(b'"')?;
        let start = self.at - 1;
        loop {
            self.at += plain(self.bytes.get(self.at..)?);
            let byte = *self.bytes.get(self.at)?;
            self.at += 1;
            match byte {
                b'"' => return self.bytes.get(start..self.at),
                b'\\' => {
                    let escaped = *self.bytes.get(self.at)?;
                    self.at += 1;
                    match escaped {
                        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => {}
                        b'u' => {
                            let end = self.at + 4;
                            if !self.bytes.get(self.at..end)?.iter().all(u8::is_ascii_hexdigit) {
                                return None;
                            }
                            self.at = end;
                        }
                        _ => return None,
                    }
                }
                _ => return None,
            }
        }
    }

    /// A plain whole number of at most fifteen digits.
    #[inline(never)]
    fn number(&mut self) -> Option<u64> {
        self.peek()?;
        let start = self.at;
        let mut number = 0;
        while let Some(digit @ b'0'..=b'9') = self.bytes.get(self.at) {
            number = number * 10 + u64::from(digit - b'0');
            self.at += 1;
            if self.at - start > 15 {
                return None;
            }
        }
        let leading_zero = self.bytes.get(start) == Some(&b'0') && self.at - start > 1;
        let goes_on = matches!(self.bytes.get(self.at), Some(b'.' | b'e' | b'E'));
        (self.at > start && !leading_zero && !goes_on).then_some(number)
    }

    fn skip(&mut self, depth: usize) -> Option<()> {
        match self.peek()? {
            b'"' => self.string().map(|_| ()),
            b'n' => self.word(b"null"),
            b't' => self.word(b"true"),
            b'f' => self.word(b"false"),
            open @ (b'{' | b'[') => {
                let (depth, close) = (depth.checked_sub(1)?, open + 2);
                self.at += 1;
                if self.peek()? == close {
                    self.at += 1;
                    return Some(());
                }
                loop {
                    if open == b'{' {
                        self.peek()?;
                        self.string()?;
                        self.expect(b':')?;
                    }
                    self.skip(depth)?;
                    let byte = self.peek()?;
                    self.at += 1;
                    if byte == close {
                        return Some(());
                    }
                    if byte != b',' {
                        return None;
                    }
                }
            }
            _ => self.number().map(|_| ()),
        }
    }
}
