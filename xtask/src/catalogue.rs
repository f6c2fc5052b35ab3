//! `cargo run -p xtask -- catalogue <litellm.json> [genai.json]`: makes `src/models.json`.
//!
//! The first is `litellm/model_prices_and_context_window_backup.json` out of the wheel that
//! `pip download --no-deps litellm==1.109.1` gets; the second what `xtask/catalogue/genai.py` makes of
//! `genai_prices/data.py` (0.2.3). What both are silent or wrong about stands in
//! `xtask/catalogue/overlay.json`, with its reason. Prices come out as whole pico-dollars per token.

mod differences;
mod price;

use std::collections::BTreeMap;
use std::fs;

use modelwire::json::Json;
use modelwire::object;

/// What the sources are called in the file.
const SOURCE: &str = "litellm 1.109.1 (PyPI, MIT), checked against genai-prices 0.2.3 (PyPI, MIT); overlay by hand";
/// The day on which they were read; models that were retired by then are left out.
const DATE: &str = "2026-11-24";
const TARGET: &str = "src/models.json";

/// litellm's name of a provider, ours, what its models' keys begin with, and which of them are taken:
/// all, or those whose name begins with one of these.
const PROVIDERS: &[(&str, &str, &str, &[&str])] = &[
    ("openai", "openai", "", &[]),
    ("text-completion-openai", "openai", "", &[]),
    ("anthropic", "anthropic", "", &[]),
    ("azure", "azure", "azure/", &[]),
    ("cohere_chat", "cohere", "", &[]),
    ("cohere", "cohere", "cohere/", &["embed-"]),
    ("groq", "groq", "groq/", &["openai/", "qwen/"]),
    ("deepseek", "deepseek", "deepseek/", &["deepseek-flash", "deepseek-v4"]),
    (
        "mistral",
        "mistral",
        "mistral/",
        &[
            "mistral-large-latest",
            "mistral-medium-latest",
            "mistral-small-latest",
            "magistral-",
            "codestral-latest",
            "ministral-",
            "mistral-embed",
        ],
    ),
    ("xai", "xai", "xai/", &["grok-4.5", "grok-4.6", "grok-4.7", "grok-build-0"]),
    ("cerebras", "cerebras", "cerebras/", &["gpt-oss", "qwen", "gemma"]),
    ("perplexity", "perplexity", "perplexity/", &["sonar"]),
    ("together_ai", "together", "together_ai/", &["openai/gpt-oss", "moonshotai/", "deepseek-ai/DeepSeek-V4", "zai-org/"]),
    (
        "fireworks_ai",
        "fireworks",
        "fireworks_ai/",
        &["accounts/fireworks/models/gpt-oss", "accounts/fireworks/models/kimi-k2p5", "accounts/fireworks/models/glm-5"],
    ),
];

/// Parts of the names of models that do something else than chat and embeddings in text.
const OTHER_WORK: &[&str] = &[
    "audio",
    "realtime",
    "transcribe",
    "-tts",
    "image",
    "search-preview",
    "ft:",
    "container",
    "sora",
    "guard-2",
    "sonar-small",
    "sonar-medium",
];

/// The command. The error is what to print.
pub fn run(arguments: &[String]) -> Result<(), String> {
    let [litellm, rest @ ..] = arguments else { return Err("usage: catalogue <litellm.json> [genai.json]".to_owned()) };
    let text = fs::read_to_string(litellm).map_err(|error| format!("{litellm}: {error}"))?;
    let map = Json::parse(&text).map_err(|error| error.message.clone())?;
    let mut models = BTreeMap::new();
    for (key, entry) in map.members() {
        if let Some((name, model)) = model(key, entry)? {
            models.entry(name).or_insert(model);
        }
    }
    overlay(&mut models)?;
    share(&mut models);
    let mut out = format!("{{\"source\":\"{SOURCE}\",\"date\":\"{DATE}\",\"models\":[");
    for (index, model) in models.values().enumerate() {
        out.push_str(if index == 0 { "\n" } else { ",\n" });
        model.write(&mut out);
    }
    out.push_str("\n]}\n");
    fs::write(TARGET, &out).map_err(|error| format!("{TARGET}: {error}"))?;
    println!("{TARGET}: {} models, {} bytes", models.len(), out.len());
    match rest {
        [genai] => differences::report(genai, &models),
        _ => Ok(()),
    }
}

