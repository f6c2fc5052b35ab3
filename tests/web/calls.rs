//! Whole answers: what goes out through a host, and whatever comes back.

use js_sys::{Function, Promise, Reflect, Uint8Array};
use modelwire::web;
use serde_json::{Value, json};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::script::{ANSWER, call, chat, client, client_with, get, js, next_call, request, settled};

#[wasm_bindgen_test]
async fn a_request_is_a_url_and_an_init_with_bytes_and_a_signal() {
    let (client, host) = client(&format!("return new Response('{ANSWER}')"));
    let response = chat(client, request("maxTokens: 9")).await.expect("an answer");
    assert_eq!(response["text"], "Hi there");
    assert_eq!(get(&host, "url").as_string().as_deref(), Some("https://api.openai.com/v1/chat/completions"));
    assert_eq!(get(&host, "init.method").as_string().as_deref(), Some("POST"));
    assert_eq!(get(&host, "init.redirect").as_string().as_deref(), Some("manual"));
    assert_eq!(get(&host, "init.headers.authorization").as_string().as_deref(), Some("Bearer sk-test"));
    let body: Value = serde_json::from_slice(&get(&host, "init.body").unchecked_into::<Uint8Array>().to_vec()).expect("JSON");
    assert_eq!(body, json!({ "model": "gpt-6-luna", "messages": [{ "role": "user", "content": "Hi" }], "max_completion_tokens": 9 }));
}

#[wasm_bindgen_test]
async fn a_fetch_that_throws_anything_is_a_network_error() {
    for (fetch, words) in [
        ("throw 'the cable is out'", "the cable is out"),
        ("return Promise.reject('the cable is out')", "the cable is out"),
        ("throw new TypeError('fetch failed', { cause: new Error('ECONNREFUSED') })", "ECONNREFUSED"),
        ("throw undefined", ""),
        ("throw null", ""),
        ("throw Symbol('odd')", ""),
        ("throw Object.create(null)", ""),
        ("throw new Proxy({}, { get() { throw 'no' } })", ""),
        ("return { then() { throw 'no thenable' } }", "no thenable"),
    ] {
        let (client, _) = client(fetch);
        let error = chat(client, request("")).await.expect_err(fetch);
        assert_eq!(error["code"], "network", "{fetch}: {error}");
        assert!(error["message"].as_str().is_some_and(|message| message.contains(words)), "{fetch}: {error}");
    }
}

#[wasm_bindgen_test]
async fn a_fetch_that_gives_no_response_says_so() {
    for junk in [
        "undefined",
        "null",
        "5",
        "'text'",
        "{}",
        "[]",
        "{ status: 200 }",
        "{ status: '200', headers: new Headers() }",
        "{ status: 200, headers: {} }",
    ] {
        let (client, _) = client(&format!("return {junk}"));
        let error = chat(client, request("")).await.expect_err(junk);
        assert_eq!(error["code"], "network", "{junk}");
        assert!(error["message"].as_str().is_some_and(|message| message.contains("Response")), "{junk}: {error}");
    }
}

#[wasm_bindgen_test]
async fn a_body_arrives_in_pieces_of_bytes_or_text_or_at_once() {
    let (half, rest) = ANSWER.split_at(60);
    let head = "status: 200, headers: new Headers()";
    for fetch in [
        format!("return new Response('{ANSWER}')"),
        format!(
            "const encoder = new TextEncoder(); return {{ {head}, body: new ReadableStream({{ start(c) {{ c.enqueue(encoder.encode('{half}')); c.enqueue(new Uint8Array()); c.enqueue(encoder.encode('{rest}')); c.close() }} }}) }}"
        ),
        format!("return {{ {head}, body: new ReadableStream({{ start(c) {{ c.enqueue('{half}'); c.enqueue('{rest}'); c.close() }} }}) }}"),
        // No stream at all, as some home-made ones.
        format!("return {{ {head}, body: null, async arrayBuffer() {{ return new TextEncoder().encode('{ANSWER}').buffer }} }}"),
    ] {
        let (client, _) = client(&fetch);
        assert_eq!(chat(client, request("")).await.expect(&fetch)["text"], "Hi there", "{fetch}");
    }
}

