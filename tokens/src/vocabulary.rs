//! The tokens of an encoding: their bytes, and from bytes to a token.

use crate::unpack::{Invalid, Merges, unpack};

/// A token's number, which is its rank too: of two merges that are possible, the lower comes first.
pub type Id = u32;

/// No token.
pub const NONE: Id = u32::MAX;

/// How many bits of a slot are the id; the rest is a tag that spares most comparisons of what is not there.
const ID_BITS: u32 = 18;
const SLOTS: usize = 1 << 19;
const PREFIXES: usize = 1 << 16;
/// A longer token would be a vocabulary made to use up memory. The longest that is published has 128 bytes.
const LONGEST: usize = 256;
/// Of lengths from here on the masks say only that there is one.
const LONG: usize = 63;

/// The tokens of an encoding.
pub struct Vocabulary {
    /// The bytes of all tokens, one after the other; and some more, so that eight can be read at each.
    bytes: Vec<u8>,
    /// Where each token's bytes start, and where the last one's end.
    starts: Vec<u32>,
    /// What each token is made of: itself twice, when it is a single byte.
    halves: Vec<(Id, Id)>,
    /// By the byte.
    singles: [Id; 256],
    /// By both bytes.
    doubles: Vec<Id>,
    /// Tokens of three bytes and more, open addressing: id + 1, and a tag.
    slots: Vec<u32>,
    /// Tokens of four bytes and more: which lengths start with (or end in) these four bytes. Empty until something long is encoded.
    prefixes: Vec<u64>,
    suffixes: Vec<u64>,
    /// Of each token the longest other one that it starts with, as far as somebody asked; `NONE` is not asked yet.
    shorter: Vec<Id>,
    /// By both halves: id + 1, open addressing. Empty until then too.
    pairs: Vec<u32>,
    /// The lengths from `LONG` on that there are, longest first.
    long: Vec<usize>,
}

impl Vocabulary {
    /// From a file that was unpacked.
    pub fn new(file: &[u8]) -> Result<Vocabulary, Invalid> {
        let Merges { pairs, gap } = unpack(file)?;
        let count = 256 + pairs.len() + usize::from(gap.is_some());
        let mut vocabulary = Vocabulary {
            bytes: Vec::with_capacity(count * 8),
            starts: Vec::with_capacity(count + 1),
            halves: Vec::with_capacity(count),
            singles: [NONE; 256],
            doubles: vec![NONE; 1 << 16],
            slots: vec![0; SLOTS],
            prefixes: Vec::new(),
            suffixes: Vec::new(),
            pairs: Vec::new(),
            shorter: Vec::new(),
            long: Vec::new(),
        };
        for (id, byte) in byte_order().enumerate() {
            vocabulary.starts.push(id as u32);
            vocabulary.bytes.push(byte);
            vocabulary.halves.push((id as Id, id as Id));
            vocabulary.singles[usize::from(byte)] = id as Id;
        }
        for (left, right) in pairs {
            if gap == Some(vocabulary.starts.len() as u32) {
                vocabulary.starts.push(vocabulary.bytes.len() as u32);
                vocabulary.halves.push((0, 0));
            }
            vocabulary.add(left, right)?;
        }
        vocabulary.starts.push(vocabulary.bytes.len() as u32);
        vocabulary.bytes.resize(vocabulary.bytes.len() + 8, 0);
        vocabulary.insert_all();
        Ok(vocabulary)
    }

    fn add(&mut self, left: Id, right: Id) -> Result<(), Invalid> {
        let id = self.starts.len();
        let start = self.bytes.len();
        for half in [left as usize, right as usize] {
            if half >= id {
                return Err(Invalid);
            }
            let end = if half + 1 < id { self.starts[half + 1] as usize } else { start };
            self.bytes.extend_from_within(self.starts[half] as usize..end);
        }
        let length = self.bytes.len() - start;
        if !(2..=LONGEST).contains(&length) {
            return Err(Invalid);
        }
        self.starts.push(start as u32);
        self.halves.push((left, right));
        if length >= LONG && !self.long.contains(&length) {
            self.long.push(length);
            self.long.sort_unstable_by(|a, b| b.cmp(a));
        }
        Ok(())
    }

    // Functions of their own, small and not inlined: an engine's first tier runs them once for each token, and optimises small ones sooner.
    #[inline(never)]
    fn insert_all(&mut self) {
        for id in 256..self.len() as Id {
            self.insert(id);
        }
    }

