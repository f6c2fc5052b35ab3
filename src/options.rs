//! What `createClient` was given, checked: every option is honoured, or refused by name.

use serde_json::Value;

use crate::error::{Error, ErrorKind, Result};
use crate::http;
use crate::input::{Fields, Subject};
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
            list.push(ProviderOptions::read(name, value)?);
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

        let only = |fields: &mut Fields, field: &str, allowed: bool, owner: &str| -> Result<Option<String>> {
            let value = fields.string(field)?;
            match value {
                Some(_) if !allowed => Err(config(format!("{path}.{field} is for {owner} only"))),
                value => Ok(value.filter(|text| !text.is_empty())),
            }
        };
        let organization = only(&mut fields, "organization", row.kind == Kind::OpenAi, "OpenAI")?;
        let project = only(&mut fields, "project", row.kind == Kind::OpenAi, "OpenAI")?;
        let version = only(&mut fields, "version", row.kind == Kind::Anthropic, "Anthropic")?;
        let api_version = only(&mut fields, "apiVersion", row.kind == Kind::Azure, "Azure")?;
        let beta = fields.strings("beta")?;
        if !beta.is_empty() && row.kind != Kind::Anthropic {
            return Err(config(format!("{path}.beta is for Anthropic only")));
        }
        let uses_token = fields.flag("token")?;
        if uses_token && row.kind != Kind::Azure {
            return Err(config(format!("{path}.token is for Azure only; use apiKey")));
        }
        let has_api_key = fields.flag("apiKey")?;
        if uses_token && has_api_key {
            return Err(config(format!("{path} has both apiKey and token; give one of them (Azure accepts one credential)")));
        }
        let deployments = fields.string_map("deployments")?;
        if !deployments.is_empty() && row.kind != Kind::Azure {
            return Err(config(format!("{path}.deployments is for Azure only")));
        }
        let mut origins = vec![own];
        for allowed in fields.strings("allowOrigins")? {
            origins.push(
                http::origin(&allowed)
                    .ok_or_else(|| config(format!("{path}.allowOrigins: \"{allowed}\" is not an origin such as https://example.com")))?,
            );
        }
        let headers = fields.headers("headers")?;
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