fn model(key: &str, entry: &Json<'_>) -> Result<Option<(String, Json<'static>)>, String> {
    let Some((_, provider, prefix, taken)) = PROVIDERS.iter().find(|row| row.0 == entry.get("litellm_provider").text()) else {
        return Ok(None);
    };
    let id = key.strip_prefix(prefix).unwrap_or(key);
    let mode = entry.get("mode").text();
    let retired = entry.get("deprecation_date").str();
    let wanted = ["chat", "responses", "embedding", "completion"].contains(&mode)
        && (taken.is_empty() || taken.iter().any(|start| id.starts_with(start)))
        && !OTHER_WORK.iter().any(|part| id.contains(part))
        && retired.is_none_or(|date| date > DATE);
    if !wanted {
        return Ok(None);
    }
    let name = format!("{provider}/{id}");
    let mut model = object! { "id": name.clone() };
    let (input, output) = (entry.get("max_input_tokens").u64(), entry.get("max_output_tokens").u64());
    match (*provider, input, output) {
        // What OpenAI's newer families allow as input leaves out the answer; for all others the map says the whole window.
        ("openai" | "azure", Some(input @ (922_000 | 272_000)), Some(output @ 128_000)) => {
            model.set("window", input + output);
            model.set("input", input);
        }
        _ => model.set_some("window", input),
    }
    if mode != "embedding" {
        model.set_some("output", output);
    }
    model.set_some("encoding", encoding(provider, id));
    model.set_some("retired", retired);
    for (field, said) in [("can", true), ("cannot", false)] {
        let words: Vec<&str> = ABILITIES.iter().filter(|(flag, _)| entry.get(flag).bool() == Some(said)).map(|(_, word)| *word).collect();
        model.set_some(field, (!words.is_empty()).then(|| words.join(" ")));
    }
    model.set_some("price", price::read(entry, mode == "embedding").map_err(|wrong| format!("{key}: {wrong}"))?);
    Ok(Some((name, model.into_owned())))
}

const ABILITIES: &[(&str, &str)] = &[
    ("supports_function_calling", "tools"),
    ("supports_vision", "vision"),
    ("supports_pdf_input", "files"),
    ("supports_response_schema", "json"),
    ("supports_reasoning", "reasoning"),
];

/// The tokenizer, where it is published (tiktoken 0.14's own table of models).
fn encoding(provider: &str, id: &str) -> Option<&'static str> {
    let begins = |names: &[&str]| names.iter().any(|name| id.starts_with(name));
    match provider {
        "groq" | "cerebras" | "together" | "fireworks" => id.contains("gpt-oss").then_some("o200k_harmony"),
        "openai" | "azure" if begins(&["gpt-oss"]) => Some("o200k_harmony"),
        "openai" | "azure" if begins(&["o1", "o3", "o4-mini", "gpt-4o", "gpt-4.1", "gpt-4.5", "chatgpt-4o", "gpt-5"]) => Some("o200k_base"),
        "openai" | "azure" if begins(&["gpt-4", "gpt-3.5", "gpt-35", "text-embedding-3", "text-embedding-ada"]) => Some("cl100k_base"),
        _ => None,
    }
}

fn overlay(models: &mut BTreeMap<String, Json<'static>>) -> Result<(), String> {
    let path = "xtask/catalogue/overlay.json";
    let text = fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
    let read = Json::parse(&text).map_err(|error| error.message.clone())?.into_owned();
    for (name, changes) in read.members() {
        let model = models.entry(name.to_string()).or_insert_with(Json::object);
        for (field, value) in changes.members() {
            match (field.as_ref(), value) {
                ("why", _) => {}
                (_, Json::Null) => _ = model.remove(field),
                (_, value) => model.set(field.clone(), value.clone()),
            }
        }
    }
    Ok(())
}

/// An entry that equals another but for its id is only the name of that one.
fn share(models: &mut BTreeMap<String, Json<'static>>) {
    let facts = |model: &Json<'static>| {
        let mut facts = model.clone();
        facts.remove("id");
        facts.to_text()
    };
    let mut first: BTreeMap<String, String> = BTreeMap::new();
    // OpenAI's own before Azure's copies of them; the shortest name is the model, longer ones are its snapshots.
    let mut names: Vec<String> = models.keys().cloned().collect();
    names.sort_by_key(|name| (name.starts_with("azure/"), name.len(), name.clone()));
    for name in names {
        let text = facts(&models[&name]);
        match first.get(&text) {
            Some(other) if text.len() > 60 => {
                let alias = object! { "id": name.clone(), "as": other.clone() };
                models.insert(name, alias.into_owned());
            }
            _ => _ = first.insert(text, name),
        }
    }
    // A dated snapshot that is what its name without the date is needs no line: the reader knows that rule.
    let dated: Vec<String> = models.keys().filter(|name| is_snapshot(name, models)).cloned().collect();
    for name in dated {
        models.remove(&name);
    }
}

fn is_snapshot(name: &str, models: &BTreeMap<String, Json<'static>>) -> bool {
    let plain = [11, 9].iter().find_map(|length| {
        let (plain, date) = name.split_at_checked(name.len().checked_sub(*length)?)?;
        let digits = date.bytes().filter(u8::is_ascii_digit).count();
        (date.starts_with('-') && digits == 8).then_some(plain)
    });
    plain.is_some_and(|plain| {
        let target = |name: &str| models.get(name).map(|model| model.get("as").str().unwrap_or(name).to_owned());
        models.get(name).is_some_and(|model| !model.get("as").is_null()) && target(plain) == target(name)
    })
}
