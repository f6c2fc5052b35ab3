//! OpenAI's Chat Completions, as spoken by OpenAI itself and by every server compatible with it.
//!
//! One format, many accents: what a server leaves out, adds or says twice is handled where it is
//! read. A field of an odd type is an absent one (openai-compatible.md §1.9–10); only what is not
//! JSON at all is an error. [`super::azure`] speaks the same with another URL and another header.
//! The Responses API is another format and not here.

mod embed;
pub(super) mod error;
mod listed;
mod messages;
pub(super) mod models;
pub(super) mod output;
mod reasoning;
mod request;
pub(super) mod response;
mod sampling;
mod service;
pub(super) mod settings;
mod stream;
mod tool_calls;
pub(super) mod tools;

use super::*;
use crate::chat::{Message, UserPart};
use crate::http::join;

pub(super) use embed::embed_body;
use models::Need;
pub use models::Sampling;
pub(super) use request::{Wire, encode};
pub(super) use service::address;

/// OpenAI and the servers compatible with it.
pub struct OpenAiChat;

/// The format that OpenAI's models need for a request: audio goes in through Chat alone, so that a
/// model which speaks both is asked there.
pub fn api_for(model: &str, request: &ChatRequest) -> Api {
    match models::Family::of(model).map(|family| family.responses) {
        Some(Need::Always) => Api::Responses,
        Some(Need::WithTools) if !request.tools.is_empty() && !has_audio(request) => Api::Responses,
        _ => Api::Chat,
    }
}

fn has_audio(request: &ChatRequest) -> bool {
    request.messages.iter().any(|message| match message {
        Message::User { content, .. } | Message::Tool { content, .. } => content.iter().any(|part| matches!(part, UserPart::Audio { .. })),
        _ => false,
    })
}

impl Dialect for OpenAiChat {
    fn rules(&self, target: &Target<'_>) -> Rules {
        target.provider.row.quirks.rules
    }

    fn chat_request(&self, target: &Target<'_>, request: &ChatRequest, mode: Mode, warnings: &mut Vec<Warning>) -> Result<HttpRequest> {
        let wire = Wire { model: target.model, quirks: target.provider.row.quirks };
        let body = encode(target, request, mode, &wire, warnings)?;
        let mut http = HttpRequest::post_json(join(&target.provider.base_url, "chat/completions"), body);
        authorize(&mut http, target);
        apply_headers(&mut http, target, Some(request));
        Ok(http)
    }

    fn chat_response(&self, row: &'static Row, body: &[u8], answer: &mut Answer) -> Result<()> {
        response::decode(row, body, answer)
    }

    fn prefills(&self, target: &Target<'_>) -> bool {
        target.provider.row.quirks.prefill.is_some()
    }

    fn stream_decoder(&self, row: &'static Row) -> Box<dyn StreamDecoder> {
        Box::new(stream::Decoder::new(row))
    }

    fn error(&self, head: &ResponseHead, body: &[u8]) -> Box<Error> {
        error::of_response(head, body)
    }

    fn output_by_tool(&self, target: &Target<'_>, request: &ChatRequest) -> bool {
        target.provider.row.quirks.output == Output::Tool && output::by_tool(request)
    }
}

pub(super) fn authorize(http: &mut HttpRequest, target: &Target<'_>) {
    http.secret("authorization", "Bearer ", target.key);
    for (name, value) in [("openai-organization", &target.provider.organization), ("openai-project", &target.provider.project)] {
        if let Some(value) = value {
            http.header(name, value.as_str());
        }
    }
}

/// Whether a word is one of those in a list with spaces between them. A list is one string because
/// a slice of them costs eight bytes a word beside the words.
fn is_among(word: &str, words: &str) -> bool {
    words.split(' ').any(|known| known == word)
}

/// The first that is there.
fn either<'j, 'a>(first: &'j Json<'a>, second: &'j Json<'a>) -> &'j Json<'a> {
    if first.is_null() { second } else { first }
}

/// Whether a tool's text says itself that the tool failed. Neither format has a field for it, so
/// that another text gets an "Error: " in front: a model that is not told takes the message of a
/// failure for the tool's result.
pub(super) fn tells_of_failure(text: &str) -> bool {
    text.trim_start().get(..5).is_some_and(|head| head.eq_ignore_ascii_case("error"))
}