    #[inline(never)]
    fn insert(&mut self, id: Id) {
        let (start, end) = self.range(id);
        match end - start {
            0 | 1 => {}
            2 => self.doubles[double(self.bytes[start], self.bytes[start + 1])] = id,
            _ => {
                let hash = hash(&self.bytes, start, end);
                let mut at = slot(hash);
                while self.slots[at] != 0 {
                    at = (at + 1) % SLOTS;
                }
                self.slots[at] = tag(hash) | (id + 1);
            }
        }
    }

    /// How many ids there are.
    pub fn len(&self) -> usize {
        self.halves.len()
    }

    /// The bytes of a token; none for an id that is no token.
    pub fn bytes_of(&self, id: Id) -> &[u8] {
        if (id as usize) < self.len() {
            let (start, end) = self.range(id);
            return &self.bytes[start..end];
        }
        &[]
    }

    /// How many bytes a token has.
    #[inline(always)]
    pub fn length(&self, id: Id) -> usize {
        let (start, end) = self.range(id);
        end - start
    }

    #[inline(always)]
    fn range(&self, id: Id) -> (usize, usize) {
        (self.starts[id as usize] as usize, self.starts[id as usize + 1] as usize)
    }

    /// What a token is made of.
    #[inline(always)]
    pub fn halves(&self, id: Id) -> (Id, Id) {
        self.halves[id as usize]
    }

    /// The token that is a byte.
    #[inline(always)]
    pub fn single(&self, byte: u8) -> Id {
        self.singles[usize::from(byte)]
    }

    /// The token that two bytes are, or `NONE`.
    #[inline(always)]
    pub fn double(&self, first: u8, second: u8) -> Id {
        self.doubles[double(first, second)]
    }

    /// The token that `text[start..end]` is, or `NONE`.
    #[inline(always)]
    pub fn find(&self, text: &[u8], start: usize, end: usize) -> Id {
        match end - start {
            0 => NONE,
            1 => self.singles[usize::from(text[start])],
            2 => self.doubles[double(text[start], text[start + 1])],
            _ => self.find_long(text, start, end),
        }
    }

    #[inline(always)]
    fn find_long(&self, text: &[u8], start: usize, end: usize) -> Id {
        let hash = hash(text, start, end);
        let mut at = slot(hash);
        loop {
            let entry = self.slots[at];
            if entry == 0 {
                return NONE;
            }
            let id = (entry & ((1 << ID_BITS) - 1)).wrapping_sub(1);
            if entry >> ID_BITS == tag(hash) >> ID_BITS && self.is(id, text, start, end) {
                return id;
            }
            at = (at + 1) % SLOTS;
        }
    }

    #[inline(always)]
    fn is(&self, id: Id, text: &[u8], start: usize, end: usize) -> bool {
        let (mut own, own_end) = self.range(id);
        let mut at = start;
        if own_end - own != end - start {
            return false;
        }
        while at < end {
            let most = (end - at).min(8);
            if eight(text, at, most) != eight(&self.bytes, own, most) {
                return false;
            }
            at += 8;
            own += 8;
        }
        true
    }

    /// Makes what `joined` needs: text of which every piece is a token does not, so it waits for one that is not.
    #[inline(always)]
    pub fn prepare(&mut self) {
        if self.pairs.is_empty() {
            self.insert_pairs();
        }
    }

    #[inline(never)]
    fn insert_pairs(&mut self) {
        self.pairs = vec![0; SLOTS];
        for id in 256..self.len() as Id {
            self.insert_pair(id);
        }
    }

    #[inline(never)]
    fn insert_pair(&mut self, id: Id) {
        let (left, right) = self.halves(id);
        let mut at = pair_slot(left, right);
        while self.pairs[at] != 0 {
            at = (at + 1) % SLOTS;
        }
        self.pairs[at] = id + 1;
    }

    /// Makes what is needed for long pieces that are no token.
    pub fn prepare_long(&mut self) {
        self.prepare();
        if !self.prefixes.is_empty() {
            return;
        }
        self.prefixes = vec![0; PREFIXES];
        self.suffixes = vec![0; PREFIXES];
        self.shorter = vec![NONE; self.len()];
        for id in 256..self.len() as Id {
            let (start, end) = self.range(id);
            if end - start >= 4 {
                let bit = 1 << (end - start).min(LONG);
                self.prefixes[four(&self.bytes, start)] |= bit;
                self.suffixes[four(&self.bytes, end - 4)] |= bit;
            }
        }
    }

    /// The token that is made of these two, or `NONE`. After `prepare`.
    #[inline(always)]
    pub fn joined(&self, left: Id, right: Id) -> Id {
        let mut at = pair_slot(left, right);
        loop {
            let id = self.pairs[at].wrapping_sub(1);
            if id == NONE || self.halves[id as usize] == (left, right) {
                return id;
            }
            at = (at + 1) % SLOTS;
        }
    }

