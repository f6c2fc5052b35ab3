//! Reading a whole answer, and what whole answers and chunks have in common.

use serde_json::value::RawValue;

use super::error;
use super::tool_calls::ToolCalls;
use super::wire::{Body, CompletionDetails, Content, ContentPart, GroqExtras, Message, ModelList, PromptDetails, ReasoningDetail};
use crate::answer::Answer;
use crate::chat::{FinishReason, Usage};
use crate::error::{Error, ErrorKind, Result};

/// Reads the body of a 2xx answer that is not a stream.
pub fn decode(body: &[u8], answer: &mut Answer) -> Result<()> {
    let text = String::from_utf8_lossy(body);
    let text = text.trim_start_matches('\u{FEFF}');
    let body = parse(text)?;
    read_head(&body, answer);
    fail_on_error(&body, text)?;
    let choices = body.choices.unwrap_or_default();
    let Some(choice) = choices.iter().find(|choice| choice.index.0.unwrap_or(0) == 0) else {
        return Err(Error::malformed("the answer has no choices").with_body(text.as_bytes()));
    };
    let mut calls = ToolCalls::default();
    if let Some(raw) = choice.message {
        read_message(&message(raw)?, &mut calls, answer);
    }
    if is_truthy(choice.error) {
        return Err(error::in_body(text));
    }
    calls.end(answer);
    match choice.finish_reason.some() {
        Some(reason) => finish(reason, answer),
        None => {
            answer.finish(FinishReason::Other, None);
            Ok(())
        }
    }
}

/// The ids in a list of models.
pub fn decode_models(body: &[u8]) -> Result<Vec<String>> {
    let text = String::from_utf8_lossy(body);
    let list = if text.trim_start().starts_with('[') {
        ModelList { data: serde_json::from_str(&text).ok(), ..Default::default() }
    } else {
        serde_json::from_str::<ModelList<'_>>(&text).map_err(|error| unreadable(&text, &error))?
    };
    if is_truthy(list.error) {
        return Err(error::in_body(&text));
    }
    let models = list.data.or(list.models).ok_or_else(|| Error::malformed("the answer is not a list of models").with_body(body))?;
    Ok(models.iter().filter_map(|model| model.0.some().map(str::to_owned)).collect())
}

/// A JSON object, as a body or a chunk. Gemini's endpoint wraps its errors in an array.
pub fn parse(text: &str) -> Result<Body<'_>> {
    match text.trim_start().bytes().next() {
        Some(b'{') => serde_json::from_str(text).map_err(|error| unreadable(text, &error)),
        Some(b'[') if error::has_error(text) => Err(error::in_body(text)),
        _ => Err(Error::malformed("what the server sent is not a JSON object").with_body(text.as_bytes())),
    }
}

/// The message of a choice.
pub fn message(raw: &RawValue) -> Result<Message<'_>> {
    serde_json::from_str(raw.get()).map_err(|error| unreadable(raw.get(), &error))
}

fn unreadable(text: &str, error: &serde_json::Error) -> Box<Error> {
    Error::malformed(format!("what the server sent cannot be read: {error}")).with_body(text.as_bytes())
}

