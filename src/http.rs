//! Requests and response heads as values, and the reading of `Retry-After`.
//!
//! Nothing here performs a request. A [`HeaderValue::Secret`] is opened by the host alone, and
//! [`HttpRequest::check_origin`] is asked before it is: a key goes to its provider's origin or
//! nowhere.

mod rate_limit;

use std::fmt;

use crate::error::{Error, ErrorKind, Result};
use crate::json::Json;
use crate::secret::Secret;
use crate::text::split_once;
pub use rate_limit::{RateLimits, duration_ms};

/// `GET` or `POST`: nothing else is ever sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "HTTP's own words")]
pub enum Method {
    Get,
    Post,
}

/// A header's value; a secret one prints as `***`.
#[derive(Clone, PartialEq)]
pub enum HeaderValue {
    /// May be logged.
    Plain(String),
    /// A prefix such as `"Bearer "`, and the key.
    Secret(&'static str, Secret),
}

impl fmt::Debug for HeaderValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(text) => text.fmt(f),
            Self::Secret(prefix, _) => write!(f, "\"{prefix}***\""),
        }
    }
}

/// One request, complete but for being sent.
#[derive(Clone, Debug)]
pub struct HttpRequest {
    /// The method.
    pub method: Method,
    /// Absolute.
    pub url: String,
    /// Lower-case names; a later entry of the same name replaces an earlier one.
    pub headers: Vec<(String, HeaderValue)>,
    /// JSON, or empty for GET.
    pub body: Vec<u8>,
    /// What stands at the host for the body, where that is too large to be held here.
    pub file: Option<u64>,
}

impl HttpRequest {
    /// A request without headers.
    pub fn new(method: Method, url: String) -> Self {
        Self { method, url, headers: Vec::new(), body: Vec::new(), file: None }
    }

    /// A POST of JSON.
    pub fn post_json(url: String, body: Vec<u8>) -> Self {
        let mut request = Self::new(Method::Post, url);
        request.body = body;
        request.header("content-type", "application/json");
        request
    }

    /// Sets a header, replacing one of the same name (names compare without case).
    pub fn header(&mut self, name: &str, value: impl Into<String>) {
        self.set(name, HeaderValue::Plain(value.into()));
    }

    /// Sets a header that carries a key. An empty key sets nothing: servers without keys refuse
    /// an empty `Authorization`.
    pub fn secret(&mut self, name: &str, prefix: &'static str, key: Option<&Secret>) {
        if let Some(key) = key.filter(|key| !key.is_empty()) {
            self.set(name, HeaderValue::Secret(prefix, key.clone()));
        }
    }

    /// Puts another key in the place of the one that it carries.
    pub fn rekey(&mut self, key: Option<&Secret>) {
        for (_, value) in &mut self.headers {
            if let (HeaderValue::Secret(_, old), Some(key)) = (value, key) {
                *old = key.clone();
            }
        }
    }

    fn set(&mut self, name: &str, value: HeaderValue) {
        let name = name.to_ascii_lowercase();
        match self.headers.iter_mut().find(|(known, _)| *known == name) {
            Some((_, slot)) => *slot = value,
            None => self.headers.push((name, value)),
        }
    }

    /// Refuses to let a key leave for an origin that is neither the provider's own nor allowed by
    /// name. `allowed` holds origins (`https://api.openai.com`).
    pub fn check_origin(&self, allowed: &[String]) -> Result<()> {
        let carries_key = self.headers.iter().any(|(_, value)| matches!(value, HeaderValue::Secret(..)));
        match origin(&self.url) {
            Some(origin) if !carries_key || allowed.contains(&origin) => Ok(()),
            Some(origin) => Err(Error::new(
                ErrorKind::Config,
                format!("the key was not sent: {origin} is neither the origin of this provider's baseURL nor listed in allowOrigins"),
            )),
            None => Err(Error::new(ErrorKind::Config, format!("{} is not an http or https URL", self.url))),
        }
    }
}

/// Scheme, host and port of a URL, in lower case; `None` when it is not http(s), or carries a user
/// name or password (which would end up in logs and is refused by `fetch`).
pub fn origin(url: &str) -> Option<String> {
    let (scheme, rest) = split_once(url, "://")?;
    let scheme = scheme.to_ascii_lowercase();
    let default_port = match scheme.as_str() {
        "http" => ":80",
        "https" => ":443",
        _ => return None,
    };
    let host = rest.split(['/', '?', '#', '\\']).next().unwrap_or("").to_ascii_lowercase();
    if host.is_empty() || host.contains('@') || host.contains(char::is_whitespace) {
        return None;
    }
    let host = host.strip_suffix(default_port).unwrap_or(&host);
    Some(format!("{scheme}://{host}"))
}

