//! What OpenAI and its likes offer besides chat: where it is, and the counting of tokens.

use super::{OpenAiChat, authorize, embed, listed, response};
use crate::chat::ChatRequest;
use crate::embed::{EmbedRequest, Vectors};
use crate::error::{Error, Result};
use crate::http::{HttpRequest, Method, join};
use crate::json::{Json, body_text};
use crate::providers::{self, Api, Mode, Page, Question, Service, Target, apply_headers, count};

/// The fields of a Responses request that the endpoint which counts takes too (openai.md §1). The
/// others do not change the count.
static COUNTED: [&str; 12] = [
    "model",
    "input",
    "instructions",
    "tools",
    "tool_choice",
    "text",
    "reasoning",
    "conversation",
    "previous_response_id",
    "parallel_tool_calls",
    "truncation",
    "personality",
];

impl Service for OpenAiChat {
    fn models_request(&self, target: &Target<'_>, _: &str) -> HttpRequest {
        addressed(HttpRequest::new(Method::Get, join(&target.provider.base_url, "models")), target)
    }

    fn models_page(&self, body: &[u8]) -> Result<Page> {
        listed::page(body)
    }

    fn embed_request(&self, target: &Target<'_>, request: &EmbedRequest, texts: &[String]) -> Result<HttpRequest> {
        let body = embed::embed_body(target, target.model, request, texts)?;
        Ok(addressed(HttpRequest::post_json(join(&target.provider.base_url, "embeddings"), body), target))
    }

    fn embed_response(&self, body: &[u8], vectors: &mut Vectors) -> Result<()> {
        embed::read(body, vectors)
    }

    /// Only the Responses API counts: a request that would be sent to the other is counted as if it
    /// were sent there.
    fn count_question(&self, target: &Target<'_>, request: &ChatRequest) -> Result<Question> {
        let target = Target { api: Api::Responses, ..*target };
        // What is dropped or repaired is told when the request is sent.
        let mut http = providers::chat_request(&target, request, Mode::Whole, &mut Vec::new())?;
        let text = body_text(&http.body);
        let mut counted = Json::object();
        let body = Json::parse(&text)?;
        for field in COUNTED {
            counted.set_some(field, body.get(field).clone());
        }
        http.body = counted.to_text().into_bytes();
        http.url = join(&target.provider.base_url, "responses/input_tokens");
        Ok(Question { requests: vec![http], margin: 0, percent: 0 })
    }

    fn count_answer(&self, body: &[u8]) -> Result<u64> {
        let text = body_text(body);
        count(response::parse(&text)?.get("input_tokens"))
            .ok_or_else(|| Error::malformed("the answer has no \"input_tokens\"").with_body(body))
    }
}

/// A request to any path of the API.
pub fn address(target: &Target<'_>, method: Method, path: &str) -> HttpRequest {
    addressed(HttpRequest::new(method, join(&target.provider.base_url, path)), target)
}

fn addressed(mut http: HttpRequest, target: &Target<'_>) -> HttpRequest {
    authorize(&mut http, target);
    apply_headers(&mut http, target, None);
    http
}
