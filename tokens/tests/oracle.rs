//! What tiktoken-rs says, text by text: counts, tokens, pieces of text that is hard to split. Texts are made by a generator with a
//! fixed seed: what fails once fails always.

#![allow(clippy::unwrap_used, reason = "a test that fails says where")]

mod texts;

use modelwire_tokens::encodings::Encoding;
use modelwire_tokens::{Counter, Keep, Tokenizer, pack};
use std::collections::HashSet;
use texts::{Random, hard_text, natural_texts};
use tiktoken_rs::CoreBPE;

/// How many hard texts each encoding is compared on.
const TEXTS: usize = 120_000;

fn oracle(encoding: Encoding) -> CoreBPE {
    match encoding {
        Encoding::O200kBase => tiktoken_rs::o200k_base(),
        Encoding::O200kHarmony => tiktoken_rs::o200k_harmony(),
        Encoding::Cl100kBase => tiktoken_rs::cl100k_base(),
        Encoding::P50kBase => tiktoken_rs::p50k_base(),
    }
    .unwrap()
}

/// The vocabulary out of the oracle itself, packed as `xtask vocabularies` packs the published file.
fn tokenizer(encoding: Encoding, oracle: &CoreBPE) -> Tokenizer {
    let specials: HashSet<Vec<u8>> = oracle.special_tokens().iter().map(|name| name.as_bytes().to_vec()).collect();
    let tokens = (0..201_100).filter_map(|id| Some((id, oracle.decode_bytes(&[id]).ok()?)));
    let tokens: Vec<(u32, Vec<u8>)> = tokens.filter(|(_, bytes)| !specials.contains(bytes)).collect();
    Tokenizer::new(encoding, &pack::pack(&tokens).unwrap()).unwrap()
}

fn pair(encoding: Encoding) -> (CoreBPE, Tokenizer) {
    let oracle = oracle(encoding);
    let own = tokenizer(encoding, &oracle);
    (oracle, own)
}

fn compare(encoding: Encoding, seed: u64) {
    let (oracle, mut own) = pair(encoding);
    let mut random = Random(seed);
    let hard = (0..TEXTS).map(|_| hard_text(&mut random));
    for text in hard.chain(natural_texts().map(str::to_owned)) {
        let text = text.as_str();
        let expected = oracle.encode_ordinary(text);
        assert_eq!(own.encode_ordinary(text.as_bytes()), expected, "{text:?}");
        assert_eq!(own.count(text.as_bytes()), expected.len(), "{text:?}");
        assert_eq!(own.fits(text.as_bytes(), expected.len()), Some(expected.len()), "{text:?}");
        assert_eq!(expected.len().checked_sub(1).and_then(|less| own.fits(text.as_bytes(), less)), None, "{text:?}");
        assert_eq!(own.decode(&expected, encoding).unwrap(), text.as_bytes());
    }
}

#[test]
fn o200k_base_is_tiktokens() {
    compare(Encoding::O200kBase, 1);
}

#[test]
fn cl100k_base_is_tiktokens() {
    compare(Encoding::Cl100kBase, 2);
}

#[test]
fn p50k_base_is_tiktokens() {
    compare(Encoding::P50kBase, 3);
}

#[test]
fn special_tokens_are_text_unless_they_are_allowed() {
    for encoding in Encoding::ALL {
        let (oracle, mut own) = pair(encoding);
        let names: Vec<&str> = oracle.special_tokens().into_iter().collect();
        let mut random = Random(4);
        for _ in 0..3000 {
            let mut text = hard_text(&mut random);
            for _ in 0..random.below(4) {
                text += names[random.below(names.len())];
                text += ["", "<|", "|>", "<|nothing|>", "<|endoftext|", "<|<|endoftext|>"][random.below(6)];
            }
            let allowed: HashSet<&str> = names.iter().copied().filter(|_| random.below(2) == 0).collect();
            let (expected, _) = oracle.encode(&text, &allowed).unwrap();
            assert_eq!(own.encode(text.as_bytes(), encoding, |name| allowed.contains(name)), expected, "{text:?}");
            let (all, _) = oracle.encode(&text, &oracle.special_tokens()).unwrap();
            let own_all = own.encode(text.as_bytes(), encoding, |name| encoding != Encoding::O200kHarmony || name != "<|endofprompt|>");
            assert_eq!(own_all, all, "{text:?}");
            assert_eq!(own.decode(&all, encoding).unwrap(), oracle.decode_bytes(&all).unwrap());
            assert_eq!(own.encode_ordinary(text.as_bytes()), oracle.encode_ordinary(&text));
        }
        assert_eq!(own.decode(&[5, 300_000], encoding), Err(300_000));
    }
}

