//! Where the two sources of the catalogue disagree: `xtask/catalogue/differences.md`.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;

use modelwire::json::Json;

const REPORT: &str = "xtask/catalogue/differences.md";

/// Compares the plain prices of models that both know by the same id.
pub fn report(genai: &str, models: &BTreeMap<String, Json<'static>>) -> Result<(), String> {
    let text = fs::read_to_string(genai).map_err(|error| format!("{genai}: {error}"))?;
    let other = Json::parse(&text).map_err(|error| error.message.clone())?;
    let (mut both, mut rows) = (0, String::new());
    for (name, theirs) in other.members() {
        let Some(model) = models.get(name.as_ref()) else { continue };
        let model = model.get("as").str().and_then(|target| models.get(target)).unwrap_or(model);
        if model.get("price").is_null() {
            continue;
        }
        both += 1;
        for field in ["in", "out", "read", "write"] {
            let (mine, theirs) = (model.get("price").get(field).u64(), theirs.get(field).u64());
            if mine != theirs && theirs.is_some() {
                let dollars = |pico: Option<u64>| pico.map_or("–".to_owned(), |pico| (pico as f64 / 1e6).to_string());
                let _ = writeln!(rows, "| {name} | {field} | {} | {} |", dollars(mine), dollars(theirs));
            }
        }
    }
    let head = "# Where the sources of the catalogue disagree\n\nUS dollars per million tokens; litellm's is what the catalogue has, unless the overlay says otherwise.\n";
    let table =
        if rows.is_empty() { String::new() } else { format!("\n| model | price | catalogue | genai-prices |\n|---|---|---|---|\n{rows}") };
    let summary = format!("\n{both} models have a price in both; {} prices differ.\n", rows.lines().count());
    fs::write(REPORT, format!("{head}{summary}{table}")).map_err(|error| format!("{REPORT}: {error}"))?;
    println!("{REPORT}:{}", summary.replace('\n', " "));
    Ok(())
}
