//! Tool names in Cohere's alphabet: letters, digits and `_`, no digit first.
//!
//! A name from elsewhere ("get-weather", "3d_render") must come back as it was, from a decoder that
//! has not seen the request. Mapping `-` to `_` cannot be undone, so a character that is refused is
//! spelled `_x2d_`: its code in hexadecimal. A name that would not survive the way there and back
//! (one that already has such a spelling in it) has no encoding.

use std::borrow::Cow;

/// The name to send; `None` when it cannot be told from another one in the answer.
pub fn encode(name: &str) -> Option<String> {
    let mut sent = String::with_capacity(name.len());
    for (index, c) in name.chars().enumerate() {
        if c == '_' || c.is_ascii_alphabetic() || (c.is_ascii_digit() && index > 0) {
            sent.push(c);
        } else {
            sent.push_str(&format!("_x{:x}_", u32::from(c)));
        }
    }
    (decode(&sent) == name).then_some(sent)
}

/// The name that was encoded.
pub fn decode(sent: &str) -> Cow<'_, str> {
    if !sent.contains("_x") {
        return Cow::Borrowed(sent);
    }
    let mut name = String::with_capacity(sent.len());
    let mut rest = sent;
    while let Some(at) = rest.find("_x") {
        let (head, tail) = rest.split_at(at);
        name.push_str(head);
        match spelled(&tail[2..]) {
            Some((c, behind)) => {
                name.push(c);
                rest = behind;
            }
            None => {
                name.push_str("_x");
                rest = &tail[2..];
            }
        }
    }
    name.push_str(rest);
    Cow::Owned(name)
}

/// The character of `2d_…`, and what stands behind it.
fn spelled(text: &str) -> Option<(char, &str)> {
    let (digits, behind) = text.split_once('_')?;
    let is_code = (2..=6).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let c = char::from_u32(u32::from_str_radix(digits, 16).ok().filter(|_| is_code)?)?;
    Some((c, behind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_comes_back_as_it_was_or_is_refused() {
        assert_eq!(encode("get_weather").as_deref(), Some("get_weather"));
        assert_eq!(encode("get-weather").as_deref(), Some("get_x2d_weather"));
        assert_eq!(encode("3d").as_deref(), Some("_x33_d"));
        assert_eq!(encode("a_x2d_b"), None);
        for name in ["fs.read", "x-_x-", "_x", "_x_", "été", "a--b", "_-_x2d", "7", "_x2-d_"] {
            if let Some(sent) = encode(name) {
                assert!(sent.bytes().all(|byte| byte == b'_' || byte.is_ascii_alphanumeric()), "{sent}");
                assert!(!sent.starts_with(|c: char| c.is_ascii_digit()), "{sent}");
                assert_eq!(decode(&sent), name);
            }
        }
        assert!(encode("fs.read").is_some() && encode("a--b").is_some());
    }
}
