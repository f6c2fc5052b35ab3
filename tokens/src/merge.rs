//! A short piece into tokens: as the method is defined, always the merge of the lowest rank, by looking at all that are left.

use crate::tokenizer::Sink;
use crate::vocabulary::{Id, NONE, Vocabulary};

/// The longest piece for this: the work grows with its square.
pub const SHORT: usize = 24;

/// Encodes `text[start..end]`, which is no token itself and has at most `SHORT` bytes.
pub fn merge(vocabulary: &Vocabulary, text: &[u8], start: usize, end: usize, sink: &mut impl Sink) {
    let mut count = end - start;
    // Where each part starts, and the token that it makes with the next one.
    let mut starts = [0_usize; SHORT + 1];
    let mut ranks = [NONE; SHORT + 1];
    for (place, at) in (start..=end).enumerate().take(SHORT + 1) {
        starts[place] = at;
        ranks[place] = if at + 2 <= end { vocabulary.find(text, at, at + 2) } else { NONE };
    }
    loop {
        let (mut lowest, mut place) = (NONE, 0);
        for (at, &rank) in ranks[..count].iter().enumerate() {
            if rank < lowest {
                (lowest, place) = (rank, at);
            }
        }
        if lowest == NONE {
            break;
        }
        starts.copy_within(place + 2..=count, place + 1);
        ranks.copy_within(place + 2..=count, place + 1);
        count -= 1;
        let with_next = |place: usize| match place + 2 <= count {
            true => vocabulary.find(text, starts[place], starts[place + 2]),
            false => NONE,
        };
        ranks[place] = with_next(place);
        if let Some(before) = place.checked_sub(1) {
            ranks[before] = with_next(before);
        }
    }
    sink.tokens(count, |place| -> Id { vocabulary.find(text, starts[place], starts[place + 1]) });
}
