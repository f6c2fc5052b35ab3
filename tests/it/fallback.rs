//! Chains of targets: who is asked after whom, what each is sent, and how an answer that broke off goes on.

use modelwire::engine::Engine;
use modelwire::error::{Error, ErrorKind};
use modelwire::options::ClientOptions;
use serde_json::{Value, json};

use crate::fake_host::{FakeHost, Reply, run};
use crate::framing::value;
use crate::schedules::{plain, read_stream, reply};

const HELLO: &str = r#"{"id":"c1","model":"m","choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"Hello"}}],"usage":{"prompt_tokens":3,"completion_tokens":1,"total_tokens":4}}"#;
const BONJOUR: &str = r#"{"id":"m1","type":"message","role":"assistant","model":"claude","content":[{"type":"text","text":"Bonjour"}],"stop_reason":"end_turn","usage":{"input_tokens":3,"output_tokens":1}}"#;

fn engine(more: &Value) -> Engine {
    let mut options = json!({ "providers": {
        "openai": { "apiKey": [false], "api": "chat" }, "anthropic": { "apiKey": [false] }, "groq": { "apiKey": [false] },
    } });
    for (name, value) in more.as_object().unwrap() {
        options[name] = value.clone();
    }
    Engine::new(ClientOptions::read(plain(&options)).unwrap())
}

fn host(replies: Vec<Reply>) -> FakeHost {
    let host = FakeHost::new(replies);
    host.keys.borrow_mut().push(("groq".into(), "gsk-fake-key-of-groq".into()));
    host
}

fn status(status: u16, body: &str) -> Reply {
    reply(&json!({ "status": status, "body": body }))
}

fn error_body(code: &str) -> String {
    json!({ "error": { "message": "no", "code": code } }).to_string()
}

/// "provider/model status" of each attempt.
fn story(attempts: &Value) -> Vec<String> {
    let one = |attempt: &Value| {
        let end = match &attempt["status"] {
            Value::Null => attempt["error"]["code"].as_str().unwrap().to_owned(),
            status => status.to_string(),
        };
        format!("{}/{} {end}", attempt["provider"].as_str().unwrap(), attempt["model"].as_str().unwrap())
    };
    attempts.as_array().unwrap().iter().map(one).collect()
}

fn chat(engine: &Engine, host: &FakeHost, request: &Value) -> Result<Value, Box<Error>> {
    let mut whole = json!({ "messages": "Hi" });
    for (name, value) in request.as_object().unwrap() {
        whole[name] = value.clone();
    }
    let plan = engine.plan(plain(&whole))?;
    run(host, engine.chat(host, plan)).expect("somebody sleeps").map(|response| value(&response.to_json()))
}

