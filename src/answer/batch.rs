//! Events as they cross to JavaScript: [`Batch`].

use crate::json::Json;
use crate::object;
use crate::scan::utf16_length;
use crate::text::slice;

/// What a stretch of a [`Batch`] is. The numbers are the boundary's: `js/stream.ts` reads them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Kind {
    /// A whole event as JSON: everything but deltas.
    Json = 0,
    /// Text of a `text-delta`.
    Text = 1,
    /// Text of a `reasoning-delta`.
    Reasoning = 2,
    /// Text of a `tool-call-delta`.
    ToolInput = 3,
}

/// How much memory a batch keeps between reads: that of a large network read.
const KEPT_BYTES: usize = 1024 * 1024;

/// The events of one network read: their texts joined, and a mark for each.
///
/// One decode of `text` and one `slice` an event are all that JavaScript does to build them; an
/// object per delta made from here costs three to six times as much (performance.md).
#[derive(Debug, Default)]
pub struct Batch {
    /// All texts, one behind the other.
    pub text: String,
    /// Two numbers an event: the kind in the low byte with the tool's index above it, and the end
    /// of its text in UTF-16 units from the start of the batch.
    pub marks: Vec<u32>,
    utf16: u32,
}

impl Batch {
    /// Without events.
    pub const fn new() -> Self {
        Self { text: String::new(), marks: Vec::new(), utf16: 0 }
    }

    /// Forgets the events and keeps the memory, but for what one very long answer made of it: the
    /// batch is shared by all streams and lives as long as the module.
    pub fn clear(&mut self) {
        if self.text.capacity() > KEPT_BYTES {
            self.text = String::new();
        }
        self.text.clear();
        self.marks.clear();
        self.utf16 = 0;
    }

    /// Adds an event.
    pub fn push(&mut self, kind: Kind, index: usize, text: &str) {
        self.text.push_str(text);
        self.close(kind, index, utf16_length(text));
    }

    /// Adds a rare event as JSON.
    pub fn push_json(&mut self, event: &Json<'_>) {
        let start = self.text.len();
        event.write(&mut self.text);
        self.close(Kind::Json, 0, utf16_length(slice(&self.text, start, self.text.len())));
    }

    fn close(&mut self, kind: Kind, index: usize, units: usize) {
        self.utf16 += units as u32;
        self.marks.push(kind as u32 | (index as u32) << 8);
        self.marks.push(self.utf16);
    }

    /// The events as JSON, as JavaScript builds them. For tests, and for hosts without the fast path.
    pub fn events(&self) -> Vec<Json<'static>> {
        let wide: Vec<u16> = self.text.encode_utf16().collect();
        let mut start = 0;
        self.marks
            .chunks_exact(2)
            .map(|mark| {
                let end = mark[1] as usize;
                let text = String::from_utf16_lossy(&wide[start..end]);
                start = end;
                match mark[0] & 0xFF {
                    1 => object! { "type": "text-delta", "text": text },
                    2 => object! { "type": "reasoning-delta", "text": text },
                    3 => object! { "type": "tool-call-delta", "index": u64::from(mark[0] >> 8), "text": text },
                    _ => Json::parse(&text).map(Json::into_owned).unwrap_or(Json::Null),
                }
            })
            .collect()
    }
}
