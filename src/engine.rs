//! The order of operations of a call, readable top to bottom.
//!
//! Who is asked, with which key, what is sent, what the answer means. It performs nothing itself (a
//! [`Host`] does) and knows no provider's JSON (a
//! [`Dialect`](crate::providers::Dialect) does). Called by `web` and by tests.

mod aliases;
mod ask;
mod batch;
mod cache;
mod count;
mod embed;
mod flight;
mod health;
mod known;
pub mod limits;
mod lists;
mod money;
mod recover;
mod route;
mod send;
mod tools;
mod try_join;
mod within;

use std::cell::RefCell;
use std::rc::Rc;

use crate::answer::{Answer, Spent};
use crate::call::{Call, is_html, not_the_api};
use crate::chat::{ChatRequest, ChatResponse, FinishReason, Warning};
use crate::count::{Calibration, LongCounts, TokenCount};
use crate::error::{Error, ErrorKind, Result};
use crate::host::{Host, HostResponse};
use crate::json::{Json, body_text};
use crate::object;
use crate::open_stream::{OpenStream, Opened, Progress};
use crate::options::{ClientOptions, ProviderOptions};
use crate::policy::budget::Purse;
use crate::policy::keys::KeyPool;
use crate::policy::limit::input_tokens;
use crate::policy::output;
use crate::policy::retry::RetryBudget;
use crate::policy::timeout::{Timeout, TimeoutOptions};
use crate::policy::tools::Rounds;
use crate::providers::{self, Mode, Target};
use crate::text::listed;
pub use batch::Reading;
pub use flight::Flight;
use health::Health;
use known::Known;
use limits::Gate;
pub use recover::{Listener, read_said};
pub use route::{Plan, Route, Stop, Turn};
use send::read_all;
pub use send::{Outcome, Ticket};
pub use tools::run_step;
pub use try_join::{Work, try_join};
pub use within::in_time;
use within::within;

/// A client's decisions, and what they have to remember.
#[derive(Debug)]
pub struct Engine {
    options: ClientOptions,
    gate: Rc<Gate>,
    /// By provider.
    keys: RefCell<Vec<(String, KeyPool)>>,
    health: RefCell<Health>,
    retries: RefCell<RetryBudget>,
    known: RefCell<Known>,
    purse: Rc<Purse>,
    calibration: RefCell<Calibration>,
    long_counts: RefCell<LongCounts>,
}

/// What [`Engine::check`] found: plain data, never an error.
#[derive(Debug)]
pub struct Check {
    /// Whether the key, the network and the endpoint work.
    pub ok: bool,
    /// How many models the provider lists.
    pub models: Option<usize>,
    /// From asking to the whole answer.
    pub latency_ms: f64,
    /// What is wrong.
    pub error: Option<Box<Error>>,
}

impl Check {
    /// As the contract has it.
    pub fn to_json(&self) -> Json<'_> {
        let mut out = object! { "ok": self.ok };
        out.set_some("models", self.models);
        out.set("latencyMs", self.latency_ms);
        out.set_some("error", self.error.as_ref().map(|error| error.to_json()));
        out
    }
}

impl Engine {
    /// A client with these options.
    pub fn new(mut options: ClientOptions) -> Self {
        let gate = Gate::new(std::mem::take(&mut options.limits));
        let purse = Purse::new(std::mem::take(&mut options.budgets));
        let keys = options.providers.iter().map(|provider| (provider.name.clone(), KeyPool::new(&provider.keys))).collect();
        Self {
            options,
            gate,
            keys: RefCell::new(keys),
            health: RefCell::default(),
            retries: RefCell::default(),
            known: RefCell::default(),
            purse,
            calibration: RefCell::default(),
            long_counts: RefCell::default(),
        }
    }

    /// The limits by themselves.
    pub fn gate(&self) -> &Rc<Gate> {
        &self.gate
    }

    /// Does something with the keys of a provider.
    pub fn pool<T>(&self, provider: &str, work: impl FnOnce(&mut KeyPool) -> T) -> Option<T> {
        let mut keys = self.keys.borrow_mut();
        Some(work(&mut keys.iter_mut().find(|(name, _)| name == provider)?.1))
    }

    /// A call that begins now.
    pub fn call<H: Host>(&self, host: &H) -> Call {
        let digits = |random: f64| (random * f64::from(u32::MAX)) as u32;
        Call::new(format!("call_{:08x}{:08x}", digits(host.random()), digits(host.random())), host.now())
    }

    /// The whole answer, tools run.
    pub async fn chat<H: Host>(&self, host: &H, plan: impl Into<Plan>) -> Result<ChatResponse> {
        self.answer(host, &self.call(host), plan.into()).await
    }

