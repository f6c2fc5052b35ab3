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
    let asked = Asked::read(argument)?;
    let Asked { route, id, file, waited_ms, silent_ms, .. } = &asked;
    let step = match what {
        "row" => return Ok(json(&engine.batch_row(host, asked.index, asked.request, asked.first).await?)),
        "read" => {
            let reading = Reading { kinds: &asked.kinds, rows: asked.rows, from: asked.from as usize, skip: asked.skip.as_bytes() };
            return Ok(json(&engine.batch_read(host, route, &reading, &asked.lines).await?));
        }
        "results" => Step::Results(id, file.text()),
        "upload" => Step::Upload(file.u64().unwrap_or_default()),
        "file" => Step::LookAtFile(id),
        "create" => Step::Create(id),
        "look" => Step::Look(id),
        _ => Step::Cancel(id),
    };
    let (said, response) = engine.batch_step(host, route, step, *waited_ms, *silent_ms).await?;
    Ok(response.map_or_else(|| json(&said), |response| response.into_body()))
}

/// What a question may have.
struct Asked {
    route: Value,
    request: Value,
    file: Value,
    kinds: Vec<Value>,
    id: String,
    lines: String,
    skip: String,
    first: bool,
    index: u64,
    rows: u64,
    from: u64,
    waited_ms: f64,
    silent_ms: f64,
}

impl Asked {
    fn read(argument: Value) -> Result<Self> {
        let mut fields = Fields::new(Subject::Request, "batch".into(), argument)?;
        let whole = |fields: &mut Fields, name| -> Result<u64> { Ok(fields.amount(name, 0)?.unwrap_or_default() as u64) };
        Ok(Self {
            route: fields.take("route").unwrap_or(Json::Null),
            request: fields.take("request").unwrap_or(Json::Null),
            file: fields.take("file").unwrap_or(Json::Null),
            kinds: fields.array("kinds")?.unwrap_or_default(),
            id: fields.string("id")?.unwrap_or_default(),
            lines: fields.string("lines")?.unwrap_or_default(),
            skip: fields.string("skip")?.unwrap_or_default(),
            first: fields.flag("first")?,
            index: whole(&mut fields, "index")?,
            rows: whole(&mut fields, "rows")?,
            from: whole(&mut fields, "from")?,
            waited_ms: fields.amount("waitedMs", 0)?.unwrap_or_default(),
            silent_ms: fields.amount("silentMs", 0)?.unwrap_or_default(),
        })
    }
}
