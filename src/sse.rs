//! Server-sent events: bytes in any split → whole events.
//!
//! Follows the event-stream format of the HTML standard (§9.2.6) where providers do: LF, CRLF and
//! bare CR line ends (a CR | LF pair may be split over two reads), one leading BOM, comments, `data:`
//! with or without one space, several data lines joined by LF. `id` and `retry` are not used by any
//! provider and are skipped. One leniency, which real servers need: an event whose blank line never
//! came is still delivered at the end of the body.
//!
//! It does not know what the data means and never parses it. Called by [`crate::engine`].

use std::borrow::Cow;

use crate::error::{Error, Result};
use crate::scan::{Found, line_end};

/// What one event, or one line, may hold. Images and encrypted reasoning run to a few megabytes;
/// a server that never ends its line must not take the page's memory with it.
pub const MAX_EVENT_BYTES: usize = 32 * 1024 * 1024;

/// One event. `name` is empty when the server gave none.
#[derive(Debug, PartialEq, Eq)]
pub struct SseEvent<'a> {
    /// The `event:` field.
    pub name: &'a str,
    /// The `data:` lines, joined by LF. Bytes that are not UTF-8 have become U+FFFD.
    pub data: &'a str,
}

/// Whether the reader of events wants more of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// Go on.
    More,
    /// The provider's terminator was seen: the rest of the body is of no interest.
    Done,
}

/// Who reads the events of a body.
pub trait Events {
    /// One event.
    fn event(&mut self, event: &SseEvent<'_>) -> Result<Flow>;

    /// Reads what is in a known form at the beginning of `data`, without any effect yet, and says where it ends.
    fn scan<'a>(&mut self, _data: &'a [u8]) -> Option<(Found<'a>, usize)> {
        None
    }

    /// It was all of the data of one event of this name. `None`: nothing has happened, and it is for [`Events::event`].
    fn delta(&mut self, _name: &[u8], _found: &Found<'_>) -> Option<Flow> {
        None
    }
}

/// A function of events.
struct Each<'f>(&'f mut dyn FnMut(SseEvent<'_>) -> Result<Flow>);

impl Events for Each<'_> {
    fn event(&mut self, event: &SseEvent<'_>) -> Result<Flow> {
        (self.0)(SseEvent { name: event.name, data: event.data })
    }
}

/// The half-read line and the half-collected event: all that is kept between two reads.
#[derive(Debug, Default)]
pub struct SseParser {
    line: Vec<u8>,
    name: Vec<u8>,
    data: Vec<u8>,
    has_data: bool,
    started: bool,
    skip_line_feed: bool,
}

impl SseParser {
    /// A parser at the start of a body.
    pub fn new() -> Self {
        Self::default()
    }

