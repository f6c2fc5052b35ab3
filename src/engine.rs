//! The order of operations of a call, readable top to bottom.
//!
//! Who is asked, with which key, what is sent, what the answer means. It performs nothing itself (a
//! [`Host`] does) and knows no provider's JSON (a [`Dialect`] does). Called by `web` and by tests.

mod aliases;
mod ask;
mod count;
mod embed;
pub mod limits;
mod lists;
mod tools;
mod try_join;

use crate::answer::Answer;
use crate::call::{Call, is_html, not_the_api};
use crate::chat::{ChatRequest, ChatResponse, FinishReason, Warning};
use crate::error::{Error, ErrorKind, Result};
use crate::host::{Host, HostResponse};
use crate::http::HttpRequest;
use crate::json::{Json, body_text};
use crate::object;
use crate::open_stream::{MAX_BODY_BYTES, OpenStream, Progress, Speaker};
use crate::options::{ClientOptions, ProviderOptions};
use crate::policy::output;
use crate::policy::tools::Rounds;
use crate::providers::{self, Dialect, Mode, Target};
use crate::secret::Secret;
use crate::text::listed;
pub use tools::run_step;
pub use try_join::{Work, try_join};

/// A client's decisions.
#[derive(Debug)]
pub struct Engine {
    options: ClientOptions,
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
    pub fn new(options: ClientOptions) -> Self {
        Self { options }
    }

