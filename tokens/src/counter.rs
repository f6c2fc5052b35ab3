//! Counting a text that still arrives: what can no longer change is counted once.

use crate::backtrack::are_neighbours;
use crate::tokenizer::Tokenizer;
use crate::vocabulary::{Id, NONE, Vocabulary};

/// How many pieces at the end may still change. One more character can join a contraction to the piece before it, and the last
/// character may be the stand-in for one of which only half has come.
const OPEN: usize = 4;
/// A longer piece is encoded as it grows. Encoding it anew for each addition would be quadratic when it has no end.
const LONG: usize = 256;

/// The count of a text that is only ever added to.
#[derive(Default)]
pub struct Counter {
    /// The pieces that are still open.
    tail: Vec<u8>,
    /// The tokens of what came before them.
    closed: usize,
    /// How many bytes came before them.
    offset: usize,
    growing: Growing,
}

impl Counter {
    /// Adds a text and counts all there is. Only the first `keep` bytes stay: the rest stands in for what is not complete.
    pub fn append(&mut self, tokenizer: &mut Tokenizer, text: &[u8], keep: usize) -> usize {
        self.tail.extend_from_slice(text);
        let mut pieces = [(0, 0); OPEN];
        let (mut at, mut count, mut open) = (0, 0, 0);
        while at < self.tail.len() {
            let end = tokenizer.end_of_piece(&self.tail, at);
            let tokens = if end - at <= LONG {
                tokenizer.count_piece(&self.tail, at, end) as usize
            } else {
                tokenizer.vocabulary.prepare_long();
                self.growing.count(&tokenizer.vocabulary, &self.tail, self.offset, at, end)
            };
            if open == OPEN {
                self.closed += pieces[0].1;
                count -= pieces[0].1;
                pieces.rotate_left(1);
                open -= 1;
            }
            pieces[open] = (at, tokens);
            open += 1;
            count += tokens;
            at = end;
        }
        let total = self.closed + count;
        let kept = self.tail.len() - text.len() + keep.min(text.len());
        self.tail.truncate(kept);
        self.growing.forget_after(self.offset + kept);
        let first = pieces[0].0.min(kept);
        self.tail.drain(..first);
        self.offset += first;
        total
    }
}

/// A piece with the encoding of each of its starts, so that each byte more costs the same.
#[derive(Default)]
struct Growing {
    /// Where it starts in the whole text.
    start: usize,
    /// Of each start of it that is longer than nothing: the last token, and how many there are.
    ends: Vec<(Id, u32)>,
}

impl Growing {
    fn count(&mut self, vocabulary: &Vocabulary, text: &[u8], offset: usize, start: usize, end: usize) -> usize {
        if self.start != offset + start {
            self.start = offset + start;
            self.ends.clear();
        }
        for place in start + self.ends.len()..end {
            let last = self.last(vocabulary, text, start, place + 1);
            self.ends.push(last);
        }
        self.ends.get(end - start - 1).map_or(0, |&(_, count)| count as usize)
    }

    /// The last token of the encoding of `text[start..end]`: the one that is a neighbour of what its own start ends with.
    fn last(&self, vocabulary: &Vocabulary, text: &[u8], start: usize, end: usize) -> (Id, u32) {
        // There is one and no other: the guess is mostly right where a sign is repeated, of which there are tokens of many lengths.
        let guess = self.ends.last().map(|&(last, _)| vocabulary.length(last) + 1);
        let guess = guess.and_then(|length| self.ends_with(vocabulary, text, start, end, length));
        let mut lengths = vocabulary.lengths_before(text, start, end);
        let found = guess.or_else(|| lengths.find_map(|length| self.ends_with(vocabulary, text, start, end, length)));
        // Never without: every start has an encoding.
        found.unwrap_or((vocabulary.single(text[end - 1]), 0))
    }

    /// Whether the last token has this length.
    fn ends_with(&self, vocabulary: &Vocabulary, text: &[u8], start: usize, end: usize, length: usize) -> Option<(Id, u32)> {
        let from = end.checked_sub(length).filter(|from| *from >= start)?;
        let token = vocabulary.find(text, from, end);
        if token == NONE {
            return None;
        }
        let Some(before) = (from - start).checked_sub(1) else { return Some((token, 1)) };
        let (last, count) = self.ends[before];
        are_neighbours(vocabulary, last, token).then_some((token, count + 1))
    }

    fn forget_after(&mut self, end: usize) {
        self.ends.truncate(end.saturating_sub(self.start));
    }
}