    /// The longest token that a token of two bytes and more starts with, other than itself. After `prepare_long`.
    #[inline(always)]
    pub fn shorter(&mut self, id: Id) -> Id {
        let known = self.shorter[id as usize];
        if known != NONE { known } else { self.find_shorter(id) }
    }

    #[inline(never)]
    fn find_shorter(&mut self, id: Id) -> Id {
        let (start, end) = self.range(id);
        let found = self.longest(&self.bytes, start, end - 1);
        self.shorter[id as usize] = found;
        found
    }

    /// The longest token that `text[start..end]` starts with. After `prepare_long`.
    pub fn longest(&self, text: &[u8], start: usize, end: usize) -> Id {
        let most = end - start;
        if most >= 4 {
            let mask = self.prefixes[four(text, start)];
            if mask >> LONG != 0 {
                for &length in self.long.iter().filter(|&&length| length <= most) {
                    let id = self.find_long(text, start, start + length);
                    if id != NONE {
                        return id;
                    }
                }
            }
            let mut rest = below(mask, most);
            while let Some(length) = rest.checked_ilog2() {
                let id = self.find_long(text, start, start + length as usize);
                if id != NONE {
                    return id;
                }
                rest &= !(1 << length);
            }
        }
        if most >= 3 {
            let id = self.find_long(text, start, start + 3);
            if id != NONE {
                return id;
            }
        }
        match self.find(text, start, start + most.min(2)) {
            NONE => self.single(text[start]),
            id => id,
        }
    }

    /// The lengths that tokens which end at `end` may have, longest first, within `text[start..end]`. After `prepare_long`.
    pub fn lengths_before<'a>(&'a self, text: &[u8], start: usize, end: usize) -> impl Iterator<Item = usize> + 'a {
        let most = end - start;
        let mask = if most >= 4 { self.suffixes[four(text, end - 4)] } else { 0 };
        lengths(mask, &self.long, most).chain((1..=most.min(3)).rev())
    }
}

/// The lengths below `LONG` of a mask that are at most `most`.
#[inline(always)]
fn below(mask: u64, most: usize) -> u64 {
    mask & ((1 << LONG.min(most + 1)) - 1)
}

/// The lengths of a mask that are at most `most`, longest first.
fn lengths<'a>(mask: u64, long: &'a [usize], most: usize) -> impl Iterator<Item = usize> + use<'a> {
    let long = if mask >> LONG != 0 { long } else { &[] };
    let mut rest = below(mask, most);
    let short = std::iter::from_fn(move || {
        let length = rest.checked_ilog2()?;
        rest &= !(1 << length);
        Some(length as usize)
    });
    long.iter().copied().filter(move |&length| length <= most).chain(short)
}

/// The single bytes in the order of their ids: GPT-2's, in which what can be printed comes first.
pub fn byte_order() -> impl Iterator<Item = u8> {
    let printed = |byte: &u8| matches!(byte, 33..=126 | 161..=172 | 174..=255);
    (0..=255).filter(printed).chain((0..=255).filter(move |byte| !printed(byte)))
}

fn double(first: u8, second: u8) -> usize {
    usize::from(first) << 8 | usize::from(second)
}

/// Up to eight bytes at `at` as a number; the bytes after them do not count.
#[inline(always)]
pub fn eight(bytes: &[u8], at: usize, count: usize) -> u64 {
    let Some(whole) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) else {
        return bytes.iter().skip(at).take(count).rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
    };
    u64::from_le_bytes(*whole) & (u64::MAX >> (64 - 8 * count as u32))
}

fn four(bytes: &[u8], at: usize) -> usize {
    let word = eight(bytes, at, 4).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (word >> 48) as usize
}

#[inline(always)]
fn hash(text: &[u8], start: usize, end: usize) -> u64 {
    let mut sum = (end - start) as u64;
    let mut at = start;
    while at < end {
        sum = (sum ^ eight(text, at, (end - at).min(8))).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        sum ^= sum >> 32;
        at += 8;
    }
    sum.wrapping_mul(0xd6e8_feb8_6659_fd93)
}

#[inline(always)]
fn pair_slot(left: Id, right: Id) -> usize {
    slot((u64::from(left) << 32 | u64::from(right)).wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

#[inline(always)]
fn slot(hash: u64) -> usize {
    (hash >> 45) as usize
}

#[inline(always)]
fn tag(hash: u64) -> u32 {
    ((hash >> 20) as u32) << ID_BITS
}
