//! `listModels`: every page of the provider's own list.

use super::Engine;
use super::ask::Inquiry;
use crate::error::{Error, Result};
use crate::host::Host;
use crate::models::ModelInfo;

/// Pages are asked for by the thousand; more than this is a server that does not end.
const MOST_PAGES: usize = 20;

impl Engine {
    /// What the provider's list says of its models.
    pub async fn list_models<H: Host>(&self, host: &H, provider: &str) -> Result<Vec<ModelInfo>> {
        let inquiry = Inquiry::begin(self, host, self.provider(provider)?, "").await?;
        self.list(inquiry).await
    }

    /// The same in one attempt: see [`Engine::check`].
    pub(super) async fn list_once<H: Host>(&self, host: &H, provider: &str) -> Result<Vec<ModelInfo>> {
        let inquiry = Inquiry::begin(self, host, self.provider(provider)?, "").await?;
        self.list(inquiry.once()).await
    }

    async fn list<H: Host>(&self, mut inquiry: Inquiry<'_, H>) -> Result<Vec<ModelInfo>> {
        let (name, service) = inquiry.provider();
        let (mut models, mut next) = (Vec::new(), Some(String::new()));
        for _ in 0..MOST_PAGES {
            let Some(after) = next.take() else { break };
            let request = service.models_request(&inquiry.target(), &after);
            inquiry
                .send(request, &mut |body| {
                    let page = service.models_page(body)?;
                    models.extend(page.models);
                    next = page.next;
                    Ok(())
                })
                .await?;
        }
        if next.is_some() {
            return Err(inquiry.failed(Error::malformed(format!("the list of models has more than {MOST_PAGES} pages"))));
        }
        for model in &mut models {
            name.clone_into(&mut model.provider);
        }
        Ok(models)
    }
}
