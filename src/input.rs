//! Reading what a caller gave, field by field, so that every complaint names its field.
//!
//! Used for options and requests.

use crate::error::{Error, ErrorKind, Result};
use crate::json::{Json, Members, number_value};

/// Any owned JSON.
pub type Value = Json<'static>;

/// What stands for binary data in a caller's value, `{"$bytes": base64}`; no text field accepts it.
pub const BYTES: &str = "$bytes";

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
    members: Members<'static>,
    known: Vec<&'static str>,
}

impl Fields {
    /// Takes an object over. `path` is empty at the top, else `messages[0]`.
    pub fn new(subject: Subject, path: String, value: Value) -> Result<Self> {
        match value {
            Json::Object(members) => Ok(Self { subject, path, members, known: Vec::new() }),
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

    /// An object inside this one.
    pub fn inner(&self, field: &str, value: Value) -> Result<Self> {
        Self::new(self.subject, self.name(field), value)
    }

    /// The full name of a field: `messages[0].content`.
    pub fn name(&self, field: &str) -> String {
        if self.path.is_empty() { field.to_owned() } else { format!("{}.{field}", self.path) }
    }

    /// An error of this subject that names a field.
    pub fn error(&self, field: &str, complaint: &str) -> Box<Error> {
        self.subject.error(format!("{} {complaint}", self.name(field)))
    }

    /// An error about the object itself.
    pub fn complaint(&self, complaint: &str) -> Box<Error> {
        self.subject.error(format!("{}: {complaint}", self.path))
    }

    /// The error for a field of the wrong type.
    pub fn wrong_type(&self, field: &str, wanted: &str, given: &Value) -> Box<Error> {
        self.error(field, &format!("must be {wanted}, not {}", type_name(given)))
    }

    /// Whether a field was given.
    pub fn has(&self, field: &str) -> bool {
        self.members.iter().any(|(name, value)| name == field && !value.is_null())
    }

    /// A field's value, whatever it is; null and absent are the same.
    pub fn take(&mut self, field: &'static str) -> Option<Value> {
        self.known.push(field);
        let index = self.members.iter().position(|(name, _)| name == field)?;
        Some(self.members.remove(index).1).filter(|value| !value.is_null())
    }

    /// A string.
    pub fn string(&mut self, field: &'static str) -> Result<Option<String>> {
        match self.take(field) {
            None => Ok(None),
            Some(Json::String(text)) => Ok(Some(text.into_owned())),
            Some(other) => Err(self.wrong_type(field, "a string", &other)),
        }
    }

    /// A string that is not empty: an empty one (an unset variable) is none.
    pub fn filled(&mut self, field: &'static str) -> Result<Option<String>> {
        Ok(self.string(field)?.filter(|text| !text.is_empty()))
    }

    /// A string that must be there.
    pub fn required_string(&mut self, field: &'static str) -> Result<String> {
        self.string(field)?.ok_or_else(|| self.error(field, "is required"))
    }

    /// `true` or `false`; false when absent.
    pub fn flag(&mut self, field: &'static str) -> Result<bool> {
        Ok(self.boolean(field)?.unwrap_or(false))
    }

    /// `true` or `false`.
    pub fn boolean(&mut self, field: &'static str) -> Result<Option<bool>> {
        match self.take(field) {
            None => Ok(None),
            Some(Json::Bool(value)) => Ok(Some(value)),
            Some(other) => Err(self.wrong_type(field, "true or false", &other)),
        }
    }

    /// A number within bounds, both included.
    pub fn number(&mut self, field: &'static str, low: i8, high: i8) -> Result<Option<f64>> {
        match self.take(field) {
            None => Ok(None),
            Some(Json::Number(number)) => match Some(number_value(&number)) {
                Some(value) if (f64::from(low)..=f64::from(high)).contains(&value) => Ok(Some(value)),
                _ => Err(self.error(field, &format!("must be between {low} and {high}, not {number}"))),
            },
            Some(other) => Err(self.wrong_type(field, "a number", &other)),
        }
    }

    /// A number of at least `low`: a time, a rate, a sum.
    pub fn amount(&mut self, field: &'static str, low: i8) -> Result<Option<f64>> {
        match self.take(field) {
            None => Ok(None),
            Some(Json::Number(number)) => match number_value(&number) {
                value if value >= f64::from(low) => Ok(Some(value)),
                _ => Err(self.error(field, &format!("must be at least {low}, not {number}"))),
            },
            Some(other) => Err(self.wrong_type(field, "a number", &other)),
        }
    }

    /// A whole number of at least `low`.
    pub fn whole(&mut self, field: &'static str, low: i64) -> Result<Option<i64>> {
        match self.take(field) {
            None => Ok(None),
            Some(Json::Number(number)) => match number.parse() {
                Ok(value) if value >= low => Ok(Some(value)),
                _ if low == i64::MIN => Err(self.error(field, &format!("must be a whole number, not {number}"))),
                _ => Err(self.error(field, &format!("must be a whole number of at least {low}, not {number}"))),
            },
            Some(other) => Err(self.wrong_type(field, "a number", &other)),
        }
    }

    /// An array.
    pub fn array(&mut self, field: &'static str) -> Result<Option<Vec<Value>>> {
        match self.take(field) {
            None => Ok(None),
            Some(Json::Array(items)) => Ok(Some(items)),
            Some(other) => Err(self.wrong_type(field, "an array", &other)),
        }
    }

    /// An array of strings; empty when absent.
    pub fn strings(&mut self, field: &'static str) -> Result<Vec<String>> {
        let mut list = Vec::new();
        for (index, item) in self.array(field)?.unwrap_or_default().into_iter().enumerate() {
            match item {
                Json::String(text) => list.push(text.into_owned()),
                other => return Err(self.wrong_type(&format!("{field}[{index}]"), "a string", &other)),
            }
        }
        Ok(list)
    }

    /// An object.
    pub fn object(&mut self, field: &'static str) -> Result<Option<Members<'static>>> {
        match self.take(field) {
            None => Ok(None),
            Some(Json::Object(map)) => Ok(Some(map)),
            Some(other) => Err(self.wrong_type(field, "an object", &other)),
        }
    }

    /// An object of strings; empty when absent.
    pub fn string_map(&mut self, field: &'static str) -> Result<Vec<(String, String)>> {
        let mut list = Vec::new();
        for (key, value) in self.object(field)?.unwrap_or_default() {
            match value {
                Json::String(text) => list.push((key.into_owned(), text.into_owned())),
                other => return Err(self.wrong_type(&format!("{field}.{key}"), "a string", &other)),
            }
        }
        Ok(list)
    }

    /// Header names and values that HTTP can carry.
    pub fn headers(&mut self, field: &'static str) -> Result<Vec<(String, String)>> {
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
    pub fn refuse(&mut self, fields: &[&'static str], why: &str) -> Result<()> {
        for field in fields {
            match self.take(field) {
                None | Some(Json::Bool(false)) => {}
                Some(_) => return Err(Error::new(ErrorKind::Unsupported, format!("{} {why}", self.name(field)))),
            }
        }
        Ok(())
    }

    /// The end: a field that nobody took is a mistake of the caller's, most often a spelling.
    pub fn finish(self) -> Result<()> {
        let Some((stray, _)) = self.members.iter().find(|(_, value)| !value.is_null()) else { return Ok(()) };
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
    if value.get(BYTES).is_null() { value.type_name() } else { "bytes" }
}
