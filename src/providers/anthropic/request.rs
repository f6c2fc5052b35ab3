//! The body of a request, field by field.
//!
//! Fields that the API does not know are a 400 ("Extra inputs are not permitted"), so nothing is
//! sent on the chance that it may be of use.

use serde_json::{Map, Value, json};

use super::abilities::{Abilities, Sampling, Thinking};
use super::{LATEST_VERSION, messages, version};
use crate::chat::{ChatRequest, Reasoning, Tool, ToolChoice, Warning};
use crate::error::{Error, ErrorKind, Result};
use crate::models::max_output_tokens;
use crate::providers::{Mode, Target, apply_provider_options};

/// What is asked for when neither the caller nor the catalogue says how long the answer may get.
const UNKNOWN_MODEL_MAX_TOKENS: u64 = 4096;

/// The least that the API accepts as a thinking budget.
const LEAST_BUDGET: u64 = 1024;

/// Encodes a request.
pub fn body(target: &Target<'_>, request: &ChatRequest, mode: Mode, warnings: &mut Vec<Warning>) -> Result<Map<String, Value>> {
    let abilities = Abilities::of(target.model);
    let max_tokens = max_tokens(target, request);
    let conversation = messages::encode(target.model, request, abilities, warnings)?;

    let mut body = Map::new();
    body.insert("model".into(), target.model.into());
    body.insert("max_tokens".into(), max_tokens.into());
    if let Some(system) = conversation.system {
        body.insert("system".into(), system.into());
    }
    body.insert("messages".into(), conversation.turns.into());
    tools(&mut body, target.model, request, abilities)?;
    let budgeted = reasoning(&mut body, request, abilities, max_tokens, warnings);
    sampling(&mut body, target, request, abilities, budgeted, warnings);
    stop(&mut body, request, warnings);
    if mode == Mode::Stream {
        body.insert("stream".into(), true.into());
    }
    apply_provider_options(&mut body, target, request);
    Ok(body)
}

/// The bound of the answer, which this API wants to be told.
pub fn max_tokens(target: &Target<'_>, request: &ChatRequest) -> u64 {
    request.max_tokens.or_else(|| max_output_tokens(target.model)).unwrap_or(UNKNOWN_MODEL_MAX_TOKENS)
}

// ─────────────────────────────────────────── tools

fn tools(body: &mut Map<String, Value>, model: &str, request: &ChatRequest, abilities: Abilities) -> Result<()> {
    if request.tools.is_empty() {
        return Ok(());
    }
    let tools: Vec<Value> = request.tools.iter().enumerate().map(|(index, one)| tool(index, one)).collect::<Result<_>>()?;
    body.insert("tools".into(), tools.into());
    let choice = match &request.tool_choice {
        None => return Ok(()),
        Some(ToolChoice::Auto) => json!({ "type": "auto" }),
        Some(ToolChoice::None) => json!({ "type": "none" }),
        Some(ToolChoice::Required | ToolChoice::Named(_)) if !abilities.forced_tools => {
            return Err(Error::new(ErrorKind::Unsupported, format!("toolChoice: {model} cannot be made to call a tool; use \"auto\"")));
        }
        Some(ToolChoice::Required) => json!({ "type": "any" }),
        Some(ToolChoice::Named(name)) => json!({ "type": "tool", "name": name }),
    };
    body.insert("tool_choice".into(), choice);
    Ok(())
}

fn tool(index: usize, tool: &Tool) -> Result<Value> {
    let unsupported = |what: &str| Error::new(ErrorKind::Unsupported, format!("tools[{index}].{what}"));
    // Rewriting the name is no way out: the answer could not be told from one about another tool.
    if !tool.name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-') {
        return Err(unsupported(&format!("name is \"{}\"; Anthropic takes letters, digits, _ and - only", tool.name)));
    }
    let mut schema = tool.input.as_object().cloned().unwrap_or_default();
    match schema.get("type") {
        Some(Value::String(kind)) if kind == "object" => {}
        None => _ = schema.insert("type".into(), "object".into()),
        Some(_) => return Err(unsupported("input must be a schema of type \"object\" for Anthropic")),
    }
    let mut encoded = Map::new();
    encoded.insert("name".into(), tool.name.as_str().into());
    if let Some(description) = &tool.description {
        encoded.insert("description".into(), description.as_str().into());
    }
    encoded.insert("input_schema".into(), schema.into());
    if let Some(strict) = tool.strict {
        encoded.insert("strict".into(), strict.into());
    }
    Ok(encoded.into())
}

// ─────────────────────────────────────────── reasoning

/// Says how much to think. True when it is by a budget, which other settings do not go with.
fn reasoning(
    body: &mut Map<String, Value>,
    request: &ChatRequest,
    abilities: Abilities,
    max_tokens: u64,
    warnings: &mut Vec<Warning>,
) -> bool {
    let Some(wanted) = request.reasoning else { return false };
    match (abilities.thinking, wanted) {
        (Thinking::Never, Reasoning::None) => false,
        (Thinking::Never, _) => {
            warnings.push(Warning::dropped("reasoning", "this model does not think"));
            false
        }
        (Thinking::Always, Reasoning::None) => {
            warnings.push(Warning::clamped("reasoning", "\"low\"", "this model always thinks"));
            adapt(body, "low");
            false
        }
        (_, Reasoning::None) => {
            body.insert("thinking".into(), json!({ "type": "disabled" }));
            false
        }
        (Thinking::Budget, _) | (Thinking::AdaptiveOrBudget, Reasoning::Budget(_)) => budget(body, request, wanted, max_tokens, warnings),
        (_, Reasoning::Minimal) => {
            warnings.push(Warning::clamped("reasoning", "\"low\"", "it is the least that Anthropic knows"));
            adapt(body, "low");
            false
        }
        (_, Reasoning::Budget(tokens)) => {
            let effort = match tokens {
                0..=4096 => "low",
                4097..=16_384 => "medium",
                _ => "high",
            };
            let why = "this model decides for itself how many tokens it thinks, and takes an effort only";
            warnings.push(Warning::clamped("reasoning", format_args!("\"{effort}\""), why));
            adapt(body, effort);
            false
        }
        (_, Reasoning::Low | Reasoning::Medium | Reasoning::High) => {
            adapt(body, wanted.word().unwrap_or("high"));
            false
        }
    }
}

