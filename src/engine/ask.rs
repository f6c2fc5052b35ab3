//! A question besides chat, and its whole answer: a list of models, embeddings, a count.

use super::Engine;
use super::limits::{Amount, Ask};
use super::money::Tags;
use super::send::read_all;
use super::within::in_time;
use crate::call::{Call, is_html, not_the_api};
use crate::error::{Error, ErrorKind, Result};
use crate::host::{Host, Told};
use crate::http::HttpRequest;
use crate::json::Json;
use crate::options::ProviderOptions;
use crate::policy::retry::{Moment, RetryOptions, Verdict};
use crate::policy::timeout::{Timeout, TimeoutOptions};
use crate::providers::{Api, Service, Target};
use crate::secret::Secret;
use crate::telemetry;

/// Who is asked and as whom, and what has been tried.
pub struct Inquiry<'a, H> {
    engine: &'a Engine,
    host: &'a H,
    provider: &'a ProviderOptions,
    model: &'a str,
    key: (usize, Option<Secret>),
    call: Call,
    retry: RetryOptions,
    /// Whether it makes something that is made once and billed once: it asks again only where the server said that it did nothing.
    /// Whatever else goes wrong leaves open whether it was made.
    pub(super) creates: bool,
    /// What each request takes of the limits.
    amount: Amount,
    /// Whether the log is told of it, and with which tags.
    told: Option<&'a Tags>,
}

impl<'a, H: Host> Inquiry<'a, H> {
    /// Fetches the key.
    pub async fn begin(engine: &'a Engine, host: &'a H, provider: &'a ProviderOptions, model: &'a str) -> Result<Self> {
        let call = engine.call(host);
        call.may_take(engine.timeout(provider, &TimeoutOptions::default()).of(Timeout::Total));
        call.target(&provider.name, model, host.now());
        let key = match engine.key_of(host, provider).await {
            Ok(key) => key,
            Err(error) => return Err(call.failed(error, host.now())),
        };
        let retry = engine.retry_options(Some(&provider.name), &RetryOptions::default());
        Ok(Self {
            engine,
            host,
            provider,
            model,
            key,
            call,
            retry,
            creates: false,
            amount: Amount { requests: 1.0, ..Amount::default() },
            told: None,
        })
    }

    /// Asks once and no more: what is wrong is the answer.
    pub fn once(mut self) -> Self {
        self.retry = RetryOptions { max_attempts: Some(1), ..RetryOptions::default() };
        self
    }

    /// How many tokens each request has, about.
    pub fn of_tokens(mut self, tokens: f64) -> Self {
        self.amount.input_tokens = tokens;
        self
    }

    /// Makes it one request of a call for embeddings, which is told in the log with these tags.
    pub fn part_of(mut self, call: &Call, tags: &'a Tags) -> Self {
        self.call.part_of(call);
        self.told = Some(tags);
        self
    }

    /// Who is asked: the configured name, and what it offers besides chat.
    pub fn provider(&self) -> (&'a str, &'static dyn Service) {
        (&self.provider.name, self.provider.row.kind.service())
    }

