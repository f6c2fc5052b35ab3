//! What `chat` and `stream` were given, checked: reads a [`ChatRequest`] from plain data.

mod media;

use std::rc::Rc;

use crate::answer::Answer;
use crate::chat::{
    AssistantPart, ChatRequest, ChatResponse, FinishReason, Message, Reasoning, ReasoningPart, Tool, ToolCall, ToolChoice, UserPart,
};
use crate::error::Result;
use crate::input::{Fields, Subject, Value};
use crate::json::Json;
use crate::object;
use crate::options::policies::read_usd;
use crate::policy::cache::CacheChoice;
use crate::policy::caller::Caller;
use crate::policy::context::Context;
use crate::policy::retry::RetryOptions;
use crate::policy::timeout::TimeoutOptions;
use crate::tape::read_usage;

/// Where the facade puts the number of the schema object that it keeps.
const HANDLE: &str = "$handle";

impl ChatRequest {
    /// Reads and checks a request (`signal` already taken out, functions replaced by `true`).
    pub fn read(value: Value) -> Result<Self> {
        let mut fields = Fields::new(Subject::Request, String::new(), value)?;
        // Field by field into one value: with a local for each, every early return would carry the
        // code that drops all of them.
        let mut request = Self { model: fields.string("model")?, messages: read_messages(&mut fields)?, ..Self::default() };
        request.system = fields.string("system")?;
        request.max_tokens = fields.whole("maxTokens", 1)?.map(i64::unsigned_abs);
        request.temperature = fields.number("temperature", 0, 2)?;
        request.top_p = fields.number("topP", 0, 1)?;
        request.top_k = fields.whole("topK", 1)?.map(i64::unsigned_abs);
        request.frequency_penalty = fields.number("frequencyPenalty", -2, 2)?;
        request.presence_penalty = fields.number("presencePenalty", -2, 2)?;
        request.seed = fields.whole("seed", i64::MIN)?;
        request.stop = read_stop(&mut fields)?;
        request.tools = read_tools(&mut fields)?;
        request.tool_choice = read_tool_choice(&mut fields, &request.tools)?;
        request.max_tool_rounds = fields.whole("maxToolRounds", 0)?.map(i64::unsigned_abs);
        request.output = fields.object("output")?.map(Json::Object);
        request.output_handle = request.output.as_mut().and_then(|schema| schema.remove(HANDLE)).and_then(|handle| handle.u64());
        request.reasoning = read_reasoning(&mut fields)?;
        request.provider_options = read_provider_options(&mut fields)?;
        request.headers = fields.headers("headers")?;
        request.tags = fields.string_map("tags")?;
        request.retry = RetryOptions::read(&mut fields)?;
        request.timeout = TimeoutOptions::read(&mut fields)?;
        request.context = match fields.string("context")?.as_deref() {
            None | Some("error") => Context::Error,
            Some("fit") => Context::Fit,
            Some("send") => Context::Send,
            Some(other) => return Err(fields.error("context", &format!("is \"{other}\"; it must be fit, error or send"))),
        };
        request.budget = read_budget(&mut fields)?;
        request.cache = CacheChoice::read(&mut fields)?;
        request.live_usage = fields.flag("liveUsage")?;
        request.caller = Caller::read(&mut fields)?.map(Rc::new);
        request.priority = fields.amount("priority", i8::MIN)?.unwrap_or_default();
        fields.finish()?;
        Ok(request)
    }
}

/// A response that somebody has kept, as far as another one can be made of it.
pub fn read_response(value: Value) -> Result<ChatResponse> {
    let text = |name: &str| value.get(name).text().to_owned();
    let message = read_message("response.message".to_owned(), value.get("message").clone())?;
    let Message::Assistant { content } = message else {
        return Err(Subject::Request.error("response.message must be an assistant's".to_owned()));
    };
    let reason = FinishReason::parse(&text("finishReason"));
    let finish_reason = reason.ok_or_else(|| Subject::Request.error("response.finishReason is none of the contract's".to_owned()))?;
    let mut answer = Answer::new(&text("provider"), "", false).response(Some(finish_reason), None);
    (answer.id, answer.model, answer.message) = (text("id"), text("model"), content);
    answer.raw_finish_reason = value.get("rawFinishReason").str().map(str::to_owned);
    answer.usage = read_usage(value.get("usage"));
    Ok(answer)
}

/// `{ usd }`, in pico-dollars.
fn read_budget(fields: &mut Fields) -> Result<Option<u64>> {
    let Some(value) = fields.take("budget") else { return Ok(None) };
    let mut fields = fields.inner("budget", value)?;
    let limit = read_usd(&mut fields)?;
    fields.finish()?;
    Ok(Some(limit))
}

