//! Anthropic's Messages API (`POST /v1/messages`), and the servers that speak it.
//!
//! Here: where requests go and as whom, and how long an answer may be asked for whole. The rest is
//! one file a section: `abilities` (what differs between models); `request` with `messages`, `media`,
//! `tools` and `output`; `response` with its blocks and usage; `stream`; `error`.

mod abilities;
mod error;
mod media;
mod messages;
mod output;
mod request;
mod response;
mod service;
mod stream;
mod tools;

use super::{Dialect, Mode, Row, StreamDecoder, Target, apply_headers};
use crate::answer::Answer;
use crate::chat::{ChatRequest, Warning};
use crate::error::{Error, Result};
use crate::http::{self, HttpRequest, ResponseHead};
use crate::policy::history::{Blank, Names, ReasoningRule, Rules, SystemTurns};

/// The Messages API.
#[derive(Debug)]
pub struct Anthropic;

/// The version that is spoken unless the provider's options name another. It has no sampling
/// settings; `2023-06-01` still has them, for the models that take them.
const LATEST_VERSION: &str = "2026-10-21";

/// Above this many output tokens a whole answer may take longer than ten minutes, by Anthropic's own
/// estimate of an hour for 128,000: connections do not live that long, so the answer is streamed.
const LONGEST_WHOLE_ANSWER: u64 = 21_333;

/// Of tools (anthropic.md §6).
const NAMES: Names = Names { allowed: |c| c.is_ascii_alphanumeric() || c == '_' || c == '-', longest: 128, exact: false };

impl Dialect for Anthropic {
    fn rules(&self, target: &Target<'_>) -> Rules {
        let abilities = abilities::Abilities::of(target.model);
        Rules {
            system: if abilities.system_turns { SystemTurns::BetweenTurns } else { SystemTurns::FrontOnly },
            // `messages` joins them: results and the user's words are one turn in any case.
            alternates: false,
            user_first: true,
            user_last: !abilities.prefill,
            blank: Blank::WhiteSpace,
            // Of any length (anthropic.md §4).
            ids: Names { longest: usize::MAX, ..NAMES },
            // The documents give 64 and 128: a name of an old history is cut at what both allow.
            tool_names: Some(Names { longest: 64, ..NAMES }),
            user_names: None,
            reasoning: ReasoningRule::SignedByModel,
            media_in_results: true,
        }
    }

    fn chat_request(&self, target: &Target<'_>, request: &ChatRequest, mode: Mode, warnings: &mut Vec<Warning>) -> Result<HttpRequest> {
        let body = request::body(target, request, mode, warnings)?;
        let http = HttpRequest::post_json(url(target, "v1/messages"), body.to_text().into_bytes());
        Ok(addressed(http, target, Some(request)))
    }

    fn chat_response(&self, _: &'static Row, body: &[u8], answer: &mut Answer) -> Result<()> {
        response::read(body, answer)
    }

    fn stream_decoder(&self, _: &'static Row) -> Box<dyn StreamDecoder> {
        Box::<stream::Decoder>::default()
    }

    fn error(&self, head: &ResponseHead, body: &[u8]) -> Box<Error> {
        error::of_response(head, body)
    }

    fn prefills(&self, target: &Target<'_>) -> bool {
        !self.rules(target).user_last
    }

    fn output_by_tool(&self, target: &Target<'_>, request: &ChatRequest) -> bool {
        matches!(output::Form::of(request, abilities::Abilities::of(target.model)), output::Form::Tool)
    }

    fn must_stream(&self, target: &Target<'_>, request: &ChatRequest) -> bool {
        request::max_tokens(target, request) > LONGEST_WHOLE_ANSWER
    }
}

/// The base URL is Anthropic's SDK's, without `/v1`; proxies often give theirs with it.
fn url(target: &Target<'_>, path: &str) -> String {
    let base = target.provider.base_url.as_str();
    let (head, query) = base.split_once('?').unwrap_or((base, ""));
    let head = head.trim_end_matches('/');
    let mut base = head.strip_suffix("/v1").unwrap_or(head).to_owned();
    if !query.is_empty() {
        base.push('?');
        base.push_str(query);
    }
    http::join(&base, path)
}

