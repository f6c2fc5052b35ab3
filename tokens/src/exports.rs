//! What JavaScript calls: numbers in, numbers out, texts through one area of memory. No wasm-bindgen, which would weigh more than this.
//!
//! Nothing of it fails but by a negative number. The texts are UTF-8, written by `TextEncoder.encodeInto` straight to where they are read.
#![allow(unsafe_code, reason = "`no_mangle` counts as unsafe: two functions of one name would be undefined. Each name is here once.")]

use crate::encodings::{self, Encoding};
use crate::{Counter, Keep, Tokenizer, specials};
use std::cell::RefCell;

#[derive(Default)]
struct State {
    input: Vec<u8>,
    output: Vec<u8>,
    tokens: Vec<u32>,
    tokenizers: Vec<Tokenizer>,
    /// Which tokenizer each counts with; None is free for the next.
    counters: Vec<Option<(usize, Counter)>>,
}

thread_local! {
    static STATE: RefCell<State> = RefCell::default();
}

/// More than this is given back after a call.
const KEPT: usize = 1 << 20;

fn with<T>(missing: T, run: impl FnOnce(&mut State) -> Option<T>) -> T {
    STATE.with(|state| state.try_borrow_mut().ok().and_then(|mut state| run(&mut state))).unwrap_or(missing)
}

fn encoding(index: usize) -> Option<Encoding> {
    Encoding::ALL.get(index).copied()
}

impl State {
    /// Takes the input area out, so that a tokenizer can be borrowed beside it.
    fn text<T>(&mut self, length: usize, run: impl FnOnce(&mut State, &[u8]) -> Option<T>) -> Option<T> {
        let input = std::mem::take(&mut self.input);
        let result = input.get(..length).and_then(|text| run(self, text));
        if input.capacity() <= KEPT {
            self.input = input;
        }
        result
    }
}

/// The address of room for `length` bytes. It holds until the next call of anything.
#[unsafe(no_mangle)]
pub extern "C" fn input(length: usize) -> *mut u8 {
    with(std::ptr::null_mut(), |state| {
        if state.input.len() < length {
            state.input.resize(length.next_power_of_two().max(1 << 12), 0);
        }
        Some(state.input.as_mut_ptr())
    })
}

/// The address of the last tokens, 32 bits each.
#[unsafe(no_mangle)]
pub extern "C" fn tokens() -> *const u32 {
    with(std::ptr::null(), |state| Some(state.tokens.as_ptr()))
}

/// The address of the last text.
#[unsafe(no_mangle)]
pub extern "C" fn output() -> *const u8 {
    with(std::ptr::null(), |state| Some(state.output.as_ptr()))
}

/// Which encoding the model in the input has: its number, plus 16 when it is an estimate.
#[unsafe(no_mangle)]
pub extern "C" fn encoding_of(length: usize) -> i32 {
    with(-1, |state| {
        state.text(length, |_, text| {
            let counting = encodings::of(&String::from_utf8_lossy(text));
            let index = Encoding::ALL.iter().position(|&encoding| encoding == counting.encoding)?;
            Some(index as i32 + if counting.exact { 0 } else { 16 })
        })
    })
}

/// A tokenizer of the vocabulary in the input; -1 when it is none.
#[unsafe(no_mangle)]
pub extern "C" fn load(index: usize, length: usize) -> i32 {
    with(-1, |state| {
        state.text(length, |state, file| {
            state.tokenizers.push(Tokenizer::new(encoding(index)?, file).ok()?);
            Some(state.tokenizers.len() as i32 - 1)
        })
    })
}

/// How many tokens the text in the input has.
#[unsafe(no_mangle)]
pub extern "C" fn count(tokenizer: usize, length: usize) -> i32 {
    with(-1, |state| state.text(length, |state, text| Some(state.tokenizers.get_mut(tokenizer)?.count(text) as i32)))
}

/// The same, or -1 when it is above `limit`.
#[unsafe(no_mangle)]
pub extern "C" fn fits(tokenizer: usize, length: usize, limit: usize) -> i32 {
    with(-1, |state| state.text(length, |state, text| Some(state.tokenizers.get_mut(tokenizer)?.fits(text, limit)? as i32)))
}