#[inline(never)]
fn read_messages(fields: &mut Fields) -> Result<Vec<Message>> {
    match fields.take("messages") {
        None => Err(fields.error("messages", "is required")),
        Some(Json::String(text)) => Ok(vec![Message::User { content: vec![UserPart::Text(text.into_owned())], name: None }]),
        Some(Json::Array(items)) if items.is_empty() => Err(fields.error("messages", "must not be empty")),
        Some(Json::Array(items)) => {
            let mut messages = Vec::with_capacity(items.len());
            for (index, item) in items.into_iter().enumerate() {
                messages.push(read_message(format!("messages[{index}]"), item)?);
            }
            Ok(messages)
        }
        Some(other) => Err(fields.wrong_type("messages", "a string or an array", &other)),
    }
}

fn read_stop(fields: &mut Fields) -> Result<Vec<String>> {
    match fields.take("stop") {
        None => Ok(Vec::new()),
        Some(Json::String(text)) => Ok(vec![text.into_owned()]),
        Some(list @ Json::Array(_)) => Fields::new(Subject::Request, String::new(), object! { "stop": list })?.strings("stop"),
        Some(other) => Err(fields.wrong_type("stop", "a string or an array", &other)),
    }
}

#[inline(never)]
fn read_tools(fields: &mut Fields) -> Result<Vec<Tool>> {
    let mut tools: Vec<Tool> = Vec::new();
    for (index, item) in fields.array("tools")?.unwrap_or_default().into_iter().enumerate() {
        let tool = read_tool(format!("tools[{index}]"), item)?;
        if tools.iter().any(|other| other.name == tool.name) {
            return Err(fields.error(&format!("tools[{index}].name"), &format!("\"{}\" is used twice", tool.name)));
        }
        tools.push(tool);
    }
    Ok(tools)
}

#[inline(never)]
fn read_message(path: String, value: Value) -> Result<Message> {
    let mut fields = Fields::new(Subject::Request, path, value)?;
    let message = match fields.required_string("role")?.as_str() {
        "system" => Message::System { content: fields.required_string("content")? },
        "user" => Message::User { content: read_user_content(&mut fields)?, name: fields.string("name")? },
        "assistant" => Message::Assistant { content: read_assistant_content(&mut fields)? },
        "tool" => Message::Tool {
            call_id: fields.required_string("callId")?,
            content: read_user_content(&mut fields)?,
            is_error: fields.flag("isError")?,
        },
        other => return Err(fields.error("role", &format!("is \"{other}\"; it must be system, user, assistant or tool"))),
    };
    fields.finish()?;
    Ok(message)
}

/// `content` as its parts: a string is one text.
fn read_content<Part>(fields: &mut Fields, text: fn(String) -> Part, read: fn(String, Fields) -> Result<Part>) -> Result<Vec<Part>> {
    match fields.take("content") {
        None => Err(fields.error("content", "is required")),
        Some(Json::String(content)) => Ok(vec![text(content.into_owned())]),
        Some(Json::Array(items)) => {
            let mut parts = Vec::with_capacity(items.len());
            for (index, item) in items.into_iter().enumerate() {
                let path = fields.name(&format!("content[{index}]"));
                let mut part = Fields::new(Subject::Request, path, item)?;
                let kind = part.required_string("type")?;
                parts.push(read(kind, part)?);
            }
            Ok(parts)
        }
        Some(other) => Err(fields.wrong_type("content", "a string or an array of parts", &other)),
    }
}

/// What a tool gave, as a message of role `tool` may hold it: a string, or parts.
pub fn read_result(value: Value) -> Result<Vec<UserPart>> {
    read_user_content(&mut Fields::new(Subject::Request, String::new(), object! { "content": value })?)
}

fn read_user_content(fields: &mut Fields) -> Result<Vec<UserPart>> {
    read_content(fields, UserPart::Text, |kind, mut part| match kind.as_str() {
        "text" => {
            let text = part.required_string("text")?;
            part.finish()?;
            Ok(UserPart::Text(text))
        }
        "image" | "file" | "audio" => media::read(&kind, part),
        _ => Err(part.error("type", &format!("is \"{kind}\"; it must be text, image, file or audio"))),
    })
}

