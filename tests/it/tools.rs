//! The tool loop: rounds, refusals, time, and what a failure in the middle must not lose.

use modelwire::chat::{ChatResponse, FinishReason};
use modelwire::engine::{Engine, run_step};
use modelwire::error::{Error, ErrorKind};
use modelwire::json::Json;
use modelwire::open_stream::{OpenStream, Progress};
use modelwire::options::ClientOptions;
use serde_json::{Value, json};

use crate::fake_host::{FakeHost, Reply, go_on, json as reply, open, run};
use crate::framing::value;

fn engine() -> Engine {
    let options = r#"{"retry":false,"providers":{"openai":{"apiKey":true,"api":"chat"},"anthropic":{"apiKey":true}}}"#;
    Engine::new(ClientOptions::read(Json::parse(options).unwrap().into_owned()).unwrap())
}

/// A request with two tools that are run here and one that the caller calls himself.
fn request(more: &Value) -> Json<'static> {
    let mut request = json!({
        "model": "openai/gpt-6-luna",
        "messages": "What is the weather?",
        "tools": [{ "name": "weather", "run": 1 }, { "name": "slow", "run": 2, "timeoutMs": 500 }, { "name": "yours" }],
    });
    for (name, value) in more.as_object().unwrap() {
        request[name] = value.clone();
    }
    Json::parse(&request.to_string()).unwrap().into_owned()
}

fn chat(host: &FakeHost, more: &Value) -> Result<ChatResponse, Box<Error>> {
    let engine = engine();
    let request = engine.read(request(more))?;
    run(host, engine.chat(host, request)).expect("somebody sleeps")
}

fn calls(list: &[(&str, &str, &str)]) -> Reply {
    let calls: Vec<Value> = list
        .iter()
        .map(|(id, name, input)| json!({ "id": id, "type": "function", "function": { "name": name, "arguments": input } }))
        .collect();
    let message = json!({ "role": "assistant", "content": null, "tool_calls": calls });
    answer(&message, "tool_calls")
}

fn says(text: &str) -> Reply {
    answer(&json!({ "role": "assistant", "content": text }), "stop")
}

