//! Reading what a caller gave, field by field, so that every complaint names its field.
//!
//! Used for options and requests. `serde`'s derived readers say "invalid type: map, expected a
//! string" without a place; with tagged unions they cannot even know it.

use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::error::{Error, ErrorKind, Result};

/// How deep a caller's data may nest. Far above any schema; below what a cycle would do to the stack.
pub const MAX_DEPTH: usize = 100;

/// Reads any self-describing data (a JavaScript value, JSON) as a [`Value`], with a bound on its
/// depth: an object that contains itself is an error here and a crashed instance otherwise.
/// Binary data becomes `{"$bytes": length}`, which no text field accepts.
pub struct Plain(pub usize);

impl<'de> DeserializeSeed<'de> for Plain {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Plain {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("plain data")
    }
    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }
    fn visit_bytes<E>(self, value: &[u8]) -> Result<Value, E> {
        Ok(serde_json::json!({ "$bytes": value.len() }))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let inner = self.0.checked_sub(1).ok_or_else(too_deep)?;
        let mut items = Vec::new();
        while let Some(item) = access.next_element_seed(Plain(inner))? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let inner = self.0.checked_sub(1).ok_or_else(too_deep)?;
        let mut map = Map::new();
        while let Some(key) = access.next_key::<String>()? {
            let value = access.next_value_seed(Plain(inner))?;
            // An `undefined` member is an absent one, as in JSON.stringify.
            if !value.is_null() {
                map.insert(key, value);
            }
        }
        Ok(Value::Object(map))
    }
}

fn too_deep<E: de::Error>() -> E {
    E::custom(format!("nested more than {MAX_DEPTH} levels deep (does it contain itself?)"))
}

/// Whose fields are read: the kind of the errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// `createClient`'s options: "config".
    Options,
    /// A request: "invalid-request".
    Request,
}

impl Subject {
    /// An error about this subject.
    pub fn error(self, message: impl Into<String>) -> Box<Error> {
        Error::new(if self == Self::Options { ErrorKind::Config } else { ErrorKind::InvalidRequest }, message)
    }
}

/// An object whose fields are taken one by one; what is left at the end was not asked for.
#[derive(Debug)]
pub struct Fields {
    subject: Subject,
    path: String,
    map: Map<String, Value>,
    known: Vec<String>,
}

impl Fields {
    /// Takes an object over. `path` is empty at the top, else "messages[0]".
    pub fn new(subject: Subject, path: String, value: Value) -> Result<Self> {
        match value {
            Value::Object(map) => Ok(Self { subject, path, map, known: Vec::new() }),
            other => {
                let place = match (path.is_empty(), subject) {
                    (false, _) => path.as_str(),
                    (true, Subject::Options) => "the options",
                    (true, Subject::Request) => "the request",
                };
                Err(subject.error(format!("{place} must be an object, not {}", type_name(&other))))
            }
        }
    }

    /// The full name of a field: "messages[0].content".
    pub fn name(&self, field: &str) -> String {
        if self.path.is_empty() { field.to_owned() } else { format!("{}.{field}", self.path) }
    }

    /// An error of this subject that names a field.
    pub fn error(&self, field: &str, complaint: &str) -> Box<Error> {
        self.subject.error(format!("{} {complaint}", self.name(field)))
    }

    /// A field's value, whatever it is; null and absent are the same.
    pub fn take(&mut self, field: &str) -> Option<Value> {
        self.known.push(field.to_owned());
        self.map.shift_remove(field).filter(|value| !value.is_null())
    }

