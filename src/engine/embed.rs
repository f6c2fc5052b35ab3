//! `embed`: the texts in as few requests as the provider allows, a few of them at a time.

use super::Engine;
use super::ask::{Inquiry, about, not_offered};
use super::limits::Amount;
use super::money::Tags;
use super::try_join::{Work, try_join};
use crate::answer::Spent;
use crate::call::Call;
use crate::chat::Usage;
use crate::embed::{EmbedRequest, EmbedResponse, Vectors};
use crate::error::Result;
use crate::host::Host;
use crate::options::ProviderOptions;

/// Requests of one call under way at once: enough to hide most of the waiting, few enough for the
/// rate limits of a new account.
const AT_ONCE: usize = 4;

/// As everywhere until it is counted: see `policy::limit`.
const BYTES_PER_TOKEN: f64 = 4.0;

impl Engine {
    /// The vectors of some texts, in their order. The first request that fails ends the others.
    pub async fn embed<H: Host>(&self, host: &H, call: &Call, request: &EmbedRequest) -> Result<EmbedResponse> {
        let name = self.real_name(&request.model)?;
        let (provider, model) = self.named(Some(&name))?;
        let Some(limits) = provider.row.offers.embeddings else {
            return Err(not_offered(provider, model, "embeddings"));
        };
        if request.input_type.is_some() && !limits.input_type {
            let what = "inputType: put what the model wants in front of each text, such as \"query: \"";
            return Err(not_offered(provider, model, what));
        }
        let bytes = request.input.iter().map(String::len).sum();
        let caller = request.caller.as_ref();
        let mut room = self
            .room_of(host, caller, Amount { requests: 1.0, input_tokens: (bytes as f64 / BYTES_PER_TOKEN).ceil(), ..Amount::default() })
            .await?;
        let hold = self.reserve_embedding(host, provider, model, bytes, caller).await.map_err(|error| about(error, provider, model))?;
        let tags = self.tags_for(caller);
        let mut answers = Vec::new();
        for batches in request.batches(limits).chunks(AT_ONCE) {
            let work = batches
                .iter()
                .map(|texts| Box::pin(embed_batch(self, host, call, (provider, model), request, (texts, &tags))) as Work<'_, Vectors>);
            answers.extend(try_join(work.collect()).await?);
        }
        let mut response = EmbedResponse::of(request, answers, &provider.name, model).map_err(|error| about(error, provider, model))?;
        self.ready_catalogue(host).await;
        let billed = Usage { output_tokens: Some(0), ..response.usage };
        response.cost = self.info(host, provider, model).and_then(|info| info.price.as_ref()?.cost(&billed, ""));
        let spent = Spent { usage: response.usage, cost: response.cost.clone() };
        room.settle(host, spent.usage.input_tokens, Some(0));
        self.bill_embedding(host, (&provider.name, model), &spent, hold, caller);
        Ok(response)
    }
}

async fn embed_batch<H: Host>(
    engine: &Engine,
    host: &H,
    call: &Call,
    (provider, model): (&ProviderOptions, &str),
    request: &EmbedRequest,
    (texts, tags): (&[String], &Tags),
) -> Result<Vectors> {
    let service = provider.row.kind.service();
    let bytes: usize = texts.iter().map(String::len).sum();
    let mut inquiry = Inquiry::begin(engine, host, provider, model).await?.of_tokens(bytes as f64 / BYTES_PER_TOKEN).part_of(call, tags);
    let http = service.embed_request(&inquiry.target(), request, texts);
    let http = http.map_err(|error| inquiry.failed(error))?;
    let mut vectors = Vectors::with_places(texts.len());
    inquiry.send(http, &mut |body| service.embed_response(body, &mut vectors)).await?;
    Ok(vectors)
}
