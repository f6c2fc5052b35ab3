//! The batch APIs of providers: what is handed over, how a batch stands, what a line of results means, when the next look is.

use modelwire::options::ClientOptions;
use modelwire::providers::batch::{Batches, Line, Step, next_look_ms};
use modelwire::providers::{Api, Target};
use modelwire::secret::Secret;
use serde_json::{Value, json};

use crate::fixtures::{KEY, plain, show_error};
use crate::framing::value;

/// Gives `check` a provider's batch API and a target there.
fn at<T>(provider: &Value, check: impl FnOnce(&'static Batches, &Target<'_>) -> T) -> T {
    let options = ClientOptions::read(plain(&json!({ "providers": provider }))).unwrap();
    let provider = &options.providers[0];
    let target = Target { provider, model: "m", api: Api::Chat, key: Some(&Secret::new(KEY)), in_page: false };
    check(provider.row.offers.batches.expect("a batch API"), &target)
}

fn of(name: &str) -> &'static Batches {
    at(&json!({ name: { "apiKey": true, "baseURL": "https://p.example" } }), |batches, _| batches)
}

fn read(name: &str, line: &Value) -> Option<Line> {
    let row = modelwire::providers::row(name).unwrap();
    of(name).result(row.kind.dialect(Api::Chat), &line.to_string())
}

#[test]
fn each_step_goes_to_its_address_and_carries_the_key() {
    let openai = json!({ "openai": { "apiKey": true, "baseURL": "https://api.example/v1" } });
    let azure = json!({ "azure": { "apiKey": true, "endpoint": "https://r.example", "apiVersion": "2024-10-21" } });
    let deployed = json!({ "azure": { "apiKey": true, "baseURL": "https://r.example/openai/deployments/d?api-version=2024-10-21" } });
    let anthropic = json!({ "anthropic": { "apiKey": true, "baseURL": "https://a.example/v1" } });
    let table = [
        (&openai, Step::Upload(7), "Post https://api.example/v1/files"),
        (&openai, Step::LookAtFile("f/1"), "Get https://api.example/v1/files/f%2F1"),
        (&openai, Step::Create("f"), "Post https://api.example/v1/batches"),
        (&openai, Step::Look(".."), "Get https://api.example/v1/batches/.."),
        (&openai, Step::Cancel("b?x"), "Post https://api.example/v1/batches/b%3Fx/cancel"),
        (&openai, Step::Results("b", "f"), "Get https://api.example/v1/files/f/content"),
        (&azure, Step::Upload(7), "Post https://r.example/openai/files?api-version=2024-10-21"),
        (&deployed, Step::Look("b"), "Get https://r.example/openai/batches/b?api-version=2024-10-21"),
        (&anthropic, Step::Upload(7), "Post https://a.example/v1/messages/batches"),
        (&anthropic, Step::Look("b"), "Get https://a.example/v1/messages/batches/b"),
        (&anthropic, Step::Cancel("b"), "Post https://a.example/v1/messages/batches/b/cancel"),
        (&anthropic, Step::Results("b", ""), "Get https://a.example/v1/messages/batches/b/results"),
    ];
    for (provider, step, expected) in table {
        at(provider, |batches, target| {
            let http = batches.request(target, Api::Chat, step);
            assert_eq!(format!("{:?} {}", http.method, http.url), expected);
            http.check_origin(&target.provider.origins).unwrap();
            let headers = format!("{:?}", http.headers);
            assert!(headers.contains("***") && !headers.contains(KEY), "{headers}");
            assert_eq!(http.file, matches!(step, Step::Upload(_)).then_some(7));
        });
    }
}

#[test]
fn a_batch_is_made_of_a_file_for_the_endpoint_of_its_format() {
    at(&json!({ "openai": { "apiKey": true } }), |batches, target| {
        let http = batches.request(target, Api::Responses, Step::Create("file-1"));
        let body: Value = serde_json::from_slice(&http.body).unwrap();
        assert_eq!(body, json!({ "input_file_id": "file-1", "endpoint": "/v1/responses", "completion_window": "24h" }));
    });
}

