//! JavaScript values ⇄ the core's.
//!
//! In: `serde-wasm-bindgen`, which copies each string once, straight into wasm memory. Out: JSON
//! text, which the engine parses faster than objects can be built from here field by field
//! (performance.md: 0.69 against 0.74 and up), and which carries a provider's own JSON unchanged.

use serde::Serialize;
use serde::de::DeserializeSeed;
use serde_json::Value;
use wasm_bindgen::{JsCast, JsValue};

use crate::error::{Error, ErrorKind, Result};
use crate::input::{MAX_DEPTH, Plain};

/// Plain data of a JavaScript value; `kind` is that of the error for anything else in it.
pub fn plain(value: JsValue, kind: ErrorKind) -> Result<Value> {
    let deserializer = serde_wasm_bindgen::Deserializer::from(value);
    Plain(MAX_DEPTH).deserialize(deserializer).map_err(|error| {
        let text = JsValue::from(error);
        Error::new(kind, format!("something given is not plain data: {}", describe(&text)))
    })
}

/// The JSON text of a value of the core's.
pub fn json<T: Serialize>(value: &T) -> JsValue {
    // The core's own types hold nothing that JSON cannot say; an empty text would be our mistake
    // and is reported as such by the facade's parser.
    JsValue::from_str(&serde_json::to_string(value).unwrap_or_default())
}

/// The JSON text of an error.
pub fn error_json(error: Box<Error>) -> JsValue {
    json(&error)
}

/// What a thrown value says: an Error's message and its cause's (Node puts "ECONNREFUSED" there), a
/// string itself.
pub fn describe(thrown: &JsValue) -> String {
    if let Some(text) = thrown.as_string() {
        return text;
    }
    let text = |value: &JsValue, field: &str| {
        js_sys::Reflect::get(value, &field.into()).ok().and_then(|found| found.as_string()).filter(|found| !found.is_empty())
    };
    let message = if thrown.is_object() { text(thrown, "message").or_else(|| text(thrown, "name")) } else { None };
    let message = message.unwrap_or_else(|| dump(thrown));
    if !thrown.is_object() {
        return message;
    }
    let cause = js_sys::Reflect::get(thrown, &"cause".into()).ok().filter(JsValue::is_object);
    match cause.and_then(|cause| text(&cause, "message").or_else(|| text(&cause, "code"))) {
        Some(cause) => format!("{message} ({cause})"),
        None => message,
    }
}

/// Not by `Debug`, which asks objects for their name and ends the module's turn if that throws.
fn dump(value: &JsValue) -> String {
    if !value.is_object() && !value.is_function() {
        return format!("{value:?}");
    }
    js_sys::JSON::stringify(value).ok().and_then(|json| json.as_string()).unwrap_or_else(|| "something without a message".to_owned())
}

/// A function member of an object.
pub fn method(object: &JsValue, name: &str) -> Option<js_sys::Function> {
    js_sys::Reflect::get(object, &name.into()).ok()?.dyn_into().ok()
}
