//! JSON, as small as the wires need it.
//!
//! Everything that this library says to a network or to JavaScript is JSON, and the module that a
//! page downloads is measured in kilobytes: with `serde_json`, derived readers for four wire formats,
//! ordered maps and the formatting of floats it was 169 KB of brotli, without them 86. What this adds
//! for the wires: strings are borrowed from the text they stand in unless they have escapes,
//! numbers and members keep their spelling and order, and a field that is not there reads as null.
//!
//! Strict RFC 8259 in both directions: what it accepts, `JSON.parse` accepts.

mod read;
mod text;

use std::borrow::Cow;

use crate::error::{Error, ErrorKind, Result};
pub use crate::scan::write_string;
use crate::text::slice;
use read::Reader;
pub use text::ObjectText;

/// How deep arrays and objects may nest: above any schema, below what the stack holds.
pub const MAX_DEPTH: usize = 128;

/// What a text begins with room for: a record, an event, a short question. Grown from nothing, it would move seven times.
const ROOM_BYTES: usize = 512;

/// A JSON value that may borrow from the text it was read from.
#[derive(Clone, Debug, PartialEq)]
pub enum Json<'a> {
    /// `null`, and every field that is not there.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// As it was written: no digit is lost.
    Number(Cow<'a, str>),
    /// Without its escapes.
    String(Cow<'a, str>),
    /// In order.
    Array(Vec<Json<'a>>),
    /// In order. Of members with one name, the last counts.
    Object(Members<'a>),
    /// JSON text that is written as it stands: a provider's body, a tool's arguments.
    Raw(Cow<'a, str>),
}

/// The members of an object, in order.
pub type Members<'a> = Vec<(Cow<'a, str>, Json<'a>)>;

/// `object! { "role": "user", "content": text }`.
#[macro_export]
macro_rules! object {
    ($($key:literal : $value:expr),* $(,)?) => {{
        let mut object = $crate::json::Json::object_of([$($key),*].len());
        $(object.add($key, $crate::json::Json::from($value));)*
        object
    }};
}

impl<'a> Json<'a> {
    /// Reads a whole text. The error says where it stops being JSON.
    pub fn parse(text: &'a str) -> Result<Self> {
        Self::parse_keeping(text, None)
    }

    /// The same, but an object or array in a member called `verbatim` stays as it is written: a
    /// tool's arguments are handed on to the letter.
    pub fn parse_keeping(text: &'a str, verbatim: Option<&'static str>) -> Result<Self> {
        let mut reader = Reader { text, at: 0, verbatim };
        match reader.value(MAX_DEPTH) {
            Some(value) if reader.peek().is_none() => Ok(value),
            _ => Err(Error::malformed(format!("not JSON at byte {} of {}", reader.at, text.len()))),
        }
    }

    /// An object without members.
    pub fn object() -> Self {
        Self::Object(Vec::new())
    }

    /// The same with room for so many: growing by and by, an object of a dozen copies what it has three times.
    #[inline(never)]
    pub fn object_of(members: usize) -> Self {
        Self::Object(Vec::with_capacity(members))
    }

    /// A member, or null.
    pub fn get(&self, key: &str) -> &Json<'a> {
        self.members().iter().rev().find(|(name, _)| name == key).map_or(&Json::Null, |(_, value)| value)
    }

    /// A member of a member of …, or null.
    pub fn path(&self, keys: &[&str]) -> &Json<'a> {
        keys.iter().fold(self, |value, key| value.get(key))
    }

    /// An element, or null.
    pub fn at(&self, index: usize) -> &Json<'a> {
        self.items().get(index).unwrap_or(&Json::Null)
    }

    /// The elements; none for what is not an array.
    pub fn items(&self) -> &[Json<'a>] {
        if let Self::Array(items) = self { items } else { &[] }
    }

    /// The members; none for what is not an object.
    pub fn members(&self) -> &[(Cow<'a, str>, Json<'a>)] {
        if let Self::Object(members) = self { members } else { &[] }
    }

    /// Whether it is null or not there.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Whether it is an object.
    pub fn is_object(&self) -> bool {
        matches!(self, Self::Object(_))
    }

    /// A string.
    pub fn str(&self) -> Option<&str> {
        if let Self::String(text) = self { Some(text) } else { None }
    }

    /// A string, or an empty one.
    pub fn text(&self) -> &str {
        self.str().unwrap_or("")
    }

    /// `true` or `false`.
    pub fn bool(&self) -> Option<bool> {
        if let Self::Bool(value) = self { Some(*value) } else { None }
    }

    /// A number.
    pub fn f64(&self) -> Option<f64> {
        if let Self::Number(text) = self { Some(number_value(text)) } else { None }
    }

    /// A whole number that is not negative. A fraction is rounded: some servers count in floats.
    pub fn u64(&self) -> Option<u64> {
        let Self::Number(text) = self else { return None };
        text.parse().ok().or_else(|| Some(number_value(text)).filter(|value| (0.0..9e15).contains(value)).map(|value| (value + 0.5) as u64))
    }

    /// Sets a member: in its place if there is one of the name, else at the end. Nothing happens to
    /// what is not an object.
    pub fn set(&mut self, key: impl Into<Cow<'a, str>>, value: impl Into<Json<'a>>) {
        self.put(key.into(), value.into());
    }

    #[inline(never)]
    fn put(&mut self, key: Cow<'a, str>, value: Json<'a>) {
        if let Self::Object(members) = self {
            match members.iter_mut().find(|(name, _)| *name == key) {
                Some((_, slot)) => *slot = value,
                None => members.push((key, value)),
            }
        }
    }

    /// Sets a member unless the value is null.
    pub fn set_some(&mut self, key: &'static str, value: impl Into<Json<'a>>) {
        self.put_some(key, value.into());
    }

    #[inline(never)]
    fn put_some(&mut self, key: &'static str, value: Json<'a>) {
        if !value.is_null() {
            self.put(key.into(), value);
        }
    }

    /// Adds a member that is not there yet. A call and not inlined: `object!` has hundreds of them, and each would carry the growing of a vector.
    #[inline(never)]
    pub fn add(&mut self, key: &'static str, value: Json<'a>) {
        if let Self::Object(members) = self {
            members.push((Cow::Borrowed(key), value));
        }
    }

    /// Takes a member out.
    pub fn remove(&mut self, key: &str) -> Option<Json<'a>> {
        let Self::Object(members) = self else { return None };
        let index = members.iter().position(|(name, _)| name == key)?;
        Some(members.remove(index).1)
    }

    /// The same without a loan.
    pub fn into_owned(self) -> Json<'static> {
        let own = |text: Cow<'a, str>| Cow::Owned(text.into_owned());
        match self {
            Self::Null => Json::Null,
            Self::Bool(value) => Json::Bool(value),
            Self::Number(text) => Json::Number(own(text)),
            Self::String(text) => Json::String(own(text)),
            Self::Raw(text) => Json::Raw(own(text)),
            Self::Array(items) => Json::Array(items.into_iter().map(Json::into_owned).collect()),
            Self::Object(members) => Json::Object(members.into_iter().map(|(name, value)| (own(name), value.into_owned())).collect()),
        }
    }

    /// Appends the JSON text.
    pub fn write(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Self::Number(text) | Self::Raw(text) => out.push_str(text),
            Self::String(text) => write_string(text, out),
            Self::Array(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    item.write(out);
                }
                out.push(']');
            }
            Self::Object(members) => {
                out.push('{');
                for (index, (name, value)) in members.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    write_string(name, out);
                    out.push(':');
                    value.write(out);
                }
                out.push('}');
            }
        }
    }

    /// The JSON text.
    pub fn to_text(&self) -> String {
        let mut out = String::with_capacity(ROOM_BYTES);
        self.write(&mut out);
        out
    }

    /// What it is, for "must be a string, not …".
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::String(_) => "a string",
            Self::Array(_) => "an array",
            Self::Object(_) | Self::Raw(_) => "an object",
        }
    }
}

