//! Rust's shapes written as TypeScript, for `tsc` to hold against the public types.
//!
//! Writes one value of every event, error kind and finish reason to `target/contract/values.ts`; the
//! type tests compile it.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use modelwire::answer::Answer;
use modelwire::call::Call;
use modelwire::chat::{FinishReason, ReasoningPart, Usage, Warning};
use modelwire::error::{Error, ErrorKind};
use modelwire::providers::PROVIDERS;
use serde_json::{Value, json};

use crate::framing::value;

fn line(out: &mut String, name: &str, value: &Value, satisfies: &str) {
    writeln!(out, "export const {name} = {value} satisfies {satisfies};").unwrap();
}

#[test]
fn the_shapes_are_written_for_the_type_tests() {
    let mut answer = Answer::new("openai", "gpt-6-luna", true);
    answer.identity(Some("c1"), None);
    answer.reasoning_start(ReasoningPart { text: "Hm.".into(), signature: Some("s".into()), redacted: true, ..Default::default() });
    answer.text("Hello");
    answer.refusal("No.");
    answer.tool_start(0, "t1", "weather");
    answer.tool_input(0, "{\"city\":\"Paris\"}");
    answer.end_tools();
    answer.finish(FinishReason::Stop, Some("stop"));
    answer.usage = Usage { input_tokens: Some(1), ..Usage::default() };
    answer.warnings.push(Warning::dropped("topK", "why"));
    let call = Call::new("call_1".into(), 0.0);
    call.target("openai", "gpt-6-luna", 0.0);
    let mut error = call.failed(Error::new(ErrorKind::ContextLength, "too long"), 1.0);
    (error.needed, error.limit) = (Some(2), Some(1));
    let response = call.dress(answer.response(None, None), 2.0);

    let mut events: Vec<Value> = answer.batch.events().iter().map(value).collect();
    events.push(json!({ "type": "usage", "usage": value(&response.usage.to_json()), "cost": null }));
    events.push(json!({ "type": "end", "finishReason": response.finish_reason.word(), "response": value(&response.to_json()) }));
    // `output` is added by the facade, where the schema is.
    for event in &mut events {
        if let Some(response) = event.get_mut("response") {
            response["output"] = Value::Null;
        }
    }
    let mut types: Vec<String> = events.iter().map(|event| event["type"].as_str().unwrap().to_owned()).collect();
    types.dedup();
    let all = ["start", "reasoning-delta", "text-delta", "tool-call-start", "tool-call-delta", "tool-call", "usage", "end"];
    assert_eq!(types, all);

    let mut response = value(&response.to_json());
    response["output"] = Value::Null;
    let kinds: Vec<Value> = ErrorKind::ALL.iter().map(|kind| json!(kind.word())).collect();
    let reasons: Vec<Value> = FinishReason::ALL.iter().map(|reason| json!(reason.word())).collect();
    let mut names: Vec<&str> = PROVIDERS.iter().map(|row| row.kind.word()).collect();
    names.sort_unstable();
    names.dedup();

    let mut out = String::from(
        "// Written by `cargo test contract`; compiled by the type tests.\n\
         import type { Attempt, ChatEvent, ChatResponse, ErrorCode, ErrorInfo, FinishReason, ProviderOptions } from \"../../js/types.ts\";\n\
         type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;\n",
    );
    line(&mut out, "events", &events.into(), "ChatEvent[]");
    line(&mut out, "response", &response, "ChatResponse<null>");
    let error = value(&error.to_json());
    line(&mut out, "attempts", &error["attempts"], "Attempt[]");
    line(&mut out, "errorInfo", &error["attempts"][0]["error"], "ErrorInfo");
    writeln!(out, "export const codes = {} as const satisfies readonly ErrorCode[];", Value::Array(kinds)).unwrap();
    writeln!(out, "export const reasons = {} as const satisfies readonly FinishReason[];", Value::Array(reasons)).unwrap();
    writeln!(out, "export const eventTypes = {} as const satisfies readonly ChatEvent[\"type\"][];", json!(all)).unwrap();
    writeln!(out, "export const kinds = {} as const satisfies readonly ProviderOptions[\"kind\"][];", json!(names)).unwrap();
    out.push_str(
        "export const sameCodes: Same<(typeof codes)[number], ErrorCode> = true;\n\
         export const sameReasons: Same<(typeof reasons)[number], FinishReason> = true;\n\
         export const sameKinds: Same<(typeof kinds)[number], NonNullable<ProviderOptions[\"kind\"]>> = true;\n\
         // Events of later capabilities, which nothing sends yet.\n\
         type Later = \"tool-result\" | \"retry\" | \"continue\";\n\
         export const sameEvents: Same<(typeof eventTypes)[number], Exclude<ChatEvent[\"type\"], Later>> = true;\n",
    );
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/contract");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("values.ts"), out).unwrap();
}
