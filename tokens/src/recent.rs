//! The pieces that were just met. Natural text says the same words again: here a word is one look at one place in memory, where the
//! vocabulary's tables would be three, and what is not one token would be merged again.

use crate::vocabulary::{Id, eight};

/// Two megabytes. Measured on 1 MB each of English, code and thirteen languages: half of it is a fifth slower, twice is no faster.
const BITS: u32 = 15;
const ENTRIES: usize = 1 << BITS;
/// The longest piece that is kept.
pub const LONGEST: usize = 32;

/// So many tokens of pieces that are several; then all is forgotten, which costs less than they did.
const MOST_TOKENS: usize = 1 << 20;

/// What a piece comes to.
#[derive(Clone, Copy, Default)]
pub struct Found {
    /// How many tokens.
    pub count: u16,
    /// The token, when it is one; else where they are: see [`Recent::several`].
    pub id: u32,
}

/// An entry is the bytes of a piece, padded, and its length: exact, so that nothing wrong is found.
#[derive(Clone, Copy, Default)]
struct Entry<const WORDS: usize> {
    key: Key<WORDS>,
    length: u16,
    found: Found,
}

#[derive(Clone, Copy, PartialEq)]
struct Key<const WORDS: usize>([u64; WORDS]);

impl<const WORDS: usize> Default for Key<WORDS> {
    fn default() -> Self {
        Key([0; WORDS])
    }
}

/// Recent pieces, one for each hash. Most words are short: theirs are entries of 16 bytes.
pub struct Recent {
    short: Entries<1>,
    middle: Entries<2>,
    long: Entries<4>,
    tokens: Vec<Id>,
}

impl Recent {
    /// Of nothing yet.
    pub fn new() -> Recent {
        Recent { short: Entries::new(), middle: Entries::new(), long: Entries::new(), tokens: Vec::new() }
    }

    /// What `text[start..end]`, of 1 to `LONGEST` bytes, comes to. When it is not known, `encode` appends its tokens.
    #[inline(always)]
    pub fn find(&mut self, text: &[u8], start: usize, end: usize, encode: impl FnOnce(&mut Vec<Id>)) -> Found {
        let length = end - start;
        let part = |from: usize| match length.checked_sub(from) {
            None | Some(0) => 0,
            Some(rest) => eight(text, start + from, rest.min(8)),
        };
        if length <= 16 {
            return self.find_words([part(0), part(8)], length, encode);
        }
        let key = [part(0), part(8), part(16), part(24)];
        let place = mix(key[0] ^ key[1].rotate_left(23) ^ key[2].rotate_left(46) ^ key[3].rotate_left(11));
        match self.long.get(key, place, length) {
            Some(found) => found,
            None => {
                let found = self.learn(encode);
                self.long.set(key, place, length, found);
                found
            }
        }
    }

    /// The same of up to 16 bytes that were read already.
    #[inline(always)]
    pub fn find_words(&mut self, words: [u64; 2], length: usize, encode: impl FnOnce(&mut Vec<Id>)) -> Found {
        if length <= 8 {
            let (key, place) = ([words[0]], mix(words[0]));
            return match self.short.get(key, place, length) {
                Some(found) => found,
                None => {
                    let found = self.learn(encode);
                    self.short.set(key, place, length, found);
                    found
                }
            };
        }
        let place = mix(words[0] ^ words[1].rotate_left(23));
        match self.middle.get(words, place, length) {
            Some(found) => found,
            None => {
                let found = self.learn(encode);
                self.middle.set(words, place, length, found);
                found
            }
        }
    }

    /// The tokens of a piece that is not one. Before anything else is looked for.
    #[inline(always)]
    pub fn several(&self, found: Found) -> &[Id] {
        let start = found.id as usize;
        self.tokens.get(start..start + usize::from(found.count)).unwrap_or_default()
    }

    #[inline(never)]
    fn learn(&mut self, encode: impl FnOnce(&mut Vec<Id>)) -> Found {
        if self.tokens.len() >= MOST_TOKENS {
            *self = Recent::new();
        }
        let start = self.tokens.len();
        encode(&mut self.tokens);
        match self.tokens[start..] {
            [id] => {
                self.tokens.truncate(start);
                Found { count: 1, id }
            }
            _ => Found { count: (self.tokens.len() - start) as u16, id: start as u32 },
        }
    }
}

/// As many as there are hashes, which an array says to the compiler and a slice does not.
struct Entries<const WORDS: usize>(Box<[Entry<WORDS>; ENTRIES]>);

impl<const WORDS: usize> Entries<WORDS> {
    fn new() -> Self {
        let entries = vec![Entry::default(); ENTRIES].into_boxed_slice();
        match entries.try_into() {
            Ok(entries) => Self(entries),
            Err(_) => unreachable!("it has been made with this length"),
        }
    }

    #[inline(always)]
    fn get(&self, key: [u64; WORDS], place: usize, length: usize) -> Option<Found> {
        let entry = &self.0[place % ENTRIES];
        (entry.key.0 == key && usize::from(entry.length) == length).then_some(entry.found)
    }

    #[inline(always)]
    fn set(&mut self, key: [u64; WORDS], place: usize, length: usize, found: Found) {
        self.0[place % ENTRIES] = Entry { key: Key(key), length: length as u16, found };
    }
}

#[inline(always)]
fn mix(word: u64) -> usize {
    (word.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - BITS)) as usize
}
