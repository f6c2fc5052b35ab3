//! [`PROVIDERS`]: one row a provider, and what a row says. Data only.
//!
//! Another server of the OpenAI chat dialect is another row here and a folder of fixtures; what it
//! does differently is a field of its [`Quirks`] (openai-compatible.md §1–4). What a row leaves out
//! is as in [`COMPATIBLE`], the plainest dialect.

use super::batch::Batches;
use super::openai_chat::{self, Sampling};
use super::{Embeddings, Kind, Offers, anthropic, azure};
use crate::policy::history::{Blank, Names, ReasoningRule, Rules, SystemTurns};

/// One provider.
#[derive(Debug)]
pub struct Row {
    /// The name that needs no `kind`.
    pub name: &'static str,
    /// The contract's `kind`.
    pub kind: Kind,
    /// Without a trailing slash; empty where the caller must say (Azure, "openai-compatible").
    pub base_url: &'static str,
    /// Whether a call without a key is refused before it is sent.
    pub needs_key: bool,
    /// The variable that "missing-key" names.
    pub key_variable: &'static str,
    /// Response headers that hold the provider's id of the request, best first.
    pub request_id_headers: &'static [&'static str],
    /// The header by which the provider knows a request that is sent again.
    pub idempotency_header: Option<&'static str>,
    /// What differs between servers of the OpenAI chat dialect.
    pub quirks: Quirks,
    /// What there is besides chat.
    pub offers: Offers,
}

/// How a server of the OpenAI chat dialect differs. Nobody else reads it.
#[derive(Clone, Copy, Debug)]
pub struct Quirks {
    /// Whether a model's name says what it takes: OpenAI and Azure.
    pub families: bool,
    /// `max_completion_tokens` (OpenAI, Azure) rather than `max_tokens` (everyone else).
    pub max_completion_tokens: bool,
    /// Takes `stream_options: {include_usage: true}`. Mistral answers it with a 422, Perplexity does
    /// not need it: both send the usage anyway.
    pub stream_usage: bool,
    /// Knows the role `developer` for its reasoning models.
    pub developer_role: bool,
    /// Knows `refusal` in a message of the assistant. Elsewhere it is what it is to the reader, text.
    pub refusals: bool,
    /// The name of `seed`, or `None` where there is no such field (DeepSeek, Perplexity).
    pub seed: Option<&'static str>,
    /// Whether there is a `top_k`.
    pub top_k: bool,
    /// Whether `temperature` has an effect: DeepSeek ignores it while it thinks, without a word.
    pub temperature: Sampling,
    /// Whether the two penalties may be sent: to Cerebras they are a 400, as to xAI's models that
    /// reason.
    pub penalties: Sampling,
    /// Whether `stop` may be sent: as the penalties.
    pub stop: Sampling,
    /// The most texts that `stop` may have.
    pub most_stops: usize,
    /// Part of the names of the models that do not reason, where the server's models do unless they
    /// are told not to (xAI).
    pub plain_models: &'static str,
    /// What none, minimal, low, medium and high are sent as; "" where there is no word for one.
    pub efforts: [&'static str; 5],
    /// Whether the word is the body's `reasoning_effort`.
    pub effort_field: bool,
    /// What else tells a model whether to reason.
    pub switch: Option<Switch>,
    /// The names of reasoning in answers. Servers that know two send the same in both; the first
    /// that holds any is read.
    pub reasoning_fields: &'static [&'static str],
    /// The field in which reasoning goes back within a tool loop (DeepSeek: without it a 400).
    pub reasoning_back: Option<&'static str>,
    /// Which images may be sent.
    pub images: Sources,
    /// Which files may be sent: data only, but for OpenRouter.
    pub files: Sources,
    /// Whether sounds may be sent.
    pub audio: bool,
    /// How a tool can be made to be called.
    pub forcing: Forcing,
    /// Whether `strict` of a tool means anything (not to Ollama).
    pub strict_tools: bool,
    /// How an answer in JSON is asked for.
    pub output: Output,
    /// Part of the names of the models whose JSON can be held to the schema; "" for all of them.
    pub strict_output: &'static str,
    /// The field that makes a last message of the assistant the beginning of the answer. Mistral
    /// refuses such a message without it.
    pub prefill: Option<&'static str>,
    /// Whether a user message behind the result of a tool is refused, so that a short word of the
    /// assistant's has to stand between them (Mistral's error 3230).
    pub bridges_results: bool,
    /// What the server refuses in a history.
    pub rules: Rules,
}