#[test]
fn who_is_asked_after_which_failure() {
    let filtered = error_body("content_policy_violation");
    let (long, quota) = (error_body("context_length_exceeded"), error_body("insufficient_quota"));
    let chain = json!(["openai/a", "openai/b", "anthropic/c"]);
    let windows =
        json!({ "openai/a": { "contextWindow": 100 }, "openai/b": { "contextWindow": 100 }, "anthropic/c": { "contextWindow": 200 } });
    let blind = json!({ "openai/a": { "abilities": { "vision": false, "tools": false } } });
    let picture = json!([{ "role": "user", "content": [{ "type": "image", "image": "https://example.com/a.png" }] }]);
    // What the client's options add, what the request adds, the replies, the attempts, the waits.
    type Row = (&'static str, Value, Value, Vec<Reply>, Vec<&'static str>, Vec<f64>);
    let table: Vec<Row> = vec![
        (
            "what passes by itself is tried again first",
            json!({}),
            json!({}),
            vec![status(500, ""), status(500, ""), status(500, ""), status(200, HELLO)],
            vec!["openai/a 500", "openai/a 500", "openai/a 500", "openai/b 200"],
            vec![250.0, 500.0],
        ),
        (
            "an empty account sends to another provider, at once",
            json!({}),
            json!({}),
            vec![status(429, &quota), status(200, BONJOUR)],
            vec!["openai/a 429", "anthropic/c 200"],
            vec![],
        ),
        (
            "a filter sends to another provider",
            json!({}),
            json!({}),
            vec![status(400, &filtered), status(200, BONJOUR)],
            vec!["openai/a 400", "anthropic/c 200"],
            vec![],
        ),
        (
            "a refused key sends to another provider",
            json!({}),
            json!({}),
            vec![status(401, "{}"), status(200, BONJOUR)],
            vec!["openai/a 401", "anthropic/c 200"],
            vec![],
        ),
        (
            "a model that does not exist sends to the next",
            json!({}),
            json!({}),
            vec![status(404, "{}"), status(200, HELLO)],
            vec!["openai/a 404", "openai/b 200"],
            vec![],
        ),
        (
            "a prompt that is too long goes to a larger window",
            json!({ "catalog": windows }),
            json!({}),
            vec![status(400, &long), status(200, BONJOUR)],
            vec!["openai/a 400", "anthropic/c 200"],
            vec![],
        ),
        (
            "a window of which nothing is known is worth a try",
            json!({}),
            json!({}),
            vec![status(400, &long), status(200, HELLO)],
            vec!["openai/a 400", "openai/b 200"],
            vec![],
        ),
        (
            "who is blind is shown no picture",
            json!({ "catalog": blind }),
            json!({ "messages": picture }),
            vec![status(200, HELLO)],
            vec!["openai/a unsupported", "openai/b 200"],
            vec![],
        ),
        (
            "who has no tools is given none",
            json!({ "catalog": blind }),
            json!({ "tools": [{ "name": "t" }] }),
            vec![status(200, HELLO)],
            vec!["openai/a unsupported", "openai/b 200"],
            vec![],
        ),
        (
            "a long wait is not waited for while somebody is free",
            json!({}),
            json!({}),
            vec![reply(&json!({ "status": 429, "body": "{}", "headers": [["retry-after", "30"]] })), status(200, HELLO)],
            vec!["openai/a 429", "openai/b 200"],
            vec![],
        ),
        (
            "silence sends to the next, and is not asked again",
            json!({ "timeout": { "firstTokenMs": 4000 } }),
            json!({}),
            vec![Reply::Hangs, status(200, HELLO)],
            vec!["openai/a timeout", "openai/b 200"],
            vec![4000.0],
        ),
        (
            "a limit that would hold it too long sends to the next",
            json!({ "limits": { "openai/a": { "requestsPerMinute": 1, "maxWaitMs": 10 } } }),
            json!({}),
            vec![status(200, HELLO)],
            vec!["openai/a rate-limit", "openai/b 200"],
            vec![],
        ),
    ];
    for (name, options, request, replies, attempts, sleeps) in table {
        let mut request = request;
        request["model"] = chain.clone();
        let host = host(replies);
        let engine = engine(&options);
        if options.get("limits").is_some() {
            run(
                &host,
                engine.gate().try_acquire(
                    &host,
                    &modelwire::engine::limits::Ask {
                        key: "openai/a",
                        amount: modelwire::engine::limits::Amount { requests: 1.0, ..Default::default() },
                        priority: 0.0,
                        max_wait_ms: None,
                        runs: false,
                    },
                ),
            )
            .unwrap()
            .unwrap();
        }
        let response = chat(&engine, &host, &request).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(story(&response["attempts"]), attempts, "{name}");
        assert_eq!(*host.slept.borrow(), sleeps, "{name}");
        assert!(host.replies.borrow().is_empty(), "{name}");
    }
}

