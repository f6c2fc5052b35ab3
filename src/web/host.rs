//! [`Host`] on JavaScript: the injected or global `fetch`, keys from the caller's functions, the
//! caller's clock.
//!
//! The call itself is `fetch(url, init)`, as every mock and proxy of `fetch` expects it. Nothing is
//! assumed of an injected fetch: it may throw a string, and return anything.

use std::any::Any;
use std::cell::RefCell;
use std::rc::Rc;

use js_sys::{Function, JSON, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use web_sys::{AbortController, AbortSignal};

use super::alarm::Alarm;
use super::convert::{describe, method, plain};
use super::tasks::{ignore, leave_alone, settle};
use crate::call::Call;
use crate::count::Counter;
use crate::engine::Flight;
use crate::error::{Error, ErrorKind, Result};
use crate::host::{Host, HostResponse, Recalled, Told};
use crate::http::{HeaderValue, HttpRequest, Method, ResponseHead};
use crate::json::{Json, ObjectText};
use crate::models::catalogue::Catalogue;
use crate::policy::budget::Later;
use crate::policy::tools::ToolOutput;
use crate::request::read_result;
use crate::secret::Secret;

#[wasm_bindgen]
extern "C" {
    /// `HostBindings` in js/wasm.ts.
    pub type JsHost;

    #[wasm_bindgen(method, catch)]
    fn fetch(this: &JsHost, url: &str, init: &JsInit) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn recall(this: &JsHost, lookup: &str, flight: u32, signal: &JsValue) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn taped(this: &JsHost, flight: u32, piece: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn wanted(this: &JsHost, flight: u32) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn key(this: &JsHost, provider: &str, index: usize) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn when(this: &JsHost, handle: f64, error: &str, detail: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn tell(this: &JsHost, event: u32, record: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn begun(this: &JsHost, call: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn limit(this: &JsHost, store: f64, key: &str, change: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch, js_name = limitLater)]
    fn limit_later(this: &JsHost, store: f64, key: &str, change: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn place(this: &JsHost, store: f64, key: &str, count: u32, signal: &JsValue) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn tool(this: &JsHost, handle: f64, call_id: &str, input: &str, signal: &JsValue) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch)]
    pub fn alarm(this: &JsHost, number: u32, ms: f64) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn pause(this: &JsHost, ms: f64, signal: &JsValue) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn reaches(this: &JsHost, url: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn now(this: &JsHost) -> Result<f64, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn catalogue(this: &JsHost) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn tokens(this: &JsHost, encoding: &str, text: &[u8]) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch, js_name = countSlowly)]
    fn count_slowly(this: &JsHost, encoding: &str, text: &[u8]) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch, js_name = loadTokens)]
    fn load_tokens(this: &JsHost, encoding: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn whole(this: &JsHost) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn file(this: &JsHost, handle: f64) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, getter)]
    fn page(this: &JsHost) -> JsValue;
    #[wasm_bindgen(method, getter)]
    fn alone(this: &JsHost) -> bool;
    #[wasm_bindgen(method, getter)]
    fn listens(this: &JsHost) -> bool;
    #[wasm_bindgen(method, getter)]
    fn captures(this: &JsHost) -> bool;

    /// What fetch is asked with, a dictionary.
    type JsInit;

    #[wasm_bindgen(method, setter)]
    fn set_body(this: &JsInit, body: &JsValue);
    #[wasm_bindgen(method, setter)]
    fn set_signal(this: &JsInit, signal: &AbortSignal);

    /// What fetch gave. An injected one's, like its body and that one's reader, may lack what it should have, or throw. Members
    /// and not names for `Reflect`: a name is a text that crosses, and takes longer than what it names.
    #[derive(Clone)]
    type JsResponse;

    #[wasm_bindgen(method, getter, catch)]
    fn status(this: &JsResponse) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, getter, catch)]
    fn headers(this: &JsResponse) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, getter, catch)]
    fn body(this: &JsResponse) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch, js_name = arrayBuffer)]
    fn array_buffer(this: &JsResponse) -> Result<JsValue, JsValue>;

    type JsReader;

    #[wasm_bindgen(method, catch)]
    fn read(this: &JsReader) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn cancel(this: &JsReader) -> Result<JsValue, JsValue>;

    type JsRead;

    #[wasm_bindgen(method, getter, catch)]
    fn done(this: &JsRead) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, getter, catch)]
    fn value(this: &JsRead) -> Result<JsValue, JsValue>;

    type JsHeaders;

    #[wasm_bindgen(method, catch, js_name = forEach)]
    fn for_each(this: &JsHeaders, add: &mut dyn FnMut(JsValue, JsValue)) -> Result<(), JsValue>;
}

