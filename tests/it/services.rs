//! What is asked besides chat, as fixture folders: `embed.json` and `count.json` are encoded,
//! `embedded.json` (a body, and for how many texts) and `models.json` are decoded.

use std::fs;
use std::path::Path;

use modelwire::chat::ChatRequest;
use modelwire::embed::{EmbedRequest, EmbedResponse, Vectors};
use modelwire::error::Result;
use modelwire::options::ClientOptions;
use modelwire::providers::{Api, Target};
use modelwire::secret::Secret;
use serde_json::{Value, json};

use crate::fixtures::{KEY, plain, read_json, run, show_error, show_http};
use crate::framing::{Wire, value};

/// Gives `check` the target of a case, for the model that its request names.
fn with_target(wire: Wire, case: &Value, check: impl FnOnce(&Target<'_>) -> Result<Value>) -> Result<Value> {
    let mut provider = case["options"].clone();
    let name = provider["name"].as_str().unwrap_or(wire.row.name).to_owned();
    provider.as_object_mut().unwrap().shift_remove("name");
    if provider.get("token").is_none() && provider.get("apiKey").is_none() {
        provider["apiKey"] = true.into();
    }
    let uses_key = provider.get("apiKey") != Some(&Value::Bool(false));
    let options = ClientOptions::read(plain(&json!({ "providers": { name: provider } })))?;
    let provider = &options.providers[0];
    let model = case["request"]["model"].as_str().and_then(|model| model.split_once('/')).expect("provider/model").1;
    let key = Secret::new(KEY);
    let shown = check(&Target { provider, model, api: Api::Chat, key: uses_key.then_some(&key), in_page: false })?;
    assert!(!shown.to_string().contains(KEY), "the key can be printed");
    Ok(shown)
}

/// An expected request is the whole request: see `fixtures`.
fn exact(path: &Path, shown: Value) -> Value {
    if std::env::var_os("UPDATE_EXPECT").is_none() && read_json(&path.with_file_name("expected.json")) != shown {
        return json!({ "differs": shown });
    }
    shown
}

#[test]
fn requests_for_embeddings_are_encoded_as_expected() {
    run("embed.json", 20, |wire, _, path| {
        let case = read_json(path);
        let shown = with_target(wire, &case, |target| {
            let request = EmbedRequest::read(plain(&case["request"]))?;
            let http = wire.row.kind.service().embed_request(target, &request, &request.input)?;
            http.check_origin(&target.provider.origins)?;
            Ok(exact(path, show_http(&http, &[])))
        });
        shown.unwrap_or_else(|error| show_error(&error))
    });
}

#[test]
fn embeddings_are_decoded_as_expected() {
    run("embedded.json", 12, |wire, _, path| {
        let case = read_json(path);
        let texts = case["texts"].as_u64().unwrap() as usize;
        let mut vectors = Vectors::with_places(texts);
        let request =
            EmbedRequest { model: "p/m".into(), input: vec!["x".into(); texts], dimensions: None, input_type: None, caller: None };
        let read = wire.row.kind.service().embed_response(case["body"].to_string().as_bytes(), &mut vectors);
        match read.and_then(|()| EmbedResponse::of(&request, vec![vectors], "p", "asked")) {
            Ok(response) => {
                let mut shown = value(&response.to_json());
                shown["embeddings"] = response.embeddings.iter().map(|vector| Value::from(vector.as_slice())).collect();
                shown
            }
            Err(error) => show_error(&error),
        }
    });
}

#[test]
fn lists_of_models_are_read_as_expected() {
    run("models.json", 10, |wire, _, path| match wire.row.kind.service().models_page(&fs::read(path).unwrap()) {
        Ok(page) => json!({ "models": page.models.iter().map(|model| value(&model.to_json())).collect::<Value>(), "next": page.next }),
        Err(error) => show_error(&error),
    });
}

#[test]
fn counts_are_asked_for_as_expected() {
    run("count.json", 4, |wire, _, path| {
        let case = read_json(path);
        let shown = with_target(wire, &case, |target| {
            let question = wire.row.kind.service().count_question(target, &ChatRequest::read(plain(&case["request"]))?)?;
            let requests: Value = question.requests.iter().map(|http| show_http(http, &[])["http"].clone()).collect();
            Ok(exact(path, json!({ "requests": requests, "margin": question.margin, "percent": question.percent })))
        });
        shown.unwrap_or_else(|error| show_error(&error))
    });
}
