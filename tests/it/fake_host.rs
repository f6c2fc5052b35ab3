//! A host without a world: scripted replies, and a clock that only sleeping and replying move.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use modelwire::chat::UserPart;
use modelwire::count::Counter;
use modelwire::engine::{Engine, Flight, Plan};
use modelwire::error::{Error, ErrorKind, Result};
use modelwire::host::{Host, HostResponse, Recalled, Told};
use modelwire::http::{HttpRequest, ResponseHead};
use modelwire::json::Json;
use modelwire::models::catalogue::Catalogue;
use modelwire::open_stream::OpenStream;
use modelwire::policy::budget::Later;
use modelwire::policy::shared::change_shared;
use modelwire::policy::tools::ToolOutput;
use modelwire::secret::Secret;

/// What the network does next.
pub enum Reply {
    /// A response in these pieces.
    Answers(u16, Vec<(&'static str, &'static str)>, Vec<Vec<u8>>),
    /// A response that breaks after these pieces.
    Breaks(u16, Vec<Vec<u8>>, &'static str),
    /// No response.
    Fails(&'static str),
    /// Never anything: the call hangs until it is dropped.
    Hangs,
}

/// A JSON answer.
pub fn json(status: u16, body: &str) -> Reply {
    Reply::Answers(status, vec![("content-type", "application/json")], vec![body.as_bytes().to_vec()])
}

/// The state of a limit that is kept in a store.
type Kept = Option<Vec<u8>>;
/// By store and key.
type States = Rc<RefCell<HashMap<(u64, String), Kept>>>;

fn change_state(states: &States, now: f64, store: u64, key: &str, change: &str) -> f64 {
    let mut states = states.borrow_mut();
    let state = states.entry((store, key.to_owned())).or_default();
    let (new, number) = change_shared(state.as_deref(), now, change);
    *state = Some(new);
    number
}

#[derive(Default)]
pub struct FakeHost {
    pub replies: RefCell<VecDeque<Reply>>,
    pub requests: RefCell<Vec<HttpRequest>>,
    /// To calls.
    pub nobody_listens: Cell<bool>,
    pub keys: RefCell<Vec<(String, String)>>,
    /// The tapes that are kept, by what their requests are known by; what was looked for; what nobody has asked for yet; and
    /// what a flight has recorded.
    pub tapes: RefCell<HashMap<String, String>>,
    pub lookups: RefCell<Vec<String>>,
    pub flights: RefCell<Vec<Flight>>,
    pub taped: RefCell<String>,
    pub cache_trouble: RefCell<Option<String>>,
    pub clock: Rc<Cell<f64>>,
    /// Tools that were run: handle, id of the call, arguments.
    pub tools: RefCell<Vec<(u64, String, String)>>,
    /// What they give, in order; without any left they hang.
    pub tool_results: RefCell<VecDeque<Result<&'static str, &'static str>>>,
    /// What `when` was asked: its number, the error, the detail as JSON.
    pub asked: RefCell<Vec<(u64, ErrorKind, String)>>,
    /// What it says, in order; null without any left.
    pub says: RefCell<VecDeque<Json<'static>>>,
    /// What was told to listeners: the event, the record as JSON.
    /// The text of the catalogue, if there is one.
    pub catalogue: RefCell<Option<Rc<Catalogue>>>,
    pub told: RefCell<Vec<(&'static str, String)>>,
    /// Whether a vocabulary is loaded, and whether none can be.
    pub tokenizer: Cell<bool>,
    pub no_tokenizer: Cell<bool>,
    pub counted_slowly: Cell<usize>,
    /// Limits that are kept in stores.
    pub states: States,
    /// How often a store was asked, and whether it works no more.
    pub store_changes: Cell<usize>,
    pub store_breaks: Cell<bool>,
    /// How many places of the site's are taken.
    pub places: Rc<Cell<usize>>,
    /// What was waited for, in order.
    pub slept: RefCell<Vec<f64>>,
    /// Who sleeps, and until when.
    pub timers: RefCell<HashMap<u64, (f64, Waker)>>,
    pub timers_set: Cell<u64>,
    pub page: bool,
    pub reaches: Option<bool>,
    /// How many responses (or requests under way) have not been dropped.
    pub open: Rc<Cell<usize>>,
}

impl FakeHost {
    pub fn new(replies: impl IntoIterator<Item = Reply>) -> Self {
        let host = Self { replies: RefCell::new(replies.into_iter().collect()), ..Self::default() };
        host.keys.borrow_mut().push(("openai".into(), "sk-fake-key-of-openai".into()));
        host.keys.borrow_mut().push(("anthropic".into(), "sk-fake-key-of-anthropic".into()));
        host
    }
}

struct Open(Rc<Cell<usize>>);

impl Open {
    fn new(count: &Rc<Cell<usize>>) -> Self {
        count.set(count.get() + 1);
        Self(count.clone())
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

pub struct FakeResponse {
    head: ResponseHead,
    pieces: VecDeque<Vec<u8>>,
    breaks: Option<&'static str>,
    _open: Open,
}

impl HostResponse for FakeResponse {
    fn head(&self) -> &ResponseHead {
        &self.head
    }
    async fn chunk(&mut self) -> Result<Option<Vec<u8>>, String> {
        match (self.pieces.pop_front(), self.breaks) {
            (Some(piece), _) => Ok(Some(piece)),
            (None, Some(reason)) => Err(reason.to_owned()),
            (None, None) => Ok(None),
        }
    }
}

impl Host for FakeHost {
    type Response = FakeResponse;

    async fn recall(&self, lookup: &Json<'_>, flight: Flight) -> Recalled<FakeResponse> {
        let known = lookup.get("material").text().to_owned();
        let tape = self.tapes.borrow().get(&known).cloned();
        self.lookups.borrow_mut().push(lookup.to_text());
        let Some(tape) = tape else {
            self.flights.borrow_mut().push(flight);
            return Recalled::Nothing(self.cache_trouble.borrow().clone());
        };
        let head = ResponseHead { status: 200, headers: Vec::new(), received_at_ms: self.now() };
        let response = FakeResponse { head, pieces: [tape.into_bytes()].into(), breaks: None, _open: Open::new(&self.open) };
        Recalled::Tape { response, cached: true, trouble: None }
    }
    fn taped(&self, _: u32, piece: &str) {
        self.taped.borrow_mut().push_str(piece);
    }
    async fn wanted(&self, _: u32) {}
    fn now(&self) -> f64 {
        self.clock.get()
    }
    fn random(&self) -> f64 {
        0.5
    }
    fn catalogue(&self) -> Option<Rc<Catalogue>> {
        Some(self.catalogue.borrow().clone().unwrap_or_default())
    }
    async fn load_catalogue(&self) {}
    fn count_tokens(&self, _encoding: &str, text: &str) -> Option<u64> {
        // A tokenizer of one's own: a word is a token.
        self.tokenizer.get().then(|| text.split_whitespace().count() as u64)
    }
    async fn count_slowly(&self, encoding: &str, text: &str) -> Option<u64> {
        self.counted_slowly.set(self.counted_slowly.get() + 1);
        self.count_tokens(encoding, text)
    }
    fn counter(&self, _encoding: &'static str) -> Counter {
        Rc::new(|text| Some(text.split_whitespace().count() as u64))
    }
    async fn whole(&self) -> Result<()> {
        Ok(())
    }

    async fn load_tokenizer(&self, _encoding: &str) -> Result<()> {
        if self.no_tokenizer.get() {
            return Err(Error::new(ErrorKind::Config, "no vocabulary here"));
        }
        self.tokenizer.set(true);
        Ok(())
    }
    fn in_page(&self) -> bool {
        self.page
    }
    async fn key(&self, provider: &str, index: usize) -> Result<Option<Secret>> {
        Ok(self.keys.borrow().iter().filter(|(name, _)| name == provider).nth(index).map(|(_, key)| Secret::new(key)))
    }
    async fn fetch(&self, request: &HttpRequest) -> Result<FakeResponse, String> {
        self.requests.borrow_mut().push(request.clone());
        self.clock.set(self.clock.get() + 100.0);
        let open = Open::new(&self.open);
        let reply = self.replies.borrow_mut().pop_front().expect("a reply for every request");
        let (status, headers, pieces, breaks) = match reply {
            Reply::Answers(status, headers, pieces) => (status, headers, pieces, None),
            Reply::Breaks(status, pieces, reason) => (status, Vec::new(), pieces, Some(reason)),
            Reply::Fails(reason) => return Err(reason.to_owned()),
            Reply::Hangs => std::future::pending().await,
        };
        let headers = headers.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let head = ResponseHead { status, headers, received_at_ms: self.now() };
        Ok(FakeResponse { head, pieces: pieces.into(), breaks, _open: open })
    }
    async fn sleep(&self, ms: f64) {
        let due = self.clock.get() + ms;
        let id = self.timers_set.replace(self.timers_set.get() + 1);
        let _stop = StopTimer(self, id);
        poll_fn(|context| {
            if self.clock.get() >= due {
                return Poll::Ready(());
            }
            self.timers.borrow_mut().insert(id, (due, context.waker().clone()));
            Poll::Pending
        })
        .await;
        self.slept.borrow_mut().push(ms);
    }
    async fn tool(&self, handle: u64, call_id: &str, input: &str) -> Result<ToolOutput, String> {
        self.tools.borrow_mut().push((handle, call_id.to_owned(), input.to_owned()));
        let next = self.tool_results.borrow_mut().pop_front();
        match next {
            Some(Ok(text)) => {
                Ok(ToolOutput { content: vec![UserPart::Text(text.to_owned())], result: Json::from(text).to_text(), is_error: false })
            }
            Some(Err(message)) => Err(message.to_owned()),
            // As a tool that never comes back.
            None => std::future::pending().await,
        }
    }
    fn when(&self, handle: u64, error: &Error, detail: &Json<'_>) -> Result<Json<'static>> {
        self.asked.borrow_mut().push((handle, error.kind, detail.to_text()));
        Ok(self.says.borrow_mut().pop_front().unwrap_or(Json::Null))
    }
    fn listens(&self) -> bool {
        !self.nobody_listens.get()
    }
    fn tell(&self, event: Told, record: &str) {
        self.told.borrow_mut().push((event.word(), record.to_owned()));
    }
    async fn change_limit(&self, store: u64, key: &str, change: &str) -> Result<f64> {
        self.store_changes.set(self.store_changes.get() + 1);
        match self.store_breaks.get() {
            true => Err(Error::new(ErrorKind::Storage, "the store is gone")),
            false => Ok(change_state(&self.states, self.now(), store, key, change)),
        }
    }
    fn later(&self) -> Later {
        let (states, clock) = (self.states.clone(), self.clock.clone());
        Rc::new(move |store, key, change| {
            change_state(&states, clock.get(), store, key, &change);
        })
    }
    async fn place(&self, _: u64, _: &str, count: u32) -> Result<Box<dyn Any>> {
        if self.places.get() >= count as usize {
            std::future::pending::<()>().await;
        }
        Ok(Box::new(Open::new(&self.places)))
    }
    async fn reaches(&self, _: &str) -> Option<bool> {
        self.reaches
    }
}

/// A stream whose first response has a head: what the facade does before it reads.
pub fn open(engine: &Engine, host: &FakeHost, plan: impl Into<Plan>) -> Result<OpenStream> {
    let mut stream = OpenStream::new(engine.begin(host, engine.call(host), plan.into()));
    go_on(engine, host, &mut stream)?;
    Ok(stream)
}

/// Has a stream's next request sent.
pub fn go_on(engine: &Engine, host: &FakeHost, stream: &mut OpenStream) -> Result<()> {
    now_or_never(engine.go_on(host, stream, &mut |_| {})).expect("nothing to wait for").map(drop)
}

struct StopTimer<'a>(&'a FakeHost, u64);

impl Drop for StopTimer<'_> {
    fn drop(&mut self) {
        self.0.timers.borrow_mut().remove(&self.1);
    }
}

impl FakeHost {
    /// Lets time pass until the first who sleeps wakes up; false when nobody does.
    pub fn pass_time(&self) -> bool {
        let Some(next) = self.timers.borrow().values().map(|(due, _)| *due).reduce(f64::min) else { return false };
        self.clock.set(self.clock.get().max(next));
        for (due, waker) in self.timers.borrow().values() {
            if *due <= next {
                waker.wake_by_ref();
            }
        }
        true
    }
}

/// Runs a future in virtual time: when all wait, the clock goes on to the first who sleeps. `None` when
/// nobody does.
pub fn run<T>(host: &FakeHost, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return Some(value);
        }
        if !host.pass_time() {
            return None;
        }
    }
}

/// Runs a future that never really waits.
pub fn now_or_never<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(future).as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}
