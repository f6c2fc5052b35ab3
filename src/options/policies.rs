//! The options of policies, where they stand: in a client's options, a provider's, a request.

use crate::error::{Error, ErrorKind, Result};
use crate::input::{Fields, Value};
use crate::json::Json;
use crate::policy::budget::{BudgetOptions, Per};
use crate::policy::caller::Caller;
use crate::policy::fallback::{FallbackOptions, Order};
use crate::policy::limit::{LimitOptions, Scope};
use crate::policy::retry::RetryOptions;
use crate::policy::timeout::TimeoutOptions;

impl RetryOptions {
    /// The member `retry`: an object, or `false` for a single attempt.
    pub fn read(fields: &mut Fields) -> Result<Self> {
        match fields.take("retry") {
            None => Ok(Self::default()),
            Some(Json::Bool(false)) => Ok(Self { max_attempts: Some(1), ..Self::default() }),
            Some(value) => {
                let mut fields = fields.inner("retry", value)?;
                let options = Self::read_members(&mut fields)?;
                fields.finish()?;
                Ok(options)
            }
        }
    }

    /// The members by themselves.
    pub fn read_members(fields: &mut Fields) -> Result<Self> {
        Ok(Self {
            max_attempts: fields.whole("maxAttempts", 1)?.map(|count| count.min(i64::from(u32::MAX)) as u32),
            base_delay_ms: fields.amount("baseDelayMs", 0)?,
            max_delay_ms: fields.amount("maxDelayMs", 0)?,
            factor: fields.amount("factor", 1)?,
            jitter: fields.boolean("jitter")?,
            max_total_ms: fields.amount("maxTotalMs", 0)?,
            when: handle(fields, "when")?,
        })
    }
}

impl TimeoutOptions {
    /// The member `timeout`.
    pub fn read(fields: &mut Fields) -> Result<Self> {
        let Some(value) = fields.take("timeout") else { return Ok(Self::default()) };
        let mut fields = fields.inner("timeout", value)?;
        let options = Self {
            total_ms: fields.amount("totalMs", 1)?,
            first_token_ms: fields.amount("firstTokenMs", 1)?,
            idle_ms: fields.amount("idleMs", 1)?,
        };
        fields.finish()?;
        Ok(options)
    }
}

impl FallbackOptions {
    /// The member `fallback`.
    pub fn read(fields: &mut Fields) -> Result<Self> {
        let Some(value) = fields.take("fallback") else { return Ok(Self::default()) };
        let mut fields = fields.inner("fallback", value)?;
        let options = Self {
            when: handle(&mut fields, "when")?,
            mid_stream: fields.flag("midStream")?,
            order: match fields.string("order")?.as_deref() {
                None | Some("given") => Order::Given,
                Some("cheapest") => Order::Cheapest,
                Some("fastest") => Order::Fastest,
                Some("weighted") => Order::Weighted,
                Some(_) => return Err(fields.error("order", "must be one of given, cheapest, fastest, weighted")),
            },
            cooldown_ms: fields.amount("cooldownMs", 0)?,
        };
        fields.finish()?;
        Ok(options)
    }
}

impl BudgetOptions {
    /// The member `budget`: one, or a list.
    pub fn read_all(fields: &mut Fields) -> Result<Vec<Self>> {
        match fields.take("budget") {
            None => Ok(Vec::new()),
            Some(Json::Array(items)) => {
                let mut list: Vec<Self> = Vec::new();
                for (index, item) in items.into_iter().enumerate() {
                    let inner = fields.inner(&format!("budget[{index}]"), item)?;
                    let budget = Self::read(inner)?;
                    // Kept under one name, each call would be counted twice.
                    if list
                        .iter()
                        .any(|other| other.store() == budget.store() && budget.store().is_some() && other.store_key() == budget.store_key())
                    {
                        return Err(fields.error("budget", "has two of the same period and tags in one store"));
                    }
                    list.push(budget);
                }
                Ok(list)
            }
            Some(value) => Ok(vec![Self::read(fields.inner("budget", value)?)?]),
        }
    }

    fn read(mut fields: Fields) -> Result<Self> {
        let per = match fields.string("per")?.as_deref() {
            None | Some("session") => Per::Session,
            Some("request") => Per::Request,
            Some("day") => Per::Day,
            Some("month") => Per::Month,
            Some(_) => return Err(fields.error("per", "must be one of request, session, day, month")),
        };
        let scope = read_scope(&mut fields)?;
        let warns = match fields.string("onExceed")?.as_deref() {
            None | Some("stop") => false,
            Some("warn") => true,
            Some(_) => return Err(fields.error("onExceed", "must be stop or warn")),
        };
        let options = Self { limit: read_usd(&mut fields)?, per, tags: fields.string_map("tags")?, warns, scope, owner: None };
        fields.finish()?;
        Ok(options)
    }
}