thread_local! {
    /// One for all clients, once it is loaded.
    static CATALOGUE: RefCell<Option<Rc<Catalogue>>> = const { RefCell::new(None) };
}

impl JsHost {
    fn count(&self, encoding: &str, text: &str) -> Option<u64> {
        let count = self.tokens(encoding, text.as_bytes()).ok()?.as_f64()?;
        (count >= 0.0).then_some(count as u64)
    }
}

/// The outside world of one client.
pub struct WebHost {
    js: Rc<JsHost>,
    page: bool,
    /// Whether each call has timers of its own.
    alone: bool,
    alarm: Rc<Alarm>,
}

impl WebHost {
    /// Wraps the facade's bindings.
    pub fn new(js: JsHost) -> Self {
        let (page, alone) = (js.page().is_truthy(), js.alone());
        if alone {
            leave_alone();
        }
        let js = Rc::new(js);
        Self { alarm: Alarm::new(js.clone()), js, page, alone }
    }

    /// Says which call begins, to a log that wants to know what was asked: heard before the facade has its promise.
    pub fn begun(&self, call: &Call) {
        if self.js.captures() {
            let _ = self.js.begun(&call.id());
        }
    }
}

impl Host for WebHost {
    type Response = WebResponse;

    fn now(&self) -> f64 {
        self.js.now().ok().filter(|now| !now.is_nan()).unwrap_or_else(js_sys::Date::now)
    }

    fn random(&self) -> f64 {
        js_sys::Math::random()
    }

    fn catalogue(&self) -> Option<Rc<Catalogue>> {
        CATALOGUE.with_borrow(Clone::clone)
    }

    async fn recall(&self, lookup: &Json<'_>, flight: Flight) -> Recalled<WebResponse> {
        let Ok(guard) = guard() else { return Recalled::Nothing(None) };
        let found = settle(self.js.recall(&lookup.to_text(), super::cache::keep(flight), &guard.0.signal())).await;
        let found = match found {
            Ok(found) => found,
            Err(thrown) => return Recalled::Nothing(Some(describe(&thrown))),
        };
        let member = |name: &str| Reflect::get(&found, &name.into()).unwrap_or(JsValue::UNDEFINED);
        let trouble = member("trouble").as_string();
        match WebResponse::new(member("response"), self.now(), guard) {
            Ok(response) => Recalled::Tape { response, cached: member("cached").is_truthy(), trouble },
            Err(_) => Recalled::Nothing(trouble),
        }
    }

    fn taped(&self, flight: u32, piece: &str) {
        // Those who read it have left.
        let _ = self.js.taped(flight, piece);
    }

    async fn wanted(&self, flight: u32) {
        let _ = settle(self.js.wanted(flight)).await;
    }

    async fn load_catalogue(&self) {
        if self.catalogue().is_some() {
            return;
        }
        // Without it costs are unknown, and calls are not the worse for it.
        if let Ok(text) = settle(self.js.catalogue()).await
            && let Some(text) = text.as_string()
        {
            CATALOGUE.set(Some(Rc::new(Catalogue::new(text))));
        }
    }

    fn count_tokens(&self, encoding: &str, text: &str) -> Option<u64> {
        self.js.count(encoding, text)
    }

