//! For whom a server makes calls: his budget and limits in a store, beside the client's own; and answers as OpenAI writes them.

use modelwire::chat::ChatRequest;
use modelwire::embed::EmbedRequest;
use modelwire::engine::Engine;
use modelwire::error::{Error, ErrorKind};
use modelwire::json::Json;
use modelwire::open_stream::OpenStream;
use modelwire::options::ClientOptions;
use modelwire::policy::budget::BudgetOptions;
use modelwire::providers::openai_face::encode_answer;
use serde_json::{Value, json};

use crate::costs::catalogue;
use crate::fake_host::{FakeHost, Reply, now_or_never, open, run};
use crate::framing::value;
use crate::schedules::plain;

const NOON: f64 = 1_795_435_200_000.0;

fn engine(more: &Value) -> Engine {
    let mut options = json!({ "providers": { "openai": { "apiKey": [false] } } });
    options.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    Engine::new(ClientOptions::read(plain(&options)).unwrap())
}

fn host() -> FakeHost {
    let host = FakeHost::default();
    host.clock.set(NOON);
    host.keys.borrow_mut().push(("openai".into(), "sk-test".into()));
    *host.catalogue.borrow_mut() = Some(catalogue());
    host
}

/// 30 dollars a million tokens of output: 256 of them, reserved, are 0.00768.
fn ask(engine: &Engine, host: &FakeHost, caller: &Value) -> Result<OpenStream, Box<Error>> {
    host.replies.borrow_mut().push_back(Reply::Answers(200, vec![("content-type", "text/event-stream")], Vec::new()));
    let request = json!({ "model": "openai/gpt-5.5", "messages": "Hi", "$caller": caller });
    let opened = open(engine, host, engine.plan(plain(&request)).unwrap());
    host.replies.borrow_mut().clear();
    opened
}

fn refusal(result: Result<OpenStream, Box<Error>>) -> Box<Error> {
    match result {
        Ok(_) => panic!("it was let in"),
        Err(error) => error,
    }
}

#[test]
fn a_caller_s_budget_is_his_alone_and_stands_beside_the_client_s() {
    let (host, engine) = (host(), engine(&json!({ "budget": { "usd": 0.02, "per": "session" } })));
    let caller = |id: &str| json!({ "id": id, "budget": { "usd": 0.01, "per": "day", "scope": { "$store": 7 } } });
    let held = ask(&engine, &host, &caller("a")).unwrap();
    assert_eq!(refusal(ask(&engine, &host, &caller("a"))).kind, ErrorKind::Budget);
    let other = ask(&engine, &host, &caller("b")).unwrap();
    // Two of 0.00768 are held: the client has no room for a third, whoever asks.
    assert_eq!(refusal(ask(&engine, &host, &caller("c"))).kind, ErrorKind::Budget);
    assert_eq!(host.requests.borrow().len(), 2, "nothing is sent for who has none");
    drop((held, other));
    assert!(ask(&engine, &host, &caller("c")).is_ok());
    let names: Vec<String> = host.states.borrow().keys().map(|(_, key)| key.clone()).collect();
    assert!(names.contains(&"caller:1:a:budget:day".to_owned()), "{names:?}");
}

#[test]
fn no_two_callers_come_to_one_name() {
    let key = |owner: &str| BudgetOptions { owner: Some(owner.into()), ..BudgetOptions::default() }.store_key();
    let ids = ["a", "a:", ":a", "a:budget:session", "1:a", "caller:1:a", "a:budget:session:caller:1:a", "é"];
    for (at, id) in ids.iter().enumerate() {
        assert!(ids[..at].iter().all(|other| key(other) != key(id)), "{id}");
        assert_ne!(key(id), BudgetOptions::default().store_key());
    }
}

#[test]
fn a_caller_s_limit_ends_a_call_at_once_whatever_else_there_is_to_try() {
    let (host, engine) = (host(), engine(&json!({ "models": { "fast": ["openai/gpt-5.5", "openai/gpt-6-luna"] } })));
    let caller = json!({ "id": "a", "limits": { "requestsPerMinute": 2, "burst": 1, "maxWaitMs": 0, "scope": { "$store": 7 } } });
    assert!(ask(&engine, &host, &caller).is_ok());
    let request = json!({ "model": "fast", "messages": "Hi", "$caller": caller });
    let error = refusal(open(&engine, &host, engine.plan(plain(&request)).unwrap()));
    assert_eq!((error.kind, error.status, error.retryable), (ErrorKind::RateLimit, None, false));
    assert!((29_000..=30_000).contains(&error.retry_after_ms.unwrap()), "{:?}", error.retry_after_ms);
    assert_eq!((host.requests.borrow().len(), host.slept.borrow().len()), (1, 0));
    host.clock.set(NOON + 30_000.0);
    assert!(ask(&engine, &host, &caller).is_ok(), "it has flowed in");
    assert!(ask(&engine, &host, &json!({ "id": "b", "limits": caller["limits"] })).is_ok(), "another's is another");
}