#[test]
fn what_is_handed_over_is_what_the_provider_reads() {
    let body = r#"{"model":"m","messages":[{"role":"user","content":"--modelwire-batch\r\n"}]}"#;
    for (name, expected) in [
        (
            "openai",
            json!({ "custom_id": "r12-3", "method": "POST", "url": "/v1/chat/completions", "body": serde_json::from_str::<Value>(body).unwrap() }),
        ),
        (
            "azure",
            json!({ "custom_id": "r12-3", "method": "POST", "url": "/chat/completions", "body": serde_json::from_str::<Value>(body).unwrap() }),
        ),
        ("anthropic", json!({ "custom_id": "r12-3", "params": serde_json::from_str::<Value>(body).unwrap() })),
    ] {
        let [before, behind] = of(name).line(Api::Chat, 12, body);
        let line = format!("{before}3{behind}");
        assert_eq!(serde_json::from_str::<Value>(&line).unwrap(), expected);
        assert!(!line.contains('\n'), "a line is one line");
    }
    let [before, between, behind] = of("anthropic").form();
    let array: Value = serde_json::from_str(&format!("{before}{{}}{between}{{}}{behind}")).unwrap();
    assert_eq!(array, json!({ "requests": [{}, {}] }));
}

#[test]
fn what_was_handed_over_is_a_file_that_is_ready_one_that_is_not_or_a_batch() {
    let table = [
        ("openai", json!({ "id": "file-1", "object": "file", "status": "processed" }), json!({ "file": "file-1" })),
        ("openai", json!({ "id": "file-1", "object": "file" }), json!({ "file": "file-1" })),
        ("azure", json!({ "id": "file-1", "object": "file", "status": "pending" }), json!({ "pending": "file-1" })),
        ("azure", json!({ "id": "file-1", "object": "file", "status": "error", "status_details": "no" }), json!("invalid-request")),
        (
            "openai",
            json!({ "id": "batch_1", "object": "batch", "input_file_id": "file-1", "status": "validating" }),
            json!({ "batch": "batch_1" }),
        ),
        (
            "openai",
            json!({ "id": "batch_1", "object": "batch", "input_file_id": "file-1", "status": "failed" }),
            json!({ "batch": "batch_1" }),
        ),
        ("anthropic", json!({ "id": "msgbatch_1", "processing_status": "in_progress" }), json!({ "batch": "msgbatch_1" })),
        ("openai", json!({ "id": "" }), json!("malformed")),
        ("anthropic", json!([]), json!("malformed")),
    ];
    for (name, body, expected) in table {
        let said = of(name).taken(body.to_string().as_bytes());
        let shown = said.map_or_else(|error| json!(error.kind.word()), |said| value(&said));
        assert_eq!(shown, expected, "{name} {body}");
    }
}

#[test]
fn how_a_batch_stands_is_read_of_each_provider() {
    let status = |name: &str, body: Value| {
        let dialect = modelwire::providers::row(name).unwrap().kind.dialect(Api::Chat);
        of(name).status(dialect, body.to_string().as_bytes()).map(|said| value(&said))
    };
    for (word, ended, rest) in [
        ("validating", false, "malformed"),
        ("in_progress", false, "malformed"),
        ("finalizing", false, "malformed"),
        ("cancelling", false, "malformed"),
        ("something_new", false, "malformed"),
        ("completed", true, "malformed"),
        ("expired", true, "timeout"),
        ("cancelled", true, "aborted"),
        ("failed", true, "invalid-request"),
    ] {
        let said = status("openai", json!({ "status": word, "output_file_id": "f1", "error_file_id": null, "request_counts": { "total": 9, "completed": 4, "failed": 1 } })).unwrap();
        assert_eq!((&said["ended"], &said["rest"]["code"]), (&json!(ended), &json!(rest)), "{word}");
        assert_eq!((&said["answered"], &said["failed"], &said["files"]), (&json!(4), &json!(1), &json!(["f1"])));
    }
    let said = status(
        "openai",
        json!({ "status": "failed", "errors": { "object": "list", "data": [
            { "code": "invalid_json_line", "line": 3, "message": "This line is not parseable as valid JSON.", "param": null },
            { "code": "token_limit_exceeded", "line": null, "message": "Enqueued token limit reached", "param": null },
        ] } }),
    )
    .unwrap();
    assert_eq!((&said["lines"][0][0], &said["lines"][0][1]["status"]), (&json!(3), &Value::Null));
    assert!(said["rest"]["message"].as_str().unwrap().contains("Enqueued token limit"));
    let counts = json!({ "processing": 0, "succeeded": 5, "errored": 1, "canceled": 2, "expired": 3 });
    let said = status(
        "anthropic",
        json!({ "processing_status": "ended", "request_counts": counts, "results_url": "https://elsewhere.example/x" }),
    )
    .unwrap();
    assert_eq!((&said["ended"], &said["answered"], &said["failed"], &said["files"]), (&json!(true), &json!(5), &json!(6), &json!([""])));
    for word in ["in_progress", "canceling"] {
        assert_eq!(status("anthropic", json!({ "processing_status": word })).unwrap()["ended"], json!(false));
    }
    assert_eq!(status("anthropic", json!({ "status": "completed" })).unwrap_err().kind.word(), "malformed");
    assert_eq!(status("openai", json!("completed")).unwrap_err().kind.word(), "malformed");
}

