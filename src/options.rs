//! What `createClient` was given, checked: every option is honoured, or refused by name.

mod catalog;
pub mod policies;

use crate::error::Result;
use crate::http;
use crate::input::{Fields, Subject, Value};
use crate::json::{Json, Members};
use crate::models::ModelInfo;
use crate::policy::budget::BudgetOptions;
use crate::policy::cache::CacheOptions;
use crate::policy::fallback::FallbackOptions;
use crate::policy::limit::LimitOptions;
use crate::policy::retry::RetryOptions;
use crate::policy::timeout::TimeoutOptions;
use crate::providers::{self, Api, Kind, Row};
use crate::secret::{Secret, credentials};

/// A client's options.
#[derive(Debug, Default)]
pub struct ClientOptions {
    /// In the caller's order.
    pub providers: Vec<ProviderOptions>,
    /// Used when a request names no model.
    pub default_model: Option<String>,
    /// The caller's own names for models.
    pub models: Vec<(String, Vec<ModelTarget>)>,
    /// For every call.
    pub retry: RetryOptions,
    /// For every call.
    pub timeout: TimeoutOptions,
    /// By provider, model or pattern.
    pub limits: Vec<(String, LimitOptions)>,
    /// For every call with several targets.
    pub fallback: FallbackOptions,
    /// What may be spent.
    pub budgets: Vec<BudgetOptions>,
    /// On every call, under its own.
    pub tags: Vec<(String, String)>,
    /// Which answers are looked up and kept.
    pub cache: CacheOptions,
    /// What the caller says of models.
    pub catalog: Vec<ModelInfo>,
}

/// The contract's `ModelTarget`: what a name stands for.
#[derive(Clone, Debug, Default)]
pub struct ModelTarget {
    /// "provider/model", or another name.
    pub model: String,
    /// Fields of the request that are set for this target.
    pub request: Members<'static>,
    /// Its share where the order is drawn.
    pub weight: Option<f64>,
}

impl ModelTarget {
    /// Of a request's `model`: one, or an ordered list.
    pub fn read_in_request(value: Value) -> Result<Vec<Self>> {
        Self::read_chain(Subject::Request, "model", value)
    }

    fn read_chain(subject: Subject, path: &str, value: Value) -> Result<Vec<Self>> {
        let Json::Array(items) = value else { return Ok(vec![Self::read(subject, path, value)?]) };
        if items.is_empty() {
            return Err(subject.error(format!("{path} must not be empty")));
        }
        let mut chain = Vec::new();
        for (index, item) in items.into_iter().enumerate() {
            chain.push(Self::read(subject, &format!("{path}[{index}]"), item)?);
        }
        Ok(chain)
    }

    fn read(subject: Subject, path: &str, value: Value) -> Result<Self> {
        match value {
            Json::String(model) => Ok(Self { model: model.into_owned(), request: Vec::new(), weight: None }),
            object @ Json::Object(_) => {
                let mut fields = Fields::new(subject, path.to_owned(), object)?;
                let target = Self {
                    model: fields.required_string("model")?,
                    request: fields.object("request")?.unwrap_or_default(),
                    weight: fields.amount("weight", 0)?,
                };
                fields.finish()?;
                for field in ["model", "messages", "signal", "priority", "budget", "cache"] {
                    if target.request.iter().any(|(name, _)| name == field) {
                        return Err(subject.error(format!("{path}.request.{field} cannot be set for a target")));
                    }
                }
                Ok(target)
            }
            other => Err(subject.error(format!("{path} must be a string or {{ model, request, weight }}, not {}", other.type_name()))),
        }
    }
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
    /// Which of OpenAI's two formats; `None`: what the model needs.
    pub api: Option<Api>,
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
    /// For each of its keys, whether a function gives it.
    pub keys: Vec<bool>,
    /// What no error may repeat, besides its keys.
    pub secrets: Vec<Secret>,
    /// Over the client's.
    pub retry: RetryOptions,
    /// Over the client's.
    pub timeout: TimeoutOptions,
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
    ("endpoint", Kind::Azure, "Azure"),
];

impl ClientOptions {
    /// Reads and checks the options (functions already replaced by `true`, keys never included).
    pub fn read(value: Value) -> Result<Self> {
        let mut fields = Fields::new(Subject::Options, String::new(), value)?;
        let mut models = Vec::new();
        for (name, value) in fields.object("models")?.unwrap_or_default() {
            let path = format!("models.{name}");
            models.push((name.into_owned(), ModelTarget::read_chain(Subject::Options, &path, value)?));
        }
        let default_model = fields.string("defaultModel")?;
        let mut list = Vec::new();
        for (name, value) in fields.object("providers")?.unwrap_or_default() {
            list.push(ProviderOptions::read(name.into_owned(), value)?);
        }
        let mut options = Self { providers: list, default_model, models, ..Self::default() };
        options.retry = RetryOptions::read(&mut fields)?;
        options.timeout = TimeoutOptions::read(&mut fields)?;
        options.limits = LimitOptions::read_all(&mut fields)?;
        options.fallback = FallbackOptions::read(&mut fields)?;
        options.budgets = BudgetOptions::read_all(&mut fields)?;
        options.cache = CacheOptions::read(&mut fields)?;
        options.tags = fields.string_map("tags")?;
        options.catalog = ModelInfo::read_all(&mut fields)?;
        fields.finish()?;
        Ok(options)
    }
}

