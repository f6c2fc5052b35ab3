//! An answer that broke off and goes on at another target: what that one is asked, and how the two
//! parts become one text.

use crate::chat::ChatRequest;

/// Whether, and with what, an answer goes on.
/// `said`: the text that arrived. `prefills`: whether the target goes on with a last message of the
/// assistant's; where not, the user asks for it.
pub fn continuation(_request: &ChatRequest, _said: &str, _prefills: bool) -> ChatRequest {
    todo!()
}

/// Takes out of the second part what it repeats of the first.
#[derive(Debug, Default)]
pub struct Seam {}

impl Seam {
    /// Behind this text.
    pub fn new(_said: &str) -> Self {
        todo!()
    }

    /// What of the text so far, this delta included and what was passed on before left out, is new.
    /// Empty while that cannot be told.
    pub fn push(&mut self, _delta: &str) -> String {
        todo!()
    }

    /// The answer is over: what was held back.
    pub fn finish(&mut self) -> String {
        todo!()
    }
}

/// stub
pub fn can_continue(_request: &ChatRequest, _calls: bool) -> bool {
    todo!()
}