fn answer(message: &Value, reason: &str) -> Reply {
    let usage = json!({ "prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12 });
    let body = json!({ "id": "c1", "choices": [{ "index": 0, "message": message, "finish_reason": reason }], "usage": usage });
    reply(200, &body.to_string())
}

fn results(host: &FakeHost, list: &[Result<&'static str, &'static str>]) {
    host.tool_results.borrow_mut().extend(list.iter().copied());
}

/// The messages of the last request, as OpenAI got them: role and content.
fn sent(host: &FakeHost) -> Vec<(String, String)> {
    let requests = host.requests.borrow();
    let body: Value = serde_json::from_slice(&requests.last().unwrap().body).unwrap();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    body["messages"].as_array().unwrap().iter().map(|message| (text(&message["role"]), text(&message["content"]))).collect()
}

#[test]
fn tools_are_run_until_the_model_answers() {
    let host = FakeHost::new([calls(&[("a", "weather", "{\"city\":\"Rome\"}"), ("b", "weather", "")]), says("Sunny.")]);
    results(&host, &[Ok("20 degrees"), Ok("10 degrees")]);
    let response = chat(&host, &json!({ "toolChoice": "required" })).unwrap();
    assert_eq!((response.text.as_str(), response.finish_reason), ("Sunny.", FinishReason::Stop));
    let ran = [(1, "a".into(), "{\"city\":\"Rome\"}".into()), (1, "b".into(), "{}".into())];
    assert_eq!(*host.tools.borrow(), ran);
    assert_eq!(response.usage.input_tokens, Some(20));
    assert_eq!(response.attempts.len(), 2);
    let roles: Vec<Value> = value(&response.to_json())["newMessages"].as_array().unwrap().iter().map(|one| one["role"].clone()).collect();
    assert_eq!(roles, ["assistant", "tool", "tool", "assistant"]);
    let last = sent(&host);
    assert_eq!(last[2..], [("tool".into(), "20 degrees".into()), ("tool".into(), "10 degrees".into())]);
    let body: Value = serde_json::from_slice(&host.requests.borrow()[1].body).unwrap();
    assert_eq!(body["tool_choice"], "auto", "forced again, it could never answer");
}

#[test]
fn what_goes_wrong_in_a_tool_is_told_to_the_model() {
    let host = FakeHost::new([
        calls(&[("a", "weather", "{}"), ("b", "nothing", "{}"), ("c", "weather", "{\"city\":"), ("d", "slow", "{}")]),
        says("Sorry."),
    ]);
    results(&host, &[Err("the service is down")]);
    chat(&host, &json!({})).unwrap();
    let told: Vec<String> = sent(&host).into_iter().filter(|(role, _)| role == "tool").map(|(_, text)| text).collect();
    assert_eq!(
        told,
        [
            "Error: the service is down",
            "Error: there is no tool \"nothing\"; there is weather, slow, yours",
            "Error: the arguments are not JSON: {\"city\":",
            "Error: the tool gave nothing within 500 ms",
        ]
    );
}

#[test]
fn the_call_ends_with_tool_calls_when_they_are_not_to_be_run() {
    let table = [
        (json!({ "maxToolRounds": 0 }), vec![("a", "weather")], 1),
        (json!({}), vec![("a", "weather"), ("b", "yours")], 1),
        (json!({ "maxToolRounds": 2 }), vec![("a", "weather")], 3),
        (json!({}), vec![("a", "weather")], 9),
    ];
    for (more, list, requests) in table {
        let list: Vec<_> = list.into_iter().map(|(id, name)| (id, name, "{}")).collect();
        let host = FakeHost::new((0..requests).map(|_| calls(&list)));
        results(&host, &[Ok("x"); 10]);
        let response = chat(&host, &more).unwrap();
        assert_eq!(response.finish_reason, FinishReason::ToolCalls, "{more}");
        assert_eq!(response.tool_calls.len(), list.len());
        assert_eq!(host.requests.borrow().len(), requests, "{more}");
        assert_eq!(host.tools.borrow().len(), requests - 1, "{more}: none is run in vain");
    }
}

#[test]
fn a_failure_in_a_later_round_keeps_what_was_done() {
    let host = FakeHost::new([calls(&[("a", "weather", "{}")]), reply(500, r#"{"error":{"message":"no"}}"#)]);
    results(&host, &[Ok("20 degrees")]);
    let error = chat(&host, &json!({})).unwrap_err();
    assert_eq!((error.kind, error.attempts.len()), (ErrorKind::Server, 2));
    let partial = value(&error.partial.unwrap().to_json());
    let roles: Vec<&Value> = partial["newMessages"].as_array().unwrap().iter().map(|one| &one["role"]).collect();
    assert_eq!(roles, ["assistant", "tool"]);
    assert_eq!(partial["usage"]["inputTokens"], 10);
}

fn stream_of(reply: &str) -> Reply {
    Reply::Answers(200, vec![("content-type", "text/event-stream")], vec![reply.as_bytes().to_vec()])
}

const CALLS: &str = concat!(
    r#"data: {"id":"c1","model":"m","choices":[{"index":0,"delta":{"content":"Let me look. ","tool_calls":[{"index":0,"id":"a","function":{"name":"weather","arguments":"{}"}}]}}]}"#,
    "\n\n",
    r#"data: {"id":"c1","choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":10,"completion_tokens":2}}"#,
    "\n\ndata: [DONE]\n\n"
);
const SAYS: &str = concat!(
    r#"data: {"id":"c2","model":"m","choices":[{"index":0,"delta":{"content":"Sunny."},"finish_reason":"stop"}],"usage":{"prompt_tokens":20,"completion_tokens":3}}"#,
    "\n\ndata: [DONE]\n\n"
);

/// Drives a stream as the facade does: feed, run the tools, go on.
fn drive(engine: &Engine, host: &FakeHost, stream: &mut OpenStream, bodies: &[&str]) -> (Vec<Value>, Result<(), Box<Error>>) {
    let mut events = Vec::new();
    for body in bodies {
        let progress = stream.feed(body.as_bytes(), host.clock.get());
        events.extend(stream.batch().events().iter().map(value));
        stream.batch().clear();
        match progress {
            Ok(Progress::Done) => return (events, Ok(())),
            Ok(Progress::More | Progress::Lease) => panic!("these bodies are whole"),
            Err(error) => return (events, Err(error)),
            Ok(Progress::GoOn) => {}
        }
        for (index, step) in stream.steps().to_vec().iter().enumerate() {
            let output = run(host, run_step(host, step)).unwrap();
            stream.tool_result(index, output);
        }
        if let Err(error) = go_on(engine, host, stream) {
            return (events, Err(error));
        }
    }
    panic!("more was asked for")
}

fn kinds(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["type"].as_str().unwrap()).collect()
}

#[test]
fn a_stream_goes_on_through_its_rounds() {
    let host = FakeHost::new([stream_of(CALLS), stream_of(CALLS), stream_of(SAYS)]);
    results(&host, &[Ok("20 degrees"), Err("gone")]);
    let engine = engine();
    let request = engine.read(request(&json!({}))).unwrap();
    let mut stream = open(&engine, &host, request).unwrap();
    let (events, result) = drive(&engine, &host, &mut stream, &[CALLS, CALLS, SAYS]);
    result.unwrap();
    let turn = ["text-delta", "tool-call-start", "tool-call-delta", "tool-call", "tool-result"];
    let expected = [&["start"][..], &turn, &turn, &["text-delta", "usage", "end"]].concat();
    assert_eq!(kinds(&events), expected);
    let indices: Vec<&Value> = events.iter().filter(|event| event["type"] == "tool-call").map(|event| &event["index"]).collect();
    assert_eq!(indices, [0, 1], "an index means one call of the stream");
    let results: Vec<&Value> = events.iter().filter(|event| event["type"] == "tool-result").collect();
    assert_eq!(*results[0], json!({ "type": "tool-result", "callId": "a", "result": "20 degrees", "isError": false }));
    assert_eq!(*results[1], json!({ "type": "tool-result", "callId": "a", "result": "gone", "isError": true }));
    let response = &events.last().unwrap()["response"];
    assert_eq!((&response["text"], &response["usage"]["inputTokens"]), (&json!("Sunny."), &json!(40)));
    assert_eq!(response["newMessages"].as_array().unwrap().len(), 5);
    assert_eq!(response["attempts"].as_array().unwrap().len(), 3);
}

#[test]
fn a_stream_that_cannot_go_on_keeps_what_was_done() {
    let host = FakeHost::new([stream_of(CALLS), reply(429, r#"{"error":{"message":"slow down"}}"#)]);
    results(&host, &[Ok("20 degrees")]);
    let engine = engine();
    let request = engine.read(request(&json!({}))).unwrap();
    let mut stream = open(&engine, &host, request).unwrap();
    let (_, result) = drive(&engine, &host, &mut stream, &[CALLS]);
    let error = result.unwrap_err();
    assert_eq!(error.kind, ErrorKind::RateLimit);
    assert_eq!(value(&error.partial.unwrap().to_json())["newMessages"].as_array().unwrap().len(), 2);
}

#[test]
fn structured_output_is_read_at_the_end_of_the_last_round() {
    let output = json!({ "output": { "type": "object", "properties": { "sky": { "type": "string" } } } });
    let host = FakeHost::new([calls(&[("a", "weather", "{}")]), says("{\"sky\":\"blue\"}")]);
    results(&host, &[Ok("20 degrees")]);
    assert_eq!(chat(&host, &output).unwrap().output.as_deref(), Some("{\"sky\":\"blue\"}"));

    let host = FakeHost::new([says("The sky is blue.")]);
    let error = chat(&host, &output).unwrap_err();
    assert_eq!((error.kind, error.attempts.len()), (ErrorKind::OutputInvalid, 1));
    assert_eq!(error.partial.unwrap().text, "The sky is blue.");

    let cut = answer(&json!({ "role": "assistant", "content": "{\"sky\":" }), "length");
    let error = chat(&FakeHost::new([cut]), &output).unwrap_err();
    assert!(error.message.contains("maxTokens"), "{}", error.message);

    let declined = answer(&json!({ "role": "assistant", "content": null, "refusal": "No." }), "stop");
    let response = chat(&FakeHost::new([declined]), &output).unwrap();
    assert_eq!((response.finish_reason, response.output), (FinishReason::Refusal, None));
}