#[wasm_bindgen_test]
async fn a_body_that_is_not_one_is_an_error() {
    let head = "status: 200, headers: new Headers()";
    for body in [
        "new ReadableStream({ start(c) { c.enqueue(5) } })",
        "new ReadableStream({ start(c) { c.enqueue({}) } })",
        "new ReadableStream({ pull() { throw 'the disk is full' } })",
        "{ getReader: 5 }",
        "{}",
        "{ getReader() { throw 'locked' } }",
        "{ getReader() { return { read: async () => null } } }",
    ] {
        let (client, _) = client(&format!("return {{ {head}, body: {body} }}"));
        let error = chat(client, request("")).await.expect_err(body);
        assert_eq!(error["code"], "network", "{body}: {error}");
    }
}

#[wasm_bindgen_test]
async fn headers_are_read_by_for_each_and_survive_bad_ones() {
    let refused = |headers: &str| format!("return {{ status: 429, headers: {headers}, body: new Response('{{}}').body }}");
    for (headers, id, wait) in [
        ("new Headers({ 'X-Request-Id': 'req_1', 'Retry-After': '3' })", json!("req_1"), json!(3000)),
        ("new Map([['X-Request-Id', 'req_1'], ['retry-after', '3'], ['odd', 5]])", json!("req_1"), json!(3000)),
        ("{ forEach() { throw 'no' } }", Value::Null, Value::Null),
        ("{ forEach(add) { add(Symbol('x'), 'y'); add('3', 'Retry-After') } }", Value::Null, json!(3000)),
    ] {
        let (client, _) = client(&refused(headers));
        let error = chat(client, request("")).await.expect_err(headers);
        assert_eq!((&error["code"], &error["status"]), (&json!("rate-limit"), &json!(429)), "{headers}");
        assert_eq!((&error["requestId"], &error["retryAfterMs"]), (&id, &wait), "{headers}");
    }
}

#[wasm_bindgen_test]
async fn a_key_may_be_a_promise_and_has_to_be_a_key() {
    let answering = format!("return new Response('{ANSWER}')");
    let (late, host) = client_with(&answering, "return new Promise((resolve) => setTimeout(() => resolve('sk-late'), 1))");
    chat(late, request("")).await.expect("an answer");
    assert_eq!(get(&host, "init.headers.authorization").as_string().as_deref(), Some("Bearer sk-late"));

    for key in [
        "return undefined",
        "return null",
        "return ''",
        "return 5",
        "return Promise.reject('locked')",
        "throw 'locked'",
        "return 'sk\\n-1'",
        "return 'schlüssel'",
    ] {
        let (client, host) = client_with(&answering, key);
        let error = chat(client, request("")).await.expect_err(key);
        assert_eq!(error["code"], "missing-key", "{key}: {error}");
        assert!(get(&host, "calls").is_undefined(), "{key}: something was sent");
    }
}

#[wasm_bindgen_test]
async fn an_object_that_contains_itself_is_refused_and_harms_nobody() {
    let (client, host) = client(&format!("return new Response('{ANSWER}')"));
    let cycles = [
        "(() => { const request = { model: 'openai/x', messages: 'Hi' }; request.providerOptions = { openai: request }; return request })()",
        "(() => { const list = []; list.push(list); return { model: 'openai/x', messages: list } })()",
        "(() => { const map = new Map(); map.set('messages', map); return map })()",
        "(() => { let deep = 'Hi'; for (let i = 0; i < 1e5; i++) deep = [deep]; return { model: 'openai/x', messages: deep } })()",
    ];
    for cycle in cycles {
        let error = chat(client, js(cycle)).await.expect_err(cycle);
        assert_eq!(error["code"], "invalid-request", "{cycle}: {error}");
    }
    for odd in ["undefined", "null", "5", "() => {}", "Symbol('x')", "1n"] {
        let error = chat(client, js(odd)).await.expect_err(odd);
        assert_eq!(error["code"], "invalid-request", "{odd}: {error}");
    }
    assert!(get(&host, "calls").is_undefined(), "something was sent");
    assert_eq!(chat(client, request("")).await.expect("an answer")["text"], "Hi there");
}

