//! What is looked up, what is recorded, and what a recorded answer comes to.

use modelwire::chat::ChatRequest;
use modelwire::engine::Engine;
use modelwire::error::ErrorKind;
use modelwire::options::ClientOptions;
use modelwire::policy::cache::{CacheOptions, is_cached};
use serde_json::{Value, json};

use crate::fake_host::{FakeHost, Reply, json as answers, run};
use crate::framing::value;
use crate::schedules::{plain, read_stream};

const ANSWER: &str = r#"{"id":"chatcmpl-1","model":"gpt-5.5-2026","choices":[{"index":0,"message":{"role":"assistant","content":"Four."},"finish_reason":"stop"}],"usage":{"prompt_tokens":7,"completion_tokens":2,"total_tokens":9}}"#;

fn engine(cache: Value) -> Engine {
    let options = json!({ "providers": { "openai": { "apiKey": true }, "anthropic": { "apiKey": true } }, "cache": cache });
    Engine::new(ClientOptions::read(plain(&options)).unwrap())
}

fn asked(more: Value) -> Value {
    let mut request = json!({ "model": "openai/gpt-5.5", "messages": "Two and two?" });
    request.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
    request
}

/// Asks, records what came, and gives the tape with what it is known by.
fn recorded(engine: &Engine, host: &FakeHost, request: &Value, reply: Reply) -> (String, Value) {
    let plan = engine.plan(plain(request)).unwrap();
    host.replies.borrow_mut().push_back(Reply::Fails("the plain way"));
    let _ = run(host, engine.chat(host, plan));
    let flight = host.flights.borrow_mut().pop().expect("a flight");
    host.replies.borrow_mut().push_back(reply);
    let meta = run(host, engine.fly(host, &flight, 1)).unwrap();
    let tape = host.taped.take() + meta.get("end").text();
    let lookup: Value = serde_json::from_str(&host.lookups.borrow().last().cloned().unwrap()).unwrap();
    host.tapes.borrow_mut().insert(lookup["material"].as_str().unwrap().to_owned(), tape.clone());
    (tape, value(&meta))
}

#[test]
fn a_recorded_answer_is_the_same_answer_and_costs_nothing() {
    let (host, engine) = (FakeHost::new([]), engine(json!({})));
    let request = asked(json!({ "retry": false }));
    let (_, meta) = recorded(&engine, &host, &request, answers(200, ANSWER));
    assert_eq!(meta["kept"], true);
    assert_eq!(meta["usage"]["inputTokens"], 7);
    let requests = host.requests.borrow().len();

    let again = run(&host, engine.chat(&host, engine.plan(plain(&request)).unwrap())).unwrap().unwrap();
    let again = value(&again.to_json());
    assert_eq!(host.requests.borrow().len(), requests, "nothing was sent");
    for (field, expected) in [
        ("text", json!("Four.")),
        ("id", json!("chatcmpl-1")),
        ("model", json!("gpt-5.5-2026")),
        ("finishReason", json!("stop")),
        ("cached", json!(true)),
        ("attempts", json!([])),
        ("requestId", json!(null)),
        ("raw", serde_json::from_str(ANSWER).unwrap()),
    ] {
        assert_eq!(again[field], expected, "{field}");
    }
    assert_eq!(again["usage"]["outputTokens"], 2);
    assert_eq!(again["cost"], json!({ "usd": 0, "nanoUsd": 0, "estimated": false, "lines": [] }));

    // A stream of the same request shares the entry.
    let (events, result) = read_stream_taped(&engine, &host, &request);
    result.unwrap();
    let kinds: Vec<_> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["start", "text-delta", "usage", "end"]);
    assert_eq!(events[3]["response"]["cached"], true);
}

fn read_stream_taped(engine: &Engine, host: &FakeHost, request: &Value) -> (Vec<Value>, modelwire::error::Result<()>) {
    read_stream(engine, host, engine.plan(plain(request)).unwrap())
}

#[test]
fn what_changes_an_answer_changes_what_it_is_known_by_and_nothing_else_does() {
    let (host, engine) = (FakeHost::new([]), engine(json!({})));
    let known = |more: Value| {
        host.replies.borrow_mut().push_back(answers(200, ANSWER));
        run(&host, engine.chat(&host, engine.plan(plain(&asked(more))).unwrap())).unwrap().unwrap();
        let lookup = host.lookups.borrow_mut().pop().unwrap();
        serde_json::from_str::<Value>(&lookup).unwrap()
    };
    let base = known(json!({}));
    assert!(!base.to_string().contains("sk-fake"), "no key: {base}");
    for same in [
        json!({ "tags": { "user": "ann" } }),
        json!({ "priority": 3 }),
        json!({ "headers": { "x-trace": "1" } }),
        json!({ "timeout": { "totalMs": 9000 } }),
        json!({ "retry": false }),
        json!({ "liveUsage": true }),
        json!({ "context": "send" }),
        json!({ "cache": { "ttlSeconds": 5, "tags": ["a"] } }),
    ] {
        assert_eq!(known(same.clone())["material"], base["material"], "{same}");
    }
    for other in [
        json!({ "messages": "Two and three?" }),
        json!({ "model": "openai/gpt-5.4" }),
        json!({ "system": "Be brief." }),
        json!({ "maxTokens": 10 }),
        json!({ "tools": [{ "name": "add" }], "toolChoice": "none" }),
        json!({ "output": { "type": "object" } }),
        json!({ "reasoning": "low" }),
        json!({ "providerOptions": { "openai": { "service_tier": "flex" } } }),
    ] {
        let text = if other.get("output").is_some() { ANSWER.replace("Four.", "{}") } else { ANSWER.to_owned() };
        let lookups = host.lookups.borrow().len();
        host.replies.borrow_mut().push_back(answers(200, &text));
        let _ = run(&host, engine.chat(&host, engine.plan(plain(&asked(other.clone()))).unwrap()));
        let seen = host.lookups.borrow_mut().drain(lookups..).next().unwrap_or_default();
        host.replies.borrow_mut().clear();
        assert!(!seen.is_empty() && !seen.contains(&base["material"].as_str().unwrap().replace('"', "\\\"")), "{other}: {seen}");
    }
}

