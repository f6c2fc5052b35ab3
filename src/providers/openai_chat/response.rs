//! Reading a whole answer, and what whole answers and chunks have in common.

use super::tool_calls::ToolCalls;
use super::{either, error, is_among};
use crate::answer::Answer;
use crate::chat::{FinishReason, Usage};
use crate::error::{Error, ErrorKind, Result};
use crate::json::{Json, body_text, parse_body};
use crate::models::price::nano_of;
use crate::providers::Row;

/// Reads the body of a 2xx answer that is not a stream.
pub fn decode(row: &Row, body: &[u8], answer: &mut Answer) -> Result<()> {
    let text = body_text(body);
    let body = parse(&text)?;
    read_head(&body, &text, answer)?;
    let Some(choice) = choice(&body) else {
        return Err(Error::malformed("the answer has no choices").with_body(text.as_bytes()));
    };
    let mut calls = ToolCalls::default();
    read_message(choice.get("message"), row, &mut calls, answer);
    if is_truthy(choice.get("error")) {
        return Err(error::in_body(&text));
    }
    calls.end(answer);
    // Whole, whatever it says of its end.
    answer.finish(FinishReason::Other, None);
    finish(choice.get("finish_reason").text(), answer)
}

/// A JSON object, as a body or a chunk. Gemini's endpoint wraps its errors in an array.
pub fn parse(text: &str) -> Result<Json<'_>> {
    let body = parse_json(text)?;
    if body.is_object() {
        return Ok(body);
    }
    Err(if body.items().iter().any(|item| !item.get("error").is_null()) {
        error::in_body(text)
    } else {
        Error::malformed("what the server sent is not a JSON object").with_body(text.as_bytes())
    })
}

/// JSON of any kind.
pub fn parse_json(text: &str) -> Result<Json<'_>> {
    parse_body(text, "what the server sent").map_err(|error| error.with_body(text.as_bytes()))
}

/// What stands beside the choices: who answers, and what it used. An answer with status 200 may
/// still be an error: OpenRouter's whole answers, and every chunk.
pub fn read_head(body: &Json<'_>, text: &str, answer: &mut Answer) -> Result<()> {
    answer.identity(body.get("id").str(), body.get("model").str());
    answer.served_as(body.get("service_tier").str());
    // Groq reports in one of two places or in both, with the same figures.
    answer.usage.merge(usage_of(either(body.get("usage"), body.path(&["x_groq", "usage"]))));
    if is_truthy(body.get("error")) || body.get("object").text() == "error" { Err(error::in_body(text)) } else { Ok(()) }
}

/// The one choice that is read.
pub fn choice<'j, 'a>(body: &'j Json<'a>) -> Option<&'j Json<'a>> {
    body.get("choices").items().iter().find(|choice| choice.is_object() && choice.get("index").u64().unwrap_or(0) == 0)
}

/// As in JavaScript: SDKs test `if (data.error)`, so that some servers send `""` or `false`.
pub fn is_truthy(value: &Json<'_>) -> bool {
    match value {
        Json::Null | Json::Bool(false) => false,
        Json::String(text) => !text.is_empty(),
        Json::Number(text) => text != "0",
        _ => true,
    }
}

/// A message or a delta of one.
pub fn read_message(message: &Json<'_>, row: &Row, calls: &mut ToolCalls, answer: &mut Answer) {
    let reasoned = read_reasoning(message, row.quirks.reasoning_fields, answer);
    let content = message.get("content");
    answer.text(content.text());
    for part in content.items() {
        match part.get("type").text() {
            "thinking" if reasoned => {}
            "thinking" => {
                let thinking = part.get("thinking");
                answer.reasoning(thinking.text());
                for piece in thinking.items() {
                    answer.reasoning(piece.get("text").text());
                }
            }
            "refusal" => answer.refusal(part.get("refusal").text()),
            "text" | "" => answer.text(part.get("text").text()),
            // Mistral's references, and whatever else is not said.
            _ => {}
        }
    }
    answer.refusal(message.get("refusal").text());
    calls.read(message.get("tool_calls").items(), answer);
}