    /// A string.
    pub fn string(&mut self, field: &str) -> Result<Option<String>> {
        match self.take(field) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(self.error(field, &format!("must be a string, not {}", type_name(&other)))),
        }
    }

    /// A string that must be there.
    pub fn required_string(&mut self, field: &str) -> Result<String> {
        self.string(field)?.ok_or_else(|| self.error(field, "is required"))
    }

    /// `true` or `false`; false when absent.
    pub fn flag(&mut self, field: &str) -> Result<bool> {
        Ok(self.boolean(field)?.unwrap_or(false))
    }

    /// `true` or `false`.
    pub fn boolean(&mut self, field: &str) -> Result<Option<bool>> {
        match self.take(field) {
            None => Ok(None),
            Some(Value::Bool(value)) => Ok(Some(value)),
            Some(other) => Err(self.error(field, &format!("must be true or false, not {}", type_name(&other)))),
        }
    }

    /// A number within bounds, both included.
    pub fn number(&mut self, field: &str, low: i8, high: i8) -> Result<Option<f64>> {
        match self.take(field) {
            None => Ok(None),
            Some(Value::Number(number)) => match number.as_f64() {
                Some(value) if (f64::from(low)..=f64::from(high)).contains(&value) => Ok(Some(value)),
                _ => Err(self.error(field, &format!("must be between {low} and {high}, not {number}"))),
            },
            Some(other) => Err(self.error(field, &format!("must be a number, not {}", type_name(&other)))),
        }
    }

    /// A whole number of at least `low`.
    pub fn whole(&mut self, field: &str, low: i64) -> Result<Option<i64>> {
        match self.take(field) {
            None => Ok(None),
            Some(Value::Number(number)) => match number.as_i64() {
                Some(value) if value >= low => Ok(Some(value)),
                _ if low == i64::MIN => Err(self.error(field, &format!("must be a whole number, not {number}"))),
                _ => Err(self.error(field, &format!("must be a whole number of at least {low}, not {number}"))),
            },
            Some(other) => Err(self.error(field, &format!("must be a number, not {}", type_name(&other)))),
        }
    }

    /// An array.
    pub fn array(&mut self, field: &str) -> Result<Option<Vec<Value>>> {
        match self.take(field) {
            None => Ok(None),
            Some(Value::Array(items)) => Ok(Some(items)),
            Some(other) => Err(self.error(field, &format!("must be an array, not {}", type_name(&other)))),
        }
    }

    /// An array of strings; empty when absent.
    pub fn strings(&mut self, field: &str) -> Result<Vec<String>> {
        let items = self.array(field)?.unwrap_or_default();
        items
            .into_iter()
            .enumerate()
            .map(|(index, item)| match item {
                Value::String(text) => Ok(text),
                other => Err(self.error(&format!("{field}[{index}]"), &format!("must be a string, not {}", type_name(&other)))),
            })
            .collect()
    }

    /// An object.
    pub fn object(&mut self, field: &str) -> Result<Option<Map<String, Value>>> {
        match self.take(field) {
            None => Ok(None),
            Some(Value::Object(map)) => Ok(Some(map)),
            Some(other) => Err(self.error(field, &format!("must be an object, not {}", type_name(&other)))),
        }
    }

    /// An object of strings; empty when absent.
    pub fn string_map(&mut self, field: &str) -> Result<Vec<(String, String)>> {
        let map = self.object(field)?.unwrap_or_default();
        map.into_iter()
            .map(|(key, value)| match value {
                Value::String(text) => Ok((key, text)),
                other => Err(self.error(&format!("{field}.{key}"), &format!("must be a string, not {}", type_name(&other)))),
            })
            .collect()
    }

    /// Header names and values that HTTP can carry.
    pub fn headers(&mut self, field: &str) -> Result<Vec<(String, String)>> {
        let headers = self.string_map(field)?;
        for (name, value) in &headers {
            let token = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte));
            if !token {
                return Err(self.error(field, &format!("has \"{name}\", which is not a header name")));
            }
            if value.chars().any(|c| (c < ' ' && c != '\t') || c > '\u{FF}' || c == '\u{7F}') {
                return Err(self.error(&format!("{field}.{name}"), "has a character that a header cannot carry"));
            }
        }
        Ok(headers)
    }

    /// Refuses fields that are not built yet: an option that is accepted is honoured. `false` asks
    /// for nothing and is accepted.
    pub fn refuse(&mut self, fields: &[&str], why: &str) -> Result<()> {
        for field in fields {
            match self.take(field) {
                None | Some(Value::Bool(false)) => {}
                Some(_) => return Err(Error::new(ErrorKind::Unsupported, format!("{} {why}", self.name(field)))),
            }
        }
        Ok(())
    }

    /// The end: a field that nobody took is a mistake of the caller's, most often a spelling.
    pub fn finish(self) -> Result<()> {
        let Some(stray) = self.map.iter().find(|(_, value)| !value.is_null()).map(|(key, _)| key) else { return Ok(()) };
        let near = self.known.iter().find(|known| is_near(known, stray));
        let hint = near.map(|known| format!("; did you mean {known}?")).unwrap_or_default();
        Err(self.subject.error(format!("{} is not known here{hint}", self.name(stray))))
    }
}

/// Same letters but for case and underscores ("max_tokens", "topp"), or one letter off.
fn is_near(known: &str, given: &str) -> bool {
    let fold = |text: &str| -> Vec<char> { text.chars().filter(|c| *c != '_' && *c != '-').map(|c| c.to_ascii_lowercase()).collect() };
    let (a, b) = (fold(known), fold(given));
    if a == b {
        return true;
    }
    let (short, long) = if a.len() < b.len() { (a, b) } else { (b, a) };
    if long.len() - short.len() > 1 || long.len() < 4 {
        return false;
    }
    let head = short.iter().zip(&long).take_while(|(x, y)| x == y).count();
    let tail = short[head..].iter().rev().zip(long[head..].iter().rev()).take_while(|(x, y)| x == y).count();
    long.len() - head - tail <= 1
}

/// What a value is, for "must be a string, not …".
pub fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(map) if map.contains_key("$bytes") => "bytes",
        Value::Object(_) => "an object",
    }
}
