//! The caller's own names for models, and overrides for one target.

use modelwire::chat::ChatRequest;
use modelwire::engine::Engine;
use modelwire::error::{Error, ErrorKind};
use modelwire::json::Json;
use modelwire::options::ClientOptions;

fn json(text: &str) -> Json<'static> {
    Json::parse(text).unwrap().into_owned()
}

fn read(models: &str, request: &str) -> Result<ChatRequest, Box<Error>> {
    let options = format!(r#"{{"providers":{{"openai":{{}}}},"defaultModel":"usual","models":{models}}}"#);
    Engine::new(ClientOptions::read(json(&options))?).read(json(request))
}

const MODELS: &str = r#"{
    "usual": "openai/gpt-6-luna",
    "cold": {"model": "usual", "request": {"temperature": 0, "maxTokens": 10}},
    "colder": {"model": "cold", "request": {"maxTokens": 5}},
    "one": ["openai/gpt-6-sol"],
    "a": "b", "b": "a"
}"#;

#[test]
fn a_name_stands_for_its_target_and_the_targets_fields_win() {
    let table = [
        (r#"{"messages":"Hi"}"#, "openai/gpt-6-luna", None, None),
        (r#"{"model":"cold","messages":"Hi","temperature":1}"#, "openai/gpt-6-luna", Some(0.0), Some(10)),
        (r#"{"model":"colder","messages":"Hi"}"#, "openai/gpt-6-luna", Some(0.0), Some(5)),
        (r#"{"model":{"model":"colder","request":{"maxTokens":3}},"messages":"Hi"}"#, "openai/gpt-6-luna", Some(0.0), Some(3)),
        (r#"{"model":"one","messages":"Hi"}"#, "openai/gpt-6-sol", None, None),
        (r#"{"model":["one"],"messages":"Hi"}"#, "openai/gpt-6-sol", None, None),
        (r#"{"model":"openai/any","messages":"Hi"}"#, "openai/any", None, None),
    ];
    for (request, model, temperature, max_tokens) in table {
        let read = read(MODELS, request).unwrap();
        assert_eq!((read.model.as_deref(), read.temperature, read.max_tokens), (Some(model), temperature, max_tokens), "{request}");
    }
}

#[test]
fn what_cannot_be_a_target_is_an_error_that_names_it() {
    let requests = [
        (r#"{"model":"a","messages":"Hi"}"#, ErrorKind::Config, "stands for itself"),
        (r#"{"model":["usual",7],"messages":"Hi"}"#, ErrorKind::InvalidRequest, "model[1] must be a string"),
        (r#"{"model":[],"messages":"Hi"}"#, ErrorKind::InvalidRequest, "model must not be empty"),
        (r#"{"model":7,"messages":"Hi"}"#, ErrorKind::InvalidRequest, "model must be a string"),
        (r#"{"model":{"model":"usual","weight":-1},"messages":"Hi"}"#, ErrorKind::InvalidRequest, "model.weight must be at least 0"),
        (r#"{"model":{"model":"usual","request":{"signal":1}},"messages":"Hi"}"#, ErrorKind::InvalidRequest, "model.request.signal"),
        (r#"{"model":{"model":"usual","request":{"temprature":1}},"messages":"Hi"}"#, ErrorKind::InvalidRequest, "temperature"),
    ];
    for (request, kind, part) in requests {
        let error = read(MODELS, request).unwrap_err();
        assert_eq!(error.kind, kind, "{request}: {}", error.message);
        assert!(error.message.contains(part), "{request}: {}", error.message);
    }
    let error = read(r#"{"x":{"model":"openai/m","request":{"messages":"no"}}}"#, "{}").unwrap_err();
    assert_eq!((error.kind, error.message.contains("models.x.request.messages")), (ErrorKind::Config, true));
}
