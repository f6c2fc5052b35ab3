//! Reading a stream, event by event (openai.md §5).

use super::items::{Items, Lane, Place, input_of};
use super::response;
use crate::answer::Answer;
use crate::error::{Error, Result};
use crate::json::Json;
use crate::providers::StreamDecoder;
use crate::providers::openai_chat::error;
use crate::scan::{Found, Member, Value};
use crate::sse::{Flow, SseEvent};

/// The state of one stream: what of it was told.
#[derive(Default)]
pub struct Decoder {
    items: Items,
}

/// Places of what a delta holds.
const TYPE: usize = 0;
const TEXT: usize = 1;
const ITEM: usize = 0;
const CONTENT: usize = 1;
const SUMMARY: usize = 2;

const DELTA: &[Member] = &[
    Member("type", Value::Text(TYPE)),
    Member("sequence_number", Value::Any),
    Member("item_id", Value::Any),
    Member("output_index", Value::Index(ITEM)),
    Member("content_index", Value::Index(CONTENT)),
    Member("summary_index", Value::Index(SUMMARY)),
    Member("delta", Value::Text(TEXT)),
    Member("logprobs", Value::Any),
    Member("obfuscation", Value::Any),
];

impl StreamDecoder for Decoder {
    fn shape(&self) -> &'static [Member] {
        DELTA
    }

    fn delta(&mut self, event: &Found<'_>, answer: &mut Answer) -> bool {
        let (lane, part) = match event.word(TYPE) {
            b"response.output_text.delta" => (Lane::Text, event.number(CONTENT)),
            b"response.function_call_arguments.delta" | b"response.custom_tool_call_input.delta" => (Lane::Input, None),
            b"response.reasoning_summary_text.delta" => (Lane::Summary, event.number(SUMMARY)),
            b"response.reasoning_text.delta" => (Lane::Thought, event.number(CONTENT)),
            _ => return false,
        };
        let Some(Some(text)) = event.text(TEXT) else { return false };
        let place = Place { item: event.number(ITEM).unwrap_or(0), lane, part: part.unwrap_or(0) };
        self.items.tell(place, &text, answer);
        true
    }

    fn push(&mut self, event: &SseEvent<'_>, answer: &mut Answer) -> Result<Flow> {
        let data = event.data.trim();
        // OpenAI has none. Where there is one, an end without a reason is an end.
        if data == "[DONE]" {
            return Ok(Flow::Done);
        }
        if event.name == "error" {
            return Err(error::in_body(data));
        }
        let body = response::parse(data)?;
        self.event(body.get("type").str().unwrap_or(event.name), &body, data, answer)
    }

    fn finish(&mut self, _: &mut Answer) -> Result<()> {
        Err(Error::truncated("the stream ended without response.completed"))
    }
}

impl Decoder {
    /// Deltas first: there is one for every token. What is not named is of no interest: keep-alives,
    /// annotations, the progress of hosted tools, and whatever is newer.
    fn event(&mut self, name: &str, event: &Json<'_>, data: &str, answer: &mut Answer) -> Result<Flow> {
        match name {
            "response.output_text.delta" => self.delta(event, Lane::Text, answer),
            "response.function_call_arguments.delta" | "response.custom_tool_call_input.delta" => self.delta(event, Lane::Input, answer),
            "response.reasoning_summary_text.delta" => self.delta(event, Lane::Summary, answer),
            "response.reasoning_text.delta" => self.delta(event, Lane::Thought, answer),
            "response.refusal.delta" => self.delta(event, Lane::Refusal, answer),
            "response.output_text.done" => self.whole(event, Lane::Text, event.get("text").text(), answer),
            "response.function_call_arguments.done" | "response.custom_tool_call_input.done" => {
                self.whole(event, Lane::Input, &input_of(event), answer);
            }
            "response.reasoning_summary_text.done" => self.whole(event, Lane::Summary, event.get("text").text(), answer),
            "response.reasoning_text.done" => self.whole(event, Lane::Thought, event.get("text").text(), answer),
            "response.refusal.done" => self.whole(event, Lane::Refusal, event.get("refusal").text(), answer),
            "response.output_item.added" => self.items.begin(index(event), event.get("item"), answer),
            "response.output_item.done" => self.items.end(index(event), event.get("item"), answer),
            "response.created" | "response.queued" | "response.in_progress" => response::read_head(event.get("response"), answer),
            "response.completed" | "response.incomplete" => return self.end(event.get("response"), answer),
            "response.failed" => {
                let response = event.get("response");
                response::read_head(response, answer);
                return Err(response::failure(response.get("error")));
            }
            // Flat, or with the error in a member. `response.failed` says it again, to nobody.
            "error" => return Err(error::in_body(data)),
            _ => {}
        }
        Ok(Flow::More)
    }

    fn delta(&mut self, event: &Json<'_>, lane: Lane, answer: &mut Answer) {
        self.items.tell(place(event, lane), event.get("delta").text(), answer);
    }

    fn whole(&mut self, event: &Json<'_>, lane: Lane, text: &str, answer: &mut Answer) {
        self.items.fill(place(event, lane), text, answer);
    }

    /// The whole response comes once more, on some proxies without its output. It is read where no
    /// item came before it.
    fn end(&mut self, response: &Json<'_>, answer: &mut Answer) -> Result<Flow> {
        response::read_head(response, answer);
        if self.items.is_empty() {
            response::read_output(response, &mut self.items, answer);
        }
        response::end(response, answer)?;
        Ok(Flow::Done)
    }
}

fn index(event: &Json<'_>) -> u64 {
    event.get("output_index").u64().unwrap_or(0)
}

fn place(event: &Json<'_>, lane: Lane) -> Place {
    let part = match lane {
        Lane::Input => None,
        Lane::Summary => event.get("summary_index").u64(),
        Lane::Text | Lane::Refusal | Lane::Thought => event.get("content_index").u64(),
    };
    Place { item: index(event), lane, part: part.unwrap_or(0) }
}
