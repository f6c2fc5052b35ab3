//! A long piece of a few bytes, each said many times ("=====", white space): merged as runs, because there is a token for nearly every
//! length of such a run, and each is a start to try for every other method.

use crate::tokenizer::Sink;
use crate::vocabulary::{Id, NONE, Vocabulary};

/// The most runs a piece may have for this: each merge looks at all of them.
const MOST: usize = 8;

/// Tokens that follow one another: which, and how many of it.
type Runs = Vec<(Id, usize)>;

/// Encodes `text[start..end]`, and says true; or says false, when it has too many runs. After `prepare_long`.
pub fn merge_runs(vocabulary: &Vocabulary, text: &[u8], start: usize, end: usize, sink: &mut impl Sink) -> bool {
    if text[start..end].chunk_by(|a, b| a == b).nth(MOST).is_some() {
        return false;
    }
    let mut runs = Runs::new();
    for run in text[start..end].chunk_by(|a, b| a == b) {
        push(&mut runs, vocabulary.single(run[0]), run.len());
    }
    loop {
        // The merge of the lowest rank is made everywhere at once: what it makes can only be merged with a higher rank.
        let inside = runs.iter().filter(|(_, count)| *count > 1).map(|(id, _)| vocabulary.joined(*id, *id));
        let between = runs.windows(2).map(|two| vocabulary.joined(two[0].0, two[1].0));
        let lowest = inside.chain(between).min().unwrap_or(NONE);
        if lowest == NONE {
            break;
        }
        runs = merged(&runs, vocabulary.halves(lowest), lowest);
    }
    for (id, count) in runs {
        sink.tokens(count, |_| id);
    }
    true
}

fn merged(runs: &Runs, (left, right): (Id, Id), made: Id) -> Runs {
    let mut after = Runs::with_capacity(runs.len() + 2);
    for &(id, count) in runs {
        if left == right && id == left {
            push(&mut after, made, count / 2);
            push(&mut after, id, count % 2);
        } else if left != right && id == right && after.last().is_some_and(|last| last.0 == left) {
            if let Some(last) = after.last_mut() {
                last.1 -= 1;
            }
            after.retain(|run| run.1 > 0);
            push(&mut after, made, 1);
            push(&mut after, id, count - 1);
        } else {
            push(&mut after, id, count);
        }
    }
    after
}

fn push(runs: &mut Runs, id: Id, count: usize) {
    match runs.last_mut() {
        _ if count == 0 => {}
        Some(last) if last.0 == id => last.1 += count,
        _ => runs.push((id, count)),
    }
}
