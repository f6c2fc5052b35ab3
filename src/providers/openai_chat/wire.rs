//! What comes back, as types: only what is read, and every field of it optional.
//!
//! Servers leave out, null or mistype nearly all of it (openai-compatible.md §1.9–10). A field of
//! an odd type is an absent one; only what is not JSON at all is an error. Text is borrowed from
//! the event: an allocation a delta is what decoding would cost otherwise.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// A whole answer, or one chunk of a stream.
///
/// What is `RawValue` is looked into only when it matters; Perplexity repeats the whole message in
/// every chunk, and parsing it each time would be quadratic.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Body<'a> {
    #[serde(borrow)]
    pub id: Text<'a>,
    #[serde(borrow)]
    pub model: Text<'a>,
    #[serde(borrow)]
    pub object: Text<'a>,
    #[serde(borrow)]
    pub choices: Option<Vec<Choice<'a>>>,
    #[serde(borrow)]
    pub usage: Option<&'a RawValue>,
    #[serde(borrow)]
    pub x_groq: Option<&'a RawValue>,
    #[serde(borrow)]
    pub error: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Choice<'a> {
    pub index: Count,
    #[serde(borrow)]
    pub delta: Option<Message<'a>>,
    #[serde(borrow)]
    pub message: Option<&'a RawValue>,
    #[serde(borrow)]
    pub finish_reason: Text<'a>,
    #[serde(borrow)]
    pub error: Option<&'a RawValue>,
}

/// A whole message or a delta of one.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Message<'a> {
    #[serde(borrow)]
    pub content: Content<'a>,
    #[serde(borrow)]
    pub refusal: Text<'a>,
    #[serde(borrow)]
    pub reasoning_content: Text<'a>,
    #[serde(borrow)]
    pub reasoning: Text<'a>,
    #[serde(borrow)]
    pub reasoning_details: Option<&'a RawValue>,
    #[serde(borrow)]
    pub tool_calls: Option<Vec<ToolCallPart<'a>>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub struct ContentPart<'a> {
    #[serde(rename = "type", borrow)]
    pub kind: Text<'a>,
    #[serde(borrow)]
    pub text: Text<'a>,
    #[serde(borrow)]
    pub thinking: Content<'a>,
    #[serde(borrow)]
    pub refusal: Text<'a>,
}

/// A member of OpenRouter's `reasoning_details`: `reasoning.text`, `.summary` or `.encrypted`.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct ReasoningDetail<'a> {
    #[serde(borrow)]
    pub text: Text<'a>,
    #[serde(borrow)]
    pub summary: Text<'a>,
}

/// A tool call or a fragment of one.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct ToolCallPart<'a> {
    pub index: Count,
    #[serde(borrow)]
    pub id: Text<'a>,
    #[serde(borrow)]
    pub function: Option<Function<'a>>,
    /// What a custom tool has instead.
    #[serde(borrow)]
    pub custom: Option<Function<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Function<'a> {
    #[serde(borrow)]
    pub name: Text<'a>,
    /// A string of JSON; from some servers the JSON itself.
    #[serde(borrow)]
    pub arguments: Option<&'a RawValue>,
    /// A custom tool's arguments: plain text.
    #[serde(borrow)]
    pub input: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub struct GroqExtras<'a> {
    #[serde(borrow)]
    pub usage: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Usage {
    pub prompt_tokens: Count,
    pub completion_tokens: Count,
    pub total_tokens: Count,
    pub prompt_tokens_details: Option<PromptDetails>,
    pub completion_tokens_details: Option<CompletionDetails>,
    /// DeepSeek's.
    pub prompt_cache_hit_tokens: Count,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub struct PromptDetails {
    pub cached_tokens: Count,
    pub cache_write_tokens: Count,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub struct CompletionDetails {
    pub reasoning_tokens: Count,
}

/// A list of models: OpenAI's `data`, or `models` with ids or names.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct ModelList<'a> {
    #[serde(borrow)]
    pub data: Option<Vec<Model<'a>>>,
    #[serde(borrow)]
    pub models: Option<Vec<Model<'a>>>,
    #[serde(borrow)]
    pub error: Option<&'a RawValue>,
}

/// A model, by its id or by an object that has one.
#[derive(Default)]
pub struct Model<'a>(pub Text<'a>);

/// Text; anything that is none is empty.
#[derive(Default)]
pub struct Text<'a>(Cow<'a, str>);

impl Text<'_> {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text, when there is one: servers write null and "" for the same.
    pub fn some(&self) -> Option<&str> {
        Some(self.as_str()).filter(|text| !text.is_empty())
    }
}

