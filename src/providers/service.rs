//! What providers offer besides chat: a list of models, embeddings, the counting of tokens.
//!
//! Apart from [`Dialect`](super::Dialect), because these are one small question and one whole answer
//! each, whichever format the chat is in. As pure as a dialect is; asked by `engine`.

use super::Target;
use super::batch::Batches;
use crate::chat::ChatRequest;
use crate::embed::{EmbedRequest, Vectors};
use crate::error::Result;
use crate::http::HttpRequest;
use crate::json::Json;
use crate::models::ModelInfo;

/// The questions besides chat. What a provider does not have is not in its row's [`Offers`], and is
/// not asked for.
pub trait Service: Sync {
    /// A cheap authenticated GET: one page of the list of models, the one behind `after` (a
    /// [`Page::next`]; empty for the first).
    fn models_request(&self, target: &Target<'_>, after: &str) -> HttpRequest;

    /// Reads that page.
    fn models_page(&self, body: &[u8]) -> Result<Page>;

    /// The request for the vectors of a few texts, within the bounds of [`Embeddings`].
    fn embed_request(&self, target: &Target<'_>, request: &EmbedRequest, texts: &[String]) -> Result<HttpRequest>;

    /// Reads them, into as many places as there were texts.
    fn embed_response(&self, body: &[u8], vectors: &mut Vectors) -> Result<()>;

    /// What must be asked to know how many tokens a chat request has.
    fn count_question(&self, target: &Target<'_>, request: &ChatRequest) -> Result<Question>;

    /// The tokens that one of its answers names.
    fn count_answer(&self, body: &[u8]) -> Result<u64>;
}

/// What a provider has besides chat: data of its row.
#[derive(Clone, Copy, Debug)]
pub struct Offers {
    /// `None` where there are no embeddings.
    pub embeddings: Option<Embeddings>,
    /// Whether there is an endpoint that counts tokens.
    pub token_count: bool,
    /// The batch API, where there is one whose format is known.
    pub batches: Option<&'static Batches>,
}

/// What one request for embeddings may hold.
#[derive(Clone, Copy, Debug)]
pub struct Embeddings {
    /// How many texts.
    pub inputs: usize,
    /// How many bytes of UTF-8, in place of a bound in tokens, which nobody can count here. For
    /// OpenAI's 300,000 tokens it is 500,000: five bytes for three tokens. English has four bytes a
    /// token, Chinese between two and three; below five thirds is only what nobody embeds, such as
    /// keys in base64. Counting a token a byte instead would send three requests for one.
    pub bytes: usize,
    /// Whether `inputType` means something there, or nothing because all its models embed queries
    /// and documents alike. Where it is not known which, it is refused.
    pub input_type: bool,
}

/// One page of a list of models.
#[derive(Debug)]
pub struct Page {
    /// What the list says of each.
    pub models: Vec<ModelInfo>,
    /// What stands for the next page; `None` on the last.
    pub next: Option<String>,
}

impl Page {
    /// Of the entries of a list; one without an id is left out.
    pub fn of(entries: &[Json<'_>], read: fn(&Json<'_>) -> ModelInfo) -> Self {
        Self { models: entries.iter().map(read).filter(|model| !model.id.is_empty()).collect(), next: None }
    }
}

/// How to have tokens counted: the sum of all the answers is the count.
#[derive(Debug)]
pub struct Question {
    /// Each counts a part of the request.
    pub requests: Vec<HttpRequest>,
    /// How far the count may be off, in tokens…
    pub margin: u64,
    /// …and in hundredths of itself.
    pub percent: u64,
}
