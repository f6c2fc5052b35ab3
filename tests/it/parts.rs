//! What an answer tells the gateway beyond the contract's events: who signed a thought, and that a refusal begins.

use modelwire::answer::Answer;
use modelwire::chat::ReasoningPart;
use serde_json::{Value, json};

use crate::framing::value;

fn told(live: bool, parted: bool) -> Vec<Value> {
    let mut answer = Answer::new("anthropic", "claude-haiku-5-5", live);
    if parted {
        answer.tell_parts();
    }
    answer.identity(Some("m1"), None);
    answer.reasoning_start(ReasoningPart { signature: Some("sealed".into()), redacted: true, ..Default::default() });
    answer.reasoning_start(ReasoningPart::default());
    answer.reasoning("Hm.");
    answer.signature("s");
    answer.text("Well.");
    answer.refusal("I can");
    answer.refusal("not.");
    answer.batch.events().iter().map(value).collect()
}

#[test]
fn parts_are_told_where_they_end_or_begin_and_only_to_who_wants_them() {
    let signed = |signature: &str| json!({ "type": "reasoning", "text": "", "signature": signature, "provider": "anthropic", "model": "claude-haiku-5-5" });
    let mut sealed = signed("sealed");
    sealed["redacted"] = json!(true);
    let start = json!({ "type": "start", "provider": "anthropic", "model": "claude-haiku-5-5", "id": "m1" });
    let text = |kind: &str, text: &str| json!({ "type": kind, "text": text });
    let all = [
        start,
        sealed,
        text("reasoning-delta", "Hm."),
        signed("s"),
        text("text-delta", "Well."),
        json!({ "type": "refusal" }),
        text("text-delta", "I can"),
        text("text-delta", "not."),
    ];
    assert_eq!(told(true, true), all);
    let of_contract: Vec<Value> =
        all.iter().filter(|event| !["reasoning", "refusal"].contains(&event["type"].as_str().unwrap())).cloned().collect();
    assert_eq!(told(true, false), of_contract);
    assert!(told(false, true).is_empty());
}
