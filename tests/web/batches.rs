//! The shared areas: bytes written as JavaScript writes them, events read as JavaScript reads them.

use js_sys::{Reflect, Uint8Array, Uint32Array};
use modelwire::web::stream;
use serde_json::{Value, json};
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::script::{client, next_call, open, parse};

const MORE: u32 = 0;
const DONE: u32 = 1;
const FAILED: u32 = 2;

fn memory() -> JsValue {
    Reflect::get(&wasm_bindgen::memory(), &"buffer".into()).expect("a buffer")
}

/// Writes bytes into the input area and feeds them.
fn feed(number: u32, bytes: &[u8]) -> u32 {
    let address = stream::scratch(bytes.len());
    Uint8Array::new_with_byte_offset_and_length(&memory(), address as u32, bytes.len() as u32).copy_from(bytes);
    stream::feed(number, bytes.len(), 1e12)
}

/// The events of the last step, as js/pump.ts makes them.
fn events() -> Vec<Value> {
    let layout = Uint32Array::new_with_byte_offset_and_length(&memory(), stream::batch() as u32, 4).to_vec();
    let [text, bytes, marks, count] = layout[..] else { panic!("four numbers") };
    let text = String::from_utf8(Uint8Array::new_with_byte_offset_and_length(&memory(), text, bytes).to_vec()).expect("UTF-8");
    let text: Vec<u16> = text.encode_utf16().collect();
    let marks = Uint32Array::new_with_byte_offset_and_length(&memory(), marks, count).to_vec();
    let mut start = 0;
    let list = marks
        .chunks_exact(2)
        .map(|mark| {
            let piece = String::from_utf16(&text[start..mark[1] as usize]).expect("whole characters");
            start = mark[1] as usize;
            match mark[0] & 0xff {
                0 => serde_json::from_str(&piece).expect("JSON"),
                1 => json!({ "type": "text-delta", "text": piece }),
                2 => json!({ "type": "reasoning-delta", "text": piece }),
                3 => json!({ "type": "tool-call-delta", "index": mark[0] >> 8, "text": piece }),
                other => panic!("kind {other}"),
            }
        })
        .collect();
    assert_eq!(start, text.len(), "text that belongs to no event");
    list
}

async fn opened() -> u32 {
    let (client, _) = client("return new Response(new ReadableStream())");
    let (number, body) = open(client, next_call()).await;
    body.expect("a response");
    number
}

fn chunk(delta: Value, finish_reason: Value) -> String {
    let chunk =
        json!({ "id": "chatcmpl-1", "model": "gpt-6-luna", "choices": [{ "index": 0, "delta": delta, "finish_reason": finish_reason }] });
    format!("data: {chunk}\n\n")
}

fn text(piece: &str) -> String {
    chunk(json!({ "content": piece }), Value::Null)
}

fn end() -> String {
    format!("{}data: [DONE]\n\n", chunk(json!({}), "stop".into()))
}

#[wasm_bindgen_test]
async fn one_read_with_several_events_is_one_batch() {
    let number = opened().await;
    let call =
        json!({ "tool_calls": [{ "index": 0, "id": "c", "type": "function", "function": { "name": "f", "arguments": "{\"ä\":" } }] });
    let rest = json!({ "tool_calls": [{ "index": 0, "function": { "arguments": "\"👋\"}" } }] });
    let bytes = [text("wörld "), text("👋 "), text("你好"), chunk(call, Value::Null), chunk(rest, Value::Null)].concat();
    assert_eq!(feed(number, bytes.as_bytes()), MORE);
    assert_eq!(
        events(),
        [
            json!({ "type": "start", "provider": "openai", "model": "gpt-6-luna", "id": "chatcmpl-1" }),
            json!({ "type": "text-delta", "text": "wörld " }),
            json!({ "type": "text-delta", "text": "👋 " }),
            json!({ "type": "text-delta", "text": "你好" }),
            json!({ "type": "tool-call-start", "index": 0, "id": "c", "name": "f" }),
            json!({ "type": "tool-call-delta", "index": 0, "text": "{\"ä\":" }),
            json!({ "type": "tool-call-delta", "index": 0, "text": "\"👋\"}" }),
        ]
    );
    assert_eq!(feed(number, end().as_bytes()), DONE);
    let last = events();
    assert_eq!(last.iter().map(|event| event["type"].as_str().unwrap_or_default()).collect::<Vec<_>>(), ["tool-call", "usage", "end"]);
    assert_eq!(last[2]["response"]["toolCalls"][0]["input"], json!({ "ä": "👋" }));
}

