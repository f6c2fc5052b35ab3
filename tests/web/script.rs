//! Hosts, requests and answers for the tests, written as the JavaScript that they stand for.

use js_sys::Reflect;
use modelwire::web;
use serde_json::Value;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

/// The value of a JavaScript expression.
pub fn js(expression: &str) -> JsValue {
    js_sys::eval(&format!("({expression})")).expect("the test's own script")
}

/// A member of an object; dots lead into it.
pub fn get(object: &JsValue, path: &str) -> JsValue {
    path.split('.').fold(object.clone(), |value, name| Reflect::get(&value, &name.into()).expect("a member of an object"))
}

/// Calls a member without arguments.
pub fn call(object: &JsValue, name: &str) -> JsValue {
    get(object, name).unchecked_into::<js_sys::Function>().call0(object).expect("the test's own function")
}

/// A client of one OpenAI provider, and the JavaScript object that is its host. `fetch` is the body
/// of `async fetch(url, init)`; the host keeps what it was called with as `url` and `init`.
pub fn client(fetch: &str) -> (u32, JsValue) {
    client_with(fetch, "return 'sk-test'")
}

/// The same with the body of `key(provider)`.
pub fn client_with(fetch: &str, key: &str) -> (u32, JsValue) {
    let host = js(&format!(
        "{{ page: false, alone: false, listens: false, captures: false, now() {{ return 1e12 }}, reaches(url) {{ return undefined }}, key(provider) {{ {key} }},
            fetch(url, init) {{ this.url = url; this.init = init; this.calls = (this.calls ?? 0) + 1; {fetch} }} }}"
    ));
    let options = js("{ providers: { openai: { apiKey: true } }, retry: false }");
    let client = web::client_new(options, host.clone().unchecked_into()).expect("good options");
    (client, host)
}

/// A request, with further members.
pub fn request(more: &str) -> JsValue {
    js(&format!("{{ model: 'openai/gpt-6-luna', messages: 'Hi', {more} }}"))
}

/// What `chat` gives: the response, or the error.
pub async fn chat(client: u32, request: JsValue) -> Result<Value, Value> {
    settled(web::chat(client, next_call(), request, None)).await
}

/// Opens a stream and has its request sent: its number, and its body or the error.
pub async fn open(client: u32, call: u32) -> (u32, Result<JsValue, Value>) {
    let stream = web::open(client, request("")).expect("a good request");
    let progress = js("() => {}").unchecked_into();
    let body = JsFuture::from(web::go_on(client, call, stream, progress)).await;
    (stream, body.map_err(|error| parse(&error)))
}

/// The number of a call that no other has.
pub fn next_call() -> u32 {
    thread_local!(static LAST: std::cell::Cell<u32> = const { std::cell::Cell::new(0) });
    LAST.set(LAST.get() + 1);
    LAST.get()
}

/// A promise of JSON, awaited.
pub async fn settled(promise: js_sys::Promise) -> Result<Value, Value> {
    JsFuture::from(promise).await.map(|value| parse(&value)).map_err(|error| parse(&error))
}

/// What the edge says is JSON.
pub fn parse(text: &JsValue) -> Value {
    serde_json::from_str(&text.as_string().expect("text")).expect("JSON")
}

/// The body of an answer with this text.
pub const ANSWER: &str = r#"{"id":"chatcmpl-1","model":"gpt-6-luna","choices":[{"index":0,"message":{"role":"assistant","content":"Hi there"},"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":5,"total_tokens":14}}"#;