#[test]
fn what_ends_a_chain_tells_the_whole_story() {
    let chain = json!({ "model": ["openai/a", "anthropic/c"], "retry": false });
    for (body, at, kind) in [("{}", 400, ErrorKind::InvalidRequest), ("{}", 422, ErrorKind::InvalidRequest)] {
        let error = chat(&engine(&json!({})), &host(vec![status(at, body)]), &chain).unwrap_err();
        assert_eq!((error.kind, error.attempts.len()), (kind, 1));
    }
    let error = chat(&engine(&json!({})), &host(vec![status(500, ""), status(529, "{}")]), &chain).unwrap_err();
    assert_eq!((error.kind, error.provider.as_deref()), (ErrorKind::Overloaded, Some("anthropic")));
    assert_eq!(error.attempts.iter().map(|attempt| attempt.status).collect::<Vec<_>>(), [Some(500), Some(529)]);
    // The time of the call is over: nobody else is asked.
    let late = json!({ "model": ["openai/a", "anthropic/c"], "timeout": { "totalMs": 1000 } });
    let error = chat(&engine(&json!({})), &host(vec![Reply::Hangs]), &late).unwrap_err();
    assert_eq!((error.kind, error.attempts.len()), (ErrorKind::Timeout, 1));
    assert!(error.message.contains("timeout.totalMs (1000 ms)"), "{}", error.message);
}

#[test]
fn when_decides() {
    let options = json!({ "fallback": { "when": { "$handle": 7 } }, "retry": { "maxAttempts": 1 } });
    let chain = json!({ "model": ["openai/a", { "model": "groq/b" }, "anthropic/c"] });
    let table: [(Value, u16, Reply, Result<&str, ErrorKind>); 6] = [
        (json!(true), 400, status(200, HELLO), Ok("groq/b 200")),
        (json!("anthropic/c"), 500, status(200, BONJOUR), Ok("anthropic/c 200")),
        (json!(false), 500, Reply::Hangs, Err(ErrorKind::Server)),
        (Value::Null, 500, status(200, HELLO), Ok("groq/b 200")),
        (json!("nobody/x"), 500, Reply::Hangs, Err(ErrorKind::Config)),
        (json!(5), 500, Reply::Hangs, Err(ErrorKind::Config)),
    ];
    for (says, first, then, expected) in table {
        let host = host(vec![status(first, "{}"), then]);
        host.says.borrow_mut().push_back(plain(&says));
        let result = chat(&engine(&options), &host, &chain);
        let (handle, _, detail) = host.asked.borrow()[0].clone();
        let attempt: Value = serde_json::from_str(&detail).unwrap();
        assert_eq!((handle, attempt["provider"].as_str()), (7, Some("openai")), "it is told of the attempt");
        match expected {
            Ok(last) => assert_eq!(story(&result.unwrap()["attempts"]).last().unwrap(), last, "{says}"),
            Err(kind) => {
                let error = result.unwrap_err();
                assert_eq!((error.kind, error.attempts.len()), (kind, 1), "{says}");
            }
        }
    }
}

#[test]
fn each_target_gets_its_own_request() {
    let models = json!({ "models": { "careful": [
        { "model": "openai/a", "request": { "temperature": 0, "maxTokens": 10 } },
        { "model": "groq/b", "request": { "maxTokens": 20, "system": "Be brief." } },
    ] }, "retry": false });
    let host = host(vec![status(500, ""), status(200, HELLO)]);
    chat(&engine(&models), &host, &json!({ "model": "careful", "temperature": 1, "maxTokens": 5 })).unwrap();
    let sent: Vec<Value> = host.requests.borrow().iter().map(|request| serde_json::from_slice(&request.body).unwrap()).collect();
    assert_eq!((&sent[0]["temperature"], &sent[0]["max_completion_tokens"]), (&json!(0), &json!(10)));
    assert_eq!(
        (&sent[1]["temperature"], &sent[1]["max_tokens"], sent[1]["messages"].as_array().unwrap().len()),
        (&json!(1), &json!(20), 2)
    );
}

