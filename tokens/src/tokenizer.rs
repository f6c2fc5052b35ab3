//! What a tokenizer does with a text.

use crate::backtrack::{Scratch, backtrack};
use crate::encodings::Encoding;
use crate::glance::Glance;
use crate::merge::merge;
use crate::recent::{Found, LONGEST, Recent};
use crate::runs::merge_runs;
use crate::specials;
use crate::split::Pattern;
use crate::unpack::Invalid;
use crate::vocabulary::{Id, NONE, Vocabulary};

/// Up to this length of a piece merging is the faster way: each of its steps looks at all that is left.
const MERGED: usize = 18;

/// Where the tokens of a piece go.
pub trait Sink {
    /// `count` tokens; `id` tells each, when it is asked.
    fn tokens(&mut self, count: usize, id: impl Fn(usize) -> Id);
}

impl Sink for u32 {
    #[inline(always)]
    fn tokens(&mut self, count: usize, _id: impl Fn(usize) -> Id) {
        *self += count as u32;
    }
}

impl Sink for Vec<Id> {
    #[inline(always)]
    fn tokens(&mut self, count: usize, id: impl Fn(usize) -> Id) {
        self.extend((0..count).map(id));
    }
}

/// Which end of a text stays when it is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// The first tokens.
    Start,
    /// The last tokens.
    End,
}

/// An encoding with its vocabulary. Texts are UTF-8; other bytes are counted as something, without harm.
pub struct Tokenizer {
    pub(crate) vocabulary: Vocabulary,
    pattern: Pattern,
    recent: Recent,
    scratch: Scratch,
}

impl Tokenizer {
    /// From the vocabulary's file as `xtask vocabularies` packs it, after gunzip.
    pub fn new(encoding: Encoding, file: &[u8]) -> Result<Tokenizer, Invalid> {
        let pattern = match encoding {
            Encoding::O200kBase | Encoding::O200kHarmony => Pattern::O200k,
            Encoding::Cl100kBase => Pattern::Cl100k,
            Encoding::P50kBase => Pattern::P50k,
        };
        Ok(Tokenizer { vocabulary: Vocabulary::new(file)?, pattern, recent: Recent::new(), scratch: Scratch::default() })
    }

    /// How many tokens a text has. What looks like a special token is text.
    pub fn count(&mut self, text: &[u8]) -> usize {
        match self.pattern {
            // One loop for each, so that nothing asks for every piece which it is.
            Pattern::O200k => self.count_by(Pattern::O200k, text),
            Pattern::Cl100k => self.count_by(Pattern::Cl100k, text),
            Pattern::P50k => self.count_by(Pattern::P50k, text),
        }
    }

    #[inline(always)]
    fn count_by(&mut self, pattern: Pattern, text: &[u8]) -> usize {
        let (mut at, mut count) = (0, 0);
        while at < text.len() {
            if let Some(Glance { length, words }) = pattern.glance(text, at) {
                let (vocabulary, scratch) = (&mut self.vocabulary, &mut self.scratch);
                let found =
                    self.recent.find_words(words, length, |tokens| encode_short(vocabulary, scratch, text, at, at + length, tokens));
                count += usize::from(found.count);
                at += length;
                continue;
            }
            let end = pattern.end(text, at);
            count += self.count_piece(text, at, end) as usize;
            at = end;
        }
        count
    }

    /// The count, unless it is above `limit`: then None, as soon as that is known.
    pub fn fits(&mut self, text: &[u8], limit: usize) -> Option<usize> {
        let (mut at, mut count) = (0, 0);
        while at < text.len() && count <= limit {
            let end = self.pattern.end(text, at);
            count += self.count_piece(text, at, end) as usize;
            at = end;
        }
        (count <= limit).then_some(count)
    }

    /// The tokens of a text, in which the special tokens that `allowed` says yes to are these.
    pub fn encode(&mut self, text: &[u8], encoding: Encoding, allowed: impl Fn(&str) -> bool) -> Vec<Id> {
        let mut tokens = Vec::with_capacity(text.len() / 4);
        let mut rest = text;
        while let Some((before, name, id)) = specials::next(encoding, rest, &allowed) {
            self.encode_text(&rest[..before], &mut tokens);
            tokens.push(id);
            rest = &rest[before + name..];
        }
        self.encode_text(rest, &mut tokens);
        tokens
    }

    /// The tokens of a text in which everything is text.
    pub fn encode_ordinary(&mut self, text: &[u8]) -> Vec<Id> {
        let mut tokens = Vec::with_capacity(text.len() / 4);
        self.encode_text(text, &mut tokens);
        tokens
    }

    fn encode_text(&mut self, text: &[u8], tokens: &mut Vec<Id>) {
        match self.pattern {
            Pattern::O200k => self.encode_by(Pattern::O200k, text, tokens),
            Pattern::Cl100k => self.encode_by(Pattern::Cl100k, text, tokens),
            Pattern::P50k => self.encode_by(Pattern::P50k, text, tokens),
        }
    }

    #[inline(always)]
    fn encode_by(&mut self, pattern: Pattern, text: &[u8], tokens: &mut Vec<Id>) {
        let mut at = 0;
        while at < text.len() {
            if let Some(Glance { length, words }) = pattern.glance(text, at) {
                let (vocabulary, scratch) = (&mut self.vocabulary, &mut self.scratch);
                let found =
                    self.recent.find_words(words, length, |tokens| encode_short(vocabulary, scratch, text, at, at + length, tokens));
                match found {
                    Found { count: 1, id } => tokens.push(id),
                    several => tokens.extend_from_slice(self.recent.several(several)),
                }
                at += length;
                continue;
            }
            let end = pattern.end(text, at);
            self.encode_piece(text, at, end, tokens);
            at = end;
        }
    }

