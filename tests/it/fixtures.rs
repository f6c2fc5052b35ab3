//! The fixture folders: `tests/fixtures/<provider>/<case>/`. A case is data; adding one needs no code.
//!
//! `request.json` is encoded; `response.json`, `stream.txt` and `error.json` are decoded; what must
//! come out stands in `expected.json`. Streams are read in every framing. With `UPDATE_EXPECT=1` the
//! expectation is written anew, for its diff to be reviewed.

use std::fs;
use std::path::{Path, PathBuf};

use modelwire::answer::Answer;
use modelwire::chat::{ChatRequest, ChatResponse, Warning};
use modelwire::error::{Error, Result};
use modelwire::http::{HttpRequest, Method, ResponseHead};
use modelwire::json::Json;
use modelwire::options::ClientOptions;
use modelwire::providers::{self, Mode, Target};
use modelwire::secret::Secret;
use serde_json::{Map, Value, json};

use crate::framing::{self, Wire, value};

/// The key that fixture requests are encoded with; no expectation may contain it.
pub const KEY: &str = "the-key-of-the-fixtures";

/// All of them: their wires, names and folders.
pub fn cases() -> Vec<(Wire, String, PathBuf)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let mut list = Vec::new();
    for kind in fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().path()) {
        let word = kind.file_name().unwrap().to_string_lossy().into_owned();
        let wire = Wire::of(&word);
        for case in fs::read_dir(&kind).unwrap().map(|entry| entry.unwrap().path()) {
            let name = format!("{word}/{}", case.file_name().unwrap().to_string_lossy());
            list.push((wire, name, case));
        }
    }
    list.sort_by(|a, b| a.1.cmp(&b.1));
    list
}

