//! The body of a request, field by field.
//!
//! Fields that the API does not know are a 400 ("Extra inputs are not permitted"), so nothing is
//! sent on the chance that it may be of use.

use super::abilities::{Abilities, Sampling, Thinking};
use super::{LATEST_VERSION, messages, version};
use crate::chat::{ChatRequest, Reasoning, Tool, ToolChoice, Warning};
use crate::error::{Error, ErrorKind, Result};
use crate::json::Json;
use crate::models::max_output_tokens;
use crate::object;
use crate::providers::{Mode, Target, apply_provider_options};

/// What is asked for when neither the caller nor the catalogue says how long the answer may get.
const UNKNOWN_MODEL_MAX_TOKENS: u64 = 4096;

/// The least that the API accepts as a thinking budget.
const LEAST_BUDGET: u64 = 1024;

/// Encodes a request.
pub fn body<'a>(target: &'a Target<'_>, request: &'a ChatRequest, mode: Mode, warnings: &mut Vec<Warning>) -> Result<Json<'a>> {
    let abilities = Abilities::of(target.model);
    let max_tokens = max_tokens(target, request);
    let conversation = messages::encode(target.model, request, abilities, warnings)?;

    let mut body = object! { "model": target.model, "max_tokens": max_tokens };
    if !conversation.system.is_empty() {
        body.set_some("system", Json::from(conversation.system));
    }
    body.set_some("messages", Json::Array(conversation.turns));
    tools(&mut body, target.model, request, abilities)?;
    let budgeted = reasoning(&mut body, request, abilities, max_tokens, warnings);
    sampling(&mut body, target, request, abilities, budgeted, warnings);
    stop(&mut body, request, warnings);
    if mode == Mode::Stream {
        body.set_some("stream", Json::Bool(true));
    }
    apply_provider_options(&mut body, target, request);
    Ok(body)
}

/// The bound of the answer, which this API wants to be told.
pub fn max_tokens(target: &Target<'_>, request: &ChatRequest) -> u64 {
    request.max_tokens.or_else(|| max_output_tokens(target.model)).unwrap_or(UNKNOWN_MODEL_MAX_TOKENS)
}

// ─────────────────────────────────────────── tools

fn tools<'a>(body: &mut Json<'a>, model: &str, request: &'a ChatRequest, abilities: Abilities) -> Result<()> {
    if request.tools.is_empty() {
        return Ok(());
    }
    let mut tools = Vec::new();
    for (index, one) in request.tools.iter().enumerate() {
        tools.push(tool(index, one)?);
    }
    body.set_some("tools", Json::Array(tools));
    let (kind, name) = match &request.tool_choice {
        None => return Ok(()),
        Some(ToolChoice::Auto) => ("auto", None),
        Some(ToolChoice::None) => ("none", None),
        Some(_) if !abilities.forced_tools => {
            return Err(Error::new(ErrorKind::Unsupported, format!("toolChoice: {model} cannot be made to call a tool; use \"auto\"")));
        }
        Some(ToolChoice::Required) => ("any", None),
        Some(ToolChoice::Named(name)) => ("tool", Some(name.as_str())),
    };
    let mut choice = object! { "type": kind };
    choice.set_some("name", Json::from(name));
    body.set_some("tool_choice", choice);
    Ok(())
}

fn tool(index: usize, tool: &Tool) -> Result<Json<'_>> {
    // Rewriting the name is no way out: the answer could not be told from one about another tool.
    if !tool.name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-') {
        return Err(unsupported(index, "name", &Json::from(&tool.name), "letters, digits, _ and -"));
    }
    let mut schema = if tool.input.is_object() { tool.input.clone() } else { Json::object() };
    match schema.get("type") {
        Json::Null => schema.set_some("type", Json::from("object")),
        Json::String(kind) if kind == "object" => {}
        kind => return Err(unsupported(index, "input.type", kind, "\"object\"")),
    }
    let mut encoded = object! { "name": &tool.name };
    encoded.set_some("description", Json::from(tool.description.as_deref()));
    encoded.set_some("input_schema", schema);
    encoded.set_some("strict", Json::from(tool.strict));
    Ok(encoded)
}

fn unsupported(index: usize, field: &str, given: &Json<'_>, taken: &str) -> Box<Error> {
    Error::new(ErrorKind::Unsupported, format!("tools[{index}].{field} is {}; Anthropic takes {taken} only", given.to_text()))
}

// ─────────────────────────────────────────── reasoning

