//! One attempt: a key, a request, its turn under the limits, a response.

use super::Engine;
use super::cache::broken;
use super::limits::{Amount, Ask, Gate, Permit};
use super::money::Tags;
use super::route::Turn;
use super::try_join::{Work, apart};
use super::within::within;
use std::rc::Rc;

use crate::answer::Spent;
use crate::call::Call;
use crate::chat::{ChatRequest, Warning};
use crate::count::TokenCount;
use crate::error::{Error, ErrorKind, Result};
use crate::host::{Host, HostResponse, Told};
use crate::http::{HttpRequest, ResponseHead, origin};
use crate::open_stream::MAX_BODY_BYTES;
use crate::options::ProviderOptions;
use crate::policy::budget::Hold;
use crate::policy::caller::Caller;
use crate::policy::fallback::cannot;
use crate::policy::timeout::{Timeout, TimeoutOptions};
use crate::providers::{self, Dialect, Mode, Target};
use crate::secret::Secret;
use crate::telemetry;

/// What one attempt holds until it is known how it ended: [`Engine::settle`].
pub struct Ticket {
    permit: Permit,
    /// That of whom the call is for.
    room: Permit,
    provider: String,
    /// "provider/model".
    pub(super) target: String,
    key: usize,
    sent_ms: f64,
    pub(super) call: Call,
    pub(super) tags: Tags,
    /// What its request was counted as, where a tokenizer is loaded.
    pub(super) counted: Option<TokenCount>,
    /// What it may spend, where it is under a budget.
    pub hold: Option<Rc<Hold>>,
}

