//! An object that is text from the start. [`Json`] would be made, written and thrown away again: for what is told of every call
//! that is most of the time.

use super::{Json, ROOM_BYTES};

/// The JSON text of an object, as far as it is told.
pub struct ObjectText(String);

impl ObjectText {
    /// Without members.
    #[expect(clippy::new_without_default, reason = "what has no members yet is no value that anybody wants")]
    pub fn new() -> Self {
        let mut text = String::with_capacity(ROOM_BYTES);
        text.push('{');
        Self(text)
    }

    /// Adds a member that is not there yet. `name` needs no escapes.
    pub fn add<'v>(&mut self, name: &'static str, value: impl Into<Json<'v>>) {
        self.put(name, &value.into());
    }

    /// The same unless it is null.
    pub fn add_some<'v>(&mut self, name: &'static str, value: impl Into<Json<'v>>) {
        let value = value.into();
        if !value.is_null() {
            self.put(name, &value);
        }
    }

    #[inline(never)]
    fn put(&mut self, name: &'static str, value: &Json<'_>) {
        let Self(text) = self;
        text.push_str(if text.len() == 1 { "\"" } else { ",\"" });
        text.push_str(name);
        text.push_str("\":");
        value.write(text);
    }

    /// The whole of it.
    pub fn finish(self) -> String {
        let Self(mut text) = self;
        text.push('}');
        text
    }
}
