//! What a stream's last event looked like: the next one differs from it in a few letters.
//!
//! Names, ids and braces are compared eight bytes at a time with those of the event before, and only what has been seen to change is read.
//! An event that agrees in all else is one that the table would have read the same way: it was read by the table itself when the frame was
//! learned, and a string or a number in place of another changes nothing of its form.

use crate::{Found, Member, Scan, Value};

/// A longer event is not remembered: a stream keeps one.
const MAX_BYTES: usize = 2048;

/// A string or a number of an event.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hole {
    pub value: Value,
    pub is_text: bool,
    pub start: usize,
    pub end: usize,
    /// It has been the same so far.
    pub constant: bool,
}

/// The frame of a stream's events. Empty at its beginning.
#[derive(Debug, Default)]
pub struct Frame {
    bytes: Vec<u8>,
    holes: Vec<Hole>,
    /// Learned from two events at least: what is constant is known.
    settled: bool,
}

impl Frame {
    /// Reads an object of this shape that `bytes` begins with, and where it ends. `None`: it is none. Each stream has a shape for good, and a
    /// frame of its own.
    pub fn read<'a>(&mut self, bytes: &'a [u8], shape: &'static [Member]) -> Option<(Found<'a>, usize)> {
        if self.settled
            && let Some(read) = self.follow(bytes)
        {
            return Some(read);
        }
        let mut scan = Scan { bytes, at: 0, found: Found::default(), holes: Vec::new() };
        scan.object(shape)?;
        let Scan { at, found, mut holes, .. } = scan;
        let event = bytes.get(..at)?;
        if at <= MAX_BYTES {
            self.settled = self.holes.len() == holes.len() && self.holes.iter().zip(&holes).all(|(old, new)| old.is_text == new.is_text);
            if self.settled {
                for (old, new) in self.holes.iter().zip(&mut holes) {
                    new.constant = old.constant && self.bytes.get(old.start..old.end) == event.get(new.start..new.end);
                }
            }
            self.bytes.clear();
            self.bytes.extend_from_slice(event);
            self.holes = holes;
        }
        Some((found, at))
    }

    fn follow<'a>(&self, bytes: &'a [u8]) -> Option<(Found<'a>, usize)> {
        let mut scan = Scan { bytes, at: 0, found: Found::default(), holes: Vec::new() };
        // How far the frame was compared; `scan.at` is the same place in the event.
        let mut done = 0;
        for hole in &self.holes {
            let start = scan.at + (hole.start - done);
            if hole.constant {
                // Compared with what is around it, later.
                scan.put(hole.value, bytes.get(start..start + (hole.end - hole.start))?);
                continue;
            }
            if !same(self.bytes.get(done..hole.start)?, bytes.get(scan.at..start)?) {
                return None;
            }
            scan.at = start;
            let first = *bytes.get(start)?;
            if hole.is_text != (first == b'"') || first == b' ' {
                return None;
            }
            let value = scan.token(hole.is_text)?;
            scan.put(hole.value, value);
            done = hole.end;
        }
        let rest = self.bytes.get(done..)?;
        let end = scan.at + rest.len();
        same(rest, bytes.get(scan.at..end)?).then_some((scan.found, end))
    }
}

/// Eight bytes at a time: frames are hundreds of bytes, and `memcmp` of a module that is made for size goes one by one.
fn same(one: &[u8], other: &[u8]) -> bool {
    let (heads, tail) = one.as_chunks::<8>();
    let (others, rest) = other.as_chunks::<8>();
    one.len() == other.len()
        && heads.iter().zip(others).all(|(one, other)| u64::from_le_bytes(*one) == u64::from_le_bytes(*other))
        && tail.iter().zip(rest).all(|(one, other)| one == other)
}
