//! The body of a request, field by field.

use serde_json::{Map, Value, json};

use super::{KIND, names};
use crate::chat::{AssistantPart, ChatRequest, Message, Reasoning, Tool, ToolChoice, UserPart, Warning};
use crate::error::{Error, ErrorKind, Result};
use crate::providers::tool_ids::ToolIds;
use crate::providers::{Mode, Target, apply_provider_options};

/// Models that think, and take `thinking`; it is a 400 for the others.
const THINKING_MODELS: [&str; 2] = ["command-a-plus", "command-a-reasoning"];

/// Models older than `tool_choice`.
const MODELS_WITHOUT_TOOL_CHOICE: [&str; 2] = ["command-r-08-2024", "command-r-plus-08-2024"];

/// Encodes a request.
pub fn body(target: &Target<'_>, request: &ChatRequest, mode: Mode, warnings: &mut Vec<Warning>) -> Result<Map<String, Value>> {
    let thinks = is_one_of(target.model, &THINKING_MODELS);
    let mut body = Map::new();
    body.insert("model".into(), target.model.into());
    body.insert("messages".into(), messages(request, thinks, warnings)?.into());
    tools(&mut body, target.model, request)?;
    if let Some(max_tokens) = request.max_tokens {
        body.insert("max_tokens".into(), max_tokens.into());
    }
    sampling(&mut body, request, warnings);
    reasoning(&mut body, request, thinks, warnings);
    if mode == Mode::Stream {
        body.insert("stream".into(), true.into());
    }
    apply_provider_options(&mut body, target, request);
    Ok(body)
}

fn is_one_of(model: &str, prefixes: &[&str]) -> bool {
    prefixes.iter().any(|prefix| model.starts_with(prefix))
}

fn unsupported(message: String) -> Box<Error> {
    Error::new(ErrorKind::Unsupported, message)
}

// ─────────────────────────────────────────── messages

fn messages(request: &ChatRequest, thinks: bool, warnings: &mut Vec<Warning>) -> Result<Vec<Value>> {
    // One system message, first: some models take no other. Later ones stay where they are.
    let leading = request.messages.iter().map_while(|message| match message {
        Message::System { content } => Some(content.as_str()),
        _ => None,
    });
    let system: Vec<&str> = request.system.iter().map(String::as_str).chain(leading).filter(|text| !text.is_empty()).collect();
    let mut messages = Vec::with_capacity(request.messages.len() + 1);
    if !system.is_empty() {
        messages.push(json!({ "role": "system", "content": system.join("\n\n") }));
    }
    // Any character will do; each id once.
    let mut ids = ToolIds::new(|_| true);
    let rest = request.messages.iter().enumerate().skip_while(|(_, message)| matches!(message, Message::System { .. }));
    for (index, message) in rest {
        match message {
            Message::System { content } => messages.push(json!({ "role": "system", "content": content })),
            Message::User { content, name } => {
                if name.is_some() {
                    warnings.push(Warning::dropped(&format!("messages[{index}].name"), "Cohere does not tell users apart"));
                }
                messages.push(json!({ "role": "user", "content": UserPart::text(content) }));
            }
            Message::Assistant { content } => {
                let path = format!("messages[{index}]");
                messages.extend(assistant(&path, content, thinks, &mut ids)?);
            }
            Message::Tool { call_id, content, is_error } => {
                let text = UserPart::text(content);
                // There is no field for it, and a model that is not told takes the text for a result.
                let told = !is_error || text.trim_start().get(..5).is_some_and(|head| head.eq_ignore_ascii_case("error"));
                let text = if told { text } else { format!("Error: {text}") };
                messages.push(json!({ "role": "tool", "tool_call_id": ids.result(call_id), "content": text }));
            }
        }
    }
    Ok(messages)
}

/// `None` for a turn of which nothing is left: content and calls must not both be empty.
fn assistant(path: &str, parts: &[AssistantPart], thinks: bool, ids: &mut ToolIds) -> Result<Option<Value>> {
    let (mut thoughts, mut text, mut calls) = (String::new(), String::new(), Vec::new());
    for part in parts {
        match part {
            AssistantPart::Text { text: piece } | AssistantPart::Refusal { text: piece } => text.push_str(piece),
            AssistantPart::Reasoning(part) if part.provider.as_deref() == Some(KIND) => thoughts.push_str(&part.text),
            AssistantPart::Reasoning(_) => {}
            AssistantPart::ToolCall(call) => {
                let Some(name) = names::encode(&call.name) else {
                    return Err(unsupported(format!("{path}: the tool name \"{}\" cannot be spelled for Cohere", call.name)));
                };
                let arguments = call.input().map_or("{}", |input| input.get());
                let function = json!({ "name": name, "arguments": arguments });
                calls.push(json!({ "id": ids.call(&call.id), "type": "function", "function": function }));
            }
        }
    }
    let mut message = Map::new();
    message.insert("role".into(), "assistant".into());
    if !calls.is_empty() {
        if !thoughts.is_empty() {
            message.insert("tool_plan".into(), thoughts.into());
        }
        if !text.is_empty() {
            message.insert("content".into(), text.into());
        }
        message.insert("tool_calls".into(), calls.into());
    } else if text.is_empty() {
        return Ok(None);
    } else if thinks && !thoughts.is_empty() {
        message.insert("content".into(), json!([{ "type": "thinking", "thinking": thoughts }, { "type": "text", "text": text }]));
    } else {
        message.insert("content".into(), text.into());
    }
    Ok(Some(message.into()))
}

// ─────────────────────────────────────────── tools