#[test]
fn the_order_is_by_price_by_speed_or_drawn() {
    let price = |input: f64| json!({ "price": { "input": input, "output": input } });
    let catalog = json!({ "openai/a": price(5.0), "groq/b": price(1.0) });
    let first = |options: &Value, host: &FakeHost, engine: Option<&Engine>| {
        let made = crate::fallback::engine(options);
        let response = chat(engine.unwrap_or(&made), host, &json!({ "model": ["openai/a", "groq/b", "groq/unknown"] })).unwrap();
        story(&response["attempts"]).remove(0)
    };
    let cheapest = json!({ "fallback": { "order": "cheapest" }, "catalog": catalog });
    assert_eq!(first(&cheapest, &host(vec![status(200, HELLO)]), None), "groq/b 200");
    // Each is measured once, then the fastest is asked.
    let fastest = engine(&json!({ "fallback": { "order": "fastest" } }));
    let world = host((0..4).map(|_| status(200, HELLO)).collect());
    let asked: Vec<String> = (0..4).map(|_| first(&json!({}), &world, Some(&fastest))).collect();
    assert_eq!(asked, ["openai/a 200", "groq/b 200", "groq/unknown 200", "openai/a 200"]);
    // Random numbers are 0.5: of weights 1, 3 and 0 that is the second.
    let weights = json!({ "model": ["openai/a", { "model": "groq/b", "weight": 3 }, { "model": "groq/c", "weight": 0 }] });
    let response = chat(&engine(&json!({ "fallback": { "order": "weighted" } })), &host(vec![status(200, HELLO)]), &weights).unwrap();
    assert_eq!(story(&response["attempts"]), ["groq/b 200"]);
}

#[test]
fn a_target_that_fails_is_left_alone_until_its_time_is_over() {
    let engine = engine(&json!({ "retry": false, "fallback": { "cooldownMs": 10_000 } }));
    let chain = json!({ "model": ["openai/a", "groq/b"] });
    let mut replies = Vec::new();
    for _ in 0..3 {
        replies.extend([status(500, ""), status(200, HELLO)]);
    }
    // Left alone; then probed in vain; left alone; then probed with success; then asked as ever.
    replies.extend([status(200, HELLO), status(500, ""), status(200, HELLO), status(200, HELLO), status(200, HELLO), status(200, HELLO)]);
    let host = host(replies);
    let ask = || story(&chat(&engine, &host, &chain).unwrap()["attempts"]);
    for _ in 0..3 {
        assert_eq!(ask(), ["openai/a 500", "groq/b 200"]);
    }
    assert_eq!(ask(), ["groq/b 200"]);
    host.clock.set(host.clock.get() + 10_000.0);
    assert_eq!(ask(), ["openai/a 500", "groq/b 200"]);
    assert_eq!(ask(), ["groq/b 200"]);
    host.clock.set(host.clock.get() + 10_000.0);
    assert_eq!(ask(), ["openai/a 200"]);
    assert_eq!(ask(), ["openai/a 200"]);
}

#[test]
fn a_key_that_fails_makes_room_for_the_next() {
    let two = json!({ "providers": { "openai": { "apiKey": [false, false], "api": "chat" } } });
    for (first, index) in [(401, 1), (403, 1), (429, 1), (500, 0)] {
        let engine = engine(&two);
        let host = host(vec![status(first, "{}"), status(200, HELLO), status(200, HELLO)]);
        host.keys.borrow_mut().push(("openai".into(), "sk-the-second-key".into()));
        let response = chat(&engine, &host, &json!({ "model": "openai/a" })).unwrap();
        assert_eq!(response["attempts"][1]["keyIndex"], json!(index), "after {first}");
        assert_eq!(host.slept.borrow().len(), usize::from(first == 500), "after {first}");
        // The one that worked is kept.
        let response = chat(&engine, &host, &json!({ "model": "openai/a" })).unwrap();
        assert_eq!(response["attempts"][0]["keyIndex"], json!(index), "after {first}");
    }
    let host = host(vec![status(401, "{}"), status(401, "{}")]);
    host.keys.borrow_mut().push(("openai".into(), "sk-the-second-key".into()));
    let error = chat(&engine(&two), &host, &json!({ "model": "openai/a" })).unwrap_err();
    assert_eq!((error.kind, error.attempts.len()), (ErrorKind::Authentication, 2));
    assert!(!format!("{error:?}").contains("sk-the-second-key"));
}

#[test]
fn a_function_is_asked_once_more_when_its_key_was_refused() {
    let lazy = json!({ "providers": { "openai": { "apiKey": [true], "api": "chat" } } });
    let response = chat(&engine(&lazy), &host(vec![status(401, "{}"), status(200, HELLO)]), &json!({ "model": "openai/a" })).unwrap();
    assert_eq!(story(&response["attempts"]), ["openai/a 401", "openai/a 200"]);
    let error = chat(&engine(&lazy), &host(vec![status(401, "{}"), status(401, "{}")]), &json!({ "model": "openai/a" })).unwrap_err();
    assert_eq!(error.attempts.len(), 2);
}