/// Says how much to think. True when it is by a budget, which other settings do not go with.
fn reasoning(body: &mut Json<'_>, request: &ChatRequest, abilities: Abilities, max_tokens: u64, warnings: &mut Vec<Warning>) -> bool {
    let Some(wanted) = request.reasoning else { return false };
    let (effort, clamped) = match (abilities.thinking, wanted) {
        (Thinking::Never, Reasoning::None) => return false,
        (Thinking::Never, _) => {
            warnings.push(Warning::dropped("reasoning", "this model does not think"));
            return false;
        }
        (Thinking::Always, Reasoning::None) => ("low", "this model always thinks"),
        (_, Reasoning::None) => {
            body.set_some("thinking", object! { "type": "disabled" });
            return false;
        }
        (Thinking::Budget, _) | (Thinking::AdaptiveOrBudget, Reasoning::Budget(_)) => {
            return budget(body, request, wanted, max_tokens, warnings);
        }
        (_, Reasoning::Minimal) => ("low", "it is the least that Anthropic knows"),
        (_, Reasoning::Budget(tokens)) => {
            let effort = match tokens {
                0..=4096 => "low",
                4097..=16_384 => "medium",
                _ => "high",
            };
            (effort, "this model decides for itself how many tokens it thinks, and takes an effort only")
        }
        (_, effort) => (effort.word().unwrap_or("high"), ""),
    };
    if !clamped.is_empty() {
        warnings.push(Warning::clamped("reasoning", Json::from(effort).to_text().as_str(), clamped));
    }
    body.set_some("thinking", object! { "type": "adaptive" });
    body.set_some("output_config", object! { "effort": effort });
    false
}

fn budget(body: &mut Json<'_>, request: &ChatRequest, wanted: Reasoning, max_tokens: u64, warnings: &mut Vec<Warning>) -> bool {
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
                warnings.push(Warning::clamped("reasoning", format!("{{ budgetTokens: {tokens} }}").as_str(), why));
            }
            tokens
        }
        Reasoning::None | Reasoning::Minimal => LEAST_BUDGET,
        Reasoning::Low => share.clamp(LEAST_BUDGET, 4096),
        Reasoning::Medium => share.clamp(LEAST_BUDGET, 12_288),
        Reasoning::High => share.clamp(LEAST_BUDGET, 32_768),
    };
    body.set_some("thinking", object! { "type": "enabled", "budget_tokens": tokens });
    true
}

// ─────────────────────────────────────────── sampling

fn sampling(
    body: &mut Json<'_>,
    target: &Target<'_>,
    request: &ChatRequest,
    abilities: Abilities,
    budgeted: bool,
    warnings: &mut Vec<Warning>,
) {
    drop_if(request.seed.is_some(), "seed", "Anthropic has no seed", warnings);
    let no_penalties = "Anthropic has no penalties";
    drop_if(request.frequency_penalty.is_some(), "frequencyPenalty", no_penalties, warnings);
    drop_if(request.presence_penalty.is_some(), "presencePenalty", no_penalties, warnings);

    let (mut temperature, mut top_p, mut top_k) = (request.temperature, request.top_p, request.top_k);
    // Versions are dates and compare as text.
    let version = version(target);
    let outdated = format!("API version {version} has no sampling settings; older models take them under version 2023-06-01");
    // Why it is restricted, the one temperature and the least `top_p` that may stay.
    let restricted = if version >= LATEST_VERSION {
        Some((outdated.as_str(), None, f64::INFINITY))
    } else if abilities.sampling == Sampling::Fixed {
        Some(("this model samples in one way only", Some(1.0), 0.99))
    } else if budgeted {
        Some(("this model takes it only while it does not think", Some(1.0), 0.95))
    } else {
        None
    };
    if let Some((why, only, least)) = restricted {
        if temperature != only {
            drop_if(temperature.take().is_some(), "temperature", why, warnings);
        }
        if top_p.is_some_and(|value| value < least) {
            drop_if(top_p.take().is_some(), "topP", why, warnings);
        }
        drop_if(top_k.take().is_some(), "topK", why, warnings);
    }
    if abilities.sampling != Sampling::Free && temperature.is_some() {
        drop_if(top_p.take().is_some(), "topP", "this model takes temperature or topP, not both", warnings);
    }
    if temperature > Some(1.0) {
        warnings.push(Warning::clamped("temperature", "1", "Anthropic's scale ends at 1"));
        temperature = Some(1.0);
    }
    body.set_some("temperature", Json::from(temperature));
    body.set_some("top_p", Json::from(top_p));
    body.set_some("top_k", Json::from(top_k));
}

fn drop_if(given: bool, setting: &str, why: &str, warnings: &mut Vec<Warning>) {
    if given {
        warnings.push(Warning::dropped(setting, why));
    }
}

fn stop<'a>(body: &mut Json<'a>, request: &'a ChatRequest, warnings: &mut Vec<Warning>) {
    let mut stops = Vec::new();
    for text in &request.stop {
        if !text.trim().is_empty() {
            stops.push(Json::from(text));
        }
    }
    drop_if(stops.len() < request.stop.len(), "stop", "Anthropic does not stop at white space alone", warnings);
    if !stops.is_empty() {
        body.set_some("stop_sequences", Json::Array(stops));
    }
}
