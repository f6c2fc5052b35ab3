//! Reading a whole answer, and what whole answers and the ends of streams have in common.

use super::items::Items;
use crate::answer::Answer;
use crate::chat::{FinishReason, Usage};
use crate::error::{Error, Result};
use crate::json::{Json, body_text, parse_body};
use crate::object;
use crate::providers::count;
use crate::providers::openai_chat::error;
use crate::providers::openai_chat::response::is_truthy;

/// Reads the body of a 2xx answer that is not a stream.
pub fn decode(body: &[u8], answer: &mut Answer) -> Result<()> {
    let text = body_text(body);
    let response = parse(&text)?;
    if !matches!(response.get("output"), Json::Array(_)) {
        let is_error = is_truthy(response.get("error")) || response.get("object").text() == "error";
        return Err(if is_error { error::in_body(&text) } else { Error::malformed("the answer has no output").with_body(text.as_bytes()) });
    }
    read_head(&response, answer);
    read_output(&response, &mut Items::default(), answer);
    end(&response, answer)
}

/// JSON, as a body or an event.
pub fn parse(text: &str) -> Result<Json<'_>> {
    parse_body(text, "what the server sent").map_err(|error| error.with_body(text.as_bytes()))
}

/// Who answers, and what it used so far.
pub fn read_head(response: &Json<'_>, answer: &mut Answer) {
    answer.identity(response.get("id").str(), response.get("model").str());
    answer.usage.merge(usage_of(response.get("usage")));
    answer.served_as(response.get("service_tier").str());
}

/// The items of an answer that came all at once.
pub fn read_output(response: &Json<'_>, items: &mut Items, answer: &mut Answer) {
    for (index, item) in response.get("output").items().iter().enumerate() {
        items.end(index as u64, item, answer);
    }
}

/// Why it ended (openai.md §3.2). Which tools were called is counted elsewhere.
pub fn end(response: &Json<'_>, answer: &mut Answer) -> Result<()> {
    let (status, error) = (response.get("status").text(), response.get("error"));
    if status == "failed" || is_truthy(error) {
        return Err(failure(error));
    }
    let reason = response.path(&["incomplete_details", "reason"]).text();
    let finish = match (status, reason) {
        ("completed" | "", "") => FinishReason::Stop,
        (_, "max_output_tokens") => FinishReason::Length,
        (_, "content_filter") => FinishReason::ContentFilter,
        ("cancelled", _) => FinishReason::Aborted,
        // Queued, for one: an answer that was asked for in the background is not here yet.
        _ => FinishReason::Other,
    };
    let raw = if reason.is_empty() { status } else { reason };
    answer.finish(finish, Some(raw).filter(|raw| !raw.is_empty()));
    Ok(())
}

/// What a response that failed says of it. The rest of it, the request's own text among it, is not
/// the error's.
pub fn failure(error: &Json<'_>) -> Box<Error> {
    error::in_body(&object! { "error": error.clone() }.to_text())
}

/// Cached and written tokens are parts of the input, reasoning is part of the output (openai.md
/// §3.3).
fn usage_of(usage: &Json<'_>) -> Usage {
    let input = usage.get("input_tokens_details");
    Usage {
        input_tokens: count(usage.get("input_tokens")),
        output_tokens: count(usage.get("output_tokens")),
        total_tokens: count(usage.get("total_tokens")),
        cache_read_tokens: count(input.get("cached_tokens")),
        cache_write_tokens: count(input.get("cache_write_tokens")),
        reasoning_tokens: count(usage.path(&["output_tokens_details", "reasoning_tokens"])),
        ..Usage::default()
    }
}
