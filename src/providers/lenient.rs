//! Reading of wire fields that servers spell in more than one way.
//!
//! Shared by the dialects that decode with derived readers; knows no provider.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

/// A string that stays where it is in the event's text unless it has escapes. (A plain
/// `Option<Cow<str>>` field is always copied: serde borrows through a newtype only.)
#[derive(Debug, Default, Deserialize)]
#[serde(transparent)]
pub struct Text<'a>(#[serde(borrow)] pub Cow<'a, str>);

impl std::ops::Deref for Text<'_> {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

/// A count of tokens: rounded when it is a float (Cohere's), unknown when it is null, negative, no
/// number at all, or so large that sums of it would overflow.
pub fn count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    const MOST: f64 = 9_007_199_254_740_992.0;
    let value = Value::deserialize(deserializer)?;
    Ok(value.as_f64().filter(|number| (0.0..=MOST).contains(number)).map(|number| number.round() as u64))
}

/// A part of an answer that must not cost it the rest: the default when it is not what it should be.
pub fn or_default<'a, T: Deserialize<'a> + Default>(raw: Option<&'a RawValue>) -> T {
    raw.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_is_a_number_that_can_be_one() {
        #[derive(Deserialize)]
        struct Usage {
            #[serde(deserialize_with = "count")]
            n: Option<u64>,
        }
        for (json, expected) in
            [("12", Some(12)), ("12.6", Some(13)), ("0", Some(0)), ("-1", None), ("1e300", None), ("null", None), ("\"7\"", None)]
        {
            assert_eq!(serde_json::from_str::<Usage>(&format!("{{\"n\":{json}}}")).unwrap().n, expected, "{json}");
        }
    }

    #[test]
    fn text_without_escapes_is_not_copied() {
        let texts: Vec<Option<Text<'_>>> = serde_json::from_str(r#"["a", "b\n", null]"#).unwrap();
        assert!(matches!(texts.as_slice(), [Some(Text(Cow::Borrowed("a"))), Some(Text(Cow::Owned(_))), None]));
    }
}