    /// [`SseParser::feed_to`] a function.
    pub fn feed(&mut self, bytes: &[u8], push: &mut dyn FnMut(SseEvent<'_>) -> Result<Flow>) -> Result<Flow> {
        self.feed_to(bytes, &mut Each(push))
    }

    /// [`SseParser::finish_to`] a function.
    pub fn finish(&mut self, push: &mut dyn FnMut(SseEvent<'_>) -> Result<Flow>) -> Result<Flow> {
        self.finish_to(&mut Each(push))
    }

    /// Takes the bytes of one read and hands every event that is now whole to `events`, in order.
    /// Stops at the first `Done` or error.
    pub fn feed_to(&mut self, mut bytes: &[u8], events: &mut dyn Events) -> Result<Flow> {
        if self.skip_line_feed && !bytes.is_empty() {
            self.skip_line_feed = false;
            bytes = bytes.strip_prefix(b"\n").unwrap_or(bytes);
        }
        loop {
            // Most events are deltas that are whole in one read: they are read where they stand.
            while self.is_between_events()
                && let Some((end, flow)) = ahead(bytes, events)
            {
                if flow == Flow::Done {
                    return Ok(Flow::Done);
                }
                bytes = bytes.get(end..).unwrap_or_default();
            }
            let Some(end) = line_end(bytes) else { break };
            let (line, rest) = bytes.split_at(end);
            bytes = match rest {
                [b'\r', b'\n', rest @ ..] => rest,
                [b'\r'] => {
                    self.skip_line_feed = true;
                    &[]
                }
                [_, rest @ ..] => rest,
                [] => &[],
            };
            let flow = if self.line.is_empty() {
                self.line_read(line, events)?
            } else {
                self.keep(line)?;
                let line = std::mem::take(&mut self.line);
                let flow = self.line_read(&line, events)?;
                self.line = line;
                self.line.clear();
                flow
            };
            if flow == Flow::Done {
                return Ok(Flow::Done);
            }
        }
        self.keep(bytes)?;
        Ok(Flow::More)
    }

    /// The body has ended: delivers an event that lacks its blank line, if there is one.
    pub fn finish_to(&mut self, events: &mut dyn Events) -> Result<Flow> {
        let line = std::mem::take(&mut self.line);
        if !line.is_empty() && self.line_read(&line, events)? == Flow::Done {
            return Ok(Flow::Done);
        }
        self.dispatch(events)
    }

    fn keep(&mut self, bytes: &[u8]) -> Result<()> {
        if self.line.len() + bytes.len() > MAX_EVENT_BYTES {
            return Err(too_long());
        }
        self.line.extend_from_slice(bytes);
        Ok(())
    }

    fn line_read(&mut self, mut line: &[u8], events: &mut dyn Events) -> Result<Flow> {
        if !self.started {
            self.started = true;
            line = line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line);
        }
        if line.is_empty() {
            return self.dispatch(events);
        }
        let (field, value) = match line.iter().position(|byte| *byte == b':') {
            Some(0) => return Ok(Flow::More),
            Some(colon) => (&line[..colon], &line[colon + 1..]),
            None => (line, &[][..]),
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"data" => {
                if self.data.len() + value.len() > MAX_EVENT_BYTES {
                    return Err(too_long());
                }
                if self.has_data {
                    self.data.push(b'\n');
                }
                self.has_data = true;
                self.data.extend_from_slice(value);
            }
            b"event" => {
                self.name.clear();
                self.name.extend_from_slice(value);
            }
            _ => {}
        }
        Ok(Flow::More)
    }

    fn dispatch(&mut self, events: &mut dyn Events) -> Result<Flow> {
        let flow = if self.data.is_empty() { Flow::More } else { self.deliver(events)? };
        self.name.clear();
        self.data.clear();
        self.has_data = false;
        Ok(flow)
    }

    fn deliver(&self, events: &mut dyn Events) -> Result<Flow> {
        if let Some((found, end)) = events.scan(&self.data)
            && end == self.data.len()
            && let Some(flow) = events.delta(&self.name, &found)
        {
            return Ok(flow);
        }
        let name: Cow<'_, str> = String::from_utf8_lossy(&self.name);
        let data: Cow<'_, str> = String::from_utf8_lossy(&self.data);
        events.event(&SseEvent { name: &name, data: &data })
    }

    /// Whether what comes next begins an event, at the beginning of its first line.
    fn is_between_events(&self) -> bool {
        self.started && !self.has_data && self.line.is_empty() && self.name.is_empty() && !self.skip_line_feed
    }
}

/// One event in a known form, whole and in the usual lines: where it ends, and what its reader said. `None`: it is not, and nothing has happened.
fn ahead(bytes: &[u8], events: &mut dyn Events) -> Option<(usize, Flow)> {
    let (mut name, mut rest) = (&[][..], bytes);
    if let Some(line) = bytes.strip_prefix(b"event: ") {
        let end = line_end(line)?;
        name = line.get(..end)?;
        rest = after_line_end(line.get(end..)?)?;
    }
    let data = rest.strip_prefix(b"data:")?;
    let (found, end) = events.scan(data)?;
    let rest = after_line_end(after_line_end(data.get(end..)?)?)?;
    Some((bytes.len() - rest.len(), events.delta(name, &found)?))
}

/// A bare CR may be half of a line end.
fn after_line_end(bytes: &[u8]) -> Option<&[u8]> {
    match bytes {
        [b'\n', rest @ ..] | [b'\r', b'\n', rest @ ..] => Some(rest),
        _ => None,
    }
}

fn too_long() -> Box<Error> {
    Error::malformed(format!("one event of the stream is longer than {MAX_EVENT_BYTES} bytes"))
}