/// The value of a number's text, exact for what a person writes (up to 15 digits and small
/// exponents), within a few units in the last place otherwise.
pub fn number_value(text: &str) -> f64 {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (mut digits, mut scale) = (0_u64, exponent.trim_start_matches('+').parse::<i32>().unwrap_or(i32::MAX).clamp(-400, 400));
    let mut behind_point = false;
    for byte in mantissa.bytes() {
        match byte {
            b'.' => behind_point = true,
            b'0'..=b'9' if digits < u64::MAX / 100 => {
                digits = digits * 10 + u64::from(byte - b'0');
                scale -= i32::from(behind_point);
            }
            b'0'..=b'9' => scale += i32::from(!behind_point),
            _ => {}
        }
    }
    let size = digits as f64;
    let value = if scale < 0 { size / power_of_ten(-scale) } else { size * power_of_ten(scale) };
    if mantissa.starts_with('-') { -value } else { value }
}

fn power_of_ten(exponent: i32) -> f64 {
    (0..exponent).fold(1.0, |power, _| power * 10.0)
}

/// The shortest decimal text of a number of ordinary size, without exponent; null when it is not
/// finite. The standard library's formatter gives the same and weighs 14 KB.
fn number_text(value: f64) -> Option<String> {
    if !value.is_finite() {
        return None;
    }
    let sign = if value < 0.0 { "-" } else { "" };
    let size = value.abs();
    if size >= 1e17 {
        // Seventeen digits are all that such a number has; the rest are its zeros.
        let zeros = (0..400).find(|zeros| size / power_of_ten(*zeros) < 1e17).unwrap_or(0);
        return Some(format!("{sign}{}{}", (size / power_of_ten(zeros)) as u64, "0".repeat(zeros as usize)));
    }
    let whole = size as u64;
    if whole as f64 == size {
        return Some(format!("{sign}{whole}"));
    }
    let scaled = |places: i32| (size * power_of_ten(places) + 0.5) as u64;
    let mut places = 1;
    // For a few values none is exact, because scaling them is not; beyond seventeen digits the whole number would overflow.
    while places < 17 && scaled(places) as f64 / power_of_ten(places) != size && size * power_of_ten(places + 1) < 1e17 {
        places += 1;
    }
    let digits = scaled(places).to_string();
    let digits = "0".repeat((places as usize + 1).saturating_sub(digits.len())) + &digits;
    let point = digits.len() - places as usize;
    Some(format!("{sign}{}.{}", slice(&digits, 0, point), slice(&digits, point, digits.len())))
}

