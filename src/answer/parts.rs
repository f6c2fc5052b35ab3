//! What an answer tells of its parts besides their texts: for the gateway, which hands them on one by one.

use super::Answer;
use crate::chat::{AssistantPart, ReasoningPart};
use crate::object;

impl Answer {
    /// Also makes events of what no event of the contract's says: that a refusal begins, and what its maker
    /// signed a thought with.
    pub fn tell_parts(&mut self) {
        self.parted = self.live;
    }

    /// Of the thought that was read last, if it is signed.
    pub(super) fn tell_signature(&mut self) {
        if self.parted
            && let Some(AssistantPart::Reasoning(part)) = self.parts.last()
            && part.signature.is_some()
        {
            let event = AssistantPart::Reasoning(ReasoningPart { text: String::new(), ..part.clone() });
            self.start();
            self.batch.push_json(&event.to_json());
        }
    }

    /// A refusal begins.
    pub(super) fn tell_refusal(&mut self) {
        if self.parted {
            self.start();
            self.batch.push_json(&object! { "type": "refusal" });
        }
    }
}
