//! What is tried, when, and with what end: a table of failure scripts for each provider, in virtual time.
//!
//! `schedules/<provider>.json`: what the provider answers, one reply after the other, and what is to come of
//! it: the waits, in milliseconds, and the end ("ok", or the error's code). Written from the fact sheets and
//! the contract, not from what the code does. Random numbers are 0.5; a reply takes 100 ms.

use std::fs;
use std::path::Path;

use modelwire::engine::{Engine, Plan};
use modelwire::error::{Error, Result};
use modelwire::host::HostResponse;
use modelwire::json::Json;
use modelwire::open_stream::{OpenStream, Progress};
use modelwire::options::ClientOptions;
use serde_json::{Value, json};

use crate::fake_host::{FakeHost, Reply, run};
use crate::framing::value;

/// Reads a stream to its end, as the facade does; the events, and how it ended.
pub fn read_stream(engine: &Engine, host: &FakeHost, plan: impl Into<Plan>) -> (Vec<Value>, Result<()>) {
    let mut events = Vec::new();
    let mut stream = OpenStream::new(engine.begin(host, engine.call(host), plan.into()));
    let result = run(host, read(engine, host, &mut stream, &mut events)).expect("somebody sleeps");
    (events, result)
}

async fn read(engine: &Engine, host: &FakeHost, stream: &mut OpenStream, events: &mut Vec<Value>) -> Result<()> {
    loop {
        let mut heard = Vec::new();
        let sent = engine.go_on(host, stream, &mut |event| heard.push(value(event))).await;
        events.extend(heard);
        let (mut response, ticket) = sent?;
        let result = loop {
            let progress = match response.chunk().await {
                Ok(Some(bytes)) => stream.feed(&bytes, host.clock.get()),
                Ok(None) => stream.finish(host.clock.get()),
                Err(reason) => stream.broke(&reason, host.clock.get()),
            };
            events.extend(stream.batch().events().iter().map(value));
            stream.batch().clear();
            match progress {
                Ok(Progress::More) => {}
                end => break end,
            }
        };
        if let Some(ticket) = ticket {
            engine.settle_stream(host, stream, ticket, &result);
        }
        if result? == Progress::Done {
            return Ok(());
        }
        assert!(stream.steps().is_empty(), "no tools here");
    }
}

pub fn plain(value: &Value) -> Json<'static> {
    Json::parse(&value.to_string()).unwrap().into_owned()
}

/// A reply of a script.
pub fn reply(script: &Value) -> Reply {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    if let Some(reason) = script.get("fails") {
        return Reply::Fails(text(reason).leak());
    }
    if script.get("hangs").is_some() {
        return Reply::Hangs;
    }
    let status = script["status"].as_u64().unwrap() as u16;
    let pieces: Vec<Vec<u8>> = match script.get("pieces") {
        Some(pieces) => pieces.as_array().unwrap().iter().map(|piece| text(piece).into_bytes()).collect(),
        None => vec![text(&script["body"]).into_bytes()],
    };
    if let Some(reason) = script.get("breaks") {
        return Reply::Breaks(status, pieces, text(reason).leak());
    }
    let none = Vec::new();
    let headers = script.get("headers").and_then(Value::as_array).unwrap_or(&none);
    let headers = headers.iter().map(|header| (&*text(&header[0]).leak(), &*text(&header[1]).leak())).collect();
    Reply::Answers(status, headers, pieces)
}

fn engine(options: &Value) -> Engine {
    let mut all = json!({ "providers": {
        "openai": { "apiKey": [false], "api": "chat" }, "anthropic": { "apiKey": [false] }, "cohere": { "apiKey": [false] },
        "groq": { "apiKey": [false] }, "azure": { "apiKey": [false], "api": "chat", "endpoint": "https://x.openai.azure.com" },
    } });
    for (name, value) in options.as_object().into_iter().flatten() {
        all[name] = value.clone();
    }
    Engine::new(ClientOptions::read(plain(&all)).unwrap())
}

/// What came of a script, as the table has it.
fn outcome(model: &str, script: &Value) -> Value {
    let mut host = FakeHost::new(script["replies"].as_array().unwrap().iter().map(reply));
    for provider in ["azure", "cohere", "groq"] {
        host.keys.borrow_mut().push((provider.to_owned(), "a-key".to_owned()));
    }
    host.reaches = script.get("reaches").and_then(Value::as_bool);
    let engine = engine(&script["options"]);
    let plan = engine.plan(plain(&json!({ "model": model, "messages": "Hi" }))).unwrap();
    let told = |error: Box<Error>| (error.kind.word(), error.attempts.len(), error.retry_after_ms);
    let (end, attempts, retry_after_ms) = if script.get("stream").is_some() {
        let (events, result) = read_stream(&engine, &host, plan);
        let starts = events.iter().filter(|event| event["type"] == "start").count();
        assert!(starts <= 1, "an answer begins once");
        match result {
            Ok(()) => ("ok", events.last().unwrap()["response"]["attempts"].as_array().unwrap().len(), None),
            Err(error) => told(error),
        }
    } else {
        match run(&host, engine.chat(&host, plan)).expect("somebody sleeps") {
            Ok(response) => ("ok", response.attempts.len(), None),
            Err(error) => told(error),
        }
    };
    assert_eq!(host.open.get(), 0, "every response was let go");
    assert!(host.replies.borrow().is_empty(), "every reply was asked for");
    let mut outcome = json!({ "sleeps": *host.slept.borrow(), "outcome": end, "attempts": attempts });
    if script.get("retryAfterMs").is_some() {
        outcome["retryAfterMs"] = json!(retry_after_ms);
    }
    outcome
}

#[test]
fn every_failure_has_its_schedule() {
    let mut wrong = Vec::new();
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/schedules")).unwrap() {
        let path = entry.unwrap().path();
        let table: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        let (model, scripts) = (table["model"].as_str().unwrap(), table["scripts"].as_array().unwrap());
        assert!(scripts.len() >= 60, "{} has {} scripts", path.display(), scripts.len());
        for script in scripts {
            let mut expected = json!({ "sleeps": [], "outcome": script["outcome"], "attempts": script["attempts"] });
            expected["sleeps"] = script["sleeps"].as_array().unwrap().iter().map(|ms| json!(ms.as_f64())).collect();
            if let Some(ms) = script.get("retryAfterMs") {
                expected["retryAfterMs"] = ms.clone();
            }
            let found = std::panic::catch_unwind(|| outcome(model, script)).unwrap_or(json!("a panic"));
            if found != expected {
                wrong.push(format!("{model}, {}:\n  expected {expected}\n  found    {found}", script["name"]));
            }
        }
    }
    assert!(wrong.is_empty(), "{} schedules differ:\n{}", wrong.len(), wrong.join("\n"));
}
