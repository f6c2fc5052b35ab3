//! What is told of a call while it runs: a record an attempt, and none while nobody listens.

use modelwire::call::Call;
use modelwire::chat::ChatRequest;
use modelwire::embed::EmbedRequest;
use modelwire::engine::{Engine, Plan};
use modelwire::json::Json;
use modelwire::options::ClientOptions;
use modelwire::telemetry::record;
use serde_json::{Value, json};

use crate::fake_host::{FakeHost, Reply, json as reply, run};
use crate::schedules::plain;

/// Planted wherever a key can be.
const CANARY: &str = "sk-canary-0123456789abcdef";

const HELLO: &str =
    r#"{"id":"c1","model":"m","choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"Hello"}}]}"#;

fn engine() -> Engine {
    let options = json!({
        "providers": {
            "openai": {
                "apiKey": [false],
                "api": "chat",
                "baseURL": format!("https://proxy.example:8443/{CANARY}/v1?key={CANARY}"),
                "headers": { "x-extra": CANARY },
            },
        },
        "models": { "fast": { "model": "openai/m", "request": { "tags": { "alias": "fast" }, "temperature": 0.5 } } },
        "retry": { "baseDelayMs": 1 },
        "tags": { "app": "a" },
    });
    Engine::new(ClientOptions::read(plain(&options)).unwrap())
}

fn host(replies: impl IntoIterator<Item = Reply>) -> FakeHost {
    let host = FakeHost::new(replies);
    *host.keys.borrow_mut() = vec![("openai".into(), CANARY.into())];
    host
}

fn told(host: &FakeHost) -> Vec<Value> {
    let told = host.told.borrow();
    told.iter().filter(|(event, _)| *event != "cost").map(|(_, record)| serde_json::from_str(record).unwrap()).collect()
}

fn chat(engine: &Engine, host: &FakeHost, request: Value) {
    let request = ChatRequest::read(Json::parse(&request.to_string()).unwrap().into_owned()).unwrap();
    let _ = run(host, engine.chat(host, Plan::from(request)));
}