#[test]
fn a_line_of_results_is_an_answer_or_what_happened_to_the_row() {
    let openai =
        |response: Value, error: Value| ("openai", json!({ "id": "x", "custom_id": "r5-2", "response": response, "error": error }));
    let anthropic = |result: Value| ("anthropic", json!({ "custom_id": "r5-2", "result": result }));
    let errored = |kind: &str, message: &str| json!({ "type": "errored", "error": { "type": "error", "error": { "type": kind, "message": message }, "request_id": "req_9" } });
    let table = [
        (openai(json!({ "status_code": 200, "request_id": "req_1", "body": { "a": 1.0 } }), Value::Null), json!({ "body": "{\"a\":1.0}" })),
        (
            openai(
                json!({ "status_code": 400, "request_id": "req_1", "body": { "error": { "message": "too long", "code": "context_length_exceeded" } } }),
                Value::Null,
            ),
            json!({ "code": "context-length", "status": 400, "requestId": "req_1" }),
        ),
        (
            openai(json!({ "status_code": 429, "body": { "error": { "message": "slow" } } }), Value::Null),
            json!({ "code": "rate-limit", "status": 429, "retryable": true }),
        ),
        (
            openai(Value::Null, json!({ "code": "batch_expired", "message": "x" })),
            json!({ "code": "timeout", "status": null, "retryable": true }),
        ),
        (openai(Value::Null, json!({ "code": "batch_cancelled", "message": "x" })), json!({ "code": "aborted" })),
        (
            openai(Value::Null, json!({ "code": "mock_failure", "message": "it broke" })),
            json!({ "code": "server", "message": "it broke", "status": null }),
        ),
        (openai(Value::Null, Value::Null), json!({ "code": "server" })),
        (anthropic(json!({ "type": "succeeded", "message": { "a": [1,  2] } })), json!({ "body": "{\"a\":[1,2]}" })),
        (anthropic(json!({ "type": "expired" })), json!({ "code": "timeout" })),
        (anthropic(json!({ "type": "canceled" })), json!({ "code": "aborted" })),
        (
            anthropic(errored("invalid_request_error", "bad")),
            json!({ "code": "invalid-request", "message": "bad", "status": null, "requestId": "req_9" }),
        ),
        (anthropic(errored("overloaded_error", "busy")), json!({ "code": "overloaded", "retryable": true })),
        (anthropic(errored("api_error", "oops")), json!({ "code": "server", "status": null })),
    ];
    for ((name, line), expected) in table {
        let read = read(name, &line).unwrap();
        assert_eq!((read.index, read.kind), (5, 2));
        let shown = read.result.map_or_else(|error| show_error(&error), |body| json!({ "body": body }));
        let shown = shown.get("error").cloned().unwrap_or(shown);
        assert!(crate::fixtures::difference(&expected, &shown).is_none(), "{line}: {shown}, not {expected}");
    }
}

#[test]
fn a_line_that_is_none_of_this_librarys_is_nothing() {
    for line in [
        json!({}),
        json!([]),
        json!({ "custom_id": "request-1" }),
        json!({ "custom_id": "r1" }),
        json!({ "custom_id": "r-1-0" }),
        json!({ "custom_id": "rx-0" }),
        json!({ "custom_id": 7 }),
    ] {
        assert!(read("openai", &line).is_none(), "{line}");
    }
    let row = modelwire::providers::row("openai").unwrap();
    assert!(of("openai").result(row.kind.dialect(Api::Chat), r#"{"custom_id":"r1-0","respo"#).is_none());
}

#[test]
fn looks_are_a_tenth_of_the_wait_apart_and_never_more_than_about_a_minute() {
    for (waited_ms, least, most) in [(0.0, 1_800.0, 2_200.0), (100_000.0, 9_000.0, 11_000.0), (86_400_000.0, 54_000.0, 66_000.0)] {
        for random in [0.0, 0.5, 0.999] {
            let ms = next_look_ms(waited_ms, random);
            assert!((least..=most).contains(&ms), "{ms} after {waited_ms}");
        }
    }
}