    /// Where its requests go.
    pub fn target(&self) -> Target<'_> {
        Target { provider: self.provider, model: self.model, api: Api::Chat, key: self.key.1.as_ref(), in_page: self.host.in_page() }
    }

    /// Sends a request until it succeeds or nothing can be done, and has the body of its success read.
    pub async fn send(&mut self, mut request: HttpRequest, read: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()> {
        let (mut attempt, mut keys_tried) = (0, 0);
        loop {
            attempt += 1;
            let (host, call) = (self.host, self.call.clone());
            let sent = in_time(host, &call, Box::pin(self.try_send(&request, read))).await;
            let Err(error) = sent else { return Ok(()) };
            let another_key = self.note(&error);
            let error = self.failed(error);
            if another_key && keys_tried < self.engine.keys_of(Some(&self.provider.name)) {
                keys_tried += 1;
                self.tell_retry();
                self.call.target(&self.provider.name, self.model, self.host.now());
                self.key = self.engine.key_of(self.host, self.provider).await.map_err(|error| self.failed(error))?;
                request.rekey(self.key.1.as_ref());
                continue;
            }
            let delay_ms =
                self.delay(&error, attempt - keys_tried as u32)?.filter(|_| self.engine.retries.borrow_mut().spend(self.host.now()));
            let Some(delay_ms) = delay_ms else { return Err(error) };
            self.tell_retry();
            self.host.sleep(delay_ms).await;
            self.call.waited(delay_ms);
        }
    }

    /// Asks once, and gives a success to be read by the caller.
    pub async fn open(&mut self, request: &HttpRequest) -> Result<H::Response> {
        let Self { engine, host, provider, call, .. } = self;
        call.target(&provider.name, self.model, host.now());
        call.key(self.key.0, self.key.1.as_ref(), provider, &[]);
        let timeout = engine.timeout(provider, &TimeoutOptions::default());
        let opened = engine.perform(*host, call, provider, provider.row.kind.dialect(Api::Chat), request, &timeout).await;
        opened.map_err(|error| {
            self.note(&error);
            self.failed(error)
        })
    }

    fn delay(&self, error: &Error, attempt: u32) -> Result<Option<f64>> {
        if self.creates && !did_nothing(error) {
            return Ok(None);
        }
        let now = self.host.now();
        let moment = Moment {
            attempt,
            elapsed_ms: self.call.elapsed_ms(now),
            left_ms: self.call.deadline().map(|deadline| deadline - now),
            random: self.host.random(),
        };
        let said = match self.retry.when {
            Some(when) => super::read_said(&self.host.when(when, error, &Json::from(u64::from(attempt)))?)?,
            None => None,
        };
        let verdict = self.retry.verdict(error, &moment, said);
        Ok(if let Verdict::Again(delay_ms) = verdict { Some(delay_ms) } else { None })
    }

    async fn try_send(&mut self, request: &HttpRequest, read: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()> {
        let Self { engine, host, provider, call, .. } = self;
        call.target(&provider.name, self.model, host.now());
        call.key(self.key.0, self.key.1.as_ref(), provider, &[]);
        let began = host.now();
        let name = format!("{}/{}", provider.name, self.model);
        // A list of models is of no model: it is no chat, and the limits are for those.
        let mut permit = match self.model {
            "" => None,
            _ => Some(
                engine.gate.acquire(*host, &Ask { key: &name, amount: self.amount, priority: 0.0, max_wait_ms: None, runs: true }).await?,
            ),
        };
        call.waited(host.now() - began);
        // Errors look alike in both of OpenAI's formats.
        let dialect = provider.row.kind.dialect(Api::Chat);
        let timeout = engine.timeout(provider, &TimeoutOptions::default());
        if let Some(tags) = self.told.filter(|_| host.listens()) {
            let record = telemetry::attempt(("embed", false), call, &name, (provider.row, &request.url), tags, host.now());
            host.tell(Told::Request, &record.finish());
        }
        let result = async {
            let mut response = engine.perform(*host, call, provider, dialect, request, &timeout).await?;
            let body = read_all(*host, &mut response, &timeout).await?;
            if is_html(&body) { Err(not_the_api(&body)) } else { read(&body) }
        }
        .await;
        if let Some(permit) = &mut permit {
            permit.settle(*host, result.is_err().then_some(0), Some(0));
        }
        if result.is_ok() {
            engine.pool(&provider.name, |pool| pool.succeeded(self.key.0));
        }
        result
    }

    fn tell_retry(&self) {
        let Some(tags) = self.told.filter(|_| self.host.listens()) else { return };
        let Some(attempt) = self.call.last_attempt() else { return };
        let name = self.call.asked();
        self.host.tell(Told::Retry, &telemetry::failed(Told::Retry, &self.call, &name, tags, &attempt, self.host.now()));
    }

    fn note(&self, error: &Error) -> bool {
        self.engine.pool(&self.provider.name, |pool| pool.failed(self.key.0, error, self.host.now())).unwrap_or(false)
    }

    /// An error with what is known of the question.
    pub fn failed(&self, error: Box<Error>) -> Box<Error> {
        self.call.failed(error, self.host.now())
    }
}

/// Whether a server that failed so has not begun.
pub fn did_nothing(error: &Error) -> bool {
    matches!(error.kind, ErrorKind::RateLimit | ErrorKind::Overloaded)
}

/// An error about a question of which no single request is to blame.
pub fn about(mut error: Box<Error>, provider: &ProviderOptions, model: &str) -> Box<Error> {
    error.provider = Some(provider.name.clone());
    error.model = Some(model.to_owned());
    error
}

/// What the provider's row does not offer.
pub fn not_offered(provider: &ProviderOptions, model: &str, what: &str) -> Box<Error> {
    about(Error::new(ErrorKind::Unsupported, format!("{} has no {what}", provider.name)), provider, model)
}