impl<'a> From<&'a str> for Json<'a> {
    fn from(text: &'a str) -> Self {
        Self::String(Cow::Borrowed(text))
    }
}

impl<'a> From<&'a String> for Json<'a> {
    fn from(text: &'a String) -> Self {
        Self::String(Cow::Borrowed(text))
    }
}

impl From<String> for Json<'_> {
    fn from(text: String) -> Self {
        Self::String(Cow::Owned(text))
    }
}

impl From<bool> for Json<'_> {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<u64> for Json<'_> {
    fn from(value: u64) -> Self {
        Self::Number(Cow::Owned(value.to_string()))
    }
}

impl From<i64> for Json<'_> {
    fn from(value: i64) -> Self {
        Self::Number(Cow::Owned(value.to_string()))
    }
}

impl From<u16> for Json<'_> {
    fn from(value: u16) -> Self {
        u64::from(value).into()
    }
}

impl From<usize> for Json<'_> {
    fn from(value: usize) -> Self {
        (value as u64).into()
    }
}

impl From<f64> for Json<'_> {
    fn from(value: f64) -> Self {
        number_text(value).map_or(Self::Null, |text| Self::Number(Cow::Owned(text)))
    }
}

impl<'a> From<Vec<Json<'a>>> for Json<'a> {
    fn from(items: Vec<Json<'a>>) -> Self {
        Self::Array(items)
    }
}

impl<'a, T> From<Option<T>> for Json<'a>
where
    Json<'a>: From<T>,
{
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Self::from)
    }
}

/// The text of a body: what is not UTF-8 in it becomes U+FFFD, as `Response.text()` makes it.
pub fn body_text(body: &[u8]) -> Cow<'_, str> {
    let text = String::from_utf8_lossy(body);
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim_start_matches('\u{FEFF}')),
        owned => owned,
    }
}

/// Reads a body or an event that has to be JSON. A tool's `arguments` are a string on these wires;
/// where a server sends the JSON itself, it stays as written, for `inputText` is "as sent".
pub fn parse_body<'a>(text: &'a str, what: &str) -> Result<Json<'a>> {
    Json::parse_keeping(text, Some("arguments")).map_err(|error| Error::new(ErrorKind::Malformed, format!("{what} is {}", error.message)))
}
