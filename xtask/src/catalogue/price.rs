//! litellm's prices (US dollars a token, one field for each combination) as ours.

use std::collections::BTreeMap;

use modelwire::json::Json;

/// litellm's field, with its tiers and bands taken off → ours.
const FIELDS: &[(&str, &str)] = &[
    ("input_cost_per_token", "in"),
    ("output_cost_per_token", "out"),
    ("cache_read_input_token_cost", "read"),
    ("cache_creation_input_token_cost", "write"),
    // Written for an hour; OpenAI's twelve hours are no usage that it reports apart, and are left out.
    ("cache_creation_input_token_cost_above_1hr", "write1h"),
    ("input_cost_per_audio_token", "audioIn"),
    ("output_cost_per_audio_token", "audioOut"),
];

const TIERS: &[(&str, &str)] = &[("_batches", "batch"), ("_flex", "flex"), ("_priority", "priority"), ("_ultrafast", "ultrafast")];

/// Prices by tier ("" is the plain one) and band.
type Bands<'a> = BTreeMap<(&'a str, Option<u64>), Vec<(&'a str, u64)>>;

/// The price of an entry; `None` when it has none, or costs nothing to ask, which means "by contract". An embedding has no output.
pub fn read(entry: &Json<'_>, embedding: bool) -> Result<Option<Json<'static>>, String> {
    let mut found: Bands<'_> = BTreeMap::new();
    for (field, value) in entry.members() {
        if let Some((name, tier, above)) = place(field)
            && let Some(text) = number(value)
        {
            found.entry((tier, above)).or_default().push((name, pico(text)?));
        }
    }
    let band = |tier: &str, above: Option<u64>| {
        let mut prices = found.get(&(tier, above))?.clone();
        if embedding && !prices.iter().any(|(name, _)| *name == "out") {
            prices.push(("out", 0));
        }
        prices.sort_by_key(|(name, _)| FIELDS.iter().position(|(_, ours)| ours == name));
        let has = |field: &str| prices.iter().any(|(name, _)| *name == field);
        let mut out = Json::object();
        for (name, price) in &prices {
            out.set(*name, *price);
        }
        (has("in") && has("out")).then_some(out)
    };
    let whole = |tier: &str| {
        let mut out: Json<'static> = band(tier, None)?;
        let above = found.keys().filter(|key| key.0 == tier).find_map(|key| key.1);
        if let Some((above, mut long)) = above.and_then(|above| Some((above, band(tier, Some(above))?))) {
            long.set("above", above);
            out.set("long", long);
        }
        Some(out)
    };
    let Some(mut price) = whole("") else { return Ok(None) };
    if price.get("in").u64() == Some(0) {
        return Ok(None);
    }
    let mut tiers = Json::object();
    for (_, name) in TIERS {
        if let Some(mut tier) = whole(name) {
            scale_hour(&price, &mut tier);
            tiers.set(*name, tier);
        }
    }
    if !tiers.members().is_empty() {
        price.set("tiers", tiers);
    }
    Ok(Some(price))
}

/// The map has no price for an hour's write in a tier. Anthropic's discount is on all classes alike: what it makes of
/// the input, it makes of that.
fn scale_hour(base: &Json<'_>, tier: &mut Json<'static>) {
    let scaled = |base: &Json<'_>, tier: &Json<'_>| {
        let (hour, from, to) = (base.get("write1h").u64()?, base.get("in").u64()?, tier.get("in").u64()?);
        (hour * to % from == 0).then(|| hour * to / from)
    };
    tier.set_some("write1h", scaled(base, tier));
    let mut long = tier.get("long").clone();
    if long.is_object() {
        long.set_some("write1h", scaled(base.get("long"), &long));
        tier.set("long", long);
    }
}

/// `input_cost_per_token_above_272k_tokens_flex` → ("in", "flex", 272,000).
fn place(field: &str) -> Option<(&'static str, &'static str, Option<u64>)> {
    let tier = TIERS.iter().find(|(suffix, _)| field.ends_with(suffix));
    let field = tier.map_or(field, |(suffix, _)| &field[..field.len() - suffix.len()]);
    let (base, above) = match field.strip_suffix("k_tokens").and_then(|rest| rest.rsplit_once("_above_")) {
        Some((base, thousands)) => (base, Some(thousands.parse::<u64>().ok()? * 1_000)),
        None => (field, None),
    };
    let name = FIELDS.iter().find(|(theirs, _)| *theirs == base)?.1;
    Some((name, tier.map_or("", |(_, ours)| ours), above))
}

fn number<'j>(value: &'j Json<'_>) -> Option<&'j str> {
    if let Json::Number(text) = value { Some(text) } else { None }
}

/// Decimal text to a whole number of pico-dollars, exactly; but for the dust that binary floats leave behind the
/// fifteenth digit, which is in the source.
fn pico(text: &str) -> Result<u64, String> {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits: u128 = format!("{whole}{fraction}").parse().map_err(|_| format!("{text} is no price"))?;
    let exponent: i32 = exponent.parse().map_err(|_| format!("{text} is no price"))?;
    let shift = 12 + exponent - fraction.len() as i32;
    if shift >= 0 {
        return u64::try_from(digits * 10_u128.pow(shift as u32)).map_err(|_| format!("{text} is too much"));
    }
    let unit = 10_u128.pow((-shift).min(38) as u32);
    let rounded = (digits + unit / 2) / unit;
    let dust = digits.abs_diff(rounded * unit);
    if dust * 1_000_000_000_000 > digits { Err(format!("{text} is no whole number of pico-dollars")) } else { Ok(rounded as u64) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimal_texts_become_whole_pico_dollars_or_an_error() {
        for (text, expected) in
            [("1e-07", 100_000), ("1.25e-06", 1_250_000), ("0.00000015", 150_000), ("0", 0), ("0.0", 0), ("3.125e-8", 31_250)]
        {
            assert_eq!(pico(text), Ok(expected), "{text}");
        }
        assert_eq!(pico("2.5000000000000002e-07"), Ok(250_000));
        assert!(pico("1.234567e-10").is_err());
        assert!(pico("free").is_err());
    }

    #[test]
    fn a_field_says_its_class_its_tier_and_its_band() {
        assert_eq!(place("input_cost_per_token_above_272k_tokens_flex"), Some(("in", "flex", Some(272_000))));
        assert_eq!(place("cache_creation_input_token_cost_above_1hr_above_100k_tokens"), Some(("write1h", "", Some(100_000))));
        assert_eq!(place("cache_read_input_token_cost_batches"), Some(("read", "batch", None)));
        assert_eq!(place("cache_creation_input_token_cost_above_12hr"), None);
        assert_eq!(place("search_context_cost_per_query"), None);
    }

    #[test]
    fn zeros_are_no_price() {
        let read = |text: &str| read(&Json::parse(text).unwrap(), false).unwrap().map(|price| price.to_text());
        assert_eq!(read(r#"{"input_cost_per_token":0.0,"output_cost_per_token":0.0}"#), None);
        assert_eq!(read(r#"{"input_cost_per_token":1e-6}"#), None);
        assert_eq!(
            read(r#"{"output_cost_per_token":2e-6,"input_cost_per_token":1e-6,"input_cost_per_token_flex":5e-7,"output_cost_per_token_flex":1e-6}"#).unwrap(),
            r#"{"in":1000000,"out":2000000,"tiers":{"flex":{"in":500000,"out":1000000}}}"#
        );
    }
}
