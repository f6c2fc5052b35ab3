//! The JSON reader and writer, against serde_json.

use modelwire::json::{Json, MAX_DEPTH, number_value};
use modelwire::object;
use serde_json::Value;

#[test]
fn what_is_json_and_what_is_not_is_as_serde_json_has_it() {
    let table = [
        "null",
        "true",
        "false",
        "0",
        "-0",
        "1",
        "-1",
        "1.5",
        "1e5",
        "1E+5",
        "1e-5",
        "0.1e1",
        "\"\"",
        "\"a\"",
        "[]",
        "{}",
        "[1,2]",
        " [ 1 , 2 ] ",
        "{\"a\":1}",
        "{\"a\":{\"b\":[null]}}",
        "\"\\u0041\\n\\t\\\"\\\\\\/\\b\\f\\r\"",
        "\"\\ud83d\\ude00\"",
        "\"é😀\"",
        "\u{FEFF}1",
        "",
        " ",
        "nul",
        "truex",
        "01",
        "-",
        "-01",
        "1.",
        ".5",
        "1e",
        "1e+",
        "+1",
        "0x1",
        "NaN",
        "Infinity",
        "\"",
        "\"a",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\u123g\"",
        "\"\n\"",
        "\"\t\"",
        "[1,]",
        "[,]",
        "[1 2]",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{a:1}",
        "{'a':1}",
        "[1]]",
        "{} {}",
        "1 2",
        "// x\n1",
        "[",
        "{",
        "{\"a\":1",
        "]",
    ];
    for text in table {
        let ours = Json::parse(text);
        let theirs: Result<Value, _> = serde_json::from_str(text);
        assert_eq!(ours.is_ok(), theirs.is_ok(), "{text:?}");
        if let (Ok(ours), Ok(theirs)) = (ours, theirs) {
            assert_eq!(serde_json::from_str::<Value>(&ours.to_text()).unwrap(), theirs, "{text:?}");
        }
    }
}

#[test]
fn half_a_surrogate_pair_becomes_the_replacement_character() {
    for (text, expected) in [("\"\\ud83d\"", "\u{FFFD}"), ("\"\\ude00x\"", "\u{FFFD}x"), ("\"\\ud83d\\u0041\"", "\u{FFFD}A")] {
        assert_eq!(Json::parse(text).unwrap().text(), expected);
    }
}

#[test]
fn nesting_has_a_bound_instead_of_a_crash() {
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    assert!(Json::parse(&nested(MAX_DEPTH)).is_ok());
    assert!(Json::parse(&nested(MAX_DEPTH + 1)).is_err());
    assert!(Json::parse(&"[".repeat(1_000_000)).is_err());
}

#[test]
fn numbers_keep_every_digit_and_order_is_kept() {
    let text = r#"{"z":12345678901234567890123,"a":0.10,"m":1e400}"#;
    assert_eq!(Json::parse(text).unwrap().to_text(), text);
}

#[test]
fn numbers_have_the_value_and_the_text_that_the_standard_library_gives_them() {
    for text in [
        "0",
        "-0.5",
        "0.7",
        "1.0",
        "2",
        "0.95",
        "1.25",
        "123456.789",
        "0.000001",
        "1e3",
        "2.5e-3",
        "9007199254740991",
        "0.1",
        "0.3",
        "99.99",
    ] {
        let value: f64 = text.parse().unwrap();
        assert_eq!(number_value(text), value, "{text}");
        let written = Json::from(value).to_text();
        assert_eq!(written.parse::<f64>().unwrap(), value, "{text} written as {written}");
        assert!(written.len() <= format!("{value}").len(), "{text} written as {written}");
    }
    // As measured times and jittered waits are: few of their digits are those of a person.
    let mut seed = 1_u64;
    for _ in 0..20_000 {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let value = (seed >> 11) as f64 / 9e15 * 10_f64.powi((seed % 9) as i32);
        let written = Json::from(value).to_text();
        let read = written.parse::<f64>().unwrap();
        assert!((read - value).abs() <= value * 1e-15 + 1e-17, "{value} written as {written}");
    }
    assert!(Json::from(f64::NAN).is_null() && Json::from(f64::INFINITY).is_null());
    let huge = Json::from(1e300).to_text().parse::<f64>().unwrap();
    assert!((huge / 1e300 - 1.0).abs() < 1e-15, "{huge}");
}

#[test]
fn every_character_survives_being_written_and_read() {
    let text: String = (0..0x300).chain(0xFFF0..0x1_0010).filter_map(char::from_u32).collect();
    let written = Json::from(text.as_str()).to_text();
    assert_eq!(serde_json::from_str::<String>(&written).unwrap(), text);
    assert_eq!(Json::parse(&written).unwrap().text(), text);
}

#[test]
fn members_are_found_set_and_removed() {
    let mut value = object! { "a": 1_u64, "b": "x" };
    value.set("a", "new");
    value.set("c", true);
    value.set_some("d", None::<u64>);
    assert_eq!(value.to_text(), r#"{"a":"new","b":"x","c":true}"#);
    assert_eq!(value.remove("b").unwrap().text(), "x");
    assert!(value.get("b").is_null() && value.path(&["a", "b", "c"]).is_null() && value.at(3).is_null());
    assert_eq!(Json::parse(r#"{"a":1,"a":2}"#).unwrap().get("a").u64(), Some(2));
    assert_eq!(Json::parse("[3.6,-1,\"4\"]").unwrap().items().iter().map(Json::u64).collect::<Vec<_>>(), [Some(4), None, None]);
}

#[test]
fn what_is_to_be_kept_is_kept_to_the_letter() {
    let text = r#"{"f":{"arguments":{"b": 1.0, "a":"\u00e9"},"other":{"b": 1.0}},"list":[{"arguments":[ 1 ]},{"arguments":"{ }"}]}"#;
    let value = Json::parse_keeping(text, Some("arguments")).unwrap();
    assert_eq!(value.path(&["f", "arguments"]).to_text(), r#"{"b": 1.0, "a":"\u00e9"}"#);
    assert_eq!(value.path(&["f", "other"]).to_text(), r#"{"b":1.0}"#);
    assert_eq!(value.get("list").at(0).get("arguments").to_text(), "[ 1 ]");
    assert_eq!(value.get("list").at(1).get("arguments").str(), Some("{ }"));
    assert!(Json::parse_keeping(r#"{"arguments":{"b":}}"#, Some("arguments")).is_err());
}