pub fn read_json(path: &Path) -> Value {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Runs every case that has `file`, and says all that differ at once.
pub fn run(file: &str, least: usize, actual: impl Fn(Wire, &str, &Path) -> Value) {
    let (mut seen, mut wrong) = (0, Vec::new());
    for (wire, name, folder) in cases() {
        let path = folder.join(file);
        if !path.exists() {
            continue;
        }
        seen += 1;
        let actual = actual(wire, &name, &path);
        let place = folder.join("expected.json");
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            fs::write(&place, format!("{}\n", serde_json::to_string_pretty(&actual).unwrap())).unwrap();
            continue;
        }
        if let Some(difference) = difference(&read_json(&place), &actual) {
            wrong.push(format!("{name}: {difference}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {seen} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(seen >= least, "only {seen} cases with {file}: where are the others?");
}

/// The first member of the expectation that is not so. What the expectation does not name is not
/// compared; "message contains" is.
pub fn difference(expected: &Value, actual: &Value) -> Option<String> {
    match (expected, actual) {
        (Value::Object(expected), Value::Object(actual)) => expected.iter().find_map(|(key, expected)| {
            if key == "message contains" {
                let message = actual.get("message").and_then(Value::as_str).unwrap_or_default();
                let wanted = expected.as_str().unwrap_or_default();
                return (!message.contains(wanted)).then(|| format!("message: {message:?} does not contain {wanted:?}"));
            }
            difference(expected, actual.get(key).unwrap_or(&Value::Null)).map(|inner| format!("{key} → {inner}"))
        }),
        (Value::Number(a), Value::Number(b)) if a.as_f64() == b.as_f64() => None,
        (expected, actual) if is_exact(expected, actual) => None,
        _ => Some(format!("expected {expected}, got {actual}")),
    }
}

fn is_exact(expected: &Value, actual: &Value) -> bool {
    match (expected, actual) {
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| difference(a, b).is_none()),
        _ => expected == actual,
    }
}

fn show_response(response: &ChatResponse) -> Map<String, Value> {
    let Value::Object(mut shown) = value(&response.to_json()) else { panic!("a response is an object") };
    shown.retain(|key, _| {
        ["id", "model", "text", "reasoning", "toolCalls", "message", "finishReason", "rawFinishReason", "usage"].contains(&key.as_str())
    });
    shown.insert("warnings".into(), response.warnings.iter().map(|warning| warning.code).collect());
    shown
}

pub fn show_error(error: &Error) -> Value {
    let mut shown = json!({ "error": value(&error.to_json()) });
    if let Some(partial) = &error.partial {
        shown["partial"] = show_response(partial).into();
    }
    shown
}

pub fn show_http(http: &HttpRequest, warnings: &[Warning]) -> Value {
    let headers: Map<String, Value> = http
        .headers
        .iter()
        .map(|(name, value)| {
            let shown: String = serde_json::from_str(&format!("{value:?}")).unwrap_or_else(|_| format!("{value:?}"));
            (name.clone(), shown.into())
        })
        .collect();
    let body: Value = if http.body.is_empty() { Value::Null } else { serde_json::from_slice(&http.body).unwrap() };
    let method = if http.method == Method::Get { "GET" } else { "POST" };
    let warnings: Vec<Value> = warnings.iter().map(|warning| json!({ "code": warning.code, "setting": warning.setting })).collect();
    json!({ "http": { "method": method, "url": http.url, "headers": headers, "body": body }, "warnings": warnings })
}

pub fn plain(value: &Value) -> Json<'static> {
    Json::parse(&value.to_string()).unwrap().into_owned()
}

fn encode(wire: Wire, case: &Value) -> Result<(HttpRequest, Vec<Warning>)> {
    let mut provider = case["options"].clone();
    let name = provider["name"].as_str().unwrap_or(wire.row.name).to_owned();
    provider.as_object_mut().unwrap().shift_remove("name");
    if provider.get("token").is_none() && provider.get("apiKey").is_none() {
        provider["apiKey"] = true.into();
    }
    let uses_key = provider.get("apiKey") != Some(&Value::Bool(false));
    let options = ClientOptions::read(plain(&json!({ "providers": { name: provider } })))?;
    let provider = &options.providers[0];
    let request = ChatRequest::read(plain(&case["request"]))?;
    let model = request.model.clone().expect("request.model");
    let model = model.split_once('/').expect("provider/model").1;
    let key = Secret::new(KEY);
    // The folder says which of OpenAI's formats; `"api": "auto"` leaves it to the model.
    let api = if case["api"] == "auto" { providers::api_for(provider, model, &request) } else { wire.api };
    let target = Target { provider, model, api, key: uses_key.then_some(&key), in_page: case["inPage"].as_bool().unwrap_or(false) };
    let mode = if case["mode"] == "stream" { Mode::Stream } else { Mode::Whole };
    let mut warnings = Vec::new();
    let http = providers::chat_request(&target, &request, mode, &mut warnings)?;
    http.check_origin(&provider.origins)?;
    Ok((http, warnings))
}

#[test]
fn requests_are_encoded_as_expected() {
    run("request.json", 40, |wire, name, path| match encode(wire, &read_json(path)) {
        Ok((http, warnings)) => {
            assert!(!format!("{http:?}").contains(KEY), "{name}: the key can be printed");
            let body = String::from_utf8_lossy(&http.body);
            assert!(!http.url.contains(KEY) && !body.contains(KEY), "{name}: the key is in the URL or body");
            let mut shown = show_http(&http, &warnings);
            // An expected body is the whole body: a field too many is a 400 at the strict providers.
            let expected = read_json(&path.with_file_name("expected.json"));
            let (wanted, got) = (&expected["http"]["body"], shown["http"]["body"].clone());
            if wanted.is_object() && std::env::var_os("UPDATE_EXPECT").is_none() && !same(wanted, &got) {
                shown["http"]["body"] = json!({ "differs": got });
            }
            shown
        }
        Err(error) => show_error(&error),
    });
}

/// Equal with nothing left over on either side; whole numbers equal their floats.
fn same(a: &Value, b: &Value) -> bool {
    difference(a, b).is_none() && difference(b, a).is_none()
}

#[test]
fn whole_answers_are_decoded_as_expected() {
    run("response.json", 20, |wire, _, path| {
        let mut answer = Answer::new("test", "asked", false);
        match wire.dialect().chat_response(wire.row, &fs::read(path).unwrap(), &mut answer) {
            Ok(()) => {
                answer.end_tools();
                show_response(&answer.response(None, None)).into()
            }
            Err(error) => show_error(&error),
        }
    });
}

#[test]
fn streams_are_decoded_as_expected_in_every_framing() {
    run("stream.txt", 35, |wire, name, path| {
        let outcome = framing::assert_same_in_every_framing(name, wire, &fs::read(path).unwrap());
        let quiet = ["start", "usage", "end"];
        let events = outcome.events.into_iter().filter(|event| !quiet.contains(&event["type"].as_str().unwrap_or_default()));
        let mut shown = match &outcome.result {
            Ok(response) => Value::Object(show_response(response)),
            Err(error) => show_error(error),
        };
        shown["events"] = events.collect();
        shown
    });
}

#[test]
fn error_bodies_are_classified_as_expected() {
    run("error.json", 35, |wire, _, path| {
        let case = read_json(path);
        let headers = case["headers"].as_object().cloned().unwrap_or_default();
        let head = ResponseHead {
            status: case["status"].as_u64().expect("status") as u16,
            headers: headers.iter().map(|(name, value)| (name.to_lowercase(), value.as_str().unwrap_or_default().to_owned())).collect(),
            received_at_ms: case["receivedAtMs"].as_f64().unwrap_or(0.0),
        };
        let body = match &case["body"] {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        show_error(&wire.dialect().error(&head, body.as_bytes()))
    });
}

#[test]
fn a_stream_cut_short_is_never_a_success_and_never_more_than_the_whole() {
    for (wire, name, folder) in cases() {
        let Ok(bytes) = fs::read(folder.join("stream.txt")) else { continue };
        let Ok(whole) = framing::read_whole(wire, &bytes).result else { continue };
        let step = (bytes.len() / 200).max(1);
        for cut in (0..bytes.len()).step_by(step) {
            match framing::read_whole(wire, &bytes[..cut]).result {
                // Complete by the provider's rules although bytes are missing (its usage, its [DONE]).
                Ok(response) => assert_eq!(
                    (&response.text, response.finish_reason),
                    (&whole.text, whole.finish_reason),
                    "{name} cut at {cut} looks finished"
                ),
                Err(error) => {
                    let partial = error.partial.expect("what had arrived");
                    assert!(whole.text.starts_with(&partial.text), "{name} cut at {cut}: the partial text is not a beginning");
                }
            }
        }
    }
}