    /// The same, as this call.
    pub async fn answer<H: Host>(&self, host: &H, call: &Call, plan: Plan) -> Result<ChatResponse> {
        let turn = self.begin(host, call.clone(), plan);
        in_time(host, call, Box::pin(self.rounds(host, turn))).await
    }

    /// The first turn of a call. Its time runs from now on.
    pub fn begin<H: Host>(&self, host: &H, call: Call, plan: Plan) -> Turn {
        let mut turn = Turn::new(call, plan);
        self.start(host, &mut turn);
        let provider = self.named(turn.request.model.as_deref()).ok().map(|(provider, _)| provider);
        let timeout = provider.map_or(turn.request.timeout, |provider| self.timeout(provider, &turn.request.timeout));
        turn.call.may_take(timeout.over(&self.options.timeout).of(Timeout::Total));
        self.retries.borrow_mut().call(host.now());
        turn
    }

    async fn rounds<H: Host>(&self, host: &H, mut turn: Turn) -> Result<ChatResponse> {
        let call = turn.call.clone();
        let mut rounds = Rounds::new(turn.request.clone());
        loop {
            let answer = match self.turn(host, &mut turn).await {
                Ok(answer) => answer,
                Err(error) => {
                    let empty = || call.dress(Answer::new("", "", false).response(Some(FinishReason::Other), None), host.now());
                    return Err(rounds.failed(error, empty));
                }
            };
            rounds.retarget(turn.request.clone());
            let Some(steps) = rounds.plan(&answer) else {
                return output::complete(call.dress(rounds.complete(answer), host.now()), &rounds.request);
            };
            let work = steps.iter().map(|step| Box::pin(async { Ok(run_step(host, step).await) }) as Work<'_, _>);
            let outputs = try_join(work.collect()).await?;
            rounds.advance(answer, outputs);
            turn.next(rounds.request.clone());
        }
    }

    /// One turn, whole: attempts until one answers or nothing can be done.
    async fn turn<H: Host>(&self, host: &H, turn: &mut Turn) -> Result<ChatResponse> {
        loop {
            let target = self.target(host, &turn.request).map_err(|error| turn.call.failed(error, host.now()))?;
            let result = if target.dialect().must_stream(&target, &turn.request) || self.is_budgeted(&turn.request) {
                return self.turn_by_stream(host, turn).await;
            } else {
                self.whole(host, turn).await
            };
            match result {
                Ok(answer) => return Ok(answer),
                Err(error) => self.recover(host, turn, error, &mut |_| {}).await?,
            }
        }
    }

    /// One attempt at a whole answer.
    async fn whole<H: Host>(&self, host: &H, turn: &mut Turn) -> Result<ChatResponse> {
        match self.recall(host, turn, Mode::Whole).await {
            Some(found) => self.whole_of_tape(host, turn, found).await,
            None => self.whole_answer(host, turn, false).await.map(|(answer, _)| answer),
        }
    }

    /// The same of the provider; and, if it is to be recorded, its tape but for its end.
    async fn whole_answer<H: Host>(&self, host: &H, turn: &mut Turn, record: bool) -> Result<(ChatResponse, String)> {
        let mut warnings = Vec::new();
        let (mut response, ticket) = self.send(host, turn, Mode::Whole, &mut warnings).await?;
        self.began(&ticket, host.now());
        let target = self.target(host, &turn.request)?;
        let timeout = self.timeout(target.provider, &turn.request.timeout);
        let result = async {
            let body = read_all(host, &mut response, &timeout).await?;
            self.ready_catalogue(host).await;
            let answer = &mut Answer::new(&target.provider.name, target.model, false);
            answer.warnings = warnings;
            self.present(host, &target, &turn.request, ticket.counted, answer);
            if record {
                answer.record();
            }
            if is_html(&body) {
                return Err(not_the_api(&body));
            }
            target.dialect().chat_response(target.provider.row, &body, answer)?;
            answer.end_tools();
            let tape = answer.take_tape(host.now() - turn.call.sent_ms());
            Ok((answer.response(None, Some(body_text(&body).into_owned())), tape))
        }
        .await;
        match result {
            Ok((answer, tape)) => {
                let spent = Spent { usage: answer.usage, cost: answer.cost.clone() };
                self.settle(host, ticket, &Outcome::Answered(&spent));
                turn.call.succeeded(host.now());
                Ok((answer, tape))
            }
            Err(error) => {
                turn.another_key = self.settle(host, ticket, &Outcome::Failed(&error, None));
                Err(turn.call.failed(error, host.now()))
            }
        }
    }

    /// A long whole turn that the provider gives only as a stream.
    async fn turn_by_stream<H: Host>(&self, host: &H, turn: &mut Turn) -> Result<ChatResponse> {
        // Only the turn: its tools are run, and its output is read, by `rounds`.
        let mut alone = OpenStream::for_a_turn(std::mem::replace(turn, Turn::new(turn.call.clone(), Plan::default())));
        let result = self.drive(host, &mut alone).await;
        let (answer, so_far) = alone.into_turn();
        *turn = so_far;
        result.map(|()| answer)
    }

    /// Reads a stream to its end.
    async fn drive<H: Host>(&self, host: &H, stream: &mut OpenStream) -> Result<()> {
        loop {
            let (mut response, ticket) = self.go_on(host, stream, &mut |_| {}).await?;
            let idle_ms = stream.timeout().of(Timeout::Idle).unwrap_or(f64::INFINITY);
            let result = loop {
                stream.batch().clear();
                let progress = match within(host, idle_ms, response.chunk()).await {
                    Some(Ok(Some(bytes))) => stream.feed(&bytes, host.now()),
                    Some(Ok(None)) => stream.finish(host.now()),
                    Some(Err(reason)) => stream.broke(&reason, host.now()),
                    None => stream.late(Timeout::Idle, host.now()),
                };
                match progress {
                    Ok(Progress::More) => {}
                    Ok(Progress::Lease) => match self.leased(host, ticket.as_ref(), stream).await {
                        Ok(Progress::More) => {}
                        done => break done,
                    },
                    done => break done,
                }
            };
            if let Some(ticket) = ticket {
                self.settle_stream(host, stream, ticket, &result);
            }
            if result? == Progress::Done {
                return Ok(());
            }
        }
    }

    /// Asks the stores of a stream's budgets for more, and looks whether it may go on.
    async fn leased<H: Host>(&self, host: &H, ticket: Option<&Ticket>, stream: &mut OpenStream) -> Result<Progress> {
        if let Some(hold) = ticket.and_then(|ticket| ticket.hold.as_ref()) {
            self.lease(host, hold).await;
        }
        stream.feed(&[], host.now())
    }

    /// Sends what a stream needs next: its first request; the next turn's; or, after a failure, the same
    /// to whoever can mend it. The response is what it is to be fed with. Without a ticket it is a tape, and what it costs is
    /// somebody else's.
    pub async fn go_on<H: Host>(&self, host: &H, stream: &mut OpenStream, listener: Listener<'_>) -> Result<(H::Response, Option<Ticket>)> {
        let turn = stream.take_turn();
        match self.open_turn(host, turn, listener).await {
            Ok((turn, opened, response, ticket)) => {
                stream.go_on(turn, opened);
                Ok((response, ticket))
            }
            Err((turn, error)) => Err(stream.stuck(turn, error, host.now())),
        }
    }

    /// The same in two halves, for a host that must not hold the stream while it waits.
    #[allow(clippy::type_complexity, reason = "taken apart at once by its two callers")]
    pub async fn open_turn<H: Host>(
        &self,
        host: &H,
        mut turn: Turn,
        listener: Listener<'_>,
    ) -> Result<(Turn, Opened, H::Response, Option<Ticket>), (Turn, Box<Error>)> {
        let call = turn.call.clone();
        let result = in_time(host, &call, Box::pin(self.attempts(host, &mut turn, listener))).await;
        match result {
            Ok((opened, response, ticket)) => Ok((turn, opened, response, ticket)),
            Err(error) => Err((turn, error)),
        }
    }

    async fn attempts<H: Host>(&self, host: &H, turn: &mut Turn, listener: Listener<'_>) -> Result<(Opened, H::Response, Option<Ticket>)> {
        loop {
            if let Some(error) = turn.failure.take() {
                self.recover(host, turn, error, listener).await?;
            }
            if let Some(found) = self.recall(host, turn, Mode::Stream).await {
                return self.opened_tape(host, turn, found).await;
            }
            let mut warnings = Vec::new();
            match self.send(host, turn, Mode::Stream, &mut warnings).await {
                Ok((response, ticket)) => {
                    let opened = self.opened(host, turn, &ticket, warnings).await?;
                    return Ok((opened, response, Some(ticket)));
                }
                Err(error) => turn.failure = Some(error),
            }
        }
    }

    /// How the response of an attempt is to be read.
    async fn opened<H: Host>(&self, host: &H, turn: &Turn, ticket: &Ticket, warnings: Vec<Warning>) -> Result<Opened> {
        let target = self.target(host, &turn.request)?;
        let mut answer = Answer::new(&target.provider.name, target.model, true);
        answer.warnings = warnings;
        // It was asked for when the call began: whoever answers takes longer, but for the first time.
        self.ready_catalogue(host).await;
        self.present(host, &target, &turn.request, ticket.counted, &mut answer);
        answer.hold(ticket.hold.clone());
        let timeout = self.timeout(target.provider, &turn.request.timeout);
        let goes_on = self.options.fallback.mid_stream && !turn.route.left.is_empty();
        Ok(Opened { speaker: (target.provider.row, target.dialect()), answer, timeout, goes_on, is_tape: false })
    }

    /// A read of a stream has ended its attempt: see [`Engine::settle`].
    pub fn settle_stream<H: Host>(&self, host: &H, stream: &mut OpenStream, ticket: Ticket, result: &Result<Progress>) {
        let spent = stream.spent();
        let failure = result.as_ref().err().map(|error| &**error).or(stream.failure());
        let outcome = match failure {
            Some(error) => Outcome::Failed(error, stream.has_started().then_some(&spent)),
            None => Outcome::Answered(&spent),
        };
        let another_key = self.settle(host, ticket, &outcome);
        stream.note_another_key(another_key);
    }

    fn timeout(&self, provider: &ProviderOptions, own: &TimeoutOptions) -> TimeoutOptions {
        own.over(&provider.timeout.over(&self.options.timeout))
    }

    /// How many keys a provider has.
    fn keys_of(&self, provider: Option<&str>) -> usize {
        provider.and_then(|name| self.pool(name, |pool| pool.health().len())).unwrap_or(0)
    }

    /// One cheap authenticated call that tells what is wrong.
    pub async fn check<H: Host>(&self, host: &H, provider: &str) -> Check {
        let started = host.now();
        let result = self.list_once(host, provider).await;
        let latency_ms = host.now() - started;
        match result {
            Ok(models) => Check { ok: true, models: Some(models.len()), latency_ms, error: None },
            Err(error) => Check { ok: false, models: None, latency_ms, error: Some(error) },
        }
    }

    /// Says to an answer how it is to be read. Where structured output comes as a tool's arguments, the
    /// reader sees text.
    fn present<H: Host>(&self, host: &H, target: &Target<'_>, request: &ChatRequest, counted: Option<TokenCount>, answer: &mut Answer) {
        if request.caller.is_some() {
            answer.tell_parts();
        }
        if request.output.is_some() && target.dialect().output_by_tool(target, request) {
            answer.present_as_text(Some(output::TOOL));
        }
        let known = self.info(host, target.provider, target.model);
        if !answer.is_from_cache() && host.catalogue().is_none() && known.as_ref().is_none_or(|known| known.price.is_none()) {
            let message = "the catalogue of models could not be loaded, so that the cost is unknown".to_owned();
            answer.warnings.push(Warning { code: "no-catalogue", message, setting: None });
        }
        answer.priced(known, counted.map_or_else(|| input_tokens(request).ceil() as u64, |count| count.input_tokens));
        // What was counted with a tokenizer is answered while that is loaded.
        answer.count_with(counted.map(|_| self.output_counter(host, target.provider, target.model)));
    }

    /// Who is asked, without the key.
    fn target<'a, H: Host>(&'a self, host: &H, request: &'a ChatRequest) -> Result<Target<'a>> {
        let (provider, model) = self.named(request.model.as_deref())?;
        let api = providers::api_for(provider, model, request);
        Ok(Target { provider, model, api, key: None, in_page: host.in_page() })
    }

    fn named<'a>(&'a self, name: Option<&'a str>) -> Result<(&'a ProviderOptions, &'a str)> {
        let name = name.unwrap_or_default();
        match name.split_once('/') {
            Some((provider, model)) if !provider.is_empty() && !model.is_empty() => Ok((self.provider(provider)?, model)),
            _ => {
                let message = if name.is_empty() {
                    "model is required: the request names none and the client has no defaultModel".to_owned()
                } else {
                    format!(
                        "model is \"{name}\"; it must be \"provider/model\", such as \"openai/gpt-6-luna\", or a name from the client's models"
                    )
                };
                Err(Error::new(ErrorKind::InvalidRequest, message))
            }
        }
    }

    fn provider(&self, name: &str) -> Result<&ProviderOptions> {
        self.options.providers.iter().find(|provider| provider.name == name).ok_or_else(|| {
            let known = listed(self.options.providers.iter().map(|provider| provider.name.as_str()));
            let known = if known.is_empty() { "none" } else { &known };
            Error::new(ErrorKind::Config, format!("there is no provider \"{name}\" in this client (configured: {known})"))
        })
    }
}
