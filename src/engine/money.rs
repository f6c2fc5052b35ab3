//! What calls cost while they are made: reserved before, metered during, settled and told after.

use std::rc::Rc;

use super::Engine;
use super::send::Ticket;
use super::try_join::{Apart, Work, apart};
use super::within::within;
use crate::answer::Spent;
use crate::chat::{ChatRequest, Usage, Warning};
use crate::count::TokenCount;
use crate::error::{Error, ErrorKind, Result};
use crate::host::{Host, Told};
use crate::http::iso_time;
use crate::json::Json;
use crate::models::price::{Cost, usd};
use crate::object;
use crate::options::ProviderOptions;
use crate::policy::budget::{BudgetOptions, Hold, NO_ROOM, Purse, RESERVED_OUTPUT, no_room};
use crate::policy::caller::Caller;
use crate::telemetry::marks;

/// The marks of one call.
pub type Tags = Vec<(String, String)>;

/// How long a store of budgets may take: without a bound a stream would hang with it.
const STORE_MS: f64 = 10_000.0;

/// What a reservation is for.
struct Asked {
    purse: Rc<Purse>,
    tags: Tags,
    /// What the request itself may cost, and what its call has cost already.
    own: Option<u64>,
    spent: u64,
    /// In tokens.
    input: u64,
    output: u64,
}

impl Engine {
    /// The client's tags, and over them the call's own.
    pub(super) fn tags_of(&self, own: &[(String, String)]) -> Tags {
        let mut tags = self.options.tags.clone();
        tags.retain(|(name, _)| !own.iter().any(|(other, _)| other == name));
        tags.extend_from_slice(own);
        tags
    }

    /// The same of what has no tags of its own.
    pub(super) fn tags_for(&self, caller: Option<&Caller>) -> Tags {
        self.tags_of(caller.map_or(&[], |caller| &caller.tags))
    }

    /// Whether a request is under a budget: it is then read as a stream, which can be stopped.
    pub(super) fn is_budgeted(&self, request: &ChatRequest) -> bool {
        let purse = self.purse_of(request.caller.as_deref());
        request.budget.is_some() || (!purse.is_empty() && purse.applies(&self.tags_of(&request.tags)))
    }

    /// The client's budgets, and that of whom the call is for.
    fn purse_of(&self, caller: Option<&Caller>) -> Rc<Purse> {
        caller.and_then(|caller| caller.budget.clone()).map_or_else(|| self.purse.clone(), |budget| self.purse.with(budget))
    }

    /// Reserves what a request costs at least. `None`: it is under no budget.
    pub(super) async fn reserve<H: Host>(
        &self,
        host: &H,
        call: &crate::call::Call,
        (provider, model): (&ProviderOptions, &str),
        request: &ChatRequest,
        counted: Option<TokenCount>,
        warnings: &mut Vec<Warning>,
    ) -> Result<Option<Rc<Hold>>> {
        if !self.is_budgeted(request) {
            return Ok(None);
        }
        let input = counted.map_or_else(|| self.gate.amount("", request).input_tokens as u64, |count| count.input_tokens);
        let output = request.max_tokens.map_or(RESERVED_OUTPUT, |most| most.min(RESERVED_OUTPUT));
        let asked = Asked {
            purse: self.purse_of(request.caller.as_deref()),
            tags: self.tags_of(&request.tags),
            own: request.budget,
            spent: call.spent(),
            input,
            output,
        };
        host.whole().await?;
        self.reserve_asked(host, provider, model, &asked, warnings).await
    }

