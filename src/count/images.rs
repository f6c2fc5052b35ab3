//! What an image costs: by tiles, by patches, or by its area, as its model's provider says.
//!
//! Sources: OpenAI's guide "Images and vision" (tiles of 512 pixels with a base for each model; patches of 32 with a factor), Anthropic's
//! "Vision" (width × height / 750, at most 1,568 pixels a side). What is read here are the first bytes of a data URL; of an image
//! somewhere else the size is not known.

use crate::base64;
use crate::chat::Media;

/// What an image of usual size costs at most providers, when nothing is known.
const USUAL: u64 = 1_000;
/// How much of an image is looked at for its size: a photo may have a smaller one of itself before.
const READ: usize = 1 << 18;

#[derive(Clone, Copy)]
enum Rule {
    /// A base, and so much for each tile.
    Tiles(u64, u64),
    /// A hundredth of this for each patch.
    Patches(u64),
    Area,
}

use Rule::{Area, Patches, Tiles};

/// By what a model's name starts with, the longer name first.
const RULES: &[(&str, Rule)] = &[
    ("gpt-4o-mini", Tiles(2_833, 5_667)),
    ("gpt-4.1-mini", Patches(162)),
    ("gpt-4.1-nano", Patches(246)),
    ("gpt-5-mini", Patches(162)),
    ("gpt-5-nano", Patches(246)),
    ("o4-mini", Patches(172)),
    ("gpt-4", Tiles(85, 170)),
    ("gpt-5", Tiles(70, 140)),
    ("o1", Tiles(75, 150)),
    ("o3", Tiles(75, 150)),
    ("claude", Area),
];

/// The tokens of an image at a model, and how far that may be off.
pub fn tokens(model: &str, image: &Media, detail: Option<&str>) -> (u64, u64) {
    let name = model.rsplit('/').next().unwrap_or(model);
    let rule = RULES.iter().find(|(start, _)| name.starts_with(start)).map(|(_, rule)| *rule);
    let size = image.base64().and_then(|text| size(&first_bytes(text)));
    match (rule, size) {
        (Some(Tiles(base, _)), _) if detail == Some("low") => (base, 0),
        (Some(rule), Some((width, height))) => {
            let tokens = by_rule(rule, width, height);
            // The rules are the providers', their models' names drift.
            (tokens, tokens / 10)
        }
        (Some(Tiles(base, tile)), None) => (base + 4 * tile, 4 * tile),
        _ => (USUAL, USUAL),
    }
}

fn by_rule(rule: Rule, width: f64, height: f64) -> u64 {
    match rule {
        Tiles(base, tile) => {
            // Into a square of 2,048, then the shorter side to 768.
            let into = (2_048.0 / width.max(height)).min(1.0);
            let down = (768.0 / (width.min(height) * into)).min(1.0) * into;
            let tiles = ((width * down) / 512.0).ceil() * ((height * down) / 512.0).ceil();
            base + tile * tiles as u64
        }
        Patches(factor) => {
            let patches = |scale: f64| (width * scale / 32.0).ceil() * (height * scale / 32.0).ceil();
            // Scaled down until no more than 1,536 patches cover it.
            let scale = if patches(1.0) > 1_536.0 { (1_536.0 * 1_024.0 / (width * height)).sqrt() } else { 1.0 };
            (patches(scale).min(1_536.0) * factor as f64 / 100.0).ceil() as u64
        }
        Area => {
            let into = (1_568.0 / width.max(height)).min(1.0);
            ((width * into * height * into) / 750.0).ceil().min(1_640.0) as u64
        }
    }
}

fn first_bytes(text: &str) -> Vec<u8> {
    let whole = text.len().min(READ) / 4 * 4;
    text.get(..whole).and_then(base64::decode).unwrap_or_default()
}

/// Width and height in pixels of a PNG, GIF, JPEG or WebP.
pub fn size(bytes: &[u8]) -> Option<(f64, f64)> {
    let number = |at: usize, length: usize, big: bool| {
        let part = bytes.get(at..at + length)?;
        let sum = |sum: u32, byte: &u8| sum << 8 | u32::from(*byte);
        Some(if big { part.iter().fold(0, sum) } else { part.iter().rev().fold(0, sum) })
    };
    let found = match bytes {
        [0x89, b'P', b'N', b'G', ..] => (number(16, 4, true)?, number(20, 4, true)?),
        [b'G', b'I', b'F', b'8', ..] => (number(6, 2, false)?, number(8, 2, false)?),
        [0xff, 0xd8, ..] => jpeg(bytes, &number)?,
        [b'R', b'I', b'F', b'F', ..] => match bytes.get(12..16)? {
            b"VP8 " => (number(26, 2, false)? & 0x3fff, number(28, 2, false)? & 0x3fff),
            b"VP8L" => {
                let bits = number(21, 4, false)?;
                ((bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1)
            }
            b"VP8X" => (number(24, 3, false)? + 1, number(27, 3, false)? + 1),
            _ => return None,
        },
        _ => return None,
    };
    (found.0 > 0 && found.1 > 0).then_some((f64::from(found.0), f64::from(found.1)))
}

/// Segment after segment up to the frame's header.
fn jpeg(bytes: &[u8], number: &dyn Fn(usize, usize, bool) -> Option<u32>) -> Option<(u32, u32)> {
    let mut at = 2;
    loop {
        let marker = *bytes.get(at + 1)?;
        if bytes.get(at) != Some(&0xff) {
            return None;
        }
        if matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc) {
            return Some((number(at + 7, 2, true)?, number(at + 5, 2, true)?));
        }
        at += 2 + number(at + 2, 2, true)? as usize;
    }
}