/// The member `usd` of a budget, in pico-dollars.
pub fn read_usd(fields: &mut Fields) -> Result<u64> {
    match fields.amount("usd", 0)? {
        None => Err(fields.error("usd", "is required")),
        Some(usd) if usd > 1e6 => Err(fields.error("usd", "must be at most a million")),
        Some(usd) => Ok((usd * 1e12) as u64),
    }
}

impl LimitOptions {
    /// The member `limits`, by the keys of the caller.
    pub fn read_all(fields: &mut Fields) -> Result<Vec<(String, Self)>> {
        let mut list = Vec::new();
        for (key, value) in fields.object("limits")?.unwrap_or_default() {
            let inner = fields.inner(&format!("limits.{key}"), value)?;
            list.push((key.into_owned(), Self::read(inner)?));
        }
        Ok(list)
    }

    fn read(mut fields: Fields) -> Result<Self> {
        let options = Self {
            requests_per_minute: positive(&mut fields, "requestsPerMinute")?,
            tokens_per_minute: positive(&mut fields, "tokensPerMinute")?,
            input_tokens_per_minute: positive(&mut fields, "inputTokensPerMinute")?,
            output_tokens_per_minute: positive(&mut fields, "outputTokensPerMinute")?,
            burst: fields.amount("burst", 1)?,
            max_concurrent: fields.whole("maxConcurrent", 1)?.map(|count| count.min(i64::from(u32::MAX)) as u32),
            learn: fields.boolean("learn")?,
            scope: read_scope(&mut fields)?,
            max_wait_ms: fields.amount("maxWaitMs", 0)?,
        };
        if options.burst.is_some() && options.requests_per_minute.is_none() {
            return Err(fields.error("burst", "is of requestsPerMinute, which is not given"));
        }
        if options.max_concurrent.is_some() && matches!(options.scope, Scope::Store(_)) {
            return Err(fields.error("maxConcurrent", "cannot be kept in a store: one that crashes would never give its place back"));
        }
        fields.finish()?;
        Ok(options)
    }
}

impl Caller {
    /// The member `$caller`, which the gateway puts into a request: see js/gateway/.
    pub fn read(fields: &mut Fields) -> Result<Option<Self>> {
        let Some(value) = fields.take("$caller") else { return Ok(None) };
        let mut fields = fields.inner("$caller", value)?;
        let id = fields.required_string("id")?;
        let limits = fields.take("limits").map(|value| LimitOptions::read(fields.inner("limits", value)?)).transpose()?;
        let budget = fields.take("budget").map(|value| BudgetOptions::read(fields.inner("budget", value)?)).transpose()?;
        let budget = budget.map(|budget| BudgetOptions { owner: Some(id.clone()), ..budget });
        let tags = fields.string_map("tags")?;
        fields.finish()?;
        Ok(Some(Self { id, budget, limits, tags }))
    }
}

/// `"client"`, or what the facade put in the place of a store: `{"$origin": number}`, `{"$store": number}`.
fn read_scope(fields: &mut Fields) -> Result<Scope> {
    let known = |value: &Value| {
        let origin = value.get("$origin").u64().map(Scope::Origin);
        origin.or_else(|| value.get("$store").u64().map(Scope::Store))
    };
    match fields.take("scope") {
        None => Ok(Scope::Client),
        Some(Json::String(word)) if word == "client" => Ok(Scope::Client),
        // Where the facade found no site whose tabs share anything.
        Some(value) if known(&value) == Some(Scope::Origin(0)) => {
            let why = "\"origin\" is for pages and their workers (it takes IndexedDB and Web Locks); use \"client\", or a LimitStore that your servers share";
            Err(Error::new(ErrorKind::Unsupported, format!("{} {why}", fields.name("scope"))))
        }
        Some(value) => known(&value).ok_or_else(|| fields.error("scope", "must be \"client\", \"origin\" or a LimitStore")),
    }
}

fn positive(fields: &mut Fields, field: &'static str) -> Result<Option<f64>> {
    match fields.amount(field, 0)? {
        Some(0.0) => Err(fields.error(field, "must be more than 0")),
        rate => Ok(rate),
    }
}

/// A function, for which the facade put a number.
fn handle(fields: &mut Fields, field: &'static str) -> Result<Option<u64>> {
    match fields.take(field) {
        None => Ok(None),
        Some(Json::Object(value)) if value.iter().any(|(name, _)| name == "$handle") => Ok(Json::Object(value).get("$handle").u64()),
        Some(other) => Err(fields.wrong_type(field, "a function", &other)),
    }
}