#[wasm_bindgen_test]
async fn a_read_without_a_whole_event_has_no_events() {
    let number = opened().await;
    let whole = text("Hi");
    assert_eq!(feed(number, &whole.as_bytes()[..20]), MORE);
    assert_eq!(events(), [] as [Value; 0]);
    assert_eq!(feed(number, &whole.as_bytes()[20..]), MORE);
    assert_eq!(events().len(), 2);
    stream::free(number);
}

#[wasm_bindgen_test]
async fn streams_that_take_turns_in_the_shared_areas_do_not_mix() {
    let numbers = [opened().await, opened().await, opened().await];
    let mut texts = vec![String::new(); 3];
    for round in 0..50 {
        for (at, number) in numbers.iter().enumerate() {
            let piece = format!("{at}:{round} ");
            let bytes = text(&piece);
            // Half an event of each is under way while the others are fed.
            let (head, tail) = bytes.as_bytes().split_at(round);
            assert_eq!(feed(*number, head), MORE);
            texts[at].extend(events().iter().filter_map(|event| event["text"].as_str()));
            assert_eq!(feed(*number, tail), MORE);
            texts[at].extend(events().iter().filter_map(|event| event["text"].as_str()));
        }
    }
    for (at, number) in numbers.iter().enumerate() {
        assert_eq!(texts[at], (0..50).map(|round| format!("{at}:{round} ")).collect::<String>());
        assert_eq!(feed(*number, end().as_bytes()), DONE);
        assert_eq!(events().last().expect("an end")["response"]["text"], texts[at]);
    }
}

#[wasm_bindgen_test]
async fn a_failed_step_keeps_the_events_before_it() {
    let number = opened().await;
    let bytes = [text("Hi"), "data: {nonsense\n\n".to_owned()].concat();
    assert_eq!(feed(number, bytes.as_bytes()), FAILED);
    assert_eq!(events()[1], json!({ "type": "text-delta", "text": "Hi" }));
    let error = parse(&stream::take_error(number));
    assert_eq!((error["code"].as_str(), error["partial"]["text"].as_str()), (Some("malformed"), Some("Hi")));
    assert_eq!(parse(&stream::take_error(number))["code"], "aborted", "it is taken once");
}

#[wasm_bindgen_test]
async fn a_large_read_grows_the_area_and_an_immense_one_is_bounded() {
    let number = opened().await;
    let piece = "ü".repeat(400_000);
    assert_eq!(feed(number, text(&piece).as_bytes()), MORE);
    assert_eq!(events()[1]["text"], piece);
    // The address of a bounded area; a length beyond it is cut, not read.
    assert!(stream::scratch(usize::MAX) > 0);
    stream::feed(number, usize::MAX, 1e12);
    stream::free(number);
}

#[wasm_bindgen_test]
fn a_relay_reads_this_librarys_own_events() {
    let number = stream::relay("call_1", 1e12);
    let start = json!({ "type": "start", "provider": "openai", "model": "m", "id": "i" });
    let delta = json!({ "type": "text-delta", "text": "Hé" });
    assert_eq!(feed(number, format!("data: {start}\n\ndata: {delta}\n\n").as_bytes()), MORE);
    assert_eq!(events(), [start, delta]);
    stream::free(number);
}

#[wasm_bindgen_test]
fn a_number_that_stands_for_nothing_is_harmless() {
    for number in [0, 77_777, u32::MAX] {
        assert_eq!((stream::feed(number, 5, 0.0), stream::finish(number, 0.0)), (DONE, DONE));
        assert_eq!(events(), [] as [Value; 0]);
        assert_eq!(parse(&stream::take_error(number))["code"], "aborted");
        assert_eq!((stream::broke(number, "x", 0.0), stream::due(number, 1.0), stream::late(number, 1.0, 9e12)), (DONE, 0.0, DONE));
        stream::free(number);
    }
}