/// Reasoning outside the content; true when there was some. Servers that know several of the
/// fields send the same text in each, so that only the first that holds any is read.
fn read_reasoning(message: &Json<'_>, fields: &[&str], answer: &mut Answer) -> bool {
    let text = first_text(message, fields);
    answer.reasoning(text);
    let mut found = !text.is_empty();
    if !found {
        // OpenRouter's `reasoning.text`, `.summary` and `.encrypted`.
        for detail in message.get("reasoning_details").items() {
            let text = first_text(detail, &["text", "summary"]);
            answer.reasoning(text);
            found |= !text.is_empty();
        }
    }
    found
}

/// The first of these members that holds text: servers write null and "" for the same.
pub fn first_text<'j>(value: &'j Json<'_>, keys: &[&str]) -> &'j str {
    keys.iter().map(|key| value.get(key).text()).find(|text| !text.is_empty()).unwrap_or("")
}

/// Why it ended (openai.md §3.1, openai-compatible.md §5). Nothing happens for an empty reason.
/// Which tools were called is counted elsewhere: with a forced tool OpenAI says `stop`.
pub fn finish(reason: &str, answer: &mut Answer) -> Result<()> {
    const REASONS: &[(&str, FinishReason)] = &[
        ("stop eos end_turn stop_sequence complete", FinishReason::Stop),
        ("length max_tokens model_length context_length", FinishReason::Length),
        ("tool_calls tool_use function_call", FinishReason::ToolCalls),
        ("content_filter safety refusal", FinishReason::ContentFilter),
        ("abort aborted cancelled", FinishReason::Aborted),
    ];
    if is_among(reason, "error insufficient_system_resource") {
        return Err(Error::new(ErrorKind::Server, format!("the provider broke the answer off: finish_reason \"{reason}\"")));
    }
    if !reason.is_empty() {
        let known = REASONS.iter().find(|(words, _)| is_among(reason, words));
        answer.finish(known.map_or(FinishReason::Other, |(_, mapped)| *mapped), Some(reason));
    }
    Ok(())
}

/// What the server billed, in US dollars: OpenRouter says the sum, Perplexity what it is made of
/// (openai-compatible.md §2).
fn billed(cost: &Json<'_>) -> Option<u64> {
    either(cost.get("total_cost"), cost).f64().and_then(nano_of)
}

pub fn usage_of(usage: &Json<'_>) -> Usage {
    let (input, completion, total) = (count(usage, "prompt_tokens"), count(usage, "completion_tokens"), count(usage, "total_tokens"));
    let details = usage.get("prompt_tokens_details");
    let reasoning = count(usage.get("completion_tokens_details"), "reasoning_tokens");
    let output = match (input, completion, reasoning, total) {
        // Some of xAI's models count reasoning beside the completion; their total gives them away.
        (Some(input), Some(completion), Some(reasoning), Some(total)) if input + completion + reasoning == total => {
            Some(completion + reasoning)
        }
        _ => completion,
    };
    Usage {
        input_tokens: input,
        output_tokens: output,
        total_tokens: total,
        // The second is DeepSeek's.
        cache_read_tokens: count(details, "cached_tokens").or_else(|| count(usage, "prompt_cache_hit_tokens")),
        cache_write_tokens: count(details, "cache_write_tokens"),
        audio_input_tokens: count(details, "audio_tokens"),
        audio_output_tokens: count(usage.get("completion_tokens_details"), "audio_tokens"),
        reasoning_tokens: reasoning,
        billed_nano: billed(usage.get("cost")),
        ..Usage::default()
    }
}

/// A count of tokens. A number beyond what JavaScript can count is none, and sums of it would
/// overflow.
fn count(usage: &Json<'_>, key: &str) -> Option<u64> {
    usage.get(key).u64().filter(|count| *count <= 1 << 53)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_number_that_can_be_a_count_is_one() {
        for (json, expected) in [
            ("12", Some(12)),
            ("12.0", Some(12)),
            ("0", Some(0)),
            ("-1", None),
            ("1e300", None),
            ("18446744073709551615", None),
            ("\"7\"", None),
            ("{}", None),
        ] {
            let text = format!("{{\"n\":{json}}}");
            assert_eq!(count(&Json::parse(&text).unwrap(), "n"), expected, "{json}");
        }
    }
}