/// A request to any path of the API.
pub(super) fn address(target: &Target<'_>, method: http::Method, path: &str) -> HttpRequest {
    addressed(HttpRequest::new(method, url(target, path)), target, None)
}

fn version<'a>(target: &Target<'a>) -> &'a str {
    target.provider.version.as_deref().unwrap_or(LATEST_VERSION)
}

/// The request with all its headers, the caller's last.
fn addressed(mut http: HttpRequest, target: &Target<'_>, request: Option<&ChatRequest>) -> HttpRequest {
    http.secret("x-api-key", "", target.key);
    http.header("anthropic-version", version(target));
    let mut beta = String::new();
    for name in &target.provider.beta {
        if !beta.is_empty() {
            beta.push(',');
        }
        beta.push_str(name);
    }
    if !beta.is_empty() {
        http.header("anthropic-beta", beta);
    }
    if target.in_page {
        // Without it the API answers no browser. Elsewhere it would only widen what is sent.
        http.header("anthropic-dangerous-direct-browser-access", "true");
    }
    apply_headers(&mut http, target, request);
    http
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Json;
    use crate::object;
    use crate::options::ClientOptions;
    use crate::policy::output::TOOL;
    use crate::providers::Api;
    use crate::secret::Secret;

    fn with_target<T>(model: &str, base: &str, check: impl FnOnce(&Target<'_>) -> T) -> T {
        let provider = object! { "apiKey": true, "baseURL": base.to_owned() };
        let options = object! { "providers": object! { "anthropic": provider } };
        let options = ClientOptions::read(options).unwrap();
        check(&Target { provider: &options.providers[0], model, api: Api::Chat, key: Some(&Secret::new("key")), in_page: false })
    }

    #[test]
    fn an_answer_that_takes_longer_than_a_connection_lives_is_streamed() {
        let table = [
            ("claude-opus-5", Some(21_333), false),
            ("claude-opus-5", Some(21_334), true),
            ("claude-opus-5", None, true),
            ("other", None, false),
        ];
        for (model, max_tokens, expected) in table {
            let request = ChatRequest { max_tokens, ..Default::default() };
            let streams = with_target(model, "https://api.anthropic.com", |target| Anthropic.must_stream(target, &request));
            assert_eq!(streams, expected, "{model} {max_tokens:?}");
        }
    }

    #[test]
    fn the_answer_is_read_from_a_tool_just_where_that_tool_is_sent() {
        let closed = r#"{ "type": "object", "properties": {}, "additionalProperties": false }"#;
        let open = r#"{ "type": "object", "additionalProperties": { "type": "string" } }"#;
        let mut by_tool = 0;
        for model in ["claude-sonnet-5-5", "claude-opus-5", "claude-opus-4-1", "claude-opus-4-20250514", "glm-5"] {
            for schema in [None, Some(closed), Some(open)] {
                for choice in ["", "auto", "none", "required"] {
                    let mut given = object! { "messages": "Hi", "tools": Json::parse(r#"[{ "name": "f" }]"#).unwrap() };
                    given.set_some("output", schema.map(|schema| Json::parse(schema).unwrap()));
                    given.set_some("toolChoice", Some(choice).filter(|word| !word.is_empty()));
                    let request = ChatRequest::read(given).unwrap();
                    with_target(model, "https://api.anthropic.com", |target| {
                        let Ok(http) = Anthropic.chat_request(target, &request, Mode::Whole, &mut Vec::new()) else { return };
                        let body = String::from_utf8(http.body).unwrap();
                        let sent = Json::parse(&body).unwrap();
                        let is_sent = sent.get("tools").items().iter().any(|tool| tool.get("name").text() == TOOL);
                        assert_eq!(Anthropic.output_by_tool(target, &request), is_sent, "{model} {schema:?} {choice}");
                        by_tool += u32::from(is_sent);
                    });
                }
            }
        }
        assert!(by_tool > 0);
    }
}
