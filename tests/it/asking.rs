//! Embeddings, lists and counts against a host without a world: batches, pages, sums, ends.

use modelwire::chat::ChatRequest;
use modelwire::count::{Method, Question};
use modelwire::embed::{EmbedRequest, EmbedResponse};
use modelwire::engine::Engine;
use modelwire::error::{Error, ErrorKind, Result};
use modelwire::json::Json;
use modelwire::object;
use modelwire::options::ClientOptions;
use serde_json::{Value, json};

use crate::fake_host::{FakeHost, Reply, json as reply, now_or_never};

fn engine() -> Engine {
    Engine::new(
        ClientOptions::read(object! { "retry": false, "providers": object! {
            "openai": object! { "apiKey": true },
            "anthropic": object! { "apiKey": true },
            "cohere": object! { "apiKey": true },
            "azure": object! { "endpoint": "https://r.example" },
            "local": object! { "kind": "openai-compatible", "baseURL": "http://localhost:8080/v1" },
        } })
        .unwrap(),
    )
}

fn host(replies: impl IntoIterator<Item = Reply>) -> FakeHost {
    let host = FakeHost::new(replies);
    host.keys.borrow_mut().push(("cohere".into(), "fake-key-of-cohere".into()));
    host
}

fn embed(host: &FakeHost, request: Value) -> Result<EmbedResponse> {
    let request = EmbedRequest::read(Json::parse(&request.to_string()).unwrap().into_owned())?;
    let engine = engine();
    now_or_never(engine.embed(host, &engine.call(host), &request)).expect("nothing to wait for")
}

fn bodies(host: &FakeHost) -> Vec<Value> {
    host.requests.borrow().iter().map(|request| serde_json::from_slice(&request.body).unwrap()).collect()
}

/// OpenAI's answer with these vectors, in this order, each `[index, number…]`.
fn vectors(list: &[&[f64]]) -> Reply {
    let data: Vec<Value> = list.iter().map(|entry| json!({ "index": entry[0] as u64, "embedding": entry[1..] })).collect();
    reply(200, &json!({ "data": data, "model": "m-1", "usage": { "prompt_tokens": 3, "total_tokens": 3 } }).to_string())
}

#[test]
fn many_texts_are_sent_in_batches_and_come_back_in_their_order() {
    let answer = |first: usize, count: usize| {
        let floats: Vec<Value> = (first..first + count).map(|index| json!([index])).collect();
        reply(200, &json!({ "embeddings": { "float": floats }, "meta": { "billed_units": { "input_tokens": count } } }).to_string())
    };
    let host = host([answer(0, 96), answer(96, 96), answer(192, 96), answer(288, 96), answer(384, 96), answer(480, 20)]);
    let input: Vec<String> = (0..500).map(|index| format!("text {index}")).collect();
    let response = embed(&host, json!({ "model": "cohere/embed-v4.0", "input": input })).unwrap();
    let numbers: Vec<f32> = response.embeddings.iter().map(|vector| vector[0]).collect();
    assert_eq!(numbers, (0..500).map(|index| index as f32).collect::<Vec<_>>());
    assert_eq!((response.usage.input_tokens, response.usage.total_tokens, response.usage.estimated), (Some(500), Some(500), false));
    assert_eq!((response.model.as_str(), response.provider.as_str()), ("embed-v4.0", "cohere"));
    let sent: Vec<Value> = bodies(&host).iter().flat_map(|body| body["texts"].as_array().unwrap().clone()).collect();
    assert_eq!(Value::from(sent), json!(input));
    assert_eq!(host.open.get(), 0, "every response was let go");
}

#[test]
fn a_batch_ends_before_its_tokens_could_be_too_many() {
    let sizes = |input: Vec<String>| {
        let host = host((0..4).map(|_| vectors(&[&[0.0, 1.0]])));
        // The answers do not fit: how it was cut is what is looked at.
        let _ = embed(&host, json!({ "model": "openai/text-embedding-3-small", "input": input }));
        bodies(&host).iter().map(|body| body["input"].as_array().unwrap().len()).collect::<Vec<_>>()
    };
    assert_eq!(sizes(vec!["x".into(); 2049]), [2048, 1], "by count");
    // 720,000 bytes could be more than 300,000 tokens.
    assert_eq!(sizes(vec!["four".repeat(300); 600]), [416, 184], "by bytes");
    assert_eq!(sizes(vec!["x".repeat(600_000), "y".into(), "z".repeat(500_000)]), [1, 1, 1], "alone, if need be");
}

