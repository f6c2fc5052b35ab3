//! The order of operations, against a host without a world.

use modelwire::chat::{ChatRequest, FinishReason};
use modelwire::engine::Engine;
use modelwire::error::{Error, ErrorKind};
use modelwire::json::Json;
use modelwire::object;
use modelwire::open_stream::{OpenStream, Progress};
use modelwire::options::ClientOptions;

use crate::fake_host::{self, FakeHost, Reply, json as reply, now_or_never};

const HELLO: &str = r#"{"id":"c1","model":"gpt-6-luna","choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"Hello"}}],"usage":{"prompt_tokens":3,"completion_tokens":1,"total_tokens":4}}"#;

fn engine() -> Engine {
    Engine::new(
        ClientOptions::read(object! { "retry": false, "providers": object! {
            "openai": object! { "apiKey": true },
            "anthropic": object! { "apiKey": true },
            "cohere": Json::object(),
            "local": object! { "kind": "openai-compatible", "baseURL": "http://localhost:8080/v1" },
        } })
        .unwrap(),
    )
}

fn request(model: &str) -> ChatRequest {
    ChatRequest::read(object! { "model": model.to_owned(), "messages": "Hi" }).unwrap()
}

fn chat(host: &FakeHost, model: &str) -> Result<modelwire::chat::ChatResponse, Box<Error>> {
    now_or_never(engine().chat(host, request(model))).expect("nothing to wait for")
}

#[test]
fn a_chat_call_tells_its_whole_story() {
    let host = FakeHost::new([Reply::Answers(200, vec![("x-request-id", "req_1")], vec![HELLO.as_bytes().to_vec()])]);
    let response = chat(&host, "openai/gpt-6-luna").unwrap();
    assert_eq!(response.text, "Hello");
    assert_eq!(response.finish_reason, FinishReason::Stop);
    assert_eq!(response.request_id.as_deref(), Some("req_1"));
    assert_eq!((response.provider.as_str(), response.model.as_str()), ("openai", "gpt-6-luna"));
    assert_eq!(response.attempts.len(), 1);
    assert_eq!((response.attempts[0].status, response.attempts[0].duration_ms), (Some(200), 100.0));
    assert_eq!(response.timing.total_ms, 100.0);
    assert_eq!(response.timing.started_at, "1970-01-01T00:00:00.000Z");
    assert_eq!(response.raw.as_deref(), Some(HELLO));
    assert_eq!(host.open.get(), 0, "the response was let go");
}

#[test]
fn what_is_asked_wrongly_is_refused_before_anything_is_sent() {
    let table = [
        ("gpt-6-luna", ErrorKind::InvalidRequest, "provider/model"),
        ("/x", ErrorKind::InvalidRequest, "provider/model"),
        ("nobody/x", ErrorKind::Config, "no provider \"nobody\""),
        ("cohere/command-a-03-2025", ErrorKind::MissingKey, "CO_API_KEY"),
    ];
    for (model, kind, part) in table {
        let host = FakeHost::new([]);
        let error = chat(&host, model).unwrap_err();
        assert_eq!(error.kind, kind, "{model}");
        assert!(error.message.contains(part), "{model}: {}", error.message);
        assert!(host.requests.borrow().is_empty());
    }
}

#[test]
fn a_server_without_keys_is_asked_without_one() {
    let host = FakeHost::new([reply(200, HELLO)]);
    chat(&host, "local/llama").unwrap();
    let requests = host.requests.borrow();
    assert_eq!(requests[0].url, "http://localhost:8080/v1/chat/completions");
    assert!(requests[0].headers.iter().all(|(name, _)| name != "authorization"));
}

#[test]
fn a_redirect_is_not_followed_and_says_where_it_led() {
    for status in [301, 302, 307, 308, 0] {
        let host = FakeHost::new([Reply::Answers(status, vec![("location", "https://elsewhere.example/v1")], vec![])]);
        let error = chat(&host, "openai/gpt-6-luna").unwrap_err();
        assert_eq!(error.kind, ErrorKind::Config, "{status}");
        assert!(error.message.contains("https://elsewhere.example") && error.message.contains("baseURL"), "{}", error.message);
        assert_eq!(host.requests.borrow().len(), 1);
    }
}