    async fn count_slowly(&self, encoding: &str, text: &str) -> Option<u64> {
        let count = settle(self.js.count_slowly(encoding, text.as_bytes())).await.ok()?.as_f64()?;
        (count >= 0.0).then_some(count as u64)
    }

    fn counter(&self, encoding: &'static str) -> Counter {
        let js = self.js.clone();
        Rc::new(move |text| js.count(encoding, text))
    }

    async fn load_tokenizer(&self, encoding: &str) -> Result<()> {
        let loaded = settle(self.js.load_tokens(encoding)).await;
        loaded.map(|_| ()).map_err(|thrown| Error::new(ErrorKind::Config, describe(&thrown)))
    }

    async fn whole(&self) -> Result<()> {
        match self.js.whole() {
            Ok(there) if there.is_undefined() => Ok(()),
            loading => settle(loading).await.map(|_| ()).map_err(|thrown| Error::new(ErrorKind::Config, describe(&thrown))),
        }
    }

    fn in_page(&self) -> bool {
        self.page
    }

    async fn key(&self, provider: &str, index: usize) -> Result<Option<Secret>> {
        let missing = |why: String| Error::new(ErrorKind::MissingKey, format!("the key of \"{provider}\": {why}"));
        let key = settle(self.js.key(provider, index)).await.map_err(|thrown| missing(describe(&thrown)))?;
        if key.is_null() || key.is_undefined() {
            return Ok(None);
        }
        let key = Secret::new(&key.as_string().ok_or_else(|| missing("its function did not give a string".into()))?);
        if key.open().chars().any(|c| !(' '..='~').contains(&c)) {
            return Err(missing("it has a character that no key has (a line break, or not ASCII)".into()));
        }
        Ok(Some(key))
    }