// ─────────────────────────────────────────── streams

fn delta(text: &str) -> String {
    format!(
        "data: {}\n\n",
        json!({ "id": "c1", "model": "m", "choices": [{ "index": 0, "delta": { "content": text }, "finish_reason": null }] })
    )
}

const END: &str = "data: {\"id\":\"c1\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":30,\"completion_tokens\":4}}\n\ndata: [DONE]\n\n";

fn pieces(pieces: &[&str]) -> Reply {
    reply(&json!({ "status": 200, "pieces": pieces }))
}

fn kinds(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["type"].as_str().unwrap()).collect()
}

fn text(events: &[Value]) -> String {
    events.iter().filter(|event| event["type"] == "text-delta").map(|event| event["text"].as_str().unwrap()).collect()
}

#[test]
fn an_error_before_any_content_falls_back_without_a_word_of_it_in_the_answer() {
    let engine = engine(&json!({ "retry": false }));
    let overloaded = "data: {\"error\":{\"message\":\"Overloaded\",\"code\":\"server_is_overloaded\"}}\n\n";
    let host = host(vec![pieces(&[overloaded]), pieces(&[&delta("Hel"), &delta("lo"), END])]);
    let plan = engine.plan(plain(&json!({ "model": ["openai/a", "groq/b"], "messages": "Hi" }))).unwrap();
    let (events, result) = read_stream(&engine, &host, plan);
    result.unwrap();
    assert_eq!(kinds(&events), ["retry", "start", "text-delta", "text-delta", "usage", "end"]);
    assert_eq!((&events[0]["next"], &events[0]["delayMs"]), (&json!("groq/b"), &json!(0)));
    assert_eq!((&events[1]["provider"], text(&events).as_str()), (&json!("groq"), "Hello"));
    assert_eq!(story(&events[5]["response"]["attempts"]), ["openai/a 200", "groq/b 200"]);
    let told: Vec<(&str, Value)> =
        host.told.borrow().iter().map(|(event, record)| (*event, serde_json::from_str(record).unwrap())).collect();
    let names: Vec<&str> = told.iter().map(|(event, _)| *event).collect();
    let providers: Vec<&str> = told.iter().map(|(_, record)| record["provider"].as_str().unwrap()).collect();
    assert_eq!((names, providers), (vec!["request", "fallback", "request", "cost"], vec!["openai", "groq", "groq", "groq"]));
}

#[test]
fn an_answer_that_broke_off_goes_on_at_the_next_target() {
    let engine = engine(&json!({ "fallback": { "midStream": true } }));
    let said = "The quick brown fox jumps over";
    // The second repeats a little, cut in the middle of it, and the third target is a prefill one.
    let breaks = reply(&json!({ "status": 200, "pieces": [delta(said)], "breaks": "reset" }));
    let host = host(vec![breaks, pieces(&[&delta("fox ju"), &delta("mps over"), &delta(" the lazy dog."), END])]);
    let request = json!({ "model": ["openai/a", "groq/b"], "messages": "Hi", "maxTokens": 100 });
    let (events, result) = read_stream(&engine, &host, engine.plan(plain(&request)).unwrap());
    result.unwrap();
    assert_eq!(text(&events), "The quick brown fox jumps over the lazy dog.");
    let seam = events.iter().find(|event| event["type"] == "continue").unwrap();
    assert_eq!(*seam, json!({ "type": "continue", "from": "openai/a", "to": "groq/b", "text": said }));
    assert_eq!(kinds(&events).iter().filter(|kind| **kind == "start").count(), 1);
    let response = &events.last().unwrap()["response"];
    assert_eq!((&response["text"], &response["provider"]), (&json!("The quick brown fox jumps over the lazy dog."), &json!("groq")));
    assert_eq!(response["message"]["content"], response["text"], "one part");
    // 30 bytes were about eight tokens; four more were billed.
    assert_eq!((&response["usage"]["outputTokens"], &response["usage"]["estimated"]), (&json!(12), &json!(true)));
    let sent: Value = serde_json::from_slice(&host.requests.borrow()[1].body).unwrap();
    let messages = sent["messages"].as_array().unwrap();
    assert_eq!(messages[1], json!({ "role": "assistant", "content": said }));
    assert!(messages[2]["content"].as_str().unwrap().contains("fox jumps over"));
    assert_eq!(sent["max_tokens"], json!(93));
}

