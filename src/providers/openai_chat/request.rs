//! Encoding a request's body.

use serde_json::{Map, Value, json};

use super::models::{Family, Sampling};
use crate::chat::{AssistantPart, ChatRequest, Message, Reasoning, ToolChoice, UserPart, Warning};
use crate::error::{Error, ErrorKind, Result};
use crate::providers::{Kind, Mode, Quirks, Target, apply_provider_options};

/// What the surface decides rather than the model.
pub struct Wire<'a> {
    /// The body's `model`: on Azure, the deployment.
    pub model: &'a str,
    /// The row's, but for what an old api-version does not know.
    pub quirks: Quirks,
}

/// The most `stop` texts that OpenAI takes (openai.md §2).
const MAX_STOPS: usize = 4;

/// The body of `POST …/chat/completions`.
pub fn encode(target: &Target<'_>, request: &ChatRequest, mode: Mode, wire: Wire<'_>, warnings: &mut Vec<Warning>) -> Result<Vec<u8>> {
    let openai = target.provider.row.kind != Kind::OpenAiCompatible;
    // By the name that the caller gave: a deployment's name says nothing about its model.
    let family = if openai { Family::of(target.model) } else { None };
    let quirks = wire.quirks;

    let mut body = Map::new();
    body.insert("model".into(), wire.model.into());
    let system_role = if quirks.developer_role && family.is_some_and(Family::reasons) { "developer" } else { "system" };
    body.insert("messages".into(), messages(request, system_role, openai).into());
    if let Some(limit) = request.max_tokens {
        body.insert(if quirks.max_completion_tokens { "max_completion_tokens" } else { "max_tokens" }.into(), limit.into());
    }
    let effort = effort(request, target.model, family, warnings);
    let mut settings = Settings { body: &mut body, warnings, model: target.model };
    settings.sampling(request, family, will_reason(target, request, effort, family));
    settings.penalties(request, family);
    settings.seed(request, family, quirks.seed);
    settings.stop(request, family, openai);
    if request.top_k.is_some() {
        settings.drop("topK", "Chat Completions has no such setting (a server that has one takes it by providerOptions)");
    }
    tools(request, &mut body);
    if let Some(word) = effort.and_then(Reasoning::word) {
        body.insert("reasoning_effort".into(), word.into());
    }
    if mode == Mode::Stream {
        body.insert("stream".into(), true.into());
        if quirks.stream_usage {
            body.insert("stream_options".into(), json!({ "include_usage": true }));
        }
    }
    apply_provider_options(&mut body, target, request);
    serde_json::to_vec(&body)
        .map_err(|error| Error::new(ErrorKind::InvalidRequest, format!("the request cannot be written as JSON: {error}")))
}

fn messages(request: &ChatRequest, system_role: &str, openai: bool) -> Vec<Value> {
    let mut list = Vec::with_capacity(request.messages.len() + 1);
    if let Some(system) = &request.system {
        list.push(json!({ "role": system_role, "content": system }));
    }
    for message in &request.messages {
        list.push(match message {
            Message::System { content } => json!({ "role": system_role, "content": content }),
            Message::User { content, name } => {
                let mut user = json!({ "role": "user", "content": user_content(content) });
                if let Some(name) = name {
                    user["name"] = name.as_str().into();
                }
                user
            }
            Message::Assistant { content } => assistant(content, openai),
            Message::Tool { call_id, content, is_error } => {
                let text = UserPart::text(content);
                // Chat has no field for it, and a model that is not told takes the message of a
                // failure for the tool's result.
                let told = !is_error || text.trim_start().get(..5).is_some_and(|head| head.eq_ignore_ascii_case("error"));
                let text = if told { text } else { format!("Error: {text}") };
                json!({ "role": "tool", "tool_call_id": call_id, "content": text })
            }
        });
    }
    list
}

