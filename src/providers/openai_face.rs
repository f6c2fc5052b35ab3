//! OpenAI's chat format seen from the server's side: this library's events as the chunks that an
//! OpenAI client reads.
//!
//! Used by `toResponse("openai")`. The other direction is `openai_chat`.

use crate::json::Json;
use crate::object;

/// The chunk for one event, or `None` for events that OpenAI's format has no place for. Reasoning
/// goes where DeepSeek and vLLM put it, `delta.reasoning_content`; usage rides on the last chunk.
pub fn encode_chunk<'a>(event: &'a Json<'a>, id: &'a str, model: &'a str, created_seconds: u64) -> Option<Json<'a>> {
    let get = |field: &str| event.get(field).clone();
    let mut delta = Json::object();
    let (mut finish_reason, mut usage) = (Json::Null, Json::Null);
    match event.get("type").text() {
        "start" => {
            delta.add("role", "assistant".into());
            delta.add("content", "".into());
        }
        "text-delta" => delta.add("content", get("text")),
        "reasoning-delta" => delta.add("reasoning_content", get("text")),
        "tool-call-start" => {
            let mut call = tool_call(event, object! { "name": get("name"), "arguments": "" });
            call.add("id", get("id"));
            call.add("type", "function".into());
            delta.add("tool_calls", vec![call].into());
        }
        "tool-call-delta" => delta.add("tool_calls", vec![tool_call(event, object! { "arguments": get("text") })].into()),
        "end" => {
            finish_reason = finish_word(event.get("finishReason").text()).into();
            usage = encode_usage(event.path(&["response", "usage"]));
        }
        _ => return None,
    }
    Some(object! {
        "id": id,
        "object": "chat.completion.chunk",
        "created": created_seconds,
        "model": model,
        "choices": vec![object! { "index": 0_u64, "delta": delta, "logprobs": Json::Null, "finish_reason": finish_reason }],
        "usage": usage,
    })
}

fn tool_call<'a>(event: &'a Json<'a>, function: Json<'a>) -> Json<'a> {
    object! { "index": event.get("index").clone(), "function": function }
}

/// OpenAI has no word for an answer that was stopped on purpose; "length" is its word for "there
/// would have been more".
fn finish_word(reason: &str) -> &'static str {
    match reason {
        "tool-calls" => "tool_calls",
        "length" | "budget" | "aborted" => "length",
        "content-filter" => "content_filter",
        _ => "stop",
    }
}

fn encode_usage(usage: &Json<'_>) -> Json<'static> {
    let known = |field: &str| usage.get(field).u64();
    let count = |field: &str| known(field).unwrap_or(0);
    if known("inputTokens").is_none() && known("outputTokens").is_none() {
        return Json::Null;
    }
    object! {
        "prompt_tokens": count("inputTokens"),
        "completion_tokens": count("outputTokens"),
        "total_tokens": known("totalTokens").unwrap_or(count("inputTokens") + count("outputTokens")),
        "prompt_tokens_details": object! { "cached_tokens": count("cacheReadTokens") },
        "completion_tokens_details": object! { "reasoning_tokens": count("reasoningTokens") },
    }
}