/// The tokens of a text; how many. After the text in the input: the special tokens that are
/// allowed, one a line, or `*`.
#[unsafe(no_mangle)]
pub extern "C" fn encode(tokenizer: usize, index: usize, length: usize, allowed: usize) -> i32 {
    with(-1, |state| {
        let encoding = encoding(index)?;
        let tokens = state.text(length.checked_add(allowed)?, |state, input| {
            let (text, allowed) = input.split_at_checked(length)?;
            let allowed = String::from_utf8_lossy(allowed);
            let is_allowed = |name: &str| allowed == "*" || allowed.lines().any(|line| line == name);
            let tokenizer = state.tokenizers.get_mut(tokenizer)?;
            Some(if allowed.is_empty() { tokenizer.encode_ordinary(text) } else { tokenizer.encode(text, encoding, is_allowed) })
        })?;
        state.tokens = tokens;
        Some(state.tokens.len() as i32)
    })
}

/// Whether the encoding has the special token that is named in the input: 1, or -1.
#[unsafe(no_mangle)]
pub extern "C" fn is_special(index: usize, length: usize) -> i32 {
    with(-1, |state| state.text(length, |_, name| specials::id(encoding(index)?, std::str::from_utf8(name).ok()?).map(|_| 1)))
}

/// The bytes of the tokens in the input (32-bit numbers), in the output; how many. Below 0: the place of what is no token, from the end of
/// the numbers (-1 is the first).
#[unsafe(no_mangle)]
pub extern "C" fn decode(tokenizer: usize, index: usize, length: usize) -> i32 {
    with(-1, |state| {
        let encoding = encoding(index)?;
        let decoded = state.text(length, |state, input| {
            let tokens: Vec<u32> = input.as_chunks().0.iter().map(|&four| u32::from_le_bytes(four)).collect();
            let tokenizer = state.tokenizers.get(tokenizer)?;
            let place = |wrong| tokens.iter().position(|&token| token == wrong).map_or(-1, |place| -1 - place as i32);
            Some(tokenizer.decode(&tokens, encoding).map_err(place))
        })?;
        Some(match decoded {
            Ok(bytes) => {
                state.output = bytes;
                state.output.len() as i32
            }
            Err(place) => place,
        })
    })
}

/// Where to cut the text in the input, in UTF-16 units, so that at most `most` tokens of its start (or end) are left.
#[unsafe(no_mangle)]
pub extern "C" fn truncate(tokenizer: usize, length: usize, most: usize, keep_end: i32) -> i32 {
    with(-1, |state| {
        state.text(length, |state, text| {
            let keep = if keep_end == 0 { Keep::Start } else { Keep::End };
            let cut = state.tokenizers.get_mut(tokenizer)?.truncate(text, most, keep);
            let units = text[..cut].iter().map(|byte| match byte {
                0x80..=0xbf => 0,
                0xf0.. => 2,
                _ => 1,
            });
            Some(units.sum())
        })
    })
}

/// Counts a text that is added to.
#[unsafe(no_mangle)]
pub extern "C" fn counter_new(tokenizer: usize) -> i32 {
    with(-1, |state| {
        let free = state.counters.iter().position(Option::is_none).unwrap_or(state.counters.len());
        state.counters.resize_with(state.counters.len().max(free + 1), || None);
        state.counters[free] = Some((tokenizer, Counter::default()));
        Some(free as i32)
    })
}

/// Adds the first `keep` bytes of the input and counts as if all `length` were added.
#[unsafe(no_mangle)]
pub extern "C" fn counter_append(counter: usize, length: usize, keep: usize) -> i32 {
    with(-1, |state| {
        state.text(length, |state, text| {
            let (tokenizer, counter) = state.counters.get_mut(counter)?.as_mut()?;
            Some(counter.append(state.tokenizers.get_mut(*tokenizer)?, text, keep) as i32)
        })
    })
}

/// The counter's number may be given to another.
#[unsafe(no_mangle)]
pub extern "C" fn counter_free(counter: usize) {
    with((), |state| state.counters.get_mut(counter).map(|slot| *slot = None));
}
