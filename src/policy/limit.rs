//! How much may be sent in a minute.

/// The contract's `LimitOptions`.
#[derive(Clone, Debug, Default, PartialEq)]
#[allow(missing_docs, reason = "the contract's own fields")]
pub struct LimitOptions {
    pub requests_per_minute: Option<f64>,
    pub tokens_per_minute: Option<f64>,
    pub input_tokens_per_minute: Option<f64>,
    pub output_tokens_per_minute: Option<f64>,
    pub burst: Option<f64>,
    pub max_concurrent: Option<u32>,
    pub learn: Option<bool>,
    pub scope: Scope,
    pub max_wait_ms: Option<f64>,
}

/// Who shares a limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    /// This client alone.
    #[default]
    Client,
    /// All tabs and workers of the site: what stands for that store at the host.
    Origin(u64),
    /// A store of the caller's: what stands for it at the host.
    Store(u64),
}

/// Changes the state of a shared limit, inside the store's transaction. `change`: JSON text that this
/// module wrote. Gives the new state, and the wait in milliseconds (0: taken; of other changes: 0).
pub fn change_shared(_state: Option<&[u8]>, _now: f64, _change: &str) -> (Vec<u8>, f64) {
    todo!()
}