fn read_assistant_content(fields: &mut Fields) -> Result<Vec<AssistantPart>> {
    read_content(
        fields,
        |text| AssistantPart::Text { text },
        |kind, mut part| {
            let read = match kind.as_str() {
                "text" => AssistantPart::Text { text: part.required_string("text")? },
                "refusal" => AssistantPart::Refusal { text: part.required_string("text")? },
                "reasoning" => AssistantPart::Reasoning(ReasoningPart {
                    text: part.required_string("text")?,
                    signature: part.string("signature")?,
                    provider: part.string("provider")?,
                    model: part.string("model")?,
                    redacted: part.flag("redacted")?,
                }),
                "tool-call" => {
                    let (id, name) = (part.required_string("id")?, part.required_string("name")?);
                    let input = part.take("input");
                    let text = part.string("inputText")?;
                    let input_text = text.unwrap_or_else(|| input.map_or_else(|| "{}".to_owned(), |input| input.to_text()));
                    AssistantPart::ToolCall(ToolCall { id, name, input_text })
                }
                _ => return Err(part.error("type", &format!("is \"{kind}\"; it must be text, reasoning, refusal or tool-call"))),
            };
            part.finish()?;
            Ok(read)
        },
    )
}

fn read_tool(path: String, value: Value) -> Result<Tool> {
    let mut fields = Fields::new(Subject::Request, path, value)?;
    let name = fields.required_string("name")?;
    if name.is_empty() || name.len() > 128 {
        return Err(fields.error("name", "must have 1 to 128 characters"));
    }
    let input = Json::Object(fields.object("input")?.unwrap_or_default());
    let input = if input.members().is_empty() {
        object! { "type": "object", "properties": Json::object() }
    } else {
        input
    };
    let mut tool =
        Tool { name, description: fields.string("description")?, input, strict: fields.boolean("strict")?, run: None, timeout_ms: None };
    tool.run = fields.whole("run", 0)?.map(i64::unsigned_abs);
    tool.timeout_ms = fields.whole("timeoutMs", 1)?.map(i64::unsigned_abs);
    if tool.timeout_ms.is_some() && tool.run.is_none() {
        return Err(fields.error("timeoutMs", "is for tools with run"));
    }
    fields.finish()?;
    Ok(tool)
}

#[inline(never)]
fn read_tool_choice(fields: &mut Fields, tools: &[Tool]) -> Result<Option<ToolChoice>> {
    let choice = match fields.take("toolChoice") {
        None => return Ok(None),
        Some(Json::String(word)) => match word.as_ref() {
            "auto" => ToolChoice::Auto,
            "none" => ToolChoice::None,
            "required" => ToolChoice::Required,
            _ => return Err(fields.error("toolChoice", &format!("is \"{word}\"; it must be auto, none, required or {{ name }}"))),
        },
        Some(value) => {
            let mut named = Fields::new(Subject::Request, fields.name("toolChoice"), value)?;
            let name = named.required_string("name")?;
            named.finish()?;
            if !tools.iter().any(|tool| tool.name == name) {
                return Err(fields.error("toolChoice", &format!("names \"{name}\", which is not among the tools")));
            }
            ToolChoice::Named(name)
        }
    };
    if tools.is_empty() && !matches!(choice, ToolChoice::None | ToolChoice::Auto) {
        return Err(fields.error("toolChoice", "asks for a tool, but there are no tools"));
    }
    Ok(Some(choice))
}

fn read_reasoning(fields: &mut Fields) -> Result<Option<Reasoning>> {
    match fields.take("reasoning") {
        None => Ok(None),
        Some(Json::String(word)) => {
            let words = [Reasoning::None, Reasoning::Minimal, Reasoning::Low, Reasoning::Medium, Reasoning::High];
            let found = words.into_iter().find(|effort| effort.word() == Some(word.as_ref()));
            found.map(Some).ok_or_else(|| {
                fields.error("reasoning", &format!("is \"{word}\"; it must be none, minimal, low, medium, high or {{ budgetTokens }}"))
            })
        }
        Some(value) => {
            let mut budget = Fields::new(Subject::Request, fields.name("reasoning"), value)?;
            let tokens = budget.whole("budgetTokens", 1)?.ok_or_else(|| budget.error("budgetTokens", "is required"))?;
            budget.finish()?;
            Ok(Some(Reasoning::Budget(tokens.unsigned_abs())))
        }
    }
}

fn read_provider_options(fields: &mut Fields) -> Result<Vec<(String, Value)>> {
    let options = fields.object("providerOptions")?.unwrap_or_default();
    for (name, value) in &options {
        if !value.is_object() {
            return Err(fields.wrong_type(&format!("providerOptions.{name}"), "an object", value));
        }
    }
    Ok(options.into_iter().map(|(name, value)| (name.into_owned(), value)).collect())
}