    /// Boxed, so that it is loaded only where there are budgets: see [`Host::whole`].
    #[inline(never)]
    fn reserve_asked<'a, H: Host>(
        &'a self,
        host: &'a H,
        provider: &'a ProviderOptions,
        model: &'a str,
        asked: &'a Asked,
        warnings: &'a mut Vec<Warning>,
    ) -> Work<'a, Option<Rc<Hold>>> {
        apart(self.reserve_tokens(host, provider, model, asked, warnings))
    }

    async fn reserve_tokens<H: Host>(
        &self,
        host: &H,
        provider: &ProviderOptions,
        model: &str,
        asked: &Asked,
        warnings: &mut Vec<Warning>,
    ) -> Result<Option<Rc<Hold>>> {
        self.ready_catalogue(host).await;
        let usage = Usage { input_tokens: Some(asked.input), output_tokens: Some(asked.output), ..Usage::default() };
        let info = self.info(host, provider, model);
        let Some(cost) = info.and_then(|info| info.price.as_ref()?.cost(&usage, "")) else {
            let message = format!("the price of {}/{model} is not known, so that no budget can hold it: give it in catalog", provider.name);
            if asked.own.is_some() || !asked.purse.only_warns(&asked.tags) {
                return Err(Error::new(ErrorKind::Budget, message));
            }
            warnings.push(Warning { code: "unknown-price", message, setting: Some("budget".to_owned()) });
            return Ok(None);
        };
        let hold = asked.purse.reserve(&asked.tags, asked.own, asked.spent, cost.pico, host.now(), host.later())?;
        match self.ask_stores(host, &hold, cost.pico).await? {
            None => Ok(Some(Rc::new(hold))),
            Some(refused) => Err(no_room(refused.limit, refused.per, cost.pico)),
        }
    }

    /// Asks the stores of a hold's budgets for `pico` in all: the budget that has no room for it, if one has none.
    /// All of them grant it, or none has spent anything.
    async fn ask_stores<'a, H: Host>(&self, host: &H, hold: &'a Hold, pico: u64) -> Result<Option<&'a BudgetOptions>> {
        within(host, STORE_MS, self.ask_each(host, hold, pico)).await.unwrap_or_else(|| {
            let message = format!("the store of a budget did not answer in {} seconds", STORE_MS as u64 / 1_000);
            Err(Error::new(ErrorKind::Storage, message))
        })
    }

    async fn ask_each<'a, H: Host>(&self, host: &H, hold: &'a Hold, pico: u64) -> Result<Option<&'a BudgetOptions>> {
        let more = pico.saturating_sub(hold.leased());
        let mut granted: Vec<(u64, &BudgetOptions)> = Vec::new();
        for (index, store, budget) in hold.shared() {
            let result = host.change_limit(store, &budget.store_key(), &budget.spending(more, true)).await;
            match result {
                Ok(spent) if spent != NO_ROOM => hold.heard(index, spent as u64),
                refused => {
                    granted.iter().for_each(|(store, budget)| hold.give_back(*store, budget, more));
                    return refused.map(|_| Some(budget));
                }
            }
            granted.push((store, budget));
        }
        hold.lease(pico);
        Ok(None)
    }

    /// Has the stores of a hold's budgets grant what it holds. With something to spare, so that they are not asked after each
    /// read; where they have not that much, to the last cent.
    pub async fn lease<H: Host>(&self, host: &H, hold: &Hold) {
        // Who reserved it has loaded what this takes.
        self.lease_held(host, hold).await
    }

    #[inline(never)]
    fn lease_held<'a, H: Host>(&'a self, host: &'a H, hold: &'a Hold) -> Apart<'a, ()> {
        apart(self.lease_from_stores(host, hold))
    }

    async fn lease_from_stores<H: Host>(&self, host: &H, hold: &Hold) {
        let held = hold.held();
        for pico in [held + held / 4, held] {
            match self.ask_stores(host, hold, pico).await {
                Ok(None) => return,
                Ok(Some(_)) => {}
                // Nobody knows whether there is money: there is none.
                Err(error) => return hold.refuse(Some(error)),
            }
        }
        hold.refuse(None);
    }

    /// The same for texts that are embedded, of so many bytes: nothing is streamed there, and so nothing is stopped.
    pub(super) async fn reserve_embedding<H: Host>(
        &self,
        host: &H,
        provider: &ProviderOptions,
        model: &str,
        bytes: usize,
        caller: Option<&Caller>,
    ) -> Result<Option<Rc<Hold>>> {
        let (purse, tags) = (self.purse_of(caller), self.tags_for(caller));
        if !purse.applies(&tags) {
            return Ok(None);
        }
        let asked = Asked { purse, tags, own: None, spent: 0, input: bytes.div_ceil(4) as u64, output: 0 };
        self.reserve_tokens(host, provider, model, &asked, &mut Vec::new()).await
    }

    /// An attempt is over: settles what it reserved, and tells the ledger and the budgets' listeners.
    pub(super) fn bill<H: Host>(&self, host: &H, ticket: &Ticket, spent: Option<&Spent>) {
        let pico = match (spent, &ticket.hold) {
            (Some(Spent { cost: Some(cost), .. }), _) => cost.pico,
            // A server that does not say what it used, or a tier without a price: what was reserved and metered is spent, or
            // the budget would never be.
            (Some(_), Some(hold)) => hold.held(),
            _ => 0,
        };
        ticket.call.spend(pico);
        if let Some(hold) = &ticket.hold {
            hold.settle(pico);
        }
        let Some(spent) = spent else { return };
        self.calibrate(host, &ticket.target, ticket.counted, &spent.usage);
        let (provider, model) = ticket.target.split_once('/').unwrap_or_default();
        host.tell(Told::Cost, &entry(host.now(), provider, model, &spent.usage, spent.cost.as_ref(), &ticket.tags).to_text());
        self.tell_budgets(host, &ticket.tags, ticket.call.spent());
    }

    /// The same for texts that were embedded.
    pub(super) fn bill_embedding<H: Host>(
        &self,
        host: &H,
        (provider, model): (&str, &str),
        spent: &Spent,
        hold: Option<Rc<Hold>>,
        caller: Option<&Caller>,
    ) {
        let pico = spent.cost.as_ref().map(|cost| cost.pico).or(hold.as_ref().map(|hold| hold.held())).unwrap_or(0);
        if let Some(hold) = hold {
            hold.settle(pico);
        }
        let tags = self.tags_for(caller);
        host.tell(Told::Cost, &entry(host.now(), provider, model, &spent.usage, spent.cost.as_ref(), &tags).to_text());
        self.tell_budgets(host, &tags, pico);
    }

    /// The same for a row of a batch, which nothing was reserved for. Its stores are told by the way.
    pub(super) fn bill_row<H: Host>(&self, host: &H, provider: &str, model: &str, spent: &Spent, own: &Tags) {
        let (tags, pico) = (self.tags_of(own), spent.cost.as_ref().map_or(0, |cost| cost.pico));
        self.purse.spend(&tags, pico, host.now());
        for (store, budget) in self.purse.shared(&tags) {
            host.later()(store, &budget.store_key(), budget.spending(pico, false));
        }
        host.tell(Told::Cost, &entry(host.now(), provider, model, &spent.usage, spent.cost.as_ref(), &tags).to_text());
        self.tell_budgets(host, &tags, pico);
    }

    fn tell_budgets<H: Host>(&self, host: &H, tags: &Tags, spent: u64) {
        for status in self.purse.status(tags, spent) {
            host.tell(Told::Budget, &status.to_text());
        }
    }

    /// Takes spending that happened elsewhere off the budgets, and gives its ledger entry. `nano`: as billed, else by the
    /// catalogue.
    pub async fn record<H: Host>(&self, host: &H, name: &str, usage: &Usage, nano: Option<u64>, tags: &Tags) -> Result<Json<'static>> {
        let name = self.real_name(name)?;
        let cost = match nano {
            Some(nano) => Some(Cost::billed(nano, usage)),
            None => self.price(host, &name, usage).await?,
        };
        let tags = self.tags_of(tags);
        let pico = cost.as_ref().map_or(0, |cost| cost.pico);
        self.purse.spend(&tags, pico, host.now());
        for (store, budget) in self.purse.shared(&tags) {
            host.change_limit(store, &budget.store_key(), &budget.spending(pico, false)).await?;
        }
        let (provider, model) = name.split_once('/').unwrap_or((&name, ""));
        self.tell_budgets(host, &tags, pico);
        Ok(entry(host.now(), provider, model, usage, cost.as_ref(), &tags).into_owned())
    }
}

/// The contract's `LedgerEntry`, and the sum in nano-dollars, which adds up exactly.
fn entry<'a>(now: f64, provider: &'a str, model: &'a str, usage: &Usage, cost: Option<&Cost>, tags: &'a Tags) -> Json<'a> {
    object! {
        "at": iso_time(now),
        "provider": provider,
        "model": model,
        "usage": usage.to_json(),
        "usd": cost.map(|cost| usd(cost.nano(), 9)),
        "nanoUsd": cost.map(Cost::nano),
        "tags": marks(tags),
        "cached": false,
    }
}
