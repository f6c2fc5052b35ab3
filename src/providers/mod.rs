//! Wire formats: what a [`Dialect`] is; [`PROVIDERS`], the table with one row a provider, is in
//! `rows`.
//!
//! A dialect is a pure translation: a request in, an [`HttpRequest`] out; bytes in, calls on an
//! [`Answer`] out. It holds no state, performs nothing, and is the only place that knows its
//! provider's JSON. Differences between servers of one dialect are fields of their rows.

pub mod anthropic;
pub mod azure;
pub mod batch;
pub mod cohere;
pub mod openai_chat;
pub mod openai_face;
pub mod openai_responses;
mod rows;
mod service;

use crate::answer::Answer;
use crate::chat::{ChatRequest, Warning};
use crate::error::{Error, Result};
use crate::http::{HttpRequest, ResponseHead};
use crate::json::Json;
use crate::options::ProviderOptions;
use crate::policy::history::{self, Rules};
use crate::policy::seam;
use crate::scan::{Found, Member};
use crate::secret::Secret;
use crate::sse::{Flow, SseEvent};

pub use rows::{Forcing, Output, PROVIDERS, Quirks, Row, Sources, Switch, row, row_of_kind};
pub use service::{Embeddings, Offers, Page, Question, Service};

/// Where one request goes, and as whom.
#[derive(Debug)]
pub struct Target<'a> {
    /// The provider as configured; its `row` says what the server is.
    pub provider: &'a ProviderOptions,
    /// The model, without the provider's name.
    pub model: &'a str,
    /// Which of OpenAI's two formats is spoken, where there is a choice.
    pub api: Api,
    /// The API key, or Azure's Entra token when `token` is set there.
    pub key: Option<&'a Secret>,
    /// Sent from a web page (or a worker of one): some providers want to be told.
    pub in_page: bool,
}

impl Target<'_> {
    /// The wire format spoken there.
    pub fn dialect(&self) -> &'static dyn Dialect {
        self.provider.row.kind.dialect(self.api)
    }
}

/// The contract's `api`: which of OpenAI's formats.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the contract's own values")]
pub enum Api {
    #[default]
    Chat,
    Responses,
}

/// Which format a request is sent in: the one that the provider's options name, else the one that
/// the model needs for it.
pub fn api_for(provider: &ProviderOptions, model: &str, request: &ChatRequest) -> Api {
    match (provider.api, provider.row.kind) {
        (Some(api), _) => api,
        (None, Kind::OpenAi) => openai_chat::api_for(model, request),
        (None, Kind::Azure) => azure::api_for(provider, model, request),
        (None, _) => Api::Chat,
    }
}

/// Encodes a request, its history repaired for the target.
pub fn chat_request(target: &Target<'_>, request: &ChatRequest, mode: Mode, warnings: &mut Vec<Warning>) -> Result<HttpRequest> {
    let dialect = target.dialect();
    let repaired = repaired(target, request, warnings);
    dialect.chat_request(target, &repaired, mode, warnings)
}

/// The request that has a target go on behind what another one said: see [`seam::continuation`].
pub fn continuation(target: &Target<'_>, request: &ChatRequest, said: &str) -> ChatRequest {
    seam::continuation(request, said, target.dialect().prefills(target))
}

/// The request as its target takes it: see [`history::repair`].
pub fn repaired(target: &Target<'_>, request: &ChatRequest, warnings: &mut Vec<Warning>) -> ChatRequest {
    history::repair(request, &target.dialect().rules(target), &target.provider.name, target.model, warnings)
}

/// Whole answer or stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the two words say it")]
pub enum Mode {
    Whole,
    Stream,
}

