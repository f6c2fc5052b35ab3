//! The reader of JSON text: strict, in one pass, with a bound on its depth. Called by [`Json::parse`].

use std::borrow::Cow;

use super::Json;
use crate::text::slice;

/// One pass over a text. `None` from any method: not JSON at `at`.
pub struct Reader<'a> {
    /// What is read.
    pub text: &'a str,
    /// How far it has come.
    pub at: usize,
    /// Whose members become [`Json::Raw`].
    pub verbatim: Option<&'static str>,
}

impl<'a> Reader<'a> {
    /// The next byte that is not white space.
    pub fn peek(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        while matches!(bytes.get(self.at), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
        bytes.get(self.at).copied()
    }

    /// A value that nests at most this deep.
    pub fn value(&mut self, depth: usize) -> Option<Json<'a>> {
        match self.peek()? {
            b'"' => self.string().map(Json::String),
            b'{' => self.object(depth.checked_sub(1)?),
            b'[' => self.array(depth.checked_sub(1)?),
            b'-' | b'0'..=b'9' => self.number(),
            b't' => self.word("true", Json::Bool(true)),
            b'f' => self.word("false", Json::Bool(false)),
            b'n' => self.word("null", Json::Null),
            _ => None,
        }
    }

    fn ahead(&self, word: &str) -> bool {
        self.text.as_bytes().get(self.at..).is_some_and(|rest| rest.starts_with(word.as_bytes()))
    }

    fn word(&mut self, word: &str, value: Json<'a>) -> Option<Json<'a>> {
        self.ahead(word).then(|| {
            self.at += word.len();
            value
        })
    }

    fn object(&mut self, depth: usize) -> Option<Json<'a>> {
        let mut members = Vec::new();
        self.at += 1;
        if self.peek()? == b'}' {
            self.at += 1;
            return Some(Json::Object(members));
        }
        loop {
            if self.peek()? != b'"' {
                return None;
            }
            let name = self.string()?;
            if self.peek()? != b':' {
                return None;
            }
            self.at += 1;
            self.peek();
            let start = self.at;
            let mut value = self.value(depth)?;
            if self.verbatim.is_some_and(|verbatim| verbatim == name) && matches!(value, Json::Array(_) | Json::Object(_)) {
                value = Json::Raw(Cow::Borrowed(slice(self.text, start, self.at)));
            }
            members.push((name, value));
            if self.more(b'}')? {
                continue;
            }
            return Some(Json::Object(members));
        }
    }

    fn array(&mut self, depth: usize) -> Option<Json<'a>> {
        let mut items = Vec::new();
        self.at += 1;
        if self.peek()? == b']' {
            self.at += 1;
            return Some(Json::Array(items));
        }
        loop {
            items.push(self.value(depth)?);
            if !self.more(b']')? {
                return Some(Json::Array(items));
            }
        }
    }

    /// A comma: more; the closing byte: no more.
    fn more(&mut self, close: u8) -> Option<bool> {
        let byte = self.peek()?;
        self.at += usize::from(byte == b',' || byte == close);
        match byte {
            b',' => Some(true),
            byte if byte == close => Some(false),
            _ => None,
        }
    }

    fn number(&mut self) -> Option<Json<'a>> {
        let start = self.at;
        self.skip(b'-');
        match self.digits() {
            0 => return None,
            1 => {}
            _ if slice(self.text, start, self.at).trim_start_matches('-').starts_with('0') => return None,
            _ => {}
        }
        if self.skip(b'.') && self.digits() == 0 {
            return None;
        }
        if self.skip(b'e') || self.skip(b'E') {
            let _sign = self.skip(b'+') || self.skip(b'-');
            if self.digits() == 0 {
                return None;
            }
        }
        Some(Json::Number(Cow::Borrowed(slice(self.text, start, self.at))))
    }

    fn skip(&mut self, byte: u8) -> bool {
        let here = self.text.as_bytes().get(self.at) == Some(&byte);
        self.at += usize::from(here);
        here
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while self.text.as_bytes().get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
        self.at - start
    }

    /// A string, from its opening quote. Borrowed when it has no escape.
    fn string(&mut self) -> Option<Cow<'a, str>> {
        let (string, end) = modelwire_scan::string(self.text, self.at)?;
        self.at = end;
        Some(string)
    }
}
