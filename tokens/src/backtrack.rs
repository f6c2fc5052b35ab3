//! A long piece into tokens, in linear time.
//!
//! The method is that of GitHub's `bpe` crate (rust-gems, MIT): an encoding is the right one exactly when every two neighbours in
//! it are what their own bytes would be encoded as. So tokens are tried longest first from the left, a neighbour that does not fit is
//! shortened, and a dead end is left for good. The code is this project's own.

use crate::tokenizer::Sink;
use crate::vocabulary::{Id, NONE, Vocabulary};

/// What is written while a piece is encoded. Kept, because to ask for it each time costs as much as a short piece.
#[derive(Default)]
pub struct Scratch {
    /// A bit for each place in the piece after which it was found to have no encoding that goes on.
    dead: Vec<u64>,
    tokens: Vec<Id>,
}

/// Encodes `text[start..end]`. After `prepare_long`.
pub fn backtrack(vocabulary: &mut Vocabulary, scratch: &mut Scratch, text: &[u8], start: usize, end: usize, sink: &mut impl Sink) {
    let Scratch { dead, tokens } = scratch;
    dead.clear();
    dead.resize((end - start) / 64 + 1, 0);
    tokens.clear();
    let mut at = start;
    let mut token = vocabulary.longest(text, start, end);
    loop {
        let next = at + vocabulary.length(token);
        let place = next - start;
        let alive = dead[place / 64] >> (place % 64) & 1 == 0;
        if alive && tokens.last().is_none_or(|&last| are_neighbours(vocabulary, last, token)) {
            tokens.push(token);
            if next == end {
                break;
            }
            at = next;
            token = vocabulary.longest(text, at, end);
            continue;
        }
        while vocabulary.length(token) == 1 {
            let place = at - start;
            dead[place / 64] |= 1 << (place % 64);
            // At the start of the text a single byte fits at the latest, so there is a token to give back.
            let Some(last) = tokens.pop() else { return };
            token = last;
            at -= vocabulary.length(token);
        }
        token = vocabulary.shorter(token);
    }
    sink.tokens(tokens.len(), |place| tokens[place]);
}

/// Whether two tokens stay as they are when their bytes are encoded together. The halves at the seam are
/// undone, latest merge first; if they could be one token at an earlier moment than the halves were joined to theirs, they
/// would have been.
pub fn are_neighbours(vocabulary: &Vocabulary, mut left: u32, mut right: u32) -> bool {
    let mut limit = NONE;
    loop {
        if vocabulary.joined(left, right) < limit {
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
