//! `GET /models`. OpenAI's list has names only; what others put beside them is read where it is
//! there (openai-compatible.md §2): windows, abilities, OpenRouter's prices.

use super::{either, error, response};
use crate::error::{Error, Result};
use crate::json::{Json, body_text};
use crate::models::price::{Band, Price, Prices};
use crate::models::{Abilities, ModelInfo};
use crate::providers::{Page, count};
use crate::text::slice;

/// Reads the list: OpenAI's `data`, `models`, or the list itself; of objects with an id or a name, or
/// of ids.
pub fn page(body: &[u8]) -> Result<Page> {
    let text = body_text(body);
    let list = response::parse_json(&text)?;
    if response::is_truthy(list.get("error")) {
        return Err(error::in_body(&text));
    }
    match either(list.get("data"), either(list.get("models"), &list)) {
        Json::Array(models) => Ok(Page::of(models, read)),
        _ => Err(Error::malformed("the answer is not a list of models").with_body(body)),
    }
}

fn read(model: &Json<'_>) -> ModelInfo {
    let first = |names: &[&str]| names.iter().find_map(|name| count(model.get(name)));
    ModelInfo {
        id: model.str().unwrap_or_else(|| response::first_text(model, &["id", "name"])).to_owned(),
        // OpenRouter and Together; Groq; Mistral; vLLM.
        context_window: first(&["context_length", "context_window", "max_context_length", "max_model_len"]),
        max_output_tokens: first(&["max_completion_tokens"]).or_else(|| count(model.path(&["top_provider", "max_completion_tokens"]))),
        deprecated_on: model.get("deprecation").str().map(|date| slice(date, 0, 10).to_owned()).filter(|date| !date.is_empty()),
        abilities: abilities(model),
        price: price(model.get("pricing")),
        ..ModelInfo::default()
    }
}

/// OpenRouter's lists of words, which are complete; else Mistral's flags.
fn abilities(model: &Json<'_>) -> Abilities {
    let parameter = |word| lists(model.get("supported_parameters"), word);
    let input = |word| lists(model.path(&["architecture", "input_modalities"]), word);
    let flag = |name| model.path(&["capabilities", name]).bool();
    Abilities {
        tools: parameter("tools").or(flag("function_calling")),
        vision: input("image").or(flag("vision")),
        files: input("file"),
        json_schema: parameter("structured_outputs"),
        reasoning: parameter("reasoning").or(flag("reasoning")),
    }
}

fn lists(list: &Json<'_>, word: &str) -> Option<bool> {
    matches!(list, Json::Array(_)).then(|| list.items().iter().any(|item| item.str() == Some(word)))
}

/// OpenRouter's: US dollars per token, as texts. A price that depends (−1), or a fee for each request,
/// is none that a count of tokens can be multiplied with.
fn price(pricing: &Json<'_>) -> Option<Price> {
    let of = |name: &str| per_token(pricing.get(name).str()?);
    if of("request").is_some_and(|fee| fee != 0) {
        return None;
    }
    let prices = Prices {
        input: of("prompt")?,
        output: of("completion")?,
        cache_read: of("input_cache_read"),
        cache_write: of("input_cache_write"),
        ..Prices::default()
    };
    Some(Price { base: Band { prices, long: None }, tiers: Vec::new() })
}

/// In pico-dollars.
fn per_token(text: &str) -> Option<u64> {
    let dollars = Json::parse(text).ok()?.f64().filter(|dollars| (0.0..1.0).contains(dollars))?;
    Some((dollars * 1e12 + 0.5) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn a_list_of_models_is_read_in_every_shape() {
        let lists = [
            r#"{"object":"list","data":[{"id":"a","created":1},{"id":"b","pricing":{"prompt":"0"}}]}"#,
            r#"{"models":[{"name":"a"},{"name":"b","details":{}}]}"#,
            r#"{"data":["a","b"]}"#,
            r#"["a","b"]"#,
            r#"[{"id":"a"},{"id":"b"},{"object":"model"},null]"#,
        ];
        for list in lists {
            let ids: Vec<String> = page(list.as_bytes()).unwrap().models.into_iter().map(|model| model.id).collect();
            assert_eq!(ids, ["a", "b"], "{list}");
        }
    }

    #[test]
    fn what_is_no_list_of_models_is_an_error() {
        let failing = |body: &str| page(body.as_bytes()).unwrap_err();
        assert_eq!(failing("{}").kind, ErrorKind::Malformed);
        assert_eq!(failing("[1").kind, ErrorKind::Malformed);
        assert_eq!(failing("<html>").kind, ErrorKind::Malformed);
        assert_eq!(failing(r#"{"error":{"code":429,"message":"slow"}}"#).kind, ErrorKind::RateLimit);
    }

    #[test]
    fn a_price_per_token_becomes_whole_pico_dollars() {
        for (text, expected) in [
            ("0.00000015", Some(150_000)),
            ("0.0000025", Some(2_500_000)),
            ("0", Some(0)),
            ("1.5e-7", Some(150_000)),
            ("-1", None),
            ("free", None),
            ("", None),
        ] {
            assert_eq!(per_token(text), expected, "{text}");
        }
    }
}
