//! `countTokens`, by the provider.

use super::Engine;
use super::ask::{Inquiry, not_offered};
use crate::chat::ChatRequest;
use crate::count::TokenCount;
use crate::error::Result;
use crate::host::Host;

impl Engine {
    /// How many tokens a request has, as its provider counts them.
    pub async fn count_tokens<H: Host>(&self, host: &H, request: &ChatRequest) -> Result<TokenCount> {
        let (provider, model) = self.named(request.model.as_deref())?;
        let service = provider.row.kind.service();
        if !provider.row.offers.token_count {
            return Err(not_offered(provider, model, "endpoint that counts tokens"));
        }
        let mut inquiry = Inquiry::begin(self, host, provider, model).await?;
        let question = service.count_question(&inquiry.target(), request);
        let question = question.map_err(|error| inquiry.failed(error))?;
        let mut input_tokens = 0;
        for http in question.requests {
            inquiry
                .send(http, &mut |body| {
                    input_tokens += service.count_answer(body)?;
                    Ok(())
                })
                .await?;
        }
        Ok(TokenCount { input_tokens, margin: question.margin + (input_tokens * question.percent).div_ceil(100) })
    }
}