#[wasm_bindgen_test]
fn options_that_contain_themselves_are_refused() {
    let options = js("(() => { const options = {}; options.providers = options; return options })()");
    let error = web::client_new(options, js("{}").unchecked_into()).expect_err("no client");
    assert_eq!(crate::script::parse(&error)["code"], "config");
}

#[wasm_bindgen_test]
async fn cancelling_a_call_aborts_its_fetch_and_rejects() {
    let (client, host) = client("return new Promise(() => {})");
    let number = next_call();
    let answer = web::chat(client, number, request(""), None);
    while get(&host, "init").is_undefined() {
        turn().await;
    }
    let signal = get(&host, "init.signal");
    assert_eq!(get(&signal, "aborted"), JsValue::FALSE);
    web::cancel(number);
    assert_eq!(settled(answer).await.expect_err("aborted")["code"], "aborted");
    assert_eq!(get(&signal, "aborted"), JsValue::TRUE);
    // Once more, and one that never was.
    web::cancel(number);
    web::cancel(u32::MAX);
}

#[wasm_bindgen_test]
async fn cancelling_in_the_middle_of_a_body_aborts_its_fetch() {
    let (client, host) = client("return new Response(new ReadableStream({ start(c) { c.enqueue(new TextEncoder().encode('{')) } }))");
    let number = next_call();
    let answer = web::chat(client, number, request(""), None);
    while get(&host, "init").is_undefined() {
        turn().await;
    }
    turn().await;
    web::cancel(number);
    assert_eq!(settled(answer).await.expect_err("aborted")["code"], "aborted");
    assert_eq!(get(&host, "init.signal.aborted"), JsValue::TRUE);
}

#[wasm_bindgen_test]
async fn an_abort_listener_may_call_back_into_the_module() {
    let (client, host) = client("return new Promise(() => {})");
    let number = next_call();
    let answer = web::chat(client, number, request(""), None);
    while get(&host, "init").is_undefined() {
        turn().await;
    }
    let back = Closure::once_into_js(move || {
        web::cancel(number);
        web::client_free(client);
    });
    let signal = get(&host, "init.signal");
    get(&signal, "addEventListener").unchecked_into::<Function>().call2(&signal, &"abort".into(), &back).expect("a listener");
    web::cancel(number);
    assert_eq!(settled(answer).await.expect_err("aborted")["code"], "aborted");
    let error = chat(client, request("")).await.expect_err("the listener freed the client");
    assert_eq!(error["code"], "config");
}

#[wasm_bindgen_test]
async fn a_fetch_that_answers_after_it_was_cancelled_changes_nothing() {
    let (client, host) = client("return new Promise((resolve) => this.resolve = () => resolve(new Response('{}')))");
    let number = next_call();
    let answer = web::chat(client, number, request(""), None);
    while get(&host, "init").is_undefined() {
        turn().await;
    }
    web::cancel(number);
    call(&host, "resolve");
    turn().await;
    assert_eq!(settled(answer).await.expect_err("aborted")["code"], "aborted");
}

#[wasm_bindgen_test]
async fn a_client_that_was_freed_is_closed_and_leaves_running_calls_alone() {
    let (client, host) = client(&format!("return new Promise((resolve) => this.resolve = () => resolve(new Response('{ANSWER}')))"));
    let answer = web::chat(client, next_call(), request(""), None);
    while get(&host, "init").is_undefined() {
        turn().await;
    }
    web::client_free(client);
    web::client_free(client);
    call(&host, "resolve");
    assert_eq!(settled(answer).await.expect("an answer")["text"], "Hi there");
    assert_eq!(chat(client, request("")).await.expect_err("closed")["code"], "config");
    assert_eq!(chat(0, request("")).await.expect_err("never was")["code"], "config");
}

/// One turn of the event loop.
pub async fn turn() {
    let promise = Promise::new(&mut |resolve, _| {
        let set_timeout = Reflect::get(&js_sys::global(), &"setTimeout".into()).expect("setTimeout").unchecked_into::<Function>();
        set_timeout.call2(&JsValue::UNDEFINED, &resolve, &0.into()).expect("a timer");
    });
    JsFuture::from(promise).await.expect("a turn");
}
