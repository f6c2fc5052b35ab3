//! What the facade asks of batches at a provider.

use wasm_bindgen::JsValue;

use super::Client;
use super::convert::json;
use crate::engine::Reading;
use crate::error::Result;
use crate::input::{Fields, Subject, Value};
use crate::json::Json;
use crate::providers::batch::Step;

/// "row" (`{request, index, first}`), "read" (`{route, kinds, rows, lines, from, skip}`), or a step (`{route, id, waitedMs,
/// silentMs}`, of which "upload" and "results" have a `file`). JSON; of "results" a stream of bytes, or null.
pub async fn ask(client: &Client, what: &str, argument: Value) -> Result<JsValue> {
    let (engine, host) = (&client.engine, &client.host);
    let mut fields = Fields::new(Subject::Request, "batch".into(), argument)?;
    let route = fields.take("route").unwrap_or(Json::Null);
    let mut text = |field| -> Result<String> { Ok(fields.string(field)?.unwrap_or_default()) };
    let (id, lines, skip) = (text("id")?, text("lines")?, text("skip")?);
    let file = fields.take("file").unwrap_or(Json::Null);
    let mut number = |field| -> Result<f64> { Ok(fields.amount(field, 0)?.unwrap_or_default()) };
    let (index, rows, from) = (number("index")? as u64, number("rows")? as u64, number("from")? as usize);
    let (waited_ms, silent_ms) = (number("waitedMs")?, number("silentMs")?);
    let step = match what {
        "row" => {
            let request = fields.take("request").unwrap_or(Json::Null);
            return Ok(json(&engine.batch_row(host, index, request, fields.flag("first")?).await?));
        }
        "read" => {
            let kinds = fields.array("kinds")?.unwrap_or_default();
            let reading = Reading { kinds: &kinds, rows, from, skip: skip.as_bytes() };
            return Ok(json(&engine.batch_read(host, &route, &reading, &lines).await?));
        }
        "results" => Step::Results(&id, file.text()),
        "upload" => Step::Upload(file.u64().unwrap_or_default()),
        "file" => Step::LookAtFile(&id),
        "create" => Step::Create(&id),
        "look" => Step::Look(&id),
        _ => Step::Cancel(&id),
    };
    let (said, response) = engine.batch_step(host, &route, step, waited_ms, silent_ms).await?;
    Ok(response.map_or_else(|| json(&said), |response| response.into_body()))
}