/// One wire format.
pub trait Dialect: Sync {
    /// What the format (and this row and model) refuses in a history.
    fn rules(&self, target: &Target<'_>) -> Rules;

    /// The request for `POST …/chat`, of a request that was [`repaired`]. Settings that the provider
    /// cannot take are dropped or clamped with a warning; what changes the meaning of the answer is
    /// an error of kind "unsupported".
    fn chat_request(&self, target: &Target<'_>, request: &ChatRequest, mode: Mode, warnings: &mut Vec<Warning>) -> Result<HttpRequest>;

    /// Reads the body of a 2xx answer that is not a stream. An error member in it is an error.
    fn chat_response(&self, row: &'static Row, body: &[u8], answer: &mut Answer) -> Result<()>;

    /// A reader for the events of one stream.
    fn stream_decoder(&self, row: &'static Row) -> Box<dyn StreamDecoder>;

    /// What a response that is not 2xx means.
    fn error(&self, head: &ResponseHead, body: &[u8]) -> Box<Error>;

    /// True when the provider would refuse or time out a whole answer this long, so that `chat()`
    /// streams inside.
    fn must_stream(&self, _target: &Target<'_>, _request: &ChatRequest) -> bool {
        false
    }

    /// Whether the target goes on with a last message of the assistant's, as if it had begun it itself.
    fn prefills(&self, _target: &Target<'_>) -> bool {
        false
    }

    /// Whether structured output is asked for by a call of the tool [`crate::policy::output::TOOL`]:
    /// its arguments are then the answer's text.
    fn output_by_tool(&self, _target: &Target<'_>, _request: &ChatRequest) -> bool {
        false
    }
}

/// Reads one stream.
pub trait StreamDecoder {
    /// The frame of this wire's deltas, for the hot path.
    fn shape(&self) -> &'static [Member] {
        &[]
    }

    /// An event of that shape: tells the answer what [`StreamDecoder::push`] would. False: nothing has happened, and it is for `push`.
    fn delta(&mut self, _event: &Found<'_>, _answer: &mut Answer) -> bool {
        false
    }

    /// One event. `Done` at the provider's terminator.
    fn push(&mut self, event: &SseEvent<'_>, answer: &mut Answer) -> Result<Flow>;

    /// The body ended without a `Done`: an error of kind "truncated", unless what was read is whole
    /// by this provider's rules.
    fn finish(&mut self, answer: &mut Answer) -> Result<()>;
}

/// The contract's kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the contract's own values")]
pub enum Kind {
    OpenAi,
    Anthropic,
    Azure,
    Cohere,
    OpenAiCompatible,
}

impl Kind {
    /// Of the contract's word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::OpenAi, Self::Anthropic, Self::Azure, Self::Cohere, Self::OpenAiCompatible].into_iter().find(|kind| kind.word() == word)
    }

    /// The contract's word.
    pub fn word(self) -> &'static str {
        match self {
            Self::OpenAi => "openai",
            Self::Anthropic => "anthropic",
            Self::Azure => "azure",
            Self::Cohere => "cohere",
            Self::OpenAiCompatible => "openai-compatible",
        }
    }

    /// The wire format. `api` matters to OpenAI's alone.
    pub fn dialect(self, api: Api) -> &'static dyn Dialect {
        match (self, api) {
            (Self::OpenAi | Self::OpenAiCompatible, Api::Chat) => &openai_chat::OpenAiChat,
            (Self::OpenAi | Self::OpenAiCompatible, Api::Responses) => &openai_responses::OpenAiResponses,
            (Self::Azure, Api::Chat) => &azure::Azure,
            (Self::Azure, Api::Responses) => &azure::AzureResponses,
            (Self::Anthropic, _) => &anthropic::Anthropic,
            (Self::Cohere, _) => &cohere::Cohere,
        }
    }

    /// What is asked besides chat, in the provider's words.
    pub fn service(self) -> &'static dyn Service {
        match self {
            Self::OpenAi | Self::OpenAiCompatible => &openai_chat::OpenAiChat,
            Self::Azure => &azure::Azure,
            Self::Anthropic => &anthropic::Anthropic,
            Self::Cohere => &cohere::Cohere,
        }
    }
}

/// Lays the caller's `providerOptions` for this provider over an encoded body: looked up by the
/// configured name first, then by kind. Top-level members replace; `null` removes.
pub fn apply_provider_options<'a>(body: &mut Json<'a>, target: &Target<'_>, request: &'a ChatRequest) {
    for name in [target.provider.row.kind.word(), target.provider.name.as_str()] {
        let given = request.provider_options.iter().filter(|(key, _)| key == name);
        for (key, value) in given.flat_map(|(_, extra)| extra.members()) {
            if value.is_null() {
                body.remove(key);
            } else {
                body.set(key.as_ref(), value.clone());
            }
        }
    }
}

/// Adds the provider's and the request's own headers, the request's last: they win.
pub fn apply_headers(http: &mut HttpRequest, target: &Target<'_>, request: Option<&ChatRequest>) {
    for (name, value) in target.provider.headers.iter().chain(request.iter().flat_map(|request| &request.headers)) {
        http.header(name, value.clone());
    }
}

/// A count of tokens: rounded when it is a float (Cohere's), unknown when it is anything but a
/// number, negative, or so large that sums of it would overflow.
pub fn count(value: &Json<'_>) -> Option<u64> {
    value.u64().filter(|count| *count <= 1 << 53)
}
