//! What the facade asks of the catalogue and the ledger.

use js_sys::Promise;
use wasm_bindgen::prelude::*;

use super::convert::{json, plain};
use super::run;
use crate::chat::Usage;
use crate::error::{ErrorKind, Result};
use crate::host::Host;
use crate::input::{Fields, Subject};
use crate::json::Json;
use crate::models::ModelInfo;
use crate::models::price::{Cost, nano_of};

/// One export for all of them, because each weighs some 300 bytes: "model" (`{model}`: a ModelInfo or null),
/// "price" (`{model, usage}`: a Cost or null), "record" (`{model, usage, usd, tags}`: its LedgerEntry),
/// "catalog" (models as in the option of that name, from now on), "calibration" (what was told as "calibrated", by
/// model), "batch-…" (see `batch`). JSON.
#[wasm_bindgen]
pub fn ask(client: u32, call: u32, what: String, argument: JsValue) -> Promise {
    let argument = plain(&argument, ErrorKind::InvalidRequest);
    run(client, call, move |client, _| {
        Box::pin(async move {
            let argument = argument?;
            if let Some(step) = what.strip_prefix("batch-") {
                return super::batch::ask(&client, step, argument).await;
            }
            if what == "catalog" {
                client.host.load_catalogue().await;
                client.engine.update_catalog(ModelInfo::read_catalog(argument)?);
                return Ok(JsValue::NULL);
            }
            if what == "calibration" {
                client.engine.remember(&argument);
                return Ok(JsValue::NULL);
            }
            let mut fields = Fields::new(Subject::Request, String::new(), argument)?;
            let model = fields.required_string("model")?;
            if what == "model" {
                let info = client.engine.model(&client.host, &model).await?;
                return Ok(json(&info.as_ref().map_or(Json::Null, |info| info.to_json())));
            }
            let usage = fields.take("usage").ok_or_else(|| fields.error("usage", "is required"))?;
            let usage = read_usage(fields.inner("usage", usage)?)?;
            if what == "price" {
                let cost = client.engine.price(&client.host, &model, &usage).await?;
                return Ok(json(&cost.as_ref().map_or(Json::Null, Cost::to_json)));
            }
            let nano = match fields.amount("usd", 0)? {
                None => None,
                Some(usd) => Some(nano_of(usd).ok_or_else(|| fields.error("usd", "is too much"))?),
            };
            let tags = fields.string_map("tags")?;
            fields.finish()?;
            Ok(json(&client.engine.record(&client.host, &model, &usage, nano, &tags).await?))
        })
    })
}

/// A caller's `Partial<Usage>`. What it leaves out of the parts is none of it.
fn read_usage(mut fields: Fields) -> Result<Usage> {
    let mut count = |field| -> Result<Option<u64>> { Ok(fields.whole(field, 0)?.map(i64::unsigned_abs)) };
    let usage = Usage {
        input_tokens: count("inputTokens")?,
        output_tokens: count("outputTokens")?,
        total_tokens: count("totalTokens")?,
        cache_read_tokens: count("cacheReadTokens")?,
        cache_write_tokens: count("cacheWriteTokens")?,
        cache_write_1h_tokens: count("cacheWrite1hTokens")?,
        audio_input_tokens: count("audioInputTokens")?,
        audio_output_tokens: count("audioOutputTokens")?,
        reasoning_tokens: count("reasoningTokens")?,
        estimated: fields.flag("estimated")?,
        ..Usage::default()
    };
    fields.finish()?;
    Ok(usage)
}
