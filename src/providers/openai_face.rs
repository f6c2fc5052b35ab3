//! OpenAI's chat format seen from the server's side: this library's events as the chunks that an
//! OpenAI client reads.
//!
//! Used by `toResponse("openai")`. The other direction is `openai_chat`.

use serde_json::{Value, json};

/// The chunk for one event, or `None` for events that OpenAI's format has no place for. Reasoning
/// goes where DeepSeek and vLLM put it, `delta.reasoning_content`; usage rides on the last chunk.
pub fn encode_chunk(event: &Value, id: &str, model: &str, created_seconds: u64) -> Option<Value> {
    let text = || event["text"].clone();
    let (delta, finish_reason, usage) = match event["type"].as_str()? {
        "start" => (json!({ "role": "assistant", "content": "" }), Value::Null, Value::Null),
        "text-delta" => (json!({ "content": text() }), Value::Null, Value::Null),
        "reasoning-delta" => (json!({ "reasoning_content": text() }), Value::Null, Value::Null),
        "tool-call-start" => {
            let function = json!({ "name": event["name"], "arguments": "" });
            let call = json!({ "index": event["index"], "id": event["id"], "type": "function", "function": function });
            (json!({ "tool_calls": [call] }), Value::Null, Value::Null)
        }
        "tool-call-delta" => {
            let call = json!({ "index": event["index"], "function": { "arguments": text() } });
            (json!({ "tool_calls": [call] }), Value::Null, Value::Null)
        }
        "end" => (json!({}), finish_word(event["finishReason"].as_str()?).into(), encode_usage(&event["response"]["usage"])),
        _ => return None,
    };
    let choice = json!({ "index": 0, "delta": delta, "logprobs": null, "finish_reason": finish_reason });
    Some(json!({
        "id": id,
        "object": "chat.completion.chunk",
        "created": created_seconds,
        "model": model,
        "choices": [choice],
        "usage": usage,
    }))
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

fn encode_usage(usage: &Value) -> Value {
    if usage["inputTokens"].is_null() && usage["outputTokens"].is_null() {
        return Value::Null;
    }
    let count = |field: &str| usage[field].as_u64().unwrap_or(0);
    json!({
        "prompt_tokens": count("inputTokens"),
        "completion_tokens": count("outputTokens"),
        "total_tokens": usage["totalTokens"].as_u64().unwrap_or(count("inputTokens") + count("outputTokens")),
        "prompt_tokens_details": { "cached_tokens": count("cacheReadTokens") },
        "completion_tokens_details": { "reasoning_tokens": count("reasoningTokens") },
    })
}
