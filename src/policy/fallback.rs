//! Who is asked next: in which order the targets of a chain are tried, and which of them can mend
//! what went wrong.

use crate::error::Error;
use crate::models::ModelInfo;

/// The contract's `FallbackOptions`.
#[derive(Clone, Debug, Default, PartialEq)]
#[allow(missing_docs, reason = "the contract's own fields")]
pub struct FallbackOptions {
    /// What stands for the function at the host.
    pub when: Option<u64>,
    pub mid_stream: bool,
    pub order: Order,
    pub cooldown_ms: Option<f64>,
}

/// The contract's `order`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the contract's own values")]
pub enum Order {
    #[default]
    Given,
    Cheapest,
    Fastest,
    Weighted,
}

/// What is known of a target when the order is made.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Candidate {
    /// As given; 1 without.
    pub weight: f64,
    /// What the request would cost there, in US dollars; `None`: unknown.
    pub usd: Option<f64>,
    /// Its time to the first token as seen by this client; `None`: not measured yet.
    pub first_token_ms: Option<f64>,
}

/// The order in which targets are tried, by index. `random`: at least 0, below 1, a new one each time.
pub fn order(_by: Order, _candidates: &[Candidate], _random: &mut dyn FnMut() -> f64) -> Vec<usize> {
    todo!()
}

/// Whether an error of this kind is worth another target (the contract's list), when `when` says nothing.
pub fn falls_back(_error: &Error) -> bool {
    todo!()
}

/// Who a target is, for the question whether it can mend an error.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The configured provider.
    pub provider: &'a str,
    /// What the catalogue says of the model.
    pub info: Option<&'a ModelInfo>,
}

/// Whether `to` can mend what failed at `from`: a prompt that is too long needs a bigger window, a
/// filter, an empty account or a refused key another provider. Unknown windows are worth a try.
pub fn can_mend(_error: &Error, _from: &Place<'_>, _to: &Place<'_>) -> bool {
    todo!()
}

/// stub
pub fn cannot(_request: &crate::chat::ChatRequest, _info: &ModelInfo) -> Option<Box<Error>> {
    todo!()
}
