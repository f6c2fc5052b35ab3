//! Azure OpenAI: OpenAI's two dialects with another URL and another header.
//!
//! Two surfaces. *Classic*: the deployment stands in the URL and a dated `api-version` behind it.
//! *v1*: OpenAI's own path, with the deployment as the body's `model`. Which one is meant is read
//! from the base URL first and from `apiVersion` second (azure-openai.md §1).

use super::openai_chat::{self, OpenAiChat, Wire};
use super::openai_responses::{self, OpenAiResponses};
use super::*;
use crate::embed::{EmbedRequest, Vectors};
use crate::http::{Method, join, percent_encode};
use crate::text::{contains, split_once};

/// Azure OpenAI and Foundry.
pub struct Azure;

impl Dialect for Azure {
    fn rules(&self, target: &Target<'_>) -> Rules {
        OpenAiChat.rules(target)
    }

    fn chat_request(&self, target: &Target<'_>, request: &ChatRequest, mode: Mode, warnings: &mut Vec<Warning>) -> Result<HttpRequest> {
        let surface = Surface::of(target.provider);
        let deployment = deployment(target);
        let mut quirks = target.provider.row.quirks;
        if surface.is_older_than(COMPLETION_TOKENS_SINCE) {
            quirks.max_completion_tokens = false;
            quirks.stream_usage = false;
        }
        if surface.is_older_than(SCHEMAS_SINCE) {
            quirks.output = Output::Tool;
        }
        let body = openai_chat::encode(target, request, mode, &Wire { model: deployment, quirks }, warnings)?;
        let mut http = HttpRequest::post_json(surface.url_of(deployment, "chat/completions"), body);
        authorize(&mut http, target);
        apply_headers(&mut http, target, Some(request));
        Ok(http)
    }

    fn chat_response(&self, row: &'static Row, body: &[u8], answer: &mut Answer) -> Result<()> {
        OpenAiChat.chat_response(row, body, answer)
    }

    fn stream_decoder(&self, row: &'static Row) -> Box<dyn StreamDecoder> {
        OpenAiChat.stream_decoder(row)
    }

    fn error(&self, head: &ResponseHead, body: &[u8]) -> Box<Error> {
        OpenAiChat.error(head, body)
    }

    fn output_by_tool(&self, target: &Target<'_>, request: &ChatRequest) -> bool {
        Surface::of(target.provider).is_older_than(SCHEMAS_SINCE) && openai_chat::output::by_tool(request)
    }
}

impl Service for Azure {
    /// The resource's base models: Azure lists deployments in its management API only.
    fn models_request(&self, target: &Target<'_>, _: &str) -> HttpRequest {
        address(target, Method::Get, "models")
    }

    fn models_page(&self, body: &[u8]) -> Result<Page> {
        OpenAiChat.models_page(body)
    }

    fn embed_request(&self, target: &Target<'_>, request: &EmbedRequest, texts: &[String]) -> Result<HttpRequest> {
        let deployment = deployment(target);
        let body = openai_chat::embed_body(target, deployment, request, texts)?;
        let mut http = HttpRequest::post_json(Surface::of(target.provider).url_of(deployment, "embeddings"), body);
        authorize(&mut http, target);
        apply_headers(&mut http, target, None);
        Ok(http)
    }

    fn embed_response(&self, body: &[u8], vectors: &mut Vectors) -> Result<()> {
        OpenAiChat.embed_response(body, vectors)
    }

    /// Not asked for: its row has no `token_count`.
    fn count_question(&self, target: &Target<'_>, request: &ChatRequest) -> Result<Question> {
        OpenAiChat.count_question(target, request)
    }

    fn count_answer(&self, body: &[u8]) -> Result<u64> {
        OpenAiChat.count_answer(body)
    }
}

/// The Responses API on Azure.
pub struct AzureResponses;

impl Dialect for AzureResponses {
    fn rules(&self, target: &Target<'_>) -> Rules {
        OpenAiResponses.rules(target)
    }

    fn chat_request(&self, target: &Target<'_>, request: &ChatRequest, mode: Mode, warnings: &mut Vec<Warning>) -> Result<HttpRequest> {
        let surface = Surface::of(target.provider);
        let body = openai_responses::encode(target, request, mode, surface.deployment(target), warnings)?;
        let mut http = HttpRequest::post_json(surface.responses_url(), body);
        authorize(&mut http, target);
        apply_headers(&mut http, target, Some(request));
        Ok(http)
    }

    fn chat_response(&self, row: &'static Row, body: &[u8], answer: &mut Answer) -> Result<()> {
        OpenAiResponses.chat_response(row, body, answer)
    }

    fn stream_decoder(&self, row: &'static Row) -> Box<dyn StreamDecoder> {
        OpenAiResponses.stream_decoder(row)
    }

    fn error(&self, head: &ResponseHead, body: &[u8]) -> Box<Error> {
        OpenAiResponses.error(head, body)
    }
}

/// The first classic version that knows `max_completion_tokens` and `stream_options`; an older one
/// answers either with a 400.
const COMPLETION_TOKENS_SINCE: &str = "2024-09-01";

/// The first classic version that has the Responses API (azure-openai.md §1).
const RESPONSES_SINCE: &str = "2025-03-01";

/// The format that a model needs for a request, of those that the surface has: a classic client
/// whose version is from before the Responses API goes on with Chat.
pub fn api_for(provider: &ProviderOptions, model: &str, request: &ChatRequest) -> Api {
    if Surface::of(provider).is_older_than(RESPONSES_SINCE) { Api::Chat } else { openai_chat::api_for(model, request) }
}

