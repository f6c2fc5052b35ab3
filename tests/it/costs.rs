//! What usages cost, by the catalogue of the package: against sums that were worked out apart from it.

use std::rc::Rc;

use modelwire::chat::Usage;
use modelwire::models::catalogue::Catalogue;
use modelwire::models::price::{Band, Cost, Price, Prices, usd};
use serde_json::{Value, json};

pub fn catalogue() -> Rc<Catalogue> {
    Rc::new(Catalogue::new(include_str!("../../src/models.json").to_owned()))
}

fn usage(sent: &Value) -> Usage {
    let count = |field: &str| sent[field].as_u64();
    Usage {
        input_tokens: count("inputTokens"),
        output_tokens: count("outputTokens"),
        cache_read_tokens: count("cacheReadTokens"),
        cache_write_tokens: count("cacheWriteTokens"),
        cache_write_1h_tokens: count("cacheWrite1hTokens"),
        audio_input_tokens: count("audioInputTokens"),
        audio_output_tokens: count("audioOutputTokens"),
        reasoning_tokens: count("reasoningTokens"),
        ..Usage::default()
    }
}

fn cost(model: &str, tier: &str, sent: &Value) -> Option<Cost> {
    let (provider, model) = model.split_once('/').unwrap();
    catalogue().find(provider, model).unwrap_or_else(|| panic!("{model} is not in the catalogue")).price?.cost(&usage(sent), tier)
}

#[test]
fn every_cost_is_what_the_price_lists_say_to_the_nano_dollar() {
    let table: Value = serde_json::from_str(include_str!("costs/usages.json")).unwrap();
    let cases = table["cases"].as_array().unwrap();
    assert!(cases.len() >= 200);
    let mut wrong = Vec::new();
    for case in cases {
        let (model, tier) = (case["model"].as_str().unwrap(), case["tier"].as_str().unwrap());
        let found = cost(model, tier, &case["usage"]);
        let lines =
            |cost: &Cost| -> Vec<Value> { cost.lines.iter().map(|line| json!([line.what, line.tokens, line.each as f64 / 1e6])).collect() };
        let found = found.map(|cost| (cost.nano(), lines(&cost)));
        let expected = Some((case["nanoUsd"].as_u64().unwrap(), case["lines"].as_array().unwrap().clone()));
        if found != expected {
            wrong.push(format!("{case}\n    gave {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn what_is_not_known_costs_nothing_that_could_be_named() {
    let plain = json!({ "inputTokens": 10, "outputTokens": 10 });
    assert!(cost("openai/gpt-4.1", "", &plain).is_some());
    assert_eq!(cost("openai/gpt-4.1", "never-heard-of", &plain), None, "a tier without a price");
    assert_eq!(cost("openai/gpt-4.1", "", &json!({ "inputTokens": 10 })), None, "no count of the output");
    assert_eq!(cost("openai/gpt-4.1", "", &json!({ "outputTokens": 10 })), None, "no count of the input");
    let heard = json!({ "inputTokens": 10, "outputTokens": 10, "audioInputTokens": 1 });
    assert_eq!(cost("openai/gpt-4.1", "", &heard), None, "audio without a price");
    assert_eq!(cost("cohere/command-a-plus-05-2026", "", &plain), None, "a contract's price");
}

#[test]
fn audio_has_prices_of_its_own() {
    let prices = Prices { input: 1_000, output: 2_000, audio_input: Some(30_000), audio_output: Some(40_000), ..Prices::default() };
    let price = Price { base: Band { prices, long: None }, tiers: Vec::new() };
    let sent = json!({ "inputTokens": 10, "outputTokens": 20, "audioInputTokens": 4, "audioOutputTokens": 5 });
    assert_eq!(price.cost(&usage(&sent), "").unwrap().pico, 6 * 1_000 + 4 * 30_000 + 15 * 2_000 + 5 * 40_000);
}

#[test]
fn parts_that_come_to_more_than_the_whole_are_not_billed_twice() {
    let odd = json!({ "inputTokens": 100, "outputTokens": 0, "cacheReadTokens": 90, "cacheWriteTokens": 90 });
    let cost = cost("anthropic/claude-sonnet-5-5", "", &odd).unwrap();
    assert_eq!(cost.lines.iter().map(|line| line.tokens).sum::<u64>(), 100);
}

#[test]
fn a_sum_is_rounded_once_half_up() {
    // 0.0375 and 0.15 dollars a million: 37,500 and 150,000 pico-dollars a token.
    let of = |input: u64| cost("cohere/command-r7b-12-2024", "", &json!({ "inputTokens": input, "outputTokens": 0 })).unwrap();
    assert_eq!((of(1).pico, of(1).nano()), (37_500, 38));
    assert_eq!((of(3).pico, of(3).nano()), (112_500, 113));
}

#[test]
fn numbers_are_written_to_the_last_digit() {
    for (value, places, text) in
        [(0, 9, "0"), (1, 9, "0.000000001"), (1_500_000_000, 9, "1.5"), (12_000_000, 6, "12"), (125_000, 6, "0.125")]
    {
        assert_eq!(usd(value, places).to_text(), text);
    }
}

#[test]
fn a_snapshot_is_what_its_name_without_the_date_is() {
    let catalogue = catalogue();
    let plain = catalogue.find("anthropic", "claude-haiku-4-5").unwrap();
    let dated = catalogue.find("anthropic", "claude-haiku-4-5-20251001").unwrap();
    assert_eq!((&dated.price, dated.context_window), (&plain.price, plain.context_window));
    assert_eq!(dated.id, "claude-haiku-4-5-20251001");
    assert!(catalogue.find("openai", "gpt-4.1-2025-04-14").is_some());
    for unknown in ["", "gpt", "gpt-4.1-2025-04-1x", "-20251001", "gpt-4.1\"", "é-20251001", "20251001"] {
        assert!(catalogue.find("openai", unknown).is_none(), "{unknown}");
    }
}

#[test]
fn every_line_of_the_catalogue_is_found_and_makes_sense() {
    let catalogue = catalogue();
    let file: Value = serde_json::from_str(include_str!("../../src/models.json")).unwrap();
    let models = file["models"].as_array().unwrap();
    assert!(models.len() > 250);
    let mut before = String::new();
    for model in models {
        let id = model["id"].as_str().unwrap();
        assert!(before.as_str() < id, "{id} is not in its place");
        before = id.to_owned();
        let (provider, name) = id.split_once('/').unwrap();
        let info = catalogue.find(provider, name).unwrap();
        if let Some(target) = model["as"].as_str() {
            let (provider, name) = target.split_once('/').unwrap();
            assert_eq!(catalogue.find(provider, name).unwrap().price, info.price, "{id}");
        } else {
            assert_eq!(info.price.is_some(), !model["price"].is_null(), "{id}");
        }
        if let (Some(window), Some(input)) = (info.context_window, info.max_input_tokens) {
            assert!(input <= window, "{id}");
        }
        for band in info.price.iter().flat_map(|price| price.tiers.iter().map(|(_, band)| band).chain([&price.base])) {
            assert!(band.prices.input > 0 && band.prices.input <= 1_000_000_000, "{id}");
            assert!(band.prices.cache_read.is_none_or(|read| read <= band.prices.input), "{id}");
        }
    }
}
