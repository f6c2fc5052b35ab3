//! Open streams: whoever lets go of one stops its request.

use modelwire::web::{self, stream};
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::script::{call, client, get, js, next_call, open, parse, request, settled};

const OPEN: &str = "return new Response(new ReadableStream({ cancel: () => { this.cancelled = true } }))";

/// Opens a stream: its number, its body, and its host.
async fn opened(fetch: &str) -> (u32, JsValue, JsValue) {
    let (client, host) = client(fetch);
    let (number, body) = open(client, next_call()).await;
    (number, body.expect("a response"), host)
}

type LetGo = fn(u32);

fn aborted(host: &JsValue) -> bool {
    get(host, "init.signal.aborted").is_truthy()
}

#[wasm_bindgen_test]
async fn an_open_stream_gives_its_body_untouched() {
    let (number, body, host) = opened(OPEN).await;
    assert!(number > 0);
    assert_eq!(get(&body, "locked"), JsValue::FALSE);
    assert!(!aborted(&host));
    stream::free(number);
}

#[wasm_bindgen_test]
async fn a_response_without_a_body_has_none() {
    let (number, body, _) = opened("return { status: 200, headers: new Headers(), body: null }").await;
    assert!(body.is_null());
    stream::free(number);
}

#[wasm_bindgen_test]
async fn each_way_to_let_go_aborts_the_request() {
    let ways: [(&str, LetGo); 5] = [
        ("free", stream::free),
        ("stop", |number| assert_eq!(parse(&stream::stop(number, "aborted", 2e12).expect("a response"))["finishReason"], "aborted")),
        ("aborted", |number| assert_eq!(parse(&stream::aborted(number, 2e12))["code"], "aborted")),
        // Nothing was shown yet: somebody else may be asked.
        ("broke", |number| assert_eq!(stream::broke(number, "cable", 2e12), 3)),
        ("finish", |number| assert_eq!(stream::finish(number, 2e12), 3)),
    ];
    for (name, let_go) in ways {
        let (number, _, host) = opened(OPEN).await;
        assert!(!aborted(&host), "{name}");
        let_go(number);
        assert!(aborted(&host), "{name} did not abort");
        // It is gone, or will be: further calls are harmless.
        stream::free(number);
        stream::free(number);
        assert_eq!(stream::feed(number, 10, 2e12), 1, "{name}: a stream that is gone has nothing more");
        assert!(stream::stop(number, "aborted", 2e12).is_err(), "{name}");
    }
}

#[wasm_bindgen_test]
async fn letting_go_may_call_back_into_the_module() {
    let (number, _, host) = opened(OPEN).await;
    let signal = get(&host, "init.signal");
    let back = Closure::once_into_js(move || stream::free(number));
    get(&signal, "addEventListener").unchecked_into::<js_sys::Function>().call2(&signal, &"abort".into(), &back).expect("a listener");
    stream::free(number);
    assert!(aborted(&host));
}

#[wasm_bindgen_test]
async fn cancelling_before_the_head_aborts_and_leaves_no_stream() {
    let (client, host) = client("return new Promise((resolve) => this.resolve = () => resolve(new Response('')))");
    let number = next_call();
    let stream = web::open(client, request("")).expect("a good request");
    let opening = web::go_on(client, number, stream, js("() => {}").unchecked_into());
    while get(&host, "init").is_undefined() {
        crate::calls::turn().await;
    }
    web::cancel(number);
    call(&host, "resolve");
    assert_eq!(settled(opening).await.expect_err("aborted")["code"], "aborted");
    assert!(aborted(&host));
    stream::free(stream);
}

#[wasm_bindgen_test]
async fn a_refusal_has_no_stream_and_its_request_is_over() {
    // What was read to its end need not be stopped; what has no end must be.
    let endless = "new ReadableStream({ pull(c) { c.enqueue(new Uint8Array(1 << 20)) } })";
    for (body, stopped) in [("'{\"error\":{\"message\":\"slow down\"}}'", false), (endless, true)] {
        let (client, host) = client(&format!("return new Response({body}, {{ status: 429 }})"));
        let (number, opened) = open(client, next_call()).await;
        let error = opened.expect_err("refused");
        assert_eq!(stream::feed(number, 0, 2e12), 1, "it is gone");
        assert_eq!((error["code"].as_str(), error["status"].as_u64()), (Some("rate-limit"), Some(429)));
        assert_eq!(aborted(&host), stopped, "{body}");
    }
}