/// A plain string wherever one says it: many compatible servers know nothing else.
fn user_content(parts: &[UserPart]) -> Value {
    match parts {
        [] => "".into(),
        [UserPart::Text(text)] => text.as_str().into(),
        parts => parts.iter().map(|UserPart::Text(text)| json!({ "type": "text", "text": text })).collect(),
    }
}

/// Reasoning is left out: Chat has no place for it. `refusal` is a field that OpenAI and Azure
/// alone know; elsewhere a refusal is what it is to the reader, text.
fn assistant(parts: &[AssistantPart], openai: bool) -> Value {
    let (mut text, mut refusal, mut calls) = (String::new(), String::new(), Vec::new());
    for part in parts {
        match part {
            AssistantPart::Text { text: piece } => text.push_str(piece),
            AssistantPart::Refusal { text: piece } if openai => refusal.push_str(piece),
            AssistantPart::Refusal { text: piece } => text.push_str(piece),
            AssistantPart::Reasoning(_) => {}
            AssistantPart::ToolCall(call) => {
                // Always a string of JSON, also where the model sent none.
                let arguments = match call.input_text.trim() {
                    "" | "null" => "{}",
                    text => text,
                };
                calls.push(json!({ "id": call.id, "type": "function", "function": { "name": call.name, "arguments": arguments } }));
            }
        }
    }
    // Null is allowed beside tool calls only.
    let content = if text.is_empty() && !calls.is_empty() { Value::Null } else { text.into() };
    let mut message = json!({ "role": "assistant", "content": content });
    if !refusal.is_empty() {
        message["refusal"] = refusal.into();
    }
    if !calls.is_empty() {
        message["tool_calls"] = calls.into();
    }
    message
}

/// `tool_choice` goes with tools only: alone it is a 400, and without tools it asks for nothing.
/// `parallel_tool_calls`, a 400 as well, is never sent.
fn tools(request: &ChatRequest, body: &mut Map<String, Value>) {
    if request.tools.is_empty() {
        return;
    }
    let tools = request.tools.iter().map(|tool| {
        let mut function = Map::new();
        function.insert("name".into(), tool.name.as_str().into());
        if let Some(description) = &tool.description {
            function.insert("description".into(), description.as_str().into());
        }
        function.insert("parameters".into(), tool.input.clone());
        if let Some(strict) = tool.strict {
            function.insert("strict".into(), strict.into());
        }
        json!({ "type": "function", "function": function })
    });
    body.insert("tools".into(), tools.collect());
    if let Some(choice) = &request.tool_choice {
        let choice = match choice {
            ToolChoice::Auto => "auto".into(),
            ToolChoice::None => "none".into(),
            ToolChoice::Required => "required".into(),
            ToolChoice::Named(name) => json!({ "type": "function", "function": { "name": name } }),
        };
        body.insert("tool_choice".into(), choice);
    }
}

/// The effort to send, if any.
fn effort(request: &ChatRequest, model: &str, family: Option<&Family>, warnings: &mut Vec<Warning>) -> Option<Reasoning> {
    let asked = request.reasoning?;
    if family.is_some_and(|family| !family.reasons()) {
        if asked != Reasoning::None {
            warnings.push(Warning::dropped("reasoning", &format!("{model} does not reason")));
        }
        return None;
    }
    let wanted = match asked {
        Reasoning::Budget(tokens) => effort_of_budget(tokens),
        word => word,
    };
    let sent = family.map_or(wanted, |family| family.nearest_effort(wanted));
    if sent != asked {
        let why = match asked {
            Reasoning::Budget(_) => "Chat Completions takes an effort, not a number of tokens".to_owned(),
            _ => format!("{model} does not take \"{}\"", asked.word().unwrap_or_default()),
        };
        warnings.push(Warning::clamped("reasoning", sent.word().unwrap_or_default(), &why));
    }
    Some(sent)
}

/// A word for a number of tokens. No provider publishes the sizes of its efforts; these bounds are
/// the budgets that other providers' documentation uses for short and for long thought.
fn effort_of_budget(tokens: u64) -> Reasoning {
    match tokens {
        ..=2048 => Reasoning::Low,
        2049..=8192 => Reasoning::Medium,
        _ => Reasoning::High,
    }
}