/// `{field: {member: on | off}}` in a body.
#[derive(Clone, Copy, Debug)]
pub struct Switch {
    /// Of the body.
    pub field: &'static str,
    /// Of the object in `field`.
    pub member: &'static str,
    /// Its value for a model that shall reason, as JSON text; "" where none is sent.
    pub on: &'static str,
    /// Its value for a model that shall not, as JSON text.
    pub off: &'static str,
    /// The object's member for the word of the effort, or "".
    pub effort: &'static str,
    /// The object's member for a number of tokens, or "".
    pub budget: &'static str,
}

/// Where an image or a file may come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sources {
    /// It cannot be sent.
    Nowhere,
    /// Its data.
    Data,
    /// Its data, or an address.
    DataOrAddress,
}

/// How a model is made to call a tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forcing {
    /// It is not: `tool_choice` is ignored (Ollama).
    Never,
    /// `required`, but no tool can be named (LM Studio: a 400; llama.cpp: taken for "auto"). One that
    /// must be called is then the only one that is sent.
    AnyTool,
    /// By this word, or by name.
    Named(&'static str),
}

/// How an answer in JSON is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// `response_format` with the schema.
    JsonSchema,
    /// `response_format` for any JSON; the schema is told in the system message.
    JsonObject,
    /// A tool with the schema, which must be called (Azure before structured outputs).
    Tool,
}

// ─────────────────────────────────────────── what servers have in common

const RULES: Rules = Rules {
    system: SystemTurns::BetweenTurns,
    alternates: false,
    user_first: false,
    user_last: false,
    blank: Blank::Accepted,
    ids: Names { allowed: |_| true, longest: 40, exact: false },
    tool_names: Some(Names { allowed: is_name, longest: 64, exact: false }),
    user_names: Some(Names { allowed: is_name, longest: 64, exact: false }),
    reasoning: ReasoningRule::Never,
    media_in_results: false,
};

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-'
}

const ALL_EFFORTS: [&str; 5] = ["none", "minimal", "low", "medium", "high"];
const NO_EFFORTS: [&str; 5] = [""; 5];
/// Of models that can be told not to reason, by the same word as how much.
const NONE_TO_HIGH: [&str; 5] = ["none", "low", "low", "medium", "high"];
/// Of models that reason in any case, or are told otherwise not to.
const LOW_TO_HIGH: [&str; 5] = ["", "low", "low", "medium", "high"];

/// The plainest dialect: what a server is taken for of which nothing is known.
const COMPATIBLE: Quirks = Quirks {
    families: false,
    max_completion_tokens: false,
    stream_usage: true,
    developer_role: false,
    refusals: false,
    seed: Some("seed"),
    top_k: false,
    temperature: Sampling::Always,
    penalties: Sampling::Always,
    stop: Sampling::Always,
    most_stops: usize::MAX,
    plain_models: "",
    efforts: ALL_EFFORTS,
    effort_field: true,
    switch: None,
    reasoning_fields: &["reasoning_content", "reasoning"],
    reasoning_back: None,
    images: Sources::DataOrAddress,
    files: Sources::Data,
    audio: true,
    forcing: Forcing::Named("required"),
    strict_tools: true,
    output: Output::JsonSchema,
    strict_output: "",
    prefill: None,
    bridges_results: false,
    rules: RULES,
};

/// A hosted server for text and images.
const HOSTED: Quirks = Quirks { files: Sources::Nowhere, audio: false, ..COMPATIBLE };

const OPENAI: Quirks =
    Quirks { families: true, max_completion_tokens: true, developer_role: true, refusals: true, most_stops: 4, ..COMPATIBLE };

/// Of vLLM and llama.cpp. Templates of models read the switch, and some the word; without the word
/// in the body as well, vLLM would not tell it to gpt-oss, nor newer versions of llama.cpp to anyone.
const TEMPLATE: Switch =
    Switch { field: "chat_template_kwargs", member: "enable_thinking", on: "true", off: "false", effort: "reasoning_effort", budget: "" };

// ─────────────────────────────────────────── the table

/// What OpenAI and Azure take in one request: 2048 texts of 300,000 tokens in all (openai.md §9).
const OPENAI_EMBEDDINGS: Option<Embeddings> = Some(Embeddings { inputs: 2048, bytes: 500_000, input_type: true });

/// A file of 50,000 requests and 200 MB (its SDK says so).
static OPENAI_BATCHES: Batches = Batches {
    rows: 50_000,
    bytes: 200_000_000,
    one_model: true,
    files: true,
    endpoints: ["/v1/chat/completions", "/v1/responses"],
    address: openai_chat::address,
};

