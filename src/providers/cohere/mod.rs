//! Cohere's Chat API, version 2 (`POST /v2/chat`).
//!
//! Here: where requests go and as whom. The rest is one file a section: `request`, `response`
//! (with usage and the reason of the end), `stream`, `error`; and `names`, the spelling of
//! tool names that Cohere's grammar has no room for.

mod error;
mod names;
mod request;
mod response;
mod stream;

use serde_json::Value;

use super::{Dialect, Mode, StreamDecoder, Target, apply_headers};
use crate::answer::Answer;
use crate::chat::{ChatRequest, Warning};
use crate::error::{Error, Result};
use crate::http::{self, HttpRequest, Method, ResponseHead};

/// The Chat API, version 2.
#[derive(Debug)]
pub struct Cohere;

/// How a reasoning part remembers its maker.
const KIND: &str = "cohere";

impl Dialect for Cohere {
    fn chat_request(&self, target: &Target<'_>, request: &ChatRequest, mode: Mode, warnings: &mut Vec<Warning>) -> Result<HttpRequest> {
        let body = request::body(target, request, mode, warnings)?;
        let url = http::join(&target.provider.base_url, "v2/chat");
        let mut http = HttpRequest::post_json(url, Value::Object(body).to_string().into_bytes());
        http.secret("authorization", "Bearer ", target.key);
        apply_headers(&mut http, target, Some(request));
        Ok(http)
    }

    fn chat_response(&self, body: &[u8], answer: &mut Answer) -> Result<()> {
        response::read(body, answer)
    }

    fn stream_decoder(&self) -> Box<dyn StreamDecoder> {
        Box::<stream::Decoder>::default()
    }

    fn error(&self, head: &ResponseHead, body: &[u8]) -> Box<Error> {
        error::of_response(head, body)
    }

    fn models_request(&self, target: &Target<'_>) -> Result<HttpRequest> {
        // The list of models is of version 1, and of embedders and rerankers too unless asked otherwise.
        let url = http::join(&target.provider.base_url, "v1/models?page_size=1000&endpoint=chat");
        let mut http = HttpRequest::new(Method::Get, url);
        http.secret("authorization", "Bearer ", target.key);
        apply_headers(&mut http, target, None);
        Ok(http)
    }

    fn models_response(&self, body: &[u8]) -> Result<Vec<String>> {
        let list: Value = serde_json::from_slice(body).unwrap_or_default();
        let Some(models) = list.get("models").and_then(Value::as_array) else {
            return Err(Error::malformed("the list of models has no \"models\"").with_body(body));
        };
        Ok(models.iter().filter_map(|model| model.get("name")?.as_str().map(str::to_owned)).collect())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::options::ClientOptions;
    use crate::secret::Secret;

    #[test]
    fn models_that_chat_are_listed_by_name() {
        let options = ClientOptions::read(json!({ "providers": { "cohere": { "apiKey": true } } })).unwrap();
        let target = Target { provider: &options.providers[0], model: "", key: Some(&Secret::new("key")), in_page: false };
        let request = Cohere.models_request(&target).unwrap();
        assert_eq!(request.url, "https://api.cohere.com/v1/models?page_size=1000&endpoint=chat");
        let names = Cohere.models_response(br#"{"models":[{"name":"command-a-03-2025","endpoints":["chat"]},{}]}"#).unwrap();
        assert_eq!(names, ["command-a-03-2025"]);
        assert!(Cohere.models_response(br#"{"data":[]}"#).is_err());
    }
}