/// The first that knows `response_format` with a schema.
const SCHEMAS_SINCE: &str = "2024-08-01";

/// One credential: Azure refuses a request that carries both.
fn authorize(http: &mut HttpRequest, target: &Target<'_>) {
    if target.provider.uses_token {
        http.secret("authorization", "Bearer ", target.key);
    } else {
        http.secret("api-key", "", target.key);
    }
}

/// A request to a path of the resource's, and of no deployment's.
pub(super) fn address(target: &Target<'_>, method: Method, path: &str) -> HttpRequest {
    let surface = Surface::of(target.provider);
    let mut http = HttpRequest::new(method, surface.url(surface.resource().0, path));
    authorize(&mut http, target);
    apply_headers(&mut http, target, None);
    http
}

/// The name that stands for a model on this resource.
fn deployment<'a>(target: &Target<'a>) -> &'a str {
    let known = target.provider.deployments.iter().find(|(model, _)| model == target.model);
    known.map_or(target.model, |(_, deployment)| deployment)
}

/// A surface and where it is.
struct Surface<'a> {
    style: Style,
    /// The base URL through its `/openai`, its `/openai/v1` or its deployment, without a query…
    root: &'a str,
    /// …or up to here, where it has none of them.
    behind: &'static str,
    /// The base URL's own query string.
    query: &'a str,
    version: Option<&'a str>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    V1,
    Classic,
    /// Classic, with the deployment already in the base URL.
    Deployment,
}

impl<'a> Surface<'a> {
    fn of(provider: &'a ProviderOptions) -> Self {
        let (path, query) = provider.base_url.split_once('?').unwrap_or((&provider.base_url, ""));
        // Azure's portal shows a deployment's whole address, and that is what gets pasted.
        let path = path.trim_end_matches('/');
        let path = ["/chat/completions", "/responses", "/embeddings"].iter().find_map(|end| path.strip_suffix(end)).unwrap_or(path);
        let root = path.strip_suffix("/openai").unwrap_or(path);
        let version = version_in(query).or(provider.api_version.as_deref());
        let (style, root, behind) = if contains(path, "/openai/v1") {
            (Style::V1, path, "")
        } else if contains(path, "/deployments/") {
            (Style::Deployment, path, "")
        } else if matches!(version, None | Some("v1" | "preview" | "latest")) {
            (Style::V1, root, "/openai/v1")
        } else {
            (Style::Classic, root, "/openai")
        };
        Self { style, root, behind, query, version }
    }

    /// Of something that a deployment does.
    fn url_of(&self, deployment: &str, operation: &str) -> String {
        let mut path = String::new();
        if self.style == Style::Classic {
            path.push_str("deployments/");
            path.push_str(&percent_encode(deployment));
            path.push('/');
        }
        path.push_str(operation);
        self.url(self.root, &path)
    }

    fn responses_url(&self) -> String {
        self.url(self.resource().0, "responses")
    }

    /// What the Responses API wants in the body, also where the base URL names a deployment.
    fn deployment<'n>(&'n self, target: &Target<'n>) -> &'n str {
        let (_, behind) = self.resource();
        if behind.is_empty() { deployment(target) } else { behind.split('/').next().unwrap_or(behind) }
    }

    /// The root without a deployment, and the deployment.
    fn resource(&self) -> (&str, &str) {
        split_once(self.root, "/deployments/").filter(|_| self.style == Style::Deployment).unwrap_or((self.root, ""))
    }

    fn url(&self, root: &str, path: &str) -> String {
        let mut base = String::from(root);
        base.push_str(self.behind);
        base.push('?');
        base.push_str(self.query);
        if let Some(version) = self.version.filter(|_| version_in(self.query).is_none()) {
            base.push_str(if self.query.is_empty() { "api-version=" } else { "&api-version=" });
            base.push_str(&percent_encode(version));
        }
        join(&base, path)
    }

    /// Versions begin with their date. Without one, the surface is as new as can be.
    fn is_older_than(&self, date: &str) -> bool {
        let dated = self.style != Style::V1;
        dated && self.version.is_some_and(|version| version.starts_with("20") && version.get(..10).is_some_and(|day| day < date))
    }
}

fn version_in(query: &str) -> Option<&str> {
    query.split('&').find_map(|pair| pair.strip_prefix("api-version="))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object;
    use crate::options::ClientOptions;

    #[test]
    fn models_are_listed_by_the_surface_and_not_by_the_deployment() {
        let cases = [
            (object! { "endpoint": "https://r.example" }, "https://r.example/openai/v1/models"),
            (
                object! { "endpoint": "https://r.example/openai", "apiVersion": "latest" },
                "https://r.example/openai/v1/models?api-version=latest",
            ),
            (
                object! { "endpoint": "https://r.example", "apiVersion": "2024-10-21" },
                "https://r.example/openai/models?api-version=2024-10-21",
            ),
            (
                object! { "baseURL": "https://r.example/openai/deployments/d?api-version=2024-10-21" },
                "https://r.example/openai/models?api-version=2024-10-21",
            ),
        ];
        for (options, expected) in cases {
            let client = ClientOptions::read(object! { "providers": object! { "azure": options } }).unwrap();
            let target = Target { provider: &client.providers[0], model: "", api: Api::Chat, key: Some(&Secret::new("k")), in_page: false };
            let http = Azure.models_request(&target, "");
            assert_eq!((http.method, http.url.as_str()), (Method::Get, expected));
            assert_eq!(format!("{:?}", http.headers), r#"[("api-key", "***")]"#);
        }
    }
}