/// The head of a response.
#[derive(Clone, Debug, Default)]
pub struct ResponseHead {
    /// 100 to 599; 0 for the opaque redirect that browsers give instead of a 3xx.
    pub status: u16,
    /// Lower-case names. In a page, only those that the server exposes.
    pub headers: Vec<(String, String)>,
    /// When it arrived, in milliseconds since 1970: `Retry-After` may be a date.
    pub received_at_ms: f64,
}

impl ResponseHead {
    /// A header's value, by lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Whether the status is 2xx.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Whether the body is JSON rather than a stream of events.
    pub fn is_json(&self) -> bool {
        self.header("content-type").is_some_and(|kind| {
            let kind = kind.trim_start();
            kind.starts_with("application/json") || kind.starts_with("application/problem+json")
        })
    }

    /// How long the provider asks to wait, in milliseconds: `retry-after-ms`, else `retry-after`
    /// as seconds or as an HTTP date (RFC 9110 §10.2.3). Nonsense and the past are no hint.
    pub fn retry_after_ms(&self) -> Option<u64> {
        let whole = |ms: f64| (ms.is_finite() && ms >= 0.0).then_some(ms.ceil() as u64);
        if let Some(ms) = self.header("retry-after-ms").and_then(decimal).and_then(whole) {
            return Some(ms);
        }
        let text = self.header("retry-after")?.trim();
        match decimal(text) {
            Some(seconds) => whole(seconds * 1000.0),
            None => whole(http_date_ms(text)? - self.received_at_ms),
        }
    }
}

/// A plain decimal number.
fn decimal(text: &str) -> Option<f64> {
    Json::parse(text).ok()?.f64()
}

/// `Sun, 06 Nov 1994 08:49:37 GMT` in milliseconds since 1970. The two obsolete forms of RFC 9110
/// are not sent by any provider.
fn http_date_ms(text: &str) -> Option<f64> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let mut words = split_once(text, ", ")?.1.split(' ');
    let day: i64 = words.next()?.parse().ok()?;
    let month = words.next()?;
    let month = MONTHS.iter().position(|name| *name == month)? as i64 + 1;
    let year: i64 = words.next()?.parse().ok()?;
    let mut clock = words.next()?.split(':').map(|part| part.parse::<i64>().ok());
    let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next()??);
    Some(((days_from_civil(year, month, day) * 24 + hour) * 60 + minute) as f64 * 60_000.0 + second as f64 * 1000.0)
}

/// Days since 1970-01-01 of a Gregorian date. March is the first month of the computational year,
/// so that the leap day is its last.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// `2026-11-23T20:48:01.000Z` of milliseconds since 1970: the contract's form of an instant.
pub fn iso_time(ms: f64) -> String {
    let ms = if ms.is_finite() { ms as i64 } else { 0 };
    let days = ms.div_euclid(86_400_000);
    let clock = ms.rem_euclid(86_400_000);
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let parts = [
        (year, 4, "-"),
        (month, 2, "-"),
        (day, 2, "T"),
        (clock / 3_600_000, 2, ":"),
        (clock / 60_000 % 60, 2, ":"),
        (clock / 1000 % 60, 2, "."),
        (clock % 1000, 3, "Z"),
    ];
    // By hand: the formatter takes as long as the rest of a log's record.
    let mut out = String::with_capacity(24);
    for (value, places, end) in parts {
        for place in (0..places).rev() {
            out.push(char::from(b'0' + (value / 10_i64.pow(place) % 10) as u8));
        }
        out.push_str(end);
    }
    out
}

/// Percent-encodes one path segment or query value, leaving only RFC 3986's unreserved characters.
pub fn percent_encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(byte as char);
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// Puts a path behind a base URL: one slash between them, the base's query string kept behind.
pub fn join(base: &str, path: &str) -> String {
    let base = base.split('#').next().unwrap_or(base);
    let (base, query) = base.split_once('?').map_or((base, ""), |(base, query)| (base, query));
    let mut url = format!("{}/{}", base.trim_end_matches('/'), path.trim_start_matches('/'));
    if !query.is_empty() {
        url.push(if url.contains('?') { '&' } else { '?' });
        url.push_str(query);
    }
    url
}