/// How an attempt ended.
pub enum Outcome<'a> {
    /// With an answer that used so much.
    Answered(&'a Spent),
    /// With an error, and what it had used by then.
    Failed(&'a Error, Option<&'a Spent>),
    /// From this side.
    Stopped(&'a Spent),
}

impl Engine {
    /// Sends a turn's request, once, and gives the response if that is a success.
    pub(super) async fn send<H: Host>(
        &self,
        host: &H,
        turn: &mut Turn,
        mode: Mode,
        warnings: &mut Vec<Warning>,
    ) -> Result<(H::Response, Ticket)> {
        turn.attempt += 1;
        if let Some(message) = turn.cache_trouble.take() {
            warnings.push(broken(message));
        }
        let result = self.try_send(host, turn, mode, warnings).await;
        result.map_err(|error| turn.call.failed(error, host.now()))
    }

    async fn try_send<H: Host>(&self, host: &H, turn: &mut Turn, mode: Mode, warnings: &mut Vec<Warning>) -> Result<(H::Response, Ticket)> {
        let (call, asked) = (turn.call.clone(), turn.request.clone());
        let Target { provider, model, .. } = self.target(host, &asked)?;
        call.target(&provider.name, model, host.now());
        if let Some(refused) = self.own_info(provider, model).and_then(|info| cannot(&asked, &info)) {
            return Err(refused);
        }
        let fitted = self.in_context(host, provider, model, &asked, warnings).await?;
        let request = fitted.map_or_else(|| asked.clone(), Rc::new);
        let (key, secret) = self.key_of(host, provider).await?;
        call.key(key, secret.as_ref(), provider, &request.headers);
        let target = Target { key: secret.as_ref(), ..self.target(host, &request)? };
        let going_on = turn.said.as_ref().map(|said| providers::continuation(&target, &request, said));
        let mut http = providers::chat_request(&target, going_on.as_ref().unwrap_or(&request), mode, warnings)?;
        if let Some(header) = provider.row.idempotency_header.filter(|_| !host.in_page()) {
            http.header(header, call.turn_key(request.messages.len()));
        }
        let name = format!("{}/{model}", provider.name);
        let counted = self.count_if_loaded(host, provider, model, &request).await;
        let hold = self.reserve(host, &call, (provider, model), &request, counted, warnings).await?;
        let (room, permit) = self.room(host, &call, &name, &request, counted).await?;
        let mut ticket = Ticket {
            permit,
            room,
            provider: provider.name.clone(),
            target: name,
            key,
            sent_ms: host.now(),
            tags: self.tags_of(&request.tags),
            call: call.clone(),
            counted,
            hold,
        };
        self.health.borrow_mut().note(&ticket.target).breaker.began(host.now());
        let timeout = self.timeout(provider, &request.timeout);
        if host.listens() {
            let what = ("chat", mode == Mode::Stream);
            let mut record = telemetry::attempt(what, &call, &ticket.target, (provider.row, &http.url), &ticket.tags, host.now());
            record.add("settings", telemetry::settings(&request));
            host.tell(Told::Request, &record.finish());
        }
        match self.perform(host, &call, provider, target.dialect(), &http, &timeout).await {
            Ok(response) => Ok((response, ticket)),
            Err(error) => {
                ticket.sent_ms = call.sent_ms();
                turn.another_key = self.settle(host, ticket, &Outcome::Failed(&error, None));
                Err(error)
            }
        }
    }

    /// Waits for room under the limits, if there are any.
    async fn room<H: Host>(
        &self,
        host: &H,
        call: &Call,
        name: &str,
        request: &ChatRequest,
        counted: Option<TokenCount>,
    ) -> Result<(Permit, Permit)> {
        if !self.gate.is_limited() && request.caller.as_ref().is_none_or(|caller| caller.limits.is_none()) {
            call.admitted();
            return Ok((Permit::default(), Permit::default()));
        }
        host.whole().await?;
        self.room_under_limits(host, call, name, request, counted).await
    }

    /// The same where there are. Boxed, so that it is loaded only then: see [`Host::whole`].
    #[inline(never)]
    fn room_under_limits<'a, H: Host>(
        &'a self,
        host: &'a H,
        call: &'a Call,
        name: &'a str,
        request: &'a ChatRequest,
        counted: Option<TokenCount>,
    ) -> Work<'a, (Permit, Permit)> {
        apart(self.wait_for_room(host, call, name, request, counted))
    }

    async fn wait_for_room<H: Host>(
        &self,
        host: &H,
        call: &Call,
        name: &str,
        request: &ChatRequest,
        counted: Option<TokenCount>,
    ) -> Result<(Permit, Permit)> {
        let began = host.now();
        let mut amount = self.gate.amount(name, request);
        amount.input_tokens = counted.map_or(amount.input_tokens, |count| count.input_tokens as f64);
        let ask = Ask { key: name, amount, priority: request.priority, max_wait_ms: None, runs: true };
        // A call that is tried again is still one request of whom it is for.
        let requests = if call.is_admitted() { 0.0 } else { 1.0 };
        let permits = async {
            let room = self.room_of(host, request.caller.as_deref(), Amount { requests, ..amount }).await?;
            call.admitted();
            Ok((room, self.gate.acquire(host, &ask).await?))
        };
        let permits = permits.await;
        call.waited(host.now() - began);
        permits
    }

    /// Room under the limits of whom a call is for. They are in his store, and a gate by themselves for as long as it takes.
    pub(super) async fn room_of<H: Host>(&self, host: &H, caller: Option<&Caller>, amount: Amount) -> Result<Permit> {
        let Some((caller, limits)) = caller.and_then(|caller| Some((caller, caller.limits.clone()?))) else {
            return Ok(Permit::default());
        };
        let key = caller.limit_key();
        let ask = Ask { key: &key, amount, priority: 0.0, max_wait_ms: None, runs: true };
        let room = Gate::new(vec![(key.clone(), limits)]).acquire(host, &ask).await;
        // He has waited for as long as he may, and no other model is any use.
        room.map_err(|mut error| {
            error.retryable = false;
            error
        })
    }

    /// Sends, and turns everything that is not a 2xx into its error.
    pub(super) async fn perform<H: Host>(
        &self,
        host: &H,
        call: &crate::call::Call,
        provider: &ProviderOptions,
        dialect: &dyn Dialect,
        request: &HttpRequest,
        timeout: &TimeoutOptions,
    ) -> Result<H::Response> {
        request.check_origin(&provider.origins)?;
        call.sent(host.now());
        let late = || timeout.error(Timeout::FirstToken);
        let first_token_ms = timeout.of(Timeout::FirstToken).unwrap_or(f64::INFINITY);
        let mut response = match within(host, first_token_ms, host.fetch(request)).await.ok_or_else(late)? {
            Ok(response) => response,
            Err(reason) => return Err(unreachable_error(&request.url, &reason, host.reaches(&request.url).await)),
        };
        let head = response.head().clone();
        call.answered(&head, provider.row);
        let result = if head.is_success() {
            Ok(response)
        } else if head.status == 0 || (300..400).contains(&head.status) {
            Err(redirect_error(request, &head))
        } else {
            // The status says more than a body that broke off.
            let body = read_all(host, &mut response, timeout).await.unwrap_or_default();
            let mut error = dialect.error(&head, &body);
            error.status = Some(head.status);
            if head.status == 429 {
                error.retry_after_ms = error.retry_after_ms.or_else(|| head.reset_after_ms());
            }
            Err(error)
        };
        // What the headers say is of one key; with several, the others are not to wait for it.
        if self.gate.is_limited() && self.keys_of(Some(&provider.name)) < 2 {
            let hint = result.as_ref().err().and_then(|error| error.retry_after_ms);
            self.gate.learn(host, &call.asked(), &head, hint);
        }
        result
    }

    /// An attempt is over: gives back what it held, and notes what it says of the key and of the target.
    /// True when another key is worth another call at once.
    pub fn settle<H: Host>(&self, host: &H, mut ticket: Ticket, outcome: &Outcome<'_>) -> bool {
        let now = host.now();
        let mut health = self.health.borrow_mut();
        let seen = health.note(&ticket.target);
        let mut keys = self.keys.borrow_mut();
        let pool = keys.iter_mut().find(|(name, _)| *name == ticket.provider).map(|(_, pool)| pool);
        let (usage, another_key) = match outcome {
            Outcome::Answered(usage) => {
                seen.breaker.succeeded();
                if let Some(pool) = pool {
                    pool.succeeded(ticket.key);
                }
                (Some(*usage), false)
            }
            Outcome::Failed(error, usage) => {
                let cooldown_ms = self.options.fallback.cooldown_ms.unwrap_or(COOLDOWN_MS);
                seen.breaker.failed(error, now, cooldown_ms);
                (*usage, pool.is_some_and(|pool| pool.failed(ticket.key, error, now)))
            }
            Outcome::Stopped(usage) => {
                seen.breaker.abandoned();
                (Some(*usage), false)
            }
        };
        drop((health, keys));
        self.bill(host, &ticket, usage);
        // Nobody bills for what was refused.
        let (input, output) = usage.map_or((Some(0), Some(0)), |spent| (spent.usage.input_tokens, spent.usage.output_tokens));
        ticket.permit.settle(host, input, output);
        ticket.room.settle(host, input, output);
        another_key
    }

    /// The first delta of an attempt was seen.
    pub fn began(&self, ticket: &Ticket, now: f64) {
        self.health.borrow_mut().note(&ticket.target).began_after(now - ticket.sent_ms);
    }

    /// The key for one attempt, and its place in the pool; an error when the provider wants one and there
    /// is none.
    pub(super) async fn key_of<H: Host>(&self, host: &H, provider: &ProviderOptions) -> Result<(usize, Option<Secret>)> {
        let index = self.pool(&provider.name, |pool| (!pool.is_empty()).then(|| pool.pick(host.now()))).flatten();
        let key = match index {
            Some(index) => host.key(&provider.name, index).await?.filter(|key| !key.is_empty()),
            None => None,
        };
        if key.is_none() && provider.row.needs_key {
            let field = if provider.uses_token { "token" } else { "apiKey" };
            return Err(Error::new(
                ErrorKind::MissingKey,
                format!(
                    "there is no key for \"{0}\": set providers.{0}.{field} (usually from {1})",
                    provider.name, provider.row.key_variable
                ),
            ));
        }
        Ok((index.unwrap_or(0), key))
    }
}