    fn when(&self, handle: u64, error: &Error, detail: &Json<'_>) -> Result<Json<'static>> {
        let threw = |thrown: JsValue| Error::new(ErrorKind::Config, format!("the function when threw: {}", describe(&thrown)));
        let said = self.js.when(handle as f64, &error.to_json().to_text(), &detail.to_text()).map_err(threw)?;
        plain(&said, ErrorKind::Config)
    }

    fn listens(&self) -> bool {
        self.js.listens()
    }

    fn tell(&self, event: Told, record: &str) {
        // A listener that throws is no reason for the call to stop.
        let _ = self.js.tell(event as u32, record);
    }

    async fn change_limit(&self, store: u64, key: &str, change: &str) -> Result<f64> {
        let failed =
            |thrown: JsValue| Error::new(ErrorKind::Storage, format!("the store of the limit \"{key}\" failed: {}", describe(&thrown)));
        let wait = settle(self.js.limit(store as f64, key, change)).await.map_err(failed)?;
        wait.as_f64().filter(|wait| *wait >= 0.0).ok_or_else(|| failed("it gave no number of milliseconds".into()))
    }

    fn later(&self) -> Later {
        let js = self.js.clone();
        // The facade sees to it that nobody hears of a rejection.
        Rc::new(move |store, key, change| drop(js.limit_later(store as f64, key, &change)))
    }

    async fn place(&self, store: u64, key: &str, count: u32) -> Result<Box<dyn Any>> {
        let failed = |thrown: JsValue| Error::new(ErrorKind::Storage, format!("the places of the limit \"{key}\": {}", describe(&thrown)));
        let guard = guard().map_err(|why| failed(why.into()))?;
        let release = settle(self.js.place(store as f64, key, count, &guard.0.signal())).await.map_err(failed)?;
        Ok(Box::new(Place { release: release.unchecked_into(), _waiting: guard }))
    }

    async fn fetch(&self, request: &HttpRequest) -> Result<WebResponse, String> {
        let guard = guard()?;
        let init = request_init(&self.js, request, &guard.0).map_err(|thrown| describe(&thrown))?;
        let raw = settle(self.js.fetch(&request.url, &init)).await.map_err(|thrown| describe(&thrown))?;
        let received_at_ms = self.now();
        WebResponse::new(raw, received_at_ms, guard)
    }

    async fn sleep(&self, ms: f64) {
        if self.alone
            && let Ok(mut timer) = guard()
        {
            timer.1 = Over::Told;
            let _ = settle(self.js.pause(ms, &timer.0.signal())).await;
        } else if ms.is_finite() {
            let now = self.now();
            self.alarm.sleep(now, now + ms.max(0.0)).await
        } else {
            std::future::pending().await
        }
    }

    fn rest_ms(&self) -> f64 {
        // A request that waits for nothing of its own is taken for one that hangs, and ended.
        if self.alone { 5_000.0 } else { f64::INFINITY }
    }

    async fn tool(&self, handle: u64, call_id: &str, input: &str) -> Result<ToolOutput, String> {
        let said = |thrown: JsValue| describe(&thrown);
        let guard = guard()?;
        let given = settle(self.js.tool(handle as f64, call_id, input, &guard.0.signal())).await.map_err(said)?;
        let member = |name: &str| Reflect::get(&given, &name.into()).map_err(said);
        let content = plain(&member("content")?, ErrorKind::InvalidRequest).and_then(read_result).map_err(|error| error.message)?;
        Ok(ToolOutput { content, result: member("result")?.as_string().unwrap_or_else(|| "null".into()), is_error: false })
    }

    async fn reaches(&self, url: &str) -> Option<bool> {
        settle(self.js.reaches(url)).await.ok()?.as_bool()
    }
}

fn guard() -> Result<AbortOnDrop, String> {
    AbortController::new().map(|controller| AbortOnDrop(controller, Over::Aborted)).map_err(|thrown| describe(&thrown))
}

/// Aborts its fetch (or tool) when it is dropped.
struct AbortOnDrop(AbortController, Over);

impl AbortOnDrop {
    /// What it guards goes on without it.
    fn keep(&mut self) {
        self.1 = Over::Ended;
    }
}

/// What is left to be said then. The platform makes an error with a stack for each abort without a reason, which costs a plain
/// call more than its JSON does.
enum Over {
    /// It still runs: the platform's own reason.
    Aborted,
    /// It has said all, and may not have noticed: a reason that costs nothing, and that nobody is told.
    Told,
    /// Nothing: it has ended by itself, or goes on.
    Ended,
}

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        match self.1 {
            Over::Aborted => self.0.abort(),
            Over::Told => self.0.abort_with_reason(&"the answer has ended".into()),
            Over::Ended => {}
        }
    }
}

/// Gives its place back when it is dropped.
struct Place {
    release: Function,
    _waiting: AbortOnDrop,
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = self.release.call0(&JsValue::UNDEFINED);
    }
}

/// Its texts cross as one, and the engine makes the object.
fn request_init(js: &JsHost, request: &HttpRequest, controller: &AbortController) -> Result<JsInit, JsValue> {
    let mut headers = Json::object_of(request.headers.len());
    for (name, value) in &request.headers {
        headers.set(
            name.as_str(),
            match value {
                HeaderValue::Plain(text) => Json::from(text),
                HeaderValue::Secret(prefix, key) => format!("{prefix}{}", key.open()).into(),
            },
        );
    }
    let is_post = request.method == Method::Post;
    let mut init = ObjectText::new();
    init.add("method", if is_post { "POST" } else { "GET" });
    init.add("headers", headers);
    // A followed redirect would carry `x-api-key` to another origin; "error" throws in workerd.
    init.add("redirect", "manual");
    let init: JsInit = JSON::parse(&init.finish())?.unchecked_into();
    if is_post {
        init.set_body(&match request.file {
            Some(file) => js.file(file as f64)?,
            None => Uint8Array::from(request.body.as_slice()).into(),
        });
    }
    init.set_signal(&controller.signal());
    Ok(init)
}

/// A response that is being read; dropping it aborts the request.
pub struct WebResponse {
    raw: JsResponse,
    head: ResponseHead,
    reader: Option<JsReader>,
    read: bool,
    ended: bool,
    guard: AbortOnDrop,
}