/// Azure takes twice as many, and says its older endpoint without the version.
static AZURE_BATCHES: Batches =
    Batches { rows: 100_000, endpoints: ["/chat/completions", "/v1/responses"], address: azure::address, ..OPENAI_BATCHES };

/// 100,000 requests or 256 MB, of whichever models.
static ANTHROPIC_BATCHES: Batches =
    Batches { rows: 100_000, bytes: 256_000_000, one_model: false, files: false, endpoints: ["", "-"], address: anthropic::address };

const fn compatible(name: &'static str, base_url: &'static str, key_variable: &'static str, quirks: Quirks) -> Row {
    Row {
        name,
        kind: Kind::OpenAiCompatible,
        base_url,
        needs_key: !key_variable.is_empty(),
        key_variable,
        request_id_headers: &["x-request-id", "request-id", "x-generation-id"],
        idempotency_header: None,
        offers: Offers {
            embeddings: Some(Embeddings { inputs: 256, bytes: 500_000, input_type: false }),
            token_count: false,
            batches: None,
        },
        quirks,
    }
}

/// One row a provider (base URLs: the fact sheets of openai, anthropic, azure-openai, cohere and
/// openai-compatible).
pub static PROVIDERS: &[Row] = &[
    Row {
        name: "openai",
        kind: Kind::OpenAi,
        base_url: "https://api.openai.com/v1",
        needs_key: true,
        key_variable: "OPENAI_API_KEY",
        request_id_headers: &["x-request-id"],
        idempotency_header: Some("idempotency-key"),
        offers: Offers { embeddings: OPENAI_EMBEDDINGS, token_count: true, batches: Some(&OPENAI_BATCHES) },
        quirks: OPENAI,
    },
    Row {
        name: "anthropic",
        kind: Kind::Anthropic,
        base_url: "https://api.anthropic.com",
        needs_key: true,
        key_variable: "ANTHROPIC_API_KEY",
        request_id_headers: &["request-id", "x-request-id"],
        idempotency_header: None,
        offers: Offers { embeddings: None, token_count: true, batches: Some(&ANTHROPIC_BATCHES) },
        quirks: COMPATIBLE,
    },
    Row {
        name: "azure",
        kind: Kind::Azure,
        base_url: "",
        needs_key: true,
        key_variable: "AZURE_OPENAI_API_KEY",
        request_id_headers: &["apim-request-id", "x-request-id", "x-ms-client-request-id"],
        idempotency_header: None,
        offers: Offers { embeddings: OPENAI_EMBEDDINGS, token_count: false, batches: Some(&AZURE_BATCHES) },
        quirks: OPENAI,
    },
    Row {
        name: "cohere",
        kind: Kind::Cohere,
        base_url: "https://api.cohere.com",
        needs_key: true,
        key_variable: "CO_API_KEY",
        request_id_headers: &["x-debug-trace-id"],
        idempotency_header: None,
        offers: Offers {
            embeddings: Some(Embeddings { inputs: 96, bytes: usize::MAX, input_type: true }),
            token_count: true,
            batches: None,
        },
        quirks: COMPATIBLE,
    },
    compatible("openai-compatible", "", "", COMPATIBLE),
    compatible(
        "groq",
        "https://api.groq.com/openai/v1",
        "GROQ_API_KEY",
        Quirks {
            efforts: NONE_TO_HIGH,
            reasoning_fields: &["reasoning", "reasoning_content"],
            // The others answer `strict` with a 400.
            strict_output: "gpt-oss",
            most_stops: 4,
            rules: Rules { user_names: None, ..RULES },
            ..HOSTED
        },
    ),
    compatible(
        "openrouter",
        "https://openrouter.ai/api/v1",
        "OPENROUTER_API_KEY",
        Quirks {
            top_k: true,
            effort_field: false,
            switch: Some(Switch { field: "reasoning", member: "enabled", on: "", off: "false", effort: "effort", budget: "max_tokens" }),
            reasoning_fields: &["reasoning", "reasoning_content"],
            files: Sources::DataOrAddress,
            ..COMPATIBLE
        },
    ),
    compatible(
        "deepseek",
        "https://api.deepseek.com",
        "DEEPSEEK_API_KEY",
        Quirks {
            seed: None,
            temperature: Sampling::WithoutReasoning,
            penalties: Sampling::WithoutReasoning,
            most_stops: 16,
            // Its own mapping (§4), made here so that the caller hears of it.
            efforts: ["", "low", "low", "high", "high"],
            switch: Some(Switch { field: "thinking", member: "type", on: "\"enabled\"", off: "\"disabled\"", effort: "", budget: "" }),
            reasoning_back: Some("reasoning_content"),
            images: Sources::Nowhere,
            output: Output::JsonObject,
            rules: Rules { reasoning: ReasoningRule::Own, ..RULES },
            ..HOSTED
        },
    ),
    compatible(
        "mistral",
        "https://api.mistral.ai/v1",
        "MISTRAL_API_KEY",
        Quirks {
            stream_usage: false,
            seed: Some("random_seed"),
            // Which of its models take `reasoning_effort`, their names do not say; to the others it
            // is a 422.
            efforts: NO_EFFORTS,
            forcing: Forcing::Named("any"),
            prefill: Some("prefix"),
            bridges_results: true,
            rules: Rules {
                system: SystemTurns::FrontOnly,
                blank: Blank::Empty,
                ids: Names { allowed: |c| c.is_ascii_alphanumeric(), longest: 9, exact: true },
                user_names: None,
                ..RULES
            },
            ..HOSTED
        },
    ),
    compatible(
        "together",
        "https://api.together.xyz/v1",
        "TOGETHER_API_KEY",
        Quirks {
            top_k: true,
            efforts: LOW_TO_HIGH,
            // For its hybrid models, some of which do not reason unless told to.
            switch: Some(Switch { field: "reasoning", member: "enabled", on: "true", off: "false", effort: "", budget: "" }),
            reasoning_fields: &["reasoning", "reasoning_content"],
            ..HOSTED
        },
    ),
    compatible(
        "xai",
        "https://api.x.ai/v1",
        "XAI_API_KEY",
        Quirks {
            penalties: Sampling::WithoutReasoning,
            stop: Sampling::WithoutReasoning,
            plain_models: "non-reasoning",
            efforts: LOW_TO_HIGH,
            ..HOSTED
        },
    ),
    compatible(
        "perplexity",
        "https://api.perplexity.ai",
        "PERPLEXITY_API_KEY",
        Quirks {
            stream_usage: false,
            seed: None,
            stop: Sampling::Never,
            efforts: LOW_TO_HIGH,
            rules: Rules {
                system: SystemTurns::FrontOnly,
                alternates: true,
                user_first: true,
                user_last: true,
                blank: Blank::WhiteSpace,
                user_names: None,
                ..RULES
            },
            ..HOSTED
        },
    ),
    compatible(
        "fireworks",
        "https://api.fireworks.ai/inference/v1",
        "FIREWORKS_API_KEY",
        Quirks { top_k: true, efforts: NONE_TO_HIGH, ..HOSTED },
    ),
    compatible(
        "cerebras",
        "https://api.cerebras.ai/v1",
        "CEREBRAS_API_KEY",
        Quirks {
            penalties: Sampling::Never,
            efforts: NONE_TO_HIGH,
            reasoning_fields: &["reasoning", "reasoning_content"],
            images: Sources::Nowhere,
            ..HOSTED
        },
    ),
    compatible(
        "ollama",
        "http://localhost:11434/v1",
        "",
        Quirks {
            efforts: NONE_TO_HIGH,
            reasoning_fields: &["reasoning", "reasoning_content"],
            images: Sources::Data,
            forcing: Forcing::Never,
            strict_tools: false,
            rules: Rules { user_names: None, ..RULES },
            ..HOSTED
        },
    ),
    compatible(
        "vllm",
        "http://localhost:8000/v1",
        "",
        Quirks {
            top_k: true,
            efforts: LOW_TO_HIGH,
            switch: Some(TEMPLATE),
            reasoning_fields: &["reasoning", "reasoning_content"],
            audio: true,
            ..HOSTED
        },
    ),
    compatible(
        "lmstudio",
        "http://localhost:1234/v1",
        "",
        Quirks { top_k: true, efforts: LOW_TO_HIGH, images: Sources::Data, forcing: Forcing::AnyTool, ..HOSTED },
    ),
    compatible(
        "llamacpp",
        "http://localhost:8080/v1",
        "",
        Quirks { top_k: true, efforts: LOW_TO_HIGH, switch: Some(TEMPLATE), audio: true, forcing: Forcing::AnyTool, ..HOSTED },
    ),
];

/// The row of a name that needs no `kind`.
pub fn row(name: &str) -> Option<&'static Row> {
    PROVIDERS.iter().find(|row| row.name == name)
}

/// The row that stands for a `kind` said by the caller.
pub fn row_of_kind(kind: Kind) -> Option<&'static Row> {
    row(kind.word())
}
