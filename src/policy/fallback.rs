//! Who is asked next: in which order the targets of a chain are tried, and which of them can mend
//! what went wrong.

use std::rc::Rc;

use crate::chat::{ChatRequest, Message, UserPart};
use crate::error::{Error, ErrorKind};
use crate::models::ModelInfo;
use crate::policy::timeout::Timeout;

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
pub fn order(by: Order, candidates: &[Candidate], random: &mut dyn FnMut() -> f64) -> Vec<usize> {
    let mut indices: Vec<usize> = (0..candidates.len()).collect();
    match by {
        Order::Given => {}
        // Unknown prices last: the cheapest of those that are known was asked for.
        Order::Cheapest => sort(&mut indices, |index| candidates[index].usd.unwrap_or(f64::INFINITY)),
        // Unmeasured ones first: how else would they be measured?
        Order::Fastest => sort(&mut indices, |index| candidates[index].first_token_ms.unwrap_or(-1.0)),
        Order::Weighted => {
            for place in 0..indices.len() {
                let weight = |index: &usize| candidates[*index].weight.max(0.0);
                let total: f64 = indices[place..].iter().map(weight).sum();
                let mut at = random() * total;
                let drawn = indices[place..].iter().position(|index| {
                    at -= weight(index);
                    at < 0.0
                });
                // Those of weight 0 are left to the end, in their order.
                let drawn = place + drawn.unwrap_or(0);
                indices[place..=drawn].rotate_right(1);
            }
        }
    }
    indices
}

/// Stable: equals stay in the order given. Insertion, because chains are short and the library's sort is
/// not.
fn sort(indices: &mut [usize], key: impl Fn(usize) -> f64) {
    for end in 1..indices.len() {
        let mut at = end;
        while at > 0 && key(indices[at]) < key(indices[at - 1]) {
            indices.swap(at, at - 1);
            at -= 1;
        }
    }
}

/// Whether an error of this kind is worth another target (the contract's list), when `when` says nothing.
pub fn falls_back(error: &Error) -> bool {
    let ours = matches!(
        error.kind,
        ErrorKind::Aborted
            | ErrorKind::Budget
            | ErrorKind::InvalidRequest
            | ErrorKind::Template
            | ErrorKind::Config
            | ErrorKind::OutputInvalid
    );
    // Limits of whom the call is for, whichever model answers.
    let ours = ours || (error.kind == ErrorKind::RateLimit && error.status.is_none() && !error.retryable);
    !ours && error.timeout != Some(Timeout::Total)
}

/// Who a target is, for the question whether it can mend an error.
#[derive(Clone, Debug)]
pub struct Place<'a> {
    /// The configured provider.
    pub provider: &'a str,
    /// What the catalogue says of the model.
    pub info: Option<Rc<ModelInfo>>,
}

/// Whether `to` can mend what failed at `from`: a prompt that is too long needs a bigger window; a
/// filter, an empty account or a refused key another provider. Unknown windows are worth a try.
pub fn can_mend(error: &Error, from: &Place<'_>, to: &Place<'_>) -> bool {
    match error.kind {
        ErrorKind::ContextLength => {
            let Some(room) = window(to) else { return true };
            let smallest = error.needed.or_else(|| Some(window(from)? + 1));
            smallest.is_none_or(|smallest| room >= smallest)
        }
        ErrorKind::ContentFilter | ErrorKind::Quota | ErrorKind::Authentication | ErrorKind::MissingKey => from.provider != to.provider,
        _ => true,
    }
}

fn window(place: &Place<'_>) -> Option<u64> {
    let info = place.info.as_ref()?;
    info.max_input_tokens.or(info.context_window)
}

/// What a request asks of a model that it is known not to be able to: the error names the field. What is
/// not known is tried.
pub fn cannot(request: &ChatRequest, info: &ModelInfo) -> Option<Box<Error>> {
    let no = Some(false);
    let abilities = info.abilities;
    let lacks = |field: String, what: &str| {
        let message = format!("{field}: {}/{} cannot {what} (says the catalog)", info.provider, info.id);
        Some(Error::new(ErrorKind::Unsupported, message))
    };
    if abilities.tools == no && !request.tools.is_empty() {
        return lacks("tools".into(), "call tools");
    }
    if abilities.json_schema == no && request.output.is_some() {
        return lacks("output".into(), "hold its answer to a schema");
    }
    for (index, message) in request.messages.iter().enumerate() {
        let (Message::User { content, .. } | Message::Tool { content, .. }) = message else { continue };
        for (part, content) in content.iter().enumerate() {
            let field = || format!("messages[{index}].content[{part}]");
            match content {
                UserPart::Image { .. } if abilities.vision == no => return lacks(field(), "see images"),
                UserPart::File { .. } if abilities.files == no => return lacks(field(), "read files"),
                _ => {}
            }
        }
    }
    None
}