impl WebResponse {
    fn new(raw: JsValue, received_at_ms: f64, guard: AbortOnDrop) -> Result<Self, String> {
        if !raw.is_object() {
            return Err("fetch did not give a Response".to_owned());
        }
        let raw: JsResponse = raw.unchecked_into();
        let status = raw.status().ok().and_then(|status| status.as_f64());
        let headers = raw.headers().ok().filter(|headers| method(headers, "forEach").is_some());
        let (Some(status), Some(headers)) = (status, headers) else {
            return Err("fetch did not give a Response".to_owned());
        };
        let head = ResponseHead { status: status as u16, headers: read_headers(headers), received_at_ms };
        Ok(Self { raw, head, reader: None, read: false, ended: false, guard })
    }

    /// A body without a stream: empty (204), or a home-made fetch's.
    async fn all_at_once(&mut self) -> Result<Option<Vec<u8>>, String> {
        if std::mem::replace(&mut self.read, true) {
            return Ok(None);
        }
        let buffer = settle(self.raw.array_buffer()).await.map_err(|thrown| describe(&thrown))?;
        Ok(Some(Uint8Array::new(&buffer).to_vec()))
    }

    /// The same for a body that outlives this: whoever reads it stops the request by cancelling it.
    pub fn into_body(mut self) -> JsValue {
        let body = self.body();
        self.keep();
        body
    }

    /// What is left of it is read by somebody else.
    pub fn keep(&mut self) {
        self.guard.keep();
    }

    /// What it was asked for is here. There would be more of its body, which is of no interest.
    pub fn told(&mut self) {
        self.guard.1 = Over::Told;
    }

    /// The body's stream, or null: for the facade, which reads streams itself.
    pub fn body(&self) -> JsValue {
        self.raw.body().ok().filter(|body| !body.is_undefined()).unwrap_or(JsValue::NULL)
    }
}

/// By `forEach`, which every implementation and most mocks have; a value that is not a string is left out.
fn read_headers(headers: JsValue) -> Vec<(String, String)> {
    let mut list = Vec::new();
    let headers: JsHeaders = headers.unchecked_into();
    // A mock whose forEach throws has no headers: the status still says what happened.
    let _ = headers.for_each(&mut |value, name| {
        if let (Some(name), Some(value)) = (name.as_string(), value.as_string()) {
            list.push((name.to_ascii_lowercase(), value));
        }
    });
    list
}

impl Drop for WebResponse {
    fn drop(&mut self) {
        // An injected fetch may not listen to its signal: this it understands.
        if let Some(reader) = self.reader.take().filter(|_| !self.ended) {
            ignore(reader.cancel());
        }
    }
}

impl HostResponse for WebResponse {
    fn head(&self) -> &ResponseHead {
        &self.head
    }

    async fn chunk(&mut self) -> Result<Option<Vec<u8>>, String> {
        let said = |thrown: JsValue| describe(&thrown);
        if self.reader.is_none() {
            let body = self.body();
            if body.is_null() {
                return self.all_at_once().await;
            }
            let reader = method(&body, "getReader").ok_or("the body is not a stream")?.call0(&body).map_err(said)?;
            self.reader = Some(reader.unchecked_into());
        }
        let Some(reader) = &self.reader else { return Ok(None) };
        let result = settle(reader.read()).await.map_err(said)?;
        if !result.is_object() {
            return Err("the body's reader gave no result".to_owned());
        }
        let result: JsRead = result.unchecked_into();
        if result.done().map_err(said)?.is_truthy() {
            self.ended = true;
            self.guard.keep();
            return Ok(None);
        }
        let value = result.value().map_err(said)?;
        match value.dyn_into::<Uint8Array>() {
            Ok(bytes) => Ok(Some(bytes.to_vec())),
            Err(other) => match other.as_string() {
                Some(text) => Ok(Some(text.into_bytes())),
                None => Err("the body gave something that is not bytes".to_owned()),
            },
        }
    }
}