    /// The bytes of tokens, special ones included; a number that is no token is the error.
    pub fn decode(&self, tokens: &[Id], encoding: Encoding) -> Result<Vec<u8>, Id> {
        let mut bytes = Vec::with_capacity(tokens.len() * 4);
        for &id in tokens {
            match self.vocabulary.bytes_of(id) {
                [] => bytes.extend_from_slice(specials::name(encoding, id).ok_or(id)?.as_bytes()),
                token => bytes.extend_from_slice(token),
            }
        }
        Ok(bytes)
    }

    /// The longest start (or end) of a text that ends (or starts) where a token does, has no half character and counts as at most `most`
    /// tokens: where to cut.
    pub fn truncate(&mut self, text: &[u8], most: usize, keep: Keep) -> usize {
        let whole = self.fits(text, if keep == Keep::Start { most } else { usize::MAX });
        match (whole, keep) {
            (Some(count), Keep::Start) if count <= most => return text.len(),
            (Some(count), Keep::End) if count <= most => return 0,
            _ => {}
        }
        let mut tokens = Vec::new();
        if keep == Keep::Start {
            // No token is longer than this, so more text is not needed to find the first ones.
            self.encode_text(&text[..text.len().min(most.saturating_mul(256).saturating_add(4096))], &mut tokens);
        } else {
            self.encode_text(text, &mut tokens);
        }
        let lengths = |vocabulary: &Vocabulary, tokens: &[Id]| tokens.iter().map(|&id| vocabulary.length(id)).sum::<usize>();
        let is_boundary = |at: usize| text.get(at).is_none_or(|byte| byte & 0xc0 != 0x80);
        // Where the cut parts a piece, what is left may split into others and have a token more: then one token less is tried.
        for count in (1..=most.min(tokens.len())).rev() {
            let cut = match keep {
                Keep::Start => (0..=lengths(&self.vocabulary, &tokens[..count])).rev().find(|&at| is_boundary(at)),
                Keep::End => {
                    let from = text.len() - lengths(&self.vocabulary, &tokens[tokens.len() - count..]);
                    (from..=text.len()).find(|&at| is_boundary(at))
                }
            };
            let Some(cut) = cut else { continue };
            let rest = if keep == Keep::Start { &text[..cut] } else { &text[cut..] };
            if self.fits(rest, most).is_some() {
                return cut;
            }
        }
        if keep == Keep::Start { 0 } else { text.len() }
    }

    /// Where the piece that starts at `start` ends.
    pub(crate) fn end_of_piece(&self, text: &[u8], start: usize) -> usize {
        self.pattern.end(text, start)
    }

    /// The count of a piece.
    #[inline(always)]
    pub(crate) fn count_piece(&mut self, text: &[u8], start: usize, end: usize) -> u32 {
        match end - start {
            1 => 1,
            2..=LONGEST => {
                let (vocabulary, scratch) = (&mut self.vocabulary, &mut self.scratch);
                u32::from(self.recent.find(text, start, end, |tokens| encode_short(vocabulary, scratch, text, start, end, tokens)).count)
            }
            _ => count_long(&mut self.vocabulary, &mut self.scratch, text, start, end),
        }
    }

    #[inline(always)]
    fn encode_piece(&mut self, text: &[u8], start: usize, end: usize, tokens: &mut Vec<Id>) {
        let (vocabulary, scratch) = (&mut self.vocabulary, &mut self.scratch);
        match end - start {
            1 => tokens.push(vocabulary.single(text[start])),
            2..=LONGEST => match self.recent.find(text, start, end, |tokens| encode_short(vocabulary, scratch, text, start, end, tokens)) {
                Found { count: 1, id } => tokens.push(id),
                several => tokens.extend_from_slice(self.recent.several(several)),
            },
            _ => encode_long(vocabulary, scratch, text, start, end, tokens),
        }
    }
}

fn encode_short(vocabulary: &mut Vocabulary, scratch: &mut Scratch, text: &[u8], start: usize, end: usize, tokens: &mut Vec<Id>) {
    let id = vocabulary.find(text, start, end);
    if id != NONE {
        return tokens.push(id);
    }
    if end - start <= MERGED {
        vocabulary.prepare();
        merge(vocabulary, text, start, end, tokens);
    } else {
        vocabulary.prepare_long();
        backtrack(vocabulary, scratch, text, start, end, tokens);
    }
}

#[inline(never)]
fn count_long(vocabulary: &mut Vocabulary, scratch: &mut Scratch, text: &[u8], start: usize, end: usize) -> u32 {
    let mut count = 0;
    encode_long(vocabulary, scratch, text, start, end, &mut count);
    count
}

fn encode_long(vocabulary: &mut Vocabulary, scratch: &mut Scratch, text: &[u8], start: usize, end: usize, sink: &mut impl Sink) {
    let id = vocabulary.find(text, start, end);
    if id != NONE {
        return sink.tokens(1, |_| id);
    }
    vocabulary.prepare_long();
    if !merge_runs(vocabulary, text, start, end, sink) {
        backtrack(vocabulary, scratch, text, start, end, sink);
    }
}