#[test]
fn the_first_failure_ends_the_requests_beside_it_and_those_behind() {
    let failure = r#"{"message":"too many tokens","id":"r1"}"#;
    let host = host([Reply::Hangs, reply(400, failure), Reply::Hangs, Reply::Hangs, Reply::Hangs]);
    let error = embed(&host, json!({ "model": "cohere/embed-v4.0", "input": vec!["x"; 500] })).unwrap_err();
    assert_eq!((error.kind, error.status), (ErrorKind::ContextLength, Some(400)));
    assert_eq!((error.provider.as_deref(), error.model.as_deref(), error.attempts.len()), (Some("cohere"), Some("embed-v4.0"), 1));
    assert!(host.requests.borrow().len() <= 4, "no more than four at once");
    assert_eq!(host.open.get(), 0, "the others were let go");
}

#[test]
fn dropping_the_call_drops_all_its_requests() {
    let host = host((0..4).map(|_| Reply::Hangs));
    let request =
        EmbedRequest { model: "cohere/embed-v4.0".into(), input: vec!["x".into(); 500], dimensions: None, input_type: None, caller: None };
    let engine = engine();
    assert!(now_or_never(engine.embed(&host, &engine.call(&host), &request)).is_none());
    assert_eq!((host.requests.borrow().len(), host.open.get()), (4, 0));
}

#[test]
fn a_vector_that_is_missing_or_of_another_length_is_no_answer() {
    let table: [(Reply, Value, &str); 4] = [
        (vectors(&[&[0.0, 1.0], &[2.0, 1.0]]), Value::Null, "no embedding of input[1]"),
        (vectors(&[&[0.0, 1.0, 2.0], &[1.0, 1.0], &[2.0, 1.0, 2.0]]), Value::Null, "input[1] has 1 dimensions and not 2"),
        (vectors(&[&[0.0, 1.0], &[1.0, 1.0], &[2.0, 1.0]]), json!(2), "input[0] has 1 dimensions and not 2"),
        (vectors(&[&[0.0, 1.0], &[1.0, 1.0], &[2.0, 1.0], &[3.0, 1.0]]), Value::Null, "one too many"),
    ];
    for (answer, dimensions, part) in table {
        let request = json!({ "model": "openai/text-embedding-3-small", "input": ["a", "b", "c"], "dimensions": dimensions });
        let error = embed(&host([answer]), request).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Malformed, "{part}");
        assert!(error.message.contains(part), "{}", error.message);
        assert_eq!(error.provider.as_deref(), Some("openai"));
    }
}

#[test]
fn a_request_that_does_not_say_what_it_used_makes_the_sum_an_estimate() {
    let silent = reply(200, &json!({ "embeddings": { "float": [[1]] } }).to_string());
    let floats = vec![json!([1]); 96];
    let host = host([
        reply(200, &json!({ "embeddings": { "float": floats }, "meta": { "billed_units": { "input_tokens": 7 } } }).to_string()),
        silent,
    ]);
    let response = embed(&host, json!({ "model": "cohere/embed-v4.0", "input": vec!["x"; 97] })).unwrap();
    assert_eq!((response.usage.input_tokens, response.usage.estimated), (Some(7), true));
}

#[test]
fn what_a_provider_does_not_embed_is_refused_before_anything_is_sent() {
    let table = [
        (json!({ "model": "anthropic/claude-opus-5", "input": "x" }), "anthropic has no embeddings"),
        (json!({ "model": "local/nomic", "input": "x", "inputType": "query" }), "local has no inputType"),
        (json!({ "model": "cohere/embed-v4.0", "input": "x", "dimensions": 3 }), "256, 512, 1024 or 1536"),
    ];
    for (request, part) in table {
        let host = host([]);
        let error = embed(&host, request).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unsupported, "{part}");
        assert!(error.message.contains(part), "{}", error.message);
        assert!(error.provider.is_some() && error.model.is_some());
        assert!(host.requests.borrow().is_empty());
    }
}

#[test]
fn every_page_of_a_list_is_asked_for() {
    let page =
        |id: &str, more: bool| reply(200, &json!({ "data": [{ "id": id, "type": "model" }], "has_more": more, "last_id": id }).to_string());
    let host = host([page("a b", true), page("c", true), page("d", false)]);
    let models = now_or_never(engine().list_models(&host, "anthropic")).unwrap().unwrap();
    let ids: Vec<(&str, &str)> = models.iter().map(|model| (model.provider.as_str(), model.id.as_str())).collect();
    assert_eq!(ids, [("anthropic", "a b"), ("anthropic", "c"), ("anthropic", "d")]);
    let urls: Vec<String> = host.requests.borrow().iter().map(|request| request.url.clone()).collect();
    assert_eq!(
        urls,
        [
            "https://api.anthropic.com/v1/models?limit=1000",
            "https://api.anthropic.com/v1/models?limit=1000&after_id=a%20b",
            "https://api.anthropic.com/v1/models?limit=1000&after_id=c",
        ]
    );
}

