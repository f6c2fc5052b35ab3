//! Which answers are looked up and kept, and by what they are known.
//!
//! Where they are kept, for how long, and who waits for whom is the host's affair: see
//! [`Host::recall`](crate::host::Host::recall).

use crate::chat::{ChatRequest, ChatResponse, FinishReason};
use crate::error::Result;
use crate::http::HttpRequest;
use crate::input::Fields;
use crate::json::{Json, body_text};
use crate::object;
use crate::policy::output;

/// What an answer is kept as. Another number, and older ones are not found any more: to be raised when
/// [`crate::tape`] or what a request is known by changes its meaning.
pub const VERSION: u64 = 1;

/// The longest that the tags of an answer may be together: they stand in keys, which some stores bound.
const MOST_TAG_BYTES: usize = 200;

/// A client's `cache`, as far as it decides: where and for how long is the host's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CacheOptions {
    /// Whether calls use it that do not say.
    pub on: bool,
    /// Whether answers are kept that another try would give differently.
    pub sampled: bool,
}

impl Default for CacheOptions {
    fn default() -> Self {
        Self { on: false, sampled: true }
    }
}

impl CacheOptions {
    /// The member `cache` of a client's options: an object, or `false`.
    pub fn read(fields: &mut Fields) -> Result<Self> {
        let value = match fields.take("cache") {
            None | Some(Json::Bool(false)) => return Ok(Self::default()),
            Some(value) => value,
        };
        let mut fields = fields.inner("cache", value)?;
        let sampled = fields.boolean("sampled")?.unwrap_or(true);
        // What the host goes by is checked here, so that every complaint names its field.
        fields.filled("name")?;
        fields.amount("ttlSeconds", 0)?;
        fields.whole("maxBytes", 1)?;
        fields.whole("maxEntries", 1)?;
        if let Some(other) = fields.string("replay")?.filter(|word| word != "instant" && word != "paced") {
            return Err(fields.error("replay", &format!("is \"{other}\"; it must be instant or paced")));
        }
        fields.finish()?;
        Ok(Self { on: true, sampled })
    }
}

/// A request's `cache`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CacheChoice {
    /// `None`: what the client says.
    pub on: Option<bool>,
    /// For this answer, over the client's.
    pub ttl_seconds: Option<f64>,
    /// Not looked up, and kept anew.
    pub refresh: bool,
    /// In place of what is worked out of the request.
    pub key: Option<String>,
    /// By which it can be cleared.
    pub tags: Vec<String>,
}

impl CacheChoice {
    /// The member `cache` of a request: `true`, `false` or an object.
    pub fn read(fields: &mut Fields) -> Result<Self> {
        let value = match fields.take("cache") {
            None => return Ok(Self::default()),
            Some(Json::Bool(on)) => return Ok(Self { on: Some(on), ..Self::default() }),
            Some(value) => value,
        };
        let mut fields = fields.inner("cache", value)?;
        let choice = Self {
            on: Some(true),
            ttl_seconds: fields.amount("ttlSeconds", 0)?,
            refresh: fields.flag("refresh")?,
            key: fields.filled("key")?,
            tags: fields.strings("tags")?,
        };
        if choice.tags.iter().map(|tag| tag.len() + 1).sum::<usize>() > MOST_TAG_BYTES {
            return Err(fields.error("tags", &format!("must have no more than {MOST_TAG_BYTES} bytes together")));
        }
        fields.finish()?;
        Ok(choice)
    }
}

/// Whether a request's answer is looked up and kept.
pub fn is_cached(options: &CacheOptions, request: &ChatRequest) -> bool {
    // What is not said is the provider's default, which is above 0 everywhere.
    let is_sampled = request.temperature != Some(0.0);
    request.cache.on.unwrap_or(options.on) && (options.sampled || !is_sampled)
}

/// Whether an answer is kept: it ended as the model meant it to, and is what was asked for. One that was cut short
/// would be cut short for as long as it is kept.
pub fn is_kept(response: &ChatResponse, request: &ChatRequest) -> bool {
    let ended = matches!(response.finish_reason, FinishReason::Stop | FinishReason::ToolCalls);
    ended && output::complete(response.clone(), request).is_ok()
}

/// What a request is known by: all that its provider is told, and whom it asks. No header, and so no key; nor the URL, which is
/// in the digest but is not kept: some proxies have a secret in it. The host makes it canonical (RFC 8785): numbers are written
/// there as JavaScript writes them.
pub fn material(provider: &str, http: &HttpRequest) -> Json<'static> {
    let body = Json::Raw(body_text(&http.body).into_owned().into());
    object! { "version": VERSION, "provider": provider.to_owned(), "body": body }
}