    /// The whole answer, tools run.
    pub async fn chat<H: Host>(&self, host: &H, request: ChatRequest) -> Result<ChatResponse> {
        let mut call = new_call(host);
        let mut rounds = Rounds::new(request);
        loop {
            let turn = match self.turn(host, &mut call, &rounds.request).await {
                Ok(turn) => turn,
                Err(error) => {
                    let empty = || call.dress(Answer::new("", "", false).response(Some(FinishReason::Other), None), host.now());
                    return Err(rounds.failed(error, empty));
                }
            };
            let Some(steps) = rounds.plan(&turn) else {
                return output::complete(call.dress(rounds.complete(turn), host.now()), &rounds.request);
            };
            let work = steps.iter().map(|step| Box::pin(async { Ok(run_step(host, step).await) }) as Work<'_, _>);
            let outputs = try_join(work.collect()).await?;
            rounds.advance(turn, outputs);
        }
    }

    /// A stream whose head has arrived, and the response that its bytes are to be read from.
    pub async fn open<H: Host>(&self, host: &H, request: ChatRequest) -> Result<(OpenStream, H::Response)> {
        let mut call = new_call(host);
        let (speaker, answer, response) = self.open_turn(host, &mut call, &request).await?;
        Ok((OpenStream::new(speaker, answer, call, Rounds::new(request)), response))
    }

    /// The next turn of a stream ([`OpenStream::advance`]): who answers it, and the response.
    pub async fn open_turn<H: Host>(&self, host: &H, call: &mut Call, request: &ChatRequest) -> Result<(Speaker, Answer, H::Response)> {
        let mut warnings = Vec::new();
        let response = self.send(host, call, request, Mode::Stream, &mut warnings).await?;
        let target = self.target(host, request)?;
        let mut answer = Answer::new(&target.provider.name, target.model, true);
        answer.warnings = warnings;
        present(&target, request, &mut answer);
        Ok(((target.provider.row, target.dialect()), answer, response))
    }

    /// One turn, whole.
    async fn turn<H: Host>(&self, host: &H, call: &mut Call, request: &ChatRequest) -> Result<ChatResponse> {
        let target = self.target(host, request).map_err(|error| call.failed(error, host.now()))?;
        if target.dialect().must_stream(&target, request) {
            return self.turn_by_stream(host, call, request).await;
        }
        let mut warnings = Vec::new();
        let mut response = self.send(host, call, request, Mode::Whole, &mut warnings).await?;
        let result = async {
            let body = read_all(&mut response).await?;
            let mut answer = Answer::new(&target.provider.name, target.model, false);
            answer.warnings = warnings;
            present(&target, request, &mut answer);
            if is_html(&body) {
                return Err(not_the_api(&body));
            }
            target.dialect().chat_response(target.provider.row, &body, &mut answer)?;
            answer.end_tools();
            Ok(answer.response(None, Some(body_text(&body).into_owned())))
        }
        .await;
        match result {
            Ok(turn) => {
                call.succeeded(host.now());
                Ok(turn)
            }
            Err(error) => Err(call.failed(error, host.now())),
        }
    }

    /// A long whole turn that the provider gives only as a stream.
    async fn turn_by_stream<H: Host>(&self, host: &H, call: &mut Call, request: &ChatRequest) -> Result<ChatResponse> {
        let (speaker, answer, mut response) = self.open_turn(host, call, request).await?;
        // Only the turn: its tools are run, and its output is read, by `chat`.
        let alone = ChatRequest { max_tool_rounds: Some(0), ..ChatRequest::default() };
        let mut stream = OpenStream::new(speaker, answer, call.clone(), Rounds::new(alone));
        loop {
            let progress = match response.chunk().await {
                Ok(Some(bytes)) => stream.feed(&bytes, host.now())?,
                Ok(None) => stream.finish(host.now())?,
                Err(reason) => return Err(stream.broke(&reason, host.now())),
            };
            if progress != Progress::More {
                let (turn, so_far) = stream.into_turn();
                *call = so_far;
                return Ok(turn);
            }
            stream.batch().clear();
        }
    }

    /// One cheap authenticated call that tells what is wrong.
    pub async fn check<H: Host>(&self, host: &H, provider: &str) -> Check {
        let started = host.now();
        let result = self.list_models(host, provider).await;
        let latency_ms = host.now() - started;
        match result {
            Ok(models) => Check { ok: true, models: Some(models.len()), latency_ms, error: None },
            Err(error) => Check { ok: false, models: None, latency_ms, error: Some(error) },
        }
    }

    /// Sends a chat request and returns its response if that is a success.
    async fn send<H: Host>(
        &self,
        host: &H,
        call: &mut Call,
        request: &ChatRequest,
        mode: Mode,
        warnings: &mut Vec<Warning>,
    ) -> Result<H::Response> {
        let result = async {
            let Target { provider, model, .. } = self.target(host, request)?;
            call.target(&provider.name, model, None);
            let key = key_of(host, provider).await?;
            call.target(&provider.name, model, key.clone());
            let target = Target { key: key.as_ref(), ..self.target(host, request)? };
            let http = providers::chat_request(&target, request, mode, warnings)?;
            perform(host, call, provider, target.dialect(), &http).await
        }
        .await;
        result.map_err(|error| call.failed(error, host.now()))
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

/// Where structured output comes as a tool's arguments, the reader sees text.
fn present(target: &Target<'_>, request: &ChatRequest, answer: &mut Answer) {
    if request.output.is_some() && target.dialect().output_by_tool(target, request) {
        answer.present_as_text(Some(output::TOOL));
    }
}

fn new_call<H: Host>(host: &H) -> Call {
    let digits = |random: f64| (random * f64::from(u32::MAX)) as u32;
    Call::new(format!("call_{:08x}{:08x}", digits(host.random()), digits(host.random())), host.now())
}

/// The key for one attempt; an error when the provider wants one and there is none.
async fn key_of<H: Host>(host: &H, provider: &ProviderOptions) -> Result<Option<Secret>> {
    let key = if provider.has_key { host.key(&provider.name, 0).await?.filter(|key| !key.is_empty()) } else { None };
    if key.is_none() && provider.row.needs_key {
        let field = if provider.uses_token { "token" } else { "apiKey" };
        return Err(Error::new(
            ErrorKind::MissingKey,
            format!("there is no key for \"{0}\": set providers.{0}.{field} (usually from {1})", provider.name, provider.row.key_variable),
        ));
    }
    Ok(key)
}

/// One attempt: sends, and turns everything that is not a 2xx into its error.
async fn perform<H: Host>(
    host: &H,
    call: &mut Call,
    provider: &ProviderOptions,
    dialect: &dyn Dialect,
    request: &HttpRequest,
) -> Result<H::Response> {
    request.check_origin(&provider.origins)?;
    call.sent(host.now());
    let mut response = match host.fetch(request).await {
        Ok(response) => response,
        Err(reason) => return Err(unreachable_error(&request.url, &reason, host.reaches(&request.url).await)),
    };
    let head = response.head().clone();
    call.answered(&head, provider.row);
    if head.is_success() {
        return Ok(response);
    }
    if head.status == 0 || (300..400).contains(&head.status) {
        return Err(redirect_error(request, &head));
    }
    // The status says more than a body that broke off.
    let body = read_all(&mut response).await.unwrap_or_default();
    let mut error = dialect.error(&head, &body);
    error.status = Some(head.status);
    Err(error)
}

fn redirect_error(request: &HttpRequest, head: &crate::http::ResponseHead) -> Box<Error> {
    let place = head.header("location").and_then(crate::http::origin).map(|origin| format!(" to {origin}")).unwrap_or_default();
    let mut error = Error::new(
        ErrorKind::Config,
        format!(
            "{} answered with a redirect{place}, which is not followed because it would take the key along; set baseURL to the final address",
            crate::http::origin(&request.url).unwrap_or_default()
        ),
    );
    error.status = (head.status != 0).then_some(head.status);
    error
}

/// A fetch that failed without a response.
fn unreachable_error(url: &str, reason: &str, reaches: Option<bool>) -> Box<Error> {
    let origin = crate::http::origin(url).unwrap_or_default();
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

async fn read_all<R: HostResponse>(response: &mut R) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
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