#[test]
fn cohere_s_pages_are_followed_by_their_token() {
    let first = r#"{"models":[{"name":"a"}],"next_page_token":"t/2"}"#;
    let host = host([reply(200, first), reply(200, r#"{"models":[{"name":"b"}]}"#)]);
    let check = now_or_never(engine().check(&host, "cohere")).unwrap();
    assert_eq!((check.ok, check.models), (true, Some(2)));
    let urls: Vec<String> = host.requests.borrow().iter().map(|request| request.url.clone()).collect();
    assert_eq!(
        urls,
        [
            "https://api.cohere.com/v1/models?page_size=1000&endpoint=chat",
            "https://api.cohere.com/v1/models?page_size=1000&endpoint=chat&page_token=t%2F2",
        ]
    );
}

#[test]
fn a_list_that_does_not_end_is_an_error() {
    let page = r#"{"data":[{"id":"a"}],"has_more":true,"last_id":"a"}"#;
    let host = host((0..100).map(|_| reply(200, page)));
    let error = now_or_never(engine().list_models(&host, "anthropic")).unwrap().unwrap_err();
    assert_eq!((error.kind, error.provider.as_deref()), (ErrorKind::Malformed, Some("anthropic")));
    assert_eq!(host.requests.borrow().len(), 20);
}

fn count_tokens(host: &FakeHost, model: &str, messages: &str) -> Result<Value, Box<Error>> {
    let request = ChatRequest::read(object! { "model": model.to_owned(), "messages": messages.to_owned() }).unwrap();
    let count = now_or_never(engine().count_tokens(host, &request, Method::Provider)).expect("nothing to wait for")?;
    Ok(crate::framing::value(&count.to_json()))
}

#[test]
fn the_provider_counts_and_how_far_it_may_be_off_is_said() {
    let host = host([reply(200, r#"{"input_tokens":1001}"#)]);
    let count = count_tokens(&host, "anthropic/claude-opus-5", "Hi").unwrap();
    let parts = json!({ "messages": 1001, "tools": 0, "images": 0, "framing": 0 });
    assert_eq!(count, json!({ "inputTokens": 1001, "margin": 21, "method": "provider", "parts": parts }));
}

#[test]
fn a_long_conversation_is_tokenized_in_pieces_and_summed() {
    let host = host([reply(200, r#"{"tokens":[1,2,3]}"#), reply(200, r#"{"tokens":[4,5]}"#)]);
    let text = "word ".repeat(20_000);
    let count = count_tokens(&host, "cohere/command-a-03-2025", &text).unwrap();
    assert_eq!((count["inputTokens"].as_u64(), count["margin"].as_u64()), (Some(5), Some(512 + 8 + 2)));
    let sent: String = bodies(&host).iter().map(|body| body["text"].as_str().unwrap().to_owned()).collect();
    assert_eq!(sent, text);
}

#[test]
fn a_provider_that_cannot_count_is_not_asked() {
    for model in ["local/llama", "azure/gpt-6-luna"] {
        let host = host([]);
        let error = count_tokens(&host, model, "Hi").unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unsupported);
        assert!(error.message.contains("no endpoint that counts tokens"), "{}", error.message);
        assert!(host.requests.borrow().is_empty());
    }
}

#[test]
fn an_answer_without_a_count_is_malformed_and_a_failure_is_told_as_ever() {
    let table = [
        (200, "{}", ErrorKind::Malformed),
        (200, r#"{"input_tokens":-1}"#, ErrorKind::Malformed),
        (200, "<html>", ErrorKind::Malformed),
        (200, r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#, ErrorKind::Overloaded),
        (401, r#"{"error":{"message":"no"}}"#, ErrorKind::Authentication),
    ];
    for (status, body, kind) in table {
        let error = count_tokens(&host([reply(status, body)]), "anthropic/claude-opus-5", "Hi").unwrap_err();
        assert_eq!(error.kind, kind, "{status} {body}");
        assert_eq!(error.attempts.len(), 1);
    }
}

#[test]
fn what_is_asked_of_a_request_is_checked() {
    let check = |options: Json<'static>| Question::read(options).map_err(|error| (error.kind, error.message));
    for method in ["provider", "local"] {
        assert!(check(object! { "what": "count", "method": method }).is_ok());
    }
    let guess = object! { "what": "count", "method": "guess" };
    assert_eq!(check(guess).unwrap_err(), (ErrorKind::InvalidRequest, "method is \"guess\"; it must be local or provider".into()));
    assert!(check(object! { "what": "count", "metod": "provider" }).unwrap_err().1.contains("did you mean method?"));
    assert!(check(object! { "what": "fit", "keepLast": -1.0 }).unwrap_err().1.contains("keepLast"));
    assert!(check(object! { "what": "fit", "strategy": "drop" }).unwrap_err().1.contains("strategy"));
    assert!(check(object! { "what": "estimate", "maxTokens": 5_u64 }).is_err());
}