#[test]
fn only_what_ended_as_it_should_is_kept() {
    let (host, engine) = (FakeHost::new([]), engine(json!({})));
    let reasons = [("stop", true), ("length", false), ("content_filter", false)];
    for (reason, kept) in reasons {
        let reply = answers(200, &ANSWER.replace("\"stop\"", &format!("\"{reason}\"")));
        let (_, meta) = recorded(&engine, &host, &asked(json!({ "retry": false })), reply);
        assert_eq!(meta["kept"], kept, "{reason}");
        host.tapes.borrow_mut().clear();
    }
    // What should be JSON and is not would be wrong for as long as it is kept.
    let (_, meta) = recorded(&engine, &host, &asked(json!({ "output": { "type": "object" }, "retry": false })), answers(200, ANSWER));
    assert_eq!(meta["kept"], false);
}

#[test]
fn a_failure_is_told_to_all_who_wait_with_what_may_be_done_about_it() {
    let (host, engine) = (FakeHost::new([]), engine(json!({})));
    let reply = Reply::Answers(429, vec![("retry-after", "3")], vec![br#"{"error":{"message":"slow down","type":"rate_limit"}}"#.to_vec()]);
    let request = asked(json!({ "retry": false }));
    let (tape, meta) = recorded(&engine, &host, &request, reply);
    assert_eq!(meta["kept"], false);
    assert!(!tape.contains("sk-fake"));
    let error = run(&host, engine.chat(&host, engine.plan(plain(&request)).unwrap())).unwrap().unwrap_err();
    assert_eq!((error.kind, error.status, error.retry_after_ms, error.retryable), (ErrorKind::RateLimit, Some(429), Some(3000), true));
    assert!(error.attempts.is_empty(), "this call has made none");
}

#[test]
fn a_cache_that_does_not_work_is_a_warning() {
    let (host, engine) = (FakeHost::new([answers(200, ANSWER)]), engine(json!({})));
    *host.cache_trouble.borrow_mut() = Some("the store is full".to_owned());
    let answer = run(&host, engine.chat(&host, engine.plan(plain(&asked(json!({})))).unwrap())).unwrap().unwrap();
    assert_eq!(answer.warnings.iter().map(|warning| warning.code).collect::<Vec<_>>(), ["cache"]);
    assert!(answer.warnings[0].message.contains("full"));
}

#[test]
fn what_the_cache_is_told_is_checked() {
    for (cache, complaint) in [
        (json!({ "replay": "slow" }), "cache.replay"),
        (json!({ "maxBytes": 0 }), "cache.maxBytes"),
        (json!({ "ttlSeconds": -1 }), "cache.ttlSeconds"),
        (json!({ "ttl": 5 }), "cache.ttl"),
        (json!(true), "cache"),
    ] {
        let options = json!({ "providers": {}, "cache": cache });
        let error = ClientOptions::read(plain(&options)).unwrap_err();
        assert!(error.message.contains(complaint), "{cache}: {}", error.message);
    }
    for (cache, complaint) in [
        (json!({ "ttl": 5 }), "cache.ttl"),
        (json!({ "refresh": 1 }), "cache.refresh"),
        (json!({ "tags": ["x".repeat(300)] }), "cache.tags"),
        (json!("yes"), "cache"),
    ] {
        let error = ChatRequest::read(plain(&asked(json!({ "cache": cache })))).unwrap_err();
        assert!(error.message.contains(complaint), "{cache}: {}", error.message);
    }
}

#[test]
fn who_wants_a_cache_has_one() {
    let request = |more: Value| ChatRequest::read(plain(&asked(more))).unwrap();
    let sampled = CacheOptions { on: true, sampled: true };
    let exact = CacheOptions { on: true, sampled: false };
    for (options, more, expected) in [
        (CacheOptions::default(), json!({}), false),
        (CacheOptions::default(), json!({ "cache": true }), true),
        (CacheOptions::default(), json!({ "cache": { "ttlSeconds": 1 } }), true),
        (sampled, json!({}), true),
        (sampled, json!({ "cache": false }), false),
        (exact, json!({}), false),
        (exact, json!({ "temperature": 0.1 }), false),
        (exact, json!({ "temperature": 0 }), true),
    ] {
        assert_eq!(is_cached(&options, &request(more.clone())), expected, "{options:?} {more}");
    }
}