/// Whether the model will reason, when its family is known: by what is sent, `providerOptions`
/// last, else by its default.
fn will_reason(target: &Target<'_>, request: &ChatRequest, sent: Option<Reasoning>, family: Option<&Family>) -> Option<bool> {
    let family = family?;
    let option = |name: &str| request.provider_options.get(name)?.get("reasoning_effort")?.as_str();
    if let Some(word) = option(&target.provider.name).or_else(|| option(target.provider.row.kind.word())) {
        return Some(word != "none");
    }
    Some(sent.unwrap_or(family.default_effort) != Reasoning::None)
}

struct Settings<'a> {
    body: &'a mut Map<String, Value>,
    warnings: &'a mut Vec<Warning>,
    model: &'a str,
}

impl Settings<'_> {
    /// A value that equals the provider's default says nothing, so that leaving it out where the
    /// field is refused is not worth a warning.
    fn sampling(&mut self, request: &ChatRequest, family: Option<&Family>, reasons: Option<bool>) {
        let refused = match family.map_or(Sampling::Always, |family| family.sampling) {
            Sampling::Always => None,
            Sampling::WithoutReasoning if reasons == Some(false) => None,
            Sampling::WithoutReasoning => Some(format!("{} takes it only when it does not reason", self.model)),
            Sampling::Never => Some(format!("{} does not take it", self.model)),
        };
        for (setting, field, value) in [("temperature", "temperature", request.temperature), ("topP", "top_p", request.top_p)] {
            match (value, &refused) {
                (Some(value), None) => self.send(field, value),
                (Some(value), Some(why)) if value != 1.0 => self.drop(setting, why),
                _ => {}
            }
        }
    }

    fn penalties(&mut self, request: &ChatRequest, family: Option<&Family>) {
        let taken = family.is_none_or(|family| family.penalties);
        let penalties = [
            ("frequencyPenalty", "frequency_penalty", request.frequency_penalty),
            ("presencePenalty", "presence_penalty", request.presence_penalty),
        ];
        for (setting, field, value) in penalties {
            match value {
                Some(value) if taken => self.send(field, value),
                Some(value) if value != 0.0 => self.drop_for_model(setting),
                _ => {}
            }
        }
    }

    fn seed(&mut self, request: &ChatRequest, family: Option<&Family>, field: Option<&'static str>) {
        match (request.seed, field) {
            (Some(_), None) => self.drop("seed", "this server has no such setting"),
            (Some(_), _) if family.is_some_and(|family| !family.seed) => self.drop_for_model("seed"),
            (Some(seed), Some(field)) => {
                self.body.insert(field.into(), seed.into());
            }
            (None, _) => {}
        }
    }

    /// The bound of four is OpenAI's; other servers have others, or none, and say so themselves.
    fn stop(&mut self, request: &ChatRequest, family: Option<&Family>, openai: bool) {
        let mut stop = request.stop.as_slice();
        if stop.is_empty() {
            return;
        }
        if family.is_some_and(|family| !family.stop) {
            return self.drop_for_model("stop");
        }
        if openai && stop.len() > MAX_STOPS {
            stop = &stop[..MAX_STOPS];
            self.warnings.push(Warning::clamped("stop", format!("its first {MAX_STOPS} texts"), "OpenAI takes no more"));
        }
        self.body.insert("stop".into(), stop.into());
    }

    /// Whole numbers go as such, as `JSON.stringify` would write them.
    fn send(&mut self, field: &str, value: f64) {
        let number = if value.fract() == 0.0 { (value as i64).into() } else { value.into() };
        self.body.insert(field.into(), number);
    }

    fn drop(&mut self, setting: &str, why: &str) {
        self.warnings.push(Warning::dropped(setting, why));
    }

    fn drop_for_model(&mut self, setting: &str) {
        self.drop(setting, &format!("{} does not take it", self.model));
    }
}