#[test]
fn a_counter_is_right_after_every_addition() {
    for encoding in [Encoding::O200kBase, Encoding::Cl100kBase, Encoding::P50kBase] {
        let (_, mut own) = pair(encoding);
        let mut random = Random(5);
        for round in 0..400 {
            let mut counter = Counter::default();
            let mut text = String::new();
            for _ in 0..60 {
                let mut more = hard_text(&mut random);
                if random.below(3) == 0 {
                    more.truncate(more.char_indices().nth(1).map_or(more.len(), |(at, _)| at));
                }
                if round % 8 == 0 {
                    // One piece that never ends.
                    more = more.chars().filter(|char| char.is_lowercase()).collect();
                }
                let stand_in = if random.below(4) == 0 { "\u{fffd}" } else { "" };
                let count = counter.append(&mut own, (more.clone() + stand_in).as_bytes(), more.len());
                text += &more;
                assert_eq!(count, own.count((text.clone() + stand_in).as_bytes()), "{text:?} and {stand_in:?}");
            }
        }
    }
}

#[test]
fn a_cut_text_is_a_start_or_an_end_that_fits_and_has_no_half_character() {
    for encoding in [Encoding::O200kBase, Encoding::Cl100kBase, Encoding::P50kBase] {
        let (_, mut own) = pair(encoding);
        let mut random = Random(6);
        for _ in 0..4000 {
            let text = hard_text(&mut random) + &hard_text(&mut random);
            let count = own.count(text.as_bytes());
            let most = random.below(count + 3);
            for keep in [Keep::Start, Keep::End] {
                let cut = own.truncate(text.as_bytes(), most, keep);
                assert!(text.is_char_boundary(cut), "{text:?} at {cut}");
                let rest = if keep == Keep::Start { &text[..cut] } else { &text[cut..] };
                let left = own.count(rest.as_bytes());
                assert!(left <= most, "{left} of {most}: {rest:?} of {text:?}");
                assert!(count > most || rest.len() == text.len());
                // A character has at most four tokens, and a seam that moves costs a few more.
                assert!(left + 8 > most.min(count), "{left} of {most}, {keep:?}: {rest:?} of {text:?}");
            }
        }
    }
}

#[test]
fn endless_pieces_are_what_tiktoken_says_too() {
    for encoding in [Encoding::O200kBase, Encoding::Cl100kBase, Encoding::P50kBase] {
        let (oracle, mut own) = pair(encoding);
        for unit in
            ["a", "ab", " ", "\n", " \n", "=", "-=", "我", "น้ำ", "\u{301}", "🙂", "'s", "aA", "é", "\t", "0", "xyzzy", "/", "\u{85}"]
        {
            let text = unit.repeat(3000 / unit.len());
            assert_eq!(own.encode_ordinary(text.as_bytes()), oracle.encode_ordinary(&text), "{unit:?}");
        }
    }
}

#[test]
fn more_pieces_than_are_remembered_are_counted_all_the_same() {
    let (_, mut own) = pair(Encoding::O200kBase);
    let mut random = Random(7);
    // Words that are no tokens, none twice: some four tokens each, and room for a million.
    let words: Vec<String> = (0..400_000).map(|_| (0..12).map(|_| (b'a' + random.below(26) as u8) as char).collect()).collect();
    let mut tokens = Vec::new();
    for some in words.chunks(1000) {
        let text = format!(" {}", some.join(" "));
        tokens.extend(own.encode_ordinary(text.as_bytes()));
    }
    assert!(tokens.len() > 1 << 20);
    let whole = format!(" {}", words.join(" "));
    assert_eq!(own.encode_ordinary(whole.as_bytes()), tokens);
    assert_eq!(own.count(whole.as_bytes()), tokens.len());
    assert_eq!(own.decode(&tokens, Encoding::O200kBase).unwrap(), whole.as_bytes());
}