#[test]
fn a_failed_fetch_is_cors_when_the_server_answers_otherwise_and_network_when_not() {
    for (reaches, kind) in [(Some(true), ErrorKind::Cors), (Some(false), ErrorKind::Network), (None, ErrorKind::Network)] {
        let host = FakeHost { reaches, ..FakeHost::new([Reply::Fails("Failed to fetch")]) };
        let error = chat(&host, "openai/gpt-6-luna").unwrap_err();
        assert_eq!(error.kind, kind);
        assert!(error.message.contains("Failed to fetch") && error.message.contains("https://api.openai.com"), "{}", error.message);
        assert_eq!(error.attempts.len(), 1);
        assert_eq!(error.attempts[0].status, None);
    }
}

#[test]
fn a_web_page_instead_of_an_answer_says_so() {
    let page = "<!doctype html><title>Sign in</title>";
    let host = FakeHost::new([reply(200, page)]);
    let error = chat(&host, "openai/gpt-6-luna").unwrap_err();
    assert_eq!((error.kind, error.status), (ErrorKind::Malformed, None));
    assert!(error.message.contains("web page") && error.message.contains("baseURL"));
    assert_eq!(error.body, Some(Json::from(page)));
    let host = FakeHost::new([reply(502, page)]);
    let error = chat(&host, "openai/gpt-6-luna").unwrap_err();
    assert_eq!((error.kind, error.status, error.retryable), (ErrorKind::Server, Some(502), true));
}

#[test]
fn a_key_that_a_server_repeats_is_blanked_out() {
    let body = r#"{"error":{"message":"Incorrect API key provided: sk-fake-key-of-openai.","type":"invalid_request_error","code":"invalid_api_key"}}"#;
    let host = FakeHost::new([reply(401, body)]);
    let error = chat(&host, "openai/gpt-6-luna").unwrap_err();
    assert_eq!(error.kind, ErrorKind::Authentication);
    let shown = error.to_json().to_text() + &format!("{error:?}");
    assert!(!shown.contains("sk-fake-key-of-openai"), "{shown}");
    assert!(error.message.contains("***"));
}

#[test]
fn a_body_that_breaks_off_is_a_network_error() {
    let host = FakeHost::new([Reply::Breaks(200, vec![HELLO.as_bytes()[..40].to_vec()], "terminated")]);
    let error = chat(&host, "openai/gpt-6-luna").unwrap_err();
    assert_eq!((error.kind, error.retryable), (ErrorKind::Network, true));
    assert!(error.message.contains("terminated"));
}

#[test]
fn dropping_a_call_lets_its_request_go() {
    let host = FakeHost::new([Reply::Hangs]);
    assert!(now_or_never(engine().chat(&host, request("openai/gpt-6-luna"))).is_none());
    assert_eq!(host.requests.borrow().len(), 1);
    assert_eq!(host.open.get(), 0);
}

fn open(host: &FakeHost, model: &str) -> Result<OpenStream, Box<Error>> {
    fake_host::open(&engine(), host, request(model))
}

fn chunk(text: &str) -> String {
    format!(
        "data: {{\"id\":\"c1\",\"model\":\"gpt-6-luna\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":{text:?}}},\"finish_reason\":null}}]}}\n\n"
    )
}

#[test]
fn a_stream_ended_by_its_reader_keeps_what_had_arrived() {
    let host = FakeHost::new([Reply::Answers(200, vec![], vec![])]);
    let mut stream = open(&host, "openai/gpt-6-luna").unwrap();
    host.clock.set(250.0);
    assert_eq!(stream.feed(chunk("Hello there").as_bytes(), host.clock.get()).unwrap(), Progress::More);
    let response = stream.stop(FinishReason::Aborted, 300.0);
    assert_eq!((response.text.as_str(), response.finish_reason), ("Hello there", FinishReason::Aborted));
    assert_eq!((response.usage.output_tokens, response.usage.estimated), (Some(3), true));
    assert_eq!((response.timing.first_token_ms, response.timing.total_ms), (Some(250.0), 300.0));
}