impl ProviderOptions {
    fn read(name: String, value: Value) -> Result<Self> {
        let mut fields = Fields::new(Subject::Options, format!("providers.{name}"), value)?;
        if name.is_empty() || name.contains('/') {
            return Err(fields.complaint("a provider's name must not be empty or contain a slash (models are named \"name/model\")"));
        }
        let row = read_row(&name, &mut fields)?;
        for (field, kind, owner) in OWNED {
            if fields.has(field) && row.kind != *kind {
                return Err(fields.error(field, &format!("is for {owner} only")));
            }
        }
        let api = match fields.string("api")?.as_deref() {
            None => None,
            Some("chat") => Some(Api::Chat),
            Some("responses") if matches!(row.kind, Kind::Anthropic | Kind::Cohere) => {
                return Err(fields.error("api", "\"responses\" is for OpenAI, Azure and compatible servers only"));
            }
            Some("responses") => Some(Api::Responses),
            Some(_) => return Err(fields.error("api", "must be \"chat\" or \"responses\"")),
        };
        // Into one value, field by field: see `ChatRequest::read`.
        let mut options = Self {
            name,
            row,
            base_url: read_base_url(row, &mut fields)?,
            api,
            headers: Vec::new(),
            organization: None,
            project: None,
            version: None,
            beta: Vec::new(),
            api_version: None,
            uses_token: false,
            deployments: Vec::new(),
            origins: Vec::new(),
            keys: Vec::new(),
            secrets: Vec::new(),
            retry: RetryOptions::read(&mut fields)?,
            timeout: TimeoutOptions::read(&mut fields)?,
        };
        options.origins.extend(http::origin(&options.base_url));
        if options.origins.is_empty() {
            return Err(fields.error("baseURL", "must be an http or https URL without a user name or password"));
        }
        for allowed in fields.strings("allowOrigins")? {
            match http::origin(&allowed) {
                Some(origin) => options.origins.push(origin),
                None => return Err(fields.error("allowOrigins", "must hold origins such as https://example.com")),
            }
        }
        options.headers = fields.headers("headers")?;
        credentials(&options.base_url, &options.headers, &mut options.secrets);
        options.organization = fields.filled("organization")?;
        options.project = fields.filled("project")?;
        options.version = fields.filled("version")?;
        options.api_version = fields.filled("apiVersion")?;
        options.beta = fields.strings("beta")?;
        options.deployments = fields.string_map("deployments")?;
        let (token, api_key) = (read_keys("token", &mut fields)?, read_keys("apiKey", &mut fields)?);
        options.uses_token = !token.is_empty();
        if options.uses_token && !api_key.is_empty() {
            return Err(fields.complaint("apiKey and token exclude each other: Azure accepts one credential"));
        }
        options.keys = if options.uses_token { token } else { api_key };
        fields.finish()?;
        Ok(options)
    }
}

/// What stands for a pool of keys: for each, whether a function gives it. `true` is one key.
fn read_keys(field: &'static str, fields: &mut Fields) -> Result<Vec<bool>> {
    match fields.take(field) {
        None => Ok(Vec::new()),
        Some(Json::Bool(given)) => Ok(vec![false; usize::from(given)]),
        Some(Json::Array(keys)) => Ok(keys.iter().map(|lazy| lazy.bool() == Some(true)).collect()),
        Some(other) => Err(fields.wrong_type(field, "a key", &other)),
    }
}

/// By `kind` where it is said; a known name keeps what is known of it.
fn read_row(name: &str, fields: &mut Fields) -> Result<&'static Row> {
    let known = providers::row(name);
    let Some(word) = fields.string("kind")? else {
        return known.ok_or_else(|| fields.error("kind", &format!("is required: \"{name}\" is not a name that is known without one")));
    };
    Kind::parse(&word)
        .and_then(|kind| known.filter(|row| row.kind == kind).or_else(|| providers::row_of_kind(kind)))
        .ok_or_else(|| fields.error("kind", "must be one of openai, anthropic, azure, cohere, openai-compatible"))
}

fn read_base_url(row: &Row, fields: &mut Fields) -> Result<String> {
    let (base, endpoint) = (fields.filled("baseURL")?, fields.filled("endpoint")?);
    if base.is_some() && endpoint.is_some() {
        return Err(fields.complaint("endpoint and baseURL exclude each other"));
    }
    let given = base.or(endpoint);
    let url = given.as_deref().unwrap_or(row.base_url).trim_end_matches('/');
    if url.is_empty() {
        return Err(fields.error(if row.kind == Kind::Azure { "endpoint" } else { "baseURL" }, "is required"));
    }
    Ok(url.to_owned())
}
