//! What is known of the models that this client asks: the catalogue's word, and over it the caller's.

use std::rc::Rc;

use modelwire_tokens::encodings;

use super::Engine;
use super::within::within;
use crate::chat::{ChatRequest, Usage};
use crate::error::Result;
use crate::host::Host;
use crate::models::ModelInfo;
use crate::models::price::Cost;
use crate::options::ProviderOptions;

/// Models that were looked up: finding one reads the whole text of the catalogue.
const MOST_MODELS: usize = 64;

/// How long an answer that is there waits for the catalogue.
const MOST_WAIT_MS: f64 = 3_000.0;

/// See the module.
#[derive(Debug, Default)]
pub struct Known {
    /// By provider and model; `None`: nothing is known of it.
    found: Vec<(String, String, Option<Rc<ModelInfo>>)>,
    /// What the caller gave after the client was made.
    newer: Vec<ModelInfo>,
}

impl Engine {
    /// What is known of a model; `None`: nothing is.
    pub(super) fn info<H: Host>(&self, host: &H, provider: &ProviderOptions, model: &str) -> Option<Rc<ModelInfo>> {
        let is = |info: &&ModelInfo| info.provider == provider.name && info.id == model;
        let mut known = self.known.borrow_mut();
        if let Some((.., found)) = known.found.iter().find(|(name, id, _)| *name == provider.name && id == model) {
            return found.clone();
        }
        let catalogue = host.catalogue();
        let mut info = catalogue.as_ref().and_then(|catalogue| catalogue.find(provider.row.name, model));
        for own in self.options.catalog.iter().chain(&known.newer).filter(is) {
            info.get_or_insert_default().overlay(own);
        }
        let info = info.map(|mut info| {
            provider.name.clone_into(&mut info.provider);
            model.clone_into(&mut info.id);
            let counting = encodings::of(model);
            info.encoding = info.encoding.or_else(|| counting.exact.then(|| counting.encoding.name().to_owned()));
            Rc::new(info)
        });
        if catalogue.is_some() {
            if known.found.len() >= MOST_MODELS {
                known.found.remove(0);
            }
            known.found.push((provider.name.clone(), model.to_owned(), info.clone()));
        }
        info
    }

    /// What the caller said of a model, without the catalogue: a request is refused for that only, because
    /// the catalogue may be older than the model's abilities.
    pub(super) fn own_info(&self, provider: &ProviderOptions, model: &str) -> Option<ModelInfo> {
        let known = self.known.borrow();
        let mut own = self.options.catalog.iter().chain(&known.newer).filter(|info| info.provider == provider.name && info.id == model);
        let mut info = own.next()?.clone();
        own.for_each(|newer| info.overlay(newer));
        Some(info)
    }

    /// Waits for the catalogue, but not for a server that does not give it: a cost is worth less than the answer.
    pub(super) async fn ready_catalogue<H: Host>(&self, host: &H) {
        if host.catalogue().is_none() {
            within(host, MOST_WAIT_MS, host.load_catalogue()).await;
        }
    }

    /// Takes what the caller says of models from now on, over what was said before.
    pub fn update_catalog(&self, models: Vec<ModelInfo>) {
        let Known { found, newer } = &mut *self.known.borrow_mut();
        for model in models {
            found.clear();
            match newer.iter_mut().find(|known| known.provider == model.provider && known.id == model.id) {
                Some(known) => known.overlay(&model),
                None => newer.push(model),
            }
        }
    }

    /// `client.model`.
    pub async fn model<H: Host>(&self, host: &H, name: &str) -> Result<Option<Rc<ModelInfo>>> {
        self.ready_catalogue(host).await;
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