#[test]
fn who_goes_on_with_what_it_is_given_is_not_asked_to() {
    let engine = engine(&json!({ "fallback": { "midStream": true } }));
    let breaks = reply(&json!({ "status": 200, "pieces": [delta("One, two, ")], "breaks": "reset" }));
    let goes_on = concat!(
        "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"m1\",\"model\":\"claude-haiku-4-5\",\"usage\":{\"input_tokens\":9,\"output_tokens\":1}}}\n\n",
        "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n",
        "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\" three.\"}}\n\n",
        "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":3}}\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
    );
    let host = host(vec![breaks, pieces(&[goes_on])]);
    let request = json!({ "model": ["openai/a", "anthropic/claude-haiku-4-5"], "messages": "Count." });
    let (events, result) = read_stream(&engine, &host, engine.plan(plain(&request)).unwrap());
    result.unwrap();
    assert_eq!(text(&events), "One, two, three.", "the space that it was not shown is not there twice");
    let sent: Value = serde_json::from_slice(&host.requests.borrow()[1].body).unwrap();
    assert_eq!(sent["messages"].as_array().unwrap().len(), 2);
    assert_eq!(sent["messages"][1]["role"], "assistant");
    let response = &events.last().unwrap()["response"];
    assert_eq!(response["message"]["content"], json!("One, two, three."));
}

#[test]
fn what_cannot_be_continued_fails_with_what_had_arrived() {
    let call = "data: {\"id\":\"c1\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"t\",\"function\":{\"name\":\"f\",\"arguments\":\"{\"}}]}}]}\n\n";
    let table = [
        (json!({}), json!({ "fallback": {} }), delta("Hel"), "not asked for"),
        (json!({ "output": { "type": "object" } }), json!({ "fallback": { "midStream": true } }), delta("{\"a"), "structured output"),
        (json!({ "tools": [{ "name": "f" }] }), json!({ "fallback": { "midStream": true } }), call.to_owned(), "a call under way"),
        (json!({ "model": "openai/a" }), json!({ "fallback": { "midStream": true } }), delta("Hel"), "nobody else"),
    ];
    for (more, options, first, why) in table {
        let host = host(vec![reply(&json!({ "status": 200, "pieces": [first], "breaks": "reset" }))]);
        let engine = engine(&options);
        let mut request = json!({ "model": ["openai/a", "groq/b"], "messages": "Hi" });
        for (name, value) in more.as_object().unwrap() {
            request[name] = value.clone();
        }
        let (_, result) = read_stream(&engine, &host, engine.plan(plain(&request)).unwrap());
        let error = result.unwrap_err();
        assert_eq!((error.kind, error.attempts.len()), (ErrorKind::Network, 1), "{why}");
        assert!(error.partial.is_some(), "{why}");
    }
}

#[test]
fn a_chain_that_breaks_off_to_its_end_keeps_all_that_was_said() {
    let engine = engine(&json!({ "fallback": { "midStream": true } }));
    let breaks = |text: &str| reply(&json!({ "status": 200, "pieces": [delta(text)], "breaks": "reset" }));
    let host = host(vec![breaks("One, "), breaks("two, "), breaks("three")]);
    let request = json!({ "model": ["openai/a", "groq/b", "groq/c"], "messages": "Hi" });
    let (events, result) = read_stream(&engine, &host, engine.plan(plain(&request)).unwrap());
    let error = result.unwrap_err();
    assert_eq!(text(&events), "One, two, three");
    assert_eq!((error.partial.unwrap().text.as_str(), error.attempts.len()), ("One, two, three", 3));
}
