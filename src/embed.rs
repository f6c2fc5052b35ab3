//! The vocabulary of embeddings: what `embed` was given, how it is cut into requests, and the
//! vectors that come back.
//!
//! No provider's words and nothing that waits: [`crate::providers`] encode and read,
//! [`crate::engine`] sends.

use crate::base64;
use crate::chat::Usage;
use crate::error::{Error, ErrorKind, Result};
use crate::input::{Fields, Subject, Value};
use crate::json::Json;
use crate::models::price::Cost;
use crate::object;
use crate::policy::caller::Caller;
use crate::providers::Embeddings;

/// One call of `embed`, checked.
#[derive(Clone, Debug)]
pub struct EmbedRequest {
    /// `"provider/model"`. The client's default is a model for chat, and is not used here.
    pub model: String,
    /// At least one text; none is empty.
    pub input: Vec<String>,
    /// How long the vectors shall be; `None`: as the model makes them.
    pub dimensions: Option<u64>,
    /// What the texts are for.
    pub input_type: Option<InputType>,
    /// For whom a server makes it.
    pub caller: Option<Caller>,
}

/// What a text is embedded for. Models for search see a question otherwise than what answers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the contract's own values")]
pub enum InputType {
    Query,
    Document,
}

impl EmbedRequest {
    /// Reads and checks a request (`signal` already taken out).
    pub fn read(value: Value) -> Result<Self> {
        let mut fields = Fields::new(Subject::Request, String::new(), value)?;
        let model = fields.required_string("model")?;
        let input = read_input(&mut fields)?;
        let dimensions = fields.whole("dimensions", 1)?.map(i64::unsigned_abs);
        let input_type = match fields.string("inputType")?.as_deref() {
            None => None,
            Some("query") => Some(InputType::Query),
            Some("document") => Some(InputType::Document),
            Some(other) => return Err(fields.error("inputType", &format!("is \"{other}\"; it must be query or document"))),
        };
        let caller = Caller::read(&mut fields)?;
        fields.finish()?;
        Ok(Self { model, input, dimensions, input_type, caller })
    }

    /// The texts of each request, in order: as many as fit, and at least one.
    pub fn batches(&self, limits: Embeddings) -> Vec<&[String]> {
        let mut batches = Vec::new();
        let mut rest = self.input.as_slice();
        while !rest.is_empty() {
            let mut bytes = 0;
            let fitting = rest.iter().take(limits.inputs).take_while(|text| {
                bytes += text.len();
                bytes <= limits.bytes
            });
            // A text that is too long by itself is the provider's to refuse, which says how long it may be.
            let (batch, behind) = rest.split_at(fitting.count().clamp(1, rest.len()));
            batches.push(batch);
            rest = behind;
        }
        batches
    }
}

fn read_input(fields: &mut Fields) -> Result<Vec<String>> {
    let input = match fields.take("input") {
        None => return Err(fields.error("input", "is required")),
        Some(Json::String(text)) if text.is_empty() => return Err(fields.error("input", "must not be empty")),
        Some(Json::String(text)) => return Ok(vec![text.into_owned()]),
        Some(list @ Json::Array(_)) => Fields::new(Subject::Request, String::new(), object! { "input": list })?.strings("input")?,
        Some(other) => return Err(fields.wrong_type("input", "a string or an array of strings", &other)),
    };
    match input.iter().position(String::is_empty) {
        Some(index) => Err(fields.error(&format!("input[{index}]"), "must not be empty")),
        None if input.is_empty() => Err(fields.error("input", "must not be empty")),
        None => Ok(input),
    }
}

/// The vectors of one request, while its answer is read: one place a text.
#[derive(Debug)]
pub struct Vectors {
    places: Vec<Vec<f32>>,
    /// As the provider named it.
    pub model: Option<String>,
    /// What the request used.
    pub usage: Usage,
}

impl Vectors {
    /// Places for the vectors of so many texts.
    pub fn with_places(count: usize) -> Self {
        Self { places: vec![Vec::new(); count], model: None, usage: Usage::default() }
    }

    /// Puts a vector in its place: base64 of little-endian floats, or an array of numbers. What is
    /// neither, or has no place, or finds it taken, is not this request's answer.
    pub fn put(&mut self, index: usize, value: &Json<'_>) -> Result<()> {
        let vector = match value {
            Json::String(text) => of_base64(text),
            Json::Array(numbers) => numbers.iter().map(|number| number.f64().map(|number| number as f32)).collect(),
            _ => None,
        };
        match (self.places.get_mut(index), vector) {
            (Some(place), Some(vector)) if place.is_empty() && !vector.is_empty() => *place = vector,
            _ => return Err(Error::malformed(format!("the answer's embedding {index} is not a vector, or one too many"))),
        }
        Ok(())
    }
}

fn of_base64(text: &str) -> Option<Vec<f32>> {
    let bytes = base64::decode(text)?;
    let (numbers, rest) = bytes.as_chunks::<4>();
    rest.is_empty().then(|| numbers.iter().map(|number| f32::from_le_bytes(*number)).collect())
}

/// The whole answer. Field for field the contract's `EmbedResponse`.
#[derive(Debug)]
pub struct EmbedResponse {
    /// One a text, in the order of the input, all of one length.
    pub embeddings: Vec<Vec<f32>>,
    /// Of all requests together.
    pub usage: Usage,
    /// `None`: unknown, not free.
    pub cost: Option<Cost>,
    /// As the provider named it, else as asked for.
    pub model: String,
    /// As configured.
    pub provider: String,
}

impl EmbedResponse {
    /// Of the answers to all requests, in order. A vector that is missing, or of another length than
    /// was asked for or than the others have, would be found much later, in a database.
    pub fn of(request: &EmbedRequest, answers: Vec<Vectors>, provider: &str, model: &str) -> Result<Self> {
        let mut response = Self {
            embeddings: Vec::with_capacity(request.input.len()),
            usage: Usage::default(),
            cost: None,
            model: model.into(),
            provider: provider.into(),
        };
        for (index, answer) in answers.into_iter().enumerate() {
            let known = (response.usage.input_tokens.is_some(), answer.usage.input_tokens.is_some());
            response.usage.add(answer.usage);
            // A request that does not say what it used makes the sum a lower bound.
            response.usage.estimated |= index > 0 && known.0 != known.1;
            if let Some(model) = answer.model {
                response.model = model;
            }
            response.embeddings.extend(answer.places);
        }
        // Nothing comes out in tokens.
        response.usage.total_tokens = response.usage.total_tokens.or(response.usage.input_tokens);
        let wanted = request.dimensions.or(response.embeddings.first().map(|first| first.len() as u64));
        match response.embeddings.iter().position(|vector| Some(vector.len() as u64) != wanted || vector.is_empty()) {
            None => Ok(response),
            Some(index) => {
                let (length, wanted) = (response.embeddings[index].len(), wanted.unwrap_or(0));
                Err(Error::new(
                    ErrorKind::Malformed,
                    if length == 0 {
                        format!("the answer has no embedding of input[{index}]")
                    } else {
                        format!("the embedding of input[{index}] has {length} dimensions and not {wanted}")
                    },
                ))
            }
        }
    }

    /// As the contract has it, but for the vectors, which do not travel as text.
    pub fn to_json(&self) -> Json<'_> {
        object! {
            "usage": self.usage.to_json(),
            "cost": self.cost.as_ref().map(Cost::to_json),
            "model": &self.model,
            "provider": &self.provider,
        }
    }
}
