//! The option `catalog`: what the caller says of models, by "provider/model".

use crate::error::Result;
use crate::input::{Fields, Subject, Value};
use crate::json::{Json, Members};
use crate::models::price::{Band, Price, Prices};
use crate::models::{Abilities, ModelInfo};

impl ModelInfo {
    /// The member `catalog`.
    pub fn read_all(fields: &mut Fields) -> Result<Vec<Self>> {
        match fields.object("catalog")? {
            None => Ok(Vec::new()),
            Some(members) => Self::read_given(fields, members),
        }
    }

    // Loaded when there is one: js/client.ts sees to that before it makes a client.
    #[inline(never)]
    fn read_given(fields: &Fields, members: Members<'static>) -> Result<Vec<Self>> {
        let mut list = Vec::new();
        for (name, value) in members {
            let mut inner = fields.inner(&format!("catalog.{name}"), value)?;
            let Some((provider, id)) = name.split_once('/') else {
                return Err(inner.complaint("a model is named \"provider/model\""));
            };
            let mut info = Self { id: id.to_owned(), provider: provider.to_owned(), ..Self::default() };
            // As `client.model` gives them: what was asked for can be changed and given back.
            inner.string("id")?;
            inner.string("provider")?;
            info.context_window = tokens(&mut inner, "contextWindow")?;
            info.max_input_tokens = tokens(&mut inner, "maxInputTokens")?;
            info.max_output_tokens = tokens(&mut inner, "maxOutputTokens")?;
            info.encoding = inner.string("encoding")?;
            if let Some(encoding) = &info.encoding
                && !ENCODINGS.contains(&encoding.as_str())
            {
                return Err(inner.error("encoding", "must be one of o200k_base, o200k_harmony, cl100k_base, p50k_base"));
            }
            info.deprecated_on = inner.string("deprecatedOn")?;
            if let Some(abilities) = inner.take("abilities") {
                info.abilities = read_abilities(inner.inner("abilities", abilities)?)?;
            }
            if let Some(price) = inner.take("price") {
                info.price = Some(read_price(inner.inner("price", price)?)?);
            }
            inner.finish()?;
            list.push(info);
        }
        Ok(list)
    }

    /// The same by itself, for a catalogue that is replaced while the client runs.
    pub fn read_catalog(value: Value) -> Result<Vec<Self>> {
        let mut catalog = Json::object();
        catalog.set("catalog", value);
        Self::read_all(&mut Fields::new(Subject::Options, String::new(), catalog)?)
    }
}

/// The tokenizers that there are.
const ENCODINGS: &[&str] = &["o200k_base", "o200k_harmony", "cl100k_base", "p50k_base"];

fn tokens(fields: &mut Fields, field: &'static str) -> Result<Option<u64>> {
    Ok(fields.whole(field, 1)?.map(i64::unsigned_abs))
}

fn read_abilities(mut fields: Fields) -> Result<Abilities> {
    let abilities = Abilities {
        tools: fields.boolean("tools")?,
        vision: fields.boolean("vision")?,
        files: fields.boolean("files")?,
        json_schema: fields.boolean("jsonSchema")?,
        reasoning: fields.boolean("reasoning")?,
    };
    fields.finish()?;
    Ok(abilities)
}

fn read_price(mut fields: Fields) -> Result<Price> {
    let mut tiers = Vec::new();
    if let Some(value) = fields.object("tiers")? {
        for (name, tier) in value {
            let inner = fields.inner(&format!("tiers.{name}"), tier)?;
            tiers.push((name.into_owned(), read_band(inner)?));
        }
    }
    Ok(Price { base: read_band(fields)?, tiers })
}

fn read_band(mut fields: Fields) -> Result<Band> {
    let long = match fields.take("longContext") {
        None => None,
        Some(value) => {
            let mut inner = fields.inner("longContext", value)?;
            let above = tokens(&mut inner, "aboveTokens")?.ok_or_else(|| inner.error("aboveTokens", "is required"))?;
            Some((above, read_prices(inner)?))
        }
    };
    Ok(Band { prices: read_prices(fields)?, long })
}

fn read_prices(mut fields: Fields) -> Result<Prices> {
    let required = |fields: &mut Fields, field| price(fields, field)?.ok_or_else(|| fields.error(field, "is required"));
    let prices = Prices {
        input: required(&mut fields, "input")?,
        output: required(&mut fields, "output")?,
        cache_read: price(&mut fields, "cacheRead")?,
        cache_write: price(&mut fields, "cacheWrite")?,
        cache_write_1h: price(&mut fields, "cacheWrite1h")?,
        audio_input: price(&mut fields, "audioInput")?,
        audio_output: price(&mut fields, "audioOutput")?,
    };
    fields.finish()?;
    Ok(prices)
}

/// US dollars per million tokens, as pico-dollars per token. What is finer than those cannot be kept.
fn price(fields: &mut Fields, field: &'static str) -> Result<Option<u64>> {
    let Some(usd) = fields.amount(field, 0)? else { return Ok(None) };
    let pico = usd * 1e6;
    let whole = (pico + 0.5) as u64;
    if usd > 1e6 || (pico - whole as f64).abs() > 1e-3 {
        return Err(fields.error(field, "must be US dollars per million tokens, at most a million and with at most six decimals"));
    }
    Ok(Some(whole))
}