/// How long a target that failed is left alone (the contract leaves the default open; field.md names 5 to
/// 60 s among the peers).
const COOLDOWN_MS: f64 = 30_000.0;

fn redirect_error(request: &HttpRequest, head: &ResponseHead) -> Box<Error> {
    let place = head.header("location").and_then(origin).map(|origin| format!(" to {origin}")).unwrap_or_default();
    let mut error = Error::new(
        ErrorKind::Config,
        format!(
            "{} answered with a redirect{place}, which is not followed because it would take the key along; set baseURL to the final address",
            origin(&request.url).unwrap_or_default()
        ),
    );
    error.status = (head.status != 0).then_some(head.status);
    error
}

/// A fetch that failed without a response.
fn unreachable_error(url: &str, reason: &str, reaches: Option<bool>) -> Box<Error> {
    let origin = origin(url).unwrap_or_default();
    if reaches == Some(true) {
        return Error::new(
            ErrorKind::Cors,
            format!(
                "{origin} answers, but the browser did not let this page call it ({reason}): the server does not allow this page's origin or a header of the request (CORS), or the page's content security policy forbids it. Call it through a server of yours: modelwire/gateway, or a proxy set as baseURL"
            ),
        );
    }
    Error::new(ErrorKind::Network, format!("{origin} could not be reached: {reason}"))
}

/// A body to its end.
pub(super) async fn read_all<H: Host>(host: &H, response: &mut H::Response, timeout: &TimeoutOptions) -> Result<Vec<u8>> {
    let idle_ms = timeout.of(Timeout::Idle).unwrap_or(f64::INFINITY);
    let mut body = Vec::new();
    loop {
        let piece = within(host, idle_ms, response.chunk()).await;
        match piece.ok_or_else(|| timeout.error(Timeout::Idle))? {
            Ok(None) => return Ok(body),
            Ok(Some(bytes)) if body.len() + bytes.len() > MAX_BODY_BYTES => {
                return Err(Error::malformed(format!("the answer is longer than {MAX_BODY_BYTES} bytes")));
            }
            Ok(Some(bytes)) if body.is_empty() => body = bytes,
            Ok(Some(bytes)) => body.extend_from_slice(&bytes),
            Err(reason) => {
                return Err(Error::new(ErrorKind::Network, format!("the connection broke while the answer was arriving: {reason}")));
            }
        }
    }
}