/// `content`: text, or parts of it.
#[derive(Default)]
pub enum Content<'a> {
    #[default]
    None,
    Text(Cow<'a, str>),
    Parts(Vec<ContentPart<'a>>),
}

/// A whole number that is not negative; anything else is none.
#[derive(Clone, Copy, Default)]
pub struct Count(pub Option<u64>);

/// Reads anything at all, as whatever `T` makes of it.
struct Any<T>(std::marker::PhantomData<T>);

/// What a type makes of each JSON value. Each is the type's default unless it says otherwise.
trait FromAny<'de>: Default {
    fn text(_: Cow<'de, str>) -> Self {
        Self::default()
    }
    fn number(_: f64) -> Self {
        Self::default()
    }
    fn list<A: SeqAccess<'de>>(mut list: A) -> Result<Self, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Self::default())
    }
    fn object<A: MapAccess<'de>>(mut object: A) -> Result<Self, A::Error> {
        while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Self::default())
    }
}

impl<'de, T: FromAny<'de>> Visitor<'de> for Any<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }
    fn visit_unit<E>(self) -> Result<T, E> {
        Ok(T::default())
    }
    fn visit_bool<E>(self, _: bool) -> Result<T, E> {
        Ok(T::default())
    }
    fn visit_i64<E>(self, value: i64) -> Result<T, E> {
        Ok(T::number(value as f64))
    }
    fn visit_u64<E>(self, value: u64) -> Result<T, E> {
        Ok(T::number(value as f64))
    }
    fn visit_f64<E>(self, value: f64) -> Result<T, E> {
        Ok(T::number(value))
    }
    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<T, E> {
        Ok(T::text(Cow::Borrowed(text)))
    }
    fn visit_str<E>(self, text: &str) -> Result<T, E> {
        Ok(T::text(Cow::Owned(text.to_owned())))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<T, A::Error> {
        T::list(list)
    }
    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<T, A::Error> {
        T::object(object)
    }
}

impl<'de: 'a, 'a> FromAny<'de> for Text<'a> {
    fn text(text: Cow<'de, str>) -> Self {
        Self(text)
    }
}

impl<'de: 'a, 'a> FromAny<'de> for Content<'a> {
    fn text(text: Cow<'de, str>) -> Self {
        Self::Text(text)
    }
    fn list<A: SeqAccess<'de>>(mut list: A) -> Result<Self, A::Error> {
        let mut parts = Vec::new();
        while let Some(part) = list.next_element()? {
            parts.push(part);
        }
        Ok(Self::Parts(parts))
    }
}

impl FromAny<'_> for Count {
    fn number(value: f64) -> Self {
        // Beyond this, a number is no count, and sums of it would overflow.
        const MOST: f64 = 9_007_199_254_740_992.0;
        Self((0.0..=MOST).contains(&value).then_some(value as u64))
    }
}

impl<'de: 'a, 'a> FromAny<'de> for Model<'a> {
    fn text(id: Cow<'de, str>) -> Self {
        Self(Text(id))
    }
    fn object<A: MapAccess<'de>>(mut object: A) -> Result<Self, A::Error> {
        let (mut id, mut name) = (Text::default(), Text::default());
        while let Some(key) = object.next_key::<Text<'de>>()? {
            match key.as_str() {
                "id" => id = object.next_value()?,
                "name" => name = object.next_value()?,
                _ => _ = object.next_value::<IgnoredAny>()?,
            }
        }
        Ok(Self(if id.some().is_some() { id } else { name }))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Any(std::marker::PhantomData))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Content<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Any(std::marker::PhantomData))
    }
}

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Any(std::marker::PhantomData))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Model<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Any(std::marker::PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_without_escapes_is_not_copied() {
        let body: Body<'_> = serde_json::from_str(r#"{"id":"a","choices":[{"delta":{"content":"b","refusal":"c\n"}}]}"#).unwrap();
        assert!(matches!(body.id.0, Cow::Borrowed("a")));
        let delta = body.choices.unwrap().remove(0).delta.unwrap();
        assert!(matches!(delta.content, Content::Text(Cow::Borrowed("b"))));
        assert!(matches!(delta.refusal.0, Cow::Owned(_)));
    }

    #[test]
    fn only_a_number_that_can_be_a_count_is_one() {
        for (json, expected) in
            [("12", Some(12)), ("12.0", Some(12)), ("0", Some(0)), ("-1", None), ("1e300", None), ("\"7\"", None), ("{}", None)]
        {
            assert_eq!(serde_json::from_str::<Count>(json).unwrap().0, expected, "{json}");
        }
    }
}
