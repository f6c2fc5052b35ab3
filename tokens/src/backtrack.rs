//! A long piece into tokens, in linear time.
//!
//! The method is that of GitHub's `bpe` crate (rust-gems, MIT): an encoding is the right one exactly when every two neighbours in
//! it are what their own bytes would be encoded as. So tokens are tried longest first from the left, a neighbour that does not fit is
//! shortened, and a dead end is left for good. The code is this project's own; so is the look-up by text instead of by pair, which
//! needs no table of pairs.

use crate::tokenizer::Sink;
use crate::vocabulary::{NONE, Vocabulary};

/// Encodes `text[start..end]`. After `prepare_long`.
pub fn backtrack(vocabulary: &Vocabulary, text: &[u8], start: usize, end: usize, sink: &mut impl Sink) {
    let mut dead = vec![0_u64; (end - start) / 64 + 1];
    let mut tokens = Vec::with_capacity((end - start) / 3);
    let mut at = start;
    let mut most = usize::MAX;
    while at < end {
        let token = vocabulary.longest(text, at, end, most);
        let next = at + vocabulary.length(token);
        let place = next - start;
        let alive = dead[place / 64] >> (place % 64) & 1 == 0;
        if alive && tokens.last().is_none_or(|&last| are_neighbours(vocabulary, text, at, last, token)) {
            tokens.push(token);
            at = next;
            most = usize::MAX;
            continue;
        }
        most = next - at - 1;
        while most == 0 {
            let place = at - start;
            dead[place / 64] |= 1 << (place % 64);
            // A single byte fits at the start of the text at the latest, so there is a token to give back.
            let Some(last) = tokens.pop() else { return };
            let length = vocabulary.length(last);
            at -= length;
            most = length - 1;
        }
    }
    sink.tokens(tokens.len(), |place| tokens[place]);
}

/// Whether two tokens that meet at `at` stay as they are when their bytes are encoded together. The halves at the seam are
/// undone, latest merge first; if they could be one token at an earlier moment than the halves were joined to theirs, they
/// would have been.
pub fn are_neighbours(vocabulary: &Vocabulary, text: &[u8], at: usize, mut left: u32, mut right: u32) -> bool {
    let mut limit = NONE;
    loop {
        let joined = vocabulary.find(text, at - vocabulary.length(left), at + vocabulary.length(right));
        if joined < limit && vocabulary.halves(joined) == (left, right) {
            return false;
        }
        // Of two merges at the seam, the later one is undone first; the left one when it is the same token.
        let (from_left, of_right) = (vocabulary.halves(left).1, vocabulary.halves(right).0);
        let undo_left = match (from_left != left, of_right != right) {
            (false, false) => return true,
            (can, true) if left <= right || !can => false,
            _ => true,
        };
        if undo_left {
            limit = left;
            left = from_left;
        } else {
            limit = right + 1;
            right = of_right;
        }
    }
}