/// What stands beside the choices: who answers, and what it used.
pub fn read_head(body: &Body<'_>, answer: &mut Answer) {
    answer.identity(body.id.some(), body.model.some());
    // Groq reports in one of two places or in both, with the same figures.
    let groq = || body.x_groq.and_then(|raw| serde_json::from_str::<GroqExtras<'_>>(raw.get()).ok()?.usage);
    if let Some(raw) = body.usage.or_else(groq)
        && let Ok(usage) = serde_json::from_str(raw.get())
    {
        answer.usage.merge(usage_of(usage));
    }
}

/// An answer with status 200 may still be an error: OpenRouter's whole answers, and every chunk.
pub fn fail_on_error(body: &Body<'_>, text: &str) -> Result<()> {
    if is_truthy(body.error) || body.object.as_str() == "error" { Err(error::in_body(text)) } else { Ok(()) }
}

/// As in JavaScript: SDKs test `if (data.error)`, so that some servers send `""` or `false`.
pub fn is_truthy(raw: Option<&RawValue>) -> bool {
    raw.is_some_and(|raw| !matches!(raw.get(), "null" | "false" | "\"\"" | "0"))
}

/// A message or a delta of one.
pub fn read_message(message: &Message<'_>, calls: &mut ToolCalls, answer: &mut Answer) {
    let reasoned = read_reasoning(message, answer);
    match &message.content {
        Content::None => {}
        Content::Text(text) => answer.text(text),
        Content::Parts(parts) => parts.iter().for_each(|part| read_part(part, reasoned, answer)),
    }
    answer.refusal(message.refusal.as_str());
    calls.read(message.tool_calls.as_deref().unwrap_or_default(), answer);
}

/// Reasoning outside the content; true when there was some. Servers that know several of the
/// fields send the same text in each, so that only the first that holds any is read.
fn read_reasoning(message: &Message<'_>, answer: &mut Answer) -> bool {
    if let Some(text) = message.reasoning_content.some().or(message.reasoning.some()) {
        answer.reasoning(text);
        return true;
    }
    let details = message.reasoning_details.and_then(|raw| serde_json::from_str::<Vec<ReasoningDetail<'_>>>(raw.get()).ok());
    let mut found = false;
    for detail in details.iter().flatten() {
        if let Some(text) = detail.text.some().or(detail.summary.some()) {
            answer.reasoning(text);
            found = true;
        }
    }
    found
}

fn read_part(part: &ContentPart<'_>, reasoned: bool, answer: &mut Answer) {
    match part.kind.as_str() {
        "thinking" if reasoned => {}
        "thinking" => match &part.thinking {
            Content::None => {}
            Content::Text(text) => answer.reasoning(text),
            Content::Parts(parts) => parts.iter().for_each(|part| answer.reasoning(part.text.as_str())),
        },
        "refusal" => answer.refusal(part.refusal.as_str()),
        "text" | "" => answer.text(part.text.as_str()),
        // Mistral's references, and whatever else is not said.
        _ => {}
    }
}

/// Why it ended (openai.md §3.1, openai-compatible.md §5). Which tools were called is counted
/// elsewhere: with a forced tool OpenAI says `stop`.
pub fn finish(reason: &str, answer: &mut Answer) -> Result<()> {
    let mapped = match reason {
        "stop" | "eos" | "end_turn" | "stop_sequence" | "complete" => FinishReason::Stop,
        "length" | "max_tokens" | "model_length" | "context_length" => FinishReason::Length,
        "tool_calls" | "tool_use" | "function_call" => FinishReason::ToolCalls,
        "content_filter" | "safety" | "refusal" => FinishReason::ContentFilter,
        "abort" | "aborted" | "cancelled" => FinishReason::Aborted,
        "error" | "insufficient_system_resource" => {
            return Err(Error::new(ErrorKind::Server, format!("the provider broke the answer off: finish_reason \"{reason}\"")));
        }
        _ => FinishReason::Other,
    };
    answer.finish(mapped, Some(reason));
    Ok(())
}

fn usage_of(wire: super::wire::Usage) -> Usage {
    let PromptDetails { cached_tokens, cache_write_tokens } = wire.prompt_tokens_details.unwrap_or_default();
    let CompletionDetails { reasoning_tokens } = wire.completion_tokens_details.unwrap_or_default();
    let (input, completion, total) = (wire.prompt_tokens.0, wire.completion_tokens.0, wire.total_tokens.0);
    let output = match (input, completion, reasoning_tokens.0, total) {
        // Some of xAI's models count reasoning beside the completion; their total gives them away.
        (Some(input), Some(completion), Some(reasoning), Some(total)) if reasoning > 0 && input + completion + reasoning == total => {
            Some(completion + reasoning)
        }
        _ => completion,
    };
    Usage {
        input_tokens: input,
        output_tokens: output,
        total_tokens: total,
        cache_read_tokens: cached_tokens.0.or(wire.prompt_cache_hit_tokens.0),
        cache_write_tokens: cache_write_tokens.0,
        reasoning_tokens: reasoning_tokens.0,
        estimated: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            assert_eq!(decode_models(list.as_bytes()).unwrap(), ["a", "b"], "{list}");
        }
    }

    #[test]
    fn what_is_no_list_of_models_is_an_error() {
        let failing = |body: &str| decode_models(body.as_bytes()).unwrap_err();
        assert_eq!(failing("{}").kind, ErrorKind::Malformed);
        assert_eq!(failing("[1").kind, ErrorKind::Malformed);
        assert_eq!(failing("<html>").kind, ErrorKind::Malformed);
        assert_eq!(failing(r#"{"error":{"code":429,"message":"slow"}}"#).kind, ErrorKind::RateLimit);
    }
}