fn tools(body: &mut Map<String, Value>, model: &str, request: &ChatRequest) -> Result<()> {
    // Cohere cannot be told which tool to call: one that must be called is the only one it sees.
    let sent = |tool: &Tool| !matches!(&request.tool_choice, Some(ToolChoice::Named(name)) if *name != tool.name);
    let tools: Vec<(usize, &Tool)> = request.tools.iter().enumerate().filter(|(_, tool)| sent(tool)).collect();
    if tools.is_empty() {
        return Ok(());
    }
    let choice = match &request.tool_choice {
        None | Some(ToolChoice::Auto) => None,
        Some(ToolChoice::None) => Some("NONE"),
        Some(ToolChoice::Required | ToolChoice::Named(_)) => Some("REQUIRED"),
    };
    if choice.is_some() && is_one_of(model, &MODELS_WITHOUT_TOOL_CHOICE) {
        return Err(unsupported(format!("toolChoice: {model} has none; use \"auto\"")));
    }
    let encoded: Vec<Value> = tools.iter().map(|(index, one)| tool(*index, one)).collect::<Result<_>>()?;
    body.insert("tools".into(), encoded.into());
    if let Some(choice) = choice {
        body.insert("tool_choice".into(), choice.into());
    }
    // Strictness is one switch for all tools, and needs something to be strict about in each.
    if let Some((strict, _)) = tools.iter().find(|(_, tool)| tool.strict == Some(true)) {
        let required = |tool: &Tool| tool.input.get("required").and_then(Value::as_array).is_some_and(|list| !list.is_empty());
        if let Some((loose, _)) = tools.iter().find(|(_, tool)| !required(tool)) {
            let rule = "Cohere is strict about all tools or none, and each needs a required parameter";
            return Err(unsupported(format!("tools[{strict}].strict: {rule}, which tools[{loose}] has not")));
        }
        body.insert("strict_tools".into(), true.into());
    }
    Ok(())
}

fn tool(index: usize, tool: &Tool) -> Result<Value> {
    let Some(name) = names::encode(&tool.name) else {
        return Err(unsupported(format!("tools[{index}].name: \"{}\" cannot be spelled for Cohere", tool.name)));
    };
    let mut function = Map::new();
    function.insert("name".into(), name.into());
    if let Some(description) = &tool.description {
        function.insert("description".into(), description.as_str().into());
    }
    function.insert("parameters".into(), tool.input.clone());
    Ok(json!({ "type": "function", "function": function }))
}

// ─────────────────────────────────────────── sampling and reasoning

fn sampling(body: &mut Map<String, Value>, request: &ChatRequest, warnings: &mut Vec<Warning>) {
    let mut within = |field: &str, setting: &str, asked: Option<f64>, low: f64, high: f64| {
        let Some(asked) = asked else { return };
        let value = asked.clamp(low, high);
        if value != asked {
            warnings.push(Warning::clamped(setting, value, &format!("Cohere takes {low} to {high}")));
        }
        body.insert(field.to_owned(), value.into());
    };
    within("temperature", "temperature", request.temperature, 0.0, 1.0);
    within("p", "topP", request.top_p.filter(|p| *p < 1.0), 0.01, 0.99);
    within("frequency_penalty", "frequencyPenalty", request.frequency_penalty, 0.0, 1.0);
    within("presence_penalty", "presencePenalty", request.presence_penalty, 0.0, 1.0);
    if request.top_p.is_some_and(|p| p >= 1.0) {
        warnings.push(Warning::dropped("topP", "Cohere refuses 1"));
    }
    if let Some(top_k) = request.top_k {
        if top_k > 500 {
            warnings.push(Warning::clamped("topK", 500, "Cohere takes at most 500"));
        }
        body.insert("k".into(), top_k.min(500).into());
    }
    match request.seed.map(u64::try_from) {
        Some(Ok(seed)) => _ = body.insert("seed".into(), seed.into()),
        Some(Err(_)) => warnings.push(Warning::dropped("seed", "Cohere takes no negative one")),
        None => {}
    }
    let stops: Vec<&str> = request.stop.iter().map(String::as_str).filter(|text| !text.is_empty()).take(5).collect();
    if stops.len() < request.stop.len() {
        warnings.push(Warning::dropped("stop", "Cohere takes at most five texts, none of them empty; the rest was left out"));
    }
    if !stops.is_empty() {
        body.insert("stop_sequences".into(), stops.into());
    }
}

fn reasoning(body: &mut Map<String, Value>, request: &ChatRequest, thinks: bool, warnings: &mut Vec<Warning>) {
    let Some(wanted) = request.reasoning else { return };
    if !thinks {
        if wanted != Reasoning::None {
            warnings.push(Warning::dropped("reasoning", "this model does not think"));
        }
        return;
    }
    // Cohere has no words for the effort, but takes a budget. "high" is its own way of thinking:
    // without one.
    let word = |tokens: u64| Some(tokens.min(request.max_tokens.map_or(tokens, |max| max / 2)).max(1));
    let budget = match wanted {
        Reasoning::None => {
            body.insert("thinking".into(), json!({ "type": "disabled" }));
            return;
        }
        Reasoning::Minimal => word(512),
        Reasoning::Low => word(2048),
        Reasoning::Medium => word(8192),
        Reasoning::High => None,
        Reasoning::Budget(tokens) => Some(tokens),
    };
    let thinking = match budget {
        Some(tokens) => json!({ "type": "enabled", "token_budget": tokens }),
        None => json!({ "type": "enabled" }),
    };
    body.insert("thinking".into(), thinking);
}