fn adapt(body: &mut Map<String, Value>, effort: &str) {
    body.insert("thinking".into(), json!({ "type": "adaptive" }));
    body.insert("output_config".into(), json!({ "effort": effort }));
}

fn budget(body: &mut Map<String, Value>, request: &ChatRequest, wanted: Reasoning, max_tokens: u64, warnings: &mut Vec<Warning>) -> bool {
    if matches!(request.tool_choice, Some(ToolChoice::Required | ToolChoice::Named(_))) && !request.tools.is_empty() {
        warnings.push(Warning::dropped("reasoning", "this model does not think when it is made to call a tool"));
        return false;
    }
    // The budget must stay below max_tokens, which counts thinking too.
    if max_tokens <= LEAST_BUDGET {
        warnings.push(Warning::dropped("reasoning", "this model thinks in 1024 tokens or more, which maxTokens leaves no room for"));
        return false;
    }
    // Words leave a fifth of the answer's bound for the answer itself.
    let share = max_tokens / 5 * 4;
    let tokens = match wanted {
        Reasoning::Budget(asked) => {
            let tokens = asked.clamp(LEAST_BUDGET, max_tokens - 1);
            if tokens != asked {
                let why = "a budget is at least 1024 tokens and less than maxTokens";
                warnings.push(Warning::clamped("reasoning", format_args!("{{ budgetTokens: {tokens} }}"), why));
            }
            tokens
        }
        Reasoning::None | Reasoning::Minimal => LEAST_BUDGET,
        Reasoning::Low => share.clamp(LEAST_BUDGET, 4096),
        Reasoning::Medium => share.clamp(LEAST_BUDGET, 12_288),
        Reasoning::High => share.clamp(LEAST_BUDGET, 32_768),
    };
    body.insert("thinking".into(), json!({ "type": "enabled", "budget_tokens": tokens }));
    true
}

// ─────────────────────────────────────────── sampling

fn sampling(
    body: &mut Map<String, Value>,
    target: &Target<'_>,
    request: &ChatRequest,
    abilities: Abilities,
    budgeted: bool,
    warnings: &mut Vec<Warning>,
) {
    let (mut temperature, mut top_p, mut top_k) = (request.temperature, request.top_p, request.top_k);
    let mut drop = |setting: &str, given: bool, why: &str| {
        if given {
            warnings.push(Warning::dropped(setting, why));
        }
    };
    drop("seed", request.seed.is_some(), "Anthropic has no seed");
    drop("frequencyPenalty", request.frequency_penalty.is_some(), "Anthropic has no penalties");
    drop("presencePenalty", request.presence_penalty.is_some(), "Anthropic has no penalties");

    // Versions are dates and compare as text.
    let version = version(target);
    if version >= LATEST_VERSION {
        let why = format!("API version {version} has no sampling settings; older models take them under version 2023-06-01");
        drop("temperature", temperature.is_some(), &why);
        drop("topP", top_p.is_some(), &why);
        drop("topK", top_k.is_some(), &why);
        return;
    }
    if abilities.sampling == Sampling::Fixed {
        let why = "this model samples in one way only";
        drop("temperature", temperature.is_some_and(|value| value != 1.0), why);
        drop("topP", top_p.is_some_and(|value| value < 0.99), why);
        drop("topK", top_k.is_some(), why);
        temperature = temperature.filter(|value| *value == 1.0);
        top_p = top_p.filter(|value| *value >= 0.99);
        top_k = None;
    } else if budgeted {
        let why = "this model takes it only while it does not think";
        drop("temperature", temperature.is_some_and(|value| value != 1.0), why);
        drop("topP", top_p.is_some_and(|value| value < 0.95), why);
        drop("topK", top_k.is_some(), why);
        temperature = temperature.filter(|value| *value == 1.0);
        top_p = top_p.filter(|value| *value >= 0.95);
        top_k = None;
    }
    if abilities.sampling != Sampling::Free && temperature.is_some() {
        drop("topP", top_p.is_some(), "this model takes temperature or topP, not both");
        top_p = None;
    }
    if let Some(asked) = temperature {
        if asked > 1.0 {
            warnings.push(Warning::clamped("temperature", 1, "Anthropic's scale ends at 1"));
        }
        body.insert("temperature".into(), asked.min(1.0).into());
    }
    if let Some(top_p) = top_p {
        body.insert("top_p".into(), top_p.into());
    }
    if let Some(top_k) = top_k {
        body.insert("top_k".into(), top_k.into());
    }
}

fn stop(body: &mut Map<String, Value>, request: &ChatRequest, warnings: &mut Vec<Warning>) {
    let stops: Vec<&str> = request.stop.iter().map(String::as_str).filter(|text| !text.trim().is_empty()).collect();
    if stops.len() < request.stop.len() {
        warnings.push(Warning::dropped("stop", "Anthropic does not stop at white space alone"));
    }
    if !stops.is_empty() {
        body.insert("stop_sequences".into(), stops.into());
    }
}
