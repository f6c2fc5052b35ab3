//! What `createClient` was given, checked: every option is honoured, or refused by name.

use crate::error::{Error, ErrorKind, Result};
use crate::http;
use crate::input::{Fields, Subject, Value};
use crate::providers::{self, Kind, Row};

/// A client's options.
#[derive(Debug)]
pub struct ClientOptions {
    /// In the caller's order.
    pub providers: Vec<ProviderOptions>,
    /// Used when a request names no model.
    pub default_model: Option<String>,
}

/// One provider as configured.
#[derive(Debug)]
pub struct ProviderOptions {
    /// The name used in "name/model".
    pub name: String,
    /// What the server is.
    pub row: &'static Row,
    /// As given, else the row's; no trailing slash. For Azure: `endpoint` or `baseURL`.
    pub base_url: String,
    /// Added to every request.
    pub headers: Vec<(String, String)>,
    /// OpenAI's `OpenAI-Organization`.
    pub organization: Option<String>,
    /// OpenAI's `OpenAI-Project`.
    pub project: Option<String>,
    /// Anthropic's `anthropic-version`.
    pub version: Option<String>,
    /// Anthropic's `anthropic-beta`.
    pub beta: Vec<String>,
    /// Azure's `api-version`.
    pub api_version: Option<String>,
    /// Azure: the key is an Entra bearer token.
    pub uses_token: bool,
    /// Azure: model → deployment.
    pub deployments: Vec<(String, String)>,
    /// Where its key may go: the base URL's origin and those allowed by name.
    pub origins: Vec<String>,
    /// Whether any key was configured.
    pub has_key: bool,
}

/// Options of one kind of provider: field, kind, its name for people.
const OWNED: &[(&str, Kind, &str)] = &[
    ("organization", Kind::OpenAi, "OpenAI"),
    ("project", Kind::OpenAi, "OpenAI"),
    ("version", Kind::Anthropic, "Anthropic"),
    ("beta", Kind::Anthropic, "Anthropic"),
    ("apiVersion", Kind::Azure, "Azure"),
    ("token", Kind::Azure, "Azure"),
    ("deployments", Kind::Azure, "Azure"),
];

const NOT_YET: &str = "is not supported yet";

impl ClientOptions {
    /// Reads and checks the options (functions already replaced by `true`, keys never included).
    pub fn read(value: Value) -> Result<Self> {
        let mut fields = Fields::new(Subject::Options, String::new(), value)?;
        fields.refuse(
            &["models", "retry", "timeout", "limits", "fallback", "cache", "budget", "catalog", "store", "log", "capture", "tags"],
            NOT_YET,
        )?;
        let default_model = fields.string("defaultModel")?;
        let mut list = Vec::new();
        for (name, value) in fields.object("providers")?.unwrap_or_default() {
            list.push(ProviderOptions::read(name.into_owned(), value)?);
        }
        fields.finish()?;
        Ok(Self { providers: list, default_model })
    }
}

impl ProviderOptions {
    fn read(name: String, value: Value) -> Result<Self> {
        let path = format!("providers.{name}");
        let config = |message: String| Error::new(ErrorKind::Config, message);
        if name.is_empty() || name.contains('/') {
            return Err(config(format!(
                "{path}: a provider's name must not be empty or contain a slash (models are named \"name/model\")"
            )));
        }
        let mut fields = Fields::new(Subject::Options, path.clone(), value)?;
        fields.refuse(&["retry", "timeout"], NOT_YET)?;
        let kind = match fields.string("kind")? {
            Some(word) => Some(Kind::parse(&word).ok_or_else(|| {
                config(format!("{path}.kind is \"{word}\"; it must be one of openai, anthropic, azure, cohere, openai-compatible"))
            })?),
            None => None,
        };
        let row = match kind {
            Some(kind) => providers::row(&name).filter(|row| row.kind == kind).or_else(|| providers::row_of_kind(kind)),
            None => providers::row(&name),
        }
        .ok_or_else(|| config(format!("{path} needs a kind: \"{name}\" is not a name that is known without one")))?;

        let (base, endpoint) = (fields.string("baseURL")?, fields.string("endpoint")?);
        let given = match (row.kind, base, endpoint) {
            (Kind::Azure, Some(_), Some(_)) => return Err(config(format!("{path} has both endpoint and baseURL; give one of them"))),
            (Kind::Azure, base, endpoint) => base.or(endpoint),
            (_, _, Some(_)) => return Err(config(format!("{path}.endpoint is for Azure; use baseURL"))),
            (_, base, None) => base,
        };
        let base_url = given.unwrap_or_else(|| row.base_url.to_owned());
        if base_url.is_empty() {
            let field = if row.kind == Kind::Azure { "endpoint" } else { "baseURL" };
            return Err(config(format!("{path}.{field} is required")));
        }
        let own = http::origin(&base_url)
            .ok_or_else(|| config(format!("{path}.baseURL must be an http or https URL without a user name or password")))?;

        match fields.string("api")?.as_deref() {
            None | Some("chat") => {}
            Some("responses") => return Err(Error::new(ErrorKind::Unsupported, format!("{path}.api \"responses\" {NOT_YET}"))),
            Some(other) => return Err(config(format!("{path}.api is \"{other}\"; it must be \"chat\" or \"responses\""))),
        }

        for (field, kind, owner) in OWNED {
            if fields.has(field) && row.kind != *kind {
                return Err(config(format!("{path}.{field} is for {owner} only")));
            }
        }
        let (uses_token, has_api_key) = (fields.flag("token")?, fields.flag("apiKey")?);
        if uses_token && has_api_key {
            return Err(config(format!("{path} has both apiKey and token; give one of them (Azure accepts one credential)")));
        }
        let mut origins = vec![own];
        for allowed in fields.strings("allowOrigins")? {
            origins.push(
                http::origin(&allowed)
                    .ok_or_else(|| config(format!("{path}.allowOrigins: \"{allowed}\" is not an origin such as https://example.com")))?,
            );
        }
        let headers = fields.headers("headers")?;
        let mut text = |field: &'static str| fields.string(field).map(|text| text.filter(|text| !text.is_empty()));
        let (organization, project) = (text("organization")?, text("project")?);
        let (version, api_version) = (text("version")?, text("apiVersion")?);
        let (beta, deployments) = (fields.strings("beta")?, fields.string_map("deployments")?);
        fields.finish()?;
        Ok(Self {
            name,
            row,
            base_url: base_url.trim_end_matches('/').to_owned(),
            headers,
            organization,
            project,
            version,
            beta,
            api_version,
            uses_token,
            deployments,
            origins,
            has_key: uses_token || has_api_key,
        })
    }
}
