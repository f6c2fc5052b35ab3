//! A short piece into tokens: as the method is defined, always the merge of the lowest rank, by looking at all that are left.

use crate::recent::LONGEST;
use crate::tokenizer::Sink;
use crate::vocabulary::{NONE, Vocabulary};

/// The work grows with the square of the length, so no piece is long.
const SHORT: usize = LONGEST;

/// Encodes `text[start..end]`, of at most `SHORT` bytes. After `prepare`.
pub fn merge(vocabulary: &Vocabulary, text: &[u8], start: usize, end: usize, sink: &mut impl Sink) {
    let mut count = end - start;
    // The parts, and what each makes with the next one; what is after the last stays `NONE`.
    let mut ids = [NONE; SHORT + 2];
    let mut made = [NONE; SHORT + 2];
    for (id, &byte) in ids.iter_mut().zip(&text[start..end]) {
        *id = vocabulary.single(byte);
    }
    for (made, two) in made.iter_mut().zip(text[start..end].windows(2)) {
        *made = vocabulary.double(two[0], two[1]);
    }
    loop {
        let (mut lowest, mut place) = (NONE, 0);
        for (at, &rank) in made[..count].iter().enumerate() {
            if rank < lowest {
                (lowest, place) = (rank, at);
            }
        }
        if lowest == NONE {
            break;
        }
        count -= 1;
        for at in place + 1..=count {
            ids[at] = ids[at + 1];
            made[at] = made[at + 1];
        }
        ids[place] = lowest;
        made[place] = if place + 1 < count { vocabulary.joined(lowest, ids[place + 1]) } else { NONE };
        if let Some(before) = place.checked_sub(1) {
            made[before] = vocabulary.joined(ids[before], lowest);
        }
    }
    sink.tokens(count, |place| ids[place]);
}