#[test]
fn each_attempt_is_told_and_each_retry_and_no_key_with_them() {
    let echo = format!(r#"{{"error":{{"message":"the key {CANARY} is over its limit"}}}}"#);
    let host = host([reply(503, &echo), reply(200, HELLO)]);
    let engine = engine();
    let request = json!({ "model": "fast", "messages": "Hi", "seed": 7, "headers": { "x-mine": CANARY } });
    let plan = engine.plan(plain(&request)).unwrap();
    let response = run(&host, engine.chat(&host, plan)).unwrap().unwrap();
    let told = told(&host);
    let names: Vec<&str> = told.iter().map(|record| record["event"].as_str().unwrap()).collect();
    assert_eq!(names, ["request", "retry", "request"]);
    let first = &told[0];
    assert_eq!((&first["server"], &first["kind"]), (&json!("https://proxy.example:8443"), &json!("openai")));
    assert_eq!((&first["settings"], &first["attempt"]), (&json!({ "temperature": 0.5, "seed": 7 }), &json!(1)));
    assert_eq!((&first["operation"], &first["stream"], &told[2]["attempt"]), (&json!("chat"), &json!(false), &json!(2)));
    assert!(told.iter().all(|record| record["callId"] == json!(response.call_id)));
    assert!(told.iter().all(|record| record["tags"] == json!({ "app": "a", "alias": "fast" })));
    assert_eq!(told[1]["error"]["code"], "overloaded");
    assert!(!host.told.borrow().iter().any(|(_, record)| record.contains("canary")), "{:?}", host.told.borrow());
}

#[test]
fn nothing_is_made_while_nobody_listens() {
    let host = host([reply(503, "{}"), reply(200, HELLO)]);
    host.nobody_listens.set(true);
    chat(&engine(), &host, json!({ "model": "openai/m", "messages": "Hi" }));
    assert!(told(&host).is_empty());
    assert_eq!(host.requests.borrow().len(), 2);
}

#[test]
fn the_requests_of_one_call_for_embeddings_are_told_as_one_call() {
    let vectors = |count: usize| {
        let data: Vec<Value> = (0..count).map(|index| json!({ "index": index, "embedding": [1.0] })).collect();
        reply(200, &json!({ "data": data, "usage": { "prompt_tokens": 1, "total_tokens": 1 } }).to_string())
    };
    let host = host([vectors(2048), vectors(1)]);
    let engine = engine();
    let call = engine.call(&host);
    let request =
        EmbedRequest { model: "openai/e".into(), input: vec!["x".into(); 2049], dimensions: None, input_type: None, caller: None };
    run(&host, engine.embed(&host, &call, &request)).unwrap().unwrap();
    let told = told(&host);
    assert_eq!(told.len(), 2);
    assert!(told.iter().all(|record| record["operation"] == "embed" && record["callId"] == json!(call.id())), "{told:?}");
}

#[test]
fn lists_and_counts_are_no_calls_of_the_log() {
    let host = host([reply(200, r#"{"data":[{"id":"m"}]}"#)]);
    run(&host, engine().list_models(&host, "openai")).unwrap().unwrap();
    assert!(told(&host).is_empty());
}

#[test]
fn a_record_of_a_call_that_asked_nobody_has_its_names_all_the_same() {
    let tags = [("a".to_owned(), "b".to_owned())];
    let hit = record("cache", &Call::new("call_1".into(), 0.0), "openai/m", &tags, 1500.0).finish();
    assert_eq!(
        serde_json::from_str::<Value>(&hit).unwrap(),
        json!({ "at": "1970-01-01T00:00:01.500Z", "event": "cache", "callId": "call_1", "requestId": null, "provider": "openai", "model": "m", "tags": { "a": "b" } })
    );
}

/// What servers quote of a request that they refuse is not always the key that was configured as one.
#[test]
fn no_error_repeats_what_a_header_or_an_address_holds_as_a_secret() {
    let secrets = [
        "header-auth-0123456789abcdef",
        "eight888",
        "cookie-value-1",
        "odd0name0value0123",
        "query-key",
        "pathpart0123456789",
        "call-secret-value",
    ];
    let [auth, short, cookie, odd, query, path, call] = secrets;
    let options = json!({
        "providers": {
            "openai": {
                "apiKey": [false],
                "api": "chat",
                "baseURL": format!("https://proxy.example/{path}/v1?api_key={query}&region=eu-central"),
                "headers": {
                    "Authorization": format!("Bearer {auth}"),
                    "Ocp-Apim-Subscription-Key": short,
                    "cookie": format!("sid={cookie}; theme=darkdark"),
                    "x-extra": odd,
                    "x-app": "my-application",
                    "anthropic-beta": "a-feature-of-abcdef123456",
                },
            },
        },
        "retry": { "maxAttempts": 1 },
    });
    let engine = Engine::new(ClientOptions::read(plain(&options)).unwrap());
    let plain_words = "my-application eu-central a-feature-of-abcdef123456 claude-5-20250929 v1";
    let quoted = format!("refused {} of {plain_words}", secrets.join(" and "));
    let body = json!({ "error": { "message": quoted, "request": { "headers": [quoted] } } }).to_string();
    let host = FakeHost::new([reply(400, &body)]);
    let request = json!({ "model": "openai/m", "messages": "Hi", "headers": { "x-secret": call } });
    *host.keys.borrow_mut() = vec![("openai".into(), CANARY.into())];
    let plan = engine.plan(plain(&request)).unwrap();
    let Err(error) = run(&host, engine.chat(&host, plan)).unwrap() else { panic!("it was refused") };
    let text = format!("{error:?} {}", error.body.as_ref().unwrap().to_text());
    for secret in secrets {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    for word in plain_words.split(' ') {
        assert!(error.message.contains(word), "{word} is no secret: {}", error.message);
    }
}