#[test]
fn a_call_that_is_tried_again_is_one_request_of_its_caller() {
    let (host, engine) = (host(), engine(&json!({})));
    let caller = json!({ "id": "a", "limits": { "requestsPerMinute": 1, "burst": 1, "maxWaitMs": 0, "scope": { "$store": 7 } } });
    for _ in 0..2 {
        host.replies.borrow_mut().push_back(Reply::Answers(500, Vec::new(), Vec::new()));
    }
    host.replies.borrow_mut().push_back(Reply::Answers(200, vec![("content-type", "text/event-stream")], Vec::new()));
    let request = json!({ "model": "openai/gpt-5.5", "messages": "Hi", "$caller": caller });
    let mut stream = OpenStream::new(engine.begin(&host, engine.call(&host), engine.plan(plain(&request)).unwrap()));
    assert!(run(&host, engine.go_on(&host, &mut stream, &mut |_| {})).unwrap().is_ok());
    assert_eq!(host.requests.borrow().len(), 3);
}

#[test]
fn embeddings_are_under_them_too() {
    let (host, engine) = (host(), engine(&json!({})));
    let read = |caller: Value| {
        EmbedRequest::read(plain(&json!({ "model": "openai/text-embedding-3-small", "input": "Hi", "$caller": caller }))).unwrap()
    };
    let embed = |caller: Value| {
        let body = r#"{"object":"list","model":"m","data":[{"object":"embedding","index":0,"embedding":[1,2]}],"usage":{"prompt_tokens":3,"total_tokens":3}}"#;
        host.replies.borrow_mut().push_back(Reply::Answers(200, vec![("content-type", "application/json")], vec![body.into()]));
        let result = now_or_never(engine.embed(&host, &engine.call(&host), &read(caller))).unwrap();
        host.replies.borrow_mut().clear();
        result
    };
    let limited = json!({ "id": "a", "limits": { "requestsPerMinute": 1, "burst": 1, "maxWaitMs": 0, "scope": { "$store": 7 } } });
    assert!(embed(limited.clone()).is_ok());
    assert_eq!(embed(limited).unwrap_err().kind, ErrorKind::RateLimit);
    let poor = json!({ "id": "a", "budget": { "usd": 0, "scope": { "$store": 7 } } });
    assert_eq!(embed(poor).unwrap_err().kind, ErrorKind::Budget);
    let tagged = json!({ "id": "a", "tags": { "team": "x" } });
    assert!(embed(tagged).is_ok());
    let (_, entry) = host.told.borrow().iter().rev().find(|(event, _)| *event == "cost").cloned().unwrap();
    assert_eq!(serde_json::from_str::<Value>(&entry).unwrap()["tags"], json!({ "team": "x" }));
}

#[test]
fn what_is_wrong_with_a_caller_is_named() {
    for (caller, complaint) in [
        (json!("a"), "$caller must be an object"),
        (json!({}), "$caller.id is required"),
        (json!({ "id": "a", "budget": {} }), "$caller.budget.usd is required"),
        (json!({ "id": "a", "limits": { "maxConcurrent": 1, "scope": { "$store": 1 } } }), "cannot be kept in a store"),
        (json!({ "id": "a", "admin": true }), "$caller.admin is not known here"),
    ] {
        let error = ChatRequest::read(plain(&json!({ "messages": "Hi", "$caller": caller }))).unwrap_err();
        assert!(error.message.contains(complaint), "{}", error.message);
    }
}

#[test]
fn an_answer_is_written_as_openai_writes_it() {
    let call = json!({ "type": "tool-call", "id": "c1", "name": "f", "input": { "a": 1 }, "inputText": "{\"a\":1}" });
    let usage = json!({ "inputTokens": 3, "outputTokens": 5, "totalTokens": null, "cacheReadTokens": 1, "reasoningTokens": null });
    let response = |text: &str, calls: Value, content: Value, reason: &str| {
        json!({
            "id": "x", "model": "m", "text": text, "reasoning": "", "toolCalls": calls,
            "message": { "role": "assistant", "content": content }, "finishReason": reason, "usage": usage,
        })
    };
    let written = |response: &Value| value(&encode_answer(&Json::parse(&response.to_string()).unwrap(), 7));
    let plain = written(&response("Hi", json!([]), json!("Hi"), "stop"));
    assert_eq!(plain["object"], "chat.completion");
    assert_eq!((plain["id"].as_str(), plain["created"].as_u64(), plain["model"].as_str()), (Some("x"), Some(7), Some("m")));
    assert_eq!(plain["choices"][0]["message"], json!({ "role": "assistant", "content": "Hi", "refusal": null }));
    assert_eq!(plain["usage"]["total_tokens"], 8);
    let calls = written(&response("", json!([call]), json!([call]), "tool-calls"));
    let message = &calls["choices"][0]["message"];
    assert_eq!(message["content"], Value::Null);
    let function = json!({ "id": "c1", "type": "function", "function": { "name": "f", "arguments": "{\"a\":1}" } });
    assert_eq!(message["tool_calls"], json!([function]));
    let refused = written(&response("", json!([]), json!([{ "type": "refusal", "text": "No." }]), "refusal"));
    assert_eq!(refused["choices"][0]["message"]["refusal"], "No.");
    for (reason, word) in
        [("tool-calls", "tool_calls"), ("length", "length"), ("budget", "length"), ("content-filter", "content_filter"), ("other", "stop")]
    {
        assert_eq!(written(&response("Hi", json!([]), json!("Hi"), reason))["choices"][0]["finish_reason"], word);
    }
}
