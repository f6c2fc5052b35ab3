//! What is known of the models that this client asks: the catalogue's word, and over it the caller's.

use std::rc::Rc;

use super::Engine;
use crate::chat::{ChatRequest, Usage};
use crate::error::Result;
use crate::host::Host;
use crate::models::ModelInfo;
use crate::models::price::Cost;
use crate::options::ProviderOptions;

/// Models that were looked up: finding one reads the whole text of the catalogue.
const MOST_MODELS: usize = 64;

/// See the module.
#[derive(Debug, Default)]
pub struct Known {
    found: Vec<Rc<ModelInfo>>,
    /// What the caller gave after the client was made.
    newer: Vec<ModelInfo>,
}

impl Engine {
    /// What is known of a model; `None`: nothing is.
    pub(super) fn info<H: Host>(&self, host: &H, provider: &ProviderOptions, model: &str) -> Option<Rc<ModelInfo>> {
        let is = |info: &&ModelInfo| info.provider == provider.name && info.id == model;
        let mut known = self.known.borrow_mut();
        if let Some(found) = known.found.iter().find(|found| is(&&***found)) {
            return Some(found.clone());
        }
        let catalogue = host.catalogue();
        let mut info = catalogue.as_ref().and_then(|catalogue| catalogue.find(provider.row.name, model));
        for own in self.options.catalog.iter().chain(&known.newer).filter(is) {
            info.get_or_insert_default().overlay(own);
        }
        let mut info = info?;
        provider.name.clone_into(&mut info.provider);
        model.clone_into(&mut info.id);
        let info = Rc::new(info);
        if catalogue.is_some() {
            if known.found.len() >= MOST_MODELS {
                known.found.remove(0);
            }
            known.found.push(info.clone());
        }
        Some(info)
    }

    /// What the caller said of a model, without the catalogue: a request is refused for that only, because
    /// the catalogue may be older than the model's abilities.
    pub(super) fn own_info(&self, provider: &ProviderOptions, model: &str) -> Option<&ModelInfo> {
        self.options.catalog.iter().find(|info| info.provider == provider.name && info.id == model)
    }

    /// Takes what the caller says of models from now on, over what was said before.
    pub fn update_catalog(&self, models: Vec<ModelInfo>) {
        let mut known = self.known.borrow_mut();
        known.found.clear();
        known.newer.extend(models);
    }

    /// `client.model`.
    pub async fn model<H: Host>(&self, host: &H, name: &str) -> Result<Option<Rc<ModelInfo>>> {
        host.load_catalogue().await;
        let name = self.real_name(name)?;
        let (provider, model) = self.named(Some(&name))?;
        Ok(self.info(host, provider, model))
    }

    /// What a usage costs at a model, without a call; `None` when that is unknown.
    pub async fn price<H: Host>(&self, host: &H, name: &str, usage: &Usage) -> Result<Option<Cost>> {
        Ok(self.model(host, name).await?.and_then(|info| info.price.as_ref()?.cost(usage, "")))
    }

    /// About what a request costs at "provider/model", in pico-dollars; for comparing only.
    pub(super) fn about<H: Host>(&self, host: &H, name: &str, request: &ChatRequest) -> Option<f64> {
        let (provider, model) = self.named(Some(name)).ok()?;
        let prices = self.info(host, provider, model)?.price.as_ref()?.base.prices;
        let amount = self.gate.amount(name, request);
        Some(amount.input_tokens * prices.input as f64 + amount.output_tokens * prices.output as f64)
    }
}
