//! Tool names in Cohere's alphabet: letters, digits and `_`, no digit first.
//!
//! A name from elsewhere ("get-weather", "3d_render") must come back as it was, from a decoder that
//! has not seen the request. Mapping `-` to `_` cannot be undone, so a character that is refused is
//! spelled `_x2d_`: its code in hexadecimal. A name that would not survive the way there and back
//! (one that already has such a spelling in it) has no encoding.

use crate::text::{slice, split_once};

/// The name to send; `None` when it cannot be told from another one in the answer.
pub fn encode(name: &str) -> Option<String> {
    let mut sent = String::new();
    for c in name.chars() {
        if c == '_' || c.is_ascii_alphabetic() || (c.is_ascii_digit() && !sent.is_empty()) {
            sent.push(c);
        } else {
            spell(c, &mut sent);
        }
    }
    (decode(&sent) == name).then_some(sent)
}

/// The name that was encoded.
pub fn decode(sent: &str) -> String {
    let mut name = String::new();
    let mut rest = sent;
    while let Some((head, tail)) = split_once(rest, "_x") {
        name.push_str(head);
        rest = tail;
        match spelled(tail) {
            Some((c, behind)) => {
                name.push(c);
                rest = behind;
            }
            None => name.push_str("_x"),
        }
    }
    name.push_str(rest);
    name
}

/// `_x2d_`, with as few digits as the code has. By hand: the formatter is larger than this.
fn spell(c: char, out: &mut String) {
    out.push_str("_x");
    for place in (0..6).rev() {
        let left = u32::from(c) >> (4 * place);
        if left > 0 {
            out.push(char::from_digit(left & 15, 16).unwrap_or('0'));
        }
    }
    out.push('_');
}

/// The character of `2d_…`, and what stands behind it.
fn spelled(text: &str) -> Option<(char, &str)> {
    let mut code = 0;
    for (at, byte) in text.bytes().take(7).enumerate() {
        if byte == b'_' && at > 1 {
            return Some((char::from_u32(code)?, slice(text, at + 1, text.len())));
        }
        code = code << 4 | (byte as char).to_digit(16)?;
    }
    None
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
        for name in ["fs.read", "x-_x-", "_x", "_x_", "été", "a--b", "_-_x2d", "7", "_x2-d_", "\u{1F327}", "\t", "\0"] {
            if let Some(sent) = encode(name) {
                assert!(sent.bytes().all(|byte| byte == b'_' || byte.is_ascii_alphanumeric()), "{sent}");
                assert!(!sent.starts_with(|c: char| c.is_ascii_digit()), "{sent}");
                assert_eq!(decode(&sent), name);
            }
        }
        assert!(encode("fs.read").is_some() && encode("a--b").is_some() && encode("\u{10FFFF}").is_some());
    }

    #[test]
    fn what_only_looks_like_a_spelling_is_left_as_it_is() {
        for name in ["a_x2_b", "_x0000002d_", "_xzz_", "_x110000_", "_x2d", "_x_x", "_xd800_"] {
            assert_eq!(decode(name), name);
        }
        assert_eq!(decode("_x_x2d_"), "_x-");
        assert_eq!(decode("_x00002d_"), "-");
    }
}