#[test]
fn an_aborted_stream_fails_with_what_had_arrived() {
    let host = FakeHost::new([Reply::Answers(200, vec![], vec![])]);
    let mut stream = open(&host, "openai/gpt-6-luna").unwrap();
    stream.feed(chunk("Hel").as_bytes(), 1.0).unwrap();
    let error = stream.aborted(2.0);
    assert_eq!((error.kind, error.retryable), (ErrorKind::Aborted, false));
    assert_eq!(error.partial.unwrap().text, "Hel");
}

#[test]
fn a_stream_that_breaks_or_ends_early_is_an_error_with_what_had_arrived() {
    let host = FakeHost::new([Reply::Answers(200, vec![], vec![]), Reply::Answers(200, vec![], vec![])]);
    let mut stream = open(&host, "openai/gpt-6-luna").unwrap();
    stream.feed(chunk("Hel").as_bytes(), 1.0).unwrap();
    let error = stream.broke("socket hang up", 2.0).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Network);
    assert_eq!(error.partial.unwrap().text, "Hel");
    let mut stream = open(&host, "openai/gpt-6-luna").unwrap();
    stream.feed(chunk("Hel").as_bytes(), 1.0).unwrap();
    let error = stream.finish(2.0).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Truncated);
    assert_eq!(error.partial.unwrap().text, "Hel");
}

#[test]
fn a_stream_answered_with_json_gives_the_events_of_its_answer() {
    let host = FakeHost::new([Reply::Answers(200, vec![], vec![])]);
    let mut stream = open(&host, "openai/gpt-6-luna").unwrap();
    assert_eq!(stream.feed(format!("\n\n{HELLO}").as_bytes(), 1.0).unwrap(), Progress::More);
    stream.finish(2.0).unwrap();
    let events = stream.batch().events();
    let types: Vec<&str> = events.iter().map(|event| event.get("type").text()).collect();
    assert_eq!(types, ["start", "text-delta", "usage", "end"]);
}

#[test]
fn a_long_answer_that_must_be_streamed_is_streamed_inside_chat() {
    let pieces = [
        "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"m1\",\"model\":\"claude-sonnet-5-5\",\"usage\":{\"input_tokens\":2,\"output_tokens\":1}}}\n\nevent: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\nevent: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"Long\"}}\n\n",
        "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":7}}\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
    ];
    let host = FakeHost::new([Reply::Answers(200, vec![], pieces.iter().map(|piece| piece.as_bytes().to_vec()).collect())]);
    let request = ChatRequest::read(object! { "model": "anthropic/claude-sonnet-5-5", "messages": "Hi", "maxTokens": 60_000_u64 }).unwrap();
    let response = now_or_never(engine().chat(&host, request)).unwrap().unwrap();
    assert_eq!(response.text, "Long");
    assert_eq!((response.usage.input_tokens, response.usage.output_tokens), (Some(2), Some(7)));
    assert!(response.raw.is_none());
    let body = String::from_utf8(host.requests.borrow()[0].body.clone()).unwrap();
    assert_eq!(Json::parse(&body).unwrap().get("stream").bool(), Some(true));
}

#[test]
fn check_tells_what_is_wrong_instead_of_failing() {
    let host = FakeHost::new([reply(200, r#"{"object":"list","data":[{"id":"a"},{"id":"b"}]}"#), reply(401, "{}")]);
    let fine = now_or_never(engine().check(&host, "openai")).unwrap();
    assert_eq!((fine.ok, fine.models, fine.latency_ms), (true, Some(2), 100.0));
    let wrong = now_or_never(engine().check(&host, "openai")).unwrap();
    assert_eq!((wrong.ok, wrong.error.unwrap().kind), (false, ErrorKind::Authentication));
    let unknown = now_or_never(engine().check(&host, "nobody")).unwrap();
    assert_eq!((unknown.ok, unknown.error.unwrap().kind), (false, ErrorKind::Config));
}
