//! OpenAI's chat format seen from the server's side: this library's answers, and events as chunks, that an
//! OpenAI client reads.
//!
//! Used by `toResponse("openai")` and the gateway. The other direction is `openai_chat`. What an OpenAI client
//! asks for is read in js/gateway/: no page needs that, and each would pay for it.

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

/// The `chat.completion` of a whole answer, the contract's `ChatResponse`.
pub fn encode_answer<'a>(response: &'a Json<'a>, created_seconds: u64) -> Json<'a> {
    let get = |field: &str| response.get(field).clone();
    let calls: Vec<Json<'_>> = response.get("toolCalls").items().iter().map(whole_call).collect();
    let parts = response.path(&["message", "content"]).items();
    let refusal = parts.iter().find(|part| part.get("type").text() == "refusal").map(|part| part.get("text").clone());
    let silent = response.get("text").text().is_empty() && (!calls.is_empty() || refusal.is_some());
    let mut message = object! {
        "role": "assistant",
        "content": if silent { Json::Null } else { get("text") },
        "refusal": refusal,
    };
    if !response.get("reasoning").text().is_empty() {
        message.add("reasoning_content", get("reasoning"));
    }
    if !calls.is_empty() {
        message.add("tool_calls", calls.into());
    }
    let finish_reason = finish_word(response.get("finishReason").text());
    object! {
        "id": get("id"),
        "object": "chat.completion",
        "created": created_seconds,
        "model": get("model"),
        "choices": vec![object! { "index": 0_u64, "message": message, "logprobs": Json::Null, "finish_reason": finish_reason }],
        "usage": encode_usage(response.get("usage")),
    }
}

fn whole_call<'a>(call: &'a Json<'a>) -> Json<'a> {
    let function = object! { "name": call.get("name").clone(), "arguments": call.get("inputText").clone() };
    object! { "id": call.get("id").clone(), "type": "function", "function": function }
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
